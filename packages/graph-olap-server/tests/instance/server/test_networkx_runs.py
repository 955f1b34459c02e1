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
    assert (result["backend"], result["threads"]) == (backend, native["threads"])
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


@pytest.mark.parametrize(
    ("name", "body", "parameters", "weight"),
    [
        (
            "all_simple_paths",
            {"parameters": {"source": "ann", "target": "cem"}},
            {"source": "ann", "target": "cem", "cutoff": None},
            None,
        ),
        (
            "pagerank",
            {"parameters": {"alpha": 0.5}, "weight_property": "strength"},
            {"alpha": 0.5, "max_iter": 100, "tol": 1e-06, "weight": "strength", "personalization": None}
            | {"nstart": None, "dangling": None},
            "strength",
        ),
        ("degree_centrality", {}, {}, None),
        # An unweighted call has no weight, whatever the library's default is called.
        ("clustering", {"directed": False}, {"nodes": None, "weight": None}, None),
        ("maximum_flow_value", {"parameters": {"_s": "ann", "_t": "cem", "capacity": "strength"}}, None, "strength"),
    ],
)
def test_the_record_has_all_parameters_as_they_counted(client, name, body, parameters, weight):
    reply = client.post(f"/networkx/{name}", json={"node_label": "Person", **body}, headers={"Prefer": "wait=30"})
    execution = reply.json()
    assert execution["status"] == "completed", execution
    if parameters is None:
        parameters = {"_s": "ann", "_t": "cem", "capacity": "strength", "flow_func": None}
    assert execution["parameters"] == parameters
    assert execution["result"]["weight_property"] == weight


TYPES = {"int", "float", "string", "boolean", "array", "object", "node", "any"}


@pytest.mark.parametrize("family", ["algo", "networkx"])
def test_listings_use_the_words_of_the_contract(client, family):
    listed = client.get(f"/{family}/algorithms").json()["algorithms"]
    assert {parameter["type"] for info in listed for parameter in info["parameters"]} <= TYPES
    writes = {info["name"]: info["supports_write_back"] for info in listed}
    expected = {
        "algo": {"pagerank": True, "bridges": True, "jaccard_similarity": False, "shortest_path": False},
        "networkx": {"pagerank": True, "bridges": True, "hits": True, "simple_cycles": True, "bfs_layers": True}
        | {"jaccard_coefficient": False, "diameter": False, "bfs_tree": False, "minimum_cut": False},
    }[family]
    assert {name: writes[name] for name in expected} == expected
    kinds = {info["result_kind"] for info in listed}
    assert kinds <= {"node_map", "scalar", "node_sets", "node_list", "edge_map", "edge_list", "pair_scores"} | {
        "node_matrix", "mapping", "sequence", "graph", "tuple",
    }  # fmt: skip
