"""The short way of the blocking client, over real sockets and beside httpx's own: same replies, same errors."""

from __future__ import annotations

import contextlib
import gc
import gzip
import signal
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import parse_headers
from typing import Any, Callable, Iterator, List, Optional, Tuple

import httpx
import pytest

from graph_olap import GraphOLAPClient
from graph_olap._direct import DirectClient
from graph_olap._tls import shared_tls

CLOSE = "close"
RESET = "reset"
SILENT = "silent"


class ScriptedServer:
    """Sends the bytes it is given, one answer per request; CLOSE and RESET in an answer end the connection."""

    def __init__(self, *answers: object, keep_body: bool = True) -> None:
        self.answers = list(answers)
        self.targets: List[str] = []
        self.headers: List[Any] = []
        self.connections = 0
        self._keep_body = keep_body
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: List[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> ScriptedServer:
        self._accepting.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        for each in (self._listener, *self._open):
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection.makefile("rb") as lines:
            while line := lines.readline():
                self.targets.append(line.decode().split()[1])
                headers = parse_headers(lines)
                self.headers.append(headers)
                if self._keep_body:
                    lines.read(int(headers.get("content-length", 0)))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                for piece in answer if isinstance(answer, tuple) else (answer,):
                    if piece == CLOSE:
                        connection.shutdown(socket.SHUT_RDWR)
                        return
                    if piece == RESET:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        lines.close()
                        connection.close()
                        return
                    if isinstance(piece, float):
                        time.sleep(piece)
                    elif piece != SILENT:
                        connection.sendall(piece)


def answer(body: bytes = b"{}", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    head = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def chunked(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + end


ANSWERS = {
    "short": answer(b'{"a": 1}', b"X-Request-ID: r1", b"X-Twice: 1", b"X-Twice: 2"),
    "empty": answer(b""),
    "none": b"HTTP/1.1 204 No Content\r\n\r\n",
    "long": answer(bytes(range(256)) * 2000),
    "chunks": chunked(b"abc", b"d" * 100_000, b"e"),
    "chunks with a trailer": chunked(b"abc", end=b"0\r\nX-Sum: 7\r\n\r\n"),
    "no chunk": chunked(),
    "slow chunks": (chunked(b"abc", end=b""), 0.05, b"3\r\ndef\r\n", 0.05, b"0\r\n\r\n"),
    "to the end of the connection": (b"HTTP/1.0 200 OK\r\n\r\nall of it", CLOSE),
    "asks to close": (answer(b"{}", b"Connection: close"), CLOSE),
    "gzip": answer(gzip.compress(b"packed" * 100), b"Content-Encoding: gzip"),
    "not ASCII": answer(b"{}", b"X-Name: M\xfcller"),
    "an error": answer(b'{"error": {}}', status=b"503 Service Unavailable"),
    "a redirect": answer(b"", b"Location: /elsewhere", status=b"302 Found"),
    "without a reason": answer(b"{}", status=b"200"),
    "goes on first": b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"{}"),
    "hangs up": (CLOSE,),
    "resets": (RESET,),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", CLOSE),
    "half a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nabc", CLOSE),
    "half a long body": (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 200_000, CLOSE),
    "half a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc", CLOSE),
    "no last chunk": (chunked(b"abc", end=b""), CLOSE),
    "not a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc",
    "not HTTP": b"220 mail.example ready\r\n\r\n",
    "silence": SILENT,
    "silence in the body": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
}


@pytest.fixture
def direct() -> Iterator[DirectClient]:
    with DirectClient(verify=shared_tls(), limits=httpx.Limits(keepalive_expiry=5), timeout=5) as client:
        yield client


@pytest.fixture
def usual() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=5, trust_env=False) as client:
        yield client


def outcome(ask: Callable[[], httpx.Response]) -> Tuple[Any, ...]:
    try:
        response = ask()
    except httpx.TransportError as error:
        assert error.request.url.path == "/x"  # noqa: PT017
        return (type(error),)
    headers = [(name.lower(), value) for name, value in response.headers.raw]
    return response.status_code, headers, response.content, response.is_closed


@pytest.mark.parametrize("name", ANSWERS)
def test_a_reply_is_what_httpx_makes_of_it(name, direct, usual):
    seconds = 0.3 if "silence" in name else 5
    found = []
    for client in (direct, usual):
        with ScriptedServer(ANSWERS[name]) as server:
            ask = lambda: client.post(f"{server.url}/x", json={"a": 1}, timeout=seconds)  # noqa: B023, E731
            found.append((outcome(ask), outcome(ask), server.connections))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["long", "chunks", "slow chunks", "half a body", "half a chunk", "no last chunk"])
def test_a_stream_is_what_httpx_makes_of_it(name, direct, usual):
    def ask(client: httpx.Client, url: str) -> httpx.Response:
        request = client.build_request("GET", f"{url}/x")
        response = client.send(request, stream=True)
        try:
            response._content = b"".join(response.iter_bytes())
        finally:
            response.close()
        return response

    found = []
    for client in (direct, usual):
        with ScriptedServer(ANSWERS[name]) as server:
            found.append((outcome(lambda: ask(client, server.url)), outcome(lambda: ask(client, server.url))))  # noqa: B023
    assert found[0] == found[1]


def test_chunks_are_given_as_they_come(direct):
    pieces = (chunked(b"first", end=b""), 0.5, b"6\r\nsecond\r\n0\r\n\r\n")
    with ScriptedServer(pieces) as server, direct.stream("GET", server.url) as response:
        began = time.monotonic()
        rest = response.iter_bytes()
        assert next(rest) == b"first"
        assert time.monotonic() - began < 0.4
        assert list(rest) == [b"second"]


def test_one_connection_serves_one_call_after_another_and_as_many_as_are_used_at_a_time(direct):
    with ScriptedServer((0.05, answer())) as server:
        for _ in range(3):
            direct.get(server.url)
        assert server.connections == 1
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: direct.get(server.url).json(), range(40)))
        assert replies == [{}] * 40
        assert server.connections <= 9


def test_a_connection_that_the_server_closed_meanwhile_is_not_used(direct):
    with ScriptedServer((answer(), CLOSE)) as server:
        for _ in range(3):
            assert direct.post(server.url, json={}).status_code == 200
            time.sleep(0.05)
        assert server.connections == 3


def test_a_connection_that_was_idle_for_too_long_is_not_used():
    with (
        ScriptedServer(answer()) as server,
        DirectClient(verify=shared_tls(), limits=httpx.Limits(keepalive_expiry=0.05)) as client,
    ):
        client.get(server.url)
        client.get(server.url)
        time.sleep(0.1)
        client.get(server.url)
        assert server.connections == 2


def test_what_is_left_of_a_stream_never_reaches_the_next_call(direct):
    with ScriptedServer(answer(b"x" * 500_000), answer(b"next")) as server:
        with direct.stream("GET", server.url) as response:
            assert next(response.iter_bytes())[:1] == b"x"
        assert direct.get(server.url).content == b"next"
        assert server.connections == 2


def test_a_stream_that_is_dropped_ends_its_connection(direct):
    with ScriptedServer(answer(b"x" * 500_000)) as server:
        response = direct.send(direct.build_request("GET", server.url), stream=True)
        opened = response.stream._connection.sock
        del response
        gc.collect()
        assert opened.fileno() == -1


def test_a_call_that_is_interrupted_leaves_nothing_to_the_next(direct):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with ScriptedServer((0.4, answer(b"late")), answer(b"next")) as server:
        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            with pytest.raises(KeyboardInterrupt):
                direct.get(server.url)
        finally:
            signal.signal(signal.SIGALRM, before)
        assert direct.get(server.url).content == b"next"


def test_an_answer_that_comes_before_the_whole_body_was_read_is_read(direct, usual):
    refusal = answer(b'{"too": "large"}', b"Connection: close", status=b"413 Content Too Large")
    for client in (usual, direct):
        with ScriptedServer((refusal, 0.2, RESET), keep_body=False) as server:
            response = client.post(server.url, content=b"x" * 50_000_000)
        assert (response.status_code, response.json()) == (413, {"too": "large"})


def test_no_server_is_an_error_of_connecting(direct):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(httpx.ConnectError):
        direct.get(f"http://127.0.0.1:{port}/x")
    with pytest.raises(httpx.ConnectError):
        direct.get("http://no-such-host.invalid/x")


@pytest.mark.parametrize("value", ["two\nlines", "end\r\nHost: other", b"nul\x00"])
def test_what_cannot_be_a_header_is_never_sent(value, direct, usual):
    with ScriptedServer(answer()) as server:
        for client in (usual, direct):
            with pytest.raises(httpx.LocalProtocolError):
                client.get(server.url, headers={"X-Name": value})
        assert server.headers == []


def test_cookies_of_a_gateway_are_sent_again(direct):
    with ScriptedServer(answer(b"{}", b"Set-Cookie: route=seven; Path=/")) as server:
        direct.get(server.url)
        direct.get(server.url)
        assert [headers.get("cookie") for headers in server.headers] == [None, "route=seven"]


def test_a_user_in_the_address_and_hooks_work_as_in_httpx(direct):
    seen: List[Optional[str]] = []
    with ScriptedServer(answer()) as server:
        direct.get(server.url.replace("//", "//ann:pass@"))
        assert server.headers[0]["authorization"] == "Basic YW5uOnBhc3M="
        direct.event_hooks = {"request": [lambda request: seen.append(request.method)]}
        direct.get(server.url)
    assert seen == ["GET"]


def test_a_proxy_of_the_environment_is_asked(monkeypatch):
    with ScriptedServer(answer(b'{"status": "healthy"}')) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with GraphOLAPClient("http://graphs.example:8000", username="ann") as client:
            client.health.check()
        assert proxy.targets == ["http://graphs.example:8000/health"]


def test_hosts_without_a_proxy_alone_are_no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "localhost")
    with DirectClient(verify=shared_tls(), limits=httpx.Limits()) as client:
        assert client._direct is not None


def test_closing_closes_what_is_idle_and_what_comes_back(direct):
    with ScriptedServer(answer(b"x" * 500_000)) as server:
        direct.get(server.url)
        with direct.stream("GET", server.url) as response:
            direct.close()
            assert len(b"".join(response.iter_bytes())) == 500_000
        transport = direct._direct
        assert transport is not None
        assert not any(transport._idle.values())
