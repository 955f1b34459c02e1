"""Searches, distances, paths, orders and cycles, against NetworkX and known values."""

from itertools import islice, pairwise

import networkx as nx
import numpy as np
import pytest
from algorithm_cases import GRAPHS, KARATE, Case, reference
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.kernels import distances, searches

KINDS = [("natural", nx.DiGraph), ("undirected", nx.Graph)]


def case_of(nodes, edges):
    source, target, weight = (np.array(column) for column in zip(*edges, strict=True))
    return Case(nodes, source, target, weight.astype(float))


def present(computed):
    places = np.flatnonzero(computed.valid)
    return dict(zip(places.tolist(), computed.values[places].tolist(), strict=True))


def listed(paths):
    return [paths.nodes[first:last].tolist() for first, last in pairwise(paths.offsets)]


@reference("bfs", "ego_network")
@pytest.mark.parametrize(("orientation", "kind"), KINDS)
def test_searches_reach_what_networkx_reaches(orientation, kind):
    for case in GRAPHS:
        graph, middle = case.graph(kind), case.nodes // 2
        far = nx.multi_source_dijkstra_path_length(graph, {0, middle}, weight=None)
        assert present(case.run("bfs", orientation=orientation, source_nodes=[0, middle])) == far
        near = {node: distance for node, distance in far.items() if distance <= 1}
        assert present(case.run("bfs", orientation=orientation, source_nodes=[0, middle], max_depth=1)) == near
    for case in GRAPHS:
        ego = nx.ego_graph(case.graph(), 0, radius=2)
        computed = case.run("ego_network", source_node=0, radius=2)
        assert present(computed) == nx.single_source_shortest_path_length(case.graph(), 0, cutoff=2)
        assert computed.summary["edges_inside"] == ego.number_of_edges()


@pytest.mark.parametrize("many", [0, 10**9])
def test_levels_are_the_same_whichever_way_edges_are_chosen(many, monkeypatch):
    monkeypatch.setattr(searches, "_MANY_OUT", many)
    for case in GRAPHS:
        expected = nx.single_source_shortest_path_length(case.graph(nx.DiGraph), 0)
        assert present(case.run("bfs", orientation="natural", source_nodes=[0])) == expected


def test_a_long_chain_is_searched_to_its_end():
    chain = Case(3000, np.arange(2999), np.arange(1, 3000), np.ones(2999))
    assert chain.run("bfs", source_nodes=[0]).values.tolist() == list(range(3000))
    assert chain.run("bfs", source_nodes=[0], max_depth=1000).summary["max_depth"] == 1000


@reference("dfs")
def test_depth_first_order_equals_networkx():
    for case in GRAPHS:
        ordered = nx.DiGraph()
        ordered.add_nodes_from(range(case.nodes))
        ordered.add_edges_from(sorted(case.graph(nx.DiGraph).edges))
        assert case.run("dfs", source_node=0).nodes.tolist() == list(nx.dfs_preorder_nodes(ordered, 0))


@reference("single_source_shortest_paths", "all_pairs_shortest_paths")
@pytest.mark.parametrize(("orientation", "kind"), KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_distances_equal_networkx(orientation, kind, weighted):
    for case in GRAPHS:
        graph = case.graph(kind, parallel="min")
        lengths = dict(nx.all_pairs_dijkstra_path_length(graph, weight="weight" if weighted else None))
        how = {"orientation": orientation, "weighted": weighted}
        assert present(case.run("single_source_shortest_paths", source_node=0, **how)) == lengths[0]
        near = {node: far for node, far in lengths[0].items() if far <= 4}
        assert present(case.run("single_source_shortest_paths", source_node=0, max_distance=4.0, **how)) == near
        pairs = case.run("all_pairs_shortest_paths", max_distance=4.0, **how)
        found = dict(zip(zip(pairs.source.tolist(), pairs.target.tolist(), strict=True), pairs.scores, strict=True))
        assert found == {(a, b): far for a in lengths for b, far in lengths[a].items() if a != b and far <= 4}


@pytest.mark.parametrize("few", [0, 16, 10**9])
@pytest.mark.parametrize(("orientation", "kind"), KINDS)
def test_steps_between_all_pairs_are_the_same_whichever_way_they_are_counted(orientation, kind, few, monkeypatch):
    monkeypatch.setattr(searches, "_FEW_OUT", few)
    monkeypatch.setattr(distances, "_STEPS_AT_ONCE", 64)  # several batches, also of small graphs
    for case in GRAPHS[::2]:
        graph = case.graph(kind)
        for limit in (0.5, 2.9, 1e9):
            pairs = case.run("all_pairs_shortest_paths", max_distance=limit, orientation=orientation)
            found = zip(pairs.source.tolist(), pairs.target.tolist(), pairs.scores.tolist(), strict=True)
            lengths = dict(nx.all_pairs_shortest_path_length(graph, cutoff=int(limit)))
            assert list(found) == [
                (a, b, far) for a in range(case.nodes) for b, far in sorted(lengths[a].items()) if a != b
            ]


def test_steps_along_a_long_chain_are_counted_to_its_end():
    chain = Case(1200, np.arange(1199), np.arange(1, 1200), np.ones(1199))
    pairs = chain.run("all_pairs_shortest_paths", max_distance=1e9, source_nodes=[1100, 0])
    assert pairs.source.tolist() == [0] * 1199 + [1100] * 99
    assert pairs.scores.tolist() == [*range(1, 1200), *range(1, 100)]


def test_too_many_pairs_are_an_error():
    with pytest.raises(PlatformError, match="More than 10 pairs"):
        KARATE.run("all_pairs_shortest_paths", max_pairs=10)


@reference("bellman_ford")
def test_negative_lengths_equal_networkx_and_negative_cycles_are_named():
    cyclic = 0
    for case in GRAPHS:
        shifted = case._replace(weight=case.weight - 3)
        graph = shifted.graph(nx.DiGraph, parallel="min")
        try:
            expected = nx.single_source_bellman_ford_path_length(graph, 0)
        except nx.NetworkXUnbounded:
            cyclic += 1
            with pytest.raises(PlatformError, match="add up to -") as caught:
                shifted.run("bellman_ford", weighted=True, source_node=0)
            nodes = caught.value.details["nodes"]
            assert nodes[0] == nodes[-1]
            assert nx.path_weight(graph, nodes, "weight") == caught.value.details["total"] < 0
        else:
            assert present(shifted.run("bellman_ford", weighted=True, source_node=0)) == dict(expected)
    assert 20 < cyclic < 180


@reference("k_shortest_paths", "astar")
@pytest.mark.parametrize(("orientation", "kind"), KINDS)
def test_paths_cost_what_the_cheapest_of_networkx_cost(orientation, kind):
    for number, case in enumerate(GRAPHS):
        graph, target = case.graph(kind, parallel="min"), case.nodes - 1 if number % 2 else case.nodes // 2
        try:
            simple = nx.shortest_simple_paths(graph, 0, target, weight="weight")
            costs = [nx.path_weight(graph, path, "weight") for path in islice(simple, 5)]
        except nx.NetworkXNoPath:
            costs = []
        how = {"weighted": True, "orientation": orientation, "source_node": 0, "target_node": target}
        computed = case.run("k_shortest_paths", k=5, **how)
        assert computed.costs.tolist() == costs
        assert [nx.path_weight(graph, path, "weight") for path in listed(computed)] == costs
        assert len({tuple(path) for path in listed(computed)}) == len(costs)
        assert all(len(set(path)) == len(path) for path in listed(computed))
        x, y = np.random.default_rng(number).uniform(-80, 80, (2, case.nodes))
        for metric in ("euclidean", "haversine"):
            best = case.run("astar", x_property=x, y_property=y, metric=metric, **how)
            assert [nx.path_weight(graph, path, "weight") for path in listed(best)] == costs[:1]
            assert best.costs == pytest.approx(costs[:1])


@reference("eccentricity", "diameter")
def test_eccentricities_equal_networkx_in_every_part():
    for case in GRAPHS:
        graph = case.graph()
        parts = [graph.subgraph(part) for part in nx.connected_components(graph)]
        expected = {node: far for part in parts for node, far in nx.eccentricity(part).items()}
        computed = case.run("eccentricity").values
        assert computed.tolist() == [expected[node] for node in range(case.nodes)]
        exact, guess = case.run("diameter"), case.run("diameter", max_searches=1)
        assert exact.value == max(expected.values())
        assert exact.summary["exact"] is True
        assert guess.summary["lower_bound"] <= exact.value <= guess.summary["upper_bound"]
    assert KARATE.run("diameter").value == 5
    assert KARATE.run("eccentricity").summary["radius"] == 3


@pytest.mark.parametrize(
    "graph",
    [
        nx.gnm_random_graph(500, 2500, seed=1),
        nx.gnm_random_graph(600, 700, seed=2),
        nx.disjoint_union(nx.random_regular_graph(4, 300, seed=3), nx.random_regular_graph(3, 200, seed=3)),
        nx.cycle_graph(400),
        nx.grid_2d_graph(17, 23, periodic=True),
        nx.barabasi_albert_graph(700, 2, seed=4),
    ],
    ids=["random", "sparse", "two parts", "cycle", "torus", "hubs"],
)
def test_eccentricities_where_bounds_settle_little(graph):
    """Searches go side by side then."""
    graph = nx.convert_node_labels_to_integers(graph)
    ends = np.array(graph.edges(), np.int64)
    case = Case(len(graph), ends[:, 0], ends[:, 1], np.ones(len(ends)))
    parts = [graph.subgraph(part) for part in nx.connected_components(graph)]
    expected = {node: far for part in parts for node, far in nx.eccentricity(part).items()}
    computed = case.run("eccentricity")
    assert computed.values.tolist() == [expected[node] for node in range(len(graph))]
    assert computed.summary["searches"] <= len(graph)
    exact = case.run("diameter")
    assert (exact.value, exact.summary["exact"]) == (max(expected.values()), True)
    for most in (1, 17, 80):
        guess = case.run("diameter", max_searches=most).summary
        assert guess["searches"] <= most
        assert guess["lower_bound"] <= exact.value <= guess["upper_bound"]


@reference("topological_order")
def test_a_topological_order_exists_where_networkx_says_so():
    for case in GRAPHS:
        low, high = np.minimum(case.source, case.target), np.maximum(case.source, case.target)
        apart = low < high
        forward = Case(case.nodes, high[apart], low[apart], case.weight[apart])
        order = forward.run("topological_order").nodes
        place = np.argsort(order)
        assert sorted(order.tolist()) == list(range(case.nodes))
        assert (place[forward.source] < place[forward.target]).all()
        graph = case.graph(nx.DiGraph)
        if nx.is_directed_acyclic_graph(graph):
            case.run("topological_order")
            continue
        with pytest.raises(PlatformError, match="no such order") as caught:
            case.run("topological_order")
        nodes = caught.value.details["nodes"]
        assert nodes[0] == nodes[-1]
        assert nx.is_path(graph, nodes)


@reference("cycles")
def test_cycles_are_those_of_networkx():
    for case in GRAPHS:
        computed = case.run("cycles", max_length=4, max_cycles=100_000)
        found = [tuple(nodes[:-1]) for nodes in listed(computed)]
        expected = list(nx.simple_cycles(case.graph(nx.DiGraph), length_bound=4))
        turned = {tuple(nodes[nodes.index(min(nodes)) :] + nodes[: nodes.index(min(nodes))]) for nodes in expected}
        assert len(found) == len(expected)
        assert set(found) == turned
        assert computed.summary["complete"] is True
        few = case.run("cycles", max_length=4, max_cycles=1)
        assert few.summary == {"cycles": min(1, len(found)), "complete": len(found) <= 1}
