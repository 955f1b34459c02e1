"""What the graph holds and who holds its lock; removing a property that an algorithm wrote."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graph_olap_server.instance.routes.access import authorize_read, authorize_run, runtime_of
from graph_olap_server.web import FastJSONResponse

__all__ = ["ROUTES"]


async def _schema(request: Request) -> Response:
    await authorize_read(request)
    runtime = runtime_of(request)
    schema = await asyncio.to_thread(runtime.samples.schema, runtime.engine())
    return FastJSONResponse(schema.to_dict())


async def _lock(request: Request) -> Response:
    await authorize_read(request)
    runtime = runtime_of(request)
    runtime.engine()
    return FastJSONResponse({"lock": runtime.executions.lock.status.to_dict()})


async def _drop_property(request: Request) -> Response:
    identity = await authorize_run(request)
    runtime = runtime_of(request)
    await asyncio.to_thread(
        runtime.executions.drop_property,
        runtime.engine(),
        request.path_params["label"],
        request.path_params["name"],
        identity.username or "",
    )
    return Response(status_code=204)


ROUTES = [
    Route("/schema", _schema, methods=["GET"]),
    Route("/lock", _lock, methods=["GET"]),
    Route("/algo/properties/{label}/{name}", _drop_property, methods=["DELETE"]),
]
