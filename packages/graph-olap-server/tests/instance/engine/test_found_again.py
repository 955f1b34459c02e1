"""Nodes out of lists and expressions that stand in patterns; see docs/reference/engines.md."""

from __future__ import annotations

from collections import Counter

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class

KNOWS = [(1, 2), (1, 2), (2, 3), (3, 1), (3, 3), (5, 1)]
OWNS = [(1, 10), (1, 11), (3, 11), (5, 10)]
PEOPLE = [1, 2, 3, 4, 5]


@pytest.fixture(scope="module")
def owners(tmp_path_factory, snapshot_files, graph_class, engine_name):
    folder = tmp_path_factory.mktemp("owners")
    files = snapshot_files(folder)
    files.node("T", ("id", "INT64"), {"size": "INT64"}, [[10, 1], [11, None]])
    files.node("P", ("id", "INT64"), {"name": "STRING"}, [[key, f"p{key}"] for key in PEOPLE])
    files.edge("KNOWS", ("P", "P"), {}, [list(edge) for edge in KNOWS])
    files.edge("OWNS", ("P", "T"), {}, [list(edge) for edge in OWNS])
    engine = engine_class(engine_name).open(folder / "g.db", EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024))
    engine.load(folder, files.manifest(), lambda _progress: None)
    yield graph_class(engine)
    engine.close()


def known(key):
    return [end for start, end in KNOWS if start == key]


def owned(key):
    return [end for start, end in OWNS if start == key]


EACH_KNOWN = [(a, b, t) for a in PEOPLE for b in known(a) for t in owned(b)]
ENDS = sorted({end for _, end in KNOWS})
UNWOUND = "MATCH (a:P)-[:KNOWS]->(b:P) WITH a, collect(b) AS bs UNWIND bs AS x"
DISTINCT = "MATCH (:P)-[:KNOWS]->(b:P) WITH collect(DISTINCT b) AS bs UNWIND bs AS x"
STATEMENTS = {
    f"{UNWOUND} MATCH (x)-[:OWNS]->(t:T) RETURN a.id, x.id, t.id": EACH_KNOWN,
    f"{UNWOUND} WITH a, x MATCH (x)-[:OWNS]->(t:T) RETURN a.id, x.id, t.id": EACH_KNOWN,
    f"{UNWOUND} WITH a, x AS y MATCH (t:T)<-[:OWNS]-(y) RETURN a.id, y.id, t.id": EACH_KNOWN,
    f"{UNWOUND} WITH a, x WHERE x.name <> 'p9' MATCH (x:P)-[:OWNS]->(t:T) RETURN a.id, x.id, t.id": EACH_KNOWN,
    f"{UNWOUND} MATCH (x)-[:OWNS]->(t:T) WITH a, x, t MATCH (x) RETURN a.id, x.id, t.id": EACH_KNOWN,
    f"{UNWOUND} WITH a, x MATCH (x)-[:OWNS]->(t:T) RETURN count(*)": [(len(EACH_KNOWN),)],
    f"{DISTINCT} WITH x OPTIONAL MATCH (x)-[:OWNS]->(t:T) RETURN x.id, t.id": [
        (b, t) for b in ENDS for t in owned(b) or [None]
    ],
    f"{DISTINCT} WITH x WHERE EXISTS {{ MATCH (x)-[:OWNS]->(:T) }} RETURN x.id": [(b,) for b in ENDS if owned(b)],
    f"{DISTINCT} WITH x WHERE NOT (x)-[:OWNS]->() RETURN x.id": [(b,) for b in ENDS if not owned(b)],
    f"{DISTINCT} RETURN x.id, COUNT {{ MATCH (x)-[:OWNS]->(:T) }} AS k": [(b, len(owned(b))) for b in ENDS],
    f"{DISTINCT} WITH x MATCH (x)-[:OWNS]->(t:T) RETURN x, t.id ORDER BY t.id SKIP 9": [],
    "MATCH p = (:P {id: 1})-[:KNOWS*2..2]->(:P) UNWIND nodes(p) AS x MATCH (x)-[:OWNS]->(t:T) RETURN x.id, t.id": [
        (x, t) for b in known(1) for c in known(b) for x in (1, b, c) for t in owned(x)
    ],
    "MATCH (a:P)-[:KNOWS]->(b:P) WITH a, coalesce(b, a) AS x "
    "MATCH (x)-[:OWNS]->(t:T) RETURN a.id, x.id, t.id": EACH_KNOWN,
    "MATCH (a:P) OPTIONAL MATCH (a)-[:KNOWS]->(b:P) WITH a, CASE WHEN b.id > 1 THEN b END AS x "
    "MATCH (x)-[:OWNS]->(t:T) RETURN a.id, x.id, t.id": [found for found in EACH_KNOWN if found[1] > 1],
    "MATCH (a:P) WITH collect(a) AS l WITH l[5] AS x MATCH (x)-[:OWNS]->(t:T) RETURN count(t) > 0": [(True,)],
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_node_out_of_a_list_is_that_node(owners, statement):
    found = owners.rows(statement)
    assert Counter(map(tuple, found)) == Counter(STATEMENTS[statement])


@pytest.mark.parametrize(
    "asked",
    [
        "MATCH (n:P {name: lower(v)}) RETURN n.id",
        "MATCH (n:P) WHERE EXISTS { MATCH (:P {name: lower(v)})-[:KNOWS]->(n) } RETURN n.id",
        "MATCH (n:P) WHERE EXISTS { MATCH (n)<-[:KNOWS]-(m:P) WHERE m.name = lower(v) } RETURN n.id",
    ],
)
def test_a_value_in_a_call_stands_for_no_node(owners, asked):
    found = {key for (key,) in owners.rows(f"UNWIND ['P1', 'P2'] AS v {asked}")}
    assert found == ({1, 2} if "EXISTS" not in asked else {2, 3})


def test_a_value_in_a_call_of_a_relationship_stands_for_no_node(files, load):
    files.node("P", ("id", "INT64"), {}, [[1], [2]])
    files.edge("R", ("P", "P"), {"kind": "STRING"}, [[1, 2, "a"], [2, 1, "b"]])
    graph = load(files)
    assert graph.rows("UNWIND ['A', 'C'] AS v MATCH (n)-[:R {kind: lower(v)}]->(m) RETURN n.id, m.id") == [[1, 2]]
    asked = "COUNT { MATCH (n)-[:R {kind: lower(v)}]->() } AS k"
    assert sorted(graph.rows(f"UNWIND ['A', 'C'] AS v MATCH (n:P) RETURN v, n.id, {asked}")) == [
        *(["A", 1, 1], ["A", 2, 0], ["C", 1, 0], ["C", 2, 0]),
    ]


def test_a_node_found_again_adds_no_column(owners):
    result = owners.result(f"{DISTINCT} WITH x MATCH (x)-[:OWNS]->(t:T) RETURN *")
    assert [column.name for column in result.columns] == ["x", "t"]


@pytest.mark.parametrize("asked", ["OPTIONAL MATCH (x)-[:OWNS]->(t) RETURN t", "RETURN COUNT { MATCH (x)-->() } AS k"])
def test_a_value_that_may_be_null_is_refused_where_its_rows_stay(owners, asked):
    statement = f"MATCH (a:P) OPTIONAL MATCH (a)-[:OWNS]->(b) WITH coalesce(b, NULL) AS x {asked}"
    with pytest.raises(PlatformError, match=r"x is a value that may be null.* WHERE id\(n\) = id\(x\)"):
        owners.rows(statement)


@pytest.mark.parametrize("kept", ["", "t, ", "t.id AS i, "])
def test_a_subquery_in_with_knows_what_with_drops(files, load, kept):
    # The first nodes of both labels have the same place in their tables.
    files.node("T", ("id", "INT64"), {}, [[1], [8]])
    files.node("P", ("id", "INT64"), {}, [[9]])
    files.edge("OWNS", ("P", "T"), {}, [[9, 1]])
    files.edge("PART", ("T", "T"), {}, [[1, 8]])
    graph = load(files)
    for subquery, nothing in (("COUNT", 0), ("EXISTS", False)):
        asked = f"{subquery} {{ MATCH (t)-[:OWNS]->() }} AS k"
        assert graph.rows(f"MATCH (t)-[:PART]->() WITH {kept}{asked} RETURN k") == [[nothing]]
