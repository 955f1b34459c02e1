"""Variable-length hops from a node to itself; see docs/reference/engines.md."""

from __future__ import annotations

from itertools import pairwise

import pytest

# A relationship from 1 to 2 has 12 for its value.
VALUES = [21, 12, 23, 31, 33]


@pytest.fixture
def rings(files, load):
    files.node("A", ("id", "INT64"), {}, [[1], [2], [3]])
    files.edge("R", ("A", "A"), {"w": "INT64"}, [[value // 10, value % 10, value] for value in VALUES])
    return load(files)


def walks(length):
    """Return the values along each walk of this length that comes back."""
    found = [[value] for value in VALUES]
    for _ in range(length - 1):
        found = [[*walk, value] for walk in found for value in VALUES if value // 10 == walk[-1] % 10]
    return sorted(walk for walk in found if walk[0] // 10 == walk[-1] % 10)


@pytest.mark.parametrize(
    ("pattern", "shown", "backwards"),
    [
        ("p = (n)-[*{0}..{0}]->(n)", "p", False),
        ("p = (n:A)-[e:R*{0}..{0}]->(n:A)", "p", False),
        ("p = (n)<-[:R*{0}..{0}]-(n)", "p", True),
        ("(n:A), p = (n)-[:R*{0}..{0}]->(n)", "p", False),
        ("(n:A) OPTIONAL MATCH p = (n)-[:R*{0}..{0}]->(n) WITH n, p WHERE p IS NOT NULL", "p", False),
        ("(n:A) MATCH p = (n)-[:R*{0}..{0}]->(n) WHERE n.id > 0", "p", False),
        ("p = (n)-[:R*{0}..{0}]->(n) WITH *", "p", False),
    ],
)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_path_goes_from_its_first_node_to_its_last(rings, pattern, shown, backwards, length):
    found = []
    for (path,) in rings.rows(f"MATCH {pattern.format(length)} RETURN {shown}"):
        keys = {node["_id"]: node["id"] for node in path["_nodes"]}
        steps = [(keys[a["_id"]], keys[b["_id"]]) for a, b in pairwise(path["_nodes"])]
        ends = [(keys[rel["_src"]], keys[rel["_dst"]]) for rel in path["_rels"]]
        assert ends == [(rel["w"] // 10, rel["w"] % 10) for rel in path["_rels"]]
        assert steps == [(b, a) if backwards else (a, b) for a, b in ends]
        found.append([rel["w"] for rel in path["_rels"]])
    wanted = [walk[::-1] if backwards else walk for walk in walks(length)]
    assert sorted(found) == sorted(wanted)


def test_named_relationships_of_a_loop_are_in_order(rings):
    found = [
        [key, [rel["w"] for rel in e["_rels"]]] for key, e in rings.rows("MATCH (n)-[e:R*2..3]->(n) RETURN n.id, e")
    ]
    assert sorted(found) == sorted([walk[0] // 10, walk] for length in (2, 3) for walk in walks(length))


def test_a_star_shows_what_the_query_names(rings):
    columns = rings.result("MATCH p = (n)-[e:R*2..2]->(n) RETURN *").columns
    assert sorted(column.name for column in columns) == ["e", "n", "p"]
