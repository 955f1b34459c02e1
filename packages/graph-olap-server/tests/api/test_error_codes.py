"""Every code of section 1.10.3 that the control plane can send, with its status, its details and the envelope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
from graph_olap.exceptions import ERROR_CODES
from graph_olap_server.domain.roles import Role
from graph_olap_server.services import api_keys
from graph_olap_server.services.context import Context, utc_now
from graph_olap_server.store.database import Database
from graph_olap_server.store.tables import UserRow

JSON = {"Content-Type": "application/json"}

# Sent by running graphs only; tests/instance/server reaches them.
OF_INSTANCES = {
    "ALGORITHM_FAILED", "ALGORITHM_NOT_FOUND", "ALGORITHM_TIMEOUT", "INSTANCE_NOT_READY", "QUERY_TIMEOUT",
    "RESOURCE_LOCKED", "RESULT_TOO_LARGE", "RYUGRAPH_ERROR",
}  # fmt: skip

DETAILS = {
    "VALIDATION_FAILED": ("field", "reason", "errors"),
    "UNAUTHORIZED": ("reason",),
    "PERMISSION_DENIED": ("resource_type", "resource_id"),
    "INSUFFICIENT_ROLE": ("required_role", "user_role"),
    "USER_DISABLED": ("username",),
    "USER_NOT_PROVISIONED": ("username",),
    "FEATURE_DISABLED": ("feature",),
    "RESOURCE_NOT_FOUND": ("resource_type", "resource_id"),
    "METHOD_NOT_ALLOWED": ("allowed",),
    "REQUEST_TIMEOUT": ("timeout_ms",),
    "CONCURRENCY_LIMIT_EXCEEDED": ("limit_type", "current_count", "max_allowed"),
    "RESOURCE_HAS_DEPENDENCIES": ("resource_type", "resource_id", "dependent_type", "dependent_count"),
    "INVALID_STATE": ("resource", "resource_id", "current_state", "required_state"),
    "ALREADY_EXISTS": ("resource_type",),
    "IDEMPOTENCY_CONFLICT": ("idempotency_key",),
    "PAYLOAD_TOO_LARGE": ("max_bytes",),
    "RATE_LIMIT_EXCEEDED": ("resource", "retry_after_seconds"),
    "SERVICE_UNAVAILABLE": ("service",),
    "MAINTENANCE_MODE": ("service", "enabled"),
}


def send_each_code(
    context: Context, client_of: Callable[..., httpx.Client], payments: dict[str, Any]
) -> dict[str, httpx.Response]:
    """Provoke the codes that need no special settings."""
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
    favorite = {"resource_type": "mapping", "resource_id": mapping}
    ada.post("/api/favorites", json=favorite)
    found["ALREADY_EXISTS"] = ada.post("/api/favorites", json=favorite)
    olga = client_of(context, **{"X-Username": "olga", "X-User-Role": "ops"})
    olga.put("/api/config/maintenance", json={"enabled": True, "message": "Back at noon."})
    found["MAINTENANCE_MODE"] = ada.post("/api/instances", json=instance)
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
    narrow = make_context(explicit_snapshots=False, dry_run_max_duration=1e-6)
    found["FEATURE_DISABLED"] = client_of(narrow, **{"X-Username": "ada"}).post("/api/snapshots", json={})
    dry_run = client_of(narrow, **{"X-Username": "ada"}).post("/api/mappings/validate", json=payments)
    found["REQUEST_TIMEOUT"] = dry_run
    assert found.keys() == ERROR_CODES.keys() - OF_INSTANCES
    for code, reply in found.items():
        assert reply.json()["error"]["code"] == code
        assert reply.status_code == ERROR_CODES[code].status
        assert set(reply.json()) == {"error", "meta"}
        assert set(reply.json()["error"]) == {"code", "message", "details"}
        assert isinstance(reply.json()["error"]["details"], dict)
        assert reply.json()["meta"]["request_id"] == reply.headers["X-Request-ID"]
        assert ("Retry-After" in reply.headers) == (reply.status_code in (429, 503)), code
        assert "Traceback" not in reply.text
        assert set(DETAILS.get(code, ())) <= reply.json()["error"]["details"].keys(), code
