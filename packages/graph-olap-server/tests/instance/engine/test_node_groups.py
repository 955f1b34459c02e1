"""Communities named by a property of any type, also one whose type differs between labels."""

import datetime

import networkx as nx
import numpy as np
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.native import NativeAlgorithms
from graph_olap_server.instance.algorithms.registry import find
from graph_olap_server.instance.projection import ProjectionCache
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.instance.workers import Control, WorkerPool

COUNT = 30
DAY = datetime.date(2024, 1, 1)
BIG = 2**60


@pytest.fixture(scope="module")
def workers():
    pool = WorkerPool(threads=1)
    yield pool
    pool.close()


@pytest.fixture
def native(files, load, workers):
    rng = np.random.default_rng(4)
    groups = rng.integers(0, 3, COUNT)
    edges = [[int(start), int(end)] for start, end in rng.integers(0, COUNT, (80, 2)) if start != end]
    types = {"text": "STRING", "flag": "BOOL", "day": "DATE", "big": "INT64", "part": "DOUBLE", "list": "LIST<INT64>"}
    rows = [
        [key, "abc"[group], bool(group), DAY + datetime.timedelta(int(group)), BIG + int(group), group / 3, [1]]
        for key, group in enumerate(groups)
    ]
    files.node("N", ("id", "INT64"), {**types, "some": "STRING"}, [[*row, "x" if row[0] else None] for row in rows])
    files.node("Other", ("id", "INT64"), {"text": "INT64"}, [[1, 7], [2, 7]])
    graph = load(files.edge("E", ("N", "N"), {}, edges))
    undirected = nx.Graph(edges)
    undirected.add_nodes_from(range(COUNT))
    return NativeAlgorithms(graph.engine, files.manifest(), ProjectionCache(), workers), groups, undirected


def run(native, name, **body):
    return native.task(find(name), Fields(body), "ann").run(Control(60_000)).result


@pytest.mark.parametrize("name", ["text", "flag", "day", "big", "part"])
def test_a_partition_may_be_named_by_any_single_value(native, name):
    algorithms, groups, graph = native
    groups = groups > 0 if name == "flag" else groups
    sets = [set(np.flatnonzero(groups == group).tolist()) for group in np.unique(groups)]
    found = run(algorithms, "modularity", node_label="N", parameters={"community_property": name})
    assert found["community_count"] == len(sets)
    assert found["value"] == pytest.approx(nx.community.modularity(graph, sets))
    found = run(algorithms, "conductance", node_label="N", parameters={"community_property": name})
    assert found["max_conductance"] == pytest.approx(max(nx.conductance(graph, part) for part in sets))


def test_labels_may_differ_in_its_type(native):
    found = run(native[0], "modularity", parameters={"community_property": "text"})
    assert (found["node_count"], found["community_count"]) == (COUNT + 2, 4)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("list", r"N.list is LIST<INT64>; it must be a single value"),
        ("some", "1 of 30 N nodes have no some; leave them out with a query"),
        ("texd", "N has no property texd; it has id, text, flag"),
    ],
)
def test_what_names_no_partition_is_refused(native, name, words):
    with pytest.raises(PlatformError, match=words) as caught:
        run(native[0], "modularity", node_label="N", parameters={"community_property": name})
    assert (caught.value.code, caught.value.details["field"]) == ("VALIDATION_FAILED", "parameters.community_property")


def test_labels_that_a_query_leaves_out_need_not_have_it(native):
    query = "MATCH (a:N)-[:E]->(b:N) WHERE a.some = 'x' AND b.some = 'x' RETURN a AS source, b AS target"
    found = run(native[0], "modularity", projection={"query": query}, parameters={"community_property": "some"})
    assert (found["community_count"], found["value"]) == (1, 0.0)
    found = run(native[0], "modularity", projection={"query": query}, parameters={"community_property": "day"})
    assert found["community_count"] == 3
    both = "MATCH (a) WHERE a.id < 3 RETURN a AS source, NULL AS target"
    for selecting, name, words in (
        (query, "dya", "there is no property of nodes 'dya'; did you mean day"),
        (both, "day", "Other has no property day; leave its nodes out of the query"),
    ):
        with pytest.raises(PlatformError, match=words) as caught:
            run(native[0], "modularity", projection={"query": selecting}, parameters={"community_property": name})
        assert caught.value.code == "VALIDATION_FAILED"
        assert caught.value.details["field"] == "parameters.community_property"
