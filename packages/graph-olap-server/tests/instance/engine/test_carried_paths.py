"""Paths through WITH, in expressions, and where OPTIONAL MATCH did not find them."""

from __future__ import annotations

import pytest
from graph_olap_server.domain.errors import PlatformError

FOUND = [[1, 1], [1, 1], [2, 1], [3, 1]]
ABSENT = "MATCH (a:Person) OPTIONAL MATCH p = (a)-[:LIVES_IN]->(:City) "
ABSENT_LONG = "MATCH (a:Person) OPTIONAL MATCH p = (a)-[:LIVES_IN*1..2]->(:City) "


@pytest.mark.parametrize("hops", ["[:KNOWS]", "[:KNOWS*1..1]", "[:KNOWS* TRAIL 1..1]"])
@pytest.mark.parametrize(
    ("carried", "name"), [("p, a", "p"), ("p AS q, a", "q"), ("*", "p"), ("DISTINCT a, p", "p"), ("p, a WITH *", "p")]
)
def test_a_path_goes_through_with(social, hops, carried, name):
    statement = f"MATCH p = (a:Person)-{hops}->(:Person) WITH {carried} RETURN a.id, length({name}) ORDER BY a.id"
    assert social.rows(statement) == FOUND
    whole = (
        f"MATCH p = (a:Person)-{hops}->(:Person) WITH {carried} RETURN {name}, nodes({name}) AS n, rels({name}) AS r"
    )
    for path, nodes, rels in social.rows(whole):
        assert path["_nodes"] == nodes
        assert path["_rels"] == rels
        assert len(nodes) == 2


def test_the_length_of_a_carried_path_filters_and_sorts(social):
    paths = "MATCH p = (a:Person {id: 1})-[:KNOWS*1..3]->(b:Person) "
    lengths = [1, 1, 2, 2, 3, 3]
    assert sorted(row[0] for row in social.rows(f"{paths}WITH p RETURN length(p)")) == lengths
    assert social.rows(f"{paths}WITH p WHERE length(p) > 1 RETURN count(*)") == [[4]]
    for sort in ("length(p)", "size(rels(p))", "size(nodes(p))"):
        ordered = f"{paths}WITH p ORDER BY {sort} DESC LIMIT 4 RETURN length(p), {sort}"
        assert [row[0] for row in social.rows(ordered)] == [3, 3, 2, 2], sort
    assert social.rows(f"{paths}WITH p WITH p, length(p) AS l ORDER BY l SKIP 4 RETURN length(p)") == [[3], [3]]
    assert social.rows(f"{paths}WITH p RETURN [n IN nodes(p) | n.id] AS ids ORDER BY size(ids) LIMIT 1") == [[[1, 2]]]


def test_a_carried_path_may_stand_beside_a_condition_on_values_from_outside(social):
    statement = (
        "MATCH p = (a:Person)-[:KNOWS*1..2]->(b:Person) OPTIONAL MATCH (c:City)<-[:LIVES_IN]-(d:Person) "
        "WHERE d.id = b.id AND a.id < b.id RETURN a.id, length(p), c.code"
    )
    assert sorted(social.rows(statement), key=repr) == [
        *([1, 1, None], [1, 1, None], [1, 2, "y"], [1, 2, "y"], [2, 1, "y"], [2, 2, "y"], [3, 1, None], [3, 2, None]),
    ]


@pytest.mark.parametrize("pattern", [ABSENT, ABSENT_LONG])
def test_an_absent_path_is_null_wherever_it_stands(social, pattern):
    def ids(statement: str) -> list[list[object]]:
        return social.rows(f"{pattern}{statement} ORDER BY a.id")

    assert [[key, size or 0] for key, size in ids("RETURN a.id, size(collect(p)) AS k")] == [
        [1, 1],
        [2, 0],
        [3, 1],
        [4, 0],
    ]
    assert ids("RETURN a.id, count(DISTINCT p) AS k") == [[1, 1], [2, 0], [3, 1], [4, 0]]
    assert [row[1] is None for row in ids("RETURN a.id, coalesce(p, null) AS q")] == [False, True, False, True]
    assert [row[1]["p"] is None for row in ids("RETURN a.id, {p: p} AS q")] == [False, True, False, True]
    assert [row[1][0] is None for row in ids("RETURN a.id, [p] AS q")] == [False, True, False, True]
    lengths = [[1, 1, False], [2, None, True], [3, 1, False], [4, None, True]]
    assert ids("WITH a, p RETURN a.id, length(p) AS l, p IS NULL AS n") == lengths
    assert ids("WITH a, p AS q RETURN a.id, length(q) AS l, q IS NULL AS n") == lengths
    assert ids("WITH * RETURN a.id, length(p) AS l, p IS NULL AS n") == lengths
    assert ids("WITH a, p WHERE length(p) = 1 RETURN a.id") == [[1], [3]]
    assert ids("WITH a, p WHERE p IS NULL RETURN a.id, size(nodes(p)) AS k") == [[2, None], [4, None]]


@pytest.mark.parametrize("pattern", [ABSENT, ABSENT_LONG])
@pytest.mark.parametrize(
    "tail", ["RETURN p, count(*)", "RETURN DISTINCT p", "WITH DISTINCT p RETURN p", "WITH p RETURN DISTINCT p"]
)
def test_groups_of_absent_paths_are_refused(social, pattern, tail):
    with pytest.raises(PlatformError, match=r"takes each that was not found for another one. Use the ids"):
        social.rows(pattern + tail)


@pytest.mark.parametrize("pattern", [ABSENT, ABSENT_LONG])
def test_names_and_subqueries_like_aggregates_make_no_groups(social, pattern):
    for columns in ("a.id AS count", "a.id AS sum", "COUNT { MATCH (a)-[:KNOWS]->() } AS k"):
        rows = social.rows(f"{pattern}RETURN p, {columns} ORDER BY a.id")
        assert [row[0] is None for row in rows] == [False, True, False, True], columns


@pytest.mark.parametrize("pattern", [ABSENT, ABSENT_LONG])
def test_conditions_of_subqueries_on_absent_paths_are_refused(social, pattern):
    for tail in (
        "WITH a, p WHERE EXISTS { MATCH (a)-[:KNOWS]->(b:Person) WHERE b.id > length(p) } RETURN a.id",
        "RETURN a.id, COUNT { MATCH (a)-[:KNOWS]->(b:Person) WHERE b.id > length(p) }",
        "OPTIONAL MATCH (a)-[:KNOWS]->(b:Person) WHERE b.id > length(p) RETURN a.id, b.id",
    ):
        with pytest.raises(PlatformError, match="path p comes from OPTIONAL MATCH and may be null"):
            social.rows(pattern + tail)
    named = "WITH a, length(p) AS l OPTIONAL MATCH (a)-[:KNOWS]->(b:Person) WHERE b.id > l "
    assert social.rows(f"{pattern}{named}RETURN a.id, count(b) ORDER BY a.id") == [[1, 2], [2, 0], [3, 1], [4, 0]]
