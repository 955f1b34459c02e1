"""NetworkX algorithms over HTTP; executions are in ``routes/algorithms.py``."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graph_olap_server.instance.request_body import read_body
from graph_olap_server.instance.routes.access import authorize_read, authorize_run, runtime_of
from graph_olap_server.instance.routes.algorithms import listing, run_task
from graph_olap_server.web import FastJSONResponse

__all__ = ["ROUTES"]


async def _list(request: Request) -> Response:
    await authorize_read(request)
    infos = await asyncio.to_thread(runtime_of(request).networkx().catalog.infos)
    return listing(infos.values(), request.query_params)


async def _info(request: Request) -> Response:
    await authorize_read(request)
    catalog = runtime_of(request).networkx().catalog
    info = await asyncio.to_thread(catalog.find, request.path_params["name"])
    return FastJSONResponse(info.to_dict())


async def _run(request: Request) -> Response:
    identity = await authorize_run(request)
    bridge = runtime_of(request).networkx()
    fields = await read_body(request)
    name, user_name = request.path_params["name"], identity.username or "service"
    task = await asyncio.to_thread(bridge.task, name, fields, user_name)
    return await run_task(request, task)


ROUTES = [
    Route("/networkx/algorithms", _list, methods=["GET"]),
    Route("/networkx/algorithms/{name}", _info, methods=["GET"]),
    Route("/networkx/{name}", _run, methods=["POST"]),
]
