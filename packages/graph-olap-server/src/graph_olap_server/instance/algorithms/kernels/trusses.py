"""How strongly triangles hold an edge."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Ints
from graph_olap_server.instance.algorithms.kernels.results import EdgeMap

__all__ = ["ktruss"]

_PAIRS_AT_ONCE = 1 << 21


def ktruss(indptr: Ints, indices: Ints) -> EdgeMap:
    """Largest k for which an edge is in the k-truss, where each edge is in k - 2 triangles, by peeling.

    Triangles are found anew when an edge is removed instead of being kept: there can be far more of them than edges.
    """
    rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    upper = rows < indices
    source, target = rows[upper], np.asarray(indices)[upper].astype(np.int64)
    count = len(source)
    graph = _Rows(len(indptr) - 1, source, target, np.arange(count))
    support = np.zeros(count, np.int64)
    for edge, _, _ in graph.triangles(np.arange(count)):
        support += np.bincount(edge, minlength=count)
    truss = np.zeros(count, np.int64)
    left = np.arange(count)
    k = 2
    while len(left):
        k = max(k, int(support[left].min()) + 2)
        front = left[support[left] <= k - 2]
        while len(front):
            changed = _peel(graph, front, support, truss)
            truss[front] = k
            front = changed[support[changed] <= k - 2]
        left = left[truss[left] == 0]
        if len(left) < graph.edges / 2:
            graph = _Rows(len(indptr) - 1, source, target, left)
    return EdgeMap(source, target, truss, {"max_k": int(truss.max()) if count else 0})


def _peel(graph: _Rows, front: Ints, support: Ints, truss: Ints) -> Ints:
    """Take the triangles of the removed edges from the support of the others; return these."""
    removed = np.zeros(len(truss), bool)
    removed[front] = True
    changed = [front[:0]]
    for edge, second, third in graph.triangles(front):
        exists = (truss[second] == 0) & (truss[third] == 0)
        # A triangle that loses several edges at once is taken away by the first of them only.
        exists &= ~(removed[second] & (second < edge)) & ~(removed[third] & (third < edge))
        touched = np.concatenate([second[exists], third[exists]])
        others, times = np.unique(touched[~removed[touched]], return_counts=True)
        support[others] -= times
        changed.append(others)
    return np.unique(np.concatenate(changed[1:] or changed))


class _Rows:
    """Some edges of a graph as rows of neighbours with the edges' numbers, and as sorted pairs."""

    def __init__(self, nodes: int, source: Ints, target: Ints, numbers: Ints) -> None:
        self.edges = len(numbers)
        self._nodes = nodes
        self._source, self._target = source, target
        start = np.concatenate([source[numbers], target[numbers]])
        order = np.argsort(start, kind="stable")
        self._neighbour = np.concatenate([target[numbers], source[numbers]])[order]
        self._number = np.concatenate([numbers, numbers])[order]
        self._degree = np.bincount(start, minlength=nodes)
        self._first = np.concatenate([[0], np.cumsum(self._degree)])
        self._pairs = source[numbers] * nodes + target[numbers]  # ascending, as the numbers are
        self._pair_number = numbers

    def triangles(self, edges: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
        """Yield the triangles of each edge: its number and those of the two others; once per edge given."""
        source, target = self._source[edges], self._target[edges]
        near = np.where(self._degree[source] <= self._degree[target], source, target)
        far = source + target - near
        ends = np.cumsum(self._degree[near])
        first = 0
        while first < len(edges):
            done = int(ends[first - 1]) if first else 0
            last = max(first + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE)))
            yield self._closed(edges[first:last], near[first:last], far[first:last])
            first = last

    def _closed(self, edges: Ints, near: Ints, far: Ints) -> tuple[Ints, Ints, Ints]:
        lengths = self._degree[near]
        before = np.repeat(self._first[near] - np.cumsum(lengths) + lengths, lengths)
        places = before + np.arange(len(before))
        other, end = self._neighbour[places], np.repeat(far, lengths)
        pairs = np.minimum(other, end) * self._nodes + np.maximum(other, end)
        found = np.minimum(np.searchsorted(self._pairs, pairs), max(self.edges - 1, 0))
        closed = self._pairs[found] == pairs if self.edges else np.zeros(len(pairs), bool)
        return np.repeat(edges, lengths)[closed], self._number[places[closed]], self._pair_number[found[closed]]
