"""Cypher over HTTP: JSON or an Arrow stream, cancelled when the client goes away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from graph_olap_server.domain.errors import permission_denied, validation_failed
from graph_olap_server.instance.auth import Identity
from graph_olap_server.instance.encoding import ARROW_STREAM, decode_parameters
from graph_olap_server.instance.encoding.arrow_ipc import accepted_compression
from graph_olap_server.instance.guard import check_statement
from graph_olap_server.instance.long_lists import check_ranges
from graph_olap_server.instance.queries import ArrowReply, Query, QueryService
from graph_olap_server.instance.request_body import read_body
from graph_olap_server.instance.routes.access import authorize_read, runtime_of
from graph_olap_server.instance.runtime import InstanceRuntime
from graph_olap_server.web import FastJSONResponse

__all__ = ["ROUTES", "ArrowResponse"]

_QUERY_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_MAX_QUERY_CHARACTERS = 100_000
_MAX_INT64 = 2**63 - 1

Reply = TypeVar("Reply")


class ArrowResponse(StreamingResponse):
    """Sends the stream and frees its rows, even when the client went away before the first byte."""

    def __init__(self, reply: ArrowReply, headers: Mapping[str, str]) -> None:
        super().__init__(_stream(reply), media_type=ARROW_STREAM, headers=headers)
        self._reply = reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            if not self._reply.begun:
                self._reply.close()


async def _run(request: Request) -> Response:
    identity = await authorize_read(request)
    runtime = runtime_of(request)
    engine = runtime.engine()
    query = await _read_query(request, runtime, identity)
    if _wants_arrow(request):
        reply = await _result(request, runtime.queries, query.query_id, runtime.queries.submit_arrow(engine, query))
        headers = {
            "X-Query-Id": query.query_id,
            "X-Row-Count": str(reply.row_count),
            "X-Execution-Time-Ms": str(reply.execution_time_ms),
            "X-Truncated": "true" if reply.truncated else "false",
            **({"X-Arrow-Compression": query.compression} if query.compression else {}),
        }
        return ArrowResponse(reply, headers)
    body = await _result(request, runtime.queries, query.query_id, runtime.queries.submit_json(engine, query))
    return Response(body, media_type="application/json", headers={"X-Query-Id": query.query_id})


async def _list(request: Request) -> Response:
    identity = await authorize_read(request)
    runtime = runtime_of(request)
    # Another user's statement may hold what only that user should see.
    shown = [
        info.to_dict() for info in runtime.queries.running() if identity.can_run or info.user_name == identity.username
    ]
    return FastJSONResponse({"queries": shown, "total_count": len(shown)})


async def _cancel(request: Request) -> Response:
    identity = await authorize_read(request)
    runtime = runtime_of(request)
    query_id = request.path_params["query_id"]
    owner = runtime.queries.owner_of(query_id)
    if not (identity.can_run or owner == identity.username):
        raise permission_denied("query", query_id, owner)
    cancelled = await asyncio.to_thread(runtime.queries.cancel, query_id)
    return FastJSONResponse({"query_id": query_id, "cancelled": cancelled})


async def _read_query(request: Request, runtime: InstanceRuntime, identity: Identity) -> Query:
    config = runtime.config
    fields = await read_body(request)
    text = fields.text("query", required=True, max_length=_MAX_QUERY_CHARACTERS)
    parameters = fields.object("parameters")
    longest_ms = config.query_max_timeout_ms
    usual_ms = min(config.query_default_timeout_ms, longest_ms)
    timeout_ms = fields.integer("timeout_ms", usual_ms, 1_000, longest_ms)
    max_rows = fields.integer("max_rows", None, 1, _MAX_INT64)
    spill = fields.boolean("spill")
    fields.check()
    assert text is not None
    assert timeout_ms is not None
    statement = check_statement(text)
    values = decode_parameters(parameters)
    check_ranges(statement.text, values)
    query = Query(
        statement=statement.text,
        parameters=values,
        timeout_ms=timeout_ms,
        max_rows=max_rows,
        user_name=identity.username or "anonymous",
        compression=accepted_compression(request.headers.get("x-arrow-compression", "")),
        spill=bool(spill) and _wants_arrow(request),
    )
    wanted = request.headers.get("x-query-id")
    if wanted is None:
        return query
    if not _QUERY_ID.fullmatch(wanted):
        raise validation_failed([("X-Query-Id", "1 to 128 letters, digits and . _ : - are allowed")])
    return replace(query, query_id=wanted)


def _wants_arrow(request: Request) -> bool:
    return ARROW_STREAM in request.headers.get("accept", "")


async def _result(request: Request, queries: QueryService, query_id: str, future: Future[Reply]) -> Reply:
    """Wait for a query; when the client hangs up first, stop it in the engine and wait for its thread to be free."""
    watch = asyncio.ensure_future(_cancel_when_gone(request, queries, query_id))
    try:
        return await asyncio.wrap_future(future)
    finally:
        watch.cancel()


async def _cancel_when_gone(request: Request, queries: QueryService, query_id: str) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    await asyncio.to_thread(queries.cancel, query_id)


async def _stream(reply: ArrowReply) -> AsyncIterator[bytes]:
    """Send chunks; the next one is made in a thread while the last one is on its way."""
    upcoming: asyncio.Task[bytes | None] | None = None
    reply.begun = True
    try:
        upcoming = asyncio.create_task(asyncio.to_thread(next, reply.chunks, None))
        while (chunk := await upcoming) is not None:
            upcoming = asyncio.create_task(asyncio.to_thread(next, reply.chunks, None))
            yield chunk
    finally:
        # No await here: the task may be cancelled because the client hung up.
        if upcoming is None or upcoming.done():
            reply.close()
        else:
            upcoming.add_done_callback(partial(_close_after, reply))


def _close_after(reply: ArrowReply, last: asyncio.Task[bytes | None]) -> None:
    if not last.cancelled():
        last.exception()  # nobody is left to tell
    reply.close()


ROUTES = [
    Route("/query", _run, methods=["POST"]),
    Route("/queries", _list, methods=["GET"]),
    Route("/queries/{query_id}", _cancel, methods=["DELETE"]),
]
