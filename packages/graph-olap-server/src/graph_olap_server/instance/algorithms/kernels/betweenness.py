"""Which nodes and edges lie on many shortest paths.

Without weights, the accumulation of Brandes is done for a batch of sources at a time with products of the matrix and
dense blocks, which reads each edge once per level for all of them. Where paths are long that does too much work, and
the kernel library searches from one source after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.kernels.graphs import (
    DirectedGraph,
    Floats,
    Ints,
    in_lanes,
    matrix_of,
    sample,
    whole_unit,
)
from graph_olap_server.instance.algorithms.kernels.results import EdgeMap, NodeMap

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["betweenness", "edge_betweenness"]

_DEEP = 40
_WHOLE = 2.0**53  # up to here sums are exact
_BLOCK = 1 << 17  # numbers per block: one fits the cache of a core


def betweenness(
    indptr: Ints, indices: Ints, weights: Floats | None = None, *, samples: int | None, seed: int
) -> NodeMap:
    """Share of all ordered pairs of other nodes whose shortest paths pass through a node."""
    matrix = matrix_of(indptr, indices, weights)
    count = matrix.shape[0]
    sources = sample(count, samples, seed)
    if weights is not None:
        _refuse_zeros(weights)
        matrix = matrix_of(indptr, indices, _exact(weights))
        if len(sources) == count:
            sums = _by_library(matrix, weighted=True)
        else:
            sums = _from_each(matrix, sources) * (count / len(sources))
    elif len(sources) == count and count and _depth(matrix, sources[:1]) > _DEEP:
        sums = _by_library(matrix, weighted=False)
    else:
        sums = _in_batches(matrix, sources, count, _node_sums) * (count / max(len(sources), 1))
    values = sums / max((count - 1) * (count - 2), 1)
    return NodeMap(values, {"sources": len(sources), "max_score": float(values.max()) if count else None})


def edge_betweenness(indptr: Ints, indices: Ints, *, samples: int | None, seed: int) -> EdgeMap:
    """Share of all pairs of nodes whose shortest paths use an edge of an undirected graph."""
    matrix = matrix_of(indptr, indices, None)
    count = matrix.shape[0]
    rows = np.repeat(np.arange(count), np.diff(indptr))
    upper = rows <= indices
    source, target = rows[upper], np.asarray(indices)[upper].astype(np.int64)
    sources = sample(count, samples, seed)
    sums = _in_batches(matrix, sources, len(source), lambda search: _edge_sums(search, source, target))
    values = sums * (count / max(len(sources), 1)) / max(count * (count - 1), 1)
    facts = {"sources": len(sources), "max_score": float(values.max()) if len(values) else None}
    return EdgeMap(source, target, values, facts)


class _Search(NamedTuple):
    """A batch of searches, one per column: levels (-1: not reached), numbers of shortest paths, dependencies."""

    sources: Ints
    level: Ints
    paths: Floats
    dependency: Floats


def _in_batches(
    matrix: scipy.sparse.csr_array, sources: Ints, length: int, sums: Callable[[_Search], Floats]
) -> Floats:
    """Add up what each batch of sources yields."""
    incoming = matrix.T.tocsr()
    width = int(np.clip(_BLOCK // max(matrix.shape[0], 1), 1, 64))
    batches = [sources[first : first + width] for first in range(0, len(sources), width)]

    def lane(own: Sequence[Ints]) -> Floats:
        total = np.zeros(length)
        for batch in own:
            total += sums(_search(matrix, incoming, batch))
        return total

    return np.sum(in_lanes(batches, lane), axis=0) if batches else np.zeros(length)


def _search(matrix: scipy.sparse.csr_array, incoming: scipy.sparse.csr_array, sources: Ints) -> _Search:
    shape = (matrix.shape[0], len(sources))
    columns = np.arange(len(sources))
    level = np.full(shape, -1, np.int32)
    level[sources, columns] = 0
    front = np.zeros(shape)
    front[sources, columns] = 1.0
    paths = front.copy()
    depth = 0
    while True:
        reached = incoming @ front
        front = np.where(level < 0, reached, 0.0)
        new = front > 0
        if not new.any():
            break
        depth += 1
        np.copyto(level, depth, where=new)
        paths += front
    dependency = np.zeros(shape)
    for below in range(depth, 0, -1):
        shares = np.divide(1.0 + dependency, paths, out=np.zeros(shape), where=level == below)
        dependency += np.where(level == below - 1, paths * (matrix @ shares), 0.0)
    return _Search(sources, level, paths, dependency)


def _node_sums(search: _Search) -> Floats:
    dependency = search.dependency
    dependency[search.sources, np.arange(len(search.sources))] = 0.0
    sums: Floats = dependency.sum(axis=1)
    return sums


def _edge_sums(search: _Search, source: Ints, target: Ints) -> Floats:
    """Sum what the paths put on each edge, whichever way they use it."""
    paths, level = search.paths, search.level
    shares = np.divide(1.0 + search.dependency, paths, out=np.zeros(paths.shape), where=paths > 0)
    sums = np.zeros(len(source))
    for column in range(paths.shape[1]):
        depth, ways, share = (np.ascontiguousarray(block[:, column]) for block in (level, paths, shares))
        step = depth[target] - depth[source]  # both ends are reached or neither is
        for near, far, direction in ((source, target, 1), (target, source, -1)):
            used = np.flatnonzero(step == direction)
            sums[used] += ways[near[used]] * share[far[used]]
    return sums


def _depth(matrix: scipy.sparse.csr_array, sources: Ints) -> int:
    incoming = matrix.T.tocsr()
    seen = np.zeros(matrix.shape[0], bool)
    seen[sources] = True
    front, depth = seen, 0
    while depth <= _DEEP:
        front = (incoming @ front.astype(np.float64) > 0) & ~seen
        if not front.any():
            break
        seen = seen | front
        depth += 1
    return depth


def _by_library(matrix: scipy.sparse.csr_array, *, weighted: bool) -> Floats:
    """Sum over all sources by one thread: with several, the order of additions depends on their timing.

    The library's estimate from some sources is not used: it is wrong on average in a directed graph.
    """
    import networkit as nk

    if matrix.shape[0] == 0:
        return np.empty(0)
    graph = DirectedGraph(matrix, weighted=weighted)
    threads = nk.getMaxNumberOfThreads()
    nk.setNumberOfThreads(1)
    try:
        run = nk.centrality.Betweenness(graph.handle)
        run.run()
    finally:
        nk.setNumberOfThreads(threads)
    return np.array(run.scores())


def _from_each(matrix: scipy.sparse.csr_array, sources: Ints) -> Floats:
    """Sum what paths from some sources add, with distances."""
    ends = matrix.tocoo()

    def lane(own: Sequence[Ints]) -> Floats:
        total = np.zeros(matrix.shape[0])
        for batch in own:
            for source in batch.tolist():
                total += _dependency(matrix, ends, source)
        return total

    batches = [sources[first : first + 1] for first in range(len(sources))]
    return np.asarray(np.sum(in_lanes(batches, lane), axis=0))


def _dependency(matrix: scipy.sparse.csr_array, ends: scipy.sparse.coo_array, source: int) -> Floats:
    """Return the dependency of one source on each node.

    Edges of shortest paths make a triangular matrix when nodes are in the order of their distance. Both recursions of
    Brandes, of the number of paths forwards and of the dependency backwards, are then the solution of a system.
    """
    import scipy.sparse
    from scipy.sparse.csgraph import dijkstra
    from scipy.sparse.linalg import spsolve_triangular

    distance = dijkstra(matrix, indices=source)
    reached = np.flatnonzero(np.isfinite(distance))
    order = reached[np.argsort(distance[reached], kind="stable")]
    rank = np.full(len(distance), -1)
    rank[order] = np.arange(len(order))
    with np.errstate(invalid="ignore"):
        shortest = distance[ends.row] + ends.data == distance[ends.col]
    before, after = rank[ends.row[shortest]], rank[ends.col[shortest]]
    inside = (before >= 0) & (before < after)
    before, after = before[inside], after[inside]
    shape = (len(order), len(order))
    steps = scipy.sparse.csr_array((np.ones(len(before)), (before, after)), shape=shape)
    system = scipy.sparse.eye_array(len(order), format="csr") - steps
    start = np.zeros(len(order))
    start[0] = 1.0
    paths = spsolve_triangular(system.T.tocsr(), start, lower=True, unit_diagonal=True)
    shares = spsolve_triangular(system.tocsr(), 1.0 / paths, lower=False, unit_diagonal=True)
    dependency = np.zeros(len(distance))
    dependency[order] = paths * (steps @ shares)
    dependency[source] = 0.0
    return dependency


def _exact(weights: Floats) -> Floats:
    """Return decimals as whole numbers, so that paths of the same length are found to be as long as each other."""
    unit = whole_unit(weights, _WHOLE)
    return weights if unit is None else np.rint(weights * unit)


def _refuse_zeros(weights: Floats) -> None:
    zeros = int((weights == 0).sum())
    if zeros:
        reason = (
            f"betweenness needs distances above 0: {zeros} edges have the weight 0, so the number of shortest paths "
            "is not defined. Leave them out with a query, or give them a small weight."
        )
        raise PlatformError("ALGORITHM_FAILED", reason, {"reason": "weights of zero", "count": zeros})
