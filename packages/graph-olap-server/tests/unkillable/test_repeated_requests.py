"""Kill the server in the middle of a request with a key: the repeat finds it done once."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from deployment import Deployment
from graph_olap_server.api.app import create_app
from graph_olap_server.config import Settings
from graph_olap_server.services.context import Context
from graph_olap_server.snapshots.store import LocalSnapshotStore
from graph_olap_server.store.database import Database
from graph_olap_server.store.tables import EventRow, InstanceRow, MappingRow, RequestOutcomeRow
from graph_olap_server.warehouse.none import NoWarehouse
from platform_process import KNOWS, PERSON

MAPPING: dict[str, Any] = {"name": "people", "node_definitions": [PERSON]}
KEY = {"X-Username": "ada", "X-User-Role": "ops", "Idempotency-Key": "k-1"}
LEASE_SECONDS = 10.0


def send(deployment: Deployment, path: str, body: Any, headers: dict[str, str] = KEY) -> httpx.Response:
    return httpx.post(f"{deployment.url}/api{path}", json=body, headers=headers, timeout=60, trust_env=False)


@pytest.mark.slow
@pytest.mark.parametrize("on_postgres", [False, True], ids=["sqlite", "postgres"])
@pytest.mark.parametrize(("fault", "done"), [("request.claimed", 0), ("request.done", 1), ("request.stored", 1)])
def test_a_repeat_after_a_crash_is_done_once(
    make_deployment: Callable[..., Deployment], fault: str, done: int, on_postgres: bool
):
    deployment = make_deployment(on_postgres=on_postgres)
    deployment.start(fault)
    with pytest.raises(httpx.TransportError):
        send(deployment, "/mappings", MAPPING)
    assert deployment.servers[0].process.wait(60) == -signal.SIGKILL
    assert len(deployment.rows(MappingRow)) == done
    deployment.restart()
    replies = [send(deployment, "/mappings", MAPPING) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [201, 201]
    assert [("Idempotent-Replay" in reply.headers) for reply in replies] == [bool(done), True]
    assert {reply.json()["data"]["id"] for reply in replies} == {row.id for row in deployment.rows(MappingRow)}
    assert len(deployment.rows(MappingRow)) == len(deployment.rows(RequestOutcomeRow)) == 1


class Scene:
    """What a request needs to be there before it."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def mapping(self) -> int:
        body = {**MAPPING, "edge_definitions": [KNOWS]}
        return int(self._deployment.call("POST", "/mappings", body)["id"])

    def instance(self, status: str) -> dict[str, Any]:
        body = {"name": "people", "mapping_id": self.mapping()}
        number = self._deployment.call("POST", "/instances/from-mapping", body)["id"]
        return self._wait(f"/instances/{number}", status)

    def suspended(self) -> int:
        number = int(self.instance("running")["id"])
        self._deployment.call("POST", f"/instances/{number}/suspend")
        deadline = time.monotonic() + 90
        while any(row.handle is not None for row in self._deployment.rows(InstanceRow)):
            assert time.monotonic() < deadline, "its process does not end"
            time.sleep(0.05)
        return number

    def snapshot(self, status: str, sql: str = str(PERSON["sql"])) -> dict[str, Any]:
        body = {"name": "people", "node_definitions": [{**PERSON, "sql": sql}]}
        mapping = self._deployment.call("POST", "/mappings", body)["id"]
        number = self._deployment.call("POST", "/snapshots", {"name": "people", "mapping_id": mapping})["id"]
        return self._wait(f"/snapshots/{number}", status)

    def _wait(self, path: str, status: str) -> dict[str, Any]:
        deadline = time.monotonic() + 90
        while (found := self._deployment.call("GET", path))["status"] != status:
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return dict(found)


UNREADABLE = "SELECT CASE WHEN id < 0 THEN id ELSE error('no') END AS id, name FROM people"
Call = tuple[str, dict[str, Any]]
CALLS: dict[str, Callable[[Scene], Call]] = {
    "/api/favorites": lambda s: ("/favorites", {"resource_type": "mapping", "resource_id": s.mapping()}),
    "/api/instances": lambda s: ("/instances", {"name": "i", "snapshot_id": s.snapshot("ready")["id"]}),
    "/api/instances/from-mapping": lambda s: ("/instances/from-mapping", {"name": "i", "mapping_id": s.mapping()}),
    "/api/instances/{instance_id}/extend": lambda s: (f"/instances/{s.instance('running')['id']}/extend", {"hours": 2}),
    "/api/instances/{instance_id}/resume": lambda s: (f"/instances/{s.suspended()}/resume", {}),
    "/api/instances/{instance_id}/suspend": lambda s: (f"/instances/{s.instance('running')['id']}/suspend", {}),
    "/api/instances/{instance_id}/terminate": lambda s: (f"/instances/{s.instance('running')['id']}/terminate", {}),
    "/api/mappings": lambda _: ("/mappings", MAPPING),
    "/api/mappings/infer": lambda _: ("/mappings/infer", {"catalog_name": "people", "schema_name": "main"}),
    "/api/mappings/validate": lambda _: ("/mappings/validate", MAPPING),
    "/api/mappings/{mapping_id}/copy": lambda s: (f"/mappings/{s.mapping()}/copy", {"name": "copy"}),
    "/api/ops/jobs/trigger": lambda _: ("/ops/jobs/trigger", {"job_name": "lifecycle", "reason": "test"}),
    "/api/schema/admin/refresh": lambda _: ("/schema/admin/refresh", {}),
    "/api/snapshots": lambda s: ("/snapshots", {"name": "s", "mapping_id": s.mapping()}),
    "/api/snapshots/{snapshot_id}/retry": lambda s: (f"/snapshots/{s.snapshot('failed', UNREADABLE)['id']}/retry", {}),
    "/api/users": lambda _: (
        "/users",
        {"username": "bob smith/é", "email": "bob@example.org", "display_name": "Bob", "role": "admin"},
    ),
    "/api/users/bootstrap": lambda _: (
        "/users/bootstrap",
        {"username": "root", "email": "root@example.org", "display_name": "Root", "role": "ops"},
    ),
}
WITHOUT_EFFECT = {"/api/mappings/infer", "/api/mappings/validate", "/api/schema/admin/refresh"}
"""Doing them again is no harm; the second attempt works."""

QUICK = {"/api/users", "/api/ops/jobs/trigger"}


def without_what_moves(reply: httpx.Response) -> Any:
    """Return the answer without what goes on by itself: states, times and the number of the request."""
    body = reply.json() if reply.content else {}
    data = body.get("data", body)
    moving = {"status", "started_at", "updated_at", "progress", "error_message", "duration_ms"}
    moving |= {"instance_url", "memory_usage_bytes", "disk_usage_bytes", "last_activity_at", "expires_at"}
    return {name: value for name, value in data.items() if name not in moving}


def changes_of_callers(deployment: Deployment) -> list[int]:
    return [row.id for row in deployment.rows(EventRow) if row.actor in ("ada", "root") and row.result == "success"]


def test_every_post_is_in_the_table(posts: set[str]):
    assert posts == set(CALLS)


@pytest.mark.parametrize(
    "route", [route if route in QUICK else pytest.param(route, marks=pytest.mark.slow) for route in CALLS]
)
def test_a_post_killed_after_its_commit_is_answered_by_its_repeat(
    make_deployment: Callable[..., Deployment], route: str
):
    deployment = make_deployment()
    deployment.start("request.done")
    path, body = CALLS[route](Scene(deployment))
    headers = {"Idempotency-Key": "k-1"} if "bootstrap" in route else KEY
    with pytest.raises(httpx.TransportError):
        pytest.fail(send(deployment, path, body, headers).text)
    assert deployment.servers[0].process.wait(60) == -signal.SIGKILL
    changes = changes_of_callers(deployment)
    deployment.restart()

    started = time.monotonic()
    replies = [send(deployment, path, body, headers) for _ in range(2)]
    # The machine may be slow, but nobody waits for the lease of a process that is known to be dead.
    assert time.monotonic() - started < LEASE_SECONDS

    usual = 204 if route.endswith("/terminate") else 200
    created = {"/api/favorites", "/api/instances", "/api/instances/from-mapping", "/api/mappings", "/api/snapshots"}
    created |= {"/api/mappings/{mapping_id}/copy", "/api/users", "/api/users/bootstrap"}
    assert [reply.status_code for reply in replies] == [201 if route in created else usual] * 2, replies[0].text
    assert "Idempotent-Replay" in replies[1].headers
    assert ("Idempotent-Replay" in replies[0].headers) == (route not in WITHOUT_EFFECT)
    assert without_what_moves(replies[0]) == without_what_moves(replies[1])
    for name, value in body.items():
        if name in ("username", "email", "display_name", "name", "reason", "job_name", "resource_id", "mapping_id"):
            assert without_what_moves(replies[0]).get(name, value) == value
    assert changes_of_callers(deployment) == changes or route in WITHOUT_EFFECT


@pytest.fixture
def posts(tmp_path: Any) -> Iterator[set[str]]:
    """The paths of all POST routes that clients may repeat; instances repeat nothing."""
    database = Database("sqlite://")
    context = Context(
        settings=Settings(data_dir=tmp_path),
        database=database,
        warehouse=NoWarehouse(),
        snapshots=LocalSnapshotStore(tmp_path / "snapshots"),
        internal_api_key="k",
    )

    async def document() -> Any:
        transport = httpx.ASGITransport(create_app(context))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return (await client.get("/openapi.json")).json()

    paths = asyncio.run(document())["paths"]
    yield {path for path, methods in paths.items() if "post" in methods and not path.startswith("/api/internal/")}
    database.close()
