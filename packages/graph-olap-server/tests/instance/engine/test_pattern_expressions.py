"""Patterns as conditions and values."""

from __future__ import annotations

import pytest
from graph_olap_server.domain.errors import PlatformError


def test_size_of_a_pattern_counts(social):
    rows = social.rows(
        "MATCH (a:Person) RETURN a.id, size((a)-[:KNOWS]->()) AS out, size((a)<-[]-(:Person)) ORDER BY a.id"
    )
    assert rows == [[1, 2, 0], [2, 1, 2], [3, 1, 2], [4, 0, 0]]
    assert social.rows("MATCH (a:Person) WHERE size((a)--()) = 0 RETURN a.id") == [[4]]
    assert social.rows("MATCH (a:Person {id: 1}) RETURN size((a.name)), size('(a)--()')") == [[3, 7]]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("(a)-[:KNOWS]->()", [1, 2, 3]),
        ("NOT (a)-[:KNOWS]->()", [4]),
        ("(a)<-[:KNOWS]-(:Person {id: 1}) OR a.id = 4", [2, 4]),
        ("(a)-->(:City {code: 'x'})", [1]),
        ("(a)-[:KNOWS]->()-[:LIVES_IN]->(:City)", [2, 3]),
        ("(a)-[:KNOWS*1..2]->(:Person {id: 3})", [1, 2, 3]),
        ("exists((a)-[:LIVES_IN]->())", [1, 3]),
        ("EXISTS { (a)-[:LIVES_IN]->() }", [1, 3]),
        ("EXISTS { MATCH (a)-[:KNOWS]->(b) WHERE (b)-[:LIVES_IN]->() }", [2, 3]),
        ("CASE WHEN (a)-[:LIVES_IN]->() THEN a.id < 3 ELSE a.id > 3 END", [1, 4]),
        ("(a.id)-(1) > 0 AND (a.id)--(1) > 2", [2, 3, 4]),
        ("size((a)-[:KNOWS]->()) = 2", [1]),
    ],
)
def test_a_pattern_is_a_condition(social, condition, wanted):
    assert social.rows(f"MATCH (a:Person) WHERE {condition} RETURN a.id ORDER BY a.id") == [[key] for key in wanted]
    returned = social.rows(f"MATCH (a:Person) RETURN a.id, {condition} AS c ORDER BY a.id")
    assert [key for key, holds in returned if holds] == wanted


def test_a_pattern_between_two_known_nodes(social):
    pairs = "MATCH (a:Person), (b:Person) WHERE (a)-[:KNOWS]->(b) RETURN a.id, b.id ORDER BY a.id"
    assert social.rows(pairs) == [[1, 2], [2, 3], [3, 3]]
    mutual = "MATCH (a:Person)-[:KNOWS]->(b:Person) WHERE NOT (b)-[:KNOWS]->(a) RETURN a.id, b.id ORDER BY a.id"
    assert social.rows(mutual) == [[1, 2], [1, 2], [2, 3]]


@pytest.mark.parametrize("condition", ["(c)<-[:LIVES_IN]-()", "NOT (c)<--()", "size((c)<--()) > 0"])
def test_a_pattern_from_what_may_be_absent_is_refused_not_wrong(social, condition):
    statement = f"MATCH (a:Person) OPTIONAL MATCH (a)-[:LIVES_IN]->(c:City) WITH a, c WHERE {condition} RETURN a.id"
    with pytest.raises(PlatformError, match="comes from OPTIONAL MATCH and may be null"):
        social.rows(statement)


def test_one_value_may_be_taken_into_several_subqueries(social):
    inner = "EXISTS { MATCH (a)-[:KNOWS]->(b:Person) WHERE b.id >= $.id }"
    statement = (
        f"MATCH (a:Person) WHERE {inner.replace('$', 'a')} WITH a, a.id AS i WHERE {inner.replace('$.id', 'i')} "
        f"WITH a, i AS j WHERE {inner.replace('$.id', 'j')} RETURN a.id, {inner.replace('$', 'a')} AS e ORDER BY a.id"
    )
    assert social.rows(statement) == [[1, True], [2, True], [3, True]]
