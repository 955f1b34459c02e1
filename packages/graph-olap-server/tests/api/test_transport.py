"""The rules of sections 1.2 and 1.10: bodies, paths, request ids, and every code the control plane can send."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
from graph_olap.exceptions import ERROR_CODES
from graph_olap_server.domain.roles import Role
from graph_olap_server.services import api_keys
from graph_olap_server.services.context import Context, utc_now
from graph_olap_server.store.database import Database
from graph_olap_server.store.tables import UserRow

JSON = {"Content-Type": "application/json"}


class TestBodies:
    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
    @pytest.mark.parametrize("path", ["/api/mappings", "/api/snapshots/1/retry", "/api/schema/admin/refresh"])
    def test_only_json_is_read(self, as_user: Callable[..., httpx.Client], path: str, kind: str):
        reply = as_user("root", "admin").post(path, content=b"x", headers={"Content-Type": kind} if kind else {})
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "VALIDATION_FAILED")
        assert reply.json()["error"]["details"]["field"] == "body"

    def test_a_stream_counts_as_a_body(self, ada: httpx.Client):
        reply = ada.post("/api/snapshots/1/retry", content=iter([b"a", b"b"]), headers={"Content-Type": "text/plain"})
        assert reply.status_code == 400

    def test_parameters_of_the_type_and_its_case_do_not_matter(self, ada: httpx.Client, payments: dict[str, Any]):
        headers = {"Content-Type": "Application/JSON; charset=utf-8"}
        assert ada.post("/api/mappings", content=orjson.dumps(payments), headers=headers).status_code == 201

    @pytest.mark.parametrize("kind", [None, "application/json", "text/plain"])
    def test_an_empty_body_is_fine_where_nothing_is_required(
        self, ada: httpx.Client, payments: dict[str, Any], kind: str | None
    ):
        headers = {} if kind is None else {"Content-Type": kind}
        mapping = ada.post("/api/mappings", json=payments).json()["data"]["id"]
        snapshot = ada.post("/api/snapshots", json={"mapping_id": mapping, "name": "S"}).json()["data"]["id"]
        instance = ada.post("/api/instances", json={"mapping_id": mapping, "name": "I"}).json()["data"]["id"]
        for method, path in (
            ("PUT", f"/api/mappings/{mapping}/lifecycle"), ("PUT", f"/api/snapshots/{snapshot}"),
            ("PUT", f"/api/snapshots/{snapshot}/lifecycle"), ("PUT", f"/api/instances/{instance}"),
            ("PUT", f"/api/instances/{instance}/lifecycle"), ("PUT", f"/api/instances/{instance}/sharing"),
            ("POST", f"/api/instances/{instance}/extend"), ("POST", f"/api/instances/{instance}/terminate"),
        ):  # fmt: skip
            assert ada.request(method, path, headers=headers).status_code in (200, 204), f"{method} {path}"

    def test_unknown_fields_and_parameters_are_ignored(self, ada: httpx.Client, payments: dict[str, Any]):
        assert ada.post("/api/mappings?x=1", json=payments | {"color": "red"}).status_code == 201
        assert ada.get("/api/mappings", params={"colour": "red"}).status_code == 200

    @pytest.mark.parametrize("body", [b"{", b"[]", b"1", b"null", b"\xff", b'{"a": NaN}', b"[" * 100_000])
    def test_what_is_no_object_is_refused(self, ada: httpx.Client, body: bytes):
        reply = ada.post("/api/mappings", content=body, headers=JSON)
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "VALIDATION_FAILED")


class TestPaths:
    @pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", "9223372036854775808", "1e3", "%20"])
    @pytest.mark.parametrize("room", ["mappings", "snapshots", "instances"])
    def test_ids_are_positive_integers(self, ada: httpx.Client, room: str, value: str):
        reply = ada.get(f"/api/{room}/{value}")
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "VALIDATION_FAILED")
        assert reply.json()["error"]["details"]["field"] == f"{room[:-1]}_id"

    def test_the_largest_id_is_just_missing(self, ada: httpx.Client):
        assert ada.get("/api/mappings/9223372036854775807").status_code == 404

    @pytest.mark.parametrize("path", ["/api/mappings/", "/health/", "/api/schema/catalogs/"])
    def test_a_trailing_slash_changes_nothing(self, ada: httpx.Client, path: str):
        assert ada.get(path, follow_redirects=False).status_code == ada.get(path.rstrip("/")).status_code == 200

    def test_a_post_keeps_its_body_behind_a_slash(self, ada: httpx.Client, payments: dict[str, Any]):
        assert ada.post("/api/mappings/", json=payments, follow_redirects=False).status_code == 201


class TestRequestIds:
    @pytest.mark.parametrize("given", ["r-1", "x" * 128])
    def test_a_good_one_comes_back(self, ada: httpx.Client, given: str):
        for path, place in (("/api/mappings", "meta"), ("/api/mappings/999", "meta")):
            reply = ada.get(path, headers={"X-Request-ID": given})
            assert reply.headers["X-Request-ID"] == reply.json()[place]["request_id"] == given

    @pytest.mark.parametrize("given", ["", "x" * 129, "a b", "ä".encode()])
    def test_a_wrong_one_is_replaced(self, ada: httpx.Client, given: str | bytes):
        reply = ada.get(
            "/api/mappings", headers=[(b"X-Request-ID", given if isinstance(given, bytes) else given.encode())]
        )
        assert str(uuid.UUID(reply.headers["X-Request-ID"])) == reply.json()["meta"]["request_id"]


class TestIfMatch:
    def test_the_version_is_the_tag(self, ada: httpx.Client, payments: dict[str, Any]):
        created = ada.post("/api/mappings", json=payments)
        path = f"/api/mappings/{created.json()['data']['id']}"
        assert created.headers["ETag"] == ada.get(path).headers["ETag"] == '"1"'
        change = {"change_description": "c", "edge_definitions": payments["edge_definitions"]}
        second = ada.put(path, json=change, headers={"If-Match": '"1"'})
        assert second.headers["ETag"] == '"2"'
        stale = ada.put(path, json=change, headers={"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["error"]["code"]) == (409, "INVALID_STATE")
        for tag in ("*", '"7", "2"', 'W/"2"'):
            assert ada.put(path, json={"change_description": "c"}, headers={"If-Match": tag}).status_code == 200


def send_each_code(
    context: Context, client_of: Callable[..., httpx.Client], payments: dict[str, Any]
) -> dict[str, httpx.Response]:
    """Provoke the codes that this file knows how to; others have tests of their own, named below."""
    ada, bob = (client_of(context, **{"X-Username": name}) for name in ("ada", "bob"))
    key = {"Idempotency-Key": "k"}
    mapping = ada.post("/api/mappings", json=payments, headers=key).json()["data"]["id"]
    snapshot = ada.post("/api/snapshots", json={"mapping_id": mapping, "name": "S"}).json()["data"]["id"]
    instance = {"mapping_id": mapping, "name": "I"}
    found = {
        "VALIDATION_FAILED": ada.post("/api/mappings", json={}),
        "UNAUTHORIZED": client_of(context).get("/api/mappings"),
        "PERMISSION_DENIED": bob.delete(f"/api/mappings/{mapping}"),
        "INSUFFICIENT_ROLE": bob.get("/api/schema/stats"),
        "RESOURCE_NOT_FOUND": ada.get("/api/mappings/999"),
        "METHOD_NOT_ALLOWED": ada.patch("/api/mappings"),
        "RESOURCE_HAS_DEPENDENCIES": ada.delete(f"/api/mappings/{mapping}"),
        "INVALID_STATE": ada.post(f"/api/snapshots/{snapshot}/retry"),
        "IDEMPOTENCY_CONFLICT": ada.post("/api/mappings", json={}, headers=key),
        "PAYLOAD_TOO_LARGE": ada.post("/api/mappings", content=b" " * (10 * 1024 * 1024 + 1), headers=JSON),
    }
    ada.post("/api/instances", json=instance)
    found["CONCURRENCY_LIMIT_EXCEEDED"] = ada.post("/api/instances", json=instance)
    with context.database.write() as session:
        session.get_one(UserRow, "bob").is_active = False
    found["USER_DISABLED"] = bob.get("/api/mappings")
    return found


def test_every_code_of_the_control_plane_is_sent_with_its_status(
    make_context: Callable[..., Context], client_of: Callable[..., httpx.Client], payments: dict[str, Any]
):
    context = make_context(per_analyst_limit=1)
    found = send_each_code(context, client_of, payments)
    strict = make_context(auth_mode="strict", auto_provision=False, login_failures_limit=1)
    api_keys.create_api_key(strict.database, "ada", Role.ANALYST, utc_now())
    unknown = client_of(strict, **{"X-Internal-Api-Key": "internal-secret", "X-Username": "eve"})
    found["USER_NOT_PROVISIONED"] = unknown.get("/api/mappings")
    guesser = client_of(strict, Authorization="Bearer golap_x_y")
    assert guesser.get("/api/mappings").status_code == 401
    found["RATE_LIMIT_EXCEEDED"] = guesser.get("/api/mappings")
    gone = replace(context, database=Database("sqlite:////nowhere/at/all.db"))
    found["SERVICE_UNAVAILABLE"] = client_of(gone, **{"X-Username": "ada"}).get("/api/mappings")
    broken = replace(context, clock=lambda: 1 / 0)
    found["INTERNAL_ERROR"] = client_of(broken, **{"X-Username": "ada"}).get("/api/mappings")
    # MAINTENANCE_MODE, FEATURE_DISABLED, ALREADY_EXISTS and REQUEST_TIMEOUT: see configuration, favorites and dry runs.
    for code, reply in found.items():
        assert reply.json()["error"]["code"] == code
        assert reply.status_code == ERROR_CODES[code].status
        assert set(reply.json()) == {"error", "meta"}
        assert set(reply.json()["error"]) == {"code", "message", "details"}
        assert isinstance(reply.json()["error"]["details"], dict)
        assert reply.json()["meta"]["request_id"] == reply.headers["X-Request-ID"]
        assert ("Retry-After" in reply.headers) == (reply.status_code in (429, 503)), code
        assert "Traceback" not in reply.text
