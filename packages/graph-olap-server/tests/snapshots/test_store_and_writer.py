"""Snapshot folders, source columns and the Parquet writer."""

import fcntl
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graph_olap_server.snapshots.columns import key_columns, source_columns
from graph_olap_server.snapshots.store import LocalSnapshotStore
from graph_olap_server.snapshots.writer import COMPRESSION, ROW_GROUP_ROWS, ExportCancelledError, write_parquet
from graph_olap_server.warehouse.base import SourceColumn

SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string())])


def batch(first, rows):
    return pa.record_batch([list(range(first, first + rows)), [f"n{i}" for i in range(rows)]], schema=SCHEMA)


def test_store_keeps_attempts_apart_and_deletes_all(tmp_path):
    store = LocalSnapshotStore(tmp_path / "snap shots")
    store.check()
    first, second = (store.attempt_file(4, "node", "Person", attempt) for attempt in (1, 2))
    assert first != second
    first.parent.mkdir(parents=True)
    assert first.is_relative_to(store.folder(4))
    first.write_bytes(b"x" * 10)
    (store.folder(4) / "engine").mkdir()
    (store.folder(4) / "engine" / "kuzu.db").write_bytes(b"x" * 1000)
    assert store.size_bytes(4) == 10
    assert store.uri(4).startswith("file:///")
    assert store.uri(4).endswith("/snap%20shots/4")
    store.delete(4)
    store.delete(4)
    assert store.size_bytes(4) == 0
    assert list((tmp_path / "snap shots").iterdir()) == []


def test_store_refuses_names_that_leave_the_folder(tmp_path):
    with pytest.raises(ValueError, match="file name"):
        LocalSnapshotStore(tmp_path).attempt_file(1, "node", "../x", 1)


def test_source_columns_put_keys_first_and_type_edge_keys_by_their_nodes(node, edge):
    nodes = [node("Person", "STRING"), node("City", "DATE")]
    assert source_columns(nodes[1], nodes) == [SourceColumn("id", "DATE"), SourceColumn("p", "INT64")]
    lives = edge("LIVES", "Person", "City")
    assert source_columns(lives, nodes) == [
        SourceColumn("src", "STRING"),
        SourceColumn("dst", "DATE"),
        SourceColumn("w", "INT64"),
    ]
    assert key_columns(nodes[0]) == ("id",)
    assert key_columns(lives) == ("src", "dst")
    with pytest.raises(ValueError, match="names the label Planet"):
        source_columns(edge("TO", "Person", "Planet"), nodes)


def test_writer_streams_batches_into_one_durable_file(tmp_path):
    seen = []
    path = tmp_path / "x.parquet"
    written = write_parquet(SCHEMA, (batch(i * 50_000, 50_000) for i in range(6)), path, on_rows=seen.append)
    assert written.rows == 300_000
    assert written.size_bytes == path.stat().st_size
    assert seen == [50_000 * i for i in range(1, 7)]
    assert pq.read_table(path)["id"].to_pylist() == list(range(300_000))
    groups = pq.ParquetFile(path).metadata
    assert all(groups.row_group(i).num_rows <= ROW_GROUP_ROWS for i in range(groups.num_row_groups))
    assert groups.row_group(0).column(0).compression.lower() == COMPRESSION


def test_writer_keeps_the_columns_of_an_empty_result(tmp_path):
    assert write_parquet(SCHEMA, [], tmp_path / "x.parquet").rows == 0
    assert pq.read_schema(tmp_path / "x.parquet").equals(SCHEMA)


def test_writer_leaves_nothing_when_the_source_fails(tmp_path):
    def failing():
        yield batch(0, 10)
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        write_parquet(SCHEMA, failing(), tmp_path / "x.parquet")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names only


@pytest.mark.parametrize("after", [0, 1, 3])
def test_writer_stops_when_cancelled(tmp_path, after):
    path = tmp_path / "x.parquet"
    path.write_text("earlier file")
    calls = iter(range(100))
    with pytest.raises(ExportCancelledError):
        write_parquet(SCHEMA, (batch(0, 10) for _ in range(3)), path, cancelled=lambda: next(calls) >= after)
    assert path.read_text() == "earlier file"
    assert len(list(tmp_path.iterdir())) == 1


def test_leftovers_of_crashes_are_removed(tmp_path: Path):
    store = LocalSnapshotStore(tmp_path)
    for name in ("1/engine", "2", ".deleted-3", ".deleted-1"):
        (tmp_path / name).mkdir(parents=True)
    abandoned, growing = tmp_path / "1/engine/.kuzu.db-abc", tmp_path / "1/engine/.kuzu.db-def"
    abandoned.touch()
    with growing.open("wb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert sorted(store.remove_leftovers(lambda: {1})) == [".deleted-3", "1/engine/.kuzu.db-abc", "2"]
    assert growing.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".deleted-1", "1"]
