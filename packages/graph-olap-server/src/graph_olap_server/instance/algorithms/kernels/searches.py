"""Searches through a graph: what they reach, how far away it is and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import NodeList, NodeMap

__all__ = [
    "SIDE_BY_SIDE",
    "TooDeepError",
    "bfs",
    "dfs",
    "distances_of_many",
    "ego_network",
    "levels",
    "neighbours",
    "waves",
]

SIDE_BY_SIDE = 64
"""Searches that go side by side: one bit of a word each."""

_DEEP = 500
"""Levels after which a search in rounds of NumPy loses against one in C."""

_DEEP_TOGETHER = 50
"""Levels after which searches side by side, each level of which goes over all nodes, lose as well."""

_MANY_OUT = 3
"""Part of the edges from which on choosing them in a pass over all beats looking them up."""

_FEW_OUT, _FEW_IN = 16, 4
"""Parts of the edges up to which looking at those of reached or of waiting nodes only beats a pass over all."""


class TooDeepError(Exception):
    """Paths have so many edges that another way to search is faster."""


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
    fresh = level < 0
    fresh[:first] = False
    degree = np.diff(indptr)
    frontier, depth = np.unique(sources), 0
    while len(frontier) and (limit is None or depth < limit):
        if depth == _DEEP and not first:
            return _deep(indptr, indices, sources, limit)
        depth += 1
        if int(degree[frontier].sum()) * _MANY_OUT < len(indices):
            reached = indices[neighbours(indptr, frontier)[1]]
        else:
            inside = np.zeros(len(level), bool)
            inside[frontier] = True
            reached = indices[np.repeat(inside, degree)]
        reached = reached[fresh[reached]]
        level[reached] = depth
        # Sorting pays while few nodes are reached; a pass over all nodes does when they are many.
        frontier = np.unique(reached) if 8 * len(reached) < len(level) else np.flatnonzero(level == depth)
        fresh[frontier] = False
    return level


def waves(indptr: Ints, indices: Ints, sources: Ints, part: Ints) -> Iterator[tuple[int, Ints, Ints]]:
    """Search from up to :data:`SIDE_BY_SIDE` nodes at once and yield each level, what reaches a node, and these nodes.

    Every node has a word with one bit for each source, set in the level in which that source reaches it; a level joins
    the bits of neighbours. Edges must lead both ways; ``part`` numbers the connected parts of the graph.
    """
    front = np.zeros(len(indptr) - 1, np.uint64)
    front[sources] = np.uint64(1) << np.arange(len(sources), dtype=np.uint64)
    in_the_end = np.zeros(int(part.max(initial=-1)) + 1, np.uint64)
    np.bitwise_or.at(in_the_end, part[sources], front[sources])
    missing = in_the_end[part] & ~front
    degree = np.diff(indptr)
    linked = np.flatnonzero(degree)
    nodes, level = np.asarray(sources), 0
    while len(waiting := np.flatnonzero(missing)):
        joined = np.zeros(len(front), np.uint64)
        if int(degree[nodes].sum()) * _FEW_OUT < len(indices):
            before, places = neighbours(indptr, nodes)
            np.bitwise_or.at(joined, indices[places], front[before])
        elif int(degree[waiting].sum()) * _FEW_IN < len(indices):
            _, places = neighbours(indptr, waiting)
            starts = np.cumsum(degree[waiting]) - degree[waiting]
            joined[waiting] = np.bitwise_or.reduceat(front.take(indices[places]), starts)
        else:
            joined[linked] = np.bitwise_or.reduceat(front.take(indices), indptr[linked])
        front = joined & missing
        missing ^= front
        nodes = np.flatnonzero(front)
        level += 1
        yield level, front, nodes


def distances_of_many(
    indptr: Ints, indices: Ints, incoming: tuple[Ints, Ints], sources: Ints, limit: int | None
) -> Ints:
    """Return the number of edges from each of up to :data:`SIDE_BY_SIDE` nodes to every node, a row for each of them.

    It is -1 for what is not reached, also because it is more than ``limit`` away. ``incoming`` are the same edges
    turned round. A word per node holds one bit for each source, as in :func:`waves`.

    Raises:
        TooDeepError: Paths are longer than a search in rounds is good for.
    """
    count = len(indptr) - 1
    level = np.full((len(sources), count), -1, np.int16)
    level[np.arange(len(sources)), sources] = 0
    front = np.zeros(count, np.uint64)
    np.bitwise_or.at(front, sources, np.uint64(1) << np.arange(len(sources), dtype=np.uint64))
    seen, nodes, depth = front.copy(), np.unique(sources), 0
    degree = np.diff(indptr)
    linked = np.flatnonzero(np.diff(incoming[0]))
    while len(nodes) and (limit is None or depth < limit):
        if depth == _DEEP_TOGETHER:
            raise TooDeepError
        depth += 1
        joined = np.zeros(count, np.uint64)
        if int(degree[nodes].sum()) * _FEW_OUT < len(indices):
            before, places = neighbours(indptr, nodes)
            np.bitwise_or.at(joined, indices[places], front[before])
        else:
            joined[linked] = np.bitwise_or.reduceat(front.take(incoming[1]), incoming[0][linked])
        front = joined & ~seen
        seen |= front
        nodes = np.flatnonzero(front)
        words = front[nodes].astype("<u8").view(np.uint8).reshape(-1, 8)
        place, source = np.nonzero(np.unpackbits(words, axis=1, count=len(sources), bitorder="little"))
        level[source, nodes[place]] = depth
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
