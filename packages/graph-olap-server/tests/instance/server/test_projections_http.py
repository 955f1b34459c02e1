"""Projections by label and by query, and the modes of a run: write, stream, stats, estimate."""

import networkx as nx
import pyarrow as pa
import pytest

KNOWS = [("ann", "bob"), ("bob", "cem"), ("cem", "ann"), ("dan", "eve"), ("eve", "eve")]
BY_QUERY = "MATCH (a:Person)-[:KNOWS]->(b:Person) WHERE a.name <> 'dan' RETURN a AS source, b AS target"


def run(client, name, **body):
    reply = client.post(f"/algo/{name}", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def table(client, execution):
    reply = client.get(f"/algo/executions/{execution['execution_id']}/result")
    assert reply.status_code == 200, reply.text
    with pa.ipc.open_stream(reply.content) as reader:
        return reader.read_all()


def refused(client, body, name="pagerank"):
    reply = client.post(f"/algo/{name}", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "VALIDATION_FAILED"), reply.text
    return reply.json()["error"]["details"]["field"]


def test_a_streamed_result_names_every_node(client):
    execution = run(client, "wcc", node_label="Person", mode="stream")
    assert (execution["result"]["rows"], execution["nodes_updated"]) == (6, 0)
    found = table(client, execution)
    assert found.column_names == execution["result"]["columns"] == ["_id", "_label", "key", "value"]
    assert set(found["_label"].to_pylist()) == {"Person"}
    parts = dict(zip(found["key"].to_pylist(), found["value"].to_pylist(), strict=True))
    assert parts == {"ann": 0, "bob": 0, "cem": 0, "dan": 1, "eve": 1, "fay": 2}
    reply = client.post("/query", json={"query": "MATCH (p:Person) RETURN p.name, id(p)"})
    assert dict(zip(found["key"].to_pylist(), found["_id"].to_pylist(), strict=True)) == dict(reply.json()["rows"])


def test_several_labels_stream_with_keys_as_text(client):
    found = table(client, run(client, "wcc", mode="stream"))
    assert found["key"].type == pa.string()
    labels = dict(zip(found["key"].to_pylist(), found["_label"].to_pylist(), strict=True))
    assert (labels["ann"], labels["20"], len(found)) == ("Person", "City", 20)


def test_stats_hold_the_summary_only(client):
    result = run(client, "wcc", node_label="Person", mode="stats")["result"]
    assert (result["component_count"], result["largest_component"]) == (3, 3)
    assert "values" not in result
    assert result["backend"] == "icebug"
    assert result["graph_version"] >= 0
    assert client.get(f"/algo/executions/{'0' * 36}/result").status_code == 404


def test_an_estimate_runs_nothing(client):
    result = run(client, "pagerank", node_label="Person", mode="estimate")["result"]
    assert (result["node_count"], result["edge_count"]) == (6, 6)
    assert result["memory_bytes"] > 0
    assert result["total_seconds"] >= result["seconds"]["compute"] > 0
    assert result["seconds"].keys() == {"project", "compute", "write"}
    assert result["total_seconds"] == pytest.approx(result["seconds"]["project"] + result["seconds"]["compute"])
    assert "max_score" not in result


def test_a_query_selects_what_is_projected(client):
    execution = run(client, "pagerank", projection={"query": BY_QUERY}, mode="stream")
    assert (execution["result"]["node_count"], execution["result"]["edge_count"]) == (4, 5)
    found = table(client, execution)
    graph = nx.DiGraph([pair for pair in KNOWS if pair[0] != "dan"])
    expected = nx.pagerank(graph, tol=1e-6 / len(graph))
    assert dict(zip(found["key"].to_pylist(), found["value"].to_pylist(), strict=True)) == pytest.approx(
        expected, abs=1e-9
    )


def test_rows_without_target_are_nodes_without_edges(client):
    query = "MATCH (a:Person) OPTIONAL MATCH (a)-[:KNOWS]->(b:Person) RETURN id(a) AS source, id(b) AS target"
    result = run(client, "wcc", projection={"query": query}, mode="stats")["result"]
    assert (result["node_count"], result["component_count"]) == (6, 3)


def test_a_query_may_select_nodes_without_edges_only(client):
    for condition, count in (("", 6), ("WHERE p.name = 'nobody' ", 0)):
        query = f"MATCH (p:Person) {condition}RETURN p AS source, NULL AS target"
        result = run(client, "wcc", projection={"query": query}, mode="stats")["result"]
        assert (result["node_count"], result["edge_count"], result["component_count"]) == (count, 0, count)
    query = "MATCH (p:Person) RETURN p AS source, p.name AS target"
    assert refused(client, {"projection": {"query": query}}) == "query"


def test_every_algorithm_answers_or_refuses_an_empty_projection_in_words(client):
    query = "MATCH (p:Person)-[:KNOWS]->(q:Person) WHERE p.name = 'nobody' RETURN p AS source, q AS target"
    for algorithm in client.get("/algo/algorithms").json()["algorithms"]:
        if any(parameter["required"] for parameter in algorithm["parameters"]):
            continue
        for mode in ("stats", "stream", "estimate"):
            result = run(client, algorithm["name"], projection={"query": query}, mode=mode)["result"]
            assert mode == "estimate" or (result["node_count"], result["edge_count"]) == (0, 0)


def test_an_estimate_always_names_a_time(client):
    for name in ("triangle_count", "degree", "wcc"):
        for _ in range(2):  # projected or not
            found = run(client, name, node_label="City", mode="estimate")["result"]
            assert min(found["total_seconds"], found["memory_bytes"]) > 0
            run(client, name, node_label="City", mode="stats")


def test_results_of_a_query_are_written_to_its_nodes_only(client):
    execution = run(client, "wcc", projection={"query": BY_QUERY}, result_property="part_of_query")
    assert execution["nodes_updated"] == 4
    rows = client.post("/query", json={"query": "MATCH (p:Person) RETURN p.name, p.part_of_query"}).json()["rows"]
    assert dict(rows) == {"ann": 0, "bob": 0, "cem": 0, "eve": 1, "dan": None, "fay": None}
    assert client.delete("/algo/properties/Person/part_of_query").status_code == 204


def test_directions_change_the_result(client):
    graph = nx.DiGraph(KNOWS)
    graph.add_node("fay")
    expected = {
        "natural": graph,
        "reverse": graph.reverse(),
        "undirected": graph.to_undirected(),
    }
    for orientation, reference in expected.items():
        projection = {"node_labels": ["Person"], "orientation": orientation}
        found = table(client, run(client, "pagerank", projection=projection, mode="stream"))
        scores = dict(zip(found["key"].to_pylist(), found["value"].to_pylist(), strict=True))
        assert scores == pytest.approx(nx.pagerank(reference, tol=1e-6 / 6), abs=1e-8), orientation


def test_projections_are_built_listed_and_dropped(client):
    body = {"node_labels": ["Person"], "relationship_types": ["KNOWS"], "weight_property": "strength"}
    built = client.post("/projections", json=body)
    assert built.status_code == 200, built.text
    projection = built.json()
    assert (projection["node_count"], projection["edge_count"], projection["parallel"]) == (6, 6, "sum")
    assert projection["stored_edges"] <= 6
    assert projection["memory_bytes"] > 0
    listed = {entry["projection_id"] for entry in client.get("/projections").json()["projections"]}
    assert projection["projection_id"] in listed
    assert client.post("/projections", json=body).json()["projection_id"] == projection["projection_id"]
    assert client.delete(f"/projections/{projection['projection_id']}").status_code == 204
    assert client.delete(f"/projections/{projection['projection_id']}").status_code == 404


@pytest.mark.parametrize(
    ("projection", "field"),
    [
        ({"node_labels": ["Nobody"]}, "projection.node_labels"),
        ({"node_labels": "Person"}, "projection.node_labels"),
        ({"relationship_types": ["HATES"]}, "projection.relationship_types"),
        ({"node_labels": ["City"], "relationship_types": ["KNOWS"]}, "projection.relationship_types"),
        ({"orientation": "sideways"}, "projection.orientation"),
        ({"parallel": "sum"}, "projection.parallel"),
        ({"relationship_types": ["KNOWS"], "weight_property": "name"}, "projection.weight_property"),
        ({"relationship_types": ["KNOWS"], "weight_property": "strength", "parallel": "once"}, "projection.parallel"),
        ({"labels": ["Person"]}, "projection.labels"),
        ({"query": "CREATE (:Person {name: 'x'})"}, "projection.query"),
        ({"query": "MATCH (a) RETURN $who AS source, a AS target"}, "projection.query"),
        ({"query": "MATCH (a)-->(b) RETURN a AS source", "node_labels": ["Person"]}, "projection.query"),
    ],
)
def test_wrong_projections_are_named(client, projection, field):
    assert refused(client, {"projection": projection}) == field


def test_a_wrong_projection_is_refused_when_it_is_built_by_itself(client):
    for body, field in (({"node_labels": ["Persn"]}, "node_labels"), ({"node_labels": []}, "node_labels")):
        reply = client.post("/projections", json=body)
        assert (reply.status_code, reply.json()["error"]["details"]["field"]) == (400, field)


def test_a_query_must_return_pairs_of_nodes(client):
    for query in (
        "MATCH (a:Person) RETURN a AS source",
        "MATCH (a:Person) RETURN a.name AS source, a.name AS target",
        "RETURN 1 AS source, 99999999 AS target",
    ):
        assert refused(client, {"projection": {"query": query}}) == "query"


def test_every_algorithm_takes_a_projection_with_weights(client):
    weighted = {"relationship_types": ["KNOWS"], "node_labels": ["Person"], "weight_property": "strength"}
    with_weights = run(client, "pagerank", projection={**weighted, "parallel": "max"}, mode="stats")["result"]
    assert with_weights["weight_property"] == "strength"
    plain = run(client, "triangle_count", projection={**weighted, "parallel": "keep"}, mode="stream")
    assert "weight_property" not in plain["result"]
    assert dict(zip(*(table(client, plain)[name].to_pylist() for name in ("key", "value")), strict=True))["ann"] == 1


def test_dropping_a_projection_drops_all_that_was_built_of_it(client):
    selection = {"node_labels": ["Point"], "relationship_types": ["LINKS"]}
    built = client.post("/projections", json=selection).json()
    run(client, "wcc", projection=selection, mode="stats")

    def kept():
        listed = client.get("/projections").json()["projections"]
        return [each["orientation"] for each in listed if each["node_labels"] == ["Point"]]

    assert {"natural", "undirected"} <= set(kept())
    assert client.delete(f"/projections/{built['projection_id']}").status_code == 204
    assert kept() == []


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("pagerank", {"mode": "print"}, "mode"),
        ("pagerank", {"mode": "write"}, "result_property"),
        ("pagerank", {"mode": "stream", "result_property": "pr"}, "result_property"),
        ("wcc", {"projection": {"orientation": "natural"}}, "projection.orientation"),
        ("wcc", {"projection": {"node_labels": ["Person"]}, "node_label": "Person"}, "projection"),
    ],
)
def test_modes_and_algorithms_refuse_what_they_cannot_do(client, name, body, field):
    assert refused(client, body, name) == field


def test_reading_modes_need_no_lock(client, until):
    slow = client.post("/networkx/simple_cycles", json={"node_label": "Point"}, headers={"Prefer": "respond-async"})
    execution_id = slow.json()["execution_id"]
    try:
        assert run(client, "wcc", node_label="Person", mode="stats")["status"] == "completed"
        assert client.post("/algo/wcc", json={"node_label": "Person"}).status_code == 409
    finally:
        client.delete(f"/algo/executions/{execution_id}")
        until(lambda: not client.get("/lock").json()["lock"]["locked"])
