"""ORDER BY after WITH, by expressions that come again, and by what a projection names."""

from __future__ import annotations

import pytest

EXPRESSIONS = {
    "size(n.name)": lambda _, name, age: None if name is None else len(name),
    "upper(n.name)": lambda _, name, age: None if name is None else name.upper(),
    "abs(n.age)": lambda _, name, age: age,
    "-n.age": lambda _, name, age: None if age is None else -age,
    "n.age IS NULL": lambda _, name, age: age is None,
    "n.age + 1": lambda _, name, age: None if age is None else age + 1,
    "CAST(n.age AS STRING)": lambda _, name, age: None if age is None else str(age),
    "n.id IN [2, 4]": lambda key, name, age: key in (2, 4),
    "CASE WHEN n.age > 30 THEN 1 ELSE 2 END": lambda _, name, age: 1 if age is not None and age > 30 else 2,
    "coalesce(n.name, 'x')": lambda _, name, age: name or "x",
}
PEOPLE = [(1, "Ann", 34), (2, "Böb", None), (3, None, 51), (4, "Dž", 20)]


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("descending", [False, True])
def test_what_sorts_may_come_again(social, expression, descending):
    known = [p for p in PEOPLE if EXPRESSIONS[expression](*p) is not None]
    absent = [p for p in PEOPLE if EXPRESSIONS[expression](*p) is None]
    ordered = sorted(known, key=lambda p: EXPRESSIONS[expression](*p), reverse=descending)
    values = [EXPRESSIONS[expression](*p) for p in (absent + ordered if descending else ordered + absent)]
    sort = f"{expression}{' DESC' if descending else ''}"
    for limit, wanted in (("", values), ("LIMIT 3", values[:3]), ("SKIP 1", values[1:])):
        for again in ("", f"WITH n ORDER BY {sort} "):
            statement = f"MATCH (n:Person) WITH n ORDER BY {sort} {limit} {again}RETURN {expression} AS v, n.id"
            assert [row[0] for row in social.rows(statement)] == wanted, statement
        returned = f"MATCH (n:Person) WITH n ORDER BY {sort} {limit} RETURN n.id, {expression} AS v ORDER BY {sort}"
        assert [row[1] for row in social.rows(returned)] == wanted, returned


def test_collect_keeps_the_order_of_with(social):
    assert social.value("MATCH (n:Person) WITH n ORDER BY n.id DESC RETURN collect(n.id)") == [4, 3, 2, 1]
    filtered = "MATCH (n:Person) WITH n ORDER BY n.name DESC WHERE n.id > 1 RETURN collect(n.id)"
    assert social.value(filtered) == [3, 4, 2]


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("WITH n ORDER BY n.id DESC LIMIT 2 RETURN sum(n.id), count(*)", [7, 2]),
        ("WITH n ORDER BY n.id DESC SKIP 1 LIMIT 2 RETURN collect(n.id), max(n.id)", [[3, 2], 3]),
        ("WITH n ORDER BY n.id DESC LIMIT 3 WHERE n.id < 4 RETURN sum(n.id), count(*)", [5, 2]),
        ("WITH n ORDER BY n.id DESC LIMIT 2 WITH n.id AS i WITH * RETURN sum(i), min(i)", [7, 3]),
        ("WITH n.age IS NULL AS a, max(n.id) AS s ORDER BY s DESC LIMIT 1 RETURN sum(s), count(*)", [4, 1]),
    ],
)
def test_a_sort_chooses_what_is_aggregated(social, statement, wanted):
    assert social.rows(f"MATCH (n:Person) {statement}") == [wanted]


@pytest.mark.parametrize("clause", ["RETURN", "WITH"])
@pytest.mark.parametrize(
    ("items", "order", "wanted"),
    [
        ("a.id AS i, count(*) AS k", "count(*) DESC, a.id DESC", [[1, 2], [3, 1], [2, 1]]),
        ("a.id AS i, count(*) AS k", "COUNT( * ), i", [[2, 1], [3, 1], [1, 2]]),
        ("a.id AS i, sum(b.id) AS k", "sum(b.id) DESC, a.id", [[1, 4], [2, 3], [3, 3]]),
        ("DISTINCT a.id AS i, size(a.name) AS k", "size(a.name), a.id DESC", [[2, 3], [1, 3], [3, None]]),
    ],
)
def test_a_group_is_sorted_by_what_a_name_stands_for(social, clause, items, order, wanted):
    tail = "" if clause == "RETURN" else " RETURN i, k"
    assert social.rows(f"MATCH (a:Person)-[:KNOWS]->(b:Person) {clause} {items} ORDER BY {order}{tail}") == wanted
