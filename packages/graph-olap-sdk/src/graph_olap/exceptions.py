"""Every exception the SDK raises, and the one table from error code to class.

The tree::

    GraphOLAPError
    ├── AuthenticationError
    ├── PermissionDeniedError
    │   └── ForbiddenError
    ├── NotFoundError
    │   └── AlgorithmNotFoundError
    ├── ValidationError                 (also a ValueError)
    ├── ConflictError
    │   ├── ResourceLockedError
    │   ├── ConcurrencyLimitError
    │   ├── DependencyError
    │   └── InvalidStateError
    ├── RateLimitError
    ├── RyugraphError                   Cypher is wrong, forbidden or failed in the engine
    ├── TimeoutError                    (also the built-in TimeoutError)
    │   ├── QueryTimeoutError
    │   └── AlgorithmTimeoutError
    ├── AlgorithmFailedError
    ├── SnapshotFailedError
    ├── InstanceFailedError
    ├── ConnectionError                 (also the built-in ConnectionError)
    └── ServerError
        └── ServiceUnavailableError

The server uses the same table (:data:`ERROR_CODES`) for its status codes, so a code, its status and its class are
written once.
"""

from __future__ import annotations

import builtins
from typing import Any, Dict, List, NamedTuple, Optional, Type

from graph_olap._traceback import notebook_traceback
from graph_olap._version import package_version

__all__ = [
    "ERROR_CODES",
    "AlgorithmFailedError",
    "AlgorithmNotFoundError",
    "AlgorithmTimeoutError",
    "AuthenticationError",
    "ConcurrencyLimitError",
    "ConflictError",
    "ConnectionError",
    "DependencyError",
    "ErrorCode",
    "ForbiddenError",
    "GraphOLAPError",
    "InstanceFailedError",
    "InvalidStateError",
    "NotFoundError",
    "PermissionDeniedError",
    "QueryTimeoutError",
    "RateLimitError",
    "ResourceLockedError",
    "RyugraphError",
    "ServerError",
    "ServiceUnavailableError",
    "SnapshotFailedError",
    "TimeoutError",
    "ValidationError",
    "error_class",
    "error_from_response",
    "other_version",
]


class GraphOLAPError(Exception):
    """Root of all SDK errors.

    Attributes:
        message: One or two plain sentences: what happened, to which object.
        code: The server's upper-case error code, or ``None`` for errors born in the SDK.
        details: Structured facts (field, resource, limits); possibly empty, never ``None``.
        request_id: Quote it to an operator to find the request in the logs.
        status_code: HTTP status of the reply, or ``None``.
        hint: The next step to try, or ``None``.
    """

    def __init__(
        self,
        message: str = "",
        details: Optional[Dict[str, Any]] = None,
        *,
        code: Optional[str] = None,
        request_id: Optional[str] = None,
        status_code: Optional[int] = None,
        hint: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        self.message: str = message
        self.details: Dict[str, Any] = dict(details or {})
        self.code: Optional[str] = code
        self.request_id: Optional[str] = request_id
        self.status_code: Optional[int] = status_code
        self.hint: Optional[str] = hint if hint is not None else self.details.get("hint")

    def __str__(self) -> str:
        text = self.message
        if self.hint and self.hint not in text:
            text = f"{text} {self.hint}"
        return f"{text} [request {self.request_id}]" if self.request_id else text

    def _render_traceback_(self) -> Optional[List[str]]:
        # IPython asks for it.
        return notebook_traceback(self)


class AuthenticationError(GraphOLAPError):
    """The credential is missing, wrong or expired."""


class PermissionDeniedError(GraphOLAPError):
    """The object belongs to somebody else."""


class ForbiddenError(PermissionDeniedError):
    """The caller's role or account does not allow the operation."""


class NotFoundError(GraphOLAPError):
    """The object does not exist (any more)."""


class AlgorithmNotFoundError(NotFoundError):
    """No algorithm has this name; ``details["suggestions"]`` lists near ones."""


class ValidationError(GraphOLAPError, ValueError):
    """Input is wrong; ``details`` names the field, the reason and every problem found."""


class ConflictError(GraphOLAPError):
    """The operation does not fit what is there now."""


class ResourceLockedError(ConflictError):
    """An algorithm holds the instance lock.

    ``holder_name`` and ``algorithm`` say who and what.
    """

    @property
    def holder_name(self) -> Optional[str]:
        """User name of the lock holder."""
        return self.details.get("holder_name")

    @property
    def algorithm(self) -> Optional[str]:
        """Name of the algorithm that holds the lock."""
        return self.details.get("algorithm")


class ConcurrencyLimitError(ConflictError):
    """An instance limit is reached; ``details`` holds ``limit_type``, ``current_count`` and ``max_allowed``."""


class DependencyError(ConflictError):
    """Something still depends on the object."""


class InvalidStateError(ConflictError):
    """The object is in a state that does not allow the operation."""


class RateLimitError(GraphOLAPError):
    """The same operation was asked for too soon; ``details["retry_after_seconds"]`` says when it may be repeated."""


class RyugraphError(GraphOLAPError):
    """The engine refused or failed a Cypher statement; ``details["kind"]`` says why."""


class TimeoutError(GraphOLAPError, builtins.TimeoutError):
    """A time limit passed, on the server or while waiting in the SDK."""


class QueryTimeoutError(TimeoutError):
    """A Cypher query exceeded its time limit and was stopped."""


class AlgorithmTimeoutError(TimeoutError):
    """An algorithm exceeded its time limit and was stopped."""


class AlgorithmFailedError(GraphOLAPError):
    """An algorithm raised an error."""


class SnapshotFailedError(GraphOLAPError):
    """The export of a snapshot failed or was cancelled."""


class InstanceFailedError(GraphOLAPError):
    """An instance (or the snapshot it waited for) failed."""


class ConnectionError(GraphOLAPError, builtins.ConnectionError):
    """The server could not be reached."""


class ServerError(GraphOLAPError):
    """The server failed for a reason outside the request."""


class ServiceUnavailableError(ServerError):
    """A part of the platform is down, starting or in maintenance."""


class ErrorCode(NamedTuple):
    """One row of the error table: HTTP status and the class that the SDK raises."""

    status: int
    exception: Type[GraphOLAPError]


ERROR_CODES: Dict[str, ErrorCode] = {
    "VALIDATION_FAILED": ErrorCode(400, ValidationError),
    "UNAUTHORIZED": ErrorCode(401, AuthenticationError),
    "PERMISSION_DENIED": ErrorCode(403, PermissionDeniedError),
    "INSUFFICIENT_ROLE": ErrorCode(403, ForbiddenError),
    "USER_DISABLED": ErrorCode(403, ForbiddenError),
    "USER_NOT_PROVISIONED": ErrorCode(403, ForbiddenError),
    "FEATURE_DISABLED": ErrorCode(403, ForbiddenError),
    "RESOURCE_NOT_FOUND": ErrorCode(404, NotFoundError),
    "ALGORITHM_NOT_FOUND": ErrorCode(404, AlgorithmNotFoundError),
    "METHOD_NOT_ALLOWED": ErrorCode(405, GraphOLAPError),
    "QUERY_TIMEOUT": ErrorCode(408, QueryTimeoutError),
    "ALGORITHM_TIMEOUT": ErrorCode(408, AlgorithmTimeoutError),
    "REQUEST_TIMEOUT": ErrorCode(408, TimeoutError),
    "RESOURCE_LOCKED": ErrorCode(409, ResourceLockedError),
    "CONCURRENCY_LIMIT_EXCEEDED": ErrorCode(409, ConcurrencyLimitError),
    "RESOURCE_HAS_DEPENDENCIES": ErrorCode(409, DependencyError),
    "INVALID_STATE": ErrorCode(409, InvalidStateError),
    "ALREADY_EXISTS": ErrorCode(409, ConflictError),
    "IDEMPOTENCY_CONFLICT": ErrorCode(409, ConflictError),
    "RESULT_TOO_LARGE": ErrorCode(413, GraphOLAPError),
    "PAYLOAD_TOO_LARGE": ErrorCode(413, ValidationError),
    "RATE_LIMIT_EXCEEDED": ErrorCode(429, RateLimitError),
    "RYUGRAPH_ERROR": ErrorCode(400, RyugraphError),
    "ALGORITHM_FAILED": ErrorCode(500, AlgorithmFailedError),
    "INTERNAL_ERROR": ErrorCode(500, ServerError),
    "SERVICE_UNAVAILABLE": ErrorCode(503, ServiceUnavailableError),
    "MAINTENANCE_MODE": ErrorCode(503, ServiceUnavailableError),
    "INSTANCE_NOT_READY": ErrorCode(503, ServiceUnavailableError),
}
"""Error code → (status, class). ``RYUGRAPH_ERROR`` of kind ``engine`` is sent with status 500."""

_STATUS_CLASSES: Dict[int, Type[GraphOLAPError]] = {
    400: ValidationError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: TimeoutError,
    409: ConflictError,
    422: ValidationError,
    429: RateLimitError,
    503: ServiceUnavailableError,
}


def error_class(code: Optional[str], status: int) -> Type[GraphOLAPError]:
    """Return the exception class for an error reply: by code first, then by status.

    Example:
        >>> error_class("INVALID_STATE", 409).__name__
        'InvalidStateError'
        >>> error_class("SOMETHING_NEW", 502).__name__
        'ServerError'
    """
    if code in ERROR_CODES:
        return ERROR_CODES[code].exception
    if status in _STATUS_CLASSES:
        return _STATUS_CLASSES[status]
    return ServerError if status >= 500 else GraphOLAPError


def other_version(problem: str, details: Optional[Dict[str, Any]] = None) -> ServerError:
    """Build the error for a successful reply that this version of the SDK cannot read.

    Args:
        problem: What is missing or different, without a full stop.
        details: Structured facts.

    Returns:
        The error, to raise.
    """
    return ServerError(
        f"The reply cannot be read ({problem}).",
        details,
        hint=f"The server may be of another version than this SDK ({package_version()}), or api_url may be the address "
        "of something else; client.health.check() tells the server's version.",
    )


def error_from_response(status: int, body: Any, request_id: Optional[str] = None) -> GraphOLAPError:
    """Build the exception for an error reply from its decoded JSON body (any type; foreign bodies are tolerated)."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        error = {"message": f"The server answered {status} without an error description."}
    meta = body.get("meta") if isinstance(body, dict) else None
    if request_id is None and isinstance(meta, dict):
        request_id = meta.get("request_id")
    code = error.get("code")
    details = error.get("details")
    return error_class(code, status)(
        str(error.get("message") or f"The server answered {status}."),
        details if isinstance(details, dict) else {},
        code=code,
        request_id=request_id,
        status_code=status,
    )
