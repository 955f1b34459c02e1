"""The two places where older clients expect another answer (section 1.3)."""

from __future__ import annotations

from starlette.requests import Request

from graph_olap_server.domain.errors import PlatformError

__all__ = ["fit_error", "is_legacy"]

_LEGACY_AGENT = "graph-olap-sdk/0."
_LEGACY_CODES = {
    "CONCURRENCY_LIMIT_EXCEEDED": "CONCURRENCY_LIMIT",
    "RESOURCE_HAS_DEPENDENCIES": "DEPENDENCY_EXISTS",
}


def is_legacy(request: Request) -> bool:
    """Tell whether a request comes from the older client."""
    return request.headers.get("user-agent", "").startswith(_LEGACY_AGENT)


def fit_error(request: Request, error: PlatformError) -> PlatformError:
    """Give an error the code that the client knows; the contract's own one is then in the details."""
    code = _LEGACY_CODES.get(error.code)
    if code is None or not is_legacy(request):
        return error
    details = {**error.details, "canonical_code": error.code}
    fitted = PlatformError(error.code, error.message, details, status=error.status, retry_after=error.retry_after)
    fitted.code = code
    return fitted
