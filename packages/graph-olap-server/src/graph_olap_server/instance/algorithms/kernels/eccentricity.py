"""How far the farthest nodes are: every search also bounds the eccentricities of all other nodes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Ints, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import NodeMap, Scalar
from graph_olap_server.instance.algorithms.kernels.searches import levels

__all__ = ["diameter", "eccentricity"]


def diameter(indptr: Ints, indices: Ints, *, max_searches: int | None) -> Scalar:
    """Longest of all shortest paths within a part, or a lower bound of it after ``max_searches`` searches."""
    if len(indptr) == 1:
        return Scalar(None, {"exact": True, "searches": 0})
    bounds = _Bounds.start(indptr, indices)
    longest, searches, widest = 0, 0, True
    while True:
        open_nodes = np.flatnonzero(bounds.upper > longest)
        if not len(open_nodes) or searches == max_searches:
            break
        longest = max(longest, _search(indptr, indices, bounds, open_nodes, widest=widest))
        searches, widest = searches + 1, not widest
    upper = int(max(longest, bounds.upper.max()))
    facts = {"exact": not len(open_nodes), "lower_bound": longest, "upper_bound": upper, "searches": searches}
    return Scalar(longest, facts)


def eccentricity(indptr: Ints, indices: Ints) -> NodeMap:
    """Distance to the farthest node that is reached."""
    bounds = _Bounds.start(indptr, indices)
    searches, widest = 0, True
    while len(open_nodes := np.flatnonzero(bounds.lower < bounds.upper)):
        _search(indptr, indices, bounds, open_nodes, widest=widest)
        searches, widest = searches + 1, not widest
    values = bounds.lower
    connected = values[np.diff(indptr) > 0]
    radius = int(connected.min()) if len(connected) else 0
    return NodeMap(values, {"diameter": int(values.max(initial=0)), "radius": radius, "searches": searches})


class _Bounds(NamedTuple):
    """Between which values the eccentricity of each node lies."""

    lower: Ints
    upper: Ints
    degree: Ints

    @classmethod
    def start(cls, indptr: Ints, indices: Ints) -> _Bounds:
        import scipy.sparse.csgraph

        count = len(indptr) - 1
        if not count:
            return cls(*(np.empty(0, np.int64) for _ in range(3)))
        _, part = scipy.sparse.csgraph.connected_components(matrix_of(indptr, indices, None), directed=False)
        upper = np.bincount(part)[part] - 1
        return cls((upper > 0).astype(np.int64), upper.astype(np.int64), np.diff(indptr))


def _search(indptr: Ints, indices: Ints, bounds: _Bounds, open_nodes: Ints, *, widest: bool) -> int:
    """Search from the open node that promises most, tighten all bounds, and return its eccentricity.

    In turns that is one which may be the farthest out and one which may be the nearest to the middle.
    """
    promise = bounds.upper[open_nodes] if widest else -bounds.lower[open_nodes]
    best = open_nodes[promise == promise.max()]
    node = best[np.argmax(bounds.degree[best])]
    level = levels(indptr, indices, np.array([node]))
    reached = np.flatnonzero(level >= 0)
    distance = level[reached]
    farthest = int(distance.max())
    bounds.lower[reached] = np.maximum(bounds.lower[reached], np.maximum(distance, farthest - distance))
    bounds.upper[reached] = np.minimum(bounds.upper[reached], farthest + distance)
    return farthest
