"""List comprehensions, quantifiers and list functions with lambdas over many rows; see docs/reference/engines.md."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from random import Random

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class

ROWS = 3_000


@pytest.fixture(scope="module")
def lists(tmp_path_factory, snapshot_files, graph_class, engine_name):
    folder = tmp_path_factory.mktemp("lists")
    files = snapshot_files(folder)
    random = Random(7)
    rows = [
        [
            number,
            [random.choice([None, 1, 2, 3, 4, 5]) for _ in range(random.randint(0, 4))],
            random.choice([None, 1, 2, 3]),
            [random.choice([None, "a", "Bc", "é", ""]) for _ in range(random.randint(0, 3))],
        ]
        for number in range(ROWS)
    ]
    files.node(
        "N",
        ("id", "INT64"),
        {"l": "LIST<INT64>", "k": "INT64", "s": "LIST<STRING>", "t": "STRING"},
        [[*row, text(row[0])] for row in rows],
    )
    # One hub, so that the paths of one batch start at one node, and one path from each other node.
    edges = [[0, number, number % 5] for number in range(1, ROWS)]
    edges += [[number, random.randrange(ROWS), number % 5] for number in range(1, ROWS)]
    files.edge("R", ("N", "N"), {"w": "INT64"}, edges)
    engine = engine_class(engine_name).open(folder / "g.db", EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024))
    engine.load(folder, files.manifest(), lambda _progress: None)
    yield graph_class(engine), rows, edges
    engine.close()


def joined(*texts):
    return None if None in texts else "".join(texts)


def upper(value):
    return None if value is None else value.upper()


def text(number):
    return (None, "a", "", "e\u0301x")[number % 4]


def over(value, limit):
    return value is not None and limit is not None and value > limit


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("[x IN n.l WHERE x > 2]", lambda n, items, k, texts: [x for x in items if over(x, 2)]),
        ("[x IN n.l WHERE x > n.k]", lambda n, items, k, texts: [x for x in items if over(x, k)]),
        ("[x IN n.l | x + n.k]", lambda n, items, k, texts: [None if None in (x, k) else x + k for x in items]),
        ("[x IN n.l WHERE x > 2 | x * 10]", lambda n, items, k, texts: [x * 10 for x in items if over(x, 2)]),
        ("[x IN n.l WHERE x IS NOT NULL]", lambda n, items, k, texts: [x for x in items if x is not None]),
        ("[x IN n.l WHERE x IS NOT NULL AND x < 3]", lambda n, items, k, texts: [x for x in items if x in (1, 2)]),
        ("[t IN n.s WHERE t CONTAINS 'c' | upper(t)]", lambda n, items, k, texts: ["BC" for t in texts if t == "Bc"]),
        ("[x IN [1, 2, 3] WHERE x > n.k]", lambda n, items, k, texts: [x for x in (1, 2, 3) if over(x, k)]),
        ("list_filter(n.l, x -> x > n.k)", lambda n, items, k, texts: [x for x in items if over(x, k)]),
        ("size(list_filter(n.l, x -> x IN [1, 2]))", lambda n, items, k, texts: sum(x in (1, 2) for x in items)),
        ("any(x IN n.l WHERE x > 4)", lambda n, items, k, texts: any(over(x, 4) for x in items)),
        ("all(x IN n.l WHERE x > 1)", lambda n, items, k, texts: all(over(x, 1) for x in items)),
        ("none(x IN n.l WHERE x > n.k)", lambda n, items, k, texts: not any(over(x, k) for x in items)),
        ("[t IN n.s | t + '!']", lambda n, items, k, texts: [joined(t, "!") for t in texts]),
        ("[t IN n.s | 'é' + upper(t) + '!']", lambda n, items, k, texts: [joined("é", upper(t), "!") for t in texts]),
        ("[t IN n.s | t + n.t]", lambda n, items, k, texts: [joined(t, text(n)) for t in texts]),
        (
            "[t IN n.s WHERE t + '!' <> '!' | t + n.t + t]",
            lambda n, items, k, texts: [joined(t, text(n), t) for t in texts if t],
        ),
        ("[t IN [n.t, 'q'] WHERE t + '!' = '!']", lambda n, items, k, texts: [t for t in (text(n), "q") if t == ""]),
        ("any(t IN n.s WHERE t + n.t = '')", lambda n, items, k, texts: any(joined(t, text(n)) == "" for t in texts)),
        ("[x IN n.l | x + size('abc')]", lambda n, items, k, texts: [None if x is None else x + 3 for x in items]),
        ("single(x IN n.l WHERE x = 3)", lambda n, items, k, texts: sum(x == 3 for x in items) == 1),
    ],
)
@pytest.mark.parametrize("condition", ["", "WHERE n.k = 2 "])
def test_each_row_has_its_own_elements(lists, expression, wanted, condition):
    graph, rows, _ = lists
    expected = {row[0]: wanted(*row) for row in rows if not condition or row[2] == 2}
    for shape in ("RETURN n.id, {} AS v", "WITH n, {} AS v RETURN n.id, v"):
        found = graph.rows(f"MATCH (n:N) {condition}{shape.format(expression)}")
        assert dict(found) == expected
        assert len(found) == len(expected)


@pytest.mark.parametrize("length", ["", "*1..1"])
def test_a_property_of_each_node_of_a_path_is_its_own(lists, length):
    graph, rows, edges = lists
    weights = {(start, end): weight for start, end, weight in edges}
    statement = (
        f"MATCH p = (a:N)-[:R{length}]->(b:N) RETURN a.id, b.id, [x IN nodes(p) | x.k], "
        "[x IN nodes(p) | id(x) = id(a)], "
        "[x IN nodes(p) WHERE x.k > 1 | x.k * 10], [r IN rels(p) WHERE r.w > 2 | r.w], [r IN rels(p) | type(r)], "
        "any(x IN nodes(p) WHERE x.id = 7), list_transform(nodes(p), x -> x.id + a.id)"
    )
    for start, end, *found in graph.rows(statement):
        values = [rows[start][2], rows[end][2]]
        weight = weights[start, end]
        assert found == [
            values,
            [True, start == end],
            [k * 10 for k in values if over(k, 1)],
            [weight] if weight > 2 else [],
            ["R"],
            7 in (start, end),
            [2 * start, start + end],
        ]


@pytest.mark.parametrize(
    "expression",
    [
        "[x IN [1, 2, 3] WHERE x > n.k | x * 2]",
        "list_transform(list_transform(n.l, x -> x + n.k), y -> y * 2)",
        "[x IN n.l WHERE x IS NULL]",
        "[x IN n.l | coalesce(x, 0)]",
        "[x IN n.l | CASE WHEN x > 1 THEN 1 ELSE 0 END]",
        "[x IN n.l | [x, 1]]",
        "[x IN n.l | {v: x}]",
        "[x IN n.l WHERE NOT (x IS NOT NULL)]",
        "[x IN [n, n] | x.k]",
        "[x IN collect(n) WHERE x.k > 1]",
    ],
)
def test_what_the_engine_takes_from_other_rows_is_refused(lists, expression):
    graph, _, _ = lists
    with pytest.raises(PlatformError, match="UNWIND list AS x") as caught:
        graph.rows(f"MATCH (n:N) RETURN n.id, {expression} AS v")
    assert caught.value.details["kind"] == "statement_not_allowed"


def test_lists_that_are_no_comprehensions_stay(lists):
    graph, _, _ = lists
    assert graph.rows("RETURN [1, 2][1], [[1, 2]][1][2], 1 IN [1, 2], [1 IN [1]]") == [[1, 2, True, [True]]]
    assert graph.rows("WITH [3, 4] AS l RETURN l[1], [l[2]], list_reduce(l, (a, b) -> a + b)") == [[3, [4], 7]]


def test_names_and_texts_stay_what_they_are(lists):
    graph, _, _ = lists
    hostile = "k'), y -> 1) AS q; MATCH (n:N) RETURN n.id; //"
    with pytest.raises(PlatformError):
        graph.rows(f"MATCH p = (:N)-[:R]->() RETURN [x IN nodes(p) | x.`{hostile}`] AS z LIMIT 1")
    told = "RETURN [t IN ['b IS NOT NULL', 'q'] WHERE t = 'b IS NOT NULL'] AS z"
    assert graph.value(told) == ["b IS NOT NULL"]


@pytest.mark.parametrize("level", ["({} + 'x')", "substring({}, 1, 2)", "upper(lpad({}, 2, 'x'))"])
def test_expressions_that_would_double_with_each_level_are_refused_at_once(lists, level):
    graph, _, _ = lists
    expression = "n.s[1]"
    for _ in range(25):
        expression = level.format(expression)
    with pytest.raises(PlatformError, match="under a name with WITH"):
        graph.rows(f"MATCH (n:N) RETURN {expression} AS v")


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        ([1, 2, 3], 2),
        ([0.5, 1.5, 1e30], 1.5),
        (["a", "b", 'it\'s \\ "c"\n'], "b"),
        ([dt.date(2024, 5, 1), dt.date(2024, 5, 2)], dt.date(2024, 5, 2)),
        ([dt.datetime(2024, 5, 1, 10), dt.datetime(2024, 5, 2, 11, 12, 13, 14)], dt.datetime(2024, 5, 2)),
        ([Decimal("1.50"), Decimal("2.25")], Decimal("2.25")),
        ([True, False], True),
    ],
)
def test_parameters_in_a_condition_on_elements(social, values, limit):
    wanted = [value for value in values if value >= limit]
    parameters = {"v": values, "m": limit}
    for expression in ("[x IN $v WHERE x >= $m]", "[x IN $v WHERE x >= $m | x]", "list_filter($v, x -> x >= $m)"):
        found = social.arrow(f"RETURN {expression} AS l", parameters)["l"].to_pylist()
        assert found == [wanted], expression
    assert social.value("RETURN any(x IN $v WHERE x >= $m)", parameters) is True
    assert social.value("RETURN [x IN [1, 2] WHERE $yes | x]", {"yes": True}) == [1, 2]
    assert social.value("RETURN [x IN ['a', 'b', 'c'] WHERE x IN $some]", {"some": ["a", "c"]}) == ["a", "c"]
