"""Blocks, bridges and articulation points against NetworkX."""

import networkx as nx
import numpy as np
from algorithm_cases import GRAPHS, KARATE, Case, reference

NONE = np.empty(0, np.int64)


def pairs(computed):
    return list(zip(computed.source.tolist(), computed.target.tolist(), strict=True))


@reference("articulation_points")
def test_articulation_points_equal_networkx():
    for case in GRAPHS:
        computed = case.run("articulation_points")
        expected = set(nx.articulation_points(case.graph(nx.Graph)))
        assert set(np.flatnonzero(computed.values).tolist()) == expected
        assert computed.summary == {"articulation_points": len(expected)}
        assert len(computed.values) == case.nodes


@reference("bridges")
def test_bridges_equal_networkx():
    for case in GRAPHS:
        computed = case.run("bridges")
        expected = sorted(tuple(sorted(edge)) for edge in nx.bridges(case.graph(nx.Graph)))
        assert pairs(computed) == expected
        assert computed.values.all()
        assert computed.summary == {"bridges": len(expected)}


@reference("biconnected_components")
def test_biconnected_components_equal_networkx():
    for case in GRAPHS:
        computed = case.run("biconnected_components")
        found = {}
        for edge, block in zip(pairs(computed), computed.values.tolist(), strict=True):
            found.setdefault(block, set()).add(edge)
        components = nx.biconnected_component_edges(case.graph(nx.Graph, self_loops=False))
        expected = [{tuple(sorted(edge)) for edge in component} for component in components]
        assert sorted(map(sorted, found.values())) == sorted(map(sorted, expected))
        assert computed.summary["component_count"] == len(expected)
        assert list(found) == list(dict.fromkeys(computed.values.tolist()))
        sizes = [len(found[block]) for block in range(len(found))]
        assert sizes == sorted(sizes, reverse=True)


def test_blocks_of_a_deep_graph():
    count = 200_000
    case = Case(count, np.arange(count - 1), np.arange(1, count), np.ones(count - 1))
    assert len(case.run("bridges").values) == count - 1
    ring = Case(count, np.arange(count), np.roll(np.arange(count), -1), np.ones(count))
    assert ring.run("biconnected_components").summary == {"component_count": 1, "largest_component": count}
    assert not ring.run("articulation_points").values.any()


def test_the_karate_club_hangs_on_its_instructor():
    assert np.flatnonzero(KARATE.run("articulation_points").values).tolist() == [0]
    assert pairs(KARATE.run("bridges")) == [(0, 11)]


def test_no_nodes_and_one_node():
    for count in (0, 1):
        case = Case(count, NONE, NONE, np.empty(0))
        assert case.run("articulation_points").values.tolist() == [False] * count
        assert pairs(case.run("bridges")) == []
        assert case.run("biconnected_components").summary == {"component_count": 0, "largest_component": 0}
