"""Algorithms on a running instance: results, write-back, lock, sync window, cancellation."""

import networkx as nx
import pyarrow as pa
import pytest

KNOWS = [("ann", "bob"), ("bob", "cem"), ("cem", "ann"), ("dan", "eve"), ("eve", "eve")]
SLOW = {"node_label": "Point"}
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def slow_run(client, until):
    """A run that would never end; cancelled after the test."""
    reply = client.post("/networkx/simple_cycles", json=SLOW, headers=ASYNC)
    assert (reply.status_code, reply.json()["status"]) == (202, "running")
    execution_id = reply.json()["execution_id"]
    yield execution_id
    client.delete(f"/algo/executions/{execution_id}")
    until(lambda: not client.get("/lock").json()["lock"]["locked"])


def rows(client, text):
    reply = client.post("/query", json={"query": text})
    assert reply.status_code == 200, reply.text
    return reply.json()["rows"]


def code_of(reply):
    return reply.json()["error"]["code"]


def test_pagerank_is_written_and_read_back(client):
    reply = client.post("/algo/PageRank", json={"node_label": "Person", "result_property": "pr"})
    assert reply.status_code == 200
    execution = reply.json()
    assert (execution["status"], execution["algorithm_name"], execution["nodes_updated"]) == (
        "completed",
        "pagerank",
        6,
    )
    assert execution["result"]["edge_count"] == 6
    assert "values" not in execution["result"]
    graph = nx.DiGraph(KNOWS)
    graph.add_node("fay")
    expected = nx.pagerank(graph, tol=1e-6 / len(graph))
    found = dict(rows(client, "MATCH (p:Person) RETURN p.name, p.pr"))
    assert found == pytest.approx(expected, abs=1e-9)
    schema = client.get("/schema").json()
    (person,) = [table for table in schema["node_tables"] if table["label"] == "Person"]
    assert person["properties"]["pr"] == "DOUBLE"
    assert client.get(f"/algo/status/{execution['execution_id']}").json() == execution
    assert client.get(f"/networkx/status/{execution['execution_id']}").status_code == 200
    assert client.delete("/algo/properties/Person/pr").status_code == 204
    assert "'pr'" not in str(client.get("/schema").json())
    assert client.delete("/algo/properties/Person/pr").status_code == 404


def test_weights_change_the_result(client):
    body = {"node_label": "Person", "parameters": {"resolution": 1.0, "weight_property": "strength"}}
    reply = client.post("/algo/louvain", json=body)
    assert reply.json()["result"]["community_count"] == 3
    assert reply.json()["parameters"]["weight_property"] == "strength"
    wrong = client.post("/algo/louvain", json={"parameters": {"weight_property": "strength"}})
    assert (wrong.status_code, code_of(wrong)) == (400, "VALIDATION_FAILED")


def test_all_labels_share_one_numbering(client):
    reply = client.post("/algo/wcc", json={"result_property": "part"})
    assert reply.json()["result"]["component_count"] == 4
    assert reply.json()["nodes_updated"] == 20
    found = dict(rows(client, "MATCH (n) RETURN coalesce(n.name, n.title, CAST(n.number AS STRING)), n.part"))
    assert found["0"] == 0
    assert found["ann"] == found["bob"] == found["cem"] == found["Oslo"] == 1
    assert found["dan"] == found["eve"] == found["Rome"] == 2
    assert found["fay"] == 3


def test_values_come_back_without_write_back(client):
    result = client.post("/algo/wcc", json={"node_label": "Person"}).json()["result"]
    assert (result["kind"], result["count"], result["nodes_updated"]) == ("node_map", 6, 0)
    first = result["values"][0]
    assert (first["node"]["_label"], first["node"]["key"], first["value"]) == ("Person", "ann", 0)
    ids = dict(rows(client, "MATCH (p:Person) RETURN p.name, id(p)"))
    assert {value["node"]["key"]: value["node"]["_id"] for value in result["values"]} == ids


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("transitivity", {"kind": "scalar", "value": 1.0}),
        ("average_clustering", {"kind": "scalar", "value": 0.5}),
        ("degree", {"kind": "node_map", "count": 6, "min": 0, "max": 3, "mean": 10 / 6}),
        ("bridges", {"kind": "edge_map", "count": 1}),
        ("dfs", {"kind": "node_list", "count": 3}),
        ("jaccard_similarity", {"kind": "pair_scores", "count": 6}),
        ("cycles", {"kind": "node_sets", "count": 2}),
    ],
)
def test_statistics_hold_the_number_or_how_many_and_how_large(client, name, facts):
    parameters = {"source_node": "ann"} if name == "dfs" else {}
    body = {"node_label": "Person", "mode": "stats", "parameters": parameters}
    result = client.post(f"/algo/{name}", json=body).json()["result"]
    assert {key: result[key] for key in facts} == pytest.approx(facts)
    assert not {"values", "pairs", "paths", "nodes"} & {key for key, value in result.items() if isinstance(value, list)}


def test_a_streamed_order_has_its_positions(client):
    body = {"node_label": "Person", "mode": "stream", "parameters": {"source_node": "ann"}}
    run = client.post("/algo/dfs", json=body).json()
    reply = client.get(f"/algo/executions/{run['execution_id']}/result")
    table = pa.ipc.open_stream(reply.content).read_all()
    assert dict(zip(table["key"].to_pylist(), table["value"].to_pylist(), strict=True)) == {
        "ann": 0,
        "bob": 1,
        "cem": 2,
    }


@pytest.mark.parametrize(
    ("name", "parameters", "field", "found"),
    [
        ("bfs", {"source_nodes": [{"label": "Persn", "key": "ann"}]}, "source_nodes", "no node label 'Persn'"),
        ("bfs", {"source_nodes": ["ann", {"label": "Person", "key": {}}]}, "source_nodes", 'found {"label": "Person"'),
        ("bfs", {"source_nodes": "ann"}, "source_nodes", 'found "ann"'),
        ("dfs", {"source_node": True}, "source_node", "found true"),
        ("pagerank", {"tolerance": "small"}, "tolerance", 'a number is required, found "small"'),
        ("pagerank", {"max_iterations": 2.5}, "max_iterations", "an integer is required, found 2.5"),
        ("degree", {"direction": "up" * 100}, "direction", "upup... is not known; use one of in, out, both"),
    ],
)
def test_wrong_parameters_are_shown(client, name, parameters, field, found):
    reply = client.post(f"/algo/{name}", json={"node_label": "Person", "parameters": parameters})
    assert (reply.status_code, code_of(reply)) == (400, "VALIDATION_FAILED")
    assert reply.json()["error"]["details"]["field"] == f"parameters.{field}"
    assert found in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"node_label": "Nobody"}, "node_label"),
        ({"edge_type": "HATES"}, "edge_type"),
        ({"node_label": "City", "edge_type": "KNOWS"}, "edge_type"),
        ({"result_property": "age"}, "result_property"),
        ({"result_property": "NAME"}, "result_property"),
        ({"result_property": "1st"}, "result_property"),
        ({"result_property": "match"}, "result_property"),
        ({"timeout_ms": 1}, "timeout_ms"),
        ({"parameters": {"speed": 1}}, "parameters.speed"),
    ],
)
def test_wrong_requests_take_no_lock(client, body, field):
    reply = client.post("/algo/pagerank", json=body)
    assert (reply.status_code, code_of(reply)) == (400, "VALIDATION_FAILED")
    assert reply.json()["error"]["details"]["field"] == field
    assert client.get("/lock").json()["lock"]["locked"] is False


@pytest.mark.parametrize("name", ["strength", "STRENGTH"])
def test_a_property_of_relationships_in_the_mapping_is_refused_before_the_run(client, name):
    before = client.get("/algo/executions").json()["total_count"]
    reply = client.post("/algo/bridges", json={"result_property": name})
    assert (reply.status_code, code_of(reply)) == (400, "VALIDATION_FAILED")
    assert reply.json()["error"]["details"]["field"] == "result_property"
    assert "KNOWS.strength comes from the mapping" in reply.json()["error"]["message"]
    assert client.get("/algo/executions").json()["total_count"] == before


@pytest.mark.parametrize(("algorithm", "owner"), [("wcc", "Person"), ("bridges", "KNOWS")])
@pytest.mark.parametrize("family", ["algo", "networkx"])
def test_another_spelling_of_a_written_property_is_refused(client, family, algorithm, owner):
    body = {"node_label": "Person", "edge_type": "KNOWS"}
    assert client.post(f"/algo/{algorithm}", json={**body, "result_property": "part"}).status_code == 200
    spelt = {"wcc": "degree_centrality", "bridges": "bridges"}[algorithm] if family == "networkx" else algorithm
    reply = client.post(f"/{family}/{spelt}", json={**body, "result_property": "Part"})
    assert (reply.status_code, code_of(reply)) == (400, "VALIDATION_FAILED")
    assert f"{owner} has a property part, and names ignore case; write part" in reply.json()["error"]["message"]
    assert client.get("/lock").json()["lock"]["locked"] is False
    assert client.delete(f"/algo/properties/{owner}/part").status_code == 204


def test_a_missing_value_of_a_used_property_is_named_by_its_parameter(client):
    body = {"node_label": "Person", "parameters": {"community_property": "age"}}
    reply = client.post("/algo/modularity", json=body)
    assert reply.json()["error"]["details"]["field"] == "parameters.community_property"
    assert "1 of 6 Person nodes have no age; leave them out with a query" in reply.json()["error"]["message"]


def test_a_second_run_is_told_who_holds_the_lock(client, slow_run):
    reply = client.post("/algo/wcc", json={})
    assert (reply.status_code, code_of(reply)) == (409, "RESOURCE_LOCKED")
    details = reply.json()["error"]["details"]
    since = details["acquired_at"][:19].replace("T", " ")
    assert f"ann is running simple_cycles on this instance, since {since} UTC." in reply.json()["error"]["message"]
    assert (details["holder_name"], details["algorithm"], details["execution_id"]) == ("ann", "simple_cycles", slow_run)
    lock = client.get("/lock").json()["lock"]
    assert (lock["locked"], lock["algorithm_type"], lock["holder_id"]) == (True, "networkx", "ann")
    assert rows(client, "RETURN 1") == [[1]]


def test_a_run_is_cancelled_at_once(client, slow_run):
    running = client.get(f"/algo/status/{slow_run}").json()
    assert (running["status"], running["nodes_updated"]) == ("running", None)
    assert running["elapsed_ms"] >= 0
    cancelled = client.delete(f"/algo/executions/{slow_run}").json()
    assert (cancelled["status"], cancelled["error_code"]) == ("cancelled", "CANCELLED")
    assert client.get("/lock").json()["lock"]["locked"] is False
    again = client.delete(f"/algo/executions/{slow_run}")
    assert (again.status_code, code_of(again)) == (409, "INVALID_STATE")
    assert client.post("/algo/wcc", json={}).status_code == 200


def test_time_limits_end_a_run_with_an_error(client):
    reply = client.post("/networkx/simple_cycles", json={**SLOW, "timeout_ms": 1000})
    assert (reply.status_code, code_of(reply)) == (408, "ALGORITHM_TIMEOUT")
    execution_id = reply.json()["error"]["details"]["execution_id"]
    record = client.get(f"/algo/status/{execution_id}").json()
    assert (record["status"], record["error_code"]) == ("failed", "ALGORITHM_TIMEOUT")
    assert client.get("/lock").json()["lock"]["locked"] is False


def test_the_sync_window_is_the_callers(client):
    reply = client.post("/networkx/simple_cycles", json=SLOW, headers={"Prefer": "wait=1"})
    assert reply.status_code == 202
    assert client.delete(f"/algo/executions/{reply.json()['execution_id']}").status_code == 200


def test_executions_are_listed_newest_first(client):
    for _ in range(2):
        client.post("/algo/scc", json={})
    listed = client.get("/algo/executions", params={"limit": 2, "status": "completed"}).json()
    assert listed["total_count"] >= 2
    starts = [execution["started_at"] for execution in listed["executions"]]
    assert len(starts) == 2
    assert starts == sorted(starts, reverse=True)
    assert client.get("/algo/executions", params={"status": "odd"}).status_code == 400
    assert client.get("/algo/executions", params={"limit": 0}).status_code == 400
    unknown = client.get("/algo/status/none")
    assert (unknown.status_code, code_of(unknown)) == (404, "RESOURCE_NOT_FOUND")


def test_listings_filter_by_category_and_text(client):
    everything = client.get("/algo/algorithms").json()
    names = [info["name"] for info in everything["algorithms"]]
    assert names == sorted(names)
    assert everything["total_count"] == len(names)
    community = client.get("/algo/algorithms", params={"category": "community", "search": "LOUV"}).json()
    assert [info["name"] for info in community["algorithms"]] == ["louvain"]
    assert client.get("/algo/algorithms", params={"category": "magic"}).status_code == 400
    assert client.get("/algo/algorithms/page_rank").json()["name"] == "pagerank"
    missing = client.get("/algo/algorithms/pagerunk")
    assert (missing.status_code, code_of(missing)) == (404, "ALGORITHM_NOT_FOUND")


def test_networkx_results_are_written_back(client):
    body = {"node_label": "Person", "edge_type": "KNOWS", "result_property": "between"}
    reply = client.post("/networkx/betweenness_centrality", json=body)
    assert reply.status_code == 200, reply.text
    assert reply.json()["result"]["graph"] == {
        "directed": True,
        "nodes": 6,
        "edges": 5,
        "parallel_edges_merged": 1,
    }
    graph = nx.DiGraph(KNOWS)
    graph.add_node("fay")
    found = dict(rows(client, "MATCH (p:Person) RETURN p.name, p.between"))
    assert found == pytest.approx(nx.betweenness_centrality(graph))


def test_networkx_takes_nodes_by_primary_key(client):
    body = {"node_label": "Person", "parameters": {"source": "ann", "target": "cem"}}
    result = client.post("/networkx/shortest_path", json=body).json()["result"]
    assert (result["kind"], [node["key"] for node in result["nodes"]]) == ("node_list", ["ann", "bob", "cem"])
    labelled = {"parameters": {"source": {"label": "Person", "key": "dan"}, "target": {"label": "City", "key": 20}}}
    assert client.post("/networkx/shortest_path_length", json=labelled).json()["result"]["value"] == 1
    missing = client.post("/networkx/shortest_path", json={"parameters": {"source": "ann", "target": "nobody"}})
    assert (missing.status_code, code_of(missing)) == (404, "RESOURCE_NOT_FOUND")


def test_networkx_uses_undirected_graphs_where_it_must(client):
    reply = client.post("/networkx/core_number", json={"node_label": "Point", "directed": False})
    assert reply.json()["result"]["graph"]["edges"] == 66
    automatic = client.post("/networkx/louvain_communities", json={"node_label": "Point", "parameters": {"seed": 1}})
    assert automatic.json()["result"]["kind"] == "node_sets"
    forced = client.post("/networkx/jaccard_coefficient", json={"node_label": "Point", "directed": True})
    assert (forced.status_code, code_of(forced)) == (500, "ALGORITHM_FAILED")


def test_networkx_weights_are_edge_properties(client):
    body = {
        "node_label": "Person",
        "parameters": {"source": "ann", "target": "cem", "weight": "strength"},
    }
    assert client.post("/networkx/shortest_path_length", json=body).json()["result"]["value"] == 4.5


def test_networkx_refuses_what_is_not_on_its_list(client):
    for name in ("__import__", "contracted_nodes", "read_gml", "nosuch"):
        reply = client.post(f"/networkx/{name}", json={})
        assert (reply.status_code, code_of(reply)) == (404, "ALGORITHM_NOT_FOUND")
        assert client.get(f"/networkx/algorithms/{name}").status_code == 404
    unknown = client.post("/networkx/pagerank", json={"parameters": {"backend": "x"}})
    assert (unknown.status_code, code_of(unknown)) == (400, "VALIDATION_FAILED")
    incomplete = client.post("/networkx/descendants", json={})
    assert incomplete.json()["error"]["details"]["field"] == "parameters.source"


def test_networkx_results_that_cannot_be_written_say_so(client):
    reply = client.post("/networkx/transitivity", json={"node_label": "Point", "result_property": "d"})
    assert reply.json()["nodes_updated"] == 0
    assert reply.json()["result"]["value"] == pytest.approx(1)
    assert "scalar" in reply.json()["result"]["warning"]


def test_networkx_lists_what_it_can_run(client):
    listed = client.get("/networkx/algorithms", params={"category": "centrality"}).json()
    names = {info["name"] for info in listed["algorithms"]}
    assert {"betweenness_centrality", "pagerank", "bipartite.degree_centrality"} <= names
    info = client.get("/networkx/algorithms/shortest_path").json()
    assert {parameter["name"]: parameter["type"] for parameter in info["parameters"]}["source"] == "node"


def path_of(client, **body):
    reply = client.post("/algo/shortest_path", json=body)
    assert reply.status_code == 200, reply.text
    assert reply.json()["algorithm_name"] == "shortest_path"
    return reply.json()["result"]


def test_shortest_path_names_nodes_and_relationships(client):
    found = path_of(client, source_id="ann", target_id="cem", directed=True, source_label="Person")
    assert (found["found"], found["path"], found["length"]) == (True, ["ann", "bob", "cem"], 2)
    real = rows(client, "MATCH (a:Person {name: 'ann'})-[k:KNOWS]->(:Person {name: 'bob'}) RETURN id(k), id(a)")
    assert [found["relationships"][0][name] for name in ("_id", "_src")] == min(real)
    assert found["relationships"][1]["_type"] == "KNOWS"
    assert found["total_weight"] is None
    undirected = path_of(client, source_id="ann", target_id="cem")
    assert undirected["length"] == 1


def test_shortest_path_by_weight_takes_the_cheapest_relationship(client):
    found = path_of(
        client,
        source_id="ann",
        target_id="cem",
        directed=True,
        relationship_types=["KNOWS"],
        weight_property="strength",
    )
    assert (found["length"], found["total_weight"]) == (2, 2.5)


def test_shortest_path_reports_only_what_exists(client):
    assert path_of(client, source_id="ann", target_id="dan")["found"] is False
    short = path_of(client, source_id="ann", target_id="cem", directed=True, max_depth=1)
    assert (short["found"], short["path"], short["length"]) == (False, [], None)
    same = path_of(client, source_id="fay", target_id="fay")
    assert (same["path"], same["length"]) == (["fay"], 0)
    crossing = path_of(client, source_id="ann", target_id="10", target_label="City")
    assert crossing["path"] == ["ann", 10]


def test_shortest_path_asks_for_a_label_when_a_key_is_ambiguous(client):
    missing = client.post("/algo/shortest_path", json={"source_id": "ann", "target_id": "nobody"})
    assert (missing.status_code, missing.json()["error"]["details"]["resource_type"]) == (404, "node")
    for body in ({}, {"source_id": "ann", "target_id": "bob", "max_depth": 51, "relationship_types": ["X"]}):
        assert client.post("/algo/shortest_path", json=body).status_code == 400
