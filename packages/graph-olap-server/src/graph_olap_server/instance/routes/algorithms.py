"""Algorithms over HTTP: listings, runs within a sync window, executions.

The catalogue of algorithms is imported by the first request that needs it: a start would only wait for it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping

from graph_olap.models import AlgorithmInfo
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from graph_olap_server.domain.errors import permission_denied, validation_failed
from graph_olap_server.instance.encoding import ARROW_STREAM
from graph_olap_server.instance.executions import Execution, Task
from graph_olap_server.instance.request_body import Fields, read_body
from graph_olap_server.instance.routes.access import authorize_read, authorize_run, runtime_of
from graph_olap_server.web import FastJSONResponse

__all__ = ["ROUTES", "listing", "run_task"]

_SYNC_SECONDS = 5
_MAX_SYNC_SECONDS = 30
_STATUSES = ("running", "completed", "failed", "cancelled")
_WAIT = re.compile(r"\bwait\s*=\s*(\d+)")


def listing(infos: Iterable[AlgorithmInfo], query: Mapping[str, str]) -> Response:
    """Write a list of algorithms, filtered by ``category`` and ``search``."""
    from graph_olap_server.instance.algorithms import registry

    category, search = query.get("category"), query.get("search", "").lower()
    if category is not None and category.lower() not in registry.CATEGORIES:
        allowed = ", ".join(sorted(set(registry.CATEGORIES.values())))
        raise validation_failed([("category", f"there is no category {category!r}; use one of {allowed}")])
    wanted = None if category is None else registry.CATEGORIES[category.lower()]
    shown = [
        info.to_dict()
        for info in sorted(infos, key=lambda info: info.name)
        if (wanted is None or info.category == wanted)
        and (search in info.name.lower() or search in info.description.lower())
    ]
    return FastJSONResponse({"algorithms": shown, "total_count": len(shown)})


async def run_task(request: Request, task: Task) -> Response:
    """Start a task and wait for it as long as the request asks for."""
    execution = runtime_of(request).executions.start(task)
    await _wait(execution, _sync_seconds(request.headers.get("prefer", "")))
    record = execution.record
    if record.status == "running":
        return FastJSONResponse(record.to_dict(), status_code=202)
    if execution.error is not None:
        raise execution.error
    return FastJSONResponse(record.to_dict())


async def _list(request: Request) -> Response:
    from graph_olap_server.instance.algorithms import registry, shortest_path

    await authorize_read(request)
    runtime_of(request).engine()
    infos = [*(algorithm.info() for algorithm in registry.ALGORITHMS), shortest_path.INFO]
    return listing(infos, request.query_params)


async def _info(request: Request) -> Response:
    from graph_olap_server.instance.algorithms import registry, shortest_path

    await authorize_read(request)
    runtime_of(request).engine()
    name = request.path_params["name"]
    info = shortest_path.INFO if name.lower() == shortest_path.INFO.name else registry.find(name).info()
    return FastJSONResponse(info.to_dict())


async def _run(request: Request) -> Response:
    from graph_olap_server.instance.algorithms import registry

    identity = await authorize_run(request)
    native = runtime_of(request).native()
    algorithm = registry.find(request.path_params["name"])
    fields = await read_body(request)
    task = await asyncio.to_thread(native.task, algorithm, fields, identity.username or "service")
    return await run_task(request, task)


async def _shortest_path(request: Request) -> Response:
    identity = await authorize_run(request)
    paths = runtime_of(request).shortest_path()
    fields = await read_body(request)
    return await run_task(request, await asyncio.to_thread(paths.task, fields, identity.username or "service"))


async def _status(request: Request) -> Response:
    await authorize_read(request)
    runtime = runtime_of(request)
    runtime.engine()
    return FastJSONResponse(runtime.executions.get(request.path_params["execution_id"]).to_dict())


async def _executions(request: Request) -> Response:
    await authorize_read(request)
    runtime = runtime_of(request)
    runtime.engine()
    fields = Fields(request.query_params)
    limit = fields.integer("limit", 20, 1, 100) or 20
    status = request.query_params.get("status")
    if status is not None and status not in _STATUSES:
        fields.problems.append(("status", f"there is no status {status!r}; use one of {', '.join(_STATUSES)}"))
    fields.check()
    records, total = runtime.executions.recent(status, limit)
    return FastJSONResponse({"executions": [record.to_dict() for record in records], "total_count": total})


async def _cancel(request: Request) -> Response:
    identity = await authorize_read(request)
    runtime = runtime_of(request)
    execution_id = request.path_params["execution_id"]
    owner = runtime.executions.get(execution_id).user_name or ""
    if not (identity.can_run or identity.username == owner):
        raise permission_denied("execution", execution_id, owner)
    record = await asyncio.to_thread(runtime.executions.cancel, execution_id)
    return FastJSONResponse(record.to_dict())


async def _result(request: Request) -> Response:
    await authorize_read(request)
    runtime = runtime_of(request)
    runtime.engine()
    execution_id = request.path_params["execution_id"]
    runtime.executions.get(execution_id)
    return _ResultFile(runtime.executions.results.path(execution_id), media_type=ARROW_STREAM)


class _ResultFile(FileResponse):
    """A file in few large pieces: each one is a turn of a thread, which takes longer than to read a small piece."""

    chunk_size = 1 << 20


async def _wait(execution: Execution, seconds: float) -> None:
    if seconds:
        await asyncio.wait((asyncio.wrap_future(execution.done),), timeout=seconds)


def _sync_seconds(prefer: str) -> float:
    if "respond-async" in prefer.lower():
        return 0
    found = _WAIT.search(prefer)
    return min(int(found.group(1)), _MAX_SYNC_SECONDS) if found else _SYNC_SECONDS


ROUTES = [
    Route("/algo/algorithms", _list, methods=["GET"]),
    Route("/algo/algorithms/{name}", _info, methods=["GET"]),
    Route("/algo/executions", _executions, methods=["GET"]),
    Route("/algo/executions/{execution_id}", _cancel, methods=["DELETE"]),
    Route("/algo/executions/{execution_id}/result", _result, methods=["GET"]),
    Route("/algo/status/{execution_id}", _status, methods=["GET"]),
    Route("/networkx/status/{execution_id}", _status, methods=["GET"]),
    Route("/algo/shortest_path", _shortest_path, methods=["POST"]),
    Route("/algo/{name}", _run, methods=["POST"]),
]
