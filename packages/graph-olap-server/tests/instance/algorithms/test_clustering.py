"""Triangles around nodes and edges against NetworkX."""

import networkx as nx
import numpy as np
import pytest
from algorithm_cases import GRAPHS, KARATE, Case, reference

NONE = np.empty(0, np.int64)


@reference("clustering_coefficient", "average_clustering", "transitivity")
def test_clustering_equals_networkx():
    for case in GRAPHS:
        graph = case.graph(nx.Graph, self_loops=False)
        expected = nx.clustering(graph)
        computed = case.run("clustering_coefficient")
        assert computed.values == pytest.approx([expected[node] for node in range(case.nodes)])
        assert computed.summary["average_clustering"] == pytest.approx(nx.average_clustering(graph))
        assert case.run("average_clustering").value == pytest.approx(nx.average_clustering(graph))
        paths = sum(degree * (degree - 1) // 2 for _, degree in graph.degree())
        closed = case.run("transitivity")
        assert closed.summary == {"triangles": sum(nx.triangles(graph).values()) // 3, "paths_of_two": paths}
        assert closed.value == (pytest.approx(nx.transitivity(graph)) if paths else None)


@reference("ktruss")
def test_ktruss_equals_networkx():
    for case in GRAPHS:
        graph = case.graph(nx.Graph, self_loops=False)
        expected = {}
        k, truss = 2, graph
        while truss.number_of_edges():
            expected.update({tuple(sorted(edge)): k for edge in truss.edges()})
            k += 1
            truss = nx.k_truss(graph, k)
        computed = case.run("ktruss")
        ends = zip(computed.source.tolist(), computed.target.tolist(), strict=True)
        assert dict(zip(ends, computed.values.tolist(), strict=True)) == expected
        assert computed.summary == {"max_k": max(expected.values(), default=0)}


def test_ktruss_of_graphs_that_take_many_pieces(monkeypatch):
    random = np.random.default_rng(3)
    case = Case(120, random.integers(0, 120, 2500), random.integers(0, 120, 2500), np.ones(2500))
    whole = case.run("ktruss")
    monkeypatch.setattr("graph_olap_server.instance.algorithms.kernels.trusses._WEDGES_AT_ONCE", 50)
    pieces = case.run("ktruss")
    assert whole.values.tolist() == pieces.values.tolist()
    graph = case.graph(nx.Graph, self_loops=False)
    top = whole.summary["max_k"]
    assert nx.k_truss(graph, top).number_of_edges() == int((whole.values == top).sum())
    assert nx.k_truss(graph, top + 1).number_of_edges() == 0


def test_published_values_of_the_karate_club():
    """M. E. J. Newman's and NetworkX's values for Zachary's club."""
    assert KARATE.run("average_clustering").value == pytest.approx(0.5706, abs=1e-4)
    assert KARATE.run("transitivity").value == pytest.approx(0.2557, abs=1e-4)
    assert KARATE.run("triangle_count").summary["total_triangles"] == 45
    assert KARATE.run("ktruss").summary["max_k"] == 5
    assert KARATE.run("kcore").summary["max_k"] == 4


@pytest.mark.parametrize("count", [0, 1])
def test_no_nodes_and_one_node(count):
    case = Case(count, NONE, NONE, np.empty(0))
    assert case.run("clustering_coefficient").values.tolist() == [0.0] * count
    assert case.run("average_clustering").value == (0.0 if count else None)
    assert case.run("transitivity").value is None
    assert len(case.run("ktruss").values) == 0
