"""Label propagation: every node ends with a most frequent label, and communities are as good as those of NetworkX."""

from collections import Counter

import networkx as nx
import numpy as np
import pytest
from algorithm_cases import GRAPHS, KARATE, Case, reference


def groups(values):
    found = {}
    for node, value in enumerate(values.tolist()):
        found.setdefault(value, set()).add(node)
    return [found[value] for value in sorted(found)]


def case_of(graph):
    graph = nx.convert_node_labels_to_integers(graph)
    ends = np.array([edge for edge in graph.edges() if edge[0] != edge[1]], np.int64)
    return Case(len(graph), ends[:, 0], ends[:, 1], np.ones(len(ends)))


def modularity(graph, communities):
    return nx.community.modularity(graph, communities, weight=None)


def theirs(graph):
    """Return what its deterministic variant finds, and what the other ones find on average."""
    values = [modularity(graph, nx.community.label_propagation_communities(graph))]
    for variant in (nx.community.asyn_lpa_communities, nx.community.fast_label_propagation_communities):
        values.append(np.mean([modularity(graph, list(variant(graph, seed=seed))) for seed in range(3)]))
    return values


def plain(graph, rounds, seed):
    """Run eight orders of up to 32 nodes one node after the other and return the best partition."""
    random = np.random.default_rng(seed)
    best = None
    for _ in range(8):
        labels = random.permutation(len(graph)).tolist()
        waiting = set(graph)
        done = 0
        while done < rounds and waiting:
            for node in random.permutation(sorted(waiting)).tolist():
                waiting.discard(node)
                votes = Counter(labels[other] for other in graph[node])
                most = [label for label, count in votes.items() if count == max(votes.values())]
                if most and labels[node] not in most:
                    labels[node] = min(most)
                    waiting |= set(graph[node])
            done += 1
        quality = modularity(graph, groups(np.array(labels))) if graph.size() else 0.0
        if best is None or quality > best[0] + 1e-12:
            best = quality, groups(np.array(labels)), done, not waiting
    return best


@reference("label_propagation")
def test_it_equals_brute_force_node_after_node():
    for number, case in enumerate(GRAPHS):
        rounds = (1, 2, 100)[number % 3]
        computed = case.run("label_propagation", max_iterations=rounds, seed=number)
        _, communities, done, converged = plain(case.graph(nx.Graph), rounds, number)
        assert sorted(map(sorted, groups(computed.values))) == sorted(map(sorted, communities))
        assert (computed.summary["iterations"], computed.summary["converged"]) == (done, converged)


@reference("label_propagation")
def test_every_node_ends_with_a_most_frequent_label_of_its_neighbours():
    for case in [*GRAPHS, KARATE, case_of(nx.barabasi_albert_graph(500, 4, seed=1))]:
        computed = case.run("label_propagation")
        assert computed.summary["converged"]
        found = groups(computed.values)
        assert computed.summary["community_count"] == computed.summary["communities"] == len(found)
        order = [(-len(group), min(group)) for group in found]
        assert order == sorted(order)
        graph = case.graph(nx.Graph)
        for node in graph:
            votes = Counter(computed.values[other] for other in graph[node])
            assert not votes or votes[computed.values[node]] == max(votes.values())


@reference("label_propagation")
def test_modularity_is_at_most_two_percent_below_networkx_on_random_graphs():
    ours, others = [], []
    for case in GRAPHS:
        graph = case.graph(nx.Graph)
        if graph.size():
            others.append(theirs(graph))
            ours.append(modularity(graph, groups(case.run("label_propagation").values)))
    assert len(ours) > 150
    assert sum(ours) >= 0.98 * np.sum(others, axis=0).max()


@pytest.mark.parametrize(
    "graph",
    [
        nx.karate_club_graph(),
        nx.les_miserables_graph(),
        nx.davis_southern_women_graph(),
        nx.planted_partition_graph(12, 25, 0.5, 0.01, seed=2),
        nx.connected_watts_strogatz_graph(1000, 8, 0.1, seed=1),
        nx.relaxed_caveman_graph(30, 10, 0.15, seed=0),
        nx.LFR_benchmark_graph(500, 3, 1.5, 0.2, average_degree=8, min_community=20, seed=10),
    ],
    ids=["karate", "les miserables", "southern women", "planted", "small world", "cavemen", "benchmark"],
)
def test_modularity_is_at_most_two_percent_below_networkx_on_known_graphs(graph):
    case = case_of(graph)
    simple = case.graph(nx.Graph)
    found = case.run("label_propagation").values
    assert modularity(simple, groups(found)) >= 0.98 * max(theirs(simple))
    assert (case.run("label_propagation").values == found).all()


@pytest.mark.parametrize("graph", [nx.complete_bipartite_graph(5, 7), nx.star_graph(50), nx.path_graph(64)])
def test_labels_do_not_swing_on_bipartite_graphs(graph):
    for seed in range(5):
        assert case_of(graph).run("label_propagation", seed=seed).summary["converged"]


def test_the_seed_decides():
    case = case_of(nx.gnm_random_graph(300, 600, seed=1))
    one, other = (case.run("label_propagation", seed=seed).values for seed in (0, 1))
    assert (one != other).any()


def test_cliques_joined_by_one_edge_are_found():
    found = case_of(nx.connected_caveman_graph(20, 8)).run("label_propagation")
    assert found.summary["community_count"] == 20
