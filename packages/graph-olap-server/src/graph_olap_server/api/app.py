"""The control plane's application: routers, error envelope, OpenAPI."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.routing import compile_path
from starlette.types import ASGIApp

from graph_olap_server import __version__
from graph_olap_server.api import (
    configuration,
    favorites,
    health,
    instances,
    internal,
    mappings,
    operations,
    schema,
    snapshots,
    users,
)
from graph_olap_server.api.documentation import complete_document
from graph_olap_server.api.idempotency import IdempotencyMiddleware
from graph_olap_server.api.observe import ERROR_CODE_KEY, ObserveMiddleware
from graph_olap_server.api.profiles import fit_error
from graph_olap_server.api.replies import database_unavailable
from graph_olap_server.api.transport import EncodedSlashMiddleware, UnreadableBody
from graph_olap_server.domain.errors import PlatformError, validation_failed
from graph_olap_server.services.context import Context
from graph_olap_server.web import (
    EXCEPTION_HANDLERS,
    FastJSONResponse,
    RequestMiddleware,
    error_response,
    method_not_allowed,
)

__all__ = ["create_app"]

_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_PLACES = ("body", "query", "path", "header", "cookie")


def create_app(context: Context) -> ASGIApp:
    """Build the application on the platform's parts."""
    app = FastAPI(
        title="Graph OLAP control plane",
        version=__version__,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
    )
    app.state.context = context
    for error, handler in EXCEPTION_HANDLERS.items():
        app.add_exception_handler(error, handler)
    app.add_exception_handler(PlatformError, _on_platform_error)
    app.add_exception_handler(405, _on_wrong_method)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(OperationalError, _on_database_error)
    app.add_exception_handler(DataError, _on_unfit_value)
    app.add_exception_handler(PoolTimeoutError, _on_database_error)
    rooms = (mappings, snapshots, instances, favorites, schema, users, configuration, operations, internal, health)
    # The routes themselves: an included router would compile every route once more, at the first requests.
    routes = [route for room in rooms for route in room.router.routes]
    app.router.routes.extend(routes)
    # FastAPI documents its own 422 answers, which never leave this server.
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # the documented way to change the document
    app.add_route("/openapi.json", lambda _request: FastJSONResponse(app.openapi()), include_in_schema=False)
    observed = ObserveMiddleware(IdempotencyMiddleware(app, context), context, routes)
    return RequestMiddleware(EncodedSlashMiddleware(observed), quiet=("/health", "/ready"))


def _on_platform_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PlatformError)
    request.scope[ERROR_CODE_KEY] = error.code
    return error_response(fit_error(request, error))


def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _on_platform_error(request, validation_failed([_problem(item) for item in error.errors()]))


def _on_wrong_method(request: Request, _error: Exception) -> Response:
    # The framework names the methods of the first route with this path only; the document knows them all.
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    found = {
        method.upper()
        for path, operations in paths.items()
        if compile_path(path)[0].match(request.url.path.rstrip("/"))
        for method in operations
    }
    return method_not_allowed(request, sorted(found))


def _on_unfit_value(request: Request, error: Exception) -> Response:
    # PostgreSQL keeps no NUL characters; SQLite does. Anything else is our own mistake.
    if "NUL" not in str(error):
        raise error
    reason = "a text holds a NUL character, which cannot be stored or searched"
    return _on_platform_error(request, validation_failed([("request", reason)]))


def _on_database_error(request: Request, error: Exception) -> Response:
    return _on_platform_error(request, database_unavailable(error))


def _problem(item: dict[str, Any]) -> tuple[str, str]:
    location = [str(part) for part in item["loc"]]
    if location and location[0] in _PLACES:
        location = location[1:]
    if isinstance(item.get("input"), UnreadableBody):
        return "body", item["input"].reason
    if not location and item["type"] == "model_attributes_type":
        return "body", "must be a JSON object, sent with Content-Type: application/json"
    return ".".join(location) or "body", _reason(item)


def _reason(item: dict[str, Any]) -> str:
    """Say what is wrong and what was found; the library's own sentence only names the rule."""
    limits = item.get("ctx", {})
    wanted = {
        "missing": "is missing",
        "greater_than_equal": f"must be at least {limits.get('ge')}",
        "greater_than": f"must be greater than {limits.get('gt')}",
        "less_than_equal": f"must be at most {limits.get('le')}",
        "less_than": f"must be less than {limits.get('lt')}",
        "literal_error": f"must be {limits.get('expected')}",
        "enum": f"must be {limits.get('expected')}",
        "string_type": "must be a text",
        "string_too_short": f"must have at least {limits.get('min_length')} characters",
        "string_too_long": f"must have at most {limits.get('max_length')} characters",
        "list_type": "must be a list",
        "dict_type": "must be an object",
        "int_type": "must be a whole number",
        "bool_type": "must be true or false",
    }.get(item["type"])
    if wanted is None:
        return str(item["msg"]).removeprefix("Value error, ")
    found = item.get("input")
    # Free text may be secret or long; numbers and the wrong one of a few words are not.
    if isinstance(found, str) and item["type"] in ("literal_error", "enum"):
        found = repr(found)
    elif isinstance(found, str) and not _NUMBER.fullmatch(found):
        return wanted
    return f"{wanted}, not {found}" if isinstance(found, (str, int, float)) and len(str(found)) <= 80 else wanted


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        complete_document(document)
        app.openapi_schema = document
    return app.openapi_schema
