"""How important nodes and edges are, against NetworkX, linear algebra and published values."""

import networkit as nk
import networkx as nx
import numpy as np
import pytest
from algorithm_cases import GRAPHS, KARATE, Case, reference
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.kernels import betweenness as kernels_betweenness
from graph_olap_server.instance.algorithms.kernels import brandes
from graph_olap_server.instance.algorithms.kernels.graphs import sample

NONE = np.empty(0, np.int64)
KINDS = [("natural", nx.DiGraph), ("undirected", nx.Graph)]


def path(count):
    return Case(count, np.arange(count - 1), np.arange(1, count), np.ones(count - 1))


def by_node(scores):
    return [scores[node] for node in range(len(scores))]


@pytest.fixture
def one_thread():
    threads = nk.getMaxNumberOfThreads()
    nk.setNumberOfThreads(1)
    yield
    nk.setNumberOfThreads(threads)


@reference("pagerank")
@pytest.mark.parametrize("weighted", [False, True])
def test_personalised_pagerank_equals_networkx(weighted):
    for case in GRAPHS:
        sources = [0, case.nodes // 2]
        computed = case.run("pagerank", weighted=weighted, source_nodes=sources, tolerance=1e-13, max_iterations=1000)
        expected = nx.pagerank(
            case.graph(nx.DiGraph),
            personalization=dict.fromkeys(sources, 1),
            weight="weight" if weighted else None,
            tol=1e-15,
            max_iter=2000,
        )
        assert computed.values == pytest.approx(by_node(expected), abs=1e-10)
        assert computed.summary["converged"] is True


def test_personalised_pagerank_says_when_it_did_not_converge():
    computed = KARATE.run("pagerank", source_nodes=[0], max_iterations=2)
    assert (computed.summary["iterations"], computed.summary["converged"]) == (2, False)


@reference("degree")
@pytest.mark.parametrize("weighted", [False, True])
def test_degree_equals_networkx(weighted):
    for case in GRAPHS:
        graph = case.graph(nx.DiGraph)
        weight = "weight" if weighted else None
        for direction, degrees in (("in", graph.in_degree), ("out", graph.out_degree), ("both", graph.degree)):
            computed = case.run("degree", weighted=weighted, direction=direction)
            assert computed.values.tolist() == [degrees(node, weight=weight) for node in range(case.nodes)]


@reference("betweenness")
@pytest.mark.parametrize(("orientation", "kind"), KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_betweenness_equals_networkx(orientation, kind, weighted):
    for case in GRAPHS:
        apart = case._replace(weight=case.weight + 1)
        computed = apart.run("betweenness", orientation=orientation, weighted=weighted)
        graph = apart.graph(kind, parallel="min")
        expected = nx.betweenness_centrality(graph, weight="weight" if weighted else None)
        assert computed.values == pytest.approx(by_node(expected), abs=1e-12)


@pytest.mark.parametrize("unit", [0.1, 0.001, 1e-12, 1e300])
def test_betweenness_sees_that_paths_of_decimal_lengths_are_as_long_as_each_other(unit):
    compared = 0
    for case in GRAPHS:
        whole = case._replace(weight=1 + case.weight % 3)
        expected = whole.run("betweenness", weighted=True).values
        decimal = whole._replace(weight=whole.weight * unit)
        computed = decimal.run("betweenness", weighted=True).values
        compared += bool(expected.any())
        assert unit == 1e300 or computed == pytest.approx(expected)
        assert np.isfinite(computed).all()
    assert compared > 100


@pytest.mark.parametrize(("orientation", "kind"), KINDS)
def test_sampled_betweenness_with_distances_scales_what_the_sampled_nodes_see(orientation, kind):
    compared = 0
    for number, case in enumerate(GRAPHS):
        apart = case._replace(weight=case.weight + 1)
        for samples in {1, max(1, case.nodes // 2), max(1, case.nodes - 1)}:
            computed = apart.run(
                "betweenness", weighted=True, orientation=orientation, samples=samples, seed=number
            ).values
            chosen = sample(case.nodes, samples, number).tolist()
            graph = apart.graph(kind, parallel="min").to_directed()
            seen = nx.betweenness_centrality_subset(graph, chosen, list(graph), weight="weight")
            scale = case.nodes / len(chosen) / max((case.nodes - 1) * (case.nodes - 2), 1)
            assert computed == pytest.approx(np.array(by_node(seen)) * scale)
            compared += bool(computed.any())
    assert compared > 200


@reference("betweenness")
def test_sampled_betweenness_scales_what_the_sampled_nodes_see():
    for case in GRAPHS:
        if case.nodes < 6:
            continue
        computed = case.run("betweenness", samples=4, seed=5)
        subset = nx.betweenness_centrality_subset(
            case.graph(nx.DiGraph), sample(case.nodes, 4, 5).tolist(), range(case.nodes)
        )
        scale = case.nodes / 4 / ((case.nodes - 1) * (case.nodes - 2))
        assert computed.values == pytest.approx(np.array(by_node(subset)) * scale, abs=1e-12)
        assert computed.summary["sources"] == 4


def test_betweenness_of_long_paths():
    for orientation, factor in (("natural", 1), ("undirected", 2)):
        values = path(120).run("betweenness", orientation=orientation).values
        place = np.arange(120)
        assert values == pytest.approx(factor * place * (119 - place) / (119 * 118))


def test_sampled_weighted_betweenness_estimates():
    exact = KARATE.run("betweenness", orientation="undirected").values
    estimate = KARATE.run("betweenness", orientation="undirected", weighted=True, samples=33, seed=1).values
    again = KARATE.run("betweenness", orientation="undirected", weighted=True, samples=33, seed=1).values
    assert (estimate == again).all()
    assert np.argmax(estimate) == np.argmax(exact)
    assert estimate.sum() == pytest.approx(exact.sum(), rel=0.25)


@pytest.mark.parametrize("few", [0, 1, 10**9])
@pytest.mark.parametrize("block", [1, 8, 1 << 17])
def test_betweenness_is_the_same_whichever_way_levels_are_found(few, block, monkeypatch):
    # 0: edges are always looked up by themselves; 10**9: never.
    monkeypatch.setattr(brandes, "_FEW", few)
    monkeypatch.setattr(kernels_betweenness, "_BLOCK", block)
    monkeypatch.setattr(kernels_betweenness, "_AT_ONCE", 5)
    compared = 0
    for case in GRAPHS[::2]:
        values = case.run("betweenness", orientation="natural").values
        assert values == pytest.approx(by_node(nx.betweenness_centrality(case.graph(nx.DiGraph))), abs=1e-12)
        edges = case.run("edge_betweenness")
        expected = nx.edge_betweenness_centrality(case.graph(nx.Graph))
        ends = map(tuple, zip(edges.source.tolist(), edges.target.tolist(), strict=True))
        assert dict(zip(ends, edges.values, strict=True)) == pytest.approx(
            {tuple(sorted(edge)): value for edge, value in expected.items()}, abs=1e-12
        )
        compared += bool(values.any())
    assert compared > 40


def test_betweenness_of_a_graph_with_hubs_equals_networkx():
    random = np.random.default_rng(5)
    source, target = ((300 * random.random(1500) ** 3).astype(np.int64) for _ in range(2))
    case = Case(300, source, random.permutation(300)[target], np.ones(1500))
    exact = nx.betweenness_centrality(case.graph(nx.DiGraph))
    assert case.run("betweenness").values == pytest.approx(by_node(exact), abs=1e-12)


def test_betweenness_refuses_distances_of_zero():
    case = KARATE._replace(weight=np.where(KARATE.source == 0, 0.0, 1.0))
    with pytest.raises(PlatformError, match="16 edges have the weight 0") as refusal:
        case.run("betweenness", weighted=True)
    assert refusal.value.code == "ALGORITHM_FAILED"


@reference("edge_betweenness")
def test_edge_betweenness_equals_networkx():
    for case in GRAPHS:
        computed = case.run("edge_betweenness")
        expected = nx.edge_betweenness_centrality(case.graph(nx.Graph))
        found = dict(
            zip(zip(computed.source.tolist(), computed.target.tolist(), strict=True), computed.values, strict=True)
        )
        assert found == pytest.approx({tuple(sorted(edge)): value for edge, value in expected.items()}, abs=1e-12)


@reference("edge_betweenness")
def test_sampled_edge_betweenness_scales_what_the_sampled_nodes_see():
    for case in GRAPHS[::4]:
        if case.nodes < 6:
            continue
        computed = case.run("edge_betweenness", samples=4, seed=2)
        subset = nx.edge_betweenness_centrality_subset(
            case.graph(nx.Graph), sample(case.nodes, 4, 2).tolist(), range(case.nodes)
        )
        # The subset's values are halved as for pairs counted twice; here each pair counts from one side.
        scale = 2 * case.nodes / 4 / (case.nodes * (case.nodes - 1))
        found = zip(computed.source.tolist(), computed.target.tolist(), computed.values, strict=True)
        for source, target, value in found:
            both = subset.get((source, target), subset.get((target, source)))
            assert value == pytest.approx(both * scale, abs=1e-12)


@reference("closeness")
@pytest.mark.parametrize(("orientation", "kind"), KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_closeness_equals_networkx(orientation, kind, weighted):
    for case in GRAPHS:
        computed = case.run("closeness", orientation=orientation, weighted=weighted)
        graph = case.graph(kind, parallel="min")
        expected = nx.closeness_centrality(graph, distance="weight" if weighted else None)
        assert computed.values == pytest.approx(by_node(expected), abs=1e-12)


@reference("harmonic")
@pytest.mark.parametrize(("orientation", "kind"), KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_harmonic_equals_networkx(orientation, kind, weighted):
    for case in GRAPHS:
        computed = case.run("harmonic", orientation=orientation, weighted=weighted, normalized=False)
        graph = case.graph(kind, parallel="min")
        expected = nx.harmonic_centrality(graph, distance="weight" if weighted else None)
        assert computed.values == pytest.approx(by_node(expected), abs=1e-12)
        normalized = case.run("harmonic", orientation=orientation, weighted=weighted).values
        assert normalized == pytest.approx(computed.values / max(case.nodes - 1, 1))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["closeness", "harmonic"])
def test_sampled_distances_are_those_from_the_sampled_nodes(name, weighted):
    case = next(case for case in GRAPHS if case.nodes == 16 and len(case.source) > 30)
    graph = case.graph(nx.DiGraph, parallel="min")
    weight = "weight" if weighted else None
    chosen = sample(16, 5, 3).tolist()
    lengths = [nx.single_source_dijkstra_path_length(graph, node, weight=weight or (lambda *_: 1)) for node in chosen]
    computed = case.run(name, weighted=weighted, samples=5, seed=3)
    for node in range(16):
        seen = [found[node] for start, found in zip(chosen, lengths, strict=True) if node in found and start != node]
        scale = 16 / 5
        if name == "harmonic":
            assert computed.values[node] == pytest.approx(sum(1 / length for length in seen if length) * scale / 15)
        elif sum(seen):
            assert computed.values[node] == pytest.approx(len(seen) / sum(seen) * len(seen) * scale / 15)
        else:
            assert computed.values[node] == 0


@pytest.mark.parametrize("name", ["closeness", "harmonic"])
def test_distances_on_a_long_path(name):
    case = path(260)
    expected = {
        "closeness": nx.closeness_centrality,
        "harmonic": lambda graph: {node: value / 259 for node, value in nx.harmonic_centrality(graph).items()},
    }[name](nx.path_graph(260))
    assert case.run(name, orientation="undirected").values == pytest.approx(by_node(expected))
    assert case.run(name, orientation="undirected", samples=260).values == pytest.approx(by_node(expected))


@reference("eigenvector")
@pytest.mark.parametrize(("orientation", "kind"), KINDS)
def test_eigenvector_equals_networkx(orientation, kind):
    compared = 0
    for case in GRAPHS:
        try:
            expected = nx.eigenvector_centrality(case.graph(kind), max_iter=3000, tol=1e-13, weight="weight")
        except nx.PowerIterationFailedConvergence:
            continue
        compared += 1
        computed = case.run(
            "eigenvector", orientation=orientation, weighted=True, max_iterations=50_000, tolerance=1e-13
        )
        assert computed.values == pytest.approx(by_node(expected), abs=1e-7)
    assert compared > (150 if orientation == "undirected" else 60)


@pytest.mark.parametrize("unit", [1e-12, 1e-3, 1e6, 1e300])
def test_eigenvector_does_not_depend_on_the_unit_of_weights(unit):
    graph = nx.Graph([(a, b) for a in range(4) for b in range(4, 9) if (a + b) % 3])
    assert nx.is_bipartite(graph)
    source, target = np.array(graph.edges).T
    weight = 1.0 + np.arange(len(source)) % 4
    case = Case(9, source, target, weight * unit)
    values, vectors = np.linalg.eigh(nx.to_numpy_array(case._replace(weight=weight).graph(), nodelist=range(9)))
    expected = np.abs(vectors[:, np.argmax(values)])
    computed = case.run("eigenvector", orientation="undirected", weighted=True, tolerance=1e-12)
    assert computed.values == pytest.approx(expected, abs=1e-9)


def test_eigenvector_without_convergence_is_an_error():
    with pytest.raises(PlatformError, match="did not converge within 200 iterations") as refusal:
        path(20).run("eigenvector", max_iterations=200)
    assert refusal.value.details == {"reason": "no convergence", "iterations": 200}


@reference("katz")
@pytest.mark.parametrize(("orientation", "kind"), KINDS)
def test_katz_solves_its_equation(orientation, kind):
    for case in GRAPHS:
        computed = case.run("katz", orientation=orientation, weighted=True, tolerance=1e-13)
        matrix = nx.to_numpy_array(case.graph(kind), nodelist=range(case.nodes))
        expected = np.linalg.solve(np.eye(case.nodes) - computed.summary["alpha"] * matrix.T, np.ones(case.nodes))
        assert computed.values == pytest.approx(expected / np.linalg.norm(expected), rel=1e-9)
        plain = case.run("katz", orientation=orientation, alpha=0.02, beta=3.0, normalized=False, tolerance=1e-13)
        matrix = nx.to_numpy_array(case.graph(kind), nodelist=range(case.nodes), weight=None)
        assert plain.values == pytest.approx(
            np.linalg.solve(np.eye(case.nodes) - 0.02 * matrix.T, np.full(case.nodes, 3.0))
        )


def test_katz_is_proportional_to_beta():
    plain = KARATE.run("katz", orientation="undirected", normalized=False).values
    for beta in (1e-300, 7.0, 1e300):
        computed = KARATE.run("katz", orientation="undirected", normalized=False, beta=beta).values
        assert computed == pytest.approx(plain * beta)
    assert KARATE.run("katz", orientation="undirected", beta=1e300).values == pytest.approx(
        plain / np.linalg.norm(plain)
    )


def test_katz_with_too_few_iterations_says_so():
    with pytest.raises(PlatformError, match=r"did not converge within 2 iterations\. Raise max_iterations"):
        KARATE.run("katz", orientation="undirected", max_iterations=2)


def test_katz_says_which_alpha_is_too_large():
    with pytest.raises(PlatformError, match=r"alpha is 0.5; it must be less than 1 / the largest eigenvalue, and 0.05"):
        KARATE.run("katz", orientation="undirected", alpha=0.5)
    assert KARATE.run("katz", orientation="undirected", alpha=0.05).summary["alpha"] == 0.05


@reference("hits")
def test_hits_equals_the_leading_singular_space():
    for case in GRAPHS:
        matrix = nx.to_numpy_array(case.graph(nx.DiGraph), nodelist=range(case.nodes), weight="weight")
        options = {"weighted": True, "tolerance": 1e-13, "max_iterations": 100_000}
        hub, authority = (case.run("hits", score=score, **options).values for score in ("hub", "authority"))
        if not matrix.any():
            assert not hub.any()
            assert not authority.any()
            continue
        size, vectors = np.linalg.eigh(matrix @ matrix.T)
        top = vectors[:, size > size[-1] * (1 - 1e-9)]
        expected = top @ (top.T @ np.ones(case.nodes))
        assert hub == pytest.approx(expected / expected.sum(), abs=1e-6)
        assert authority == pytest.approx((matrix.T @ expected) / (matrix.T @ expected).sum(), abs=1e-6)


def test_published_values_of_the_karate_club():
    """Values of Brandes and Erlebach's and of NetworkX's documentation for Zachary's club."""
    betweenness = KARATE.run("betweenness", orientation="undirected").values
    assert betweenness[[0, 33]] == pytest.approx([0.4376, 0.3041], abs=1e-4)
    assert KARATE.run("closeness", orientation="undirected").values[[0, 33]] == pytest.approx([0.5690, 0.55], abs=1e-4)
    assert KARATE.run("degree").values[[0, 33]].tolist() == [16, 17]
    assert KARATE.run("eigenvector", orientation="undirected").values[33] == pytest.approx(0.37337, abs=1e-5)
    edges = KARATE.run("edge_betweenness")
    top = int(np.argmax(edges.values))
    assert (edges.source[top], edges.target[top]) == (0, 31)
    assert edges.values[top] == pytest.approx(0.12726, abs=1e-5)


@pytest.mark.parametrize("name", ["betweenness", "edge_betweenness", "closeness", "harmonic", "pagerank"])
def test_results_do_not_depend_on_threads(name, one_thread):
    random = np.random.default_rng(1)
    case = Case(400, random.integers(0, 400, 3000), random.integers(0, 400, 3000), np.ones(3000))
    alone = case.run(name).values
    nk.setNumberOfThreads(2)
    assert all((case.run(name).values == alone).all() for _ in range(3))


@pytest.mark.parametrize("weighted", [False, True])
def test_pagerank_is_the_same_to_the_last_bit_with_one_thread(weighted, one_thread):
    random = np.random.default_rng(3)
    source, target = (2500 * random.random((2, 16_000)) ** 2).astype(np.int64)  # some hubs, many without edges
    case = Case(2500, source, target, random.random(16_000) + 0.1)
    alone = case.run("pagerank", weighted=weighted).values
    nk.setNumberOfThreads(2)
    assert (case.run("pagerank", weighted=weighted).values == alone).all()


@pytest.mark.parametrize("name", ["betweenness", "closeness", "degree", "eigenvector", "harmonic", "hits", "katz"])
def test_no_nodes_and_one_node(name):
    assert len(Case(0, NONE, NONE, np.empty(0)).run(name).values) == 0
    single = Case(1, NONE, NONE, np.empty(0)).run(name).values
    assert single.tolist() == [{"eigenvector": 1.0, "katz": 1.0}.get(name, 0.0)]
