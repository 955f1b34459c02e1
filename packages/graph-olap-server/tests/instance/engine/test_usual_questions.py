"""What analysts ask in several clauses, on random graphs with nulls, beside the same in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

import pytest
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class

NUMBERS = (None, None, 0, 4, 5)
TEXTS = (None, "", "a", "é")


class Edge(NamedTuple):
    start: int
    end: int
    w: int | None


class Shop(NamedTuple):
    """People with ``x`` and ``t``, things with ``x``, who pays whom and who has what."""

    x: dict[int, int | None]
    t: dict[int, str | None]
    things: dict[int, int | None]
    pays: list[Edge]
    has: list[Edge]

    def paid(self, key: int) -> list[Edge]:
        return [edge for edge in self.pays if edge.start == key]

    def owned(self, key: int) -> list[Edge]:
        return [edge for edge in self.has if edge.start == key]

    def payers(self, key: int) -> list[Edge]:
        return [edge for edge in self.pays if edge.end == key]


def same(value: Any, other: Any) -> bool:
    return value is not None and value == other


def over(value: Any, other: Any) -> bool:
    return None not in (value, other) and value > other


def total(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def largest(shop: Shop) -> int | None:
    return max((value for value in shop.x.values() if value is not None), default=None)


def shared(shop: Shop) -> dict[tuple[int, int], list[int]]:
    found = defaultdict(list)
    for one in shop.has:
        for other in shop.has:
            if one.end == other.end and one.start < other.start:
                found[one.start, other.start].append(one.end)
    return found


def busiest(shop: Shop) -> list[tuple[int, int]]:
    counts = [(len({edge.start for edge in shop.payers(key)}), key) for key in shop.x if shop.payers(key)]
    return sorted(counts, key=lambda found: (-found[0], found[1]))[:2]


QUESTIONS: dict[str, Callable[[Shop], list[tuple[Any, ...]]]] = {
    "MATCH (a:P)-[r:PAYS]->(b:P) WITH a, collect({b: b.id, w: r.w}) AS l UNWIND l AS e RETURN a.id, e.b, e.w": (
        lambda shop: [tuple(edge) for edge in shop.pays]
    ),
    "MATCH (a:P)-[r:PAYS]->(:P) WITH a, max(r.w) AS m MATCH (a)-[q:PAYS]->(b:P) WHERE q.w = m RETURN a.id, b.id": (
        lambda shop: [
            (edge.start, edge.end)
            for edge in shop.pays
            if edge.w is not None and edge.w == max(other.w for other in shop.paid(edge.start) if other.w is not None)
        ]
    ),
    "MATCH (a:P) WITH max(a.x) AS m MATCH (b:P {x: m})-[:PAYS]->(c:P) RETURN b.id, c.id": (
        lambda shop: [(edge.start, edge.end) for edge in shop.pays if same(shop.x[edge.start], largest(shop))]
    ),
    "MATCH (a:P) WITH DISTINCT a.x AS x MATCH (b:P)-[r:PAYS]->() WHERE b.x = x RETURN x, b.id, r.w": (
        lambda shop: [(shop.x[e.start], e.start, e.w) for e in shop.pays if shop.x[e.start] is not None]
    ),
    "MATCH (a:P)-[r:PAYS]->(b:P) MATCH (t:T) WHERE t.x = r.w RETURN a.id, t.id": (
        lambda shop: [(edge.start, key) for edge in shop.pays for key, x in shop.things.items() if same(x, edge.w)]
    ),
    "MATCH (a:P)-[r:PAYS]->(b:P)-[q:PAYS]->(c:P) WHERE r.w = q.w RETURN a.id, b.id, c.id": (
        lambda shop: [(e.start, e.end, f.end) for e in shop.pays for f in shop.paid(e.end) if same(e.w, f.w)]
    ),
    "MATCH (a:P) OPTIONAL MATCH (a)-[:HAS]->(t:T) WITH a, t MATCH (b:P) WHERE b.x = t.x RETURN a.id, b.id": (
        lambda shop: [(e.start, key) for e in shop.has for key, x in shop.x.items() if same(x, shop.things[e.end])]
    ),
    "MATCH (a:P) OPTIONAL MATCH (a)-[:HAS]->(t:T) MATCH (b:P)-[:HAS]->(t) RETURN a.id, b.id, t.id": (
        lambda shop: [(e.start, f.start, e.end) for e in shop.has for f in shop.has if e.end == f.end]
    ),
    "MATCH (a:P)-[r:PAYS]->(b:P) WITH a, count(r) AS k WHERE k > 1 MATCH (a)-[:HAS]->(t:T) RETURN a.id, k, t.id": (
        lambda shop: [(e.start, len(shop.paid(e.start)), e.end) for e in shop.has if len(shop.paid(e.start)) > 1]
    ),
    "MATCH (a:P)-[:PAYS]->(b:P)-[:PAYS]->(c:P)<-[:PAYS]-(a) RETURN a.id, b.id, c.id": (
        lambda shop: [
            (e.start, e.end, f.end)
            for e in shop.pays
            for f in shop.paid(e.end)
            for g in shop.paid(e.start)
            if g.end == f.end
        ]
    ),
    "MATCH (a:P)-[:HAS]->(t:T)<-[:HAS]-(b:P) WHERE a.id < b.id RETURN a.id, b.id, count(DISTINCT t), count(*)": (
        lambda shop: [(*pair, len(set(things)), len(things)) for pair, things in shared(shop).items()]
    ),
    "MATCH (a:P) WHERE NOT EXISTS { MATCH (a)-[:PAYS]->(b:P) WHERE b.x > a.x } RETURN a.id": (
        lambda shop: [(key,) for key, x in shop.x.items() if not any(over(shop.x[e.end], x) for e in shop.paid(key))]
    ),
    "MATCH (a:P), (t:T) WHERE NOT EXISTS { MATCH (a)-[:HAS]->(t) } RETURN a.id, t.id": (
        lambda shop: [
            (key, thing) for key in shop.x for thing in shop.things if thing not in [e.end for e in shop.owned(key)]
        ]
    ),
    "MATCH p = (a:P)-[:PAYS*1..2]->(b:P) WHERE all(r IN rels(p) WHERE r.w > 1) RETURN a.id, b.id, length(p)": (
        lambda shop: (
            [(e.start, e.end, 1) for e in shop.pays if over(e.w, 1)]
            + [(e.start, f.end, 2) for e in shop.pays for f in shop.paid(e.end) if over(e.w, 1) and over(f.w, 1)]
        )
    ),
    "MATCH (a:P) OPTIONAL MATCH (a)-[r:PAYS]->() OPTIONAL MATCH (a)-[s:HAS]->() "
    "RETURN a.id, count(DISTINCT r), count(DISTINCT s), count(*)": (
        lambda shop: [
            (key, len(r), len(s), max(1, len(r)) * max(1, len(s)))
            for key in shop.x
            for r, s in [(shop.paid(key), shop.owned(key))]
        ]
    ),
    "MATCH (a:P) OPTIONAL MATCH (a)-[r:PAYS]->() RETURN a.id, sum(CASE WHEN r.w > 1 THEN 1 ELSE 0 END), sum(r.w)": (
        lambda shop: [
            (key, sum(over(e.w, 1) for e in shop.paid(key)), total([e.w for e in shop.paid(key)])) for key in shop.x
        ]
    ),
    "MATCH (a:P)-[r:PAYS]->(a) RETURN a.id, r.w": (
        lambda shop: [(edge.start, edge.w) for edge in shop.pays if edge.start == edge.end]
    ),
    "MATCH (a:P)-[:PAYS]->(b:P) WITH b, count(DISTINCT a) AS k ORDER BY k DESC, b.id LIMIT 2 "
    "MATCH (b)-[:PAYS]->(c:P) RETURN b.id, k, c.id": (
        lambda shop: [(key, k, edge.end) for k, key in busiest(shop) for edge in shop.paid(key)]
    ),
    "MATCH (a:P) OPTIONAL MATCH (a)-[:PAYS]->(b:P) WITH a, b WHERE b IS NULL OR b.x > 3 RETURN a.id, b.id": (
        lambda shop: (
            [(key, None) for key in shop.x if not shop.paid(key)]
            + [(edge.start, edge.end) for edge in shop.pays if over(shop.x[edge.end], 3)]
        )
    ),
    "MATCH (a:P) WITH a.t AS t, collect(a) AS l WHERE size(l) > 1 UNWIND l AS x "
    "MATCH (x)-[:PAYS]->(y:P) WHERE y.t = t RETURN t, x.id, y.id": (
        lambda shop: [
            (shop.t[e.start], e.start, e.end)
            for e in shop.pays
            if same(shop.t[e.start], shop.t[e.end]) and list(shop.t.values()).count(shop.t[e.start]) > 1
        ]
    ),
    "MATCH (a:P)-[:PAYS]->(b:P) WITH a, collect(DISTINCT b) AS l "
    "MATCH (a)-[:HAS]->(t:T)<-[:HAS]-(z:P) WHERE z IN l RETURN a.id, z.id, t.id": (
        lambda shop: [
            (e.start, f.start, e.end)
            for e in shop.has
            for f in shop.has
            if e.end == f.end and f.start in [g.end for g in shop.paid(e.start)]
        ]
    ),
    "MATCH (a)-[r]->(b) WITH a, r.w AS w MATCH (c) WHERE c.x = w RETURN a.id, c.id, label(c)": (
        lambda shop: [
            (edge.start, key, label)
            for edge in [*shop.pays, *shop.has]
            for label, values in (("P", shop.x), ("T", shop.things))
            for key, x in values.items()
            if same(x, edge.w)
        ]
    ),
    "MATCH (a:P)-[r:PAYS]->(b:P) WITH a.x AS x, count(*) AS k, count(DISTINCT b.x) AS d RETURN x, k, d": (
        lambda shop: [
            (x, len(ends), len({end for end in ends if end is not None}))
            for x in {shop.x[edge.start] for edge in shop.pays}
            for ends in [[shop.x[edge.end] for edge in shop.pays if shop.x[edge.start] == x]]
        ]
    ),
}


@pytest.fixture(scope="module", params=[(1, 2, 1), (2, 5, 3), (3, 9, 10), (4, 30, 4)])
def asked(request, tmp_path_factory, snapshot_files, graph_class, engine_name):
    seed, people, things = request.param
    random = Random(seed)
    shop = Shop(
        {key: random.choice(NUMBERS) for key in range(people)},
        {key: random.choice(TEXTS) for key in range(people)},
        {key: random.choice(NUMBERS) for key in range(things)},
        [Edge(random.randrange(people), random.randrange(people), random.choice(NUMBERS)) for _ in range(2 * people)],
        [Edge(random.randrange(people), random.randrange(things), random.choice(NUMBERS)) for _ in range(people)],
    )
    folder = tmp_path_factory.mktemp("asked")
    files = snapshot_files(folder)
    files.node("P", ("id", "INT64"), {"x": "INT64", "t": "STRING"}, [[key, shop.x[key], shop.t[key]] for key in shop.x])
    files.node("T", ("id", "INT64"), {"x": "INT64"}, [list(row) for row in shop.things.items()])
    files.edge("PAYS", ("P", "P"), {"w": "INT64"}, [list(edge) for edge in shop.pays])
    files.edge("HAS", ("P", "T"), {"w": "INT64"}, [list(edge) for edge in shop.has])
    engine = engine_class(engine_name).open(folder / "g.db", EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024))
    engine.load(folder, files.manifest(), lambda _progress: None)
    yield graph_class(engine), shop
    engine.close()


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_are_those_of_plain_python(asked, question):
    graph, shop = asked
    assert Counter(map(tuple, graph.rows(question))) == Counter(QUESTIONS[question](shop))
