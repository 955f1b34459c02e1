"""Properties of nodes and relationships that NetworkX functions take by name, on a real instance."""

import networkx as nx
import pyarrow as pa
import pytest

from .conftest import KNOWS, PEOPLE

AGES = dict(zip(PEOPLE, [30, 41, None, 25, 60, 33], strict=True))


def _graph():
    """What the instance hands over: parallel edges merged, their weights added up, every number under its name."""
    graph = nx.DiGraph()
    for name, age in AGES.items():
        graph.add_node(name, **({} if age is None else {"age": age}))
    for source, target, strength in KNOWS:
        before = graph.get_edge_data(source, target, {}).get("strength", 0)
        graph.add_edge(source, target, strength=before + strength)
    return graph


def _run(client, name, **parameters):
    reply = client.post(f"/networkx/{name}", json={"node_label": "Person", "parameters": parameters})
    assert reply.status_code == 200, reply.text
    return reply.json()["result"]


def test_a_property_of_the_nodes_is_loaded_for_the_parameter_that_names_it(client):
    result = _run(client, "node_attribute_xy", attribute="age")
    expected = [list(pair) for pair in nx.node_attribute_xy(_graph(), "age")]
    assert sorted(map(str, result["values"])) == sorted(map(str, expected))
    result = _run(client, "attribute_mixing_dict", attribute="age", nodes=["ann", "dan"])
    found = {row["key"]: {cell["key"]: cell["value"] for cell in row["value"]} for row in result["values"]}
    assert found == nx.attribute_mixing_dict(_graph(), "age", nodes=["ann", "dan"])


def test_two_properties_of_the_relationships_at_once(client):
    result = _run(client, "max_flow_min_cost", s="ann", t="cem", capacity="strength", weight="strength")
    flow = nx.max_flow_min_cost(_graph(), "ann", "cem", capacity="strength", weight="strength")
    found = {
        (row["node"]["key"], cell["node"]["key"]): cell["value"] for row in result["values"] for cell in row["values"]
    }
    assert found == {(u, v): amount for u, targets in flow.items() for v, amount in targets.items()}
    assert found["ann", "bob"] == 1.5


@pytest.mark.parametrize(
    ("name", "parameters", "field", "hint"),
    [
        ("attribute_mixing_dict", {"attribute": "agee"}, "parameters.attribute", "did you mean age?"),
        ("attribute_mixing_dict", {"attribute": 3}, "parameters.attribute", "name of a property is required"),
        ("pagerank", {"weight": "strengh"}, "parameters.weight", "KNOWS has no property strengh"),
        ("maximum_flow_value", {"_s": "ann", "_t": "bob", "capacity": "x"}, "parameters.capacity", "strength"),
        ("edge_connectivity", {"flow_func": "magic"}, "parameters.flow_func", "edmonds_karp"),
        ("dfs_edges", {"sort_neighbors": "sorted"}, "parameters.sort_neighbors", "leave it out"),
        ("pagerank", {"alpha": "high"}, "parameters.alpha", "a number is required, found 'high'"),
        ("k_core", {"k": True}, "parameters.k", "a number is required, found True"),
        ("closeness_centrality", {"wf_improved": "no"}, "parameters.wf_improved", "true or false is required"),
        ("adamic_adar_index", {"ebunch": [["ann"]]}, "parameters.ebunch", "two primary keys"),
    ],
)
def test_what_does_not_fit_is_named(client, name, parameters, field, hint):
    reply = client.post(f"/networkx/{name}", json={"node_label": "Person", "parameters": parameters})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "VALIDATION_FAILED")
    (problem,) = reply.json()["error"]["details"]["errors"]
    assert problem["field"] == field
    assert hint in problem["message"]


def test_weight_property_and_weight_must_agree(client):
    body = {"node_label": "Person", "weight_property": "strength", "parameters": {"weight": "weight"}}
    assert client.post("/networkx/pagerank", json=body).status_code == 200
    reply = client.post("/networkx/pagerank", json={**body, "parameters": {"weight": "other"}})
    assert "leave one of them out" in reply.json()["error"]["details"]["errors"][0]["message"]


def test_functions_are_passed_by_name(client):
    for flow in ("dinitz", "edmonds_karp"):
        assert (
            _run(client, "maximum_flow_value", _s="ann", _t="cem", capacity="strength", flow_func=flow)["value"] == 1.5
        )


def test_a_projection_decides_direction_weight_and_how_parallel_edges_combine(client):
    length = {"source": "ann", "target": "bob", "weight": "strength"}
    for parallel, expected in (("min", 1.0), ("max", 2.0), ("sum", 3.0), ("keep", 3.0)):
        projection = {"node_labels": ["Person"], "weight_property": "strength", "parallel": parallel}
        body = {"projection": projection, "parameters": length}
        assert client.post("/networkx/dijkstra_path_length", json=body).json()["result"]["value"] == expected
    projection = {"node_labels": ["Person"], "orientation": "undirected", "weight_property": "strength"}
    body = {"projection": projection, "parameters": length}
    result = client.post("/networkx/dijkstra_path_length", json=body).json()["result"]
    assert (result["value"], result["graph"]["directed"]) == (2.5, False)


def test_weights_below_zero_reach_only_functions_defined_for_them(client):
    query = "MATCH (a:Person)-[r:KNOWS]->(b:Person) RETURN a AS source, b AS target, -r.strength AS cost"
    body = {"projection": {"query": query, "weight_property": "cost"}, "parameters": {"weight": "cost"}}
    assert client.post("/networkx/negative_edge_cycle", json=body).json()["result"]["value"] is True
    body["parameters"] |= {"source": "ann", "target": "bob"}
    refused = client.post("/networkx/dijkstra_path", json=body)
    assert refused.status_code == 400
    assert "negative" in refused.json()["error"]["message"]


def test_results_of_relationships_are_written_to_them(client):
    body = {"node_label": "Person", "edge_type": "KNOWS", "result_property": "shares"}
    done = client.post("/networkx/edge_betweenness_centrality", json=body).json()
    assert (done["nodes_updated"], done["edges_updated"]) == (0, 6)
    query = {"query": "MATCH (a:Person)-[r:KNOWS]->(b:Person) RETURN a.name, b.name, r.shares"}
    found = {(a, b): value for a, b, value in client.post("/query", json=query).json()["rows"]}
    assert found == pytest.approx(nx.edge_betweenness_centrality(_graph()))
    body = {"node_label": "Person", "edge_type": "KNOWS", "result_property": "bridge"}
    assert client.post("/networkx/bridges", json=body).json()["edges_updated"] == 1


def test_errors_of_the_library_name_nodes_by_key(client):
    body = {"node_label": "Person", "parameters": {"source": "fay", "target": "ann"}}
    reply = client.post("/networkx/dijkstra_path", json=body)
    assert "No path to 'ann'" in reply.json()["error"]["message"]


def test_random_functions_are_seeded(client):
    listed = client.get("/networkx/algorithms/louvain_communities").json()["parameters"]
    assert {parameter["name"]: parameter["default"] for parameter in listed}["seed"] == 0
    done = [client.post("/networkx/maximal_independent_set", json={"node_label": "Person"}).json() for _ in range(2)]
    assert done[0]["parameters"]["seed"] == 0
    assert done[0]["result"]["nodes"] == done[1]["result"]["nodes"]


def test_a_query_selects_the_graph(client):
    query = "MATCH (a:Person)-[r:KNOWS]->(b:Person) WHERE r.strength > 1 RETURN a AS source, b AS target, r.strength"
    body = {"subgraph_query": query + " AS w", "node_label": "City"}
    length = {"weight_property": "w", "parameters": {"source": "ann", "target": "cem", "weight": "w"}}
    result = client.post("/networkx/dijkstra_path_length", json={**body, **length}).json()["result"]
    assert (result["value"], result["graph"]["nodes"], result["graph"]["edges"]) == (3.5, 5, 3)
    both = client.post("/networkx/pagerank", json={**body, "projection": {"node_labels": ["Person"]}})
    assert "either a projection or a subgraph_query" in both.json()["error"]["message"]


def _table(client, name, **body):
    done = client.post(f"/networkx/{name}", json={"node_label": "Person", "mode": "stream", **body}).json()
    assert (done["status"], done["nodes_updated"]) == ("completed", 0)
    reply = client.get(f"/algo/executions/{done['execution_id']}/result")
    table = pa.ipc.open_stream(reply.content).read_all()
    assert (done["result"]["rows"], done["result"]["columns"]) == (table.num_rows, table.column_names)
    return table


def test_whole_results_are_tables(client):
    ranks = _table(client, "pagerank")
    assert ranks.column_names == ["_id", "_label", "key", "value"]
    assert ranks["key"].to_pylist() == PEOPLE
    paths = _table(client, "all_simple_paths", parameters={"source": "ann", "target": "cem"})
    assert paths.to_pydict() == {"path": [["ann", "bob", "cem"]], "length": [2]}
    both = _table(client, "hits")
    assert both.column_names == ["_id", "_label", "key", "value_1", "value_2"]
    bad = client.post("/networkx/hits", json={"mode": "stream", "result_property": "x"})
    assert bad.json()["error"]["details"]["field"] == "result_property"


def test_what_an_earlier_result_wrote_is_gone(client):
    def values(query):
        return dict(client.post("/query", json={"query": query}).json()["rows"])

    body = {"node_label": "Person", "edge_type": "KNOWS", "result_property": "below"}
    for source, expected in (("dan", {"eve"}), ("ann", {"bob", "cem"}), ("fay", set())):
        done = client.post("/networkx/descendants", json={**body, "parameters": {"source": source}}).json()
        assert done["nodes_updated"] == len(expected)
        found = values("MATCH (p:Person) RETURN p.name, p.below")
        assert {name for name, value in found.items() if value is not None} == expected
    body = {"node_label": "Person", "edge_type": "KNOWS", "result_property": "tree"}
    for source, expected in (("ann", {"ann", "bob"}), ("dan", {"dan"}), ("fay", set())):
        done = client.post("/networkx/bfs_edges", json={**body, "parameters": {"source": source}}).json()
        found = values("MATCH (a:Person)-[r:KNOWS]->(b:Person) WHERE a <> b RETURN DISTINCT a.name, r.tree")
        assert {name for name, value in found.items() if value is not None} == expected


@pytest.mark.parametrize(
    ("orientation", "source", "expected", "updated"),
    [
        ("reverse", "cem", {("bob", "cem"), ("ann", "bob")}, 3),
        ("reverse", "eve", {("dan", "eve")}, 1),
        ("undirected", "cem", {("bob", "cem"), ("cem", "ann")}, 2),
        ("natural", "ann", {("ann", "bob"), ("bob", "cem")}, 3),
    ],
)
def test_values_find_their_relationships_whichever_way_the_graph_turns(client, orientation, source, expected, updated):
    projection = {"node_labels": ["Person"], "relationship_types": ["KNOWS"], "orientation": orientation}
    body = {"projection": projection, "result_property": "turned", "parameters": {"source": source}}
    assert client.post("/networkx/bfs_edges", json=body).json()["edges_updated"] == updated
    query = "MATCH (a:Person)-[r:KNOWS]->(b:Person) WHERE r.turned IS NOT NULL RETURN DISTINCT a.name, b.name"
    assert {tuple(row) for row in client.post("/query", json={"query": query}).json()["rows"]} == expected
