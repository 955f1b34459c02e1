"""Projections over HTTP: build one ahead of the algorithms that use it, see which are kept, let one go."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graph_olap_server.domain.errors import PlatformError, not_found
from graph_olap_server.instance.projection import Projection, ProjectionSpec
from graph_olap_server.instance.request_body import read_body
from graph_olap_server.instance.routes.access import authorize_read, authorize_run, runtime_of
from graph_olap_server.instance.selection import read_projection
from graph_olap_server.instance.workers import Cancelled, Control, TimedOut
from graph_olap_server.web import FastJSONResponse

__all__ = ["ROUTES"]

_TIMEOUT_MS = 300_000


async def _build(request: Request) -> Response:
    await authorize_run(request)
    runtime = runtime_of(request)
    engine = runtime.engine()
    fields = await read_body(request)
    selection = read_projection(fields, engine.schema(), fields)
    fields.check()
    spec = selection.spec(orientation="natural", weight=selection.weight_property, parallel="sum")
    started = time.monotonic()
    control = Control(_TIMEOUT_MS)
    try:
        projection = await asyncio.to_thread(runtime.projections.get, engine, spec, control)
    except (TimedOut, Cancelled):
        message = f"The projection was not built within {_TIMEOUT_MS // 1000} s. Select fewer relationships."
        raise PlatformError("ALGORITHM_TIMEOUT", message, {"timeout_ms": _TIMEOUT_MS}) from None
    described = _describe(spec, projection)
    return FastJSONResponse({**described, "build_ms": int((time.monotonic() - started) * 1000)})


async def _list(request: Request) -> Response:
    await authorize_read(request)
    runtime = runtime_of(request)
    runtime.engine()
    shown = [_describe(spec, projection) for spec, projection in runtime.projections]
    return FastJSONResponse({"projections": shown, "total_count": len(shown)})


async def _drop(request: Request) -> Response:
    await authorize_run(request)
    runtime = runtime_of(request)
    runtime.engine()
    wanted = request.path_params["projection_id"]
    for spec, _ in runtime.projections:
        if spec.id == wanted:
            runtime.projections.drop(spec)
            return Response(status_code=204)
    raise not_found("projection", wanted, f"There is no projection {wanted} in memory; it may have been pushed out.")


def _describe(spec: ProjectionSpec, projection: Projection) -> dict[str, Any]:
    return {
        "projection_id": spec.id,
        "node_labels": list(projection.nodes.labels),
        "relationship_types": list(spec.edge_types),
        "query": spec.query,
        "orientation": spec.orientation,
        "weight_property": spec.weight_property,
        "parallel": spec.parallel,
        "node_count": projection.node_count,
        "edge_count": projection.edge_count,
        "stored_edges": projection.arrays["indices"].length,
        "memory_bytes": projection.nbytes,
        "graph_version": projection.graph_version,
    }


ROUTES = [
    Route("/projections", _build, methods=["POST"]),
    Route("/projections", _list, methods=["GET"]),
    Route("/projections/{projection_id}", _drop, methods=["DELETE"]),
]
