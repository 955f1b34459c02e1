"""Compressed rows against a dictionary of lists."""

import os

import numpy as np
import pytest
from graph_olap_server.instance.projection import build_csr
from graph_olap_server.instance.workers import SharedArray
from hypothesis import given, settings
from hypothesis import strategies as st

MERGE = {"sum": sum, "min": min, "max": max, "count": len}


@st.composite
def edge_lists(draw):
    nodes = draw(st.integers(1, 12))
    ends = st.integers(0, nodes - 1)
    return nodes, draw(st.lists(st.tuples(ends, ends, st.integers(0, 9)), max_size=30))


def rows(arrays, nodes):
    listed = {}
    for node in range(nodes):
        first, last = arrays["indptr"][node], arrays["indptr"][node + 1]
        weights = arrays["weights"][first:last].tolist() if "weights" in arrays else [None] * (last - first)
        for other, weight in zip(arrays["indices"][first:last].tolist(), weights, strict=True):
            listed.setdefault((node, other), []).append(weight)
    return listed


@settings(deadline=None, max_examples=80)
@given(edge_lists(), st.booleans(), st.booleans(), st.sampled_from(["once", "keep", "sum", "min", "max", "count"]))
def test_rows_hold_exactly_the_edges(graph, directed, self_loops, parallel):
    nodes, edges = graph
    source = np.array([edge[0] for edge in edges], np.int64)
    target = np.array([edge[1] for edge in edges], np.int64)
    weight = np.array([edge[2] for edge in edges], float)
    arrays = build_csr(
        nodes,
        source,
        target,
        None if parallel == "once" else weight,
        directed=directed,
        parallel=parallel,
        self_loops=self_loops,
    )
    expected = {}
    for start, end, value in edges:
        if start == end and not self_loops:
            continue
        expected.setdefault((start, end), []).append(float(value))
        if not directed and start != end:
            expected.setdefault((end, start), []).append(float(value))
    found = rows(arrays, nodes)
    assert found.keys() == expected.keys()
    for pair, weights in expected.items():
        if parallel == "once":
            assert found[pair] == [None]
        elif parallel == "keep":
            assert sorted(found[pair]) == sorted(weights)
        else:
            assert found[pair] == [pytest.approx(float(MERGE[parallel](weights)))]


@pytest.mark.parametrize("values", [[], [1], list(range(10_000))])
def test_shared_arrays_hold_their_values(values):
    shared = SharedArray(np.array(values, np.int64))
    opened = shared.open()
    shared.close()
    shared.close()
    assert opened.tolist() == values
    assert not values or not opened.flags.writeable


def test_shared_arrays_are_written_to_their_end(monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:1000]))  # as the system does with gigabytes
    values = np.arange(2000)
    assert SharedArray(values).open().tolist() == values.tolist()
    assert SharedArray(values[::3]).open().tolist() == values[::3].tolist()
    assert SharedArray(values % 2 == 0).open().tolist() == (values % 2 == 0).tolist()
