"""Instances whose process is killed start again by themselves: real processes, real signals, both databases."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from deployment import Deployment
from graph_olap import GraphOLAPClient, InstanceConnection
from graph_olap.exceptions import ConnectionError, GraphOLAPError, InvalidStateError

PERSON: dict[str, Any] = {
    "label": "Person",
    "sql": "SELECT id, name FROM people WHERE id < 1000",
    "primary_key": {"name": "id", "type": "INT64"},
    "properties": [{"name": "name", "type": "STRING"}],
}
KNOWS: dict[str, Any] = {
    "type": "KNOWS",
    "from_node": "Person",
    "to_node": "Person",
    "sql": "SELECT a, b FROM knows WHERE b < 1000",
    "from_key": "a",
    "to_key": "b",
}
CONTENTS = "MATCH (p:Person) RETURN count(*) AS people, count(p.component) AS components, sum(p.component) AS total"


@pytest.fixture(params=[False, True], ids=["sqlite", "postgres"])
def deployment(request: pytest.FixtureRequest, make_deployment: Callable[..., Deployment]) -> Deployment:
    return make_deployment(on_postgres=request.param)


@pytest.fixture
def client(deployment: Deployment) -> Iterator[GraphOLAPClient]:
    deployment.start()
    with GraphOLAPClient(deployment.url, username="ada", max_retries=0) as client:
        yield client


def start_instance(client: GraphOLAPClient) -> int:
    mapping = client.mappings.create("people", "", [PERSON], [KNOWS])
    return client.instances.create_from_mapping_and_wait(mapping.id, "people", progress=False).id


def contents(client: GraphOLAPClient, number: int) -> list[Any]:
    with client.instances.connect(number) as connection:
        return list(connection.query(CONTENTS).rows[0])


def until(condition: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "the expected did not happen in time"
        time.sleep(0.02)
    return found


def refusal(connection: InstanceConnection) -> GraphOLAPError | None:
    try:
        connection.query("RETURN 1")
    except GraphOLAPError as error:
        return error
    return None


def events(deployment: Deployment, number: int) -> list[tuple[str, dict[str, Any]]]:
    found = deployment.call("GET", f"/instances/{number}/events")
    return [(event["event_type"], event["details"]) for event in found]


def test_killed_twice_it_goes_on_and_the_third_time_it_has_failed(deployment: Deployment, client: GraphOLAPClient):
    number = start_instance(client)
    with client.instances.connect(number) as connection:
        connection.algo.wcc("Person", "component")
    before = contents(client, number)
    assert before[:2] == [1000, 1000]
    for count, (sign, name) in enumerate([(signal.SIGKILL, "SIGKILL"), (signal.SIGSEGV, "SIGSEGV")], 1):
        connection = client.instances.connect(number)
        process = deployment.instance_pids()[number]
        os.kill(process, sign)
        # Whoever asks meanwhile is told what happens and what to do.
        told = until(lambda: refusal(connection))  # noqa: B023
        assert isinstance(told, (ConnectionError, InvalidStateError))
        assert f"client.instances.wait_until_running({number})" in str(told.hint)
        client.instances.wait_until_running(number, progress=False)
        until(lambda: deployment.instance_pids().get(number) not in (None, process))  # noqa: B023
        client.instances.wait_until_running(number, progress=False)
        assert contents(client, number) == before
        kind, details = events(deployment, number)[0]
        assert (kind, details["results"], details["restart"]) == ("restarted", "kept", count)
        assert name in details["reason"]
        with pytest.raises(ConnectionError) as moved:
            connection.query("RETURN 1")
        assert f"connect again with client.instances.connect({number})" in str(moved.value.hint)
    connection = client.instances.connect(number)
    os.kill(deployment.instance_pids()[number], signal.SIGKILL)
    failed = until(lambda: (found := client.instances.get(number)).status == "failed" and found)
    assert failed.error_code == "UNEXPECTED_TERMINATION"
    assert "died 3 times within an hour" in failed.error_message
    with pytest.raises(ConnectionError) as refused:
        connection.query("RETURN 1")
    assert "died 3 times within an hour" in str(refused.value.hint)
    until(lambda: deployment.unrest() == [])


@pytest.mark.parametrize("deployment", [False, pytest.param(True, marks=pytest.mark.slow)], indirect=True)
def test_what_it_kept_is_damaged(deployment: Deployment, client: GraphOLAPClient):
    number = start_instance(client)
    with client.instances.connect(number) as connection:
        connection.algo.wcc("Person", "component")
    os.kill(deployment.instance_pids()[number], signal.SIGSTOP)
    folder = deployment.data_dir / "instances" / str(number)
    (folder / "graph.db").unlink()
    os.kill(deployment.instance_pids()[number], signal.SIGKILL)
    until(lambda: len(events(deployment, number)) == 2)
    client.instances.wait_until_running(number, progress=False)
    with client.instances.connect(number) as connection:
        assert connection.query_scalar("MATCH (p:Person) RETURN count(*)") == 1000
        assert connection.get_schema().node_labels["Person"] == ["id", "name"]
    (_, lost), (_, kept) = events(deployment, number)
    assert (kept["results"], lost["results"]) == ("kept", "lost")
    assert "properties that algorithms wrote are gone" in lost["note"]
    until(lambda: deployment.unrest() == [])


@pytest.mark.parametrize(
    "fault", ["restart.recorded", pytest.param("status.instance.resuming.written", marks=pytest.mark.slow)]
)
def test_the_server_dies_while_it_starts_one_again(make_deployment: Callable[..., Deployment], fault: str):
    deployment = make_deployment()
    killed = deployment.start(fault)
    with GraphOLAPClient(deployment.url, username="ada", max_retries=0) as client:
        number = start_instance(client)
    os.kill(deployment.instance_pids()[number], signal.SIGKILL)
    assert killed.process.wait(60) == -signal.SIGKILL
    deployment.restart()
    with GraphOLAPClient(deployment.url, username="ada") as client:
        client.instances.wait_until_running(number, progress=False)
        until(lambda: number in deployment.instance_pids())
        client.instances.wait_until_running(number, progress=False)
        with client.instances.connect(number) as connection:
            assert connection.query_scalar("MATCH (p:Person) RETURN count(*)") == 1000
    assert len(events(deployment, number)) == 1
