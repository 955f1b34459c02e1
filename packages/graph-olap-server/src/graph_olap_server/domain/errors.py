"""The one exception that servers raise for an answer a client should see.

Status and client class of each code come from :data:`graph_olap.exceptions.ERROR_CODES`; nothing here repeats them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graph_olap.exceptions import ERROR_CODES

__all__ = [
    "FieldProblem",
    "PlatformError",
    "cypher_error",
    "invalid_state",
    "not_found",
    "permission_denied",
    "unavailable",
    "validation_failed",
]

FieldProblem = tuple[str, str]
"""Path of the offending field and what is wrong with it."""


class PlatformError(Exception):
    """An error reply: code, message for an analyst, details, and headers that belong to it.

    Args:
        code: A key of ``ERROR_CODES``.
        message: One or two plain sentences that name the object and the next step.
        details: Facts for programs; keys as in section 1.10.3 of the contract.
        status: Only where one code has two statuses (``RYUGRAPH_ERROR`` of kind ``engine``).
        retry_after: Seconds, for 429 and 503.
    """

    def __init__(
        self,
        code: str,
        message: str,
        details: dict[str, Any] | None = None,
        *,
        status: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.status = ERROR_CODES[code].status if status is None else status
        self.retry_after = 1 if retry_after is None and self.status in (429, 503) else retry_after


def not_found(resource_type: str, resource_id: object, message: str | None = None) -> PlatformError:
    """404: ``resource_type`` is a plain word such as ``mapping``."""
    return PlatformError(
        "RESOURCE_NOT_FOUND",
        message or f"{resource_type.replace('_', ' ').capitalize()} {resource_id} does not exist.",
        {"resource_type": resource_type, "resource_id": resource_id},
    )


def permission_denied(resource_type: str, resource_id: object, owner: str) -> PlatformError:
    """403: the caller is not the owner."""
    return PlatformError(
        "PERMISSION_DENIED",
        f"{resource_type.capitalize()} {resource_id} belongs to {owner}. Ask {owner} or an admin.",
        {"resource_type": resource_type, "resource_id": resource_id},
    )


def invalid_state(resource: str, resource_id: object, current: str, required: str, message: str) -> PlatformError:
    """409: the operation does not fit the state."""
    return PlatformError(
        "INVALID_STATE",
        message,
        {"resource": resource, "resource_id": resource_id, "current_state": current, "required_state": required},
    )


def validation_failed(problems: Sequence[FieldProblem], **details: Any) -> PlatformError:
    """400: lists every problem; message, ``field`` and ``reason`` repeat the first."""
    field, reason = problems[0]
    others = len(problems) - 1
    more = f" ({others} more problem{'s' * (others > 1)} in details.errors)" if others else ""
    return PlatformError(
        "VALIDATION_FAILED",
        f"{field}: {reason}{more}" if field else f"{reason}{more}",
        {
            "field": field,
            "reason": reason,
            "errors": [{"field": name, "message": text, "type": "value"} for name, text in problems],
            **details,
        },
    )


def unavailable(service: str, message: str, retry_after: int = 1) -> PlatformError:
    """503: a dependency is down."""
    return PlatformError("SERVICE_UNAVAILABLE", message, {"service": service}, retry_after=retry_after)


def cypher_error(kind: str, message: str, query: str, position: int | None = None) -> PlatformError:
    """400 (500 for ``engine``): a Cypher statement was refused or failed.

    ``kind`` is ``syntax``, ``binder``, ``parameter``, ``runtime``, ``write_not_allowed``, ``statement_not_allowed`` or
    ``engine``.
    """
    return PlatformError(
        "RYUGRAPH_ERROR",
        message,
        {"kind": kind, "query": query[:500], "position": position},
        status=500 if kind == "engine" else None,
    )
