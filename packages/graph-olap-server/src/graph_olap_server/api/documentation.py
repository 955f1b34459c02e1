"""What the OpenAPI document says beyond what routes declare: statuses, examples, credentials, common headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["complete_document", "operation_key"]

_ERROR_SCHEMA = {"$ref": "#/components/schemas/ErrorReply"}
# Status: what it means, and the code and message of an example.
_ERRORS = {
    400: (
        "The request is wrong; details.errors lists every problem.",
        "VALIDATION_FAILED",
        "name: must not be blank",
    ),
    401: ("No credential, or one that is not good.", "UNAUTHORIZED", "The API key is unknown, expired or revoked."),
    403: (
        "Not allowed: wrong owner or role, account switched off, or the feature is off.",
        "PERMISSION_DENIED",
        "Mapping 7 belongs to ada. Ask ada or an admin.",
    ),
    404: ("There is no such thing.", "RESOURCE_NOT_FOUND", "Mapping 7 does not exist."),
    408: ("The work took longer than it may.", "REQUEST_TIMEOUT", "The dry run took longer than 300 s."),
    409: (
        "It does not fit the current state, a limit, or an earlier request with the same Idempotency-Key.",
        "INVALID_STATE",
        "Instance 12 is starting; it must be running.",
    ),
    413: ("The body is larger than 10 MiB.", "PAYLOAD_TOO_LARGE", "The request body is larger than 10485760 bytes."),
    429: (
        "Too often; Retry-After says when to come back.",
        "RATE_LIMIT_EXCEEDED",
        "Too many failed logins from this address.",
    ),
    500: ("The server failed.", "INTERNAL_ERROR", "The server failed. Quote request 5f0c to your operator."),
    503: (
        "Something that is needed does not answer, or maintenance is on; Retry-After says when to come back.",
        "SERVICE_UNAVAILABLE",
        "The database does not answer at the moment. Try again.",
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

_NODE = {
    "label": "Account",
    "sql": "SELECT acct_no, opened, balance FROM accounts",
    "primary_key": {"name": "acct_no", "type": "STRING"},
    "properties": [{"name": "opened", "type": "DATE"}, {"name": "balance", "type": "DOUBLE"}],
}
_EDGE = {
    "type": "PAID",
    "from_node": "Account",
    "to_node": "Account",
    "sql": "SELECT src, dst, amount FROM transfers",
    "from_key": "src",
    "to_key": "dst",
    "properties": [{"name": "amount", "type": "DOUBLE"}],
}
_DEFINITIONS = {"node_definitions": [_NODE], "edge_definitions": [_EDGE]}
_LIFETIME = {"ttl": "P7D", "inactivity_timeout": "PT12H"}
_NAMES = {"name": "Payments in March", "description": "For the audit"}
_USER = {"username": "grace", "email": "grace@example.com", "display_name": "Grace", "role": "analyst"}

_BODIES: dict[str, dict[str, Any]] = {
    "POST /api/mappings": {"name": "Payments", "description": "Accounts and transfers", **_DEFINITIONS, "ttl": "P90D"},
    "POST /api/mappings/validate": {**_DEFINITIONS, "on_bad_rows": "report"},
    "POST /api/mappings/infer": {"catalog_name": "bank", "schema_name": "main"},
    "PUT /api/mappings/{}": {"change_description": "Only large payments", "edge_definitions": [_EDGE]},
    "POST /api/mappings/{}/copy": {"name": "Payments, my copy"},
    "PUT /api/mappings/{}/lifecycle": _LIFETIME,
    "POST /api/snapshots": {"mapping_id": 1, "name": "Payments in March", "ttl": "P7D"},
    "PUT /api/snapshots/{}": _NAMES,
    "PUT /api/snapshots/{}/lifecycle": _LIFETIME,
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


def complete_document(document: dict[str, Any]) -> None:
    """Add to each operation its error statuses, an example of its body, its credentials and common headers."""
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    document["components"]["securitySchemes"] = _CREDENTIALS
    document["components"]["responses"] = {f"Error{status}": _error(status) for status in _ERRORS}
    for path, method, operation in _operations(document):
        _complete(operation, operation_key(method, path))


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
    why, code, message = _ERRORS[status]
    example = {"error": {"code": code, "message": message, "details": {}}, "meta": {"request_id": "5f0c"}}
    found: dict[str, Any] = {
        "description": why,
        "content": {"application/json": {"schema": _ERROR_SCHEMA, "example": example}},
    }
    if status in (429, 503):
        found["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}
    return found


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
