"""The layer that sees every request and its answer: where it came from, how long it took, and what was refused."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph_olap_server.api.dependencies import CALLER_KEY
from graph_olap_server.api.transport import decode_slashes
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.roles import Identity
from graph_olap_server.logs import client_address, event
from graph_olap_server.services.audit import record_refusal
from graph_olap_server.services.context import Context

__all__ = ["ERROR_CODE_KEY", "ObserveMiddleware"]

ERROR_CODE_KEY = "graph_olap.error_code"
"""Where the error handler leaves the code of the answer in the request's scope."""

_log = logging.getLogger(__name__)
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_INTERNAL = "/api/internal/"
_OTHER = "other"


class ObserveMiddleware:
    """Measures requests and writes refused changes into the audit log; done ones are written where they are done."""

    def __init__(self, app: ASGIApp, context: Context, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._context = context
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client_address.set(scope["client"][0] if scope.get("client") else None)
        started = time.perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # Before the answer: whoever was refused may look into the log at once.
                await self._record_refusal(scope, status)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if not status:
                # Refused in front of the routes; the outermost layer makes the answer.
                status = error.status if isinstance(error, PlatformError) else 500
                scope[ERROR_CODE_KEY] = error.code if isinstance(error, PlatformError) else None
                await self._record_refusal(scope, status)
            raise
        finally:
            route = self._route_of(scope)
            pattern = getattr(route, "path", _OTHER)
            # Methods are the client's words: unknown ones must not make series of their own.
            method = scope["method"] if route is not None else _OTHER
            self._context.metrics.request_served(method, pattern, status or 500, time.perf_counter() - started)

    def _route_of(self, scope: Scope) -> Any:
        """Return the route of a request, also of one that never came to the routes; ``None`` where there is none."""
        if scope.get("route") is None:
            for route in self._routes:
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope["route"], scope["path_params"] = route, found["path_params"]
                    break
        return scope.get("route")

    async def _record_refusal(self, scope: Scope, status: int) -> None:
        if status < 400 or scope["method"] not in _CHANGING:
            return
        route = self._route_of(scope)
        if route is not None and not route.path.startswith(_INTERNAL):
            await self._record(scope, route, status)

    async def _record(self, scope: Scope, route: Any, status: int) -> None:
        caller: Identity | None = scope.get(CALLER_KEY)
        resource_type, resource_id, resource_name = _object(scope, route.path)
        try:
            await run_in_threadpool(
                record_refusal,
                self._context,
                username="anonymous" if caller is None else caller.username,
                action=route.name,
                resource_type=resource_type,
                resource_id=resource_id,
                resource_name=resource_name,
                status=status,
                code=scope.get(ERROR_CODE_KEY),
            )
        except SQLAlchemyError as error:
            reason = str(error).splitlines()[0]
            event(_log, "audit_failed", level=logging.ERROR, action=route.name, status=status, reason=reason)


def _object(scope: Scope, pattern: str) -> tuple[str, int | None, str | None]:
    """Return kind and number or name of what a request was about, from its path."""
    values: dict[str, Any] = scope.get("path_params") or {}
    for kind in ("mapping", "snapshot", "instance"):
        text = str(values.get(f"{kind}_id", ""))
        if text.isdecimal() and len(text) < 19:
            return kind, int(text), None
    kind = pattern.removeprefix("/api/").split("/")[0]
    name = values.get("username") or values.get("resource_id")
    return kind.removesuffix("s"), None, None if name is None else decode_slashes(str(name))[:255]
