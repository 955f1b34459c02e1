"""Machines with folders of their own on one PostgreSQL: one dies or comes back, the others do its work.

Each machine is a name, a data folder and its processes; the snapshots lie where all of them read.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deployment import Deployment
from graph_olap_server.store.database import Database
from graph_olap_server.store.tables import ExportJobRow, HostRow, InstanceRow, SnapshotRow
from platform_process import KNOWS, PERSON
from postgres import PrivatePostgres, find_postgres
from sqlalchemy import update

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_postgres() is None, reason="PostgreSQL is not installed (.ci/postgres)"),
]
MAPPING: dict[str, Any] = {"name": "people", "node_definitions": [PERSON], "edge_definitions": [KNOWS]}
TIMEOUT = 6
"""Seconds of silence after which a machine is lost; long enough for two busy cores."""


class Machines:
    """Machines by name, and an API that all of them serve."""

    def __init__(self, root: Path, warehouse: Path, url: str) -> None:
        self._root = root
        self._warehouse = warehouse
        self._url = url
        self._known: dict[str, Deployment] = {}
        self.timeout = TIMEOUT
        self.api = self["api"]
        self.api.start(command="api", options=["--no-jobs"])

    def __getitem__(self, name: str) -> Deployment:
        if name not in self._known:
            env = {
                "GRAPH_OLAP_NODE_NAME": name,
                "GRAPH_OLAP_HOST_TIMEOUT": str(self.timeout),
                "GRAPH_OLAP_SNAPSHOT_DIR": str(self._root / "shared"),
                "GRAPH_OLAP_INTERNAL_API_KEY": "shared-by-all",
                **({"GRAPH_OLAP_CONTROL_PLANE_URL": self.api.url} if self._known else {}),
            }
            folder = self._root / name
            self._known[name] = Deployment(folder, self._warehouse, self._url, on_postgres=True, env=env)
        return self._known[name]

    def create_instance(self) -> int:
        mapping = self.api.call("POST", "/mappings", MAPPING)
        body = {"name": "people", "mapping_id": mapping["id"]}
        return int(self.api.call("POST", "/instances/from-mapping", body)["id"])

    def instance(self, number: int) -> Any:
        return next((row for row in self.api.rows(InstanceRow) if row.id == number), None)

    def wait_until(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            state = [(row.id, row.status, row.host, row.error_message) for row in self.api.rows(InstanceRow)]
            assert time.monotonic() < deadline, state
            time.sleep(0.1)

    def wait_until_running(self, number: int) -> None:
        self.wait_until(lambda: (row := self.instance(number)) is not None and row.status == "running")

    def power_off(self, name: str) -> None:
        """End all processes of a machine at once."""
        machine = self[name]
        machine.kill_all()
        for pid in machine.instance_pids().values():
            os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        for name in self._known:
            self.power_off(name)


@pytest.fixture
def machines(tmp_path: Path, warehouse: Path, postgres: PrivatePostgres) -> Iterator[Machines]:
    made = Machines(tmp_path, warehouse, postgres.url(postgres.create()))
    yield made
    made.close()


def test_a_machine_dies_and_the_other_goes_on(machines: Machines):
    machines["a"].start(command="worker")
    on_a = machines.create_instance()
    machines.wait_until_running(on_a)
    machines["b"].start(command="worker")
    machines.wait_until(lambda: {row.name for row in machines.api.rows(HostRow)} == {"a", "b"})

    machines.power_off("a")
    machines.wait_until(lambda: machines.instance(on_a).status == "failed")
    lost = machines.instance(on_a)
    assert (lost.error_code, lost.host) == ("UNEXPECTED_TERMINATION", "a")
    assert lost.error_message.startswith("The machine a, on which the instance ran, has given no sign of life for")
    assert [row.name for row in machines.api.rows(HostRow)] == ["b"]

    # Its snapshot is read where it lies, and the record of the lost one can be removed although its machine is away.
    body = {"name": "again", "snapshot_id": lost.snapshot_id}
    on_b = machines.api.call("POST", "/instances", body)["id"]
    machines.wait_until_running(on_b)
    assert set(machines["b"].instance_pids()) == {on_b}
    machines.api.call("DELETE", f"/instances/{on_a}")
    machines.wait_until(lambda: machines.instance(on_a) is None)


@pytest.mark.parametrize("fault", ["parquet.writing", "finalize.claimed", "start.claimed"])
def test_the_work_of_a_machine_that_died_is_done_by_another(machines: Machines, fault: str):
    doomed = machines["a"].start(fault, command="worker")
    number = machines.create_instance()
    assert doomed.process.wait(60) == -signal.SIGKILL
    (snapshot,) = machines.api.rows(SnapshotRow)
    held = [row.claimed_by for row in machines.api.rows(ExportJobRow) if row.status == "claimed"]
    held += [row.lease_holder for row in (snapshot, machines.instance(number)) if row.lease_token is not None]
    assert [holder.split(":")[0] for holder in held] == ["a"]

    machines["b"].start(command="worker")
    machines.wait_until_running(number)
    assert machines.instance(number).host == "b"
    assert {row.attempts for row in machines.api.rows(ExportJobRow)} == {1}


def test_a_machine_that_was_only_away_ends_the_engines_that_were_given_up(machines: Machines):
    worker = machines["a"].start(command="worker")
    numbers = [machines.create_instance()]
    machines.wait_until_running(numbers[0])
    machines["b"].start(command="worker")
    numbers += [machines.create_instance() for _ in range(2)]
    for number in numbers:
        machines.wait_until_running(number)
    on_a = {row.id for row in machines.api.rows(InstanceRow) if row.host == "a"}

    worker.process.send_signal(signal.SIGSTOP)
    machines.wait_until(lambda: all(machines.instance(number).status == "failed" for number in on_a))
    assert set(machines["a"].instance_pids()) == on_a
    worker.process.send_signal(signal.SIGCONT)
    machines.wait_until(lambda: machines["a"].instance_pids() == {})
    machines.wait_until(lambda: machines["a"].folders("instances") == set())
    rest = {row.id: row.status for row in machines.api.rows(InstanceRow)}
    assert rest == {number: "failed" if number in on_a else "running" for number in numbers}


def test_an_engine_without_a_record_is_ended_on_every_machine(machines: Machines):
    machines.timeout = 60  # longer than b takes while a is away
    machines["a"].start(command="worker")
    machines.wait_until_running(machines.create_instance())
    machines["a"].kill_all()  # so that b does the next
    machines["b"].start(command="worker")
    machines.wait_until_running(machines.create_instance())
    machines["a"].start(command="worker")
    assert [(row.host, row.status) for row in machines.api.rows(InstanceRow)][1] == ("b", "running")
    assert len(machines["a"].instance_pids()) == len(machines["b"].instance_pids()) == 1
    database = Database(machines.api.database_url)
    with database.write() as session:
        session.execute(update(InstanceRow).values(status="failed", handle=None))
    database.close()
    machines.wait_until(lambda: machines["a"].instance_pids() == {} and machines["b"].instance_pids() == {})
