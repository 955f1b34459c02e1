"""Results in batches, in files and as graphs; a part is never taken for the whole."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import functools
import gc
import io

import httpx
import pytest

from graph_olap import exceptions
from graph_olap._arrow_stream import StreamDecoder
from graph_olap.models import QueryResult

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ARROW = "application/vnd.apache.arrow.stream"
TABLE = pa.table({"n": pa.array([*range(24), None], pa.int64()), "s": [f"ü{number}" for number in range(25)]})


def _bytes(table, rows_per_batch=10, *, end=True, options=None):
    sink = pa.BufferOutputStream()
    writer = pa.ipc.new_stream(sink, table.schema, options=options)
    for batch in table.to_batches(rows_per_batch):
        writer.write_batch(batch)
    if end:
        writer.close()
    return sink.getvalue().to_pybytes()


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, that knows how much was read and whether it was closed."""

    def __init__(self, body, size=100, error=None):
        self.pieces = [body[start : start + size] for start in range(0, len(body), size)]
        self.given = 0
        self.closed = False
        self.error = error

    def __iter__(self):
        for piece in self.pieces:
            self.given += 1
            yield piece
        if self.error is not None:
            raise self.error

    async def __aiter__(self):
        for piece in self:
            yield piece

    def close(self):
        self.closed = True

    async def aclose(self):
        self.closed = True


def _answer(platform, body):
    platform.on("POST", "/graphs/3f0c/query", httpx.Response(200, stream=body, headers={"Content-Type": ARROW}))
    return body


@pytest.mark.parametrize("size", [1, 7, 10, 24, 25, 1000])
def test_batches_have_the_size_asked_for_and_hold_every_row_once(platform, conn, size):
    body = _answer(platform, _Body(_bytes(TABLE)))
    with conn.stream("Q", batch_size=size) as batches:
        got = list(batches)
    assert [batch.num_rows for batch in got[:-1]] == [size] * (len(got) - 1)
    assert pa.Table.from_batches(got).equals(TABLE)
    assert batches.schema.equals(TABLE.schema)
    assert body.closed
    assert platform.sent[0].body["spill"] is True


def test_nothing_is_sent_before_the_first_batch_and_nothing_read_after_the_last_one_wanted(platform, conn):
    body = _answer(platform, _Body(_bytes(TABLE, 5), size=64))
    stream = conn.stream("Q", batch_size=5)
    assert platform.sent == []
    with stream as batches:
        for _ in batches:
            break
    assert body.closed
    assert body.given < len(body.pieces) / 2
    assert list(stream) == []


def test_a_loop_that_is_left_closes_the_stream_without_a_with_block(platform, conn):
    body = _answer(platform, _Body(_bytes(TABLE, 5)))
    for _ in conn.stream("Q", batch_size=5):
        break
    gc.collect()
    assert body.closed


def test_an_asynchronous_stream_closes_early(platform, wire):
    platform.on("GET", "/api/instances/12", wire.data(wire.instance()))
    platform.on("GET", "/graphs/3f0c/health", {"status": "healthy"})
    body = _answer(platform, _Body(_bytes(TABLE, 5)))

    async def main():
        async with platform.async_client() as client:
            graph = await client.instances.connect(12)
            async with graph.stream("Q", batch_size=5) as batches:
                return (await batches.__aiter__().__anext__()).num_rows

    assert asyncio.run(main()) == 5
    assert body.closed


@pytest.mark.parametrize("backend", ["polars", "pandas"])
def test_batches_as_frames_keep_their_types(platform, conn, backend):
    _answer(platform, _Body(_bytes(TABLE)))
    frames = list(conn.stream("Q", batch_size=20, backend=backend))
    assert [len(frame) for frame in frames] == [20, 5]
    kinds = {"polars": (pl.DataFrame, pl.Int64), "pandas": (pd.DataFrame, pd.ArrowDtype(pa.int64()))}
    assert type(frames[1]) is kinds[backend][0]
    assert frames[1]["n"].dtype == kinds[backend][1]


@pytest.mark.parametrize("missing", [1, 8, 9, 200, 400])
def test_a_cut_stream_never_ends_quietly(platform, conn, missing, tmp_path):
    _answer(platform, _Body(_bytes(TABLE)[:-missing]))
    with pytest.raises(exceptions.ConnectionError, match="cut"):
        list(conn.stream("Q"))
    _answer(platform, _Body(_bytes(TABLE)[:-missing]))
    with pytest.raises(exceptions.ConnectionError, match="cut"):
        conn.to_parquet("Q", tmp_path / "out.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_lost_connection_in_the_middle_raises_the_sdks_error(platform, conn):
    _answer(platform, _Body(_bytes(TABLE, end=False), error=httpx.ReadError("reset")))
    with pytest.raises(exceptions.ConnectionError, match="lost before the answer was complete"):
        list(conn.stream("Q"))


def test_errors_before_the_first_batch_are_the_servers(platform, wire, conn):
    platform.on("POST", "/graphs/3f0c/query", wire.error(400, "RYUGRAPH_ERROR", "Unknown label X.", kind="binding"))
    with pytest.raises(exceptions.RyugraphError, match="Unknown label X"):
        list(conn.stream("MATCH (x:X) RETURN x"))


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"batch_size": 1.5}, {"batch_size": True}, {"backend": "duckdb"}])
def test_wrong_arguments_are_refused_at_once(platform, conn, wrong):
    with pytest.raises(exceptions.ValidationError, match=next(iter(wrong))):
        conn.stream("Q", **wrong)
    assert platform.sent == []


@pytest.mark.parametrize("piece", [1, 3, 8, 1000, 10**6])
@pytest.mark.parametrize("codec", [None, "lz4", "zstd"])
def test_the_decoder_takes_pieces_of_every_size_and_compression(piece, codec):
    body = _bytes(TABLE, options=pa.ipc.IpcWriteOptions(compression=codec))
    decoder = StreamDecoder()
    for start in range(0, len(body), piece):
        decoder.feed(body[start : start + piece])
    decoder.finish()
    assert pa.Table.from_batches(decoder.batches).equals(TABLE)


@pytest.mark.parametrize("garbage", [b"<html>login</html>", b"\xff" * 64, b"\xff\xff\xff\xff\x08\0\0\0" + b"\xff" * 64])
def test_garbage_is_no_stream(garbage):
    decoder = StreamDecoder()
    with pytest.raises(exceptions.ConnectionError):
        decoder.feed(garbage)


def test_compression_is_asked_for_only_over_a_network(platform, conn):
    _answer(platform, _Body(_bytes(TABLE)))
    conn.query_df("Q")
    assert platform.sent[-1].headers["X-Arrow-Compression"] == "lz4, zstd"
    platform.on("POST", ".*/query", httpx.Response(200, content=_bytes(TABLE), headers={"Content-Type": ARROW}))
    conn.instance_url = "http://127.0.0.1:4711"
    conn.query_df("Q")
    assert "X-Arrow-Compression" not in platform.sent[-1].headers


def test_a_stream_goes_straight_into_a_parquet_file(platform, conn, tmp_path):
    _answer(platform, _Body(_bytes(TABLE)))
    assert conn.to_parquet("Q", tmp_path / "out.parquet") == 25
    assert pq.read_table(tmp_path / "out.parquet").equals(TABLE)
    _answer(platform, _Body(_bytes(TABLE.slice(0, 0))))
    assert conn.to_parquet("Q", str(tmp_path / "out.parquet")) == 0
    assert pq.read_schema(tmp_path / "out.parquet").equals(TABLE.schema)
    assert [file.name for file in tmp_path.iterdir()] == ["out.parquet"]


def _result():
    nodes = [{"_id": 1, "_label": "A", "name": "x"}, {"_id": 2, "_label": "B", "size": 3}]
    rels = [
        {"_id": 5, "_type": "R", "_src": 1, "_dst": 2, "w": 1},
        {"_id": 6, "_type": "R", "_src": 1, "_dst": 2, "w": 2},
        {"_id": 7, "_type": "R", "_src": 2, "_dst": 2, "w": 3},
    ]
    rows = [[nodes[0], rels[0]], [nodes[1], rels[1]], [nodes[1], rels[2]], [nodes[0], rels[0]]]
    return QueryResult(columns=["n", "r"], column_types=["NODE", "REL"], rows=rows, row_count=4)


def test_igraph_keeps_parallel_relationships_and_loops():
    graph = _result().to_igraph()
    assert graph.is_directed()
    assert graph.vs["_id"] == [1, 2]
    assert graph.vs["name"] == ["x", None]
    assert graph.vs["label"] == ["A", "B"]
    assert graph.vs["size"] == [None, 3]
    assert sorted(zip(graph.es["_id"], graph.get_edgelist())) == [(5, (0, 1)), (6, (0, 1)), (7, (1, 1))]
    assert graph.es["w"] == [1, 2, 3]
    assert not _result().to_igraph(directed=False).is_directed()


def test_networkx_and_igraph_agree():
    networkx, igraph = _result().to_networkx(), _result().to_igraph()
    assert (networkx.number_of_nodes(), networkx.number_of_edges()) == (igraph.vcount(), igraph.ecount()) == (2, 3)


def test_files_hold_what_the_result_holds(tmp_path):
    rows = [[1, 'a,"b"\nc', dt.date(2024, 5, 1), [1, None]], [None, "", None, []]]
    result = QueryResult(
        columns=["i", "s", "d", "l"], column_types=["INT64", "STRING", "DATE", "LIST<INT64>"], rows=rows, row_count=2
    )
    result.to_parquet(tmp_path / "r.parquet")
    assert pq.read_table(tmp_path / "r.parquet").equals(result.to_arrow())
    result.to_csv(tmp_path / "r.csv")
    text = (tmp_path / "r.csv").read_text(encoding="utf-8")
    assert list(csv.reader(io.StringIO(text))) == [
        ["i", "s", "d", "l"],
        ["1", 'a,"b"\nc', "2024-05-01", "[1, null]"],
        ["", "", "", "[]"],
    ]


def test_intervals_are_iso_8601_in_csv_files(tmp_path):
    span = dt.timedelta(days=1, hours=2)
    result = QueryResult(columns=["i", "l"], rows=[[span, [span, None]]], row_count=1)
    result.to_csv(tmp_path / "r.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "r.csv").read_text(encoding="utf-8"))))
    assert rows == [["i", "l"], ["P1DT7200S", '["P1DT7200S", null]']]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    file = tmp_path / "r.csv"
    file.write_text("old")

    class Unwritable:
        def isoformat(self):
            raise OSError("disk full")

    result = QueryResult(columns=["x"], rows=[[Unwritable()]], row_count=1)
    with pytest.raises(OSError, match="disk full"):
        result.to_csv(file)
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_where_and_how_to_write_is_checked_before_the_query_runs(platform, conn, tmp_path):
    result = QueryResult(columns=["x"], column_types=["INT64"], rows=[[1]], row_count=1)
    nowhere = tmp_path / "nowhere" / "file"
    for write in (result.to_csv, result.to_parquet, lambda path: conn.to_parquet("RETURN 1", path)):
        with pytest.raises(FileNotFoundError, match=r"There is no such folder to write into: .*nowhere'$"):
            write(nowhere)
    for write in (result.to_parquet, functools.partial(conn.to_parquet, "RETURN 1")):
        with pytest.raises(exceptions.ValidationError, match=r"compression must be one of 'zstd', .*, not 'zip'"):
            write(tmp_path / "file", compression="zip")
    with pytest.raises(exceptions.ValidationError, match="backend must be 'arrow' or 'polars' or 'pandas', not 'duck'"):
        conn.stream("RETURN 1", backend="duck")
    assert platform.sent == []
    assert list(tmp_path.iterdir()) == []
