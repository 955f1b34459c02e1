"""What both HTTP services share: request ids, access log, limits of size and time, paths and the error envelope.

Pure ASGI, because it stands in front of every query: no per-request task, no body copy.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from graph_olap_server.domain.errors import PlatformError, validation_failed
from graph_olap_server.logs import event, request_id

__all__ = [
    "BODY_PAUSE_SECONDS",
    "BODY_SECONDS",
    "EXCEPTION_HANDLERS",
    "MAX_HEAD_BYTES",
    "FastJSONResponse",
    "JsonErrorProtocol",
    "RequestMiddleware",
    "error_response",
    "method_not_allowed",
]

_log = logging.getLogger(__name__)

MAX_HEAD_BYTES = 32 * 1024
"""Largest request line and headers together."""

BODY_PAUSE_SECONDS = 30.0
"""How long a client may send nothing while its body is not complete."""

BODY_SECONDS = 300.0
"""How long a body may take."""

_REQUEST_ID = re.compile(rb"[!-~]{1,128}")


class FastJSONResponse(Response):
    """JSON through orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the content."""
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)


def error_response(error: PlatformError) -> FastJSONResponse:
    """Turn an error into the body of section 1.10.1."""
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return FastJSONResponse(
        {
            "error": {"code": error.code, "message": error.message, "details": error.details},
            "meta": {"request_id": request_id.get()},
        },
        status_code=error.status,
        headers=headers,
    )


def method_not_allowed(request: Request, allowed: Sequence[str]) -> FastJSONResponse:
    """Answer 405 with the methods that the path has."""
    response = error_response(
        PlatformError(
            "METHOD_NOT_ALLOWED",
            f"{request.method} is not possible here; use {', '.join(allowed) or 'another method'}.",
            {"allowed": list(allowed)},
        )
    )
    response.headers["Allow"] = ", ".join(allowed)
    return response


def _on_platform_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, PlatformError)
    return error_response(error)


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, PlatformError):
        # FastAPI turns whatever stops the reading of a body into its own 400.
        return error_response(error.__cause__)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return method_not_allowed(request, [method.strip() for method in allowed.split(",") if method.strip()])
    if error.status_code == 404:
        return error_response(
            PlatformError(
                "RESOURCE_NOT_FOUND",
                f"There is no {request.method} {request.url.path}.",
                {"resource_type": "route", "resource_id": request.url.path},
            )
        )
    return error_response(
        PlatformError("VALIDATION_FAILED", "The request could not be read.", {"field": "body", "reason": "unreadable"})
    )


def _on_exception(_request: Request, _error: Exception) -> Response:
    # Starlette sends this reply and raises the error again, which RequestMiddleware then logs.
    return error_response(_internal_error())


EXCEPTION_HANDLERS: Mapping[Any, Any] = {
    PlatformError: _on_platform_error,
    HTTPException: _on_http_exception,
    Exception: _on_exception,
}
"""Handlers for a Starlette or FastAPI application."""


class RequestMiddleware:
    """Outermost layer: gives every request an id, logs it, caps its body, drops trailing slashes, hides tracebacks."""

    def __init__(self, app: ASGIApp, max_body_bytes: int = 10 * 1024 * 1024, quiet: tuple[str, ...] = ()) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope["path"]) > 1 and scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        current = _request_id_of(scope)
        request_id.set(current)
        started = time.perf_counter()
        status = 500
        begun = ended = False

        async def send_with_id(message: Message) -> None:
            nonlocal status, begun, ended
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                message["headers"] = [*message.get("headers", []), (b"x-request-id", current.encode())]
            elif message["type"] == "http.response.body":
                ended = not message.get("more_body", False)
            await send(message)

        try:
            _check_head(scope)
            await self._app(scope, _LimitedReceive(receive, self._max_body_bytes), send_with_id)
        except PlatformError as error:
            if begun:
                raise
            await error_response(error)(scope, receive, send_with_id)
        except Exception:
            _log.exception("request_failed")
            if ended:
                return  # the client has its answer; raising would cut the connection under its next request
            if begun:
                raise
            await error_response(_internal_error())(scope, receive, send_with_id)
        finally:
            if scope["path"] not in self._quiet:
                event(
                    _log,
                    "request",
                    may_wait=True,
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    duration_ms=round((time.perf_counter() - started) * 1000, 1),
                )


class JsonErrorProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # uvicorn chooses the parser
    """HTTP on a socket, with an end to clients that never finish what they ask.

    What is no HTTP at all, or a method that HTTP does not know, gets the error envelope too.

    Attributes:
        head_seconds: How long request line and headers may take to arrive; bodies have limits of their own.
    """

    head_seconds = 20.0
    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Read on; a request whose head is not complete may neither take too long nor be too large."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._head_arrived()
            return
        # The rest of a body that was answered early is no head; it may only not go on for ever.
        self._head_bytes += 0 if self._answered_early else len(data)
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(_head_too_large())
        elif self._head_timer is None:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._head_arrived()
        super().connection_lost(exc)

    def send_400_response(self, _message: str) -> None:
        """Answer a request that could not be parsed, and close the connection."""
        reason = "is no HTTP request that this server understands; look at its method, path and headers"
        self._refuse(validation_failed([("request", reason)]))

    @property
    def _answered_early(self) -> bool:
        return self.cycle is not None and bool(self.cycle.more_body)

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._head_is_late)

    def _head_arrived(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        if self._answered_early:
            self.transport.close()
        elif not self.transport.is_closing():
            self._refuse(_too_slow("request line and headers", self.head_seconds))

    def _refuse(self, error: PlatformError) -> None:
        current = str(uuid.uuid4())
        request_id.set(current)
        answer = error_response(error)
        status = f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}".encode()
        headers = [*answer.raw_headers, (b"x-request-id", current.encode()), (b"connection", b"close")]
        lines = [status, *(name + b": " + value for name, value in headers)]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        self.transport.close()


class _LimitedReceive:
    """Reads a body up to a size and within a time: as a whole, and between two pieces of it."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0
        self._deadline: float | None = None
        self._complete = False

    async def __call__(self) -> Message:
        message = await (self._receive() if self._complete else self._within_time())
        if message["type"] == "http.request":
            self._complete = not message.get("more_body", False)
            self._seen += len(message.get("body", b""))
            if self._seen > self._limit:
                raise PlatformError(
                    "PAYLOAD_TOO_LARGE",
                    f"The request body is larger than {self._limit} bytes.",
                    {"max_bytes": self._limit},
                )
        return message

    async def _within_time(self) -> Message:
        now = asyncio.get_running_loop().time()
        if self._deadline is None:
            self._deadline = now + BODY_SECONDS
        seconds = min(BODY_PAUSE_SECONDS, self._deadline - now)
        try:
            async with asyncio.timeout(seconds):
                return await self._receive()
        except TimeoutError:
            raise _too_slow("body", seconds) from None


def _check_head(scope: Scope) -> None:
    size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if size + sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEAD_BYTES:
        raise _head_too_large()


def _head_too_large() -> PlatformError:
    return validation_failed([("request", f"its path and headers are larger than {MAX_HEAD_BYTES} bytes")])


def _too_slow(what: str, seconds: float) -> PlatformError:
    message = f"The {what} did not arrive in time. Send the request again."
    return PlatformError("REQUEST_TIMEOUT", message, {"timeout_ms": round(seconds * 1000)})


def _internal_error() -> PlatformError:
    return PlatformError(
        "INTERNAL_ERROR",
        f"The server failed. Quote request {request_id.get()} to your operator; the log has the cause.",
    )


def _request_id_of(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            text: str = value.decode("ascii")
            return text
    return str(uuid.uuid4())
