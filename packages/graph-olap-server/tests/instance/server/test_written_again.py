"""A property that is written again holds the newest result only, and is there whatever the result was."""

import pytest


@pytest.fixture
def written(client):
    """Runs that write, and what the property holds then; it is removed afterwards."""
    made = []

    def write(name, prop, what="MATCH (p:Person) RETURN p.name, p.{0}", **body):
        reply = client.post(f"/algo/{name}", json={"result_property": prop, **body})
        assert (reply.status_code, reply.json().get("status")) == (200, "completed"), reply.text
        made.append((prop, "KNOWS" if "k." in what else "Person"))
        return rows(what.format(prop))

    def rows(query):
        reply = client.post("/query", json={"query": query})
        assert reply.status_code == 200, reply.text
        return sorted(reply.json()["rows"], key=str)

    write.rows = rows
    yield write
    for prop, owner in set(made):
        assert client.delete(f"/algo/properties/{owner}/{prop}").status_code in (204, 404)


KNOWN = "MATCH (a)-[k:KNOWS]->(b) RETURN a.name, b.name, k.{0}"


def test_nodes_that_are_not_reached_any_more_lose_their_value(written):
    person = {"node_label": "Person"}
    first = dict(written("bfs", "steps", **person, parameters={"source_nodes": ["ann"]}))
    assert first == {"ann": 0, "bob": 1, "cem": 2, "dan": None, "eve": None, "fay": None}
    second = dict(written("bfs", "steps", **person, parameters={"source_nodes": ["dan"]}))
    assert second == {"ann": None, "bob": None, "cem": None, "dan": 0, "eve": 1, "fay": None}


def test_nodes_outside_of_the_selection_keep_theirs(written):
    written("bfs", "steps", node_label="Person", parameters={"source_nodes": ["ann"]})
    query = "MATCH (a:Person)-[:KNOWS]->(b:Person) WHERE a.name IN ['dan', 'bob'] RETURN a AS source, b AS target"
    again = dict(written("bfs", "steps", projection={"query": query}, parameters={"source_nodes": ["dan"]}))
    assert again == {"ann": 0, "bob": None, "cem": None, "dan": 0, "eve": 1, "fay": None}


def test_relationships_that_are_not_named_any_more_lose_their_value(written):
    person = {"node_label": "Person", "edge_type": "KNOWS", "what": KNOWN}
    written("max_flow", "flow", **person, parameters={"source_node": "ann", "target_node": "cem"})
    again = written("max_flow", "flow", **person, parameters={"source_node": "dan", "target_node": "eve"})
    assert [row for row in again if row[2] is not None] == [["dan", "eve", 1.0]]


def test_a_reversed_flow_is_written_to_the_relationships_it_goes_through(written):
    body = {"relationship_types": ["KNOWS"], "node_labels": ["Person"], "orientation": "reverse"}
    ends = {"source_node": "cem", "target_node": "bob"}
    found = written("max_flow", "flow", KNOWN, projection=body, parameters=ends)
    assert [row for row in found if row[2] is not None] == [["bob", "cem", 1.0]]


def test_the_property_is_there_without_values_as_well(written):
    query = (
        "MATCH (a:Person)-[:KNOWS]->(b:Person) WHERE a.name IN ['ann', 'cem', 'bob'] RETURN a AS source, b AS target"
    )
    found = written("bridges", "nothing", KNOWN, projection={"query": query})
    assert {row[2] for row in found} == {None}  # a triangle has no bridge
    written("bfs", "reach", parameters={"source_nodes": ["fay"]})
    assert {row[1] for row in written.rows("MATCH (c:City) RETURN c.id, c.reach")} == {None}
    assert {row[0] for row in written.rows("MATCH (p:Point) RETURN p.reach")} == {None}
