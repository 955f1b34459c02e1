"""Every native algorithm as it is measured: its parameters, the size of the graph, what igraph and NetworkX call it.

Both get a directed graph and turn it as the algorithm wants it. Where a tool has nothing that computes the same, or
computes it in a form that is too different, there is no entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import networkx as nx
import numpy as np

__all__ = ["COMMUNITIES", "END", "ENTRIES", "START", "Entry", "igraph_of", "networkx_of", "start_and_end"]

SAMPLES = 64
"""Searches in place of one from every node, which takes hours in every tool."""
COMMUNITIES = 100
START, END = "start", "end"
"""Stand for the primary keys of two nodes in the parameters."""

Peer = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Entry:
    """One row.

    Attributes:
        igraph: What computes it there.
        networkx: What computes it there.
        parameters: Ours, beyond the defaults.
        part: By how much the graph is smaller than that of most algorithms, for those of high complexity.
        acyclic: Whether edges lead from lower to higher ids only.
        note: Why there is no peer, or in what the peers differ.
    """

    igraph: Peer | None = None
    networkx: Peer | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    part: int = 1
    acyclic: bool = False
    note: str = ""


def start_and_end(nodes: int, source: np.ndarray, target: np.ndarray) -> tuple[int, int]:
    """Return the node with most outgoing edges, and a late one with a few incoming, which that one surely reaches."""
    start = int(np.bincount(source, minlength=nodes).argmax())
    incoming = np.bincount(target[source != target], minlength=nodes)
    incoming[start] = 0
    return start, int(np.flatnonzero(incoming >= min(5, incoming.max()))[-1])


def igraph_of(nodes: int, source: np.ndarray, target: np.ndarray) -> Any:
    """Return the edges as igraph's graph."""
    import igraph

    graph = igraph.Graph(nodes, np.column_stack([source, target]), directed=True)
    graph[START], graph[END] = start_and_end(nodes, source, target)
    return graph


def networkx_of(nodes: int, source: np.ndarray, target: np.ndarray) -> Any:
    """Return the edges as NetworkX's graph."""
    graph: Any = nx.DiGraph()
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(zip(source.tolist(), target.tolist(), strict=True))
    graph.graph[START], graph.graph[END] = start_and_end(nodes, source, target)
    return graph


def _both_ways(graph: Any) -> Any:
    graph.to_undirected(mode="collapse")
    return graph


def _simple(graph: Any) -> Any:
    return _both_ways(graph).simplify()


def _without_loops(graph: Any) -> Any:
    undirected = graph.to_undirected()
    undirected.remove_edges_from(list(nx.selfloop_edges(undirected)))
    return undirected


def _capacities(graph: Any) -> Any:
    nx.set_edge_attributes(graph, 1, "capacity")
    return graph


def _largest(graph: Any) -> Any:
    undirected = _without_loops(graph)
    return undirected.subgraph(max(nx.connected_components(undirected), key=len)).copy()


def _groups(graph: Any) -> list[set[int]]:
    return [set(range(first, len(graph), COMMUNITIES)) for first in range(min(COMMUNITIES, len(graph)))]


def _conductance(graph: Any) -> object:
    return [nx.conductance(graph, group) for group in _groups(graph) if nx.volume(graph, group)]


def _trusses(graph: Any) -> object:
    found, k, left = [], 2, _without_loops(graph)
    while left.number_of_edges():
        left, k = nx.k_truss(left, k + 1), k + 1
        found.append(left.number_of_edges())
    return found


def _ends(graph: Any) -> tuple[int, int]:
    kept = graph.graph if hasattr(graph, "graph") else graph
    return kept[START], kept[END]


_FROM = {"source_node": START}
_BETWEEN = {"source_node": START, "target_node": END}
_SAMPLED = {"samples": SAMPLES}
_PARTITION = {"community_property": "community"}
_COORDINATES = {"x_property": "x", "y_property": "y"}
_ALL_PAIRS = "ours keeps the best 10 per node, the peers list all pairs"
_NONE = "no peer has it"

ENTRIES: Mapping[str, Entry] = {
    "adamic_adar": Entry(
        lambda graph: _simple(graph).similarity_inverse_log_weighted(),
        lambda graph: list(nx.adamic_adar_index(_without_loops(graph))),
        part=50,
        note=_ALL_PAIRS,
    ),
    "all_pairs_shortest_paths": Entry(
        lambda graph: graph.neighborhood(range(min(SAMPLES, graph.vcount())), order=2, mode="out"),
        lambda graph: [
            nx.single_source_shortest_path_length(graph, node, cutoff=2) for node in range(min(SAMPLES, len(graph)))
        ],
        {"max_distance": 2.0, "source_nodes": list(range(SAMPLES))},
        note=f"{SAMPLES} sources, two steps",
    ),
    "articulation_points": Entry(
        lambda graph: _simple(graph).articulation_points(),
        lambda graph: list(nx.articulation_points(_without_loops(graph))),
    ),
    "astar": Entry(
        lambda graph: graph.get_shortest_path_astar(*_ends(graph), lambda *_: 0.0),
        lambda graph: nx.astar_path(graph, *_ends(graph)),
        {**_BETWEEN, **_COORDINATES},
        note="the peers without coordinates",
    ),
    "average_clustering": Entry(
        lambda graph: _simple(graph).transitivity_avglocal_undirected(mode="zero"),
        lambda graph: nx.average_clustering(_without_loops(graph)),
    ),
    "bellman_ford": Entry(
        lambda graph: graph.distances(
            graph[START], weights=[1.0] * graph.ecount(), algorithm="bellman_ford", mode="out"
        ),
        lambda graph: nx.single_source_bellman_ford_path_length(graph, graph.graph[START]),
        _FROM,
    ),
    "betweenness": Entry(
        lambda graph: graph.betweenness(sources=range(min(SAMPLES, graph.vcount()))),
        lambda graph: nx.betweenness_centrality(graph, k=min(SAMPLES, len(graph)), seed=0),
        _SAMPLED,
        note=f"{SAMPLES} sources",
    ),
    "bfs": Entry(
        lambda graph: graph.bfs(graph[START], mode="out"),
        lambda graph: nx.single_source_shortest_path_length(graph, graph.graph[START]),
        {"source_nodes": [START]},
    ),
    "biconnected_components": Entry(
        lambda graph: _simple(graph).biconnected_components(),
        lambda graph: list(nx.biconnected_component_edges(_without_loops(graph))),
    ),
    "bridges": Entry(
        lambda graph: _simple(graph).bridges(),
        lambda graph: list(nx.bridges(_without_loops(graph))),
    ),
    "closeness": Entry(
        lambda graph: graph.closeness(range(min(SAMPLES, graph.vcount())), mode="in"),
        lambda graph: [nx.closeness_centrality(graph, node) for node in range(min(SAMPLES, len(graph)))],
        _SAMPLED,
        note=f"{SAMPLES} searches",
    ),
    "clustering_coefficient": Entry(
        lambda graph: _simple(graph).transitivity_local_undirected(mode="zero"),
        lambda graph: nx.clustering(_without_loops(graph)),
    ),
    "common_neighbors": Entry(
        lambda graph: _simple(graph).cocitation(),
        lambda graph: _common(_without_loops(graph)),
        part=50,
        note=_ALL_PAIRS,
    ),
    "conductance": Entry(None, lambda graph: _conductance(graph.to_undirected()), _PARTITION),
    "cosine_similarity": Entry(part=50, note=_NONE),
    "cycles": Entry(
        None,
        lambda graph: list(islice(nx.simple_cycles(graph, length_bound=5), 1000)),
        note="the first 1,000; igraph lists all",
    ),
    "degree": Entry(lambda graph: graph.degree(), lambda graph: dict(graph.degree())),
    "dfs": Entry(
        lambda graph: graph.dfs(graph[START], mode="out"),
        lambda graph: list(nx.dfs_preorder_nodes(graph, graph.graph[START])),
        _FROM,
    ),
    "diameter": Entry(lambda graph: _simple(graph).diameter(), lambda graph: nx.diameter(_largest(graph)), part=10),
    "eccentricity": Entry(
        lambda graph: _simple(graph).eccentricity(), lambda graph: nx.eccentricity(_largest(graph)), part=10
    ),
    "edge_betweenness": Entry(
        lambda graph: _simple(graph).edge_betweenness(sources=range(min(SAMPLES, graph.vcount()))),
        lambda graph: nx.edge_betweenness_centrality(graph.to_undirected(), k=min(SAMPLES, len(graph)), seed=0),
        _SAMPLED,
        note=f"{SAMPLES} sources",
    ),
    "ego_network": Entry(
        lambda graph: _simple(graph).neighborhood(graph[START], order=2),
        lambda graph: nx.ego_graph(graph.to_undirected(), graph.graph[START], radius=2),
        {**_FROM, "radius": 2},
    ),
    "eigenvector": Entry(
        lambda graph: graph.eigenvector_centrality(directed=True),
        lambda graph: nx.eigenvector_centrality(graph, max_iter=1000),
    ),
    "fastrp": Entry(note=_NONE),
    "harmonic": Entry(
        lambda graph: graph.harmonic_centrality(range(min(SAMPLES, graph.vcount())), mode="in"),
        lambda graph: nx.harmonic_centrality(graph, range(min(SAMPLES, len(graph)))),
        _SAMPLED,
        note=f"{SAMPLES} searches",
    ),
    "hits": Entry(lambda graph: graph.authority_score(), lambda graph: nx.hits(graph)),
    "jaccard_similarity": Entry(
        lambda graph: _simple(graph).similarity_jaccard(loops=False),
        lambda graph: list(nx.jaccard_coefficient(_without_loops(graph))),
        part=50,
        note=_ALL_PAIRS,
    ),
    "k_shortest_paths": Entry(
        lambda graph: graph.get_k_shortest_paths(*_ends(graph), k=3, mode="out"),
        lambda graph: list(islice(nx.shortest_simple_paths(graph, *_ends(graph)), 3)),
        _BETWEEN,
    ),
    "katz": Entry(None, lambda graph: nx.katz_centrality(graph, alpha=1e-4)),
    "kcore": Entry(
        lambda graph: _simple(graph).coreness(),
        lambda graph: nx.core_number(_without_loops(graph)),
    ),
    "ktruss": Entry(None, _trusses, part=10),
    "label_propagation": Entry(
        lambda graph: _both_ways(graph).community_label_propagation(),
        lambda graph: list(nx.community.label_propagation_communities(graph.to_undirected())),
    ),
    "leiden": Entry(lambda graph: _both_ways(graph).community_leiden("modularity", n_iterations=2)),
    "louvain": Entry(
        lambda graph: _both_ways(graph).community_multilevel(),
        lambda graph: nx.community.louvain_communities(graph.to_undirected(), seed=0),
    ),
    "max_flow": Entry(
        lambda graph: graph.simplify().maxflow(*_ends(graph)),
        lambda graph: nx.maximum_flow(_capacities(graph), *_ends(graph)),
        _BETWEEN,
    ),
    "min_cut": Entry(
        lambda graph: graph.simplify().mincut(*_ends(graph)),
        lambda graph: nx.minimum_cut(_capacities(graph), *_ends(graph)),
        _BETWEEN,
    ),
    "minimum_spanning_tree": Entry(
        lambda graph: _simple(graph).spanning_tree(),
        lambda graph: nx.minimum_spanning_tree(graph.to_undirected()),
    ),
    "modularity": Entry(
        lambda graph: _both_ways(graph).modularity((np.arange(graph.vcount()) % COMMUNITIES).tolist()),
        lambda graph: nx.community.modularity(graph.to_undirected(), _groups(graph)),
        _PARTITION,
    ),
    "node2vec": Entry(part=50, note=_NONE),
    "overlap_similarity": Entry(part=50, note=_NONE),
    "pagerank": Entry(
        lambda graph: graph.pagerank(damping=0.85),
        lambda graph: nx.pagerank(graph, tol=1e-6 / len(graph)),
    ),
    "preferential_attachment": Entry(
        None,
        lambda graph: list(nx.preferential_attachment(_without_loops(graph))),
        part=50,
        note=_ALL_PAIRS,
    ),
    "random_walks": Entry(lambda graph: [graph.random_walk(node, 10) for node in range(graph.vcount())]),
    "resource_allocation": Entry(
        None,
        lambda graph: list(nx.resource_allocation_index(_without_loops(graph))),
        part=50,
        note=_ALL_PAIRS,
    ),
    "scc": Entry(
        lambda graph: graph.connected_components(mode="strong"),
        lambda graph: list(nx.strongly_connected_components(graph)),
    ),
    "scc_kosaraju": Entry(
        lambda graph: graph.connected_components(mode="strong"),
        lambda graph: list(nx.kosaraju_strongly_connected_components(graph)),
    ),
    "single_source_shortest_paths": Entry(
        lambda graph: graph.distances(graph[START], mode="out"),
        lambda graph: nx.single_source_dijkstra_path_length(graph, graph.graph[START]),
        _FROM,
    ),
    "topological_order": Entry(
        lambda graph: graph.topological_sorting(), lambda graph: list(nx.topological_sort(graph)), acyclic=True
    ),
    "transitivity": Entry(
        lambda graph: _simple(graph).transitivity_undirected(),
        lambda graph: nx.transitivity(_without_loops(graph)),
    ),
    "triangle_count": Entry(
        # igraph counts triangles of nodes through the local coefficient.
        lambda graph: (_simple(graph).transitivity_local_undirected(mode="zero"), graph.degree()),
        lambda graph: nx.triangles(_without_loops(graph)),
    ),
    "wcc": Entry(
        lambda graph: graph.connected_components(mode="weak"),
        lambda graph: list(nx.weakly_connected_components(graph)),
    ),
}
"""By the names of the registry."""


def _common(graph: Any) -> object:
    return [len(nx.common_neighbors(graph, *pair)) for pair in nx.non_edges(graph)]
