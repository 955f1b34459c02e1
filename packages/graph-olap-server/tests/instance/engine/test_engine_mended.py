"""Answers that the engines give wrongly when they are asked directly; see docs/reference/engines.md."""

from __future__ import annotations

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class


def test_distinct_aggregates_do_not_empty_those_after_them(social):
    statement = "MATCH (a:Person)-[r:KNOWS]->() RETURN a.id, count(DISTINCT r.since) AS d, count(*), sum(r.since) AS s"
    result = social.result(statement)
    assert [column.name for column in result.columns] == ["a.id", "d", "count(*)", "s"]
    assert sorted(result.rows()) == [[1, 2, 2, 3], [2, 1, 1, 3], [3, 0, 1, None]]
    passed = "MATCH (a:Person)-[r:KNOWS]->() WITH a.id AS i, collect(DISTINCT r.since) AS l, count(*) AS k RETURN i, k"
    assert sorted(social.rows(passed)) == [[1, 2], [2, 1], [3, 1]]


def test_place_of_an_error_is_that_of_the_text_that_was_written(social):
    statement = "MATCH (a:Person) RETURN a.id, count(DISTINCT a.age), count(*), a.nam"
    with pytest.raises(PlatformError) as caught:
        social.rows(statement)
    assert caught.value.details["position"] == statement.index("nam")


def test_all_shortest_survives_an_empty_set_of_ends(social):
    statement = "MATCH (a:Person)-[:KNOWS* ALL SHORTEST 1..2]->(b:Person) WHERE b.id IS NULL RETURN count(*)"
    assert social.value(statement) == 0


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("MATCH (a)-[:KNOWS*0..1]-(b) RETURN count(*)", "from 0"),
        ("MATCH (a)-[:KNOWS* ACYCLIC 1..2]->(b) RETURN count(*)", "is_acyclic(p)"),
        ("MATCH (a:Person), (c:City) OPTIONAL MATCH (a)-[]->(b), (c)--(d) RETURN b", "share no variable"),
        ("MATCH (a) OPTIONAL MATCH (a)-->(b) MATCH (a)-->(c), (b)-->(d) RETURN d", "with WITH * between them"),
        ("MATCH (:Person) WITH DISTINCT 1 AS one RETURN count(*)", "of constants only"),
        ("MATCH (:Person) WITH 1 AS one LIMIT 1 RETURN count(*)", "of constants only"),
        ("MATCH (a:Person) WITH 1 AS one WITH DISTINCT one RETURN one", "of constants only"),
        ("MATCH (a:Person) WHERE a.age IN [34, null] RETURN a.id", "A null in the list of IN"),
        ("MATCH (a)-[r:KNOWS]-(b) WITH DISTINCT r RETURN count(*)", "Use id(r)"),
        ("MATCH (a:Person) RETURN a.name, count(DISTINCT a.age) + count(*)", "In one column"),
        ("MATCH (a:Person) RETURN a.name, count(DISTINCT a.age) ORDER BY count(*)", "In ORDER BY"),
    ],
)
def test_what_would_be_wrong_is_refused_with_what_to_write(social, statement, words):
    with pytest.raises(PlatformError) as caught:
        social.rows(statement)
    assert caught.value.details["kind"] == "statement_not_allowed"
    assert words in caught.value.message


@pytest.mark.parametrize(
    "statement",
    [
        "MATCH (a:Person) OPTIONAL MATCH (a)-[:LIVES_IN]->(b:City) RETURN a.id, b.code",
        "MATCH (a) WHERE EXISTS { MATCH (a)-[:LIVES_IN]->() } RETURN a",
        "MATCH (a:Person)-[:KNOWS*1..2]->(b) RETURN a.id, b.id",
        "MATCH (a:Person) RETURN count(DISTINCT a.age) + count(*)",
        "MATCH (a:Person) RETURN a.name, count(*) / count(DISTINCT a.id)",
        "MATCH (a)-[r:KNOWS]-(b) RETURN id(r), count(*)",
        "MATCH (a:Person) WHERE a.name STARTS WITH 'A' RETURN a.name, count(DISTINCT a.age) AS k ORDER BY k",
    ],
)
def test_what_is_right_is_not_refused(social, statement):
    social.rows(statement)


def test_null_in_a_parameter_list_is_refused(social):
    with pytest.raises(PlatformError, match="A null in the list"):
        social.rows("MATCH (a:Person) WHERE a.age IN $ages RETURN a.id", {"ages": [34, None]})


@pytest.fixture(scope="module")
def switched(tmp_path_factory, snapshot_files, graph_class, engine_name):
    folder = tmp_path_factory.mktemp("switched")
    files = snapshot_files(folder)
    rows = [[i, [True, False, None][i % 3], i % 7, "ab"[i % 2]] for i in range(300)]
    files.node("S", ("id", "INT64"), {"flag": "BOOL", "x": "INT64", "s": "STRING"}, rows)
    engine = engine_class(engine_name).open(folder / "g.db", EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024))
    engine.load(folder, files.manifest(), lambda _progress: None)
    yield graph_class(engine), rows
    engine.close()


@pytest.mark.parametrize(
    "condition",
    [
        "n.flag",
        "(n.flag)",
        "((n.flag))",
        "CAST(n.flag AS BOOL)",
        "n.flag = true",
        "n.flag AND true",
        "coalesce(n.flag, false)",
    ],
)
def test_case_takes_each_row_for_itself(switched, condition):
    graph, rows = switched
    for before in ("", "WITH n, n.flag AS state "):
        used = condition if not before else condition.replace("n.flag", "state")
        statement = f"MATCH (n:S) {before}RETURN n.id, CASE WHEN {used} THEN n.x ELSE -1 END AS v ORDER BY n.id"
        assert graph.rows(statement) == [[i, x if on else -1] for i, on, x, _ in rows], statement
    nested = (
        f"MATCH (n:S) RETURN CASE n.s WHEN 'a' THEN CASE WHEN n.x = 3 THEN 'three' WHEN {condition} THEN 'on' END "
        "ELSE n.s END AS v ORDER BY n.id"
    )
    inner = ["three" if x == 3 else "on" if on else None for _, on, x, _ in rows]
    assert graph.rows(nested) == [[inner[i] if s == "a" else s] for i, _, _, s in rows]


def test_contains_may_be_a_function(switched):
    graph, rows = switched
    expected = [[i] for i, _, _, s in rows if s == "a"]
    for condition in ("contains(n.s, 'a')", "NOT contains(n.s, 'b')", "n.id >= 0 AND contains(n.s, 'a')"):
        assert graph.rows(f"MATCH (n:S) WHERE {condition} RETURN n.id ORDER BY n.id") == expected, condition
    assert graph.value("MATCH (n:S) WHERE n.s CONTAINS ('a') RETURN count(*)") == len(expected)


def test_a_condition_on_an_aggregate_holds_in_optional_match(social):
    # Ann knows Böb twice, he knows 3, who knows himself; the fourth knows nobody.
    counted = "MATCH (a:Person) OPTIONAL MATCH (a)-[r:KNOWS]->() WITH a, count(r) AS k "
    for condition, wanted in (
        ("k > 1", [[1, 2], [1, 2], [2, None], [3, None], [4, None]]),
        ("k + b.id > 3", [[1, 2], [1, 2], [2, 3], [3, 3], [4, None]]),
        ("k > 1 AND b.id > 2", [[1, None], [2, None], [3, None], [4, None]]),
        ("k IS NULL", [[1, None], [2, None], [3, None], [4, None]]),
    ):
        statement = f"{counted}OPTIONAL MATCH (a)-[:KNOWS]->(b) WHERE {condition} RETURN a.id, b.id"
        assert sorted(social.rows(statement), key=repr) == wanted, condition
    alone = "MATCH (a:Person) WITH count(*) + 0 AS k WITH k AS m OPTIONAL MATCH (b:City) WHERE m <= 2 RETURN m, b.code"
    assert social.rows(alone) == [[4, None]]


def test_an_absent_path_with_a_variable_part_is_null(social):
    pattern = "MATCH (a:Person) OPTIONAL MATCH p = (a)-[:KNOWS*1..2]->(b:Person) WHERE b.id > 100"
    for returned in ("p", "p AS q", "p AS `q r`, a.id"):
        assert [row[0] for row in social.rows(f"{pattern} RETURN {returned}")] == [None] * 4, returned
    found = social.rows("MATCH (a:Person {id: 2}) OPTIONAL MATCH p = (a)-[:KNOWS*1..1]->(b) RETURN p")
    assert [len(row[0]["_rels"]) for row in found] == [1]


def test_a_group_by_a_relationship_has_the_relationship(files, load):
    # Found by conformance: after a filter the engine showed a relationship without a type.
    nodes = [[i, 1.0 if i % 9 == 0 else None] for i in range(80)]
    files.node("S", ("id", "INT64"), {"d": "DOUBLE"}, nodes)
    ends = [[4, 18, 5], [4, 18, 6], [7, 63, 7], [9, 27, 8]]
    files.edge("R", ("S", "S"), {"w": "INT64"}, ends)
    graph = load(files)
    wanted = [[5, 1], [6, 1], [7, 1], [8, 1], [None, 6]]
    pattern = "MATCH (n {d: 1.0}) OPTIONAL MATCH (n)<-[r]-()"
    for rest in (
        "RETURN r, count(*) AS k",
        "RETURN r AS q, count(*) AS k",
        "WITH r, count(*) AS k RETURN r, k",
        "WITH r AS q, count(*) AS k RETURN q, k",
    ):
        rows = graph.rows(f"{pattern} {rest}")
        assert sorted(([row[0] and row[0]["w"], row[1]] for row in rows), key=repr) == sorted(wanted, key=repr), rest
        assert {row[0]["_type"] for row in rows if row[0]} == {"R"}, rest
    rows = graph.rows(f"{pattern} WITH r, count(*) AS k RETURN r.w, k, type(r), id(r) IS NULL")
    assert sorted(rows, key=repr) == sorted(
        ([w, k, None if w is None else "R", w is None] for w, k in wanted), key=repr
    )
    assert graph.value(f"{pattern} WITH r, count(*) AS k WHERE r.w IN [0, 6] RETURN count(*)") == 1
    assert graph.value(f"{pattern} WITH DISTINCT r AS q RETURN count(*)") == 5
    shown = graph.rows(f"{pattern} WITH DISTINCT r, 1 AS one RETURN r.w, type(r), one ORDER BY r.w")
    assert shown == [*([w, "R", 1] for w in (5, 6, 7, 8)), [None, None, 1]]
    assert graph.value(f"{pattern} WITH r, count(*) AS k WHERE r.w IS NULL RETURN k") == 6
    result = graph.result(f"{pattern} RETURN count(DISTINCT n) AS d, r, count(*) AS k, max(r.w)")
    assert [column.name for column in result.columns] == ["d", "r", "k", "max(r.w)"]
    assert sorted([row[0], row[2], row[3]] for row in result.rows() if row[1]) == [[1, 1, w] for w in (5, 6, 7, 8)]
    assert graph.rows("MATCH ()-[r]-() WITH r, count(*) AS k RETURN r.w, type(r), k ORDER BY r.w") == [
        [w, "R", 2] for w in (5, 6, 7, 8)
    ]
    with pytest.raises(PlatformError, match=r"Group by id\(r\)"):
        graph.rows(f"{pattern} RETURN r, count(*) ORDER BY r.w")


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("MATCH (a:Person) WITH DISTINCT 1 AS one RETURN count(*), one", [[1, 1]]),
        ("MATCH (a:Person) WHERE a.id > 99 WITH DISTINCT 1 AS one RETURN count(*)", [[0]]),
        ("MATCH (a:Person) WITH 1 AS one LIMIT 2 RETURN one", [[1], [1]]),
        ("MATCH (a:Person) WITH 1 AS one SKIP 3 RETURN one", [[1]]),
        ("MATCH (a) WITH DISTINCT label(a) AS l RETURN l ORDER BY l", [["City"], ["Person"]]),
        ("MATCH (a:Person) WITH DISTINCT label(a) AS l RETURN l, count(*)", [["Person", 1]]),
        ("MATCH p = (:Person)-[:KNOWS]->() WITH DISTINCT length(p) AS k RETURN k, count(*)", [[1, 1]]),
        ("MATCH p = (:Person)-[:KNOWS*1..2]->() WITH DISTINCT length(p) AS k RETURN k ORDER BY k", [[1], [2]]),
        (
            "MATCH (a:Person) WITH DISTINCT 1 AS one, 'x' AS t MATCH (c:City) RETURN one, t, c.code ORDER BY c.code",
            None,
        ),
        ("UNWIND [1, 2, 3] AS x WITH DISTINCT 1 AS one RETURN count(*)", [[1]]),
    ],
)
def test_rows_of_constants_are_counted(social, statement, rows):
    assert social.rows(statement) == (rows or [[1, "x", "x"], [1, "x", "y"]])
