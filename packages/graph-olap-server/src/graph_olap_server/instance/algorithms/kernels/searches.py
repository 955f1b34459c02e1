"""Searches through a graph: what they reach, how far away it is and in which order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import NodeList, NodeMap

__all__ = ["bfs", "dfs", "ego_network", "levels", "neighbours"]

_DEEP = 500
"""Levels after which a search in rounds of NumPy loses against one in C."""


def bfs(indptr: Ints, indices: Ints, *, source_nodes: Sequence[int], max_depth: int | None) -> NodeMap:
    """Number of edges from the nearest source; what is not reached has no value."""
    level = levels(indptr, indices, np.asarray(source_nodes, np.int64), max_depth)
    return NodeMap(level, _facts(level), level >= 0)


def dfs(indptr: Ints, indices: Ints, *, source_node: int) -> NodeList:
    """Nodes in the order in which a depth-first search enters them, the smallest neighbour first."""
    import scipy.sparse.csgraph

    graph = matrix_of(indptr.astype(np.int32), indices, None)
    order = scipy.sparse.csgraph.depth_first_order(graph, source_node, return_predecessors=False)
    return NodeList(order.astype(np.int64), {"nodes_reached": len(order)})


def ego_network(indptr: Ints, indices: Ints, *, source_node: int, radius: int) -> NodeMap:
    """Number of edges to the centre for the nodes within ``radius`` of it."""
    level = levels(indptr, indices, np.array([source_node]), radius)
    inside = level >= 0
    members = np.flatnonzero(inside)
    rows, places = neighbours(indptr, members)
    ends = indices[places]
    kept = inside[ends] & (rows <= ends)
    return NodeMap(level, {**_facts(level), "edges_inside": int(kept.sum())}, inside)


def levels(indptr: Ints, indices: Ints, sources: Ints, limit: int | None = None, first: int = 0) -> Ints:
    """Return the number of edges from the nearest source over nodes not before ``first``.

    It is -1 beyond the limit and for what is not reached.
    """
    level = np.full(len(indptr) - 1, -1, np.int64)
    level[sources] = 0
    frontier, depth = np.unique(sources), 0
    while len(frontier) and (limit is None or depth < limit):
        if depth == _DEEP and not first:
            return _deep(indptr, indices, sources, limit)
        depth += 1
        _, places = neighbours(indptr, frontier)
        reached = indices[places]
        reached = reached[(level[reached] < 0) & (reached >= first)]
        level[reached] = depth
        # Sorting pays while few nodes are reached; a pass over all nodes does when they are many.
        frontier = np.unique(reached) if 8 * len(reached) < len(level) else np.flatnonzero(level == depth)
    return level


def neighbours(indptr: Ints, nodes: Ints) -> tuple[Ints, Ints]:
    """Return the edges that leave some nodes: the node of each, and its place in the array of indices."""
    degrees = indptr[nodes + 1] - indptr[nodes]
    ends = np.cumsum(degrees)
    places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(indptr[nodes] - ends + degrees, degrees)
    return np.repeat(nodes, degrees), places


def _deep(indptr: Ints, indices: Ints, sources: Ints, limit: int | None) -> Ints:
    import scipy.sparse.csgraph

    distances: Floats = scipy.sparse.csgraph.dijkstra(
        matrix_of(indptr, indices, None),
        indices=sources,
        unweighted=True,
        min_only=True,
        limit=np.inf if limit is None else limit,
    )
    return np.where(np.isfinite(distances), distances, -1).astype(np.int64)


def _facts(level: Ints) -> dict[str, object]:
    return {"nodes_reached": int((level >= 0).sum()), "max_depth": int(level.max(initial=0))}
