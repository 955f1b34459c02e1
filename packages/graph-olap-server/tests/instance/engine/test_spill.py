"""A result that goes by way of the disk is the result from memory, or it does not go that way."""

import datetime as dt
import random
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graph_olap.models import EdgeDefinition, LoadReport, NodeDefinition
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine import spill
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class
from graph_olap_server.snapshots.manifest import EntityFile, SnapshotManifest

_NODES = 300
_KINDS = {"s": "STRING", "x": "DOUBLE", "b": "BOOL", "d": "DATE", "t": "TIMESTAMP", "i": "INT64"}


def _tables():
    chance = random.Random(1)

    def some(values):
        return [None if number % 5 == 0 else value for number, value in enumerate(values)]

    ids = range(_NODES)
    nodes = pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "s": some(["ü" * (number % 20) + str(number) for number in ids]),
            "x": pa.array(some([number / 3 for number in ids]), pa.float64()),
            "b": some([number % 2 == 0 for number in ids]),
            "d": some([dt.date(1, 1, 1) + dt.timedelta(days=400 * number) for number in ids]),
            "t": pa.array(some([(number - 150) * 10**12 + number for number in ids]), pa.timestamp("us")),
            "i": pa.array(some([2**63 - 1 - number for number in ids]), pa.int64()),
        }
    )
    ends = [[int(_NODES * chance.random() ** power) for _ in range(2000)] for power in (3, 2)]
    edges = pa.table({"a": ends[0], "b": ends[1], "w": pa.array(some(range(2000)), pa.int64())})
    return {"A": nodes, "R": edges}


@pytest.fixture(scope="module")
def engine(engine_name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spill")
    files = []
    for name, table in _tables().items():
        path = folder / f"{name}.parquet"
        pq.write_table(table, path)
        kind = "node" if name == "A" else "edge"
        files.append(EntityFile(kind=kind, name=name, path=path.name, rows=table.num_rows, size_bytes=1))
    properties = [{"name": name, "type": kind} for name, kind in _KINDS.items()]
    manifest = SnapshotManifest(
        snapshot_id=1,
        mapping_id=1,
        mapping_version=1,
        node_definitions=[
            NodeDefinition(
                label="A", sql="SELECT 1", primary_key={"name": "id", "type": "INT64"}, properties=properties
            )
        ],
        edge_definitions=[
            EdgeDefinition(
                type="R",
                from_node="A",
                to_node="A",
                sql="SELECT 1",
                from_key="a",
                to_key="b",
                properties=[{"name": "w", "type": "INT64"}],
            )
        ],
        files=files,
        load_report=LoadReport(snapshot_id=1, on_bad_rows="report", definitions=[]),
    )
    (folder / "own").mkdir()
    opened = engine_class(engine_name).open(folder / "own" / "graph.db", EngineLimits(2, 256 * 1024**2))
    opened.load(folder, manifest, lambda progress: None)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _small_results_spill_too(monkeypatch):
    monkeypatch.setattr(spill, "_MIN_ROWS", 1)


def _answer(engine, statement, *, spilled, **parameters):
    result = engine.query(statement, parameters, timeout_ms=20_000, query_id="q", spill=spilled)
    try:
        batches = list(result.batches())
        assert result.row_count == sum(batch.num_rows for batch in batches)
        table = pa.Table.from_batches(batches, schema=result.arrow_schema)
        rows = Counter(tuple(map(repr, row)) for row in zip(*(c.to_pylist() for c in table.columns), strict=True))
        return type(result).__name__, [(column.name, column.type) for column in result.columns], table.schema, rows
    finally:
        result.close()


SPILLED = [
    "MATCH (a:A) RETURN a.id, a.s, a.x, a.b, a.d, a.t, a.i",
    "MATCH (a:A) RETURN a.id, a.id - 1, a.s AS `a name`, a.x + 1 AS `x, y`",
    "MATCH (a:A) WHERE a.s STARTS WITH $start RETURN a.id, a.s;",
    "MATCH (a:A)-[r:R]->(b:A) RETURN a.id, r.w, b.id // every relationship, parallel ones too",
    "MATCH (a:A)-[r:R]-(b:A) RETURN a.id, r.w, b.id",
    "MATCH (a:A)-[r:R]->(b:A)-[q:R]->(c:A) WHERE a.id < 20 RETURN a.id, r.w, b.id, q.w, c.id",
    "MATCH (a:A) WHERE a.id = 7 RETURN CASE WHEN a.b THEN 1 ELSE 2 END AS count",
]
EITHER = ["MATCH (a:A) RETURN a.id, 5, 'x, y', [1, 2][1] AS one"]  # engines differ in how they write constants
IN_MEMORY = [
    "MATCH (a:A)-[:R]->() RETURN a.id",  # the engine would write each row once
    "MATCH (a:A) RETURN 1",
    "MATCH (a:A) RETURN a",
    "MATCH (a:A) RETURN id(a), a.s",
    "MATCH (a:A) RETURN [a.id]",
    "MATCH (a:A) RETURN count(a), a.b",
    "MATCH (a:A) RETURN DISTINCT a.b",
    "MATCH (a:A) WITH a.b AS b RETURN b",
    "MATCH (a:A) RETURN a.*",
    "MATCH (a:A) WHERE EXISTS { MATCH (a)-[:R]->() } RETURN a.id",
    "MATCH (a:A) RETURN a.id AS x UNION ALL MATCH (a:A) RETURN a.id AS x",
    "UNWIND [1, 2] AS x RETURN x",
    "MATCH (a:A) WHERE a.id < 0 RETURN a.id",
]


@pytest.mark.parametrize("statement", SPILLED + EITHER + IN_MEMORY)
def test_both_ways_give_the_same_rows_names_and_types(engine, statement, tmp_path):
    way, *spilled = _answer(engine, statement, spilled=True, start="ü")
    _, *in_memory = _answer(engine, statement, spilled=False, start="ü")
    assert spilled == in_memory
    if statement not in EITHER:
        assert way == ("SpilledResult" if statement in SPILLED else "CypherResult")
    assert [file.name for file in engine._path.parent.glob("*result*")] == []


def test_json_rows_are_the_same(engine):
    rows = []
    for spilled in (True, False):
        result = engine.query(SPILLED[0], {}, timeout_ms=20_000, query_id="q", spill=spilled)
        rows.append(sorted(result.rows()))
        result.close()
    assert rows[0] == rows[1]
    assert len(rows[0]) == _NODES


def test_a_statement_that_fails_leaves_no_file_and_says_why(engine):
    with pytest.raises(PlatformError) as caught:
        engine.query("MATCH (a:A) RETURN CAST(a.s AS INT64)", {}, timeout_ms=20_000, query_id="q", spill=True)
    assert caught.value.code == "RYUGRAPH_ERROR"
    assert list(engine._path.parent.glob("*result*")) == []
    with pytest.raises(PlatformError, match="nope"):
        engine.query("MATCH (a:A) RETURN a.nope", {}, timeout_ms=20_000, query_id="q", spill=True)


def test_a_time_limit_holds_for_all_steps_together(engine):
    statement = "MATCH (a:A), (b:A), (c:A), (d:A) WHERE a.id + b.id > c.id * d.id RETURN a.id, b.id, c.id, d.id"
    with pytest.raises(PlatformError) as caught:
        engine.query(statement, {}, timeout_ms=300, query_id="q", spill=True)
    assert caught.value.code == "QUERY_TIMEOUT"
    assert list(engine._path.parent.glob("*result*")) == []
