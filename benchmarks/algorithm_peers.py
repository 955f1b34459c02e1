"""What igraph and NetworkX call our algorithms; both get a directed graph and turn it as the algorithm wants it.

A name that is missing has no counterpart there that computes the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import networkx as nx
import numpy as np

__all__ = ["IGRAPH", "NETWORKX", "PARAMETERS"]

SAMPLES = 64
"""Searches in place of one from every node, which takes hours in every tool."""

PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "all_pairs_shortest_paths": {"max_distance": 2.0, "source_nodes": lambda nodes: range(min(SAMPLES, nodes))},
    "astar": {
        "source_node": 0,
        "target_node": lambda nodes: nodes - 1,
        "x_property": np.arange,
        "y_property": np.arange,
    },
    "bellman_ford": {"source_node": 0},
    "betweenness": {"samples": SAMPLES},
    "bfs": {"source_nodes": [0]},
    "closeness": {"samples": SAMPLES},
    "conductance": {"community_property": lambda nodes: np.arange(nodes) % 100},
    "dfs": {"source_node": 0},
    "edge_betweenness": {"samples": SAMPLES},
    "ego_network": {"source_node": 0, "radius": 2},
    "harmonic": {"samples": SAMPLES},
    "k_shortest_paths": {"source_node": 0, "target_node": lambda nodes: nodes - 1},
    "max_flow": {"source_node": 0, "target_node": 1},
    "min_cut": {"source_node": 0, "target_node": 1},
    "modularity": {"community_property": lambda nodes: np.arange(nodes) % 100},
}
"""Arguments of our kernels beyond their defaults, nodes as dense ids; a function gets the number of nodes."""

IGRAPH: Mapping[str, Callable[[Any], object]] = {
    "articulation_points": lambda graph: _simple(graph).articulation_points(),
    "average_clustering": lambda graph: _simple(graph).transitivity_avglocal_undirected(mode="zero"),
    "betweenness": lambda graph: graph.betweenness(sources=range(SAMPLES)),
    "biconnected_components": lambda graph: _simple(graph).biconnected_components(),
    "bridges": lambda graph: _simple(graph).bridges(),
    "closeness": lambda graph: graph.closeness(range(SAMPLES), mode="in"),
    "clustering_coefficient": lambda graph: _simple(graph).transitivity_local_undirected(mode="zero"),
    "degree": lambda graph: graph.degree(),
    "all_pairs_shortest_paths": lambda graph: graph.neighborhood(range(SAMPLES), order=2, mode="out"),
    "bellman_ford": lambda graph: graph.distances(0, weights=[1.0] * graph.ecount(), algorithm="bellman_ford"),
    "bfs": lambda graph: graph.bfs(0, mode="out"),
    "diameter": lambda graph: _simple(graph).diameter(),
    "dfs": lambda graph: graph.dfs(0, mode="out"),
    "eccentricity": lambda graph: _simple(graph).eccentricity(),
    "ego_network": lambda graph: _simple(graph).neighborhood(0, order=2),
    "eigenvector": lambda graph: graph.eigenvector_centrality(directed=True),
    "harmonic": lambda graph: graph.harmonic_centrality(range(SAMPLES), mode="in"),
    "hits": lambda graph: graph.authority_score(),
    "kcore": lambda graph: _simple(graph).coreness(),
    "label_propagation": lambda graph: _undirected(graph).community_label_propagation(),
    "leiden": lambda graph: _undirected(graph).community_leiden("modularity", n_iterations=2),
    "louvain": lambda graph: _undirected(graph).community_multilevel(),
    "max_flow": lambda graph: graph.simplify().maxflow(0, 1),
    "min_cut": lambda graph: graph.simplify().mincut(0, 1),
    "minimum_spanning_tree": lambda graph: _simple(graph).spanning_tree(),
    "modularity": lambda graph: _undirected(graph).modularity((np.arange(graph.vcount()) % 100).tolist()),
    "pagerank": lambda graph: graph.pagerank(damping=0.85),
    "scc_kosaraju": lambda graph: graph.connected_components(mode="strong"),
    "scc": lambda graph: graph.connected_components(mode="strong"),
    "single_source_shortest_paths": lambda graph: graph.distances(0),
    "transitivity": lambda graph: _simple(graph).transitivity_undirected(),
    "triangle_count": lambda graph: _triangles(_simple(graph)),
    "wcc": lambda graph: graph.connected_components(mode="weak"),
}

NETWORKX: Mapping[str, Callable[[Any], object]] = {
    "bellman_ford": lambda graph: nx.single_source_bellman_ford_path_length(graph, 0),
    "bfs": lambda graph: nx.single_source_shortest_path_length(graph, 0),
    "dfs": lambda graph: list(nx.dfs_preorder_nodes(graph, 0)),
    "ego_network": lambda graph: nx.ego_graph(graph.to_undirected(), 0, radius=2),
    "minimum_spanning_tree": lambda graph: nx.minimum_spanning_tree(graph.to_undirected()),
    "single_source_shortest_paths": lambda graph: nx.single_source_dijkstra_path_length(graph, 0),
    "articulation_points": lambda graph: list(nx.articulation_points(_without_loops(graph))),
    "average_clustering": lambda graph: nx.average_clustering(_without_loops(graph)),
    "betweenness": lambda graph: nx.betweenness_centrality(graph, k=SAMPLES, seed=0),
    "biconnected_components": lambda graph: list(nx.biconnected_component_edges(_without_loops(graph))),
    "bridges": lambda graph: list(nx.bridges(_without_loops(graph))),
    "closeness": lambda graph: [nx.closeness_centrality(graph, node) for node in range(SAMPLES)],
    "clustering_coefficient": lambda graph: nx.clustering(_without_loops(graph)),
    "conductance": lambda graph: _conductance(graph.to_undirected()),
    "degree": lambda graph: dict(graph.degree()),
    "edge_betweenness": lambda graph: nx.edge_betweenness_centrality(graph.to_undirected(), k=SAMPLES, seed=0),
    "eigenvector": lambda graph: nx.eigenvector_centrality(graph, max_iter=1000),
    "harmonic": lambda graph: nx.harmonic_centrality(graph, range(SAMPLES)),
    "hits": lambda graph: nx.hits(graph),
    "katz": lambda graph: nx.katz_centrality(graph, alpha=1e-4),
    "kcore": lambda graph: nx.core_number(_without_loops(graph)),
    "label_propagation": lambda graph: list(nx.community.label_propagation_communities(graph.to_undirected())),
    "louvain": lambda graph: nx.community.louvain_communities(graph.to_undirected(), seed=0),
    "modularity": lambda graph: nx.community.modularity(graph.to_undirected(), _groups(graph)),
    "pagerank": lambda graph: nx.pagerank(graph, tol=1e-6 / len(graph)),
    "scc_kosaraju": lambda graph: list(nx.kosaraju_strongly_connected_components(graph)),
    "scc": lambda graph: list(nx.strongly_connected_components(graph)),
    "transitivity": lambda graph: nx.transitivity(_without_loops(graph)),
    "triangle_count": lambda graph: nx.triangles(_without_loops(graph)),
    "wcc": lambda graph: list(nx.weakly_connected_components(graph)),
}


def _undirected(graph: Any) -> Any:
    graph.to_undirected(mode="collapse")
    return graph


def _simple(graph: Any) -> Any:
    return _undirected(graph).simplify()


def _triangles(graph: Any) -> object:
    # igraph counts motifs per node only through the local coefficient.
    return graph.transitivity_local_undirected(mode="zero"), graph.degree()


def _groups(graph: Any) -> list[set[int]]:
    return [set(range(first, len(graph), 100)) for first in range(min(100, len(graph)))]


def _conductance(graph: Any) -> object:
    return [nx.conductance(graph, group) for group in _groups(graph)]


def _without_loops(graph: Any) -> Any:
    undirected = graph.to_undirected()
    undirected.remove_edges_from(list(nx.selfloop_edges(undirected)))
    return undirected
