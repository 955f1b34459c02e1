"""Finalisation of random dirty tables against a plain Python reference."""

import datetime as dt
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graph_olap.models import EdgeDefinition, NodeDefinition
from graph_olap.models.types import KEY_TYPES, parse_type
from graph_olap_server.snapshots.finalize import BadRowsError, finalize_snapshot
from graph_olap_server.warehouse.types import arrow_type
from hypothesis import given, settings
from hypothesis import strategies as st

POOLS = {
    "STRING": ["", "a", "A", "é", "e\u0301", "日本", "🙂", "a\0b", " a", "null"],
    "INT64": [-(2**63), 2**63 - 1, 0, -1, 7],
    "INT32": [-(2**31), 2**31 - 1, 0, 7],
    "INT16": [-(2**15), 2**15 - 1, 0, 7],
    "INT8": [-128, 127, 0, 7],
    "UUID": [f"00000000-0000-0000-0000-00000000000{i}" for i in "0123abcf"],
    "DATE": [dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1970, 1, 1), dt.date(2020, 2, 29)],
    "TIMESTAMP": [dt.datetime(1900, 1, 1, 0, 0, 0, 1), dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, 0, 0, 0, 1)],
}


def rows(*pools):
    return st.lists(st.tuples(*(st.none() | st.sampled_from(pool) for pool in pools)), max_size=14)


@st.composite
def graphs(draw):
    first, second = draw(st.sampled_from(KEY_TYPES)), draw(st.sampled_from(KEY_TYPES))
    ends = draw(st.sampled_from([("A", "A"), ("A", "B"), ("B", "B")]))
    pools = {"A": POOLS[first], "B": POOLS[second]}
    clean = draw(st.booleans())
    nodes = {label: draw(rows(pool)) for label, pool in pools.items()}
    edges = draw(rows(pools[ends[0]], pools[ends[1]]))
    if clean:
        nodes = {label: [(key,) for key in dict.fromkeys(k for (k,) in keys) if key is not None]
                 for label, keys in nodes.items()}  # fmt: skip
    return {"A": first, "B": second}, ends, nodes, edges


def reference_nodes(keys):
    """Kept row numbers and counts (null, duplicate)."""
    kept, seen, nulls, duplicates = [], set(), 0, 0
    for number, (key,) in enumerate(keys):
        if key is None:
            nulls += 1
        elif key in seen:
            duplicates += 1
        else:
            seen.add(key)
            kept.append(number)
    return kept, {"null_key": nulls, "duplicate_key": duplicates}


def reference_edges(pairs, starts, ends):
    kept, counts = [], {"null_key": 0, "dangling_from": 0, "dangling_to": 0}
    for number, (start, end) in enumerate(pairs):
        if start is None or end is None:
            counts["null_key"] += 1
        elif start not in starts:
            counts["dangling_from"] += 1
        elif end not in ends:
            counts["dangling_to"] += 1
        else:
            kept.append(number)
    return kept, counts


@settings(deadline=None, max_examples=40)
@given(graphs(), st.sampled_from(["strict", "report", "skip"]))
def test_finalisation_equals_the_reference(graph, mode):
    types, (start, end), nodes, edges = graph
    definitions = [
        NodeDefinition(label=label, sql="", primary_key={"name": "id", "type": kind},
                       properties=[{"name": "row", "type": "INT64"}])
        for label, kind in types.items()
    ]  # fmt: skip
    relation = EdgeDefinition(
        type="E", from_node=start, to_node=end, sql="", from_key="f", to_key="t",
        properties=[{"name": "row", "type": "INT64"}],
    )  # fmt: skip
    expected = {label: reference_nodes(keys) for label, keys in nodes.items()}
    keys = {label: {key for (key,) in found if key is not None} for label, found in nodes.items()}
    expected["E"] = reference_edges(edges, keys[start], keys[end])
    bad_nodes = any(sum(expected[label][1].values()) for label in nodes)
    bad_edges = sum(expected["E"][1].values())
    forbidden = mode != "skip" and (bad_nodes or (mode == "strict" and bad_edges))

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        exported = {}
        for label, kind in types.items():
            exported["node", label] = folder / f"{label}.parquet"
            columns = {"id": pa.array([key for (key,) in nodes[label]], arrow_type(parse_type(kind)))}
            write(exported["node", label], columns, len(nodes[label]))
        exported["edge", "E"] = folder / "E.parquet"
        columns = {
            "f": pa.array([pair[0] for pair in edges], arrow_type(parse_type(types[start]))),
            "t": pa.array([pair[1] for pair in edges], arrow_type(parse_type(types[end]))),
        }
        write(exported["edge", "E"], columns, len(edges))

        def run():
            return finalize_snapshot(
                folder, snapshot_id=1, mapping_id=1, mapping_version=1, node_definitions=definitions,
                edge_definitions=[relation], on_bad_rows=mode, exported=exported,
            )  # fmt: skip

        if forbidden:
            with pytest.raises(BadRowsError) as caught:
                run()
            report = caught.value.load_report
            assert all(path.exists() for path in exported.values())
        else:
            manifest = run()
            report = manifest.load_report
            for label, (kept, _) in expected.items():
                table = pq.read_table(folder / manifest.file_of(label).path)
                assert table["row"].to_pylist() == kept
                assert manifest.file_of(label).rows == len(kept)
        for label, (kept, counts) in expected.items():
            found = report[label]
            assert {item.reason: item.rows for item in found.rejected} == {r: n for r, n in counts.items() if n}
            assert found.rows_loaded == len(kept)
            assert found.rows_read == found.rows_loaded + found.rows_rejected == len(kept) + sum(counts.values())


def write(path, columns, count):
    pq.write_table(pa.table({**columns, "row": pa.array(range(count), pa.int64())}), path)
