"""Similarity, link prediction, trees, flows, walks and embeddings, against NetworkX and brute force."""

from itertools import pairwise, product

import networkx as nx
import numpy as np
import pytest
from algorithm_cases import GRAPHS, KARATE, Case, reference
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.registry import find
from graph_olap_server.instance.projection import build_csr

ALL = 1_000_000


def scores(pairs):
    return dict(zip(zip(pairs.source.tolist(), pairs.target.tolist(), strict=True), pairs.scores, strict=True))


@reference("jaccard_similarity", "cosine_similarity", "overlap_similarity")
@pytest.mark.parametrize(("orientation", "kind"), [("natural", nx.DiGraph), ("undirected", nx.Graph)])
def test_similarities_are_those_of_the_neighbourhoods(orientation, kind):
    for case in GRAPHS:
        graph = case.graph(kind, self_loops=False)
        near = {node: set(graph[node]) for node in graph}
        common = {(a, b): len(near[a] & near[b]) for a in graph for b in graph if a != b and near[a] & near[b]}
        rows = nx.to_numpy_array(graph)
        expected = {
            "jaccard_similarity": {(a, b): both / len(near[a] | near[b]) for (a, b), both in common.items()},
            "overlap_similarity": {(a, b): n / min(len(near[a]), len(near[b])) for (a, b), n in common.items()},
            "cosine_similarity": {(a, b): n / (len(near[a]) * len(near[b])) ** 0.5 for (a, b), n in common.items()},
        }
        for name, pairs in expected.items():
            assert scores(case.run(name, orientation=orientation, top_k=ALL)) == pytest.approx(pairs)
        weighted = case.run("cosine_similarity", orientation=orientation, weighted=True, top_k=ALL)
        for (a, b), score in scores(weighted).items():
            assert score == pytest.approx(rows[a] @ rows[b] / (np.linalg.norm(rows[a]) * np.linalg.norm(rows[b])))


@reference("adamic_adar", "common_neighbors", "resource_allocation", "preferential_attachment")
@pytest.mark.parametrize("neighbours", [False, True])
def test_link_prediction_equals_networkx(neighbours):
    functions = {
        "adamic_adar": nx.adamic_adar_index,
        "resource_allocation": nx.resource_allocation_index,
        "preferential_attachment": nx.preferential_attachment,
        "common_neighbors": lambda graph, pairs: (
            (a, b, len(list(nx.common_neighbors(graph, a, b)))) for a, b in pairs
        ),
    }
    for case in GRAPHS:
        graph = case.graph(self_loops=False)
        pairs = [(a, b) for a in graph for b in graph if a != b and (neighbours or not graph.has_edge(a, b))]
        for name, function in functions.items():
            expected = {(a, b): score for a, b, score in function(graph, pairs) if score > 0}
            assert scores(case.run(name, top_k=ALL, include_neighbors=neighbours)) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["jaccard_similarity", "adamic_adar", "preferential_attachment"])
def test_the_best_of_each_node_are_kept_in_order(name):
    everything = scores(KARATE.run(name, top_k=ALL))
    chosen = KARATE.run(name, top_k=3, source_nodes=[5, 0])
    for node in (0, 5):
        ranked = sorted((-score, b) for (a, b), score in everything.items() if a == node)[:3]
        assert chosen.target[chosen.source == node].tolist() == [b for _, b in ranked]
    assert chosen.source.tolist() == [0] * 3 + [5] * 3


@pytest.mark.parametrize("name", ["jaccard_similarity", "cosine_similarity", "common_neighbors", "resource_allocation"])
@pytest.mark.parametrize("top_k", [1, 2, 5])
def test_the_best_are_those_of_the_whole_list(name, top_k):
    for case in (KARATE, *GRAPHS[:60]):
        ranked: dict[int, list[tuple[float, int]]] = {}
        for (node, other), score in scores(case.run(name, top_k=ALL)).items():
            ranked.setdefault(node, []).append((-score, other))
        expected = [(node, other) for node in sorted(ranked) for _, other in sorted(ranked[node])[:top_k]]
        assert list(scores(case.run(name, top_k=top_k))) == expected


def test_a_threshold_leaves_out_smaller_scores():
    everything = scores(KARATE.run("jaccard_similarity", top_k=ALL))
    chosen = scores(KARATE.run("jaccard_similarity", top_k=ALL, threshold=0.5))
    assert chosen == {pair: score for pair, score in everything.items() if score >= 0.5}
    assert 0 < len(chosen) < len(everything)


@reference("minimum_spanning_tree")
def test_spanning_trees_cost_what_those_of_networkx_cost():
    for case in GRAPHS:
        shifted = case._replace(weight=case.weight - 3)
        graph = shifted.graph(self_loops=False, parallel="min")
        tree = shifted.run("minimum_spanning_tree", weighted=True)
        expected = nx.minimum_spanning_tree(graph)
        chosen = nx.Graph(zip(tree.source.tolist(), tree.target.tolist(), strict=True))
        assert tree.values.sum() == expected.size("weight")
        assert len(tree.values) == expected.number_of_edges() == chosen.number_of_edges()
        assert not len(chosen) or nx.is_forest(chosen)
        ends = zip(tree.source.tolist(), tree.target.tolist(), tree.values.tolist(), strict=True)
        assert all(graph[a][b]["weight"] == weight for a, b, weight in ends)
        assert tree.summary["trees"] == nx.number_connected_components(graph)


@reference("max_flow", "min_cut")
def test_flows_and_cuts_equal_networkx():
    for case in GRAPHS:
        if case.nodes < 2:
            continue
        target = case.nodes // 2
        tenths = case._replace(weight=case.weight / 10)
        graph = tenths.graph(nx.DiGraph, self_loops=False)
        value = nx.maximum_flow_value(graph, 0, target, capacity="weight")
        flow = tenths.run("max_flow", weighted=True, source_node=0, target_node=target)
        assert flow.summary["max_flow"] == pytest.approx(value)
        balance = np.zeros(case.nodes)
        for a, b, carried in zip(flow.source, flow.target, flow.values, strict=True):
            assert 0 < carried <= graph[a][b]["weight"] + 1e-9
            balance[a] += carried
            balance[b] -= carried
        assert balance == pytest.approx([value * ((node == 0) - (node == target)) for node in range(case.nodes)])
        cut = tenths.run("min_cut", weighted=True, source_node=0, target_node=target)
        ahead = [(a, b) for a, b in graph.edges if cut.values[a] < cut.values[b]]
        assert (cut.values[0], cut.values[target]) == (0, 1)
        assert sum(graph[a][b]["weight"] for a, b in ahead) == pytest.approx(value)
        both = tenths.graph(self_loops=False)
        side = tenths.run("min_cut", weighted=True, orientation="undirected", source_node=0, target_node=target)
        assert side.summary["cut_value"] == pytest.approx(nx.minimum_cut_value(both, 0, target, capacity="weight"))


def test_a_flow_needs_two_nodes_and_countable_capacities():
    with pytest.raises(PlatformError, match="same node"):
        KARATE.run("max_flow", source_node=3, target_node=3)
    with pytest.raises(PlatformError, match="round them"):
        KARATE._replace(weight=KARATE.weight / 3).run("max_flow", weighted=True, source_node=0, target_node=33)


@pytest.mark.parametrize("unit", [1e-12, 1e-6, 0.01])
def test_small_capacities_are_not_taken_for_none(unit):
    weight = 1.0 + np.arange(len(KARATE.weight)) % 5
    ends = {"source_node": 0, "target_node": 33}
    plain = KARATE._replace(weight=weight).run("max_flow", weighted=True, **ends).summary["max_flow"]
    computed = KARATE._replace(weight=weight * unit).run("max_flow", weighted=True, **ends).summary["max_flow"]
    assert plain > 0
    assert computed == pytest.approx(plain * unit, rel=1e-9)
    no_unit_fits = KARATE._replace(weight=np.append(weight[:-1] * 1e-12, 1.0))
    with pytest.raises(PlatformError, match="need more to be exact"):
        no_unit_fits.run("max_flow", weighted=True, **ends)


@pytest.mark.parametrize("unit", [2.0**-1000, 2.0**1000])
def test_cosine_similarity_does_not_depend_on_the_unit_of_weights(unit):
    weight = 1.0 + np.arange(len(KARATE.weight)) % 5
    plain, scaled = (
        KARATE._replace(weight=part).run("cosine_similarity", weighted=True, top_k=ALL)
        for part in (weight, weight * unit)
    )
    assert len(plain.scores) > 300
    assert scores(scaled) == scores(plain)


@reference("random_walks")
@pytest.mark.parametrize("factors", [{}, {"return_factor": 0.25, "in_out_factor": 4.0}])
@pytest.mark.parametrize("weighted", [False, True])
def test_walks_follow_edges_and_end_only_where_none_leads_on(factors, weighted):
    for case in GRAPHS:
        graph = case.graph(nx.DiGraph)
        walks = case.run("random_walks", weighted=weighted, walk_length=6, walks_per_node=2, **factors)
        again = case.run("random_walks", weighted=weighted, walk_length=6, walks_per_node=2, **factors)
        assert walks.nodes.tolist() == again.nodes.tolist()
        parts = [walks.nodes[first:last].tolist() for first, last in pairwise(walks.offsets)]
        assert [part[0] for part in parts] == [node for node in range(case.nodes) for _ in range(2)]
        for part in parts:
            steps = [graph[a][b]["weight"] for a, b in pairwise(part)]
            assert not weighted or all(step > 0 for step in steps)
            left = [edge for edge in graph[part[-1]].values() if edge["weight"] > 0 or not weighted]
            assert len(part) == 7 or not left


def test_walks_choose_in_proportion_to_weights_and_biases():
    star = Case(4, np.array([0, 0]), np.array([1, 2]), np.array([1.0, 3.0]))
    walks = star.run("random_walks", weighted=True, source_nodes=[0], walks_per_node=20_000, walk_length=1)
    assert (walks.nodes == 2).mean() * 2 == pytest.approx(0.75, abs=0.02)
    # From 0 to 1; there back to 0 (1 / 0.5), on to 2, a neighbour of 0 (1), or away to 3 (1 / 4).
    kite = Case(4, np.array([0, 0, 1, 1, 1]), np.array([1, 2, 0, 2, 3]), np.ones(5))
    walks = kite.run(
        "random_walks", source_nodes=[0], walks_per_node=40_000, walk_length=2, return_factor=0.5, in_out_factor=4.0
    )
    parts = [walks.nodes[first:last].tolist() for first, last in pairwise(walks.offsets)]
    third = np.bincount([part[2] for part in parts if part[1] == 1], minlength=4)
    assert third / third.sum() == pytest.approx(np.array([2, 0, 1, 0.25]) / 3.25, abs=0.02)


@pytest.mark.parametrize("weighted", [False, True])
def test_walks_whose_choices_are_nearly_all_refused_still_choose_in_proportion(weighted):
    # Node 1 leads back to 0 (1 / 1e6), and to 2 and 3 alike, which lie farther off (1 / 1e6 too), by weight.
    fork = Case(5, np.array([0, 1, 1, 1, 4, 4]), np.array([1, 0, 2, 3, 0, 1]), np.array([1.0, 2.0, 1.0, 5.0, 1.0, 1.0]))
    walks = fork.run(
        "random_walks", weighted=weighted, source_nodes=[0], walks_per_node=20_000, walk_length=2,
        return_factor=1e6, in_out_factor=1e6,
    )  # fmt: skip
    third = np.bincount(walks.nodes.reshape(-1, 3)[:, 2], minlength=5)
    expected = np.array([2, 0, 1, 5, 0]) / 8 if weighted else np.array([1, 0, 1, 1, 0]) / 3
    assert third / third.sum() == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("factors", list(product((1e-6, 1.0, 1e6), repeat=2)), ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_walks_choose_in_proportion_whatever_the_factors(factors, weighted):
    # From 0 to 1, the only way; there back to 0, on to 2 and 3, neighbours of 0 as well, or away to 4 and 5.
    source, target = np.array([(0, 1), *((1, node) for node in (0, 2, 3, 4, 5)), (0, 2), (0, 3), (4, 1)]).T
    case = Case(6, source, target, np.array([1.0, 3.0, 1.0, 2.0, 4.0, 1.0, 0.0, 0.0, 1.0]))
    # Edges of weight 0 are no way, but they make neighbours.
    walks = case.run(
        "random_walks", weighted=weighted, source_nodes=[0], walks_per_node=60_000, walk_length=2,
        return_factor=factors[0], in_out_factor=factors[1],
    )  # fmt: skip
    parts = [walks.nodes[first:last].tolist() for first, last in pairwise(walks.offsets)]
    third = np.bincount([part[2] for part in parts if part[1] == 1], minlength=6)
    weight = np.array([3.0, 0, 1, 2, 4, 1]) if weighted else np.array([1.0, 0, 1, 1, 1, 1])
    chance = weight / np.array([factors[0], 1, 1, 1, factors[1], factors[1]])
    assert third / third.sum() == pytest.approx(chance / chance.sum(), abs=0.02)


def test_walks_choose_in_proportion_among_parallel_edges():
    source, target = np.array([(0, 1), (1, 0), (1, 2), (1, 2), (1, 3), (0, 2), (0, 2)]).T
    arrays = build_csr(4, source, target, np.array([1.0, 2, 1, 3, 5, 0, 0]), directed=True, parallel="keep")
    for returns, away in product((1e-6, 1.0, 1e6), repeat=2):
        walks = find("random_walks").kernel(
            **arrays, source_nodes=[0], walks_per_node=20_000, walk_length=2, return_factor=returns,
            in_out_factor=away, seed=1,
        )  # fmt: skip
        third = np.bincount(walks.nodes.reshape(-1, 3)[:, 2], minlength=4)
        chance = np.array([2 / returns, 0, 4, 5 / away])
        assert third / third.sum() == pytest.approx(chance / chance.sum(), abs=0.02)


@pytest.mark.parametrize("factors", list(product((1e-6, 1.0, 1e6), repeat=2)), ids=str)
def test_walks_through_a_hub_end_soon(factors):
    count = 50_000  # choosing among all of them at each step of each walk would take hours
    both = np.concatenate([np.zeros(count, int), np.arange(1, count + 1)])
    star = Case(count + 1, both, both[::-1], np.ones(2 * count))
    returns, away = factors
    walks = star.run("random_walks", walks_per_node=1, walk_length=10, return_factor=returns, in_out_factor=away)
    assert (np.diff(walks.offsets) == 11).all()


@reference("fastrp")
@pytest.mark.parametrize("weighted", [False, True])
def test_fastrp_equals_dense_products(weighted):
    for case in GRAPHS:
        graph = case.graph()
        matrix = nx.to_numpy_array(graph, weight="weight" if weighted else None)
        degree = matrix.sum(axis=1)
        drawn = np.random.default_rng(4).random((case.nodes, 8))
        start = np.where(drawn < 1 / 6, 1, np.where(drawn > 5 / 6, -1, 0)) * 3**0.5
        with np.errstate(divide="ignore", invalid="ignore"):
            current = np.where(degree > 0, degree**-0.5, 0)[:, None] * start
            step = np.nan_to_num(matrix / degree[:, None])
        expected = np.zeros((case.nodes, 8))
        for number in range(3):
            current = step @ current
            length = np.linalg.norm(current, axis=1)
            expected[length > 1e-9] += 0.5**number * (current[length > 1e-9] / length[length > 1e-9, None])
        computed = case.run("fastrp", weighted=weighted, dimensions=8, decay=0.5, seed=4)
        assert computed.values == pytest.approx(expected, abs=1e-9)


@reference("node2vec")
def test_node2vec_gives_each_node_with_neighbours_a_vector_and_the_same_each_time():
    small = {"dimensions": 4, "walk_length": 5, "walks_per_node": 2}
    for case in GRAPHS:
        graph = case.graph(self_loops=False)
        first, second = (case.run("node2vec", seed=1, **small) for _ in range(2))
        assert first.values.tobytes() == second.values.tobytes()
        assert first.values.shape == (case.nodes, 4)
        assert np.isfinite(first.values).all()
        assert first.valid.tolist() == [graph.degree(node) > 0 for node in range(case.nodes)]


def test_node2vec_puts_the_nodes_of_a_clique_together():
    graph = nx.connected_caveman_graph(2, 12)
    source, target = np.array(graph.edges).T
    case = Case(24, source, target, np.ones(len(source)))
    vectors = case.run("node2vec", dimensions=16, walks_per_node=40).values
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = vectors @ vectors.T
    assert (alike[:12, :12].mean() + alike[12:, 12:].mean()) / 2 > alike[:12, 12:].mean() + 0.1


def test_node2vec_walks_by_weight():
    source, target = np.triu_indices(24, 1)
    inside = (source < 12) == (target < 12)

    def apart(between):
        case = Case(24, source, target, np.where(inside, 1.0, between))
        vectors = case.run("node2vec", weighted=True, dimensions=16, walk_length=20, walks_per_node=40).values
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        alike = vectors @ vectors.T
        return (alike[:12, :12].mean() + alike[12:, 12:].mean()) / 2 - alike[:12, 12:].mean()

    assert apart(0.001) > apart(1.0) + 0.5
    assert apart(0.0) > apart(1.0) + 0.5


def test_node2vec_counts_edges_of_weight_zero_as_none():
    case = Case(4, np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([1.0, 1.0, 0.0]))
    computed = case.run("node2vec", weighted=True, dimensions=4, walk_length=5, walks_per_node=2)
    assert computed.valid.tolist() == [True, True, True, False]
    assert np.isfinite(computed.values).all()


def test_node2vec_refuses_what_would_not_fit_into_memory():
    count = 1_000_000
    star = Case(count + 1, np.zeros(count, int), np.arange(1, count + 1), np.ones(count))
    with pytest.raises(PlatformError, match=r"would need about 22,000 GB .* one has 1,000,000\. Leave such nodes out"):
        star.run("node2vec")
