"""The audit log: each write route leaves who, what, when, from where and with which result; no secrets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from graph_olap_server.services.context import Context
from graph_olap_server.services.job_runs import TRIGGERABLE_JOBS, register_jobs

CHECKS_ONLY = {"POST /api/mappings/validate", "POST /api/mappings/infer"}
"""Read the warehouse and change nothing."""

BODIES: dict[str, Any] = {
    "PUT /api/mappings/{mapping_id}": {"change_description": "c", "name": "New"},
    "PUT /api/users/{username}/role": {"role": "admin"},
    "DELETE /api/admin/resources/bulk": {
        "resource_type": "mapping", "filters": {"name_prefix": "nothing"}, "reason": "audit", "expected_count": 0,
    },
}  # fmt: skip
# Need a running engine or something that failed; what these tests make is neither.
OTHER_STATES = {
    "/api/instances/{instance_id}/cpu",
    "/api/instances/{instance_id}/memory",
    "/api/instances/{instance_id}/suspend",
    "/api/instances/{instance_id}/resume",
    "/api/snapshots/{snapshot_id}/retry",
    "/api/users/bootstrap",
}


@pytest.fixture
def ops(as_user: Callable[..., httpx.Client]) -> httpx.Client:
    return as_user("olga", "ops")


@pytest.fixture
def writes(ops: httpx.Client) -> list[tuple[str, str, Any]]:
    """All documented operations that change something, with the example of their body."""
    found = []
    for path, operations in ops.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            key = f"{method.upper()} {path}"
            if method != "get" and not path.startswith("/api/internal/") and key not in CHECKS_ONLY:
                content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
                found.append((method.upper(), path, BODIES.get(key, content.get("example"))))
    return found


def entries(ops: httpx.Client, request_id: str) -> list[dict[str, Any]]:
    found = ops.get("/api/ops/audit", params={"limit": 100}).json()["data"]
    return [entry for entry in found if entry["request_id"] == request_id]


def test_what_is_done_is_written_down(
    context: Context, ops: httpx.Client, writes: list[tuple[str, str, Any]], payments: dict[str, Any]
):
    register_jobs(context, dict.fromkeys(TRIGGERABLE_JOBS, 300))
    silent = []
    for number, (method, path, body) in enumerate(writes):
        if path in OTHER_STATES:
            continue
        ids = prepare(ops, context, payments, number)
        if isinstance(body, dict):
            body = body | {name: value for name, value in ids.items() if name in body and name != "username"}
        reply = ops.request(method, fill(path, ids), json=body, headers={"X-Request-ID": f"write-{number}"})
        assert reply.status_code < 300, f"{method} {path}: {reply.text}"
        done = [entry for entry in entries(ops, f"write-{number}") if entry["result"] == "success"]
        if not done or any((entry["username"], entry["source"]) != ("olga", "127.0.0.1") for entry in done):
            silent.append(f"{method} {path}: {done}")
    assert silent == []


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}], ids=["plain", "with key"])
def test_what_is_refused_is_written_down(
    ops: httpx.Client, as_user: Callable[..., httpx.Client], writes: list[tuple[str, str, Any]], headers: dict[str, str]
):
    """Nobody and a stranger at every door, also where the refusal comes before the routes are looked at."""
    silent = []
    stranger, nobody = as_user("bob"), as_user(None, Authorization="Bearer wrong")
    for number, (method, path, body) in enumerate(writes):
        for who, client in (("anonymous", nobody), ("bob", stranger)):
            if path == "/api/users/bootstrap" and who == "bob":
                continue  # has no caller
            name = f"{who}-{number}"
            url = fill(path, {"mapping_id": 99, "snapshot_id": 99, "instance_id": 99, "username": "olga"})
            reply = client.request(method, url, json=body, headers={**headers, "X-Request-ID": name})
            if reply.status_code < 400:
                continue
            found = entries(ops, name)
            if len(found) != 1 or not fits(found[0], reply, who):
                silent.append(f"{method} {path} as {who}: {reply.status_code} {found}")
    assert silent == []


def test_what_cannot_be_read_is_written_down(ops: httpx.Client, ada: httpx.Client):
    for name, headers in (
        ("bad-key", {"Idempotency-Key": "a b", "Content-Type": "application/json"}),
        ("bad-type", {"Content-Type": "text/plain"}),
    ):
        ada.post("/api/mappings", content=b"{}", headers={**headers, "X-Request-ID": name})
        (entry,) = entries(ops, name)
        assert (entry["action"], entry["result"], entry["resource_type"]) == ("create_mapping", "failed", "mapping")
        assert entry["details"] == {"status": 400, "code": "VALIDATION_FAILED"}


def test_no_secret_is_kept(context: Context, ops: httpx.Client, client_of: Callable[..., httpx.Client]):
    secret = "golap_0123_very-secret"
    client = client_of(context, Authorization=f"Bearer {secret}", **{"X-Internal-Api-Key": "also-secret"})
    client.post("/api/mappings", json={"name": secret})
    client_of(context, Authorization=f"Bearer {secret}").delete("/api/mappings/1")
    ops.request("DELETE", "/api/mappings/1")
    log = ops.get("/api/ops/audit", params={"limit": 100})
    assert log.json()["meta"]["total"] >= 3
    assert "secret" not in log.text


def fits(entry: dict[str, Any], reply: httpx.Response, who: str) -> bool:
    error = reply.json()["error"]["code"]
    denied = reply.status_code in (401, 403, 429)
    return (
        entry["username"] == who
        and entry["result"] == ("denied" if denied else "failed")
        and entry["source"] == "127.0.0.1"
        and entry["created_at"].endswith("Z")
        and entry["details"] == {"status": reply.status_code, "code": error}
    )


def prepare(ops: httpx.Client, context: Context, payments: dict[str, Any], number: int) -> dict[str, Any]:
    """Make a fresh object of each kind."""
    mapping = ops.post("/api/mappings", json=payments).json()["data"]["id"]
    snapshot = ops.post("/api/snapshots", json={"mapping_id": mapping, "name": "S"}).json()["data"]["id"]
    for old in ops.get("/api/instances").json()["data"]:
        ops.delete(f"/api/instances/{old['id']}")
    instance = ops.post("/api/instances", json={"mapping_id": mapping, "name": "I"}).json()["data"]["id"]
    username = f"user{number}"
    user = {"username": username, "email": f"{username}@example.com", "display_name": username}
    assert ops.post("/api/users", json=user).status_code == 201
    ops.post("/api/favorites", json={"resource_type": "mapping", "resource_id": mapping})
    lonely = ops.post("/api/mappings", json=payments).json()["data"]["id"]
    return {
        "mapping_id": mapping,
        "lonely": lonely,
        "snapshot_id": snapshot,
        "instance_id": instance,
        "resource_id": lonely,
        "username": username,
    }


def fill(path: str, ids: dict[str, Any]) -> str:
    if path == "/api/mappings/{mapping_id}" and "lonely" in ids:
        return f"/api/mappings/{ids['lonely']}"
    if path.startswith("/api/favorites/"):
        ids = {**ids, "resource_id": ids["mapping_id"]}
    path = path.replace("{resource_type}", "mapping")
    return re.sub(r"{([^}]*)}", lambda match: str(ids.get(match.group(1), 1)), path)
