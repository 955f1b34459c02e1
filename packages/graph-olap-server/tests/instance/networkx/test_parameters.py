"""Arguments by primary key, from a request to what NetworkX takes."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from graph_olap.models import AlgorithmInfo
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.networkx_bridge.catalog import describe_all
from graph_olap_server.instance.networkx_bridge.parameters import bind
from graph_olap_server.instance.networkx_bridge.run import run
from graph_olap_server.instance.projection import build_csr

INFOS = {entry["name"]: AlgorithmInfo.from_dict(entry) for entry in describe_all()}
KEYS = {"a": 0, "b": 1, "c": 2, "d": 3}
EDGES = [("a", "b", 2.0), ("b", "c", 1.0), ("c", "a", 4.0), ("c", "d", 3.0)]
ARRAYS = build_csr(
    4, np.array([KEYS[a] for a, _, _ in EDGES]), np.array([KEYS[b] for _, b, _ in EDGES]),
    np.array([w for _, _, w in EDGES]), directed=True, parallel="sum",
)  # fmt: skip
UNDIRECTED = nx.Graph()
UNDIRECTED.add_weighted_edges_from(EDGES)
DIRECTED = nx.DiGraph()
DIRECTED.add_weighted_edges_from(EDGES)


def _run(name, given, *, directed):
    problems = []
    arguments = bind(INFOS[name], given, KEYS.__getitem__, problems)
    assert problems == []
    return run(**ARRAYS, name=name, arguments=arguments, directed=directed, edge_count=len(EDGES), write=False).result


@pytest.mark.parametrize(
    ("name", "given", "directed", "expected"),
    [
        ("modularity", {"communities": [["a", "b"], ["c", "d"]]}, False,
         nx.community.modularity(UNDIRECTED, [{"a", "b"}, {"c", "d"}])),
        ("is_partition", {"communities": [["a", "b"], ["c", "d"]]}, False, True),
        ("is_partition", {"communities": [["a", "b"], ["c"]]}, False, False),
        ("is_matching", {"matching": [["a", "b"], ["c", "d"]]}, False, True),
        ("is_matching", {"matching": [["a", "b"], ["b", "c"]]}, False, False),
        ("cut_size", {"S": ["a", "b"], "T": ["c", "d"], "weight": "weight"}, False,
         nx.cut_size(UNDIRECTED, {"a", "b"}, {"c", "d"}, weight="weight")),
        ("resistance_distance", {"nodeA": "a", "nodeB": "d"}, False, nx.resistance_distance(UNDIRECTED, "a", "d")),
        ("maximum_flow_value", {"_s": "a", "_t": "d", "capacity": "weight"}, True,
         nx.maximum_flow_value(DIRECTED, "a", "d", capacity="weight")),
    ],
)  # fmt: skip
def test_sets_pairs_and_texts_reach_the_function(name, given, directed, expected):
    result = _run(name, given, directed=directed)
    assert result["value"] == pytest.approx(expected)


def test_texts_of_a_degree_are_no_nodes():
    result = _run("average_neighbor_degree", {"source": "out", "target": "in"}, directed=True)
    expected = nx.average_neighbor_degree(DIRECTED, source="out", target="in")
    assert {entry["node"].dense: entry["value"] for entry in result["values"]} == {
        KEYS[key]: pytest.approx(value) for key, value in expected.items()
    }


def test_trees_keep_their_weights():
    result = _run("minimum_spanning_tree", {}, directed=False)
    assert sorted(edge["weight"] for edge in result["edge_list"]) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("given", [{"communities": ["a"]}, {"communities": "a"}])
def test_groups_that_are_none_are_named(given):
    problems = []
    bind(INFOS["modularity"], given, KEYS.__getitem__, problems)
    assert problems == [("parameters.communities", "an array of arrays of primary keys is required")]


def test_whatever_the_library_raises_is_explained():
    with pytest.raises(PlatformError, match="does not support directed graphs"):
        _run("triangles", {}, directed=True)
    with pytest.raises(PlatformError, match="k_core failed") as caught:
        _run("k_core", {"k": "x"}, directed=False)
    assert caught.value.code == "ALGORITHM_FAILED"
