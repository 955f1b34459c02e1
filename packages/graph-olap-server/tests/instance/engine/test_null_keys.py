"""Patterns joined by values, or by nodes, of which some are null; see docs/reference/engines.md."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

import pytest
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class

VALUES = (None, None, 0, 4, 5)
TEXTS = {None: None, 0: "", 4: "é", 5: "b c"}


class Small(NamedTuple):
    """Values of the nodes, and start, end and value of each relationship."""

    a: dict[int, int | None]
    b: dict[int, int | None]
    rows: list[tuple[int, int, int | None]]

    @property
    def found(self) -> list[tuple[tuple[int, int, int | None], tuple[int, int, int | None]]]:
        """Each relationship with each that ends at the same node and has a value above 4."""
        return [(q, z) for q in self.rows for z in self.rows if z[1] == q[1] and z[2] is not None and z[2] > 4]

    def out(self, node: int) -> list[tuple[int, int, int | None]]:
        return [row for row in self.rows if row[0] == node]


@pytest.fixture(scope="module", params=[(1, 3, 3, 6), (2, 6, 4, 15), (3, 40, 30, 120), (4, 1, 5, 9)])
def joined(request, tmp_path_factory, snapshot_files, graph_class, engine_name):
    seed, starts, ends, count = request.param
    random = Random(seed)
    small = Small(
        {number: random.choice(VALUES) for number in range(starts)},
        {number: random.choice(VALUES) for number in range(ends)},
        [(random.randrange(starts), random.randrange(ends), random.choice(VALUES)) for _ in range(count)],
    )
    folder = tmp_path_factory.mktemp("joined")
    files = snapshot_files(folder)
    properties = {"x": "INT64", "s": "STRING"}
    files.node("A", ("id", "INT64"), properties, [[key, x, TEXTS[x]] for key, x in small.a.items()])
    files.node("B", ("id", "INT64"), properties, [[key, x, TEXTS[x]] for key, x in small.b.items()])
    files.edge("R", ("A", "B"), {"w": "INT64", "s": "STRING"}, [[*row, TEXTS[row[2]]] for row in small.rows])
    engine = engine_class(engine_name).open(folder / "g.db", EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024))
    engine.load(folder, files.manifest(), lambda _progress: None)
    yield graph_class(engine), small
    engine.close()


def same(value, other):
    return value is not None and value == other


def pairs(small):
    return sum(same(r[2], q[2]) for r in small.rows for q in small.rows)


def with_node(small):
    return sum(same(r[2], x) for r in small.rows for x in small.a.values())


def above(small, value):
    return sum(row[2] is not None and row[2] > value for row in small.rows)


ANY, OTHER = "(:A)-[r:R]->(:B)", "(:A)-[q:R]->(:B)"
FROM_FOUND = "MATCH (a:A)-[q:R]->(b:B) OPTIONAL MATCH (b)<-[z:R]-(c:A) WHERE z.w > 4"
JOINS: dict[str, Callable[[Small], int]] = {
    f"MATCH {ANY}, {OTHER} WHERE r.w = q.w": pairs,
    f"MATCH {ANY}, {OTHER} WHERE (r.s = (q.s)) AND r.w < 10": pairs,
    f"MATCH {ANY} MATCH {OTHER} WHERE r.w = q.w": pairs,
    f"MATCH {ANY}, (:B)<-[q:R]-(:A) WHERE (r.w = q.w AND r.w >= 0) AND q.w < 9": pairs,
    f"MATCH {ANY}, {OTHER} WHERE r.w = q.w AND r.s = q.s": pairs,
    f"MATCH {ANY} WITH r.w AS w MATCH {OTHER} WHERE q.w = w": pairs,
    f"MATCH {ANY} WITH collect(r.w) AS l UNWIND l AS w MATCH {OTHER} WHERE w = q.w": pairs,
    f"MATCH {ANY}, (:A)-[:R {{w: r.w}}]->(:B)": pairs,
    f"MATCH {ANY}, (:A)-[q:R {{s: r.s, w: (r.w)}}]->(:B)": pairs,
    f"MATCH {ANY} WITH r.w AS w MATCH (:A)-[:R {{w: w}}]->(:B)": pairs,
    "UNWIND [0, NULL, 4] AS v MATCH (:A)-[q:R]->(:B) WHERE q.w = v": lambda small: sum(
        row[2] in (0, 4) for row in small.rows
    ),
    f"MATCH {ANY}, (c:A) WHERE r.w = c.x": with_node,
    f"MATCH (c:A) MATCH {ANY} WHERE r.w = c.x": with_node,
    f"MATCH (c:A {{x: 4}}), {ANY} WHERE r.w = c.x": lambda small: sum(
        same(r[2], x) for r in small.rows for x in small.a.values() if x == 4
    ),
    f"MATCH (c:A) OPTIONAL MATCH {ANY} WHERE r.w = c.x": lambda small: sum(
        max(1, sum(same(r[2], x) for r in small.rows)) for x in small.a.values()
    ),
    f"MATCH (c:A) WHERE EXISTS {{ MATCH {ANY} WHERE r.w = c.x }}": lambda small: sum(
        any(same(r[2], x) for r in small.rows) for x in small.a.values()
    ),
    f"MATCH (c:A) WHERE COUNT {{ MATCH {ANY} WHERE r.w = c.x }} > 1": lambda small: sum(
        sum(same(r[2], x) for r in small.rows) > 1 for x in small.a.values()
    ),
    f"MATCH (c:A) WHERE EXISTS {{ MATCH {ANY}, {OTHER} WHERE r.w = q.w AND id(r) <> id(q) }}": lambda small: (
        len(small.a) * (pairs(small) > above(small, -1))
    ),
    f"MATCH (a:A)-[r:R]->(b:B), {OTHER.replace('(:B)', '(d:B)')} WHERE b.x = d.x": lambda small: sum(
        same(small.b[r[1]], small.b[q[1]]) for r in small.rows for q in small.rows
    ),
    "MATCH (a:A), (b:B) WHERE a.s = b.s": lambda small: sum(
        same(x, y) for x in small.a.values() for y in small.b.values()
    ),
    f"MATCH {ANY}, {OTHER}, (c:A) WHERE r.w = q.w AND c.x = q.w": lambda small: sum(
        same(r[2], q[2]) and q[2] == x for r in small.rows for q in small.rows for x in small.a.values()
    ),
    f"MATCH {ANY}, {OTHER} WHERE r.w + 1 = q.w": lambda small: sum(
        r[2] is not None and r[2] + 1 == q[2] for r in small.rows for q in small.rows
    ),
    f"MATCH {ANY}, {OTHER} WHERE NOT r.w = q.w": lambda small: above(small, -1) ** 2 - pairs(small),
    f"MATCH {ANY}, {OTHER} WHERE r.w = q.w OR r.w IS NULL": lambda small: (
        pairs(small) + (len(small.rows) - above(small, -1)) * len(small.rows)
    ),
    f"{FROM_FOUND} MATCH (a)-[y:R]->(g:B)<-[:R]-(c)": lambda small: sum(
        sum(y[1] == w[1] for y in small.out(q[0]) for w in small.out(z[0])) for q, z in small.found
    ),
    f"{FROM_FOUND} MATCH (c)-[y:R]->(:B)": lambda small: sum(len(small.out(z[0])) for _, z in small.found),
    f"{FROM_FOUND} WITH a, c, count(*) AS k MATCH (a)-[:R]->(:B)<-[:R]-(c)": lambda small: sum(
        sum(y[1] == w[1] for y in small.out(start) for w in small.out(end))
        for start, end in {(q[0], z[0]) for q, z in small.found}
    ),
    f"{FROM_FOUND} MATCH p = (a)-[:R]->(:B)<-[:R]-(c) WHERE length(p) = 2": lambda small: sum(
        sum(y[1] == w[1] for y in small.out(q[0]) for w in small.out(z[0])) for q, z in small.found
    ),
}


@pytest.mark.parametrize("text", JOINS)
def test_rows_beside_a_null_are_found(joined, text):
    graph, small = joined
    wanted = JOINS[text](small)
    assert graph.rows(f"{text} RETURN count(*)") == [[wanted]]
    assert len(graph.rows(f"{text} RETURN 1 AS one")) == wanted


def test_a_pattern_joined_by_a_value_adds_no_column(joined):
    graph, small = joined
    result = graph.rows("MATCH (:A)-[r:R]->(:B) WITH r.w AS w MATCH (:A)-[:R {w: w}]->(:B) RETURN *")
    assert sorted(result) == sorted([r[2]] for r in small.rows for q in small.rows if same(r[2], q[2]))
