"""Writes that clients may repeat: the same key gives the same answer (section 1.9 of the contract).

Two cases, one layer. A request with an ``Idempotency-Key`` is done once in 24 hours. A request without one whose client
goes away before the answer is done once as well: the next equal request takes that answer.

It stands in front of all routes, so a new route is safe to repeat without knowing of it. The exactly-once part is in
the database: see :mod:`graph_olap_server.store.outcomes`.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph_olap_server import faults
from graph_olap_server.api.dependencies import authenticate
from graph_olap_server.api.recovery import answer_by_name
from graph_olap_server.api.replies import database_unavailable
from graph_olap_server.domain.errors import unavailable, validation_failed
from graph_olap_server.logs import client_address
from graph_olap_server.services import outcomes
from graph_olap_server.services.access import require_service
from graph_olap_server.services.context import Context
from graph_olap_server.services.outcomes import Applied, Busy, Outcome, Request
from graph_olap_server.store.outcomes import Claim, current_claim

__all__ = ["IdempotencyMiddleware"]

_KEY = re.compile(r"[!-~]{1,128}")
_NEVER_STORED = frozenset({408, 429})
_REPLAYED: Final = (b"idempotent-replay", b"true")

_BOOTSTRAP = "/api/users/bootstrap"
_EXEMPT = "/api/internal/"
"""Internal calls come from instances, which repeat nothing."""
_ABANDONED = re.compile(
    r"POST /api/(mappings|snapshots|instances)"
    r"|POST /api/mappings/\d+/copy"
    r"|POST /api/instances/(from-mapping|\d+/extend)"
    r"|PUT /api/mappings/\d+"
)

_BEAT_SECONDS = 3.0
_WAIT_SECONDS = 60.0
_POLL_SECONDS = (0.02, 0.5)
_LOOK_SECONDS = 0.002
"""How long the answer to a write without a key waits for the news that its client is gone."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class IdempotencyMiddleware:
    """The layer between the shared request handling and the routes."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context
        self._turns: WeakValueDictionary[Request, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT") or not _is_covered(scope["path"]):
            await self._app(scope, receive, send)
            return
        key = _key_of(scope)
        if key is None and not _ABANDONED.fullmatch(f"{scope['method']} {scope['path']}"):
            await self._app(scope, receive, send)
            return
        body = await _read_body(receive)
        if body is None:
            return
        request = Request(
            principal=await _in_thread(_principal, self._context, scope),
            method=scope["method"],
            path=scope["path"],
            key=key,
            body_hash=hashlib.sha256(scope.get("query_string", b"") + b"\0" + body).hexdigest(),
        )
        gone = asyncio.create_task(_gone(receive))
        try:
            run = _Run(self._app, self._context, scope, body, gone, request)
            if key is None:
                turn = self._turns.setdefault(request, asyncio.Lock())
                await run.without_key(send, turn)
            else:
                await run.with_key(send)
        finally:
            gone.cancel()


class _Run:
    """One request on its way through this layer."""

    def __init__(
        self, app: ASGIApp, context: Context, scope: Scope, body: bytes, gone: asyncio.Task[None], request: Request
    ) -> None:
        self._app = app
        self._context = context
        self._scope = scope
        self._body = body
        self._gone = gone
        self._request = request

    async def with_key(self, send: Send) -> None:
        """Do the request unless its key is known; then give the stored answer."""
        poll = _Poll()
        while isinstance(found := await _in_thread(outcomes.begin, self._context, self._request), Busy):
            await poll.pause()
        if isinstance(found, Outcome):
            await _send(found, send, _REPLAYED)
        elif isinstance(found, Applied):
            outcome = await self._recover(found)
            await _in_thread(outcomes.store, self._context, found.claim, outcome)
            await _send(outcome, send, _REPLAYED)
        else:
            faults.point("request", "claimed")
            await _send(await self._do(found), send)

    async def without_key(self, send: Send, turn: asyncio.Lock) -> None:
        """Do the request, unless an equal one was abandoned: then give its answer, once.

        Equal requests take turns: a client that repeats at once is here before it shows that the first was abandoned.
        """
        async with turn:
            poll = _Poll()
            while isinstance(found := await _in_thread(outcomes.look_up, self._context, self._request), Busy):
                await poll.pause()
            if isinstance(found, Outcome) and self._gone.done():
                return  # this client went away as well: the answer stays for the next one
            if isinstance(found, Outcome) and await _in_thread(outcomes.take, self._context, self._request):
                outcome, more = found, [_REPLAYED]
            else:
                outcome, more = await self._do(None), []
        await _send(outcome, send, *more)

    async def _do(self, claim: Claim | None) -> Outcome:
        """Run the routes; remember the answer where there is a claim, or once the client has gone."""
        kept = outcomes.ABANDONED_KEPT if self._request.key is None else outcomes.KEPT
        work = asyncio.create_task(self._call(self._scope, claim))
        watched = claim is None
        try:
            while not work.done():
                waiting: set[asyncio.Task[Any]] = {work, self._gone} if watched else {work}
                await asyncio.wait(waiting, timeout=_BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if watched and self._gone.done():
                    watched = False
                    found = await _in_thread(outcomes.begin, self._context, self._request, kept)
                    claim = found if isinstance(found, Claim) else None
                elif claim is not None and not work.done():
                    await _in_thread(outcomes.renew, self._context, claim)
            outcome, storable = await work
            if watched and await self._has_gone():
                found = await _in_thread(outcomes.begin, self._context, self._request, kept)
                claim = found if isinstance(found, Claim) else None
        except Exception:
            if claim is not None:
                await _in_thread(outcomes.release, self._context, claim)
            raise
        finally:
            work.cancel()
        if claim is None:
            return outcome
        faults.point("request", "done")
        if storable:
            await _in_thread(outcomes.store, self._context, claim, outcome, kept)
            faults.point("request", "stored")
        else:
            await _in_thread(outcomes.release, self._context, claim)
        return outcome

    async def _has_gone(self) -> bool:
        """Say whether the client closed the connection, also when the event loop has not come to read that yet."""
        await asyncio.wait({self._gone}, timeout=_LOOK_SECONDS)
        return self._gone.done()

    async def _recover(self, applied: Applied) -> Outcome:
        """Answer for an attempt that did the work and died: with the resource as it is now."""
        if self._request.path.endswith("/terminate"):
            return Outcome(204, {}, b"")
        named = await _in_thread(answer_by_name, self._context, self._request.principal, applied)
        if named is not None:
            return Outcome(named.status_code, dict(named.headers), bytes(named.body))
        path = f"/api/{applied.resource_type}s/{applied.resource_id}"
        scope = {**self._scope, "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
        self._body = b""
        outcome, _ = await self._call(scope, None)
        if outcome.status == 200 and applied.event_type == "created":
            return Outcome(201, outcome.headers, outcome.body)
        return outcome

    async def _call(self, scope: Scope, claim: Claim | None) -> tuple[Outcome, bool]:
        """Return what the routes answer, and whether it may be stored."""
        current_claim.set(claim)
        status, headers, parts = 500, Headers(), []
        given = False

        async def receive() -> Message:
            nonlocal given
            if given:
                await self._gone
                return {"type": "http.disconnect"}
            given = True
            return {"type": "http.request", "body": self._body, "more_body": False}

        async def keep(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], Headers(raw=list(message.get("headers", [])))
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        await self._app(scope, receive, keep)
        storable = status < 500 and status not in _NEVER_STORED and "no-store" not in headers.get("cache-control", "")
        return Outcome(status, dict(headers), b"".join(parts)), storable


class _Poll:
    """Waits for another attempt, each time a little longer."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + _WAIT_SECONDS
        self._pause = _POLL_SECONDS[0]

    async def pause(self) -> None:
        if time.monotonic() > self._deadline:
            raise unavailable("control-plane", "An equal request is still running. Repeat this one.", retry_after=2)
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, _POLL_SECONDS[1])


def _is_covered(path: str) -> bool:
    return path.startswith("/api/") and not path.startswith(_EXEMPT)


def _principal(context: Context, scope: Scope) -> str:
    if scope["path"] != _BOOTSTRAP:
        return authenticate(context, scope).username
    # Nobody is known yet, but what is stored is not for everybody.
    if context.settings.auth_mode == "strict":
        require_service(context, Headers(scope=scope), client_address.get() or "unknown")
    return ""


def _key_of(scope: Scope) -> str | None:
    key = Headers(scope=scope).get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise validation_failed([("Idempotency-Key", "must be 1 to 128 visible ASCII characters")])
    return key


async def _read_body(receive: Receive) -> bytes | None:
    """Return the whole body, or ``None`` when the client went away in the middle of it."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(outcome: Outcome, send: Send, *more: tuple[bytes, bytes]) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in outcome.headers.items()]
    await send({"type": "http.response.start", "status": outcome.status, "headers": [*headers, *more]})
    await send({"type": "http.response.body", "body": outcome.body})


async def _in_thread(
    work: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
) -> Result:
    try:
        return await run_in_threadpool(work, *arguments, **options)
    except (OperationalError, PoolTimeoutError) as error:
        raise database_unavailable(error) from error
