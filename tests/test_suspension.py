"""Suspended instances: no process, nothing lost, whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from graph_olap import GraphOLAPClient, GraphOLAPWarning
from graph_olap.exceptions import (
    ConcurrencyLimitError,
    GraphOLAPError,
    InvalidStateError,
    PermissionDeniedError,
    ServiceUnavailableError,
)
from graph_olap.models import Instance
from platform_process import KNOWS, PERSON, Serve

FAST = {
    "GRAPH_OLAP_RECONCILIATION_INTERVAL": "0.3",
    "GRAPH_OLAP_LIFECYCLE_INTERVAL": "0.3",
    "GRAPH_OLAP_ORCHESTRATION_INTERVAL": "0.3",
}


@pytest.fixture
def serve(start_serve: Callable[..., Serve], tmp_path: Path, warehouse_file: Path) -> Callable[..., str]:
    """Start a server on the one data folder and return its address."""

    def start(**env: str) -> str:
        started = start_serve(
            tmp_path / "data",
            *("--port", "0", "--warehouse", f"duckdb:///{warehouse_file}"),
            env={**FAST, **{f"GRAPH_OLAP_{name}": value for name, value in env.items()}},
        )
        servers.append(started)
        return started.wait_ready()

    servers: list[Serve] = []
    start.servers = servers  # type: ignore[attr-defined]
    return start


@pytest.fixture
def pids(tmp_path: Path) -> Iterator[Callable[[], list[int]]]:
    """Find the processes of the instances; none outlives the test."""

    def find() -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if "graph_olap_server.instance" in command and str(tmp_path) in command and state != "Z":
                found.append(int(entry.name))
        return found

    yield find
    for pid in find():
        os.kill(pid, signal.SIGKILL)


def until(condition: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "the expected did not happen in time"
        time.sleep(0.05)
    return found


def start_instance(client: GraphOLAPClient) -> Instance:
    mapping = client.mappings.create("people", "", [PERSON], [KNOWS])
    return client.instances.create_from_mapping_and_wait(mapping.id, "people", progress=False)


def contents(client: GraphOLAPClient, instance_id: int) -> list[Any]:
    """Return everything that an analyst can see of the graph."""
    with client.instances.connect(instance_id) as conn:
        schema = conn.get_schema()
        rows = {
            label: sorted(map(repr, conn.query(f"MATCH (n:{label}) RETURN n")["n"])) for label in schema.node_labels
        }
        edges = sorted(map(repr, conn.query("MATCH (a)-[r]->(b) RETURN a.id, b.id, r").rows))
        runs = [(run.execution_id, run.algorithm, run.status, run.nodes_updated) for run in conn.algo.executions()]
        return [schema.node_labels, rows, edges, runs]


def contents_or_none(client: GraphOLAPClient, instance_id: int) -> list[Any] | None:
    """The same; ``None`` as long as the instance looks for the control plane at its earlier address."""
    try:
        return contents(client, instance_id)
    except ServiceUnavailableError:
        return None


def test_a_suspended_instance_has_no_process_and_keeps_what_was_made(
    serve: Callable[..., str], pids: Callable[[], list[int]], tmp_path: Path
) -> None:
    with GraphOLAPClient(serve(INSTANCE_MEMORY_GB="2"), username="ada") as client:
        instance = start_instance(client)
        with client.instances.connect(instance.id) as conn:
            conn.algo.wcc("Person", "component")
            conn.algo.pagerank("Person", "gone")
            conn.remove_property("Person", "gone")
            conn.algo.pagerank("Person", "component")  # another type: made anew
            conn.networkx.degree_centrality("Person", "degree")
        before = contents(client, instance.id)
        assert [run[1] for run in before[3]] == ["degree_centrality", "pagerank", "pagerank", "wcc"]
        assert {"component", "degree"} <= set(before[0]["Person"])
        open_connection = client.instances.connect(instance.id)

        suspended = client.instances.suspend(instance.id)
        assert (suspended.status, suspended.instance_url, suspended.memory_usage_bytes) == ("suspended", None, None)
        assert pids() == []
        assert client.instances.suspend(instance.id).status == "suspended"
        assert client.instances.list(status="suspended").total == 1
        for ask in (
            lambda: client.instances.connect(instance.id),
            lambda: open_connection.query("MATCH (n) RETURN n"),
            lambda: client.instances.wait_until_running(instance.id, progress=False),
        ):
            with pytest.raises(InvalidStateError) as refused:
                ask()
            assert refused.value.details["current_state"] == "suspended"
            assert f"client.instances.resume({instance.id})" in str(refused.value)

        assert client.instances.resume_and_wait(instance.id, progress=False).status == "running"
        assert client.instances.resume(instance.id).status == "running"
        assert contents(client, instance.id) == before

        with pytest.warns(GraphOLAPWarning, match="keeps the buffer"):
            assert client.instances.update_memory(instance.id, 3).memory_gb == 3
        with client.instances.connect(instance.id) as conn:
            assert conn.status()["memory_limit_bytes"] == 3 * 1024**3
            conn.algo.wcc("Person", "second")
            conn.remove_property("Person", "degree")
        before = contents(client, instance.id)
        client.instances.suspend(instance.id)
        client.instances.resume_and_wait(instance.id, progress=False)
        assert contents(client, instance.id) == before
        with client.instances.connect(instance.id) as conn:
            assert conn.status()["memory_limit_bytes"] == 3 * 1024**3

        client.instances.suspend(instance.id)
        client.instances.terminate(instance.id)
        until(lambda: not any(entry.name.isdigit() for entry in (tmp_path / "data" / "instances").iterdir()))


@pytest.mark.slow
def test_a_suspended_instance_outlives_servers_that_stop_or_die(
    serve: Callable[..., str], pids: Callable[[], list[int]]
) -> None:
    with GraphOLAPClient(serve(), username="ada") as client:
        instance = start_instance(client)
        with client.instances.connect(instance.id) as conn:
            conn.algo.wcc("Person", "component")
        before = contents(client, instance.id)
        client.instances.suspend(instance.id)
    for how in (signal.SIGTERM, signal.SIGKILL):
        serve.servers[-1].stop(how)  # type: ignore[attr-defined]
        with GraphOLAPClient(serve(), username="ada") as client:
            time.sleep(0.7)  # two passes of reconciliation
            assert client.instances.get(instance.id).status == "suspended"
            assert pids() == []
            client.instances.resume_and_wait(instance.id, progress=False)
            assert until(lambda: contents_or_none(client, instance.id)) == before
            client.instances.suspend(instance.id)


def test_limits_owners_and_maintenance_apply_to_resume(serve: Callable[..., str]) -> None:
    url = serve(PER_ANALYST_LIMIT="1")
    with (
        GraphOLAPClient(url, username="ada") as ada,
        GraphOLAPClient(url, username="bob") as bob,
        GraphOLAPClient(url, username="olga", role="ops") as olga,
    ):
        first = start_instance(ada)
        for attempt in (bob.instances.suspend, bob.instances.resume):
            with pytest.raises(PermissionDeniedError):
                attempt(first.id)
        ada.instances.suspend(first.id)
        second = ada.instances.create_and_wait(first.snapshot_id, "second", progress=False)
        for client in (ada, olga):
            with pytest.raises(ConcurrencyLimitError) as refused:
                client.instances.resume(first.id)
            assert refused.value.details["limit_type"] == "per_analyst"
        assert ada.instances.get(first.id).status == "suspended"
        ada.instances.terminate(second.id)
        assert olga.instances.resume_and_wait(first.id, progress=False).status == "running"


def test_unused_instances_are_suspended_where_that_is_set(
    serve: Callable[..., str], pids: Callable[[], list[int]]
) -> None:
    url = serve(INACTIVE_INSTANCES="suspend")
    with GraphOLAPClient(url, username="ada") as client:
        instance = start_instance(client)
        client.instances.set_lifecycle(instance.id, inactivity_timeout="PT1S")
        until(lambda: client.instances.get(instance.id).status == "suspended")
        until(lambda: pids() == [])
        client.instances.set_lifecycle(instance.id, ttl="PT1S")
        until(lambda: client.instances.list().total == 0)


FAULTS = (
    "status.instance.suspended.before",
    "status.instance.suspended.written",
    "suspend.recorded",
    "launcher.asked_to_stop",
    "launcher.process_gone",
    "suspend.process_gone",
    "status.instance.resuming.before",
    "status.instance.resuming.written",
    "start.claimed:2",
    "launcher.folder_made:2",
    "launcher.before_spawn:2",
    "launcher.spawned:2",
    "start.before_handle_stored:2",
    "start.before_running:2",
)


@pytest.mark.parametrize(
    "fault", [fault if fault == "suspend.recorded" else pytest.param(fault, marks=pytest.mark.slow) for fault in FAULTS]
)
def test_a_server_killed_while_it_suspends_or_resumes_is_followed_by_one_that_goes_on(
    serve: Callable[..., str], pids: Callable[[], list[int]], fault: str
) -> None:
    url = serve(FAULT=fault, KEEP_INSTANCES="true")
    killed: Serve = serve.servers[0]  # type: ignore[attr-defined]
    with GraphOLAPClient(url, username="ada", max_retries=0) as client:
        instance = start_instance(client)
        with client.instances.connect(instance.id) as conn:
            conn.algo.wcc("Person", "component")
        before = contents(client, instance.id)
        with suppress(GraphOLAPError):
            client.instances.suspend(instance.id)
            client.instances.resume_and_wait(instance.id, progress=False, timeout=20)
    assert killed.wait(60)[0] == -signal.SIGKILL, f"the server never came to {fault}"
    with GraphOLAPClient(serve(KEEP_INSTANCES="true"), username="ada") as client:
        until(lambda: client.instances.get(instance.id).status in ("running", "suspended"))
        if client.instances.get(instance.id).status == "running":
            until(lambda: len(pids()) == 1)
        else:
            until(lambda: pids() == [])
        client.instances.resume_and_wait(instance.id, progress=False)
        assert until(lambda: contents_or_none(client, instance.id)) == before
        client.instances.terminate(instance.id)
        until(lambda: pids() == [])
