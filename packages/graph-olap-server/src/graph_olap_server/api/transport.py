"""How requests are read before routes see them: JSON bodies (section 1.2) and encoded names in paths."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import unquote

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from graph_olap_server.domain.errors import validation_failed

__all__ = ["EncodedSlashMiddleware", "JsonRoute", "UnreadableBody", "decode_slashes", "require_json"]

_JSON = "application/json"
_NUL = "\0"
_SLASH = "\ufdd0"
"""Stands for an encoded slash until the routes are matched: a character that no text may hold."""


class UnreadableBody:
    """Takes the place of a body that is no JSON, so that it is refused after the caller and the role were checked."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class _JsonRequest(Request):
    """Reads UTF-8 JSON strictly: no NaN, no half of a character, no NUL character, at most 1024 levels."""

    async def json(self) -> Any:
        body = await self.body()
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return UnreadableBody(f"is not JSON: {error}")
        if b"\\u0000" in body and _holds_nul(value):
            return UnreadableBody("holds a NUL character, which cannot be stored")
        return value


class JsonRoute(APIRoute):
    """A route that reads its body with :class:`_JsonRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler."""
        handle = super().get_route_handler()

        async def read(request: Request) -> Response:
            return await handle(_JsonRequest(request.scope, request.receive))

        return read


def require_json(request: Request) -> None:
    """Refuse a body of another content type, also where a route would not read it."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    has_body = request.headers.get("content-length", "0").strip() != "0" or "transfer-encoding" in request.headers
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and kind != _JSON:
        raise validation_failed([("body", f"must be JSON, sent with Content-Type: {_JSON}, not {kind!r}")])


class EncodedSlashMiddleware:
    """Keeps ``%2F`` inside a name apart from the slashes between names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        raw: bytes = scope.get("raw_path") or b""
        if scope["type"] == "http" and b"%2f" in raw.lower():
            marked = raw.rstrip(b"/").replace(b"%2f", b"%2F").decode("latin-1").replace("%2F", _SLASH)
            scope = {**scope, "path": unquote(marked)}
        await self._app(scope, receive, send)


def decode_slashes(name: str) -> str:
    """Return a name of a path as the client meant it."""
    return name.replace(_SLASH, "/")


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_NUL in key or _holds_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and _NUL in value
