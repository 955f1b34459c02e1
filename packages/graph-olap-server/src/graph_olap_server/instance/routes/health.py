"""Probes and status: they never wait for the engine."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson
from graph_olap.models.common import format_timestamp
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graph_olap_server import __version__
from graph_olap_server.instance.routes.access import authorize_read, runtime_of
from graph_olap_server.web import FastJSONResponse

__all__ = ["ROUTES"]


async def _health(request: Request) -> Response:
    runtime = runtime_of(request)
    return FastJSONResponse(
        {
            "status": "healthy",
            "timestamp": format_timestamp(datetime.now(UTC)),
            "wrapper_type": runtime.config.engine,
            "version": __version__,
            "uptime_seconds": runtime.uptime_seconds,
        }
    )


async def _ready(request: Request) -> Response:
    runtime_of(request).engine()
    return FastJSONResponse({"status": "healthy", "timestamp": format_timestamp(datetime.now(UTC))})


async def _status(request: Request) -> Response:
    caller = await authorize_read(request, service=True)
    described = await asyncio.to_thread(runtime_of(request).describe, trace=caller.service)
    return Response(orjson.dumps(described, default=_timestamp, option=_PASS), media_type="application/json")


_PASS = orjson.OPT_PASSTHROUGH_DATETIME


def _timestamp(value: Any) -> str:
    if isinstance(value, datetime):
        return format_timestamp(value)
    raise TypeError(type(value).__name__)


ROUTES = [
    Route("/health", _health, methods=["GET"]),
    Route("/ready", _ready, methods=["GET"]),
    Route("/status", _status, methods=["GET"]),
]
