"""What igraph and NetworkX call our algorithms; both get a directed graph and turn it as the algorithm wants it.

A name that is missing has no counterpart there that computes the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import networkx as nx

__all__ = ["IGRAPH", "NETWORKX", "PARAMETERS"]

PARAMETERS: Mapping[str, Mapping[str, Any]] = {}
"""Arguments of our kernels beyond their defaults, nodes as dense ids."""

IGRAPH: Mapping[str, Callable[[Any], object]] = {
    "kcore": lambda graph: _simple(graph).coreness(),
    "label_propagation": lambda graph: _undirected(graph).community_label_propagation(),
    "louvain": lambda graph: _undirected(graph).community_multilevel(),
    "pagerank": lambda graph: graph.pagerank(damping=0.85),
    "scc_kosaraju": lambda graph: graph.connected_components(mode="strong"),
    "scc": lambda graph: graph.connected_components(mode="strong"),
    "triangle_count": lambda graph: _triangles(_simple(graph)),
    "wcc": lambda graph: graph.connected_components(mode="weak"),
}

NETWORKX: Mapping[str, Callable[[Any], object]] = {
    "kcore": lambda graph: nx.core_number(_without_loops(graph)),
    "label_propagation": lambda graph: list(nx.community.label_propagation_communities(graph.to_undirected())),
    "louvain": lambda graph: nx.community.louvain_communities(graph.to_undirected(), seed=0),
    "pagerank": lambda graph: nx.pagerank(graph, tol=1e-6 / len(graph)),
    "scc_kosaraju": lambda graph: list(nx.kosaraju_strongly_connected_components(graph)),
    "scc": lambda graph: list(nx.strongly_connected_components(graph)),
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


def _without_loops(graph: Any) -> Any:
    undirected = graph.to_undirected()
    undirected.remove_edges_from(list(nx.selfloop_edges(undirected)))
    return undirected
