from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from graph_olap_server.domain.roles import Role
from graph_olap_server.services.api_keys import create_api_key, list_api_keys, revoke_api_key
from graph_olap_server.services.catalog import refresh_catalog
from graph_olap_server.services.context import Context
from graph_olap_server.store.tables import ApiKeyRow, UserRow
from sqlalchemy import select

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def bearer(context: Context, client_of: Callable[..., httpx.Client]) -> Callable[..., httpx.Client]:
    return lambda key, **headers: client_of(context, Authorization=f"Bearer {key}", **headers)


def test_an_api_key_names_its_user_and_beats_claims(context: Context, bearer):
    key = create_api_key(context.database, "ada", Role.ANALYST, NOW)
    client = bearer(key, **{"X-Username": "root", "X-User-Role": "ops"})
    assert client.get("/api/mappings").status_code == 200
    refused = client.get("/api/schema/stats").json()["error"]
    assert refused["code"] == "INSUFFICIENT_ROLE"
    assert refused["details"] == {"required_role": "admin", "user_role": "analyst"}


def test_keys_are_stored_hashed_and_can_be_revoked(context: Context, bearer):
    key = create_api_key(context.database, "ada", Role.ADMIN, NOW)
    with context.database.read() as session:
        stored = session.scalars(select(ApiKeyRow)).one()
        assert key not in str(vars(stored))
    assert bearer(key).get("/api/schema/stats").status_code == 200
    assert list_api_keys(context.database)[0].last_used_at is not None
    revoke_api_key(context.database, stored.id, NOW)
    assert bearer(key).get("/api/mappings").json()["error"]["details"]["reason"] == "bad_key"


def test_a_disabled_user_is_refused(context: Context, ada: httpx.Client):
    assert ada.get("/api/mappings").status_code == 200
    with context.database.write() as session:
        session.get_one(UserRow, "ada").is_active = False
    reply = ada.get("/api/mappings")
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "USER_DISABLED")


def test_strict_mode_believes_no_headers(make_context: Callable[..., Context], client_of: Callable[..., httpx.Client]):
    context = make_context(auth_mode="strict")
    client = client_of(context, **{"X-Username": "ada", "X-User-Role": "ops"})
    reply = client.get("/api/mappings")
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "UNAUTHORIZED")
    trusted = client_of(context, **{"X-Username": "ada", "X-Internal-Api-Key": "internal-secret"})
    assert trusted.get("/api/mappings").status_code == 200
    nameless = client_of(context, **{"X-Internal-Api-Key": "internal-secret"})
    assert nameless.get("/api/mappings").status_code == 401


def test_unknown_users_need_provisioning(make_context: Callable[..., Context], client_of: Callable[..., httpx.Client]):
    context = make_context(auth_mode="strict", auto_provision=False)
    client = client_of(context, **{"X-Username": "ada", "X-Internal-Api-Key": "internal-secret"})
    assert client.get("/api/mappings").json()["error"]["code"] == "USER_NOT_PROVISIONED"


def test_the_stored_role_counts_without_a_header(context: Context, as_user: Callable[..., httpx.Client]):
    create_api_key(context.database, "root", Role.ADMIN, NOW)
    assert as_user("root").get("/api/schema/stats").status_code == 200
    assert as_user("root", "analyst").get("/api/schema/stats").status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nowhere", None, 404, "RESOURCE_NOT_FOUND"),
        ("PATCH", "/api/mappings", None, 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/mappings/abc", None, 400, "VALIDATION_FAILED"),
        ("GET", "/api/mappings/0", None, 400, "VALIDATION_FAILED"),
        ("GET", "/api/mappings/99999999999999999999", None, 400, "VALIDATION_FAILED"),
        ("GET", "/api/mappings/12", None, 404, "RESOURCE_NOT_FOUND"),
        ("POST", "/api/mappings", b"{", 400, "VALIDATION_FAILED"),
        ("POST", "/api/mappings", b"[]", 400, "VALIDATION_FAILED"),
        ("POST", "/api/mappings", b"", 400, "VALIDATION_FAILED"),
        ("POST", "/api/mappings", b" " * (11 * 1024 * 1024), 413, "PAYLOAD_TOO_LARGE"),
    ],
)
def test_every_error_has_the_same_body(
    ada: httpx.Client, method: str, path: str, body: bytes | None, status: int, code: str
):
    reply = ada.request(method, path, content=body, headers={"X-Request-ID": "r-1", "Content-Type": "application/json"})
    assert reply.status_code == status
    assert set(reply.json()) == {"error", "meta"}
    assert reply.json()["error"]["code"] == code
    assert isinstance(reply.json()["error"]["details"], dict)
    assert reply.json()["meta"]["request_id"] == reply.headers["X-Request-ID"] == "r-1"


def test_a_wrong_method_is_told_all_right_ones(ada: httpx.Client):
    reply = ada.patch("/api/mappings/7")
    assert reply.status_code == 405
    assert reply.json()["error"]["details"]["allowed"] == ["DELETE", "GET", "PUT"]


def test_a_trailing_slash_is_no_redirect(ada: httpx.Client):
    assert ada.get("/api/mappings/", follow_redirects=False).status_code == 200


def test_another_content_type_is_refused(ada: httpx.Client):
    reply = ada.post("/api/mappings", content=b"name=x", headers={"Content-Type": "text/plain"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "VALIDATION_FAILED")


def test_probes_need_no_credential(as_user: Callable[..., httpx.Client]):
    client = as_user(None)
    assert client.get("/health").json().items() >= {"status": "healthy", "database": "unknown"}.items()
    assert client.get("/ready").json().items() >= {"status": "ready", "database": "connected"}.items()
    assert client.get("/api/mappings").status_code == 401


def test_the_openapi_document_is_true_about_errors(ada: httpx.Client):
    document = ada.get("/api/openapi.json").json()
    assert document == ada.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert "422" not in operation["responses"], f"{method} {path}"
            assert operation["summary"]


def test_every_public_route_refuses_strangers(as_user: Callable[..., httpx.Client], ada: httpx.Client):
    document: dict[str, Any] = ada.get("/openapi.json").json()
    stranger = as_user(None)
    for path, operations in document["paths"].items():
        if path in ("/health", "/ready", "/api/users/bootstrap"):
            continue
        for method in operations:
            filled = path
            for name in ("mapping_id", "snapshot_id", "instance_id", "version", "from_version", "to_version"):
                filled = filled.replace(f"{{{name}}}", "1")
            reply = stranger.request(method, filled, json={} if method in ("post", "put") else None)
            assert (reply.status_code, reply.json()["error"]["code"]) == (401, "UNAUTHORIZED"), f"{method} {path}"


class TestCatalog:
    @pytest.fixture(autouse=True)
    def _filled(self, context: Context) -> None:
        refresh_catalog(context)

    def test_browse(self, ada: httpx.Client):
        (catalog,) = ada.get("/api/schema/catalogs").json()["data"]
        assert catalog["catalog_name"] == "bank"
        assert catalog["cached_at"] is not None
        schemas = ada.get("/api/schema/catalogs/BANK/schemas").json()["data"]
        assert [(item["schema_name"], item["table_count"]) for item in schemas] == [("main", 3)]
        tables = ada.get("/api/schema/catalogs/bank/schemas/MAIN/tables").json()["data"]
        assert [(item["table_name"], item["table_type"]) for item in tables] == [
            ("accounts", "BASE TABLE"), ("rich", "VIEW"), ("transfers", "BASE TABLE"),
        ]  # fmt: skip
        columns = ada.get("/api/schema/catalogs/bank/schemas/main/tables/Accounts/columns").json()["data"]
        assert [(item["column_name"], item["ordinal_position"]) for item in columns] == [
            ("acct_no", 1), ("opened", 2), ("balance", 3),
        ]  # fmt: skip

    @pytest.mark.parametrize("path", ["x/schemas", "bank/schemas/x/tables", "bank/schemas/main/tables/x/columns"])
    def test_what_is_not_there(self, ada: httpx.Client, path: str):
        assert ada.get(f"/api/schema/catalogs/{path}").status_code == 404

    def test_search_is_a_prefix_without_wildcards(self, ada: httpx.Client):
        def found(kind: str, q: str) -> list[str]:
            data = ada.get(f"/api/schema/search/{kind}", params={"q": q}).json()["data"]
            return [item[f"{kind[:-1]}_name"] for item in data]

        assert found("tables", "TRANS") == ["transfers"]
        assert found("tables", "%") == []
        assert found("tables", "ransfers") == []
        assert found("columns", "acct_") == ["acct_no", "acct_no"]
        assert ada.get("/api/schema/search/tables").status_code == 400

    def test_a_refresh_replaces_everything_at_once(self, context: Context, as_user: Callable[..., httpx.Client]):
        root = as_user("root", "admin")
        before = root.get("/api/schema/stats").json()["data"]
        refresh_catalog(context)
        after = root.get("/api/schema/stats").json()["data"]
        assert before["total_tables"] == after["total_tables"] == 3
        assert after["last_refresh"] > before["last_refresh"]
        assert root.post("/api/schema/admin/refresh").json()["data"] == {"status": "refresh triggered"}
        assert as_user("ada").post("/api/schema/admin/refresh").status_code == 403


def test_a_nul_character_is_no_failure_of_the_server(ada: httpx.Client, payments: dict[str, Any]):
    """PostgreSQL refuses it, SQLite keeps it; neither may end in a 500."""
    for path in ("/api/mappings?search=%00", "/api/mappings?owner=%00", "/api/schema/search/tables?q=%00"):
        assert ada.get(path).status_code in (200, 400), path
    assert ada.post("/api/mappings", json={**payments, "description": "a\0b"}).status_code in (201, 400)
