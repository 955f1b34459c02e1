"""The rules of section 1.2: bodies, paths, request ids and version tags."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

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
