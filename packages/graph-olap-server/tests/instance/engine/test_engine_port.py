from __future__ import annotations

import threading
from contextlib import closing
from datetime import date, datetime

import pyarrow as pa
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine import cache, cypher_engine
from graph_olap_server.instance.engine.base import EdgeWrite, EngineLimits, NodeWrite, pack_id
from graph_olap_server.instance.engine.registry import available_engines, engine_class

LIMITS = EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024)
_RANGE = "UNWIND range(1, 3000) AS"
ENDLESS = f"{_RANGE} x {_RANGE} y {_RANGE} z RETURN sum(x * y % 7 + z)"


def test_registry_knows_the_engine_and_names_it_when_it_does_not(engine_name):
    assert engine_name in available_engines()
    assert engine_class(engine_name).name == engine_name
    with pytest.raises(PlatformError, match="'neo' is not installed; installed: kuzu"):
        engine_class("neo")


def test_load_reports_each_definition_once_started_and_once_done(files, tmp_path, engine_name):
    files.node("A", ("id", "INT64"), {}, [[1]]).node("B", ("id", "INT64"), {}, []).edge("E", ("A", "B"), {}, [])
    seen = []
    engine = engine_class(engine_name).open(tmp_path / "g.db", LIMITS)
    engine.load(files.folder, files.manifest(), lambda p: seen.append((p.name, p.kind, p.done, p.rows)))
    engine.close()
    assert seen == [
        ("schema", "schema", False, None),
        ("schema", "schema", True, None),
        *((name, kind, *end) for name, kind, rows in _ABE for end in ((False, None), (True, rows))),
    ]


_ABE = [("A", "node", 1), ("B", "node", 0), ("E", "edge", 0)]


def test_schema_lists_tables_with_counts_in_definition_order(social):
    schema = social.engine.schema()
    assert [(t.label, t.primary_key, t.primary_key_type, t.node_count) for t in schema.node_tables] == [
        ("Person", "id", "INT64", 4),
        ("City", "code", "STRING", 2),
    ]
    assert schema.node_tables[0].properties == {"id": "INT64", "name": "STRING", "age": "INT32"}
    assert [(t.type, t.from_node, t.to_node, t.edge_count) for t in schema.edge_tables] == [
        ("KNOWS", "Person", "Person", 4),
        ("LIVES_IN", "Person", "City", 2),
    ]
    assert (schema.total_nodes, schema.total_edges) == (6, 6)


def test_ids_of_every_label_and_type_carry_the_table_number(social, load, files):
    for label in ("Person", "City"):
        ids = [row[0] for row in social.rows(f"MATCH (n:{label}) RETURN id(n) ORDER BY offset(id(n))")]
        assert ids == [pack_id(social.engine.table_id(label), offset) for offset in range(len(ids))]
    for name in ("KNOWS", "LIVES_IN"):
        ids = {row[0] >> 40 for row in social.rows(f"MATCH ()-[r:{name}]->() RETURN id(r)")}
        assert ids == {social.engine.table_id(name)}


def test_node_keys_and_edges_agree_with_a_query(social):
    keys = social.engine.node_keys("Person").to_pylist()
    edges = social.engine.edges("KNOWS", ["since"])
    assert edges.column_names == ["_src", "_dst", "since"]
    found = sorted((keys[e["_src"]], keys[e["_dst"]], e["since"] or 0) for e in edges.to_pylist())
    assert found == sorted(
        tuple(row) for row in social.rows("MATCH (a)-[r:KNOWS]->(b) RETURN a.id, b.id, coalesce(r.since, 0)")
    )
    assert social.engine.node_keys("City").to_pylist() == ["x", "y"]


def test_node_keys_are_read_once_unless_there_are_too_many(files, load, monkeypatch):
    engine = load(files.node("A", ("id", "INT64"), {}, [[3], [1]]).node("B", ("id", "STRING"), {}, [["x" * 20]])).engine
    first = engine.node_keys("A")
    assert engine.node_keys("A") is first
    engine.write_node_property("A", "score", "DOUBLE", pa.array([0]), pa.array([0.5]))
    assert engine.node_keys("A") is first
    monkeypatch.setattr(cypher_engine, "_MOST_KEY_BYTES", first.nbytes)
    long = engine.node_keys("B")
    assert long.to_pylist() == engine.node_keys("B").to_pylist() == ["x" * 20]
    assert engine.node_keys("B") is not long
    assert engine.node_keys("A").to_pylist() == first.to_pylist() == [3, 1]


def test_ends_of_relationships_between_labels_of_any_size(files, load):
    files.node("One", ("id", "INT64"), {}, [[0]]).node("None", ("id", "INT64"), {}, [])
    files.node("Many", ("id", "INT64"), {}, [[i] for i in range(1025)])
    pairs = [[i, 0] for i in range(1024, -1, -1)]
    files.edge("DOWN", ("Many", "One"), {"w": "INT64"}, [[*pair, pair[0]] for pair in pairs])
    files.edge("UP", ("One", "Many"), {}, [pair[::-1] for pair in pairs])
    files.edge("NEVER", ("One", "None"), {}, [])
    engine = load(files).engine
    down = engine.edges("DOWN", ["w"])
    assert down["_src"].to_pylist() == down["w"].to_pylist()
    assert (sorted(down["_src"].to_pylist()), set(down["_dst"].to_pylist())) == (list(range(1025)), {0})
    up = engine.edges("UP")
    assert (set(up["_src"].to_pylist()), sorted(up["_dst"].to_pylist())) == ({0}, list(range(1025)))
    never = engine.edges("NEVER")
    assert never.schema == pa.schema({"_src": pa.int64(), "_dst": pa.int64()})
    assert never.num_rows == 0


def test_an_unknown_label_is_named(social):
    with pytest.raises(PlatformError, match="no label or relationship type Town"):
        social.engine.node_keys("Town")


def test_write_back_creates_overwrites_and_changes_type(files, load):
    graph = load(files.node("N", ("id", "STRING"), {"name": "STRING"}, [["a", "A"], ["b", "B"], ["c", "C"]]))
    write = graph.engine.write_node_property
    assert write("N", "score", "DOUBLE", pa.array([2, 0]), pa.array([0.5, 0.25])) == 2
    assert graph.rows("MATCH (n:N) RETURN n.score ORDER BY n.id") == [[0.25], [None], [0.5]]
    write("N", "score", "DOUBLE", pa.array([1]), pa.array([9.0]))
    assert graph.rows("MATCH (n:N) RETURN n.score ORDER BY n.id") == [[0.25], [9.0], [0.5]]
    write("N", "score", "STRING", pa.array([1]), pa.array(["x"]))
    assert graph.rows("MATCH (n:N) RETURN n.score ORDER BY n.id") == [[None], ["x"], [None]]
    assert graph.engine.schema().node_tables[0].properties["score"] == "STRING"
    assert graph.rows("MATCH (n:N {id: 'b'}) RETURN n") == [
        [{"_id": 1, "_label": "N", "id": "b", "name": "B", "score": "x"}]
    ]
    graph.engine.drop_node_property("N", "score")
    assert "score" not in graph.engine.schema().node_tables[0].properties


@pytest.mark.parametrize(
    ("type_name", "values", "arrow"),
    [
        ("INT64", [2**62, None, -5], pa.int64()),
        ("BOOL", [True, None, False], pa.bool_()),
        ("LIST<DOUBLE>", [[1.0, 2.5], None, []], pa.list_(pa.float64())),
    ],
)
def test_write_back_of_each_type(files, load, type_name, values, arrow):
    graph = load(files.node("N", ("id", "INT64"), {}, [[1], [2], [3]]))
    graph.engine.write_node_property("N", "v", type_name, pa.array([0, 1, 2]), pa.array(values, arrow))
    assert [row[0] for row in graph.rows("MATCH (n:N) RETURN n.v ORDER BY n.id")] == values


@pytest.mark.parametrize(
    ("key_type", "keys"),
    [
        ("UUID", ["cc5e5dfc-b92c-4ee4-b21b-9710a7714d68", "0c5e5dfc-b92c-4ee4-b21b-9710a7714d68"]),
        ("INT8", [5, -7]),
        ("INT16", [5, -7]),
        ("INT32", [5, -7]),
        ("STRING", ["2|a", 'it\'s "Ü"']),
        ("DATE", [date(2024, 2, 29), date(1969, 7, 20)]),
        ("TIMESTAMP", [datetime(2024, 2, 29, 1, 2, 3, 4), datetime(1969, 7, 20)]),
    ],
)
def test_write_back_joins_keys_of_every_key_type(files, load, key_type, keys):
    files.node("N", ("id", key_type), {"at": "INT64"}, [[key, place] for place, key in enumerate(keys)])
    graph = load(files.edge("R", ("N", "N"), {}, [[keys[0], keys[1]]]))
    graph.engine.write_properties(
        [
            NodeWrite("N", "v", "INT64", pa.array([1, 0]), pa.array([8, 7])),
            EdgeWrite("R", "w", "DOUBLE", pa.table({"_src": [0], "_dst": [1]}), pa.array([0.5])),
        ]
    )
    assert graph.rows("MATCH (n:N) RETURN n.at, n.v ORDER BY n.at") == [[0, 7], [1, 8]]
    assert graph.rows("MATCH (:N)-[r:R]->(:N) RETURN r.w") == [[0.5]]


def test_properties_of_the_mapping_cannot_be_overwritten_or_dropped(social):
    with pytest.raises(PlatformError, match=r"Person\.name comes from the mapping"):
        social.engine.write_node_property("Person", "name", "STRING", pa.array([0]), pa.array(["x"]))
    with pytest.raises(PlatformError, match=r"Person\.age comes from the mapping"):
        social.engine.drop_node_property("Person", "age")


def test_a_failed_write_back_leaves_no_trace(files, load):
    graph = load(files.node("N", ("id", "INT64"), {}, [[1], [2]]))
    with pytest.raises(RuntimeError):
        graph.engine.write_node_property("N", "v", "INT64", pa.array([0, 1]), pa.array(["1", "no number"]))
    assert graph.engine.schema().node_tables[0].properties == {"id": "INT64"}
    assert graph.rows("MATCH (n:N) RETURN count(*)") == [[2]]


def test_several_writes_are_one_transaction(files, load):
    files.node("A", ("id", "STRING"), {}, [["x"], ["y"]]).node("B", ("id", "INT64"), {}, [[1]])
    graph = load(files.edge("R", ("A", "B"), {}, [["x", 1], ["x", 1], ["y", 1]]))
    ends = pa.table({"_src": [0, 1], "_dst": [0, 0]})
    writes = [
        NodeWrite("A", "v", "INT64", pa.array([1, 0]), pa.array([10, 20])),
        NodeWrite("B", "v", "DOUBLE", pa.array([0]), pa.array([0.5])),
        EdgeWrite("R", "v", "INT64", ends, pa.array([3, 4])),
    ]

    class Stopped(Exception):
        pass

    def stop():
        raise Stopped

    for broken in (
        lambda: graph.engine.write_properties([*writes, NodeWrite("B", "w", "INT64", pa.array([0]), pa.array(["x"]))]),
        lambda: graph.engine.write_properties(writes, stop),
    ):
        with pytest.raises((RuntimeError, Stopped)):
            broken()
        schema = graph.engine.schema()
        assert all("v" not in table.properties for table in (*schema.node_tables, *schema.edge_tables))
    graph.engine.write_properties(writes)
    assert graph.rows("MATCH (n:A) RETURN n.id, n.v ORDER BY n.id") == [["x", 20], ["y", 10]]
    assert graph.rows("MATCH (n:B) RETURN n.v") == [[0.5]]
    assert graph.rows("MATCH (a:A)-[r:R]->() RETURN a.id, r.v ORDER BY a.id") == [["x", 3], ["x", 3], ["y", 4]]


def test_a_running_query_sees_the_state_before_the_write(files, load):
    graph = load(files.node("N", ("id", "INT64"), {}, [[i] for i in range(100)]))
    result = graph.result("MATCH (n:N) RETURN n")
    graph.engine.write_node_property("N", "v", "INT64", pa.array([0]), pa.array([1]))
    assert all("v" not in row[0] for row in result.rows())
    result.close()


def test_a_query_at_its_time_limit_is_stopped_and_the_engine_stays_well(social):
    with pytest.raises(PlatformError) as caught:
        social.result(ENDLESS, timeout_ms=150)
    assert caught.value.code == "QUERY_TIMEOUT"
    assert "0.15 s" in caught.value.message
    assert social.value("RETURN 1") == 1


def test_a_cancelled_query_says_so_and_is_gone(social):
    caught: list[PlatformError] = []
    started = threading.Event()

    def ask() -> None:
        started.set()
        try:
            social.engine.query(ENDLESS, {}, timeout_ms=20_000, query_id="long")
        except PlatformError as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    started.wait()
    while not social.engine.cancel("long"):
        pass
    thread.join(20)
    assert not thread.is_alive()
    assert [error.code for error in caught] == ["REQUEST_TIMEOUT"]
    assert social.engine.cancel("long") is False


def test_queries_run_side_by_side(social):
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.extend(social.value("MATCH (n) RETURN count(n)") for _ in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [6] * 80


def test_the_next_instance_starts_from_the_kept_file(files, load, tmp_path, engine_name):
    graph = load(files.node("N", ("id", "INT64"), {"x": "DOUBLE"}, [[1, 1.5], [2, None]]))
    adapter, database = engine_class(engine_name), tmp_path / "graph0.db"
    assert cache.restore(adapter, files.folder, tmp_path / "other.db") is False
    assert cache.publish(adapter, database, files.folder) is True
    assert cache.publish(adapter, database, files.folder) is False
    graph.engine.write_node_property("N", "v", "INT64", pa.array([0]), pa.array([1]))
    assert cache.restore(adapter, files.folder, tmp_path / "other.db") is True
    with closing(adapter.open(tmp_path / "other.db", LIMITS)) as second:
        assert second.schema().node_tables[0].properties == {"id": "INT64", "x": "DOUBLE"}
        assert second.schema().total_nodes == 2
        second.write_node_property("N", "v", "INT64", pa.array([0]), pa.array([1]))


def test_a_taken_file_is_not_taken_twice(files, load, tmp_path, engine_name):
    load(files.node("N", ("id", "INT64"), {}, [[1]]))
    adapter = engine_class(engine_name)
    kept = cache.cached_file(adapter, files.folder)
    first, second, third = (tmp_path / f"{name}.db" for name in ("first", "second", "third"))
    assert cache.publish(adapter, tmp_path / "graph0.db", files.folder) is True
    assert cache.restore(adapter, files.folder, first) is True
    assert cache.restore(adapter, files.folder, second) is True
    assert (first.samefile(kept), second.samefile(kept)) == (True, False)

    assert cache.publish(adapter, first, files.folder) is True

    assert not first.samefile(kept)
    assert cache.restore(adapter, files.folder, third) is True
    assert third.samefile(kept)


def test_the_kept_file_holds_no_results_of_algorithms(files, load, tmp_path, engine_name):
    graph = load(files.node("N", ("id", "INT64"), {}, [[1]]))
    graph.engine.write_node_property("N", "v", "INT64", pa.array([0]), pa.array([1]))
    adapter, other = engine_class(engine_name), tmp_path / "other.db"
    assert cache.publish(adapter, tmp_path / "graph0.db", files.folder) is True
    assert cache.restore(adapter, files.folder, other) is True
    with closing(adapter.open(other, LIMITS)) as second:
        assert second.schema().node_tables[0].properties == {"id": "INT64"}


def test_writing_leaves_the_taken_file_as_it_is(files, load, tmp_path, engine_name):
    load(files.node("N", ("id", "INT64"), {}, [[number] for number in range(5000)]))
    adapter, other = engine_class(engine_name), tmp_path / "other.db"
    assert cache.publish(adapter, tmp_path / "graph0.db", files.folder) is True
    kept = cache.cached_file(adapter, files.folder)
    before = kept.read_bytes()
    assert cache.restore(adapter, files.folder, other) is True
    with closing(adapter.open(other, LIMITS)) as second:
        for type_name, values in (("DOUBLE", [0.5] * 5000), ("INT64", list(range(5000)))):
            second.write_node_property("N", "v", type_name, pa.array(range(5000)), pa.array(values))
        second.drop_node_property("N", "v")
        second.write_node_property("N", "w", "INT64", pa.array(range(5000)), pa.array(range(5000)))
        result = second.query("MATCH (n:N) RETURN sum(n.w)", {}, timeout_ms=5000, query_id="q")
        assert list(result.rows()) == [[sum(range(5000))]]
    assert other.samefile(kept)
    assert kept.read_bytes() == before


def test_a_kept_file_that_was_changed_is_not_used(files, load, tmp_path, engine_name):
    load(files.node("N", ("id", "INT64"), {}, [[1]]))
    adapter = engine_class(engine_name)
    assert cache.publish(adapter, tmp_path / "graph0.db", files.folder) is True
    with cache.cached_file(adapter, files.folder).open("ab") as kept:
        kept.write(b"x")
    assert cache.restore(adapter, files.folder, tmp_path / "other.db") is False


def test_a_file_that_is_no_database_gives_one_clear_sentence(tmp_path, engine_name):
    (tmp_path / "bad.db").write_bytes(b"this is not a database" * 1000)
    with pytest.raises(PlatformError, match=r"bad\.db cannot be opened"):
        engine_class(engine_name).open(tmp_path / "bad.db", LIMITS)


def test_a_file_that_does_not_fit_names_the_definition(files, tmp_path, engine_name):
    files.node("N", ("id", "INT64"), {"d": "INTERVAL"}, [[1, "no interval"]])
    engine = engine_class(engine_name).open(tmp_path / "g.db", LIMITS)
    with pytest.raises(PlatformError, match=r"N could not be loaded: .*no interval") as caught:
        engine.load(files.folder, files.manifest(), lambda _progress: None)
    assert caught.value.details["definition"] == "N"
    engine.close()
