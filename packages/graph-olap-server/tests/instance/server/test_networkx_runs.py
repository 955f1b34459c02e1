"""What a run of a NetworkX function tells while it lasts, and what it records: as one of a native algorithm does."""

import pytest

ASYNC = {"Prefer": "respond-async"}
PHASES = {"project", "compute", "write"}


@pytest.mark.parametrize(("name", "backend"), [("square_clustering", "networkx"), ("core_number", "icebug")])
@pytest.mark.parametrize("written", [False, True])
def test_a_run_records_times_per_phase_backend_threads_and_version(client, name, backend, written):
    # A core number is not defined with self-loops.
    query = "MATCH (a:Person)-[:KNOWS]->(b:Person) WHERE a.name <> b.name RETURN a AS source, b AS target"
    body = {"subgraph_query": query, "directed": False}
    if written:
        body["result_property"] = "recorded"
    execution = client.post(f"/networkx/{name}", json=body).json()
    assert execution["status"] == "completed", execution
    native = client.post("/algo/wcc", json={"node_label": "Person"}).json()["result"]
    result = execution["result"]
    assert result["timings_ms"].keys() == native["timings_ms"].keys() == PHASES
    assert all(spent >= 0 for spent in result["timings_ms"].values())
    assert sum(result["timings_ms"].values()) <= execution["duration_ms"] + 1
    # NetworkX computes with one thread, and its kernels do so beside it.
    assert (result["backend"], result["threads"]) == (backend, 1)
    assert result["graph_version"] >= native["graph_version"] - 1
    recorded = client.get(f"/algo/status/{execution['execution_id']}").json()
    assert recorded["result"]["timings_ms"] == result["timings_ms"]
    if written:
        assert client.delete("/algo/properties/Person/recorded").status_code == 204


def test_a_running_function_shows_its_phase_and_how_far_it_is_known_to_be(client, until):
    begun = client.post("/networkx/simple_cycles", json={"node_label": "Point"}, headers=ASYNC).json()
    path = f"/algo/status/{begun['execution_id']}"
    try:
        until(lambda: client.get(path).json()["phase"] == "compute")
        shown = client.get(path).json()
        assert shown["status"] == "running"
        # How long the function takes nobody knows: the percentage stays where the phase began.
        assert shown["progress_percent"] == 20
    finally:
        ended = client.delete(f"/algo/executions/{begun['execution_id']}").json()
    assert ended["status"] == "cancelled"
