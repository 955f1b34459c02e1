"""Kill the server or an instance at every named point; the next server brings everything to its end.

Each test does the main job with a server that dies at one point, lets a server without the fault take over, and goes
on. A request that was answered must still be there, nothing may be there twice, and in the end records, processes and
files agree.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from deployment import Deployment, Killed
from graph_olap_server.store.tables import InstanceRow, MappingRow, SnapshotRow
from platform_process import KNOWS, PERSON

MAPPING: dict[str, Any] = {"name": "people", "node_definitions": [PERSON], "edge_definitions": [KNOWS]}

CORE = ("parquet.writing", "launcher.spawned", "database.before_commit:9")
"""Points that run with every test; the others are slow together."""

SERVER_POINTS = (
    *(f"database.before_commit:{number}" for number in (1, 2, 3, 4, 6, 9, 12, 16)),
    *(f"database.committed:{number}" for number in (1, 2, 3, 4, 6, 9, 12, 16)),
    "schema.replacing",
    "status.snapshot.creating.before",
    "status.snapshot.creating.written",
    "status.export_job.claimed.before",
    "status.export_job.claimed.written",
    "export.claimed",
    "parquet.writing",
    "parquet.writing:3",
    "parquet.before_rename",
    "parquet.renamed",
    "export.before_complete",
    "status.export_job.completed.before",
    "status.export_job.completed.written",
    "export.completed",
    "finalize.claimed",
    "finalize.file_done",
    "finalize.file_done:2",
    "finalize.before_manifest",
    "finalize.manifest_renaming",
    "finalize.manifest_written",
    "finalize.before_complete",
    "status.snapshot.ready.before",
    "status.snapshot.ready.written",
    "finalize.completed",
    "status.instance.starting.before",
    "status.instance.starting.written",
    "start.claimed",
    "launcher.folder_made",
    "launcher.before_spawn",
    "launcher.spawned",
    "start.before_handle_stored",
    "start.before_running",
    "status.instance.running.before",
    "status.instance.running.written",
    "status.instance.stopping.before",
    "status.instance.stopping.written",
    "stop.begun",
    "launcher.asked_to_stop",
    "launcher.process_gone",
    "stop.before_record_removed",
    "removal.renamed",
    "removal.before_done",
)
REST_SECONDS = 40.0
"""No lease is waited for: those of a dead process on this machine are free at once."""

INSTANCE_POINTS = (
    "instance.before_endpoint",
    "instance.loading",
    "instance.load_step",
    "instance.load_step:3",
    "instance.loaded",
    "instance.cache_copying",
    "instance.cache_copied",
)


def points(names: tuple[str, ...]) -> list[Any]:
    return [name if name in CORE else pytest.param(name, marks=pytest.mark.slow) for name in names]


class Story:
    """The main job, step by step, whatever dies meanwhile."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.kills = 0
        self.accepted: dict[str, int] = {}

    def begin(self, fault: str) -> None:
        try:
            self.deployment.start(fault)
        except Killed:
            self.take_over()

    def take_over(self) -> None:
        assert any(server.process.wait(60) == -signal.SIGKILL for server in self.deployment.servers)
        self.kills += 1
        self.deployment.restart()

    def find(self, kind: str) -> dict[str, Any] | None:
        """Return the one object of this story; twice or lost is a failure."""
        while True:
            try:
                found: list[dict[str, Any]] = self.deployment.call("GET", f"/{kind}?search=people")
                break
            except Killed:
                self.take_over()
        assert len(found) <= 1, found
        if kind in self.accepted:
            assert [item["id"] for item in found] == [self.accepted[kind]], f"an accepted one of {kind} is lost"
        return found[0] if found else None

    def create(self, kind: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a request until it was answered or its effect is there."""
        while (found := self.find(kind)) is None:
            try:
                self.accepted[kind] = self.deployment.call("POST", path, body)["id"]
            except Killed:
                self.take_over()
        return found

    def remove(self, kind: str) -> None:
        """Delete until it is gone."""
        self.accepted.pop(kind, None)
        while (found := self.find(kind)) is not None:
            try:
                self.deployment.call("DELETE", f"/{kind}/{found['id']}")
            except Killed:
                self.take_over()

    def wait_until_started(self) -> dict[str, Any]:
        deadline = time.monotonic() + 120
        while True:
            found = self.find("instances")
            assert found is not None
            if found["status"] in ("running", "failed"):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.1)

    def rest(self) -> None:
        """Wait until nothing is on its way any more, which the server may not live to see; then compare everything."""
        deadline = time.monotonic() + REST_SECONDS
        while found := self.deployment.unrest():
            if any(server.process.poll() is not None for server in self.deployment.servers):
                self.take_over()
            assert time.monotonic() < deadline, f"not at rest: {found}"
            time.sleep(0.1)
        self.deployment.check()
        # One of the server that runs; a new one removes those of the dead.
        assert len(self.deployment.folders("scratch")) == 1

    def end(self) -> None:
        self.remove("instances")
        self.remove("snapshots")
        self.rest()
        assert self.deployment.rows(InstanceRow) == []
        assert self.deployment.rows(SnapshotRow) == []
        assert self.deployment.instance_pids() == {}
        assert self.deployment.folders("instances") == set()
        assert self.deployment.folders("snapshots") == set()
        assert len(self.deployment.rows(MappingRow)) == 1


@pytest.mark.parametrize("fault", points(SERVER_POINTS))
def test_a_killed_server_is_followed_by_one_that_finishes_its_work(
    make_deployment: Callable[..., Deployment], fault: str
) -> None:
    story = Story(make_deployment())
    story.begin(fault)
    mapping = story.create("mappings", "/mappings", MAPPING)
    story.create("instances", "/instances/from-mapping", {"name": "people", "mapping_id": mapping["id"]})
    instance = story.wait_until_started()
    assert instance["status"] == "running", instance["error_message"]
    story.rest()
    story.end()
    assert story.kills == 1, f"the server never came to {fault}"


@pytest.mark.parametrize("fault", points(INSTANCE_POINTS))
def test_a_killed_instance_fails_in_words_and_the_next_one_works(
    make_deployment: Callable[..., Deployment], fault: str
) -> None:
    story = Story(make_deployment())
    story.begin(fault)
    mapping = story.create("mappings", "/mappings", MAPPING)
    story.create("instances", "/instances/from-mapping", {"name": "people", "mapping_id": mapping["id"]})
    deadline = time.monotonic() + 90
    while (instance := story.wait_until_started())["status"] != "failed":
        assert time.monotonic() < deadline, f"the instance never came to {fault}"
        time.sleep(0.1)
    assert instance["error_code"] in ("STARTUP_FAILED", "UNEXPECTED_TERMINATION")
    assert "SIGKILL" in instance["error_message"]
    story.deployment.restart()
    story.remove("instances")
    (snapshot,) = story.deployment.rows(SnapshotRow)
    story.create("instances", "/instances", {"name": "people", "snapshot_id": snapshot.id})
    assert story.wait_until_started()["status"] == "running"
    story.rest()
    story.end()
