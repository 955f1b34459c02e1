"""Algorithms that take nodes by key, over HTTP: results and errors name the nodes."""

import pytest


def test_a_cycle_is_named_by_keys(client):
    reply = client.post("/algo/topological_order", json={"node_label": "Person", "mode": "stats"})
    error = reply.json()["error"]
    assert (reply.status_code >= 400, error["code"]) == (True, "ALGORITHM_FAILED")
    assert "ann -> bob -> cem -> ann" in error["message"]


def test_paths_list_their_nodes(client):
    body = {"node_label": "Person", "parameters": {"source_node": "ann", "target_node": "cem", "k": 3}}
    reply = client.post("/algo/k_shortest_paths", json=body)
    assert reply.status_code == 200, reply.text
    result = reply.json()["result"]
    assert {key: result[key] for key in ("kind", "count", "sizes", "overlapping")} == {
        "kind": "node_sets",
        "count": 1,
        "sizes": [3],
        "overlapping": False,
    }
    (path,) = result["paths"]
    assert result["sets"] == [path["nodes"]]
    assert [node["key"] for node in path["nodes"]] == ["ann", "bob", "cem"]
    assert (path["length"], path["cost"]) == (2, 2.0)


def test_vectors_become_a_property(client):
    body = {"node_label": "Person", "result_property": "near", "parameters": {"dimensions": 3}}
    reply = client.post("/algo/fastrp", json=body)
    assert reply.status_code == 200, reply.text
    reply = client.post("/query", json={"query": "MATCH (p:Person) RETURN p.near"})
    vectors = [row[0] for row in reply.json()["rows"]]
    assert {len(vector) for vector in vectors} == {3}
    assert any(any(vector) for vector in vectors)


def test_similar_nodes_are_pairs_of_keys(client):
    reply = client.post("/algo/jaccard_similarity", json={"node_label": "Person", "parameters": {"top_k": 1}})
    assert reply.status_code == 200, reply.text
    pairs = {(pair["source"]["key"], pair["target"]["key"]) for pair in reply.json()["result"]["pairs"]}
    assert {source for source, _ in pairs} == {"ann", "bob", "cem"}


def test_a_shortest_path_records_how_it_was_found(client):
    reply = client.post("/algo/shortest_path", json={"source_id": "ann", "target_id": "cem", "source_label": "Person"})
    result = reply.json()["result"]
    assert set(result["timings_ms"]) == {"project", "compute", "write"}
    assert (result["backend"], result["graph_version"] >= 0, result["threads"] >= 1) == ("numpy", True, True)


def test_a_shortest_path_takes_its_parameters_where_others_have_theirs(client):
    parameters = {"source_id": "ann", "target_id": "cem", "source_label": "Person", "directed": True}
    reply = client.post("/algo/shortest_path", json={"parameters": parameters})
    assert reply.json()["result"]["path"] == ["ann", "bob", "cem"]
    reply = client.post("/algo/shortest_path", json={"parameters": {**parameters, "depth": 3}})
    assert reply.status_code == 400
    assert reply.json()["error"]["details"]["field"] == "parameters.depth"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("projection", {"node_labels": ["City"]}),
        ("node_label", "City"),
        ("edge_type", "KNOWS"),
        ("result_property", "step"),
        ("mode", "stream"),
        ("mode", "estimate"),
    ],
)
def test_a_shortest_path_does_not_ignore_what_it_cannot_do(client, name, value):
    reply = client.post("/algo/shortest_path", json={"source_id": "ann", "target_id": "cem", name: value})
    assert reply.status_code == 400
    assert reply.json()["error"]["details"]["field"] == name
    assert "use k_shortest_paths" in reply.json()["error"]["message"]
