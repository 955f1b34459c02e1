"""Who may do what (section 1.5): every route of the application, every role, own and others' resources."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from graph_olap_server.api.app import create_app
from graph_olap_server.api.documentation import operation_key
from graph_olap_server.domain.roles import Identity, Role
from graph_olap_server.services import instances, mappings, snapshots
from graph_olap_server.services.api_keys import create_api_key
from graph_olap_server.services.catalog import refresh_catalog
from graph_olap_server.services.context import Context
from graph_olap_server.services.requests import CopyMapping, CreateInstance, CreateMapping, CreateSnapshot
from graph_olap_server.store.tables import InstanceRow
from sqlalchemy import delete

EVERYBODY, READ, OWNER, ADMIN, OPS, SERVICE = "everybody", "read", "owner", "admin", "ops", "service"
RULES = {
    "GET /health": EVERYBODY,
    "GET /ready": EVERYBODY,
    "GET /metrics": OPS,
    "GET /api/mappings": READ,
    "POST /api/mappings": READ,
    "POST /api/mappings/validate": READ,
    "POST /api/mappings/infer": READ,
    "GET /api/mappings/{}": READ,
    "PUT /api/mappings/{}": OWNER,
    "DELETE /api/mappings/{}": OWNER,
    "POST /api/mappings/{}/copy": READ,
    "GET /api/mappings/{}/versions": READ,
    "GET /api/mappings/{}/versions/{}": READ,
    "GET /api/mappings/{}/versions/{}/diff/{}": READ,
    "PUT /api/mappings/{}/lifecycle": OWNER,
    "GET /api/mappings/{}/tree": READ,
    "GET /api/mappings/{}/snapshots": READ,
    "GET /api/mappings/{}/instances": READ,
    "GET /api/snapshots": READ,
    "POST /api/snapshots": READ,
    "GET /api/snapshots/{}": READ,
    "PUT /api/snapshots/{}": OWNER,
    "DELETE /api/snapshots/{}": OWNER,
    "PUT /api/snapshots/{}/lifecycle": OWNER,
    "GET /api/snapshots/{}/progress": READ,
    "GET /api/snapshots/{}/load-report": READ,
    "POST /api/snapshots/{}/retry": OWNER,
    "GET /api/instances": READ,
    "POST /api/instances": READ,
    "POST /api/instances/from-mapping": READ,
    "GET /api/instances/user/status": READ,
    "GET /api/instances/{}": READ,
    "PUT /api/instances/{}": OWNER,
    "DELETE /api/instances/{}": OWNER,
    "POST /api/instances/{}/terminate": OWNER,
    "POST /api/instances/{}/suspend": OWNER,
    "POST /api/instances/{}/resume": OWNER,
    "GET /api/instances/{}/progress": READ,
    "GET /api/instances/{}/events": READ,
    "PUT /api/instances/{}/lifecycle": OWNER,
    "POST /api/instances/{}/extend": OWNER,
    "PUT /api/instances/{}/cpu": OWNER,
    "PUT /api/instances/{}/memory": OWNER,
    "PUT /api/instances/{}/sharing": OWNER,
    "GET /api/favorites": READ,
    "POST /api/favorites": READ,
    "DELETE /api/favorites/{}/{}": READ,
    "GET /api/schema/catalogs": READ,
    "GET /api/schema/catalogs/{}/schemas": READ,
    "GET /api/schema/catalogs/{}/schemas/{}/tables": READ,
    "GET /api/schema/catalogs/{}/schemas/{}/tables/{}/columns": READ,
    "GET /api/schema/search/tables": READ,
    "GET /api/schema/search/columns": READ,
    "POST /api/schema/admin/refresh": ADMIN,
    "GET /api/schema/stats": ADMIN,
    "GET /api/config/lifecycle": OPS,
    "PUT /api/config/lifecycle": OPS,
    "GET /api/config/concurrency": OPS,
    "PUT /api/config/concurrency": OPS,
    "GET /api/config/maintenance": OPS,
    "PUT /api/config/maintenance": OPS,
    "GET /api/config/export": OPS,
    "PUT /api/config/export": OPS,
    "GET /api/cluster/health": OPS,
    "GET /api/cluster/instances": OPS,
    "POST /api/ops/jobs/trigger": OPS,
    "GET /api/ops/jobs/status": OPS,
    "GET /api/ops/state": OPS,
    "GET /api/ops/export-jobs": OPS,
    "GET /api/ops/audit": OPS,
    "GET /api/export-jobs": READ,
    "DELETE /api/admin/resources/bulk": ADMIN,
    "GET /api/users": ADMIN,
    "POST /api/users": ADMIN,
    # In strict mode; on a laptop anybody may, as long as there is no user.
    "POST /api/users/bootstrap": SERVICE,
    "GET /api/users/{}": READ,
    "PUT /api/users/{}": ADMIN,
    "DELETE /api/users/{}": ADMIN,
    "PUT /api/users/{}/role": ADMIN,
    "POST /api/internal/instances/{}/authorize": SERVICE,
    "POST /api/internal/instances/{}/activity": SERVICE,
}
"""The table of the contract. A route that is not in it fails; whoever adds one says here whose it is."""

HIDDEN = {"/api/openapi.json", "/api/docs", "/docs/oauth2-redirect", "/openapi.json"}
ROLES = {"ada": Role.ANALYST, "bob": Role.ANALYST, "root": Role.ADMIN, "olga": Role.OPS}
QUERY = {"/api/schema/search/tables": {"q": "a"}, "/api/schema/search/columns": {"q": "a"}}
USER = {"username": "eve", "email": "eve@example.com", "display_name": "Eve"}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    context = make_context(auth_mode="strict", per_analyst_limit=100, cluster_limit=1000, login_failures_limit=10_000)
    refresh_catalog(context)
    return context


@pytest.fixture
def callers(context: Context, client_of: Callable[..., httpx.Client]) -> dict[str, httpx.Client]:
    """A client for each user; ``nobody`` has no credential and ``service`` the internal key."""
    clients = {
        name: client_of(context, Authorization=f"Bearer {create_api_key(context.database, name, role, NOW)}")
        for name, role in ROLES.items()
    }
    clients["nobody"] = client_of(context, **{"X-Username": "ada", "X-User-Role": "ops"})
    clients["service"] = client_of(context, **{"X-Internal-Api-Key": "internal-secret"})
    return clients


@pytest.fixture
def make_ids(context: Context, payments: dict[str, Any]) -> Callable[[], dict[str, int]]:
    """Make a mapping, a snapshot and an instance that belong to ada, with the rows only."""
    ada = Identity("ada", Role.ANALYST)
    first = mappings.create_mapping(context, ada, CreateMapping.model_validate(payments)).mapping.id

    def make() -> dict[str, int]:
        with context.database.write() as session:
            session.execute(delete(InstanceRow))  # the limit of instances is not what is tested here
        mapping = mappings.copy_mapping(context, ada, first, CopyMapping(name="Copy")).id
        snapshot = snapshots.create_snapshot(context, ada, CreateSnapshot(mapping_id=mapping, name="S")).id
        instance = instances.create_instance(context, ada, CreateInstance(mapping_id=mapping, name="I")).id
        return {"mappings": mapping, "snapshots": snapshot, "instances": instance}

    return make


def all_routes(routes: Any) -> Iterator[tuple[str, str]]:
    for route in routes:
        if hasattr(route, "original_router"):
            yield from all_routes(route.original_router.routes)
        elif route.path not in HIDDEN:
            yield from ((method, route.path) for method in sorted(route.methods - {"HEAD"}))


@pytest.fixture
def routes(context: Context) -> list[tuple[str, str]]:
    app: Any = create_app(context)
    while not isinstance(app, FastAPI):
        app = app._app
    return list(all_routes(app.routes))


def test_every_route_has_a_rule_and_is_documented(routes: list[tuple[str, str]], callers: dict[str, httpx.Client]):
    found = {operation_key(method, path) for method, path in routes}
    assert found == RULES.keys()
    paths = callers["nobody"].get("/openapi.json").json()["paths"]
    assert found == {operation_key(method, path) for path, operations in paths.items() for method in operations}


def test_the_table_holds_for_every_role_and_owner(
    routes: list[tuple[str, str]], callers: dict[str, httpx.Client], make_ids: Callable[[], dict[str, int]]
):
    paths = callers["nobody"].get("/openapi.json").json()["paths"]
    wrong = []
    for method, path in routes:
        rule = RULES[operation_key(method, path)]
        body = paths[path][method.lower()].get("requestBody", {}).get("content", {}).get("application/json", {})
        ids = make_ids()
        for caller, client in callers.items():
            expected = expectation(rule, caller)
            if expected is None:
                continue
            ids = ids if method == "GET" else make_ids()
            reply = client.request(
                method, fill(path, ids), json=with_ids(body.get("example"), ids), params=QUERY.get(path)
            )
            if not fits(reply, expected):
                wrong.append(f"{method} {path} as {caller}: {reply.status_code} {reply.text[:120]}, not {expected}")
    assert wrong == []


def test_what_is_missing_is_missing_for_everybody(routes: list[tuple[str, str]], callers: dict[str, httpx.Client]):
    paths = callers["nobody"].get("/openapi.json").json()["paths"]
    for method, path in routes:
        if RULES[operation_key(method, path)] != OWNER:
            continue
        body = paths[path][method.lower()].get("requestBody", {}).get("content", {}).get("application/json", {})
        for caller in ROLES:
            reply = callers[caller].request(method, re.sub(r"{[^}]*}", "999", path), json=body.get("example"))
            assert (reply.status_code, reply.json()["error"]["code"]) == (404, "RESOURCE_NOT_FOUND"), f"{method} {path}"


@pytest.mark.parametrize(
    ("caller", "method", "path", "body", "status"),
    [
        ("root", "PUT", "/api/users/bob/role", {"role": "ops"}, 403),
        ("olga", "PUT", "/api/users/bob/role", {"role": "ops"}, 200),
        ("root", "PUT", "/api/users/olga/role", {"role": "analyst"}, 403),
        ("root", "PUT", "/api/users/olga", {"is_active": False}, 403),
        ("root", "DELETE", "/api/users/olga", None, 403),
        ("root", "POST", "/api/users", USER | {"role": "ops"}, 403),
        ("olga", "POST", "/api/users", USER | {"role": "ops"}, 201),
        ("root", "PUT", "/api/users/bob/role", {"role": "admin"}, 200),
    ],
)
def test_only_ops_make_and_touch_ops(
    callers: dict[str, httpx.Client], caller: str, method: str, path: str, body: Any, status: int
):
    reply = callers[caller].request(method, path, json=body)
    assert reply.status_code == status, reply.text
    if status == 403:
        assert reply.json()["error"]["code"] == "INSUFFICIENT_ROLE"


@pytest.mark.parametrize("caller", ["root", "olga"])
def test_nobody_changes_the_own_role_or_locks_themselves_out(callers: dict[str, httpx.Client], caller: str):
    for method, path, body in (
        ("PUT", f"/api/users/{caller}/role", {"role": "analyst"}),
        ("PUT", f"/api/users/{caller}", {"is_active": False}),
        ("DELETE", f"/api/users/{caller}", None),
    ):
        assert callers[caller].request(method, path, json=body).status_code in (400, 403, 409), f"{method} {path}"
    assert callers[caller].get(f"/api/users/{caller}").json()["is_active"]


def expectation(rule: str, caller: str) -> str | None:
    """Return ``allowed``, or the code of the refusal; ``None`` where the table says nothing."""
    if rule == EVERYBODY:
        return "allowed" if caller == "nobody" else None
    if rule == SERVICE:
        return "allowed" if caller == "service" else "UNAUTHORIZED"
    if caller in ("nobody", "service"):
        return "UNAUTHORIZED" if caller == "nobody" else None
    if rule == OWNER:
        return "PERMISSION_DENIED" if caller == "bob" else "allowed"
    required = {READ: Role.ANALYST, ADMIN: Role.ADMIN, OPS: Role.OPS}[rule]
    return "allowed" if ROLES[caller].includes(required) else "INSUFFICIENT_ROLE"


def fits(reply: httpx.Response, expected: str) -> bool:
    if reply.status_code < 400:
        return expected == "allowed"
    error = reply.json()["error"]
    if expected == "allowed":
        # State and limits come after permission; whatever they say, the caller was let in.
        return reply.status_code in (400, 404, 409, 429) or error["code"] in ("ALREADY_EXISTS", "SERVICE_UNAVAILABLE")
    details = {
        "UNAUTHORIZED": {"reason"},
        "PERMISSION_DENIED": {"resource_type", "resource_id"},
        "INSUFFICIENT_ROLE": {"required_role", "user_role"},
    }[expected]
    return error["code"] == expected and set(error["details"]) == details


def fill(path: str, ids: dict[str, int]) -> str:
    names = {"catalog": "bank", "schema": "main", "table": "accounts", "username": "grace", "resource_type": "mapping"}
    room = re.search(r"/(mappings|snapshots|instances)/{", path)
    if room is not None:
        path = path.replace(path[path.index("{") : path.index("}") + 1], str(ids[room.group(1)]), 1)
    return re.sub(r"{([^}]*)}", lambda match: names.get(match.group(1), "1"), path)


def with_ids(body: Any, ids: dict[str, int]) -> Any:
    if not isinstance(body, dict):
        return body
    if "headers" in body:  # what an instance shows of its caller must be good in strict mode too
        return {"headers": {"x-username": "bob", "x-internal-api-key": "internal-secret"}}
    return body | {key: ids["mappings"] for key in ("mapping_id", "resource_id") if key in body}
