"""How strongly triangles hold an edge."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Ints
from graph_olap_server.instance.algorithms.kernels.results import EdgeMap

__all__ = ["ktruss"]

_WEDGES_AT_ONCE = 1 << 21


def ktruss(indptr: Ints, indices: Ints) -> EdgeMap:
    """Largest k for which an edge is in the k-truss, where each edge is in k - 2 triangles, by peeling."""
    rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    upper = rows < indices
    source, target = rows[upper], np.asarray(indices)[upper].astype(np.int64)
    count = len(source)
    triangles = _Triangles.of(source, target, np.diff(indptr))
    support = np.diff(triangles.first)
    truss = np.zeros(count, np.int64)
    alive = np.ones(len(triangles.edges), bool)
    seen = np.empty(len(alive), np.int64)
    left = np.arange(count)
    k = 2
    while len(left):
        k = max(k, int(support[left].min()) + 2)
        front = left[support[left] <= k - 2]
        while len(front):
            truss[front] = k
            gone = triangles.at(front)
            gone = gone[alive[gone]]
            seen[gone] = np.arange(len(gone))
            gone = gone[seen[gone] == np.arange(len(gone))]  # once each, also with several of their edges in front
            alive[gone] = False
            touched = triangles.edges[gone].ravel()
            np.subtract.at(support, touched, 1)
            front = np.unique(touched[(truss[touched] == 0) & (support[touched] <= k - 2)])
        left = left[truss[left] == 0]
    return EdgeMap(source, target, truss, {"max_k": int(truss.max()) if count else 0})


class _Triangles(NamedTuple):
    """All triangles as rows of three edges, and for each edge the triangles it is in."""

    edges: Ints
    first: Ints
    numbers: Ints

    @staticmethod
    def of(source: Ints, target: Ints, degrees: Ints) -> _Triangles:
        """Find each triangle once, from its node of smallest degree: few pairs of neighbours are left to look at."""
        import scipy.sparse

        nodes, count = len(degrees), len(source)
        rank = np.empty(nodes, np.int64)
        rank[np.argsort(degrees, kind="stable")] = np.arange(nodes)
        low, high = np.minimum(rank[source], rank[target]), np.maximum(rank[source], rank[target])
        numbers = np.arange(1, count + 1, dtype=np.int32)
        upward = scipy.sparse.coo_array((numbers, (low, high)), shape=(nodes, nodes)).tocsr()
        rest = np.repeat(upward.indptr[1:], np.diff(upward.indptr)) - np.arange(count) - 1
        order = np.argsort(upward.indices, kind="stable")  # so that one row after the other is searched
        ends = np.cumsum(rest[order])
        found = []
        start = 0
        while start < count:
            done = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, done + _WEDGES_AT_ONCE)))
            place = order[start:stop]
            one = np.repeat(place, rest[place])
            offsets = np.cumsum(rest[place])
            two = one + 1 + np.arange(len(one)) - np.repeat(offsets - rest[place], rest[place])
            third = upward[upward.indices[one], upward.indices[two]] if len(one) else one.astype(np.int32)
            closed = third > 0
            found.append(np.column_stack([upward.data[one[closed]], upward.data[two[closed]], third[closed]]) - 1)
            start = stop
        edges = np.concatenate(found) if found else np.empty((0, 3), np.int32)
        owners = np.repeat(np.arange(len(edges), dtype=np.int32), 3)
        shape = (count, max(len(edges), 1))
        incidence = scipy.sparse.coo_array((np.ones(len(owners), bool), (edges.ravel(), owners)), shape=shape).tocsr()
        return _Triangles(edges, incidence.indptr, incidence.indices)

    def at(self, edges: Ints) -> Ints:
        """Return the triangles of some edges, one after the other."""
        lengths = self.first[edges + 1] - self.first[edges]
        starts = np.repeat(self.first[edges] - np.cumsum(lengths) + lengths, lengths)
        found: Ints = self.numbers[starts + np.arange(len(starts))]
        return found
