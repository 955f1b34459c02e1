"""One algorithm of each shape of result through a running instance: written, streamed, refused."""

import pyarrow as pa
import pytest

PERSON = {"node_label": "Person"}


@pytest.fixture
def run(client, until):
    """Run an algorithm and wait for its end, however long the machine takes."""

    def call(name, **body):
        reply = client.post(f"/algo/{name}", json={**PERSON, **body}, headers={"Prefer": "respond-async"})
        assert reply.status_code in (200, 202), reply.text
        status = f"/algo/status/{reply.json()['execution_id']}"
        until(lambda: client.get(status).json()["status"] not in ("pending", "running"))
        return client.get(status).json()

    return call


def refused(client, name, status, **body):
    reply = client.post(f"/algo/{name}", json={**PERSON, **body})
    assert reply.status_code == status, reply.text
    return reply.json()["error"]


def rows(client, text):
    reply = client.post("/query", json={"query": text})
    assert reply.status_code == 200, reply.text
    return reply.json()["rows"]


def problem(client, name, **body):
    error = refused(client, name, 400, **body)
    assert error["code"] == "VALIDATION_FAILED"
    return error["details"]["field"]


def test_truth_per_node_becomes_a_property(client, run):
    done = run("articulation_points", result_property="cut")
    assert (done["nodes_updated"], done["result"]["articulation_points"]) == (6, 0)
    assert {value for _, value in rows(client, "MATCH (p:Person) RETURN p.name, p.cut")} == {False}
    assert client.delete("/algo/properties/Person/cut").status_code == 204


def test_values_of_edges_are_streamed_with_both_ends(client, run):
    done = run("ktruss", mode="stream")
    with pa.ipc.open_stream(client.get(f"/algo/executions/{done['execution_id']}/result").content) as reader:
        found = reader.read_all().select(["source", "target", "value"]).to_pylist()
    values = {frozenset((row["source"], row["target"])): row["value"] for row in found}
    friends = [("ann", "bob"), ("bob", "cem"), ("ann", "cem")]
    assert values == {**{frozenset(pair): 3 for pair in friends}, frozenset(("dan", "eve")): 2}


def test_bridges_are_marked_on_their_relationships_only(client, run):
    done = run("bridges", edge_type="KNOWS", result_property="bridge")
    assert done["result"]["bridges"] == 1
    found = rows(client, "MATCH (a:Person)-[k:KNOWS]->(b:Person) WHERE k.bridge RETURN a.name, b.name")
    assert found == [["dan", "eve"]]
    assert rows(client, "MATCH (a:Person)-[k:KNOWS]->(b:Person) WHERE k.bridge IS NULL RETURN count(*)") == [[5]]


def test_a_partition_that_was_written_is_measured(client, run):
    run("wcc", result_property="part")
    modularity = run("modularity", parameters={"community_property": "part"})["result"]
    # Four edges of the triangle and its pair, and a self-loop, which counts at both its ends.
    assert modularity["value"] == pytest.approx(1 - (6 / 10) ** 2 - (4 / 10) ** 2)
    conductance = run("conductance", parameters={"community_property": "part"})["result"]
    assert (conductance["max_conductance"], conductance["count"]) == (0.0, 5)
    assert client.delete("/algo/properties/Person/part").status_code == 204


def test_a_personalised_rank_starts_at_the_nodes_given(client, run):
    values = run("pagerank", parameters={"source_nodes": ["dan"]})["result"]["values"]
    scores = {entry["node"]["key"]: entry["value"] for entry in values}
    assert scores["dan"] > 0
    assert scores["dan"] + scores["eve"] == pytest.approx(1)
    missing = refused(client, "pagerank", 404, parameters={"source_nodes": ["dan", "nobody"]})
    assert missing["code"] == "RESOURCE_NOT_FOUND"
    assert "nobody" in missing["message"]


def test_no_convergence_fails_writes_nothing_and_frees_the_lock(client, run):
    failed = run("katz", parameters={"alpha": 5.0}, result_property="katz")
    assert (failed["status"], failed["error_code"]) == ("failed", "ALGORITHM_FAILED")
    assert "alpha is 5; it must be less than" in failed["error_message"]
    assert client.get("/lock").json()["lock"]["locked"] is False
    assert "'katz'" not in str(client.get("/schema").json())


@pytest.mark.parametrize(
    ("name", "parameters", "field"),
    [
        ("modularity", {}, "parameters.community_property"),
        ("modularity", {"community_property": "nothing"}, "parameters.community_property"),
        ("modularity", {"community_property": 5}, "parameters.community_property"),
        (
            "astar",
            {"source_node": "ann", "target_node": "bob", "x_property": "name", "y_property": "name"},
            "parameters.x_property",
        ),
        ("betweenness", {"samples": 0}, "parameters.samples"),
        ("degree", {"direction": "up"}, "parameters.direction"),
        ("hits", {"score": "both"}, "parameters.score"),
        ("katz", {"alpha": -1}, "parameters.alpha"),
        ("pagerank", {"source_nodes": []}, "parameters.source_nodes"),
        ("pagerank", {"source_nodes": "ann"}, "parameters.source_nodes"),
    ],
)
def test_wrong_parameters_are_named(client, name, parameters, field):
    assert problem(client, name, parameters=parameters) == field


def test_a_number_about_the_whole_graph_is_no_property(client):
    assert problem(client, "transitivity", result_property="t") == "result_property"


@pytest.mark.parametrize(
    "name", ["betweenness", "closeness", "edge_betweenness", "hits", "ktruss", "leiden", "bridges"]
)
def test_a_selection_without_edges_has_a_result(client, run, name):
    result = run(name, node_label="City", mode="stats")["result"]
    assert (result["node_count"], result["edge_count"]) == (2, 0)
