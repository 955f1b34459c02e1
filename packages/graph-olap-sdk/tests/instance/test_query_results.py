"""The result object: rows, columns, frames, graphs."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from graph_olap import QueryResult

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")


def _result(columns, types, rows, **more):
    return QueryResult.from_reply({"columns": columns, "column_types": types, "rows": rows, **more})


def test_rows_columns_and_slices():
    result = _result(["a", "b"], ["INT64", "STRING"], [[1, "x"], [2, None]])
    assert len(result) == result.row_count == 2
    assert list(result) == result.to_dicts() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
    assert result[-1] == {"a": 2, "b": None}
    assert result[:1] == [{"a": 1, "b": "x"}]
    assert result["b"] == ["x", None]
    with pytest.raises(KeyError, match="the columns are a, b"):
        result["c"]


def test_an_empty_result_is_a_result():
    result = _result(["a"], ["DATE"], [])
    assert bool(result)
    assert result.to_polars().schema == {"a": pl.Date}
    assert "0 rows" in repr(result)


def test_frames_keep_types_beside_nulls():
    rows = [[1, Decimal("1.50"), dt.date(2024, 5, 1), [1, None]], [None, None, None, None]]
    result = _result(["n", "d", "day", "l"], ["INT64", "DECIMAL(10,2)", "DATE", "LIST<INT64>"], rows)
    frame = result.to_polars()
    assert frame.schema == {
        "n": pl.Int64,
        "d": pl.Decimal(10, 2),
        "day": pl.Date,
        "l": pl.List(pl.Int64),
    }
    assert frame.rows() == [tuple(row) for row in rows]
    assert str(result.to_pandas()["n"].dtype) == "int64[pyarrow]"


def test_maps_stay_maps_with_the_keys_of_each_row():
    rows = [[{"a": 1}, [{"key": 1, "value": "x"}]], [{"b": None}, []], [None, None]]
    result = _result(["texts", "numbers"], ["MAP<STRING,INT64>", "MAP<INT64,STRING>"], rows)
    table = result.to_arrow()
    assert table.schema.field("texts").type == pa.map_(pa.string(), pa.int64())
    assert table.schema.field("numbers").type == pa.map_(pa.int64(), pa.string())
    assert table["texts"].to_pylist() == [[("a", 1)], [("b", None)], None]
    assert table["numbers"].to_pylist() == [[(1, "x")], [], None]


def test_timestamps_keep_their_zone_or_have_none():
    aware = dt.datetime(2024, 5, 1, 10, tzinfo=dt.timezone.utc)
    naive = dt.datetime(2024, 5, 1, 10)
    columns, types = ["a", "n", "nothing", "l"], ["TIMESTAMP", "TIMESTAMP", "TIMESTAMP", "LIST<TIMESTAMP>"]
    frame = _result(columns, types, [[aware, naive, None, [aware]], [None, None, None, None]]).to_polars()
    assert frame.schema == {
        "a": pl.Datetime("us", "UTC"),
        "n": pl.Datetime("us"),
        "nothing": pl.Datetime("us"),
        "l": pl.List(pl.Datetime("us", "UTC")),
    }
    assert frame.row(0) == (aware, naive, None, [aware])


def test_columns_without_an_arrow_type_become_text():
    nodes = [[{"_id": 1, "_label": "A", "v": 1}], [{"_id": 2, "_label": "B", "v": "x"}]]
    frame = _result(["n"], ["NODE"], nodes).to_polars()
    assert frame.schema["n"] == pl.String
    assert frame["n"][1] == '{"_id": 2, "_label": "B", "v": "x"}'
    even = _result(["n"], ["NODE"], nodes[:1]).to_polars()
    assert even["n"].struct.field("v").to_list() == [1]


def test_graphs_keep_parallel_relationships_apart():
    a, b = {"_id": 1, "_label": "A", "name": "x", "key": 5}, {"_id": 2, "_label": "B", "label": "own"}
    first, second = ({"_id": i, "_type": "R", "_src": 1, "_dst": 2, "key": i} for i in (10, 11))
    path = {"_nodes": [a, b], "_rels": [first, second], "_length": 2}
    for columns, types, rows in [
        (["a", "r", "b"], ["NODE", "REL", "NODE"], [[a, first, b], [a, second, b]]),
        (["p"], ["PATH"], [[path], [None]]),
        (["n", "r"], ["LIST<NODE>", "LIST<REL>"], [[[a, b], [first, second]]]),
    ]:
        graph = _result(columns, types, rows).to_networkx()
        assert sorted(graph.edges(keys=True)) == [(1, 2, 10), (1, 2, 11)]
        assert graph.nodes[1] == {"_label": "A", "label": "A", "name": "x", "key": 5}
        assert graph.nodes[2]["label"] == "own"
        assert graph.edges[1, 2, 11] == {"_type": "R", "type": "R", "key": 11}


def test_a_map_that_looks_like_a_node_is_no_node():
    with pytest.raises(ValueError, match="holds no node"):
        _result(["m"], ["STRUCT"], [[{"_id": 1, "_label": "A"}]]).to_networkx()


def test_show_prints_a_table(capsys):
    _result(["name", "n"], ["STRING", "INT64"], [["Ada", 1], ["Bob", 22]], execution_time_ms=3).show(limit=1)
    assert capsys.readouterr().out.splitlines() == ["name  n", "----  -", "Ada   1", "1 of 2 rows, 3 ms"]
