"""Every kernel against NetworkX or brute force on random multigraphs with self-loops and isolated nodes."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from algorithm_cases import reference
from graph_olap_server.instance.algorithms.kernels import centrality, clustering, community, components, paths
from graph_olap_server.instance.algorithms.registry import find
from graph_olap_server.instance.projection import build_csr
from hypothesis import given, settings
from hypothesis import strategies as st

TIGHT = {"damping_factor": 0.85, "max_iterations": 500, "tolerance": 1e-13}
LOUVAIN = {"resolution": 1.0, "max_phases": 20, "max_iterations": 20, "seed": 0}


@st.composite
def multigraphs(draw):
    nodes = draw(st.integers(1, 16))
    ends = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(ends, ends, st.integers(1, 9)), max_size=45))
    return nodes, edges


def arrays(edges):
    source = np.array([edge[0] for edge in edges], np.int64)
    target = np.array([edge[1] for edge in edges], np.int64)
    weight = np.array([edge[2] for edge in edges], float)
    return source, target, weight


def csr(graph, *, directed, weighted=False, self_loops=True):
    nodes, edges = graph
    source, target, weight = arrays(edges)
    if weighted:
        return build_csr(nodes, source, target, weight, directed=directed, parallel="sum", self_loops=self_loops)
    return build_csr(nodes, source, target, directed=directed, self_loops=self_loops)


def simple(graph, kind, *, self_loops=True):
    nodes, edges = graph
    built = kind()
    built.add_nodes_from(range(nodes))
    for source, target, weight in edges:
        if source == target and not self_loops:
            continue
        if built.has_edge(source, target):
            built[source][target]["weight"] += weight
        else:
            built.add_edge(source, target, weight=weight)
    return built


def partition(values):
    groups = {}
    for node, value in enumerate(values.tolist()):
        groups.setdefault(value, set()).add(node)
    return [groups[value] for value in sorted(groups)]


def assert_canonical(values):
    """Dense ids from 0, larger groups first, ties by the smallest node."""
    groups = partition(values)
    assert sorted(set(values.tolist())) == list(range(len(groups)))
    order = [(-len(group), min(group)) for group in groups]
    assert order == sorted(order)


@reference("pagerank")
@settings(deadline=None, max_examples=200)
@given(multigraphs(), st.booleans())
def test_pagerank_equals_networkx(graph, weighted):
    computed = centrality.pagerank(**csr(graph, directed=True, weighted=weighted), **TIGHT)
    reference = nx.pagerank(simple(graph, nx.DiGraph), weight="weight" if weighted else None, tol=1e-14, max_iter=1000)
    assert computed.values == pytest.approx([reference[node] for node in range(graph[0])], abs=1e-11)
    assert computed.values.sum() == pytest.approx(1)
    assert computed.summary["converged"] is True
    assert computed.summary["max_score"] == computed.values.max()


def test_pagerank_stops_once_a_round_changes_less_than_the_tolerance():
    star = (5, [(node, 0, 1) for node in range(1, 5)] + [(0, 1, 1)])
    graph = simple(star, nx.DiGraph)
    done = centrality.pagerank(**csr(star, directed=True), damping_factor=0.85, max_iterations=100, tolerance=1e-6)
    nx.pagerank(graph, max_iter=done.summary["iterations"], tol=1e-6 / 5)
    with pytest.raises(nx.PowerIterationFailedConvergence):
        nx.pagerank(graph, max_iter=done.summary["iterations"] - 1, tol=1e-6 / 5)
    cut = centrality.pagerank(**csr(star, directed=True), damping_factor=0.85, max_iterations=3, tolerance=1e-6)
    assert (cut.summary["iterations"], cut.summary["converged"]) == (3, False)


def test_pagerank_leaves_the_arrays_of_a_cached_projection_alone():
    graph = (3, [(0, 1, 0), (0, 2, 2), (1, 2, 0)])
    arrays = csr(graph, directed=True, weighted=True)
    before = {name: array.copy() for name, array in arrays.items()}
    computed = centrality.pagerank(**arrays, **TIGHT)
    assert all((arrays[name] == before[name]).all() for name in arrays)
    reference = nx.pagerank(simple((3, [(0, 2, 2)]), nx.DiGraph), weight="weight", tol=1e-14, max_iter=1000)
    assert computed.values == pytest.approx([reference[node] for node in range(3)], abs=1e-11)


@reference("wcc", "scc", "scc_kosaraju")
@settings(deadline=None, max_examples=200)
@given(multigraphs())
def test_components_equal_networkx(graph):
    weak = components.wcc(**csr(graph, directed=False))
    expected = list(nx.connected_components(simple(graph, nx.Graph)))
    assert sorted(map(sorted, partition(weak.values))) == sorted(map(sorted, expected))
    assert_canonical(weak.values)
    assert weak.summary == {
        "component_count": len(expected),
        "components": len(expected),
        "largest_component": max(map(len, expected)),
    }
    strong = components.scc(**csr(graph, directed=True))
    expected = list(nx.strongly_connected_components(simple(graph, nx.DiGraph)))
    assert sorted(map(sorted, partition(strong.values))) == sorted(map(sorted, expected))
    assert_canonical(strong.values)
    assert (find("scc_kosaraju").kernel(**csr(graph, directed=True)).values == strong.values).all()


@reference("louvain")
@settings(deadline=None, max_examples=200)
@given(multigraphs(), st.booleans(), st.sampled_from([0.5, 1.0, 2.0]))
def test_louvain_reports_the_modularity_of_its_partition(graph, weighted, resolution):
    options = {**LOUVAIN, "resolution": resolution}
    csr_arrays = csr(graph, directed=False, weighted=weighted)
    computed = community.louvain(**csr_arrays, **options)
    assert_canonical(computed.values)
    assert (community.louvain(**csr_arrays, **options).values == computed.values).all()
    groups = partition(computed.values)
    assert computed.summary["community_count"] == computed.summary["communities"] == len(groups)
    reference = simple(graph, nx.Graph)
    if not graph[1]:
        assert computed.summary["modularity"] is None
        return
    weight = "weight" if weighted else None
    quality = nx.community.modularity(reference, groups, weight=weight, resolution=resolution)
    assert computed.summary["modularity"] == pytest.approx(quality)
    singletons = nx.community.modularity(
        reference, [{node} for node in range(graph[0])], weight=weight, resolution=resolution
    )
    assert quality >= singletons - 1e-9


def test_louvain_finds_planted_communities():
    planted = nx.planted_partition_graph(8, 30, 0.6, 0.01, seed=4)
    edges = [(source, target, 1) for source, target in planted.edges()]
    computed = community.louvain(**csr((240, edges), directed=False), **LOUVAIN)
    assert [sorted(group) for group in partition(computed.values)] == [
        list(range(start, start + 30)) for start in range(0, 240, 30)
    ]
    assert computed.summary["phases"] >= 1


def test_louvain_respects_max_phases():
    ring = [(node, (node + 1) % 200, 1) for node in range(200)]
    one = community.louvain(**csr((200, ring), directed=False), **{**LOUVAIN, "max_phases": 1})
    many = community.louvain(**csr((200, ring), directed=False), **LOUVAIN)
    assert one.summary["phases"] == 1
    assert many.summary["modularity"] > one.summary["modularity"]


@reference("kcore", "triangle_count")
@settings(deadline=None, max_examples=200)
@given(multigraphs())
def test_kcore_and_triangles_equal_networkx(graph):
    reference = simple(graph, nx.Graph, self_loops=False)
    csr_arrays = csr(graph, directed=False, self_loops=False)
    cores = nx.core_number(reference)
    computed = clustering.kcore(**csr_arrays)
    assert computed.values.tolist() == [cores[node] for node in range(graph[0])]
    assert computed.summary == {"max_k": max(cores.values())}
    triangles = nx.triangles(reference)
    counted = clustering.triangle_count(**csr_arrays)
    assert counted.values.tolist() == [triangles[node] for node in range(graph[0])]
    assert counted.summary["total_triangles"] == sum(triangles.values()) // 3


@settings(deadline=None, max_examples=60)
@given(multigraphs(), st.booleans(), st.integers(1, 6), st.data())
def test_shortest_paths_equal_brute_force(graph, weighted, depth, data):
    nodes, edges = graph
    source, target = data.draw(st.integers(0, nodes - 1)), data.draw(st.integers(0, nodes - 1))
    starts, ends, weight = arrays(edges)
    csr_arrays = build_csr(
        nodes, starts, ends, weight if weighted else None, directed=True, parallel="min" if weighted else "once"
    )
    step = {}
    for start, end, cost in edges:
        step[start, end] = min(step.get((start, end), 99), cost if weighted else 1)
    best = {source: 0}
    for _ in range(depth):
        longer = dict(best)
        for (start, end), cost in step.items():
            if start in best:
                longer[end] = min(longer.get(end, 10**9), best[start] + cost)
        best = longer
    found = paths.shortest_path(**csr_arrays, source=source, target=target, max_depth=depth)
    if target not in best:
        assert found is None
        return
    path, cost = found
    assert cost == best[target]
    assert (path[0], path[-1], len(path) - 1 <= depth) == (source, target, True)
    assert sum(step[pair] for pair in pairwise(path)) == cost


@pytest.mark.parametrize(
    "name", ["pagerank", "wcc", "scc", "scc_kosaraju", "louvain", "label_propagation", "kcore", "triangle_count"]
)
def test_an_empty_graph_has_no_values(name):
    options = {
        "pagerank": TIGHT,
        "louvain": LOUVAIN,
        "label_propagation": {"max_iterations": 5, "seed": 0},
    }
    empty = csr((0, []), directed=False)
    assert len(find(name).kernel(**empty, **options.get(name, {})).values) == 0
