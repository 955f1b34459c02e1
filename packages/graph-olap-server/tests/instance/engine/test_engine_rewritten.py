"""Questions that the engines answer wrongly as they are asked, and right in the words that they get."""

from __future__ import annotations

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.clauses import clauses_of
from graph_olap_server.instance.engine.cycles import hops_of
from graph_olap_server.instance.engine.registry import engine_class
from graph_olap_server.instance.tokens import tokenise


@pytest.fixture(scope="module")
def shop(tmp_path_factory, snapshot_files, graph_class):
    """Two labels with keys of one name, nulls, empty texts, a loop and parallel relationships."""
    folder = tmp_path_factory.mktemp("shop")
    files = snapshot_files(folder)
    columns = {"x": "INT64", "s": "STRING"}
    files.node("N", ("id", "INT64"), columns, [(1, 5, "a"), (2, None, ""), (3, 7, "b"), (4, 7, None)])
    files.node("M", ("id", "INT64"), columns, [(1, 5, "a"), (2, None, ""), (3, 1, "q")])
    files.edge("R", ("N", "N"), {"w": "INT64"}, [(1, 2, 1), (1, 2, 2), (2, 2, 3), (2, 3, None), (3, 4, 7)])
    files.edge("S", ("N", "M"), {"w": "INT64"}, [(1, 1, 1)])
    engine = engine_class(graph_class.engine_name).open(folder / "graph.db", LIMITS)
    engine.load(folder, files.manifest(), lambda _progress: None)
    yield graph_class(engine)
    engine.close()


LIMITS = EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024)
EXISTS = "EXISTS { MATCH (a)-[:R]->(b:N) WHERE b.x = a.x }"
COUNT = "COUNT { MATCH (a)-[:R]->(b:N) WHERE b.x = a.x OR a.x IS NULL }"
NULLS = [
    ("MATCH (a:N) OPTIONAL MATCH (a)-[:R]->(b:N) WHERE b.x = a.x OR a.x IS NULL RETURN a.id, b.id",
     [[1, None], [2, 2], [2, 3], [3, 4], [4, None]]),
    (f"MATCH (a:N) WHERE a.id > 0 AND NOT {EXISTS} RETURN a.id", [[1], [2], [4]]),
    (f"MATCH (a:N) RETURN a.id, {COUNT} AS k", [[1, 0], [2, 2], [3, 1], [4, 0]]),
    (f"MATCH (a:N) WITH a, {COUNT} AS k WHERE NOT {EXISTS} RETURN a.id, k", [[1, 0], [2, 2], [4, 0]]),
    ("UNWIND [1, NULL] AS u MATCH (a:N {id: 3}) "
     "RETURN u, COUNT { MATCH (a)-[:R]->(b:N) WHERE b.x > u OR u IS NULL } AS k", [[1, 1], [None, 1]]),
    ("MATCH (a:N) WITH a, a.x > 5 AS big OPTIONAL MATCH (b:M) WHERE big RETURN a.id, count(b)",
     [[1, 0], [2, 0], [3, 3], [4, 3]]),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "rows"), NULLS)
def test_nulls_from_outside_are_values_too(shop, statement, rows):
    assert sorted(shop.rows(statement), key=repr) == sorted(rows, key=repr)


def test_what_was_not_found_has_no_label_and_no_length(shop):
    of_nodes = "MATCH (n:N {id: 4}) OPTIONAL MATCH (n)-[r:R]->(m:N) RETURN label(m), type(r), labels(n)"
    assert shop.rows(of_nodes) == [[None, None, "N"]]
    for hops in ("[r:R]", "[r:R*1..2]", "[r:R* SHORTEST 1..2]"):
        asked = f"MATCH (n:N {{id: 4}}) OPTIONAL MATCH p = (n)-{hops}->(m:N) "
        assert shop.rows(asked + "RETURN length(p), nodes(p), p IS NULL, p IS NOT NULL, count(p)") == [
            [None, None, True, False, 0]
        ]
    found = "MATCH (n:N {id: 3}) OPTIONAL MATCH p = (n)-[:R]->(m:N) RETURN length(p), label(m), p IS NULL, count(p)"
    assert shop.rows(found) == [[1, "N", False, 1]]
    assert shop.rows("OPTIONAL MATCH (n:N) WHERE n.id > 100 MATCH (n) RETURN 'found'") == []


def test_every_text_contains_the_empty_one(shop):
    assert shop.rows("MATCH (n:N) WHERE n.s CONTAINS '' RETURN n.id ORDER BY n.id") == [[1], [2], [3]]
    assert shop.rows("MATCH (n:N) WHERE n.s CONTAINS $empty RETURN n.id ORDER BY n.id", {"empty": ""}) == [
        [1],
        [2],
        [3],
    ]
    of_columns = "MATCH (n:N) RETURN n.id, NOT lower(n.s) CONTAINS n.s AS k ORDER BY n.id"
    assert shop.rows(of_columns) == [[1, False], [2, False], [3, False], [4, None]]
    assert shop.rows("MATCH (n:N) WHERE (n.s) CONTAINS (CASE WHEN n.id = 2 THEN '' ELSE 'b' END) RETURN n.id") == [
        [2],
        [3],
    ]


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        ("MATCH (a:N)-[:R]->(b:N)-[:R]->(c:N)<-[:R]-(a) RETURN count(*)", 6),
        ("MATCH (a:N)-[k]->(b)<-[l]-(a)-[m]->() RETURN count(*)", 20),
        ("MATCH (a:N)-[k]->(b)<-[l]-(a)-[m]->() WHERE b.id = 2 OR b.id = 3 RETURN count(*)", 16),
        ("MATCH (a:N)-[m:R]->(), (a)-[k:R]->(b), (a)-[l:R]->(b) RETURN count(*)", 13),
        ("MATCH (a:N)-[k:R]->(b) MATCH (b)<-[l:R]-(a) MATCH (a)-[m:R]->() RETURN count(*)", 13),
    ],
)
def test_cycles_count_parallel_relationships(shop, statement, count):
    assert shop.rows(statement) == [[count]]


def test_a_cycle_that_cannot_be_opened_is_refused(shop):
    with pytest.raises(PlatformError, match="comes back to a node over parallel relationships") as caught:
        shop.rows("MATCH (a:N) RETURN COUNT { MATCH (a)-[k:R]->(b)<-[l:R]-(a)-[m:R]->() } AS k")
    assert caught.value.details["kind"] == "statement_not_allowed"


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("MATCH (n) RETURN COUNT { MATCH (n)-[:R]->() } AS k ORDER BY k", [[0], [0], [0], [0], [1], [2], [2]]),
        ("MATCH (n:N) WHERE COUNT { MATCH (n)-[:R]->() } = 0 RETURN label(n)", [["N"]]),
        ("MATCH (n:N) RETURN count(*), sum(COUNT { MATCH (n)-[:S]->() })", [[4, 1]]),
    ],
)
def test_nodes_with_nothing_to_count_are_counted_as_0(shop, statement, rows):
    assert shop.rows(statement) == rows


def test_a_subquery_of_what_may_be_null_is_refused_until_it_is_matched_again(shop):
    asked = "MATCH (a:N) OPTIONAL MATCH (a)-[:S]->(b:M) {}RETURN a.id, COUNT {{ MATCH (b)<-[:S]-() }} AS k"
    with pytest.raises(PlatformError, match="b comes from OPTIONAL MATCH and may be null"):
        shop.rows(asked.format(""))
    assert shop.rows(asked.format("MATCH (b) ")) == [[1, 1]]


def test_one_key_under_two_labels_is_two_groups(shop):
    expected = [[1, 5, 2], [2, None, 2], [3, 1, 1], [3, 7, 1], [4, 7, 1]]
    assert shop.rows("MATCH (n) RETURN n.id, n.x, count(*) ORDER BY n.id, n.x") == expected
    assert shop.rows("MATCH (n) WITH n.id AS i, n.x AS x, count(*) AS k RETURN i, x, k ORDER BY i, x") == expected
    distinct = shop.result("MATCH (n) RETURN DISTINCT n.id, n.x ORDER BY n.id, n.x")
    assert [row[:2] for row in expected] == list(distinct.rows())
    assert [column.name for column in distinct.columns] == ["n.id", "n.x"]


def test_a_relationship_as_a_group_is_that_relationship(shop):
    found = shop.rows("MATCH ()-[:R]->(a:N)-[r:R]->(b:N) WHERE r.w = 3 RETURN r, b.id, count(*)")
    assert [(row[0]["_type"], row[0]["w"], row[1], row[2]) for row in found] == [("R", 3, 2, 3)]
    both_ways = shop.rows("MATCH (a:N)-[r:R]-(b:N) RETURN r, count(*)")
    assert sorted((row[0]["_id"], row[1]) for row in both_ways) == sorted(
        (row[0], 2) for row in shop.rows("MATCH ()-[r:R]->() RETURN id(r)")
    )


def test_an_aggregate_returned_twice_is_the_same(shop):
    assert shop.rows("MATCH (n:N) WHERE false WITH count(*) AS k RETURN k AS a, k AS b, k + 1 AS c") == [[0, 0, 1]]
    assert shop.rows("MATCH (n:N) WITH sum(n.x) AS k RETURN k AS a, k AS b") == [[19, 19]]


def test_union_is_what_its_parts_are(shop):
    many = "MATCH (a:N) RETURN a.x AS v UNION ALL MATCH (b:M)<-[:S]-(c)-[:R*1..2]->(d) RETURN d.x AS v"
    assert len(shop.rows(many)) == 10
    assert shop.rows("MATCH (a:N) RETURN a.x AS v UNION MATCH (b:M) RETURN b.x AS v") == [[5], [None], [7], [1]]
    assert shop.rows("RETURN 2 AS a, 1 AS b UNION RETURN 2 AS c, 1 AS d UNION RETURN 3 AS a, 3 AS b") == [
        [2, 1],
        [3, 3],
    ]
    twice = "MATCH (a:M) RETURN a.id AS i, a.id AS j UNION MATCH (a:M {id: 3}) RETURN a.x AS i, a.id AS j"
    assert shop.rows(twice) == [[1, 1], [2, 2], [3, 3], [1, 3]]
    grouped = "MATCH (a:N) RETURN a.x AS x, count(DISTINCT a.s) AS d, count(*) AS k UNION RETURN 7 AS x, 1 AS d, 2 AS k"
    assert sorted(shop.rows(grouped), key=repr) == sorted([[5, 1, 1], [None, 1, 1], [7, 1, 2]], key=repr)
    nodes = shop.rows(
        "MATCH (a:N {id: 1}) RETURN a UNION MATCH (a:M {id: 1}) RETURN a UNION MATCH (a:N {id: 1}) RETURN a"
    )
    assert [row[0]["_label"] for row in nodes] == ["N", "M"]
    table = shop.result("RETURN 'a' AS t UNION ALL RETURN 'b' AS t")
    assert [batch.to_pydict() for batch in table.batches()] in ([{"t": ["a", "b"]}], [{"t": ["a"]}, {"t": ["b"]}])


@pytest.mark.parametrize(
    ("statement", "kind", "words"),
    [
        ("RETURN 1 AS a UNION RETURN 'x' AS a", "binder", "a is INT64 in the first part and STRING in"),
        ("RETURN 1 AS a UNION RETURN 1 AS a, 2 AS b", "binder", "the first has 1, part 2 has 2"),
        ("RETURN 1 AS a UNION RETURN 2 AS a UNION ALL RETURN 3 AS a", "binder", "cannot be used in one query"),
        ("MATCH (a:N) OPTIONAL MATCH p = (a)-[:S]->() RETURN DISTINCT p", "statement_not_allowed", "path of OPTIONAL"),
        ("MATCH (a:N) OPTIONAL MATCH (b:N) WHERE b.x = a.x RETURN *", "statement_not_allowed", "name the columns"),
        ("MATCH (a:N) OPTIONAL MATCH (a)-[r:R]->(b) WHERE EXISTS { MATCH (b)-[s:R]->() WHERE s.w = r.w } RETURN a.id",
         "statement_not_allowed", "r.w is used in a subquery inside"),
        ("MATCH (a:N) OPTIONAL MATCH p = (a)-[:R]->() MATCH (c:N) "
         "WHERE NOT EXISTS { MATCH (a)-[:R]->(b) WHERE b.x = c.x } RETURN p",
         "statement_not_allowed", "while the path p is in use"),
    ],
)  # fmt: skip
def test_what_cannot_be_put_right_is_refused(shop, statement, kind, words):
    with pytest.raises(PlatformError) as caught:
        shop.rows(statement)
    assert caught.value.details["kind"] == kind
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("MATCH (a:N) OPTIONAL MATCH p = (a)-[r:S {w: 1}]->(b:N)<-[q:R*1..2]-(c) WHERE b.x > 1 "
         "RETURN count(*), count(b), count(r), count(c), count(p), count(b.s), max(length(p)), count(label(r))",
         [[4, 0, 0, 0, 0, 0, None, 0]]),
        ("MATCH (a:N {id: 1})-[:R]->(b) OPTIONAL MATCH (b)<-[:S]-(a) RETURN a.id, b.id", [[1, 2], [1, 2]]),
        ("MATCH (a:N) WHERE NOT EXISTS { MATCH (a)<-[:S]-() WHERE a.x > 1 } RETURN count(*)", [[4]]),
        ("MATCH (a:M) RETURN sum(COUNT { MATCH (a)-[:R]->() }), count(*)", [[0, 3]]),
        ("MATCH (a:N {id: 1}) OPTIONAL MATCH (n)<-[:S]-(m:M) MATCH (n)-[:R]->(k) RETURN k.id", []),
    ],
)  # fmt: skip
def test_what_nothing_can_match_is_nothing_with_a_warning(shop, statement, rows):
    result = shop.result(statement)
    assert list(result.rows()) == rows
    assert any("No relationship can match" in warning for warning in result.warnings)


def test_place_of_an_error_is_that_of_the_analysts_text(shop):
    statement = "MATCH (a:N)\nOPTIONAL MATCH (b:N) WHERE b.x = a.x\nRETURN a.id UNION RETURN nope"
    with pytest.raises(PlatformError) as caught:
        shop.rows(statement)
    assert caught.value.details["position"] == statement.index("nope")
    assert caught.value.details["query"] == statement
    moved = "MATCH (a:M) WHERE EXISTS { MATCH (a)-[:R]->() } OR a.nope > 1 RETURN a.id"
    with pytest.raises(PlatformError) as caught:
        shop.rows(moved)
    assert caught.value.details["position"] == moved.index("nope")


def test_clauses_know_their_variables():
    text = (
        "UNWIND [1] AS u MATCH p = (a:N)-[r*1..2]->(b {x: u}) OPTIONAL MATCH (b)-[q:R]->() "
        "WITH *, a AS c, count(*) AS k WHERE k > 1 RETURN c.match AS with"
    )
    clauses = clauses_of(tokenise(text))
    assert [clause.keyword for clause in clauses] == ["UNWIND", "MATCH", "MATCH", "WITH", "RETURN"]
    known = clauses[-1].before
    assert set(known) == {"u", "p", "a", "r", "b", "q", "c", "k"}
    assert (known["p"].carried, known["p"].fixed, known["r"].kind) == (True, False, "recursive")
    assert (known["q"].optional, known["q"].relationship, known["q"].single) == (True, True, True)
    assert (known["c"].kind, known["k"].aggregate) == ("element", True)


def test_hops_know_whether_they_find_a_pair_twice():
    types = ["R", "S"]
    assert hops_of("MATCH (a)-[r:R {w: 1}]->(b) RETURN a", types).types == {"R"}
    assert not hops_of("MATCH (a)-[r:R {w: 1}]->(b)<-[:S]-(a) RETURN a", types).mixed
    for statement in ("MATCH (a)-[:R]-(b) RETURN a", "MATCH (a)-[]->(b) RETURN a", "MATCH (a)-->(b) RETURN a"):
        assert hops_of(statement, types).mixed


SHORT = [
    ("MATCH (a:N) WHERE EXISTS { (a)-[:R]->(b:N) WHERE b.x = 7 } RETURN a.id", [[2], [3]]),
    ("MATCH (a:N) RETURN a.id, COUNT {(a)-[:R]->()} AS k", [[1, 2], [2, 2], [3, 1], [4, 0]]),
    ("MATCH (a:N) WHERE EXISTS { (a)-[:R]->(b) WHERE COUNT { (b)<-[:R]-() } = 1 } RETURN a.id", [[2], [3]]),
]


@pytest.mark.parametrize(("statement", "rows"), SHORT)
def test_a_subquery_may_leave_match_out(shop, statement, rows):
    assert sorted(shop.rows(statement)) == rows


@pytest.mark.parametrize("wrong", ["Nothing", "a.nothing", "nothing"])
def test_an_error_behind_a_short_subquery_has_its_place_in_the_analysts_text(shop, wrong):
    statement = "MATCH (a:N) WHERE EXISTS { (a)-[:R]->(:N) } "
    statement += "MATCH (b:Nothing) RETURN a.id" if wrong == "Nothing" else f"RETURN a.id, {wrong}"
    with pytest.raises(PlatformError) as caught:
        shop.rows(statement)
    assert caught.value.details["position"] == statement.index("othing") - 1
    assert "MATCH {" not in caught.value.message


@pytest.mark.parametrize(
    ("statement", "columns", "rows"),
    [
        ("RETURN 1 AS a, 2 AS a, 3 AS b, 4 AS a", ["a", "a_1", "b", "a_2"], [[1, 2, 3, 4]]),
        (
            "UNWIND [2, 1] AS x RETURN x, x + 1, x, x + 1 ORDER BY x",
            ["x", "x + 1", "x_1", "x + 1_1"],
            [[1, 2] * 2, [2, 3] * 2],
        ),
        ("WITH 1 AS x, 2 AS y RETURN DISTINCT y, x, y LIMIT 1", ["y", "x", "y_1"], [[2, 1, 2]]),
        ("RETURN 1 AS a, 2 AS a UNION ALL RETURN 3 AS a, 4 AS a", ["a", "a_1"], [[1, 2], [3, 4]]),
        ("RETURN $p AS a, $p AS a", ["a", "a_1"], [[7, 7]]),
    ],
)
def test_columns_of_the_same_name_are_told_apart(social, statement, columns, rows):
    result = social.result(statement, {"p": 7} if "$p" in statement else {})
    assert [column.name for column in result.columns] == columns
    assert sorted(result.rows()) == rows


def test_places_of_errors_are_those_of_the_statement_with_the_same_names(social):
    statement = "RETURN 1 AS a, 2 AS a, nothing AS b"
    with pytest.raises(PlatformError) as caught:
        social.result(statement)
    assert statement[caught.value.details["position"] :] == "nothing AS b"
    assert caught.value.details["query"] == statement
