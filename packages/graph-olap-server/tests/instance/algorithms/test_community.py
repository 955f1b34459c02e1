"""Communities by what they optimise, and measures of given ones against NetworkX."""

import networkx as nx
import numpy as np
import pytest
from algorithm_cases import GRAPHS, KARATE, Case, reference
from graph_olap_server.instance.algorithms.registry import check_parameters, find

NONE = np.empty(0, np.int64)


def groups(values):
    found = {}
    for node, value in enumerate(values.tolist()):
        found.setdefault(value, set()).add(node)
    return [found[value] for value in sorted(found)]


def benchmark_graph(seed):
    graph = nx.planted_partition_graph(12, 25, 0.25, 0.02, seed=seed)
    ends = np.array(graph.edges(), np.int64)
    return Case(300, ends[:, 0], ends[:, 1], np.ones(len(ends))), graph


@reference("leiden")
@pytest.mark.parametrize("weighted", [False, True])
def test_leiden_yields_connected_communities_and_their_modularity(weighted):
    for number, case in enumerate(GRAPHS):
        resolution = (0.5, 1.0, 2.0)[number % 3]
        computed = case.run("leiden", weighted=weighted, resolution=resolution)
        found = groups(computed.values)
        assert computed.summary["community_count"] == computed.summary["communities"] == len(found)
        order = [(-len(group), min(group)) for group in found]
        assert order == sorted(order)
        weight = "weight" if weighted else None
        graph = case.graph(nx.Graph)
        if graph.size(weight) == 0:
            assert computed.summary["modularity"] is None
            continue
        quality = nx.community.modularity(graph, found, weight=weight, resolution=resolution)
        assert computed.summary["modularity"] == pytest.approx(quality)
        if weighted:
            graph.remove_edges_from([edge[:2] for edge in graph.edges(data="weight") if not edge[2]])
        assert all(nx.is_connected(graph.subgraph(group)) for group in found)
        if number % 8 == 0:
            again = case.run("leiden", weighted=weighted, resolution=resolution)
            assert (again.values == computed.values).all()


@reference("leiden", "louvain")
@pytest.mark.parametrize("name", ["leiden", "louvain"])
def test_modularity_is_at_most_two_percent_below_networkx(name):
    """Together; on a single graph of a dozen nodes every method misses the best partition now and then."""
    ours, theirs = [], []
    for case in GRAPHS:
        graph = case.graph(nx.Graph)
        if graph.size():
            found = nx.community.louvain_communities(graph, weight=None, seed=1)
            theirs.append(nx.community.modularity(graph, found, weight=None))
            ours.append(case.run(name).summary["modularity"])
    assert sum(ours) >= 0.98 * sum(theirs)
    assert np.mean(np.array(ours) >= 0.98 * np.array(theirs) - 1e-9) > 0.9


@pytest.mark.parametrize("name", ["leiden", "louvain"])
@pytest.mark.parametrize("seed", [1, 10, 20])
def test_modularity_on_benchmark_graphs(name, seed):
    case, graph = benchmark_graph(seed)
    theirs = nx.community.modularity(graph, nx.community.louvain_communities(graph, seed=1))
    assert case.run(name).summary["modularity"] >= 0.98 * theirs


def test_the_best_known_modularity_of_the_karate_club():
    """0.4198 is the maximum (Brandes et al., On modularity clustering, 2008)."""
    best = max(KARATE.run("leiden", seed=seed).summary["modularity"] for seed in range(5))
    assert best == pytest.approx(0.4198, abs=2e-3)
    assert best <= 0.41980


def test_leiden_gains_on_louvain_where_degrees_are_skewed():
    graph = nx.barabasi_albert_graph(2000, 8, seed=5)
    ends = np.array(graph.edges(), np.int64)
    case = Case(2000, ends[:, 0], ends[:, 1], np.ones(len(ends)))
    ours, plain = (case.run(name).summary["modularity"] for name in ("leiden", "louvain"))
    assert ours > plain
    assert ours >= 0.98 * nx.community.modularity(graph, nx.community.louvain_communities(graph, seed=1))


def test_leiden_respects_max_phases():
    ring = Case(300, np.arange(300), np.roll(np.arange(300), -1), np.ones(300))
    one, many = ring.run("leiden", max_phases=1), ring.run("leiden")
    assert one.summary["phases"] == 1
    assert many.summary["modularity"] > one.summary["modularity"]


@reference("modularity")
@pytest.mark.parametrize("weighted", [False, True])
def test_modularity_equals_networkx(weighted):
    for number, case in enumerate(GRAPHS):
        given = np.random.default_rng(number).integers(-3, 3, case.nodes).astype(float)
        computed = case.run("modularity", weighted=weighted, community_property=given, resolution=1.5)
        graph = case.graph(nx.Graph)
        weight = "weight" if weighted else None
        if graph.size(weight) == 0:
            assert computed.value is None
            continue
        expected = nx.community.modularity(graph, groups(given), weight=weight, resolution=1.5)
        assert computed.value == pytest.approx(expected)
        assert computed.summary == {"community_count": len(groups(given))}


@reference("conductance")
@pytest.mark.parametrize("weighted", [False, True])
def test_conductance_equals_networkx(weighted):
    for number, case in enumerate(GRAPHS):
        given = np.random.default_rng(number).integers(0, 3, case.nodes).astype(float)
        computed = case.run("conductance", weighted=weighted, community_property=given)
        graph = case.graph(nx.Graph)
        known = []
        for group in groups(given):
            members = sorted(group)
            try:
                expected = nx.conductance(graph, group, weight="weight" if weighted else None)
            except ZeroDivisionError:
                assert not computed.valid[members].any()
                continue
            known.append(expected)
            assert computed.valid[members].all()
            assert computed.values[members] == pytest.approx(expected)
        assert computed.summary["community_count"] == len(groups(given))
        assert computed.summary["average_conductance"] == (pytest.approx(np.mean(known)) if known else None)
        assert computed.summary["max_conductance"] == (pytest.approx(max(known)) if known else None)


def test_the_two_factions_of_the_karate_club():
    """The split that Zachary saw has a modularity of 0.3582."""
    club = nx.karate_club_graph().nodes(data="club")
    factions = np.array([float(name == "Officer") for _, name in club])
    assert KARATE.run("modularity", community_property=factions).value == pytest.approx(0.3582, abs=1e-4)
    assert KARATE.run("conductance", community_property=factions).values[0] == pytest.approx(10 / 76, abs=0.02)


@pytest.mark.parametrize("name", ["modularity", "conductance"])
def test_a_partition_must_be_given(name):
    problems = []
    check_parameters(find(name), {}, problems)
    assert problems == [("parameters.community_property", "a value is required")]


@pytest.mark.parametrize("count", [0, 1])
def test_no_nodes_and_one_node(count):
    case = Case(count, NONE, NONE, np.empty(0))
    assert case.run("leiden").values.tolist() == [0] * count
    assert case.run("modularity", community_property=np.zeros(count)).value is None
    conductance = case.run("conductance", community_property=np.zeros(count))
    assert conductance.valid.tolist() == [False] * count
    assert conductance.summary["average_conductance"] is None


@pytest.mark.parametrize("name", ["louvain", "leiden"])
@pytest.mark.parametrize("unit", [2.0**-1000, 2.0**1000])
def test_communities_do_not_depend_on_the_unit_of_weights(name, unit):
    weight = 1.0 + np.arange(len(KARATE.weight)) % 5
    plain, scaled = (KARATE._replace(weight=part).run(name, weighted=True) for part in (weight, weight * unit))
    assert plain.summary["modularity"] > 0.4
    assert (scaled.values.tolist(), scaled.summary) == (plain.values.tolist(), plain.summary)
