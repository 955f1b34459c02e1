"""Which nodes and edges lie on many shortest paths.

Without weights, searches and the way back go level by level, on small graphs for many sources at once. From all nodes
of a graph whose paths are long that makes too many steps, and the kernel library searches from one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.kernels.brandes import Search, Searches
from graph_olap_server.instance.algorithms.kernels.graphs import (
    LANES,
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
_EDGE_WIDTH = 16  # searches whose numbers stand side by side when those of the ends of edges are looked up
_EDGE_CELLS = 1 << 20
_AT_ONCE = 1 << 16  # numbers of edges that stay in the cache


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
        sums = _node_sums(matrix, sources) * (count / max(len(sources), 1))
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
    sums = _edge_sums(matrix, sources, source, target)
    values = sums * (count / max(len(sources), 1)) / max(count * (count - 1), 1)
    facts = {"sources": len(sources), "max_score": float(values.max()) if len(values) else None}
    return EdgeMap(source, target, values, facts)


def _node_sums(matrix: scipy.sparse.csr_array, sources: Ints) -> Floats:
    """Add up the dependencies of some sources on each node."""
    searches = Searches(matrix)
    batches = _parts(sources, _width(matrix))

    def lane(own: Sequence[Ints]) -> Floats:
        total = np.zeros(matrix.shape[0])
        for batch in own:
            search = searches.run(batch)
            search.dependency[search.levels[0]] = 0.0
            total += search.dependency.reshape(-1, search.width).sum(axis=1)
        return total

    return np.asarray(np.sum(in_lanes(batches, lane), axis=0)) if batches else np.zeros(matrix.shape[0])


def _edge_sums(matrix: scipy.sparse.csr_array, sources: Ints, source: Ints, target: Ints) -> Floats:
    """Add up what the shortest paths from some sources put on each edge, whichever way they use it."""
    searches = Searches(matrix)
    width = _width(matrix)
    most = max(width, min(_EDGE_WIDTH, _EDGE_CELLS // max(matrix.shape[0], 1), len(sources) // LANES))
    batches = _parts(sources, most // width * width)

    def lane(own: Sequence[Ints]) -> Floats:
        total = np.zeros(len(source))
        for batch in own:
            found = [_on_ends(searches.run(part)) for part in _parts(batch, width)]
            level, paths, share = (np.concatenate(blocks, axis=1) for blocks in zip(*found, strict=True))
            step = max(1, _AT_ONCE // len(batch))
            for first in range(0, len(source), step):
                near, far = source[first : first + step], target[first : first + step]
                deeper = level.take(far, axis=0) - level.take(near, axis=0)  # both ends are reached or neither is
                sums = paths.take(near, axis=0) * share.take(far, axis=0) * (deeper == 1)
                sums += paths.take(far, axis=0) * share.take(near, axis=0) * (deeper == -1)
                total[first : first + step] += sums.sum(axis=1)
        return total

    return np.asarray(np.sum(in_lanes(batches, lane), axis=0)) if batches else np.zeros(len(source))


def _on_ends(search: Search) -> tuple[Ints, Floats, Floats]:
    """Return levels, numbers of paths and what each of them brings, with a row for each node."""
    share = np.divide(1.0 + search.dependency, search.paths, out=np.zeros(len(search.paths)), where=search.paths > 0)
    level, paths, brought = (part.reshape(-1, search.width) for part in (search.level(), search.paths, share))
    return level, paths, brought


def _width(matrix: scipy.sparse.csr_array) -> int:
    return int(np.clip(_BLOCK // max(matrix.shape[0], 1), 1, 64))


def _parts(sources: Ints, width: int) -> list[Ints]:
    return [sources[first : first + width] for first in range(0, len(sources), width)]


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

    batches = _parts(sources, 1)
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
