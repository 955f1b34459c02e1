"""The rules of repeating, each over a real socket, through both clients: a server that fails as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import json
import socket
import threading
import time
from http.client import parse_headers
from typing import Dict, List, NamedTuple, Tuple

import pytest

from graph_olap import AsyncGraphOLAPClient, GraphOLAPClient, exceptions
from graph_olap._request import Call, Repeat

LOST = "lost"
"""Read the request, then close the connection without a word."""

CUT = "cut"
"""Promise a long answer and close the connection in the middle of it."""

SILENT = "silent"
"""Read the request and never answer."""


class Seen(NamedTuple):
    method: str
    path: str
    headers: Dict[str, str]


class FlakyServer:
    """Answers each request with the next of ``answers``, the last one again and again; ``seen`` holds the requests."""

    def __init__(self, *answers: object) -> None:
        self.answers: List[object] = list(answers)
        self.seen: List[Seen] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: List[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> FlakyServer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for each in (self._listener, *self._open):
            each.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed at the end of the test
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                with connection.makefile("rb") as lines:
                    self._read(lines)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer != SILENT:
                    connection.sendall(_bytes(answer))
                    connection.close()

    def _read(self, lines) -> None:
        method, path, _ = lines.readline().decode().split()
        headers = {name.lower(): value for name, value in parse_headers(lines).items()}
        lines.read(int(headers.get("content-length", 0)))
        self.seen.append(Seen(method, path, headers))


def reply(status: int = 200, body: object = None, **headers: str) -> Tuple[int, object, Dict[str, str]]:
    """An answer; underscores in the names of headers stand for hyphens."""
    return status, {} if body is None else body, {name.replace("_", "-"): value for name, value in headers.items()}


def failure(status: int, code: str, **headers: str) -> Tuple[int, object, Dict[str, str]]:
    """An error in the shape of the contract."""
    return reply(status, {"error": {"code": code, "message": "It failed.", "details": {}}, "meta": {}}, **headers)


def _bytes(answer) -> bytes:
    if answer == LOST:
        return b""
    if answer == CUT:
        return b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"data": '
    status, body, headers = answer
    content = json.dumps(body).encode()
    fields = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Told\r\n{head}\r\n".encode() + content


class Caller:
    """One of the two clients; the waits between attempts are noted in ``slept``, not waited."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.slept: List[float] = []

    def __call__(self, url: str, call: Call, **settings) -> Dict[str, object]:
        settings = {"timeout": 0.2, **settings}
        if self.kind == "sync":
            with GraphOLAPClient(url, username="ada", sleep=self.slept.append, **settings) as client:
                return client._http.call(call)
        return asyncio.run(self._call(url, call, settings))

    async def _call(self, url, call, settings):
        async with AsyncGraphOLAPClient(url, username="ada", sleep=self._note, **settings) as client:
            return await client._http.call(call)

    async def _note(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture(params=["sync", "async"])
def caller(request) -> Caller:
    return Caller(request.param)


READ = Call("GET", "/x")
WRITE = Call("POST", "/x", json={"name": "n"})
QUERY = Call("POST", "/x", json={"query": "RETURN 1"}, repeat=Repeat.UNSENT)
LATER = failure(503, "SERVICE_UNAVAILABLE", Retry_After="7")
LOADING = failure(503, "INSTANCE_NOT_READY", Retry_After="7")
DONE = reply(200, {"done": True})


@pytest.mark.parametrize("failed", [LOST, CUT, SILENT, LATER], ids=["lost", "cut", "silent", "503"])
@pytest.mark.parametrize("call", [READ, WRITE, Call("DELETE", "/x")], ids=lambda call: call.method)
def test_reads_writes_and_deletes_are_repeated(caller, call, failed):
    with FlakyServer(failed, failed, DONE) as server:
        assert caller(server.url, call) == {"done": True}
    assert len(server.seen) == 3
    assert len({seen.headers["x-request-id"] for seen in server.seen}) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "post"])
def test_every_repeat_of_a_write_carries_the_key_of_its_first_attempt(caller, method):
    with FlakyServer(LOST, CUT, DONE, LOST, DONE) as server:
        caller(server.url, Call(method, "/x", json={}))
        caller(server.url, Call(method, "/x", json={}))
    keys = [seen.headers["idempotency-key"] for seen in server.seen]
    assert len(set(keys[:3])) == len(set(keys[3:])) == 1
    assert keys[0] != keys[3]
    assert len(keys[0]) >= 32


@pytest.mark.parametrize("failed", [LOST, CUT, SILENT, LATER], ids=["lost", "cut", "silent", "503"])
def test_a_query_that_may_have_run_is_sent_once_and_without_key(caller, failed):
    with FlakyServer(failed) as server, pytest.raises(exceptions.GraphOLAPError) as caught:
        caller(server.url, QUERY)
    assert len(server.seen) == 1
    assert "idempotency-key" not in server.seen[0].headers
    assert "attempts" not in caught.value.details


def test_a_query_waits_for_an_instance_that_loads(caller):
    with FlakyServer(LOADING, DONE) as server:
        assert caller(server.url, QUERY) == {"done": True}
    assert caller.slept == [7]


@pytest.mark.parametrize("call", [READ, WRITE, QUERY], ids=["read", "write", "query"])
def test_what_nobody_has_heard_is_repeated(caller, call):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # bound and not listening: refused
        with pytest.raises(exceptions.ConnectionError) as caught:
            caller(f"http://127.0.0.1:{probe.getsockname()[1]}", call, max_retries=2)
    assert len(caller.slept) == 2
    assert caught.value.details["attempts"] == 3


@pytest.mark.parametrize(
    "answer",
    [
        failure(429, "RATE_LIMIT_EXCEEDED", Retry_After="1"),
        failure(500, "INTERNAL_ERROR"),
        failure(503, "SERVICE_UNAVAILABLE"),
        failure(503, "SERVICE_UNAVAILABLE", Retry_After="61"),
        failure(503, "SERVICE_UNAVAILABLE", Retry_After="soon"),
        failure(409, "INVALID_STATE"),
    ],
    ids=["429", "500", "503 without a time", "503 much later", "503 with nonsense", "409"],
)
def test_other_failures_are_raised_at_once(caller, answer):
    with FlakyServer(answer) as server, pytest.raises(exceptions.GraphOLAPError):
        caller(server.url, READ)
    assert len(server.seen) == 1


def test_retry_after_as_seconds_as_a_date_and_in_the_past(caller):
    def at(seconds: float) -> object:
        return failure(
            503, "SERVICE_UNAVAILABLE", Retry_After=email.utils.formatdate(time.time() + seconds, usegmt=True)
        )

    with FlakyServer(LATER, at(30), at(-30), DONE) as server:
        caller(server.url, READ)
    assert caller.slept[0] == 7
    assert 0 < caller.slept[1] <= 30
    assert caller.slept[2] == 0


def test_waits_grow_with_jitter(caller):
    for _ in range(2):
        with FlakyServer(LOST) as server, pytest.raises(exceptions.ConnectionError):
            caller(server.url, READ, max_retries=4)
        assert len(server.seen) == 5
    first, second = caller.slept[:4], caller.slept[4:]
    for waits in (first, second):
        assert all(least <= wait <= least + 0.5 for least, wait in zip((1, 2, 4, 8), waits))
    assert first != second


def test_no_attempt_begins_after_the_total_time(caller):
    with FlakyServer(LATER) as server, pytest.raises(exceptions.ServiceUnavailableError) as caught:
        caller(server.url, READ, max_retries=50, total_timeout=6.9)
    assert (len(server.seen), caller.slept) == (1, [])
    assert caught.value.details["retry_after_seconds"] == 7


@pytest.mark.parametrize(
    ("call", "settings"),
    [
        (READ, {"timeout": 900, "total_timeout": 0.3}),
        (Call("POST", "/x", json={}, timeout=0.3), {"timeout": 900}),
        (Call("POST", "/x", json={}, repeat=Repeat.UNSENT, timeout=0.3), {"timeout": 900}),
    ],
    ids=["of the client", "of the call", "of a query"],
)
def test_one_attempt_gets_no_more_than_the_time_that_is_left(caller, call, settings):
    with FlakyServer(SILENT) as server, pytest.raises(exceptions.TimeoutError, match=r"within 0\.[23]\d* s"):
        caller(server.url, call, **settings)
    assert len(server.seen) == 1


def test_a_query_has_its_time_after_the_instance_has_loaded(caller):
    with FlakyServer(failure(503, "INSTANCE_NOT_READY", Retry_After="2"), DONE) as server:
        caller(server.url, Call("POST", "/x", json={}, repeat=Repeat.UNSENT, timeout=1))
    assert caller.slept == [2]


def test_a_longer_time_of_the_client_is_not_cut_by_the_default_total():
    assert GraphOLAPClient("http://x", timeout=500)._config.call_timeout == 500
    assert GraphOLAPClient("http://x", timeout=5)._config.call_timeout == 120
    assert GraphOLAPClient("http://x", timeout=500, total_timeout=60)._config.call_timeout == 60


def test_a_delete_whose_answer_was_lost_is_done(caller):
    gone = failure(404, "RESOURCE_NOT_FOUND")
    with FlakyServer(LOST, gone) as server:
        assert caller(server.url, Call("DELETE", "/x")) == {}
    with FlakyServer(LATER, gone) as server, pytest.raises(exceptions.NotFoundError):
        caller(server.url, Call("DELETE", "/x"))
    assert len(server.seen) == 2
