"""Writes that are stopped half-way: nothing of them stays, and the engine goes on."""

import numpy as np
import pyarrow as pa
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import EdgeWrite, EngineLimits, NodeWrite
from graph_olap_server.instance.engine.registry import engine_class

from .conftest import ENGINE, LIMITS

COUNT = 60_000
"""Fewer nodes do not show that the engine crashes after it has rolled back a new column."""


class StoppedError(Exception):
    pass


@pytest.fixture
def graph(files, load):
    files.node("N", ("id", "INT64"), {}, [[key] for key in range(COUNT)])
    files.node("M", ("id", "INT64"), {}, [[key] for key in range(10)])
    files.edge("E", ("M", "M"), {"w": "INT64"}, [[key, 9 - key, key] for key in range(10)])
    return load(files)


def values(type_name, count):
    if type_name == "DOUBLE":
        return pa.array(np.arange(count) / 2)
    offsets = pa.array(np.arange(0, 16 * count + 1, 16, dtype=np.int32))
    return pa.ListArray.from_arrays(offsets, pa.array(np.random.default_rng(1).random(16 * count)))


def write(graph, name, type_name, *labels, stop_after=None):
    """Write to all nodes with these labels; ``stop_after`` parts were written, the write is stopped."""
    sizes = {"N": COUNT, "M": 10}
    writes = [
        NodeWrite(label, name, type_name, pa.array(np.arange(sizes[label])), values(type_name, sizes[label]))
        for label in labels
    ]
    parts = 0

    def check():
        nonlocal parts
        parts += 1
        if stop_after is not None and parts == len(labels) + stop_after:
            raise StoppedError

    graph.engine.write_properties(writes, check)


def properties(graph):
    return {table.label: dict(table.properties) for table in graph.engine.schema().node_tables}


@pytest.mark.parametrize("stopped", ["DOUBLE", "LIST<DOUBLE>"])
@pytest.mark.parametrize("before", [None, "DOUBLE", "LIST<DOUBLE>"])
@pytest.mark.parametrize(("earlier", "stop_after"), [(("N",), 1), (("M",), 1), (("M",), 2), (("N", "M"), 2)])
def test_a_stopped_write_leaves_the_graph_and_the_engine_whole(graph, stopped, before, earlier, stop_after):
    if before is not None:
        write(graph, "p", before, *earlier)
    known = properties(graph)
    labels = ("N",) if earlier == ("N",) else ("N", "M")
    for _ in range(2):
        with pytest.raises(StoppedError):
            write(graph, "p", stopped, *labels, stop_after=stop_after)
    assert properties(graph) == known
    if before == "DOUBLE":
        label = earlier[0]
        count = COUNT if label == "N" else 10
        assert graph.rows(f"MATCH (n:{label}) RETURN count(n.p), sum(n.p)") == [[count, count * (count - 1) / 4]]
    write(graph, "q", "DOUBLE", "N", "M")
    assert graph.rows("MATCH (n:N) RETURN count(n.q), sum(n.q)") == [[COUNT, COUNT * (COUNT - 1) / 4]]
    write(graph, "p", stopped, "N", "M")
    assert graph.rows("MATCH (n) RETURN count(n.p)") == [[COUNT + 10]]
    assert graph.rows("MATCH (n:N) RETURN sum(n.q)") == [[COUNT * (COUNT - 1) / 4]]
    assert {known["p"] for known in properties(graph).values()} == {stopped}


def test_a_new_type_for_some_nodes_takes_the_place_of_the_old_one(graph):
    write(graph, "p", "DOUBLE", "M")
    write(graph, "p", "LIST<DOUBLE>", "N", "M")
    assert graph.rows("MATCH (n) RETURN count(n.p), sum(size(n.p))") == [[COUNT + 10, 16 * (COUNT + 10)]]


def test_nodes_left_out_keep_their_value_beside_a_new_property(graph):
    write(graph, "p", "DOUBLE", "M")
    some = NodeWrite("M", "p", "DOUBLE", pa.array([3]), pa.array([100.0]))
    new = NodeWrite("N", "p", "DOUBLE", pa.array([0]), pa.array([7.0]))
    graph.engine.write_properties([some, new])
    assert graph.rows("MATCH (n:M) RETURN n.p ORDER BY n.id") == [[100.0 if key == 3 else key / 2] for key in range(10)]
    assert graph.rows("MATCH (n:N) WHERE n.p IS NOT NULL RETURN n.id, n.p") == [[0, 7.0]]


def test_a_stopped_write_to_relationships_leaves_them_whole(graph):
    ends = pa.table({"_src": np.arange(10), "_dst": 9 - np.arange(10)})

    def run(type_name, check=lambda: None):
        graph.engine.write_properties([EdgeWrite("E", "p", type_name, ends, values(type_name, 10))], check)

    def stop():
        nonlocal parts
        parts += 1
        if parts == 2:
            raise StoppedError

    for type_name in ("LIST<DOUBLE>", "DOUBLE", "LIST<DOUBLE>"):
        parts = 0
        with pytest.raises(StoppedError):
            run(type_name, stop)
        run(type_name)
        assert graph.rows("MATCH (:M)-[e:E]->(:M) RETURN count(e.p), sum(e.w)") == [[10, 45]]


def test_a_column_that_is_being_filled_is_not_seen(graph):
    known = properties(graph)
    seen = []

    def look():
        seen.append((properties(graph), graph.rows("MATCH (m:M) WHERE m.id = 3 RETURN m")[0][0]))

    wanted = NodeWrite("M", "p", "DOUBLE", pa.array(np.arange(10)), values("DOUBLE", 10))
    ends = pa.table({"_src": np.arange(10), "_dst": 9 - np.arange(10)})
    graph.engine.write_properties([wanted, EdgeWrite("E", "p", "DOUBLE", ends, values("DOUBLE", 10), 10)], look)
    graph.engine.write_properties([wanted], look)
    assert len(seen) > 3
    assert {name for _, node in seen for name in node} == {"_id", "_label", "id", "p"}
    assert seen[0] == (known, {"_id": seen[0][1]["_id"], "_label": "M", "id": 3})
    assert properties(graph)["M"] == {"id": "INT64", "p": "DOUBLE"}


def test_a_property_of_all_relationships_is_written_anew(graph):
    ends = pa.table({"_src": np.arange(10), "_dst": 9 - np.arange(10)})
    for number in (1.0, 2.0):
        some = pa.array([number if place % 2 else None for place in range(10)])
        graph.engine.write_properties([EdgeWrite("E", "p", "DOUBLE", ends, some, 10)])
        assert graph.rows("MATCH ()-[e:E]->() RETURN count(e.p), sum(e.p)") == [[5, 5 * number]]
    few = ends.slice(0, 2)
    graph.engine.write_properties([EdgeWrite("E", "p", "DOUBLE", few, pa.array([7.0, None]), 2)])
    assert graph.rows("MATCH ()-[e:E]->() RETURN count(e.p), sum(e.p)") == [[5, 7.0 + 4 * 2.0]]


def test_a_write_that_memory_does_not_suffice_for_leaves_the_engine_whole(files, tmp_path):
    files.node("N", ("id", "INT64"), {}, [[key] for key in range(COUNT)])
    limits = EngineLimits(threads=2, buffer_bytes=64 * 1024**2, concurrency=2)
    engine = engine_class(ENGINE).open(tmp_path / "small.db", limits)
    engine.load(files.folder, files.manifest(), lambda progress: None)
    offsets = pa.array(np.arange(0, 256 * COUNT + 1, 256, dtype=np.int32))
    long = pa.ListArray.from_arrays(offsets, pa.array(np.random.default_rng(1).random(256 * COUNT)))
    everybody = pa.array(np.arange(COUNT))
    for number in (1.0, 2.0, 3.0):
        with pytest.raises(PlatformError, match="more memory than the engine has") as caught:
            engine.write_properties([NodeWrite("N", "p", "LIST<DOUBLE>", everybody, long)])
        assert (caught.value.code, caught.value.details) == ("ALGORITHM_FAILED", {"reason": "out of memory"})
        engine.write_properties([NodeWrite("N", "q", "DOUBLE", everybody, pa.array(np.full(COUNT, number)))])
        assert engine.schema().node_tables[0].properties == {"id": "INT64", "q": "DOUBLE"}
        assert engine.node_values("N", "q").to_pylist()[::20_000] == [number] * 3
    engine.close()


def test_what_a_process_left_unfinished_is_removed(files, tmp_path):
    files.node("N", ("id", "INT64"), {}, [[key] for key in range(5)])
    engine = engine_class(ENGINE).open(tmp_path / "left.db", LIMITS)
    engine.load(files.folder, files.manifest(), lambda progress: None)
    with engine._pool.plain() as connection:  # as after a kill: the hidden column is there, its values are not
        connection.execute("ALTER TABLE N ADD `_internal_new_p` DOUBLE")
    engine.close()
    again = engine_class(ENGINE).open(tmp_path / "left.db", LIMITS)
    with again._pool.plain() as connection:
        names = [row[1] for row in connection.execute("CALL table_info('N') RETURN *").get_all()]
    assert names == ["id"]
    again.write_properties([NodeWrite("N", "p", "DOUBLE", pa.array([1]), pa.array([0.5]))])
    assert again.node_values("N", "p").to_pylist() == [None, 0.5, None, None, None]
    again.close()


def test_a_stopped_write_leaves_nothing_in_the_log(graph, tmp_path):
    def logged():
        return sum(path.stat().st_size for path in tmp_path.rglob("*.wal"))

    write(graph, "p", "DOUBLE", "N")
    before = logged()
    assert before > 0
    for _ in range(3):
        with pytest.raises(StoppedError):
            write(graph, "p", "LIST<DOUBLE>", "N", stop_after=1)
    assert logged() - before < 100_000
