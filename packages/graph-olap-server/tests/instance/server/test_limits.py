"""What is too large, too slow or no HTTP, over real sockets: refused with the right status, and the server goes on."""

import contextlib
import json
import socket
import threading
import time

import httpx
import pytest
import uvicorn
from graph_olap_server import web
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


class Impatient(web.JsonErrorProtocol):
    head_seconds = 0.4


@pytest.fixture
def server(monkeypatch):
    """Address of a small server that waits for nobody for long."""
    monkeypatch.setattr(web, "BODY_PAUSE_SECONDS", 0.4)
    monkeypatch.setattr(web, "BODY_SECONDS", 1.2)

    async def length(request):
        return PlainTextResponse(str(len(await request.body())))

    async def early(_request):
        return PlainTextResponse("no", 403)

    routes = [Route("/length", length, methods=["GET", "POST"]), Route("/early", early, methods=["POST"])]
    app = web.RequestMiddleware(Starlette(routes=routes, exception_handlers=dict(web.EXCEPTION_HANDLERS)), 1_000_000)
    listener = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", http=Impatient, timeout_keep_alive=60)
    )
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener.getsockname()
    running.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def patient_server(server, monkeypatch):
    """Address of that server once it waits: for tests of anything but time, as a busy machine makes clients late."""
    monkeypatch.setattr(Impatient, "head_seconds", 60)
    monkeypatch.setattr(web, "BODY_PAUSE_SECONDS", 60)
    monkeypatch.setattr(web, "BODY_SECONDS", 60)
    return server


@contextlib.contextmanager
def connected(address):
    with socket.create_connection(address, timeout=10) as connection:
        yield connection


def answer(connection):
    """Read everything until the server hangs up."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def error_of(reply):
    head, _, body = reply.partition(b"\r\n\r\n")
    assert b"x-request-id: " in head
    return int(head.split()[1]), json.loads(body)["error"]


@pytest.mark.parametrize("beginning", [b"", b"G", b"GET /length HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_never_ends_is_given_up(server, beginning):
    with connected(server) as connection:
        connection.sendall(beginning)
        status, error = error_of(answer(connection))
    assert (status, error["code"], error["details"]) == (408, "REQUEST_TIMEOUT", {"timeout_ms": 400})


def test_a_head_that_drips_is_given_up(server):
    with connected(server) as connection:
        connection.sendall(b"GET /length HTTP/1.1\r\n")
        reply = b""
        deadline = time.monotonic() + 20
        while not reply and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                connection.sendall(b"X-A: b\r\n")
            connection.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                reply = connection.recv(65_536)
    assert reply.startswith(b"HTTP/1.1 408 ")


def test_the_next_request_on_a_connection_is_waited_for_as_little(server):
    with connected(server) as connection:
        connection.sendall(b"GET /length HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET /length HTT")
        status, _ = error_of(answer(connection))
    assert status == 408


@pytest.mark.parametrize("pieces", [1, 40])
def test_a_head_that_is_too_large(patient_server, pieces):
    head = b"GET /length HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(60))
    with connected(patient_server) as connection:
        size = len(head) // pieces + 1
        with contextlib.suppress(OSError):
            for start in range(0, len(head), size):
                connection.sendall(head[start : start + size])
            connection.sendall(b"\r\n")
            connection.shutdown(socket.SHUT_WR)
        reply = answer(connection)
    # A client that goes on sending may find the connection reset before it reads the answer.
    if reply:
        status, error = error_of(reply)
        assert (status, error["code"], error["details"]["field"]) == (400, "VALIDATION_FAILED", "request")
    with httpx.Client(base_url=f"http://127.0.0.1:{patient_server[1]}", trust_env=False) as client:
        assert client.get("/length").text == "0"


def test_headers_and_path_that_arrive_at_once_and_are_too_large(patient_server):
    with httpx.Client(base_url=f"http://127.0.0.1:{patient_server[1]}", trust_env=False) as client:
        for reply in (
            client.get("/length", headers={"X-Large": "y" * 40_000}),
            client.get("/length?" + "q" * 40_000),
        ):
            assert (reply.status_code, reply.json()["error"]["details"]["field"]) == (400, "request")
        assert client.get("/length", headers={"X-Large": "y" * 30_000}).status_code == 200


@pytest.mark.parametrize("drips", [False, True])
def test_a_body_that_never_ends_is_given_up(server, drips):
    with connected(server) as connection:
        connection.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        reply = b""
        connection.settimeout(0.1)
        deadline = time.monotonic() + 20
        while not reply and time.monotonic() < deadline:
            if drips:
                connection.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                reply = connection.recv(65_536)
    status, error = error_of(reply)
    assert (status, error["code"]) == (408, "REQUEST_TIMEOUT")


def test_a_slow_body_that_goes_on_is_read(patient_server):
    with connected(patient_server) as connection:
        connection.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\n")
        for _ in range(4):
            time.sleep(0.05)
            connection.sendall(b"x")
        assert answer(connection).endswith(b"4")


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large(patient_server, declared):
    body = b"x" * 1_000_001
    with httpx.Client(base_url=f"http://127.0.0.1:{patient_server[1]}", trust_env=False) as client:
        reply = client.post("/length", content=body if declared else iter([body[:600_000], body[600_000:]]))
        assert (reply.status_code, reply.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert reply.json()["error"]["details"] == {"max_bytes": 1_000_000}
        assert client.post("/length", content=body[:1_000_000]).text == "1000000"


def test_a_body_that_was_answered_early_may_end(patient_server):
    with connected(patient_server) as connection:
        connection.sendall(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + b"x" * 60_000)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 403 ")
        connection.sendall(b"x" * 140_000)
        connection.sendall(b"GET /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_was_answered_early_and_never_ends_is_given_up(server):
    with connected(server) as connection:
        connection.sendall(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + b"x" * 60_000)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 403 ")
        with contextlib.suppress(OSError):  # given up already, where this test was late
            connection.sendall(b"x")
        assert answer(connection) == b""


def test_the_instance_keeps_limits_of_statement_body_and_parameters(client):
    long = client.post("/query", json={"query": "RETURN '" + "x" * 100_000 + "'"})
    assert (long.status_code, long.json()["error"]["details"]["field"]) == (400, "query")
    wide = client.post("/query", json={"query": "RETURN 1", "parameters": {"x": "y" * 11_000_000}})
    assert (wide.status_code, wide.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    nested = json.dumps({"query": "RETURN $x", "parameters": {"x": 0}}).replace("0", "[" * 900 + "]" * 900)
    deep = client.post("/query", content=nested, headers={"Content-Type": "application/json"})
    assert (deep.status_code, deep.json()["error"]["code"]) == (400, "VALIDATION_FAILED")
    assert "nested 100 deep" in deep.json()["error"]["message"]
    large = client.post("/query", json={"query": "RETURN 1"}, headers={"X-Large": "y" * 40_000})
    assert (large.status_code, large.json()["error"]["details"]["field"]) == (400, "request")
    assert client.post("/query", json={"query": "RETURN 1"}).json()["rows"] == [[1]]


def test_what_is_no_http_gets_the_envelope_from_an_instance(instance):
    address = httpx.URL(instance.url)
    with connected((address.host, address.port)) as connection:
        connection.sendall(b"HELLO\r\n\r\n")
        status, error = error_of(answer(connection))
    assert (status, error["code"]) == (400, "VALIDATION_FAILED")
