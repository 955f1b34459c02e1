"""Whatever a stranger sends: an answer of the contract with the error envelope, never a 5xx, never a traceback."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pytest
from graph_olap_server.services.context import Context

JSON = {"Content-Type": "application/json"}
TOO_LONG = "x" * 100_000
# Written as JSON text: most of these cannot be said with Python's own encoder.
VALUES = [
    '""', "-1", "0", "1.5", "1.0", "1e400", "NaN", "-Infinity", "9" * 30, "9" * 5000, "true", "null", "[]", "{}",
    "[[]]", '"1"', '"\\u0000"', '"\\ud800"', '"\\udc00x"', '{"\\ud800": 1}', f'"{TOO_LONG}"',
    '"P99999999999D"', '"0001-01-01"',
]  # fmt: skip
PARAMETERS = [
    "", "x", "-1", "1.5", "1.0", "+1", " 1", "1_0", "٣", "NaN", "9" * 30, "9" * 5000, "\0", "\ud800", TOO_LONG[:9000],
    "2024-13-01", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00",
]  # fmt: skip
ALLOWED_STATUSES = {200, 201, 202, 204, 400, 401, 403, 404, 405, 408, 409, 413, 429, 503}


def assert_is_an_answer(reply: httpx.Response, what: str) -> None:
    """Success, or the envelope of section 1.10.1 with a status that the contract knows."""
    assert reply.status_code in ALLOWED_STATUSES, f"{what}: {reply.status_code} {reply.text[:200]}"
    if reply.status_code >= 400:
        answer = reply.json()
        assert set(answer) == {"error", "meta"}, what
        assert set(answer["error"]) == {"code", "message", "details"}, what
        assert isinstance(answer["error"]["details"], dict), what
        assert answer["meta"]["request_id"] == reply.headers["X-Request-ID"], what
    assert "Traceback" not in reply.text, what


@pytest.fixture
def ops(as_user: Callable[..., httpx.Client]) -> httpx.Client:
    return as_user("olga", "ops")


@pytest.fixture
def document(ops: httpx.Client, payments: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document of a platform that holds something under each id that the requests below name."""
    ops.post("/api/mappings", json=payments)
    ops.post("/api/instances", json={"mapping_id": 1, "name": "I"})
    found: dict[str, Any] = ops.get("/openapi.json").json()["paths"]
    return found


@pytest.mark.slow
def test_each_field_of_each_body_with_each_strange_value(ops: httpx.Client, document: dict[str, Any]):
    for path, operations in document.items():
        for method, operation in operations.items():
            example = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            if example is None or method == "delete":
                continue
            for name in example:
                rest = {key: value for key, value in example.items() if key != name}
                for value in VALUES:
                    text = orjson.dumps(rest)[:-1] + (b"," if rest else b"") + f'"{name}": {value}}}'.encode()
                    reply = ops.request(method, filled(path), content=text, headers=JSON)
                    assert_is_an_answer(reply, f"{method} {path} {name}={value[:20]}")


@pytest.mark.slow
def test_each_parameter_with_each_strange_value(ops: httpx.Client, document: dict[str, Any]):
    for path, operations in document.items():
        for parameter in operations.get("get", {}).get("parameters", []):
            for value in PARAMETERS:
                text = quote(value, errors="surrogatepass", safe="")
                if parameter["in"] == "path":
                    url = filled(path.replace(f"{{{parameter['name']}}}", text))
                else:
                    url = f"{filled(path)}?{parameter['name']}={text}"
                assert_is_an_answer(ops.get(url), f"GET {path} {parameter['name']}={value[:20]!r}")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND"])
def test_other_methods(ops: httpx.Client, document: dict[str, Any], method: str):
    for path in document:
        reply = ops.request(method, filled(path))
        assert reply.status_code == 405, f"{method} {path}"
        allowed = sorted(known.upper() for known in document[path])
        assert set(allowed) <= set(reply.headers["Allow"].split(", ")), path
        if method != "HEAD":
            assert reply.json()["error"]["details"]["allowed"] == reply.headers["Allow"].split(", ")


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"\xff\xfe{\x00}\x00", "UTF-8"),
        (b"[" * 200_000, "depth"),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, "depth"),
        (b'{"name": NaN}', "expected a JSON value"),
        (b'{"name": "\\ud800"}', "surrogate"),
        (b'{"name": "a\\u0000b"}', "NUL"),
        (b'{"tags": [{"\\u0000": 1}]}', "NUL"),
        (b"{}{}", "unexpected"),
    ],
)
def test_what_is_wrong_with_a_body_is_said(ada: httpx.Client, body: bytes, word: str):
    reply = ada.post("/api/mappings", content=body, headers=JSON)
    assert reply.status_code == 400
    assert reply.json()["error"]["details"]["field"] == "body"
    assert word in reply.json()["error"]["message"]


def test_a_backslash_before_u0000_is_a_text(ada: httpx.Client, payments: dict[str, Any]):
    made = ada.post("/api/mappings", json={**payments, "description": "a\\u0000b"})
    assert made.json()["data"]["description"] == "a\\u0000b"


def test_the_last_of_two_equal_keys_counts(ada: httpx.Client, payments: dict[str, Any]):
    text = orjson.dumps({"name": "first"})[:-1] + b"," + orjson.dumps({**payments, "name": "second"})[1:]
    assert ada.post("/api/mappings", content=text, headers=JSON).json()["data"]["name"] == "second"


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/api/snapshots", {"name": "s", "mapping_id": True}, "mapping_id"),
        ("POST", "/api/snapshots", {"name": "s", "mapping_id": "1"}, "mapping_id"),
        ("POST", "/api/instances", {"name": "i", "mapping_id": 1, "cpu_cores": 2.0}, "cpu_cores"),
        ("POST", "/api/instances/1/extend", {"hours": True}, "hours"),
        ("PUT", "/api/instances/1/sharing", {"everyone": "no"}, "everyone"),
        ("PUT", "/api/config/maintenance", {"enabled": 1}, "enabled"),
        ("PUT", "/api/config/export", {"max_duration_seconds": "60"}, "max_duration_seconds"),
        (
            "DELETE",
            "/api/admin/resources/bulk",
            {"resource_type": "mapping", "filters": {"name_prefix": "P"}, "reason": "r", "dry_run": "off"},
            "dry_run",
        ),
    ],
)
def test_numbers_and_flags_are_not_guessed(
    ops: httpx.Client, document: dict[str, Any], method: str, path: str, body: dict[str, Any], field: str
):
    reply = ops.request(method, path, json=body)
    assert (reply.status_code, reply.json()["error"]["details"].get("field")) == (400, field)


@pytest.mark.parametrize("number", ["1_0", "+1", "1.0", "%201", "1e0", "%D9%A3"])
def test_an_id_is_written_in_digits(ada: httpx.Client, payments: dict[str, Any], number: str):
    """Python reads ``1_0`` as 10; deleting that mapping instead would be a surprise."""
    for _ in range(10):
        ada.post("/api/mappings", json=payments)
    assert ada.delete(f"/api/mappings/{number}").json()["error"]["details"]["field"] == "mapping_id"
    assert ada.get("/api/mappings", params={"limit": 1}).json()["meta"]["total"] == 10
    assert ada.get(f"/api/snapshots?mapping_id={number}").json()["error"]["details"]["field"] == "mapping_id"


def test_the_largest_body(ada: httpx.Client):
    for size, status in ((10 * 1024 * 1024 - 8, 400), (10 * 1024 * 1024 - 7, 413), (30_000_000, 413)):
        reply = ada.post("/api/mappings", content=b'{"a":"' + b"x" * size + b'"}', headers=JSON)
        assert reply.status_code == status, size
        assert_is_an_answer(reply, str(size))


@pytest.mark.parametrize(
    "request_line",
    [
        b"NONSENSE /api/mappings HTTP/1.1",
        b"GET /api/mappings HTTP/9.9",
        b"GET  HTTP/1.1",
        b"\x00\x01\x02",
        b"GET /api/mappings HTTP/1.1\r\nX-Request-ID: \x01",
        b"POST /api/mappings HTTP/1.1\r\nContent-Length: -5",
        b"POST /api/mappings HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1",
        b"GET //api//mappings HTTP/1.1",
        b"GET /api/mappings/\xff\xfe HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
    ],
    ids=lambda line: repr(line[:40]),
)
def test_what_is_hardly_http_gets_the_envelope(context: Context, ada: httpx.Client, request_line: bytes):
    address = (ada.base_url.host, ada.base_url.port)
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = b""
        while part := connection.recv(65536):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    assert int(head.split(b" ")[1]) in ALLOWED_STATUSES
    answer = orjson.loads(body)
    assert set(answer["error"]) == {"code", "message", "details"}
    assert f"x-request-id: {answer['meta']['request_id']}".encode() in head


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Username", "x" * 300),
        ("X-Username", "\xff\xfe"),
        ("X-User-Role", "king"),
        ("Authorization", "Bearer"),
        ("Authorization", "Bearer a.b.c"),
        ("Authorization", "Bearer " + "x" * 9000),
        ("Authorization", "Basic eDp5"),
        ("Idempotency-Key", "x" * 129),
        ("Idempotency-Key", "a b"),
        ("If-Match", "x" * 5000),
        ("X-Internal-Api-Key", "\xff"),
    ],
)
def test_strange_headers(ada: httpx.Client, payments: dict[str, Any], name: str, value: str):
    for method, path in (("GET", "/api/mappings"), ("POST", "/api/mappings"), ("PUT", "/api/mappings/1")):
        body = None if method == "GET" else payments
        reply = ada.request(method, path, json=body, headers={name: value.encode("latin-1")})
        assert_is_an_answer(reply, f"{method} {path} {name}")


def test_an_unforeseen_error_does_not_cut_the_connection(
    make_context: Callable[..., Context], client_of: Callable[..., httpx.Client]
):
    """The client keeps its connection: the request after a 500 must not meet a closed one."""
    context = replace(make_context(), clock=lambda: 1 / 0)
    client = client_of(context, **{"X-Username": "ada"})
    for _ in range(3):
        assert client.get("/api/mappings").status_code == 500
        assert client.get("/health").status_code == 200


def filled(path: str) -> str:
    for name in ("mapping_id", "snapshot_id", "instance_id", "version", "from_version", "to_version", "resource_id"):
        path = path.replace(f"{{{name}}}", "1")
    for name in ("catalog", "schema", "table", "username"):
        path = path.replace(f"{{{name}}}", "bank")
    return path.replace("{resource_type}", "mapping")
