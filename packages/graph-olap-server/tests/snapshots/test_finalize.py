"""Finalisation: each mode, the words of refusals, crashes in between."""

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graph_olap.models.types import parse_type
from graph_olap_server.snapshots import finalize as module
from graph_olap_server.snapshots.finalize import BadRowsError
from graph_olap_server.snapshots.manifest import SnapshotManifest
from graph_olap_server.warehouse.types import arrow_field

CLEAN = {
    "Person": {"id": ["a", "b", "c"], "p": [1, 2, 3]},
    "KNOWS": {"src": ["a", "a", "b"], "dst": ["b", "b", "b"], "w": [1, 2, 3]},
}
BAD_EDGES = {
    **CLEAN,
    "KNOWS": {"src": ["a", None, "x", "a", None], "dst": ["b", "a", "zz", "y", None], "w": [1, 2, 3, 4, 5]},
}
BAD_NODES = {**CLEAN, "Person": {"id": ["a", "b", None, "a", "c", "a"], "p": [1, 2, 3, 4, 5, 6]}}


@pytest.mark.parametrize("mode", ["strict", "report", "skip"])
def test_clean_files_are_moved_not_rewritten(tmp_path, node, edge, finalize, mode, monkeypatch):
    monkeypatch.setattr(module, "write_parquet", None)  # would fail if it were called
    manifest = finalize(tmp_path, [node()], [edge()], CLEAN, mode)
    assert SnapshotManifest.read(tmp_path) == manifest
    assert [(file.kind, file.name, file.path, file.rows) for file in manifest.files] == [
        ("node", "Person", "nodes/Person.parquet", 3),
        ("edge", "KNOWS", "edges/KNOWS.parquet", 3),
    ]
    for file in manifest.files:
        assert pq.read_table(tmp_path / file.path).to_pydict() == CLEAN[file.name]
        assert (tmp_path / file.path).stat().st_size == file.size_bytes
    assert manifest.load_report.rows_rejected == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["edges", "manifest.json", "nodes"]


def test_report_leaves_out_bad_edges_and_says_so(tmp_path, node, edge, finalize):
    manifest = finalize(tmp_path, [node()], [edge()], BAD_EDGES)
    assert pq.read_table(tmp_path / "edges/KNOWS.parquet").to_pylist() == [{"src": "a", "dst": "b", "w": 1}]
    report = manifest.load_report["KNOWS"]
    assert (report.rows_read, report.rows_loaded, report.rows_rejected) == (5, 1, 4)
    assert [(item.reason, item.rows, item.column, item.sample_keys) for item in report.rejected] == [
        ("null_key", 2, None, [[None, None], [None, "a"]]),
        ("dangling_from", 1, "src", ["x"]),
        ("dangling_to", 1, "dst", ["y"]),
    ]


@pytest.mark.parametrize(
    ("tables", "mode", "words"),
    [
        (BAD_EDGES, "strict", ["Edge KNOWS has 2 rows with a null key", "1 row with a start that does not exist in src",
                               "(for example 'x')", "on_bad_rows='report'"]),
        (BAD_NODES, "strict", ["Node Person", "on_bad_rows='skip'"]),
        (BAD_NODES, "report", ["Node Person has 1 row with a null key in id",
                               "2 rows with a duplicate key in id (for example 'a')", "Fix the SQL or create"]),
    ],
)  # fmt: skip
def test_refusal_names_definition_count_reason_samples_and_next_step(
    tmp_path, node, edge, finalize, tables, mode, words
):
    with pytest.raises(BadRowsError) as caught:
        finalize(tmp_path, [node()], [edge()], tables, mode)
    for word in words:
        assert word in caught.value.message
    assert caught.value.load_report.rows_rejected > 0
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "attempts",
        "edge-KNOWS-1.parquet",
        "node-Person-1.parquet",
    ]


def test_skip_keeps_the_first_of_duplicates_in_row_order(tmp_path, node, edge, finalize):
    manifest = finalize(tmp_path, [node()], [edge()], BAD_NODES, "skip")
    assert pq.read_table(tmp_path / "nodes/Person.parquet")["p"].to_pylist() == [1, 2, 5]
    assert [(item.reason, item.rows, item.sample_keys) for item in manifest.load_report["Person"].rejected] == [
        ("null_key", 1, []),
        ("duplicate_key", 2, ["a"]),
    ]


def test_at_most_ten_distinct_samples_in_order(tmp_path, node, edge, finalize):
    ends = [f"x{i:02}" for i in reversed(range(30))] * 2
    tables = {**CLEAN, "KNOWS": {"src": ["a"] * 60, "dst": ends, "w": [1] * 60}}
    [rejected] = finalize(tmp_path, [node()], [edge()], tables).load_report["KNOWS"].rejected
    assert (rejected.rows, rejected.sample_keys) == (60, [f"x{i:02}" for i in range(10)])


def test_sample_keys_of_dates_fit_into_json(tmp_path, node, edge, finalize):
    day = dt.date(2020, 1, 2)
    tables = {
        "Person": {"id": pa.array([day]), "p": [1]},
        "KNOWS": {"src": pa.array([day]), "dst": pa.array([dt.date(1999, 1, 1)]), "w": [1]},
    }
    finalize(tmp_path, [node(key_type="DATE")], [edge()], tables)
    [rejected] = SnapshotManifest.read(tmp_path).load_report["KNOWS"].rejected
    assert rejected.sample_keys == ["1999-01-01"]


def test_manifest_names_the_element_types_of_bare_types(tmp_path, node, finalize):
    field = arrow_field("p", parse_type("LIST<STRUCT<k LIST<UUID>>>"))
    schema = pa.schema([pa.field("id", pa.string()), field])
    table = pa.table({"id": ["a", "a"], "p": pa.array([[{"k": ["x"]}], None], field.type)}, schema=schema)
    manifest = finalize(tmp_path, [node(property_type="LIST")], [], {"Person": table}, "skip")
    assert manifest.node_definitions[0].properties[0].type == "LIST<STRUCT<k LIST<UUID>>>"
    assert pq.read_schema(tmp_path / "nodes/Person.parquet").field("p").metadata[b"graph_olap.type"] == (
        b"LIST<STRUCT<k LIST<UUID>>>"
    )


@pytest.mark.parametrize("step", ["_write_manifest", "_remove_originals", "_materialize", "write_parquet"])
@pytest.mark.parametrize("tables", [CLEAN, BAD_EDGES, BAD_NODES])
def test_a_crash_in_between_and_a_second_call_give_the_same(tmp_path, node, edge, finalize, monkeypatch, step, tables):
    expected = finalize(tmp_path / "smooth", [node()], [edge()], tables, "skip")
    original, calls = getattr(module, step), []

    def crash(*arguments, **options):
        calls.append(step)
        if step == "_materialize" and len(calls) == 1:
            return original(*arguments, **options)  # the first file is done, the second is not
        raise KeyboardInterrupt

    folder = tmp_path / "rough"
    monkeypatch.setattr(module, step, crash)
    if not (step == "write_parquet" and tables is CLEAN):
        with pytest.raises(KeyboardInterrupt):
            finalize(folder, [node()], [edge()], tables, "skip")
        monkeypatch.setattr(module, step, original)
        manifest = finalize(folder, [node()], [edge()], None, "skip")
        assert manifest == expected
        assert finalize(folder, [node()], [edge()], None, "skip") == expected
        for path in (file.path for file in expected.files):
            assert pq.read_table(folder / path) == pq.read_table(tmp_path / "smooth" / path)
        assert sorted(path.name for path in folder.iterdir()) == ["edges", "manifest.json", "nodes"]


def test_columns_may_have_the_names_that_the_database_uses(tmp_path, node, finalize):
    definition = node().model_copy(
        update={
            "primary_key": node().primary_key.model_copy(update={"name": "file_row_number"}),
            "properties": [node().properties[0].model_copy(update={"name": name}) for name in ("n", "k", "reason")],
        }
    )
    tables = {"Person": {"file_row_number": ["b", "b", "a"], "n": [1, 2, 3], "k": [1, 2, 3], "reason": [1, 2, 3]}}
    finalize(tmp_path, [definition], [], tables, "skip")
    assert pq.read_table(tmp_path / "nodes/Person.parquet")["n"].to_pylist() == [1, 3]
