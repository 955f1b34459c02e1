"""Answers on small random multigraphs, against brute force in Python."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LIMITS = EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024)
NAMES = st.one_of(st.none(), st.sampled_from(["a", "ü", "☃", "it's"]))


@st.composite
def graphs(draw):
    people = draw(st.lists(NAMES, min_size=1, max_size=6))
    shops = draw(st.lists(NAMES, max_size=4))
    person = st.integers(0, len(people) - 1)
    weight = st.one_of(st.none(), st.integers(-3, 3))
    knows = draw(st.lists(st.tuples(person, person, weight), max_size=12))
    buys = draw(st.lists(st.tuples(person, st.integers(0, len(shops) - 1), weight), max_size=8)) if shops else []
    return people, shops, knows, buys


@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_hops_aggregates_and_variable_length_match_brute_force(tmp_path_factory, snapshot_files, graph_class, drawn):
    people, shops, knows, buys = drawn
    folder = tmp_path_factory.mktemp("random")
    files = snapshot_files(folder)
    files.node("Person", ("id", "INT64"), {"name": "STRING"}, list(enumerate(people)))
    files.node("Shop", ("id", "INT64"), {"name": "STRING"}, list(enumerate(shops)))
    files.edge("KNOWS", ("Person", "Person"), {"w": "INT64"}, knows)
    files.edge("BUYS", ("Person", "Shop"), {"w": "INT64"}, buys)
    engine = engine_class(graph_class.engine_name).open(folder / "g.db", LIMITS)
    try:
        engine.load(folder, files.manifest(), lambda _progress: None)
        _compare(graph_class(engine), people, shops, knows, buys)
    finally:
        engine.close()


def _compare(graph, people, shops, knows, buys):
    after = defaultdict(list)
    for start, end, _ in knows:
        after[start].append(end)
    two_hops = Counter((a, c) for a, b, _ in knows for c in after[b])
    mixed = Counter((a, s) for a, b, _ in knows for c, s, _ in buys if c == b)

    def counted(statement):
        return Counter({tuple(row[:-1]): row[-1] for row in graph.rows(statement)})

    assert counted("MATCH (a:Person)-[:KNOWS]->(b) RETURN a.id, b.id, count(*)") == Counter((a, b) for a, b, _ in knows)
    assert counted("MATCH (a)-[:KNOWS]->()-[:KNOWS]->(c) RETURN a.id, c.id, count(*)") == two_hops
    assert counted("MATCH (a:Person)-[:KNOWS]->(b)-[:BUYS]->(s) RETURN a.id, s.id, count(*)") == mixed
    one_or_two = Counter((a, b) for a, b, _ in knows) + two_hops
    assert counted("MATCH (a:Person)-[:KNOWS*1..2]->(c:Person) RETURN a.id, c.id, count(*)") == one_or_two

    both_ways = Counter((a, b) for a, b, _ in knows) + Counter((b, a) for a, b, _ in knows)
    found = counted("MATCH (a:Person)-[r:KNOWS]-(b:Person) RETURN a.id, b.id, count(r)")
    assert {pair: n for pair, n in found.items() if pair[0] != pair[1]} == {
        pair: n for pair, n in both_ways.items() if pair[0] != pair[1]
    }

    sums = defaultdict(list)
    for start, _, weight in knows:
        sums[start].append(weight)
    expected = {
        start: (len(ws), sum(w for w in ws if w is not None) if any(w is not None for w in ws) else None)
        for start, ws in sums.items()
    }
    rows = graph.rows("MATCH (a:Person)-[r:KNOWS]->() RETURN a.id, count(*), sum(r.w)")
    assert {row[0]: (row[1], row[2]) for row in rows} == expected

    isolated = set(range(len(people))) - {a for a, _, _ in knows} - {b for _, b, _ in knows} - {a for a, _, _ in buys}
    statement = "MATCH (p:Person) WHERE NOT EXISTS { MATCH (p)-[]-() } RETURN p.id"
    assert {row[0] for row in graph.rows(statement)} == isolated

    labels = Counter(row[0]["_label"] for row in graph.rows("MATCH (n) RETURN n"))
    assert labels == Counter(Person=len(people), Shop=len(shops)) - Counter()
    names = sorted(row[0]["name"] or "" for row in graph.rows("MATCH (n) RETURN n"))
    assert names == sorted(name or "" for name in [*people, *shops])
    relationships = [row[0] for row in graph.rows("MATCH ()-[r]->() RETURN r")]
    assert Counter((r["_type"], r["w"]) for r in relationships) == Counter(
        [("KNOWS", w) for _, _, w in knows] + [("BUYS", w) for _, _, w in buys]
    )
    ids = [r["_id"] for r in relationships]
    assert len(ids) == len(set(ids))
    for (path,) in graph.rows("MATCH p = (a:Person)-[:KNOWS*1..2]->(b:Person) RETURN p LIMIT 20"):
        assert path["_length"] == len(path["_rels"]) == len(path["_nodes"]) - 1
        for here, relationship, there in zip(path["_nodes"], path["_rels"], path["_nodes"][1:], strict=False):
            assert (relationship["_src"], relationship["_dst"]) == (here["_id"], there["_id"])
            assert here["name"] == people[here["id"]]


def test_two_hops_on_a_larger_multigraph_with_parallel_edges(files, load):
    """Where vectorised plans set in, which is where engines were caught losing parallel edges."""
    nodes, edges = 20_000, 120_000
    random = np.random.default_rng(7)
    ends = (random.random((edges, 2)) ** 3 * nodes).astype(np.int64)
    ends[: edges // 4] = ends[edges // 4 : edges // 2]
    files.node("N", ("id", "INT64"), {}, [[i] for i in range(nodes)])
    files.edge("E", ("N", "N"), {"w": "INT64"}, [[int(a), int(b), i] for i, (a, b) in enumerate(ends)])
    graph = load(files)
    out_degree = np.bincount(ends[:, 0], minlength=nodes)
    expected = int(out_degree[ends[:, 1]].sum())
    assert graph.value("MATCH (a:N)-[:E]->(b:N) RETURN count(*)") == edges
    assert graph.value("MATCH (a:N)-[r:E]->(b:N) RETURN sum(r.w)") == edges * (edges - 1) // 2
    found = graph.value("MATCH (a:N)-[:E]->(b:N)-[:E]->(c:N) RETURN count(*)")
    assert found == expected
