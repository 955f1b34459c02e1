"""How far the farthest nodes are: every search also bounds the eccentricities of all other nodes.

Searches start one by one from the nodes that promise most. Where all nodes are about as far out, as in random graphs,
bounds settle little; then searches from 64 nodes go side by side for about the time of one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Ints, in_lanes, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import NodeMap, Scalar
from graph_olap_server.instance.algorithms.kernels.searches import SIDE_BY_SIDE, levels, waves

__all__ = ["diameter", "eccentricity"]

_LOOK_BACK = 16
"""Searches after which it is seen what they settled."""
_BATCHES = 8
"""Batches of searches between two looks at what is open."""
_TOO_DEEP = 2000
"""Levels beyond which the work per level, not that per edge, makes searches side by side dear."""


def diameter(indptr: Ints, indices: Ints, *, max_searches: int | None) -> Scalar:
    """Longest of all shortest paths within a part, or a lower bound of it after ``max_searches`` searches."""
    if len(indptr) == 1:
        return Scalar(None, {"exact": True, "searches": 0})
    search = _Search(indptr, indices, max_searches)
    search.run(lambda bounds, longest: np.flatnonzero(bounds.upper > longest))
    open_nodes = np.flatnonzero(search.bounds.upper > search.longest)
    upper = int(max(search.longest, search.bounds.upper.max()))
    facts = {"lower_bound": search.longest, "upper_bound": upper, "searches": search.searches}
    return Scalar(search.longest, {"exact": not len(open_nodes), **facts})


def eccentricity(indptr: Ints, indices: Ints) -> NodeMap:
    """Distance to the farthest node that is reached."""
    search = _Search(indptr, indices, None)
    search.run(lambda bounds, longest: np.flatnonzero(bounds.lower < bounds.upper))
    values = search.bounds.lower
    connected = values[np.diff(indptr) > 0]
    radius = int(connected.min()) if len(connected) else 0
    return NodeMap(values, {"diameter": int(values.max(initial=0)), "radius": radius, "searches": search.searches})


class _Bounds(NamedTuple):
    """Between which values the eccentricity of each node lies."""

    lower: Ints
    upper: Ints
    degree: Ints
    part: Ints

    @classmethod
    def start(cls, indptr: Ints, indices: Ints) -> _Bounds:
        import scipy.sparse.csgraph

        count = len(indptr) - 1
        if not count:
            return cls(*(np.empty(0, np.int64) for _ in range(4)))
        _, part = scipy.sparse.csgraph.connected_components(matrix_of(indptr, indices, None), directed=False)
        upper = np.bincount(part)[part] - 1
        return cls((upper > 0).astype(np.int64), upper.astype(np.int64), np.diff(indptr), part)


class _Search:
    """Searches from open nodes until none is left, or as many as are allowed."""

    def __init__(self, indptr: Ints, indices: Ints, most: int | None) -> None:
        self.bounds = _Bounds.start(indptr, indices)
        self.longest = 0
        self.searches = 0
        self._graph = indptr, indices.astype(np.intp)  # which NumPy would convert in every level
        self._most = most

    def run(self, still_open: Callable[[_Bounds, int], Ints]) -> None:
        """Search from the nodes that ``still_open`` finds between their bounds."""
        open_nodes = still_open(self.bounds, self.longest)
        counted, widest, together = len(open_nodes), True, False
        while len(open_nodes) and self.searches != self._most:
            if together:
                self._side_by_side(open_nodes)
            else:
                self._one(open_nodes, widest=widest)
                widest = not widest
            open_nodes = still_open(self.bounds, self.longest)
            if not together and self.searches % _LOOK_BACK == 0:
                settled, counted = counted - len(open_nodes), len(open_nodes)
                together = settled < _LOOK_BACK * SIDE_BY_SIDE // 2 and self.longest <= _TOO_DEEP

    def _one(self, open_nodes: Ints, *, widest: bool) -> None:
        """Search from the open node that promises most and tighten all bounds.

        In turns that is one which may be the farthest out and one which may be the nearest to the middle.
        """
        bounds = self.bounds
        promise = bounds.upper[open_nodes] if widest else -bounds.lower[open_nodes]
        best = open_nodes[promise == promise.max()]
        node = best[np.argmax(bounds.degree[best])]
        level = levels(*self._graph, np.array([node]))
        reached = np.flatnonzero(level >= 0)
        distance = level[reached]
        farthest = int(distance.max())
        bounds.lower[reached] = np.maximum(bounds.lower[reached], np.maximum(distance, farthest - distance))
        bounds.upper[reached] = np.minimum(bounds.upper[reached], farthest + distance)
        self._found(1, farthest)

    def _side_by_side(self, open_nodes: Ints) -> None:
        """Search from many open nodes, those first that may be the farthest out.

        A node lies no farther out than its nearest source plus the eccentricity of any source, and no nearer than its
        farthest source.
        """
        bounds = self.bounds
        room = _BATCHES * SIDE_BY_SIDE if self._most is None else self._most - self.searches
        order = np.lexsort((-bounds.degree[open_nodes], -bounds.upper[open_nodes]))
        chosen = open_nodes[order[: min(room, _BATCHES * SIDE_BY_SIDE)]]
        batches = np.array_split(chosen, -(-len(chosen) // SIDE_BY_SIDE))
        for lane in in_lanes(batches, lambda own: [_together(*self._graph, batch, bounds.part) for batch in own]):
            for batch, farthest, first, last in lane:
                reached = np.flatnonzero(first >= 0)
                far = first[reached] + int(farthest.max())
                bounds.upper[reached] = np.minimum(bounds.upper[reached], far)
                bounds.lower[reached] = np.maximum(bounds.lower[reached], last[reached])
                bounds.lower[batch] = bounds.upper[batch] = farthest
                self._found(len(batch), int(farthest.max()))

    def _found(self, searches: int, farthest: int) -> None:
        self.searches += searches
        self.longest = max(self.longest, farthest)


def _together(indptr: Ints, indices: Ints, sources: Ints, part: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the sources, their eccentricities, and for each node the distance to its nearest and farthest source.

    Nodes that no source reaches are -1 away from all of them.
    """
    farthest = np.zeros(len(sources), np.int64)
    bits = np.uint64(1) << np.arange(len(sources), dtype=np.uint64)
    first = np.full(len(indptr) - 1, -1, np.int64)
    first[sources] = 0
    last = first.copy()
    for level, front, nodes in waves(indptr, indices, sources, part):
        farthest[(np.bitwise_or.reduce(front[nodes]) & bits) > 0] = level
        last[nodes] = level
        fresh = nodes[first[nodes] < 0]
        first[fresh] = level
    return sources, farthest, first, last
