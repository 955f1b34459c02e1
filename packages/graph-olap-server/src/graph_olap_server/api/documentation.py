"""What the OpenAPI document says beyond what routes declare: statuses, examples, credentials, common headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from graph_olap_server.api.examples import DEFINITIONS, EDGE, LIFETIME, REPLIES, REQUEST_ID, example_of
from graph_olap_server.domain.errors import (
    PlatformError,
    invalid_state,
    not_found,
    permission_denied,
    validation_failed,
)

__all__ = ["complete_document", "operation_key"]

_ERROR_SCHEMA = {"$ref": "#/components/schemas/ErrorReply"}
_ERRORS: dict[int, tuple[str, tuple[PlatformError, ...]]] = {
    400: (
        "The request is wrong; details.errors lists every problem.",
        (validation_failed([("name", "must not be blank"), ("ttl", "a duration must be longer than zero")]),),
    ),
    401: (
        "No credential, or one that is not good.",
        (PlatformError("UNAUTHORIZED", "The API key is unknown, expired or revoked.", {"reason": "bad_key"}),),
    ),
    403: (
        "Not allowed: wrong owner or role, account switched off, or the feature is off.",
        (
            permission_denied("mapping", 7, "ada"),
            PlatformError(
                "INSUFFICIENT_ROLE",
                "This needs the role ops; grace has the role analyst.",
                {"required_role": "ops", "user_role": "analyst"},
            ),
            PlatformError("USER_DISABLED", "The account grace is switched off. Ask an admin.", {"username": "grace"}),
        ),
    ),
    404: ("There is no such thing.", (not_found("mapping", 7),)),
    408: (
        "The work took longer than it may.",
        (PlatformError("REQUEST_TIMEOUT", "The dry run took longer than 300 s.", {"timeout_ms": 300_000}),),
    ),
    409: (
        "It does not fit the current state, a limit, or an earlier request with the same Idempotency-Key.",
        (
            invalid_state("instance", 12, "starting", "running", "Instance 12 is starting; it must be running."),
            PlatformError(
                "CONCURRENCY_LIMIT_EXCEEDED",
                "ada has 5 of 5 instances. Terminate one that is no longer needed.",
                {"limit_type": "per_analyst", "current_count": 5, "max_allowed": 5},
            ),
            PlatformError(
                "RESOURCE_HAS_DEPENDENCIES",
                "Mapping 7 still has 1 instance(s). Remove them first.",
                {"resource_type": "mapping", "resource_id": 7, "dependent_type": "instance", "dependent_count": 1},
            ),
            PlatformError("ALREADY_EXISTS", "There is a user grace already.", {"resource_type": "user"}),
            PlatformError(
                "IDEMPOTENCY_CONFLICT",
                "The Idempotency-Key k-1 was used with another body. Use a new key for a new request.",
                {"idempotency_key": "k-1"},
            ),
        ),
    ),
    413: (
        "The body is larger than 10 MiB.",
        (
            PlatformError(
                "PAYLOAD_TOO_LARGE", "The request body is larger than 10485760 bytes.", {"max_bytes": 10_485_760}
            ),
        ),
    ),
    429: (
        "Too often; Retry-After says when to come back.",
        (
            PlatformError(
                "RATE_LIMIT_EXCEEDED",
                "Too many failed logins from this address.",
                {"resource": "login", "retry_after_seconds": 42},
            ),
        ),
    ),
    500: (
        "The server failed.",
        (PlatformError("INTERNAL_ERROR", f"The server failed. Quote request {REQUEST_ID} to your operator."),),
    ),
    503: (
        "Something that is needed does not answer, or maintenance is on; Retry-After says when to come back.",
        (
            PlatformError(
                "SERVICE_UNAVAILABLE",
                "The database does not answer at the moment. Try again.",
                {"service": "database"},
            ),
            PlatformError("MAINTENANCE_MODE", "Back at noon.", {"service": "maintenance", "enabled": True}),
        ),
    ),
}
_ALWAYS = (400, 401, 403, 429, 500, 503)
_MORE = {
    "POST /api/mappings/validate": (408,),
    "POST /api/mappings/infer": (404,),
    "DELETE /api/mappings/{}": (409,),
    "DELETE /api/snapshots/{}": (409,),
    "POST /api/snapshots": (404,),
    "POST /api/instances": (404,),
    "POST /api/instances/from-mapping": (404,),
    "POST /api/favorites": (404,),
    "DELETE /api/admin/resources/bulk": (413,),
}

_NAMES = {"name": "Payments in March", "description": "For the audit"}
_USER = {"username": "grace", "email": "grace@example.com", "display_name": "Grace", "role": "analyst"}

_BODIES: dict[str, dict[str, Any]] = {
    "POST /api/mappings": {"name": "Payments", "description": "Accounts and transfers", **DEFINITIONS, "ttl": "P90D"},
    "POST /api/mappings/validate": {**DEFINITIONS, "on_bad_rows": "report"},
    "POST /api/mappings/infer": {"catalog_name": "bank", "schema_name": "main"},
    "PUT /api/mappings/{}": {"change_description": "Only large payments", "edge_definitions": [EDGE]},
    "POST /api/mappings/{}/copy": {"name": "Payments, my copy"},
    "PUT /api/mappings/{}/lifecycle": LIFETIME,
    "POST /api/snapshots": {"mapping_id": 1, "name": "Payments in March", "ttl": "P7D"},
    "PUT /api/snapshots/{}": _NAMES,
    "PUT /api/snapshots/{}/lifecycle": LIFETIME,
    "POST /api/instances": {"mapping_id": 1, "name": "Payments", "cpu_cores": 2},
    "POST /api/instances/from-mapping": {"mapping_id": 1, "name": "Payments", "ttl": "PT24H"},
    "PUT /api/instances/{}": _NAMES,
    "PUT /api/instances/{}/lifecycle": {"ttl": "PT24H"},
    "POST /api/instances/{}/extend": {"hours": 24},
    "PUT /api/instances/{}/sharing": {"users": ["grace"], "everyone": False},
    "PUT /api/instances/{}/cpu": {"cpu_cores": 4},
    "PUT /api/instances/{}/memory": {"memory_gb": 8},
    "POST /api/favorites": {"resource_type": "mapping", "resource_id": 1},
    "PUT /api/config/lifecycle": {"instance": {"default_ttl": "PT24H", "max_ttl": "P7D"}},
    "PUT /api/config/concurrency": {"per_analyst": 5, "cluster_total": 50},
    "PUT /api/config/maintenance": {"enabled": True, "message": "Back at noon."},
    "PUT /api/config/export": {"max_duration_seconds": 3600},
    "POST /api/ops/jobs/trigger": {"job_name": "reconciliation", "reason": "after the outage"},
    "DELETE /api/admin/resources/bulk": {
        "resource_type": "instance",
        "filters": {"created_by": "grace", "older_than_hours": 24},
        "reason": "left the team",
        "expected_count": 2,
        "dry_run": True,
    },
    "POST /api/users": _USER,
    "POST /api/users/bootstrap": {**_USER, "role": "ops"},
    "PUT /api/users/{}": {"display_name": "Grace H."},
    "PUT /api/users/{}/role": {"role": "admin"},
    "POST /api/internal/instances/{}/authorize": {"headers": {"x-username": "grace"}},
}

_FLAT_REPLIES: dict[str, Any] = {
    "GET /health": {"status": "healthy", "version": "1.0.0", "database": "unknown"},
    "GET /ready": {"status": "ready", "version": "1.0.0", "database": "connected"},
    "POST /api/internal/instances/{}/authorize": {
        "data": {"username": "grace", "role": "analyst", "can_read": True, "can_run": False},
        "meta": {"request_id": REQUEST_ID},
    },
}

_CREDENTIALS = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of the single sign-on."},
    "internalKey": {"type": "apiKey", "in": "header", "name": "X-Internal-Api-Key"},
    "username": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Username",
        "description": "Believed in dev mode, or together with the internal key.",
    },
}
_KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeating the request with the same key within 24 hours gives the same answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}


_COUNTED_STEPS = {name: {"type": "integer", "minimum": 0} for name in ("completed_steps", "total_steps")}
"""Counted when a progress is sent; clients count for themselves, so their models have no such fields."""


def complete_document(document: dict[str, Any]) -> None:
    """Add to each operation its error statuses, an example of its body, its credentials and common headers."""
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for name in ("SnapshotProgress", "InstanceProgress"):
        schemas[name]["properties"] |= _COUNTED_STEPS
    document["components"]["securitySchemes"] = _CREDENTIALS
    document["components"]["responses"] = {f"Error{status}": _error(status) for status in _ERRORS}
    for path, method, operation in _operations(document):
        key = operation_key(method, path)
        _complete(operation, key)
        _show_reply(operation, key, schemas)


def operation_key(method: str, path: str) -> str:
    """Return the name of an operation without the names of its parameters.

    Example:
        >>> operation_key("get", "/api/mappings/{mapping_id}")
        'GET /api/mappings/{}'
    """
    return f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}"


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield path, method, operation


def _complete(operation: dict[str, Any], key: str) -> None:
    responses = operation["responses"]
    for wildcard in ("422", "4XX", "5XX"):
        responses.pop(wildcard, None)
    if key == "GET /ready":
        responses["503"] = {"description": "Not ready.", "content": {"application/json": {"schema": _ERROR_SCHEMA}}}
    if key in ("GET /health", "GET /ready"):
        return
    for status in _statuses(key, operation):
        responses.setdefault(str(status), {"$ref": f"#/components/responses/Error{status}"})
    internal = key.partition(" ")[2].startswith("/api/internal/")
    operation["security"] = [{"internalKey": []}] if internal else [{name: []} for name in _CREDENTIALS]
    if "requestBody" in operation and key in _BODIES:
        operation["requestBody"]["content"]["application/json"]["example"] = _BODIES[key]
    if key.startswith(("POST", "PUT")) and not internal:
        operation.setdefault("parameters", []).append(_KEY_HEADER)


def _error(status: int) -> dict[str, Any]:
    why, errors = _ERRORS[status]
    examples = {error.code: {"value": _error_body(error)} for error in errors}
    found: dict[str, Any] = {
        "description": why,
        "content": {"application/json": {"schema": _ERROR_SCHEMA, "examples": examples}},
    }
    if status in (429, 503):
        found["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}
    return found


def _error_body(error: PlatformError) -> dict[str, Any]:
    body = {"code": error.code, "message": error.message, "details": error.details}
    return {"error": body, "meta": {"request_id": REQUEST_ID}}


def _show_reply(operation: dict[str, Any], key: str, schemas: dict[str, Any]) -> None:
    for status in ("200", "201"):
        content = operation["responses"].get(status, {}).get("content", {}).get("application/json")
        if content is None:
            continue
        if key in _FLAT_REPLIES:
            content["example"] = _FLAT_REPLIES[key]
        elif content.get("schema"):
            content["example"] = example_of(content["schema"], schemas)
            if key in REPLIES:
                content["example"]["data"] = REPLIES[key]


def _statuses(key: str, operation: dict[str, Any]) -> list[int]:
    method, _, path = key.partition(" ")
    found = {*_ALWAYS, *_MORE.get(key, ())}
    if "{}" in path:
        found.add(404)
    if method in ("POST", "PUT"):
        found.add(409)
    if method in ("POST", "PUT") or "requestBody" in operation:
        found.add(413)
    return sorted(found)
