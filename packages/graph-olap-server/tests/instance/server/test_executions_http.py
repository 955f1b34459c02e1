"""What is left of a run that is killed: no half-written property, a free lock, and a record that says so."""

import os
import signal
from pathlib import Path

import pyarrow as pa
import pytest
from graph_olap_server.faults import VARIABLE

ASYNC = {"Prefer": "respond-async"}
WRITES = {"result_property": "part"}
"""All labels get a value; the engine must set all of them or none."""

VALUES = "MATCH (n) RETURN label(n), count(n.part), sum(n.part)"


def rows(client, text):
    reply = client.post("/query", json={"query": text})
    assert reply.status_code == 200, reply.text
    return reply.json()["rows"]


def labels_with(client, name):
    tables = client.get("/schema").json()["node_tables"]
    return {table["label"] for table in tables if name in table["properties"]}


def workers_of(instance):
    """Return the worker processes of an instance."""
    tasks = Path(f"/proc/{instance.process.pid}/task").glob("*/children")
    return [int(number) for task in tasks for number in task.read_text().split()]


@pytest.fixture
def reopened(start, snapshot, settled, monkeypatch):
    """Let an instance do something, then start its process again on the same folder."""

    def reopened(instance):
        monkeypatch.delenv(VARIABLE, raising=False)
        again = start.again(instance, snapshot)
        assert settled(again)["status"] == "running", (again.folder / "instance.log").read_text()
        return again

    return reopened


def test_a_worker_that_is_killed_leaves_the_graph_as_it_was(start, snapshot, settled, until):
    instance = start(snapshot)
    settled(instance)
    with instance.client() as client:
        body = {"node_label": "Point", "result_property": "cycles"}
        begun = client.post("/networkx/simple_cycles", json={"node_label": "Point"}, headers=ASYNC).json()

        def killed():
            # A worker that has not begun yet is replaced by another, so one kill may not be enough.
            for number in workers_of(instance):
                os.kill(number, signal.SIGKILL)
            return client.get(f"/algo/status/{begun['execution_id']}").json()["status"] != "running"

        until(killed)
        ended = client.get(f"/algo/status/{begun['execution_id']}").json()
        assert (ended["status"], ended["error_code"]) == ("failed", "ALGORITHM_FAILED")
        assert "memory" in ended["error_message"]
        assert client.get("/lock").json()["lock"]["locked"] is False
        assert labels_with(client, "cycles") == set()
        again = client.post("/algo/wcc", json={**body, "node_label": None})
        assert again.json()["nodes_updated"] == 20


@pytest.mark.parametrize("overwrites", [False, True])
def test_a_process_that_is_killed_in_a_write_leaves_all_labels_as_they_were(
    start, snapshot, settled, reopened, monkeypatch, overwrites
):
    monkeypatch.setenv(VARIABLE, f"instance.write_back:{2 if overwrites else 1}")
    instance = start(snapshot)
    settled(instance)
    with instance.client() as client:
        if overwrites:
            client.post("/algo/kcore", json=WRITES)
            before = sorted(rows(client, VALUES))
        execution_id = client.post("/algo/wcc", json={"node_label": "City"}).json()["execution_id"]
        with pytest.raises(Exception, match="disconnected"):
            client.post("/algo/wcc", json=WRITES)
    assert instance.process.wait(10) == -signal.SIGKILL
    with reopened(instance).client() as client:
        if overwrites:
            assert sorted(rows(client, VALUES)) == before
        else:
            assert labels_with(client, "part") == set()
        assert client.get("/lock").json()["lock"]["locked"] is False
        history = client.get("/algo/executions").json()["executions"]
        assert (history[0]["status"], history[0]["error_code"]) == ("failed", "ALGORITHM_FAILED")
        assert "process ended" in history[0]["error_message"]
        assert history[0]["completed_at"] > history[0]["started_at"]
        assert (history[0]["duration_ms"] > 0, history[0]["elapsed_ms"], history[0]["phase"]) == (True, None, None)
        assert history[1]["execution_id"] == execution_id
        assert history[1]["result"]["timings_ms"].keys() == {"project", "compute", "write"}
        assert client.post("/algo/wcc", json=WRITES).json()["nodes_updated"] == 20


@pytest.mark.parametrize("overwrites", [False, True])
def test_a_process_that_is_killed_while_it_writes_to_relationships_leaves_nothing_in_sight(
    start, snapshot, settled, reopened, monkeypatch, overwrites
):
    monkeypatch.setenv(VARIABLE, f"instance.write_back:{2 if overwrites else 1}")
    instance = start(snapshot)
    settled(instance)
    body = {"node_label": "Person", "edge_type": "KNOWS", "result_property": "part"}
    listing = "CALL table_info('KNOWS') RETURN name, type"
    values = "MATCH (a)-[k:KNOWS]->(b) RETURN a.name, b.name, k.{0}"
    with instance.client() as client:
        if overwrites:
            assert client.post("/algo/biconnected_components", json=body).json()["edges_updated"] == 5
            before = sorted(rows(client, values.format("part")), key=str)
        known = rows(client, listing)
        with pytest.raises(Exception, match="disconnected"):
            client.post("/algo/edge_betweenness", json=body)
    assert instance.process.wait(10) == -signal.SIGKILL
    with reopened(instance).client() as client:
        assert rows(client, listing) == known
        assert "_internal" not in client.get("/schema").text
        if overwrites:
            assert sorted(rows(client, values.format("part")), key=str) == before
        assert client.get("/lock").json()["lock"]["locked"] is False
        assert client.post("/algo/edge_betweenness", json=body).json()["edges_updated"] == 6
        assert rows(client, "MATCH ()-[k:KNOWS]->() RETURN count(k.part), sum(k.part) > 0") == [[6, True]]


def test_history_and_streamed_results_outlive_the_process(start, snapshot, settled, reopened):
    instance = start(snapshot)
    settled(instance)
    body = {"node_label": "Person", "mode": "stream", "parameters": {"tolerance": 1e-9}}
    with instance.client() as client:
        execution = client.post("/algo/pagerank", json=body).json()
        path = f"/algo/executions/{execution['execution_id']}/result"
        streamed = client.get(path).content
    instance.stop()
    with reopened(instance).client() as client:
        record = client.get(f"/networkx/status/{execution['execution_id']}").json()
        assert (record["status"], record["algorithm"], record["user_name"]) == ("completed", "pagerank", "ann")
        assert record["parameters"]["tolerance"] == 1e-9
        assert record["result"]["rows"] == 6
        assert client.get(path).content == streamed
    with pa.ipc.open_stream(streamed) as reader:
        assert reader.read_all().num_rows == 6
