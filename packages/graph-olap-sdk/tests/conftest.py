"""A platform that answers from a table of routes; only the network below httpx is replaced."""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, Union

import httpx
import pytest

from graph_olap import AsyncGraphOLAPClient, GraphOLAPClient

NOW = "2025-03-01T08:15:00Z"
INSTANCE_URL = "http://instance.test/graphs/3f0c"


class Sent(NamedTuple):
    method: str
    path: str
    params: Dict[str, str]
    body: Any
    headers: httpx.Headers


Reply = Union[httpx.Response, Exception, Callable[[Sent], Any], Any]


class Platform:
    """Answers requests from ``routes`` and remembers them in ``sent``; a list of replies is used up one by one."""

    def __init__(self) -> None:
        self.routes: List[Tuple[str, re.Pattern[str], Reply]] = []
        self.sent: List[Sent] = []
        self.slept: List[float] = []

    def on(self, method: str, path: str, *replies: Reply) -> None:
        self.routes.append((method, re.compile(path), list(replies) if len(replies) > 1 else replies[0]))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        sent = Sent(request.method, request.url.path, dict(request.url.params), body, request.headers)
        self.sent.append(sent)
        for index in reversed(range(len(self.routes))):
            method, pattern, reply = self.routes[index]
            if method == request.method and pattern.fullmatch(request.url.path):
                if isinstance(reply, list) and len(reply) > 1:
                    reply = reply.pop(0)
                return self._respond(reply[0] if isinstance(reply, list) else reply, sent)
        raise AssertionError(f"unexpected {request.method} {request.url}")

    @staticmethod
    def _respond(reply: Reply, sent: Sent) -> httpx.Response:
        if callable(reply) and not isinstance(reply, httpx.Response):
            reply = reply(sent)
        if isinstance(reply, BaseException):
            raise reply
        if isinstance(reply, httpx.Response):
            return reply
        return httpx.Response(200, json=reply)

    def paths(self, method: str) -> List[str]:
        return [sent.path for sent in self.sent if sent.method == method]

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def async_sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def client(self, **kwargs: Any) -> GraphOLAPClient:
        arguments = {"username": "ada", **kwargs}
        return GraphOLAPClient(
            "http://platform.test", transport=httpx.MockTransport(self), sleep=self.sleep, **arguments
        )

    def async_client(self, **kwargs: Any) -> AsyncGraphOLAPClient:
        arguments = {"username": "ada", **kwargs}
        return AsyncGraphOLAPClient(
            "http://platform.test", transport=httpx.MockTransport(self), sleep=self.async_sleep, **arguments
        )


class Wire:
    """Replies in the shapes of the contract."""

    instance_url = INSTANCE_URL

    @staticmethod
    def error(status: int, code: str, message: str = "It failed.", retry_after: Optional[str] = None, **details: Any):
        body = {"error": {"code": code, "message": message, "details": details}, "meta": {"request_id": "r-1"}}
        headers = {"X-Request-ID": "r-1", **({"Retry-After": retry_after} if retry_after else {})}
        return httpx.Response(status, json=body, headers=headers)

    @staticmethod
    def data(value: Any, **meta: Any) -> Dict[str, Any]:
        return {"data": value, "meta": {"request_id": "r-1", **meta}}

    @staticmethod
    def mapping(**changes: Any) -> Dict[str, Any]:
        return {
            "id": 4,
            "owner_username": "ada",
            "name": "Payments",
            "current_version": 2,
            "created_at": NOW,
            "updated_at": NOW,
            **changes,
        }

    @staticmethod
    def version(**changes: Any) -> Dict[str, Any]:
        return {"mapping_id": 4, "version": 2, "created_at": NOW, "created_by": "ada", **changes}

    @staticmethod
    def snapshot(**changes: Any) -> Dict[str, Any]:
        return {
            "id": 9,
            "mapping_id": 4,
            "mapping_version": 2,
            "owner_username": "ada",
            "name": "march",
            "status": "ready",
            "created_at": NOW,
            "updated_at": NOW,
            **changes,
        }

    @staticmethod
    def instance(**changes: Any) -> Dict[str, Any]:
        return {
            "id": 12,
            "mapping_id": 4,
            "mapping_version": 2,
            "snapshot_id": 9,
            "owner_username": "ada",
            "wrapper_type": "kuzu",
            "name": "study",
            "status": "running",
            "instance_url": INSTANCE_URL,
            "created_at": NOW,
            "updated_at": NOW,
            **changes,
        }

    @staticmethod
    def progress(status: str, phase: str, percent: int = 0, number: int = 12, steps: Any = ()) -> Dict[str, Any]:
        return {
            "data": {
                "id": number,
                "status": status,
                "phase": phase,
                "progress_percent": percent,
                "steps": list(steps),
            }
        }

    @staticmethod
    def load_report(**changes: Any) -> Dict[str, Any]:
        return {
            "snapshot_id": 9,
            "on_bad_rows": "report",
            "definitions": [
                {"name": "Account", "type": "node", "rows_read": 5, "rows_loaded": 5, "rows_rejected": 0},
                {
                    "name": "PAID",
                    "type": "edge",
                    "rows_read": 1000,
                    "rows_loaded": 997,
                    "rows_rejected": 3,
                    "rejected": [
                        {"reason": "dangling_to", "rows": 3, "column": "dst", "sample_keys": ["X1", "<script>"]}
                    ],
                },
            ],
            **changes,
        }

    @staticmethod
    def execution(**changes: Any) -> Dict[str, Any]:
        return {
            "execution_id": "e-1",
            "algorithm_name": "pagerank",
            "algorithm": "pagerank",
            "algorithm_type": "native",
            "status": "completed",
            "started_at": NOW,
            **changes,
        }

    @staticmethod
    def result(columns: List[str], types: List[str], rows: List[List[Any]], **changes: Any) -> Dict[str, Any]:
        return {
            "columns": columns,
            "column_types": types,
            "rows": rows,
            "row_count": len(rows),
            "execution_time_ms": 3,
            "truncated": False,
            **changes,
        }

    @staticmethod
    def schema() -> Dict[str, Any]:
        return {
            "node_tables": [
                {
                    "label": "Account",
                    "primary_key": "id",
                    "primary_key_type": "STRING",
                    "properties": {"id": "STRING", "opened": "DATE", "balance": "DECIMAL(10,2)", "note": "STRING"},
                    "node_count": 2,
                }
            ],
            "edge_tables": [
                {
                    "type": "PAID",
                    "from_node": "Account",
                    "to_node": "Account",
                    "properties": {"at": "TIMESTAMP"},
                    "edge_count": 1,
                }
            ],
            "total_nodes": 2,
            "total_edges": 1,
        }


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def client(platform: Platform):
    with platform.client() as client:
        yield client


@pytest.fixture
def conn(platform: Platform, wire: Wire, client: GraphOLAPClient):
    platform.on("GET", "/api/instances/12", wire.data(wire.instance()))
    platform.on("GET", "/graphs/3f0c/health", {"status": "healthy"})
    connection = client.instances.connect(12)
    platform.sent.clear()
    return connection
