"""What answers is no Graph OLAP server, or no well one: an error of its own, words to act on, never a half result."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from graph_olap import AsyncGraphOLAPClient, AsyncInstanceConnection, GraphOLAPClient, InstanceConnection, exceptions

LOGIN_PAGE = b"<html><title>Sign in</title><body><form>password</form></body></html>"


def reply(body: bytes, kind: str = "application/json", status: str = "200 OK", length: int | None = None) -> bytes:
    """An HTTP reply; ``length`` may promise more than the body holds."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\r\n".encode() + body


@contextmanager
def server(answer: bytes | None, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that gives every request the same bytes and closes; ``None`` never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        try:
            with tls.wrap_socket(connection, server_side=True) if tls else connection as plain:
                plain.settimeout(5)
                if plain.recv(65536) and answer is not None:
                    plain.sendall(answer)
                else:
                    stopped.wait(5)
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def errors_of(url: str, call: Callable[[Any], Any], **settings: Any) -> list[BaseException]:
    """Return what a call raises through the blocking and through the asynchronous client."""
    settings = {"username": "ada", "max_retries": 0, **settings}
    with GraphOLAPClient(url, **settings) as client, pytest.raises(Exception) as blocking:
        call(client)

    async def ask() -> None:
        async with AsyncGraphOLAPClient(url, **settings) as client:
            await call(client)

    with pytest.raises(Exception) as asynchronous:
        asyncio.run(ask())
    assert type(blocking.value) is type(asynchronous.value)
    assert isinstance(blocking.value, exceptions.GraphOLAPError), repr(blocking.value)
    assert blocking.value.hint == asynchronous.value.hint
    return [blocking.value, asynchronous.value]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply(LOGIN_PAGE, "text/html"), exceptions.ServerError, ["HTML page", "api_url", "proxy"]),
        (reply(LOGIN_PAGE, "text/html; charset=utf-8", "401 Unauthorized"), exceptions.AuthenticationError, ["proxy"]),
        (reply(LOGIN_PAGE, "text/html", "404 Not Found"), exceptions.NotFoundError, ["api_url"]),
        (reply(LOGIN_PAGE, "text/html", "502 Bad Gateway"), exceptions.ServerError, ["proxy"]),
        (reply(b'{"detail":"Not Found"}', status="404 Not Found"), exceptions.NotFoundError, ["api_url"]),
        (reply(b'{"data": [1, 2'), exceptions.ServerError, ["JSON"]),
        (reply(b'{"data": []}', length=9999), exceptions.ConnectionError, ["before the answer was complete"]),
        (b"SSH-2.0-OpenSSH_9.6\r\n", exceptions.ConnectionError, ["http"]),
        (b"", exceptions.ConnectionError, ["lost"]),
        (reply(b'{"items": []}'), exceptions.ServerError, ["version"]),
        (
            reply(b'{"data": [{"id": "x"}], "meta": {"total": 1, "offset": 0, "limit": 1}}'),
            exceptions.ServerError,
            ["version"],
        ),
        (reply(b'{"data": 7, "meta": {}}'), exceptions.ServerError, ["version"]),
        (reply(b"", status="302 Found\r\nLocation: https://login.example.com/"), exceptions.ServerError, ["redirect"]),
    ],
    ids=[
        *(
            "login page",
            "login page 401",
            "another website",
            "gateway",
            "another API",
            "cut JSON",
            "short body",
            "not HTTP",
        ),
        *("closed", "other shape", "other fields", "other data", "redirect to login"),
    ],
)
def test_strange_answers(answer: bytes, kind: type[Exception], words: list[str]) -> None:
    with server(answer) as url:
        for error in errors_of(url, lambda client: client.mappings.list()):
            assert type(error) is kind
            for word in words:
                assert word in str(error)
            assert "password" not in str(error)
            assert "pydantic" not in str(error)
            assert error.__suppress_context__ or error.__context__ is None


def test_silence_ends_at_the_timeout() -> None:
    with server(None) as url:
        for error in errors_of(url, lambda client: client.mappings.list(), timeout=0.2):
            assert isinstance(error, exceptions.TimeoutError)
            assert "0.2 s" in str(error)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1:1"])
def test_nobody_there(host: str) -> None:
    for error in errors_of(f"http://{host}", lambda client: client.health.check()):
        assert isinstance(error, exceptions.ConnectionError)
        assert host in str(error)
        assert "graph-olap serve" in str(error)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, with its key in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key", "-out", folder / "cert"),
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_bytes((folder / "cert").read_bytes() + (folder / "key").read_bytes())
    return both


def test_a_certificate_that_is_not_trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with server(reply(b'{"status": "healthy"}'), tls) as url:
        for error in errors_of(url, lambda client: client.health.check()):
            assert isinstance(error, exceptions.ConnectionError)
            assert "certificate" in str(error)
            assert "SSL_CERT_FILE" in str(error)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with GraphOLAPClient(url) as client:
            assert client.health.check().status == "healthy"


def test_tls_asked_of_a_server_without() -> None:
    with server(reply(b"{}")) as url:
        for error in errors_of(url.replace("http:", "https:"), lambda client: client.health.check()):
            assert isinstance(error, exceptions.ConnectionError)
            assert "http://" in str(error)


def test_a_proxy_is_used_and_excepted(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(reply(b'{"status": "healthy", "version": "through the proxy"}')) as url:
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with GraphOLAPClient("http://graph.invalid") as client:
            assert client.health.check().version == "through the proxy"
        with GraphOLAPClient("http://127.0.0.1:1", max_retries=0) as client, pytest.raises(exceptions.ConnectionError):
            client.health.check()


@pytest.mark.parametrize(
    "answer",
    [
        reply(b'{"columns": ["n"], "column_types": ["INT64"], "rows": [[1], [2', length=4096),
        reply(b'{"columns": ["n"], "column_types": ["INT64"], "rows": [[1], [2'),
        reply(b'{"columns": ["n"], "column_types": ["INT64"]}'),
        reply(LOGIN_PAGE, "text/html"),
        reply(b"\xff\xff\xff\xff", "application/vnd.apache.arrow.stream"),
    ],
    ids=["lost", "cut", "no rows", "login page", "cut Arrow"],
)
def test_no_half_result(answer: bytes) -> None:
    async def ask(url: str, method: str) -> None:
        async with AsyncInstanceConnection(url) as conn:
            await getattr(conn, method)("MATCH (n) RETURN n")

    for method in ("query", "query_df"):
        if answer.endswith(b"\xff") and method == "query":
            continue
        with server(answer) as url:
            with InstanceConnection(url) as conn, pytest.raises(exceptions.GraphOLAPError) as caught:
                getattr(conn, method)("MATCH (n) RETURN n")
            assert isinstance(caught.value, (exceptions.ConnectionError, exceptions.ServerError))
            with pytest.raises(type(caught.value)):
                asyncio.run(ask(url, method))


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x", "http://", "http://u:p@x", ""])
def test_wrong_addresses_say_what_one_looks_like(url: str) -> None:
    for client in (GraphOLAPClient, AsyncGraphOLAPClient):
        with pytest.raises(ValueError, match="api_url must"):
            client(url)
