"""What a client written from the contract alone relies on: order of checks, names in paths, shapes of replies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import httpx
import pytest
from graph_olap_server.services.catalog import refresh_catalog
from graph_olap_server.services.context import Context
from graph_olap_server.warehouse.factory import open_warehouse

Json = dict[str, Any]
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


class TestOrderOfChecks:
    """Authentication, role, maintenance mode, then the request, then what it names (section 1.5)."""

    @pytest.mark.parametrize("content", [b"{", b'{"name": 5}', b"", b"[]", b"\xff"])
    @pytest.mark.parametrize("kind", ["application/json", "text/plain"])
    def test_a_stranger_learns_nothing_from_the_body(
        self, as_user: Callable[..., httpx.Client], content: bytes, kind: str
    ):
        for path in ("/api/mappings", "/api/mappings/1/copy", "/api/snapshots/1/retry", "/api/ops/jobs/trigger"):
            reply = as_user(None).post(path, content=content, headers={"Content-Type": kind})
            assert (reply.status_code, reply.json()["error"]["code"]) == (401, "UNAUTHORIZED"), path

    @pytest.mark.parametrize("kind", ["application/json", "text/plain"])
    def test_the_role_comes_before_the_body(self, ada: httpx.Client, kind: str):
        for method, path in (
            ("POST", "/api/ops/jobs/trigger"), ("PUT", "/api/config/export"), ("POST", "/api/users"),
            ("DELETE", "/api/admin/resources/bulk"), ("POST", "/api/schema/admin/refresh"),
        ):  # fmt: skip
            reply = ada.request(method, path, content=b"{", headers={"Content-Type": kind})
            assert (reply.status_code, reply.json()["error"]["code"]) == (403, "INSUFFICIENT_ROLE"), path

    def test_maintenance_comes_before_the_body(self, as_user: Callable[..., httpx.Client], ada: httpx.Client):
        as_user("olga", "ops").put("/api/config/maintenance", json={"enabled": True})
        for path in ("/api/snapshots", "/api/snapshots/1/retry", "/api/instances", "/api/instances/from-mapping"):
            reply = ada.post(path, content=b"{", headers={"Content-Type": "application/json"})
            assert reply.json()["error"]["code"] == "MAINTENANCE_MODE", path

    def test_a_switched_off_feature_is_nothing_for_strangers(
        self, make_context: Callable[..., Context], client_of: Callable[..., httpx.Client]
    ):
        client = client_of(make_context(explicit_snapshots=False))
        assert client.post("/api/snapshots", json={}).status_code == 401
        assert client.put("/api/snapshots/1", json={}).status_code == 401

    def test_the_request_comes_before_what_it_names(self, ada: httpx.Client):
        for path, body in (
            ("/api/snapshots", {"mapping_id": 99, "name": "s", "ttl": "P999D"}),
            ("/api/instances", {"mapping_id": 99, "name": "i", "ttl": "P8D"}),
            ("/api/instances", {"snapshot_id": 99, "name": "i", "cpu_cores": 9}),
            ("/api/mappings/99/copy", {"name": ""}),
            ("/api/favorites", {"resource_type": "mapping", "resource_id": 0}),
        ):
            assert ada.post(path, json=body).status_code == 400, (path, body)

    def test_what_is_missing_comes_before_whose_it_is(self, ada: httpx.Client, as_user, payments: Json):
        ada.post("/api/mappings", json=payments)
        bob = as_user("bob")
        change = {"change_description": "c", "name": "mine"}
        assert bob.put("/api/mappings/1", json=change).status_code == 403
        assert bob.put("/api/mappings/2", json=change).status_code == 404


class TestNamesInPaths:
    @pytest.mark.parametrize("name", ["a/b", "/", "a//b/", "ada@example.com", "Zoë Ωmega", "100%", "%2F", "a b?c#d"])
    def test_users_are_found_by_any_name(self, as_user: Callable[..., httpx.Client], name: str):
        root = as_user("root", "admin")
        made = root.post("/api/users", json={"username": name, "email": "u@example.com", "display_name": "U"})
        assert made.status_code == 201
        path = f"/api/users/{quote(name, safe='')}"
        assert root.get(path).json()["username"] == name
        assert root.put(f"{path}/role", json={"role": "admin"}).json()["role"] == "admin"
        assert root.delete(path, headers={"X-Request-ID": "gone"}).json()["is_active"] is False
        missing = root.get(f"/api/users/{quote(name + '/x', safe='')}").json()["error"]
        assert missing["details"] == {"resource_type": "user", "resource_id": f"{name}/x"}

    def test_tables_are_found_by_any_name(self, make_platform_of: Callable[[str], httpx.Client]):
        client = make_platform_of('CREATE SCHEMA "x/y"; CREATE TABLE "x/y"."a/b é%" AS SELECT 1 AS "p/q"')
        path = f"/api/schema/catalogs/odd/schemas/{quote('X/Y', safe='')}/tables"
        (table,) = client.get(path).json()["data"]
        assert (table["schema_name"], table["table_name"]) == ("x/y", "a/b é%")
        (column,) = client.get(f"{path}/{quote('A/B é%', safe='')}/columns").json()["data"]
        assert column["column_name"] == "p/q"

    @pytest.fixture
    def make_platform_of(
        self, context: Context, client_of: Callable[..., httpx.Client], tmp_path: Path
    ) -> Iterator[Callable[[str], httpx.Client]]:
        """Make a platform on a warehouse that these statements fill."""
        with ExitStack() as opened:

            def make(statements: str) -> httpx.Client:
                file = tmp_path / "odd.duckdb"
                with duckdb.connect(str(file)) as connection:
                    connection.execute(statements)
                warehouse = open_warehouse(f"duckdb:///{file}")
                opened.callback(warehouse.close)
                odd = replace(context, warehouse=warehouse)
                refresh_catalog(odd)
                return client_of(odd, **{"X-Username": "ada"})

            yield make


class TestShapes:
    def test_a_list_shows_mappings_in_summary_form(self, ada: httpx.Client, payments: Json):
        ada.post("/api/mappings", json=payments)
        (summary,) = ada.get("/api/mappings").json()["data"]
        assert set(summary) >= {
            "id", "owner_username", "name", "description", "current_version", "created_at", "updated_at", "ttl",
            "inactivity_timeout", "expires_at", "snapshot_count", "instance_count", "node_count", "edge_type_count",
        }  # fmt: skip
        # Older clients build an object of "version" wherever the key is there.
        assert not set(summary) & {"version", "node_definitions", "edge_definitions", "change_description"}

    def test_every_time_is_in_utc_with_no_or_six_digits(self, ada: httpx.Client, payments: Json):
        ada.post("/api/mappings", json=payments)
        ada.post("/api/instances", json={"mapping_id": 1, "name": "I"})
        for path in ("/api/mappings/1", "/api/snapshots/1", "/api/instances/1", "/api/mappings/1/tree"):
            found = list(times(ada.get(path).json()["data"]))
            assert found, path
            assert all(TIMESTAMP.fullmatch(text) for text in found), found

    def test_an_update_can_clear_a_lifetime(self, ada: httpx.Client, payments: Json):
        made = ada.post("/api/mappings", json={**payments, "ttl": "P1DT12H"}).json()["data"]
        created, expires = (datetime.fromisoformat(made[name]) for name in ("created_at", "expires_at"))
        assert expires - created == timedelta(hours=36)
        path = f"/api/mappings/{made['id']}"
        kept = ada.put(path, json={"change_description": "c", "name": "New"}).json()["data"]
        assert (kept["ttl"], kept["expires_at"]) == ("P1DT12H", made["expires_at"])
        cleared = ada.put(path, json={"change_description": "c", "ttl": None}).json()["data"]
        assert cleared["ttl"] is None
        longest = datetime.fromisoformat(cleared["expires_at"]) - created
        assert longest == timedelta(days=365), "the longest lifetime still holds"
        assert ada.put(path, json={"change_description": "c", "ttl": "P366D"}).status_code == 400

    @pytest.mark.parametrize("name", ["a\x00b", "a\nb", "a\x7fb", "a\x85b", " \t ", "x" * 256, ""])
    def test_a_name_is_one_line_of_at_most_255_characters(self, ada: httpx.Client, payments: Json, name: str):
        assert ada.post("/api/mappings", json={**payments, "name": name}).status_code == 400
        assert ada.post("/api/mappings", json={**payments, "name": f" {'é' * 255} "}).status_code == 201


def times(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from times(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from times(item)
    elif name.endswith("_at") and value is not None:
        yield value


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("GET", "/api/mappings?limit=0", None, "limit: must be at least 1, not 0"),
        ("GET", "/api/mappings/-1", None, "mapping_id: must be at least 1, not -1"),
        ("PUT", "/api/instances/1/cpu", {"cpu_cores": 99}, "cpu_cores: must be at most 8, not 99"),
        ("POST", "/api/favorites", {"resource_type": "maping", "resource_id": 1}, "', not 'maping'"),
        ("POST", "/api/favorites", {"resource_id": 1}, "resource_type: is missing"),
    ],
)
def test_wrong_input_is_named_with_what_was_found(
    ada: httpx.Client, method: str, path: str, body: Json | None, sentence: str
):
    reply = ada.request(method, path, json=body)
    assert reply.status_code == 400
    message = reply.json()["error"]["message"]
    assert sentence in message
    assert "Input should" not in message
