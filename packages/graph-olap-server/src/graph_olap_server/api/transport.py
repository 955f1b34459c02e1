"""Bodies are JSON or empty (section 1.2 of the contract)."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from graph_olap_server.domain.errors import validation_failed

__all__ = ["JsonBodiesMiddleware"]

_JSON = "application/json"


class JsonBodiesMiddleware:
    """Refuses bodies of another content type, also where a route would not read them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            headers = Headers(scope=scope)
            has_body = headers.get("content-length", "0").strip() != "0" or "transfer-encoding" in headers
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            if has_body and kind != _JSON:
                raise validation_failed([("body", f"must be JSON, sent with Content-Type: {_JSON}, not {kind!r}")])
        await self._app(scope, receive, send)
