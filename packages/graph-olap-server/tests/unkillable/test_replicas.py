"""Several processes on one database: work is done once, and the death of one does not stop it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from deployment import Deployment
from graph_olap_server.store.tables import ExportJobRow, InstanceRow, MappingRow
from platform_process import KNOWS, PERSON
from postgres import find_postgres

MAPPING: dict[str, Any] = {"name": "people", "node_definitions": [PERSON], "edge_definitions": [KNOWS]}

needs_postgres = pytest.mark.skipif(find_postgres() is None, reason="PostgreSQL is not installed (.ci/postgres)")


def create_instances(deployment: Deployment, count: int) -> None:
    mapping = deployment.call("POST", "/mappings", MAPPING)
    for number in range(count):
        deployment.call("POST", "/instances/from-mapping", {"name": f"people {number}", "mapping_id": mapping["id"]})


def wait_until_rest(deployment: Deployment, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while found := deployment.unrest():
        assert time.monotonic() < deadline, f"not at rest: {found}"
        time.sleep(0.1)
    deployment.check()


@pytest.mark.parametrize(
    "on_postgres", [False, pytest.param(True, marks=[needs_postgres, pytest.mark.slow])], ids=["sqlite", "postgres"]
)
def test_two_workers_share_the_work_and_one_finishes_it(make_deployment: Callable[..., Deployment], on_postgres: bool):
    deployment = make_deployment(on_postgres=on_postgres)
    deployment.start(command="api", options=["--no-jobs"])
    first = deployment.start(command="worker")
    deployment.start(command="worker")
    create_instances(deployment, 3)
    deadline = time.monotonic() + 120
    while not any(job.status == "completed" for job in deployment.rows(ExportJobRow)):
        assert time.monotonic() < deadline, deployment.unrest()
        time.sleep(0.02)
    first.process.send_signal(signal.SIGKILL)
    first.wait()
    deployment.servers.remove(first)

    wait_until_rest(deployment)

    assert [row.status for row in deployment.rows(InstanceRow)] == ["running"] * 3
    for row in deployment.rows(InstanceRow):
        deployment.call("DELETE", f"/instances/{row.id}")
    wait_until_rest(deployment)
    assert deployment.instance_pids() == {}


@needs_postgres
@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", ["request.claimed", "database.before_commit:4", "database.committed:4", "request.done"]
)
def test_another_api_answers_the_repeat_of_a_killed_one_at_once(make_deployment: Callable[..., Deployment], fault: str):
    deployment = make_deployment(on_postgres=True)
    deployment.start(command="worker")
    doomed = deployment.start(fault, command="api", options=["--no-jobs"])
    url = deployment.url
    deployment.start(command="api", options=["--no-jobs"])
    headers = {"X-Username": "ada", "Idempotency-Key": "k-1"}

    def post(url: str) -> httpx.Response:
        return httpx.post(f"{url}/api/mappings", json=MAPPING, headers=headers, timeout=60, trust_env=False)

    def post_until_killed() -> None:
        for _ in range(5):  # the database's points may be further requests away
            post(url)

    with pytest.raises(httpx.TransportError):
        post_until_killed()
    assert doomed.process.wait(60) == -signal.SIGKILL
    started = time.monotonic()
    replies = [post(deployment.url) for _ in range(2)]
    assert time.monotonic() - started < 10, "the lease of a dead process was waited for"
    assert [reply.status_code for reply in replies] == [201, 201]
    (row,) = deployment.rows(MappingRow)
    assert {reply.json()["data"]["id"] for reply in replies} == {row.id}


@needs_postgres
@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        "database.before_commit:14",
        "database.committed:14",
        "export.claimed",
        "parquet.writing",
        "export.before_complete",
        "finalize.claimed",
        "finalize.before_complete",
        "start.claimed",
        "launcher.folder_made",
        "launcher.spawned",
        "start.before_handle_stored",
        "start.before_running",
        "stop.begun",
        "launcher.process_gone",
        "stop.before_record_removed",
        "removal.renamed",
    ],
)
def test_another_worker_takes_over_from_a_killed_one(make_deployment: Callable[..., Deployment], fault: str):
    deployment = make_deployment(on_postgres=True)
    deployment.start(command="api", options=["--no-jobs"])
    deployment.start(command="api", options=["--no-jobs"])
    doomed = deployment.start(fault, command="worker")
    create_instances(deployment, 1)
    deadline = time.monotonic() + 120
    deleted = False
    helped = False
    while deployment.rows(InstanceRow) or not deleted:
        assert time.monotonic() < deadline, deployment.unrest()
        if not helped and doomed.process.poll() is not None:
            # The dead one's leases are not waited for: the living know that their holder is gone.
            doomed.wait()
            deployment.servers.remove(doomed)
            deployment.start(command="worker")
            helped = True
        (row,) = deployment.rows(InstanceRow) or [None]
        assert row is None or row.status != "failed", row.error_message
        if row is not None and row.status == "running" and not deleted:
            deployment.call("DELETE", f"/instances/{row.id}")
            deployment.call("DELETE", f"/snapshots/{row.snapshot_id}")
            deleted = True
        time.sleep(0.05)
    if not helped:
        assert doomed.wait()[0] == -signal.SIGKILL
        deployment.servers.remove(doomed)
        deployment.start(command="worker")
    wait_until_rest(deployment)
    assert deployment.folders("snapshots") == set()
    assert deployment.folders("instances") == set()
