"""How near a node is to all others.

Without weights, 64 searches run at once: each node holds one bit per source, and a level is one pass over the edges
that joins the bits of its neighbours. Where paths are long that does too much work, and the kernel library searches
from one node after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import (
    DirectedGraph,
    Floats,
    Ints,
    in_lanes,
    matrix_of,
    sample,
)
from graph_olap_server.instance.algorithms.kernels.results import NodeMap

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["closeness", "harmonic"]

_DEEP = 100
_DISTANCES_AT_ONCE = 1 << 22


def closeness(indptr: Ints, indices: Ints, weights: Floats | None = None, *, samples: int | None, seed: int) -> NodeMap:
    """Inverse of the mean distance from the nodes that reach a node, times their share of all nodes."""
    matrix = matrix_of(indptr, indices, weights)
    count = matrix.shape[0]
    sources = sample(count, samples, seed)
    if len(sources) == count and (weights is not None or _deep(matrix)):
        import networkit as nk

        graph = DirectedGraph(matrix.T.tocsr(), weighted=weights is not None)
        variant = nk.centrality.ClosenessVariant.GENERALIZED
        values = _run(nk.centrality.Closeness(graph.handle, True, variant))
    else:
        found = _sums(matrix, sources, weights is not None)
        scale = count / max(len(sources), 1)
        reached = found.reached * scale
        values = np.divide(reached, found.distance * scale, out=np.zeros(count), where=found.distance > 0)
        values *= reached / max(count - 1, 1)
    return NodeMap(values, _facts(values, sources))


def harmonic(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    normalized: bool,
    samples: int | None,
    seed: int,
) -> NodeMap:
    """Sum of the inverse distances from all other nodes; what does not reach a node adds nothing."""
    matrix = matrix_of(indptr, indices, weights)
    count = matrix.shape[0]
    sources = sample(count, samples, seed)
    if len(sources) == count and (weights is not None or _deep(matrix)):
        import networkit as nk

        graph = DirectedGraph(matrix.T.tocsr(), weighted=weights is not None)
        values = _run(nk.centrality.HarmonicCloseness(graph.handle, False))
    else:
        values = _sums(matrix, sources, weights is not None).inverse * (count / max(len(sources), 1))
    if normalized:
        values = values / max(count - 1, 1)
    return NodeMap(values, _facts(values, sources))


class _Sums(NamedTuple):
    """Per node, over the sources: how many others reach it, the distances from them and their inverses."""

    reached: Floats
    distance: Floats
    inverse: Floats


def _sums(matrix: scipy.sparse.csr_array, sources: Ints, weighted: bool) -> _Sums:
    count = matrix.shape[0]
    incoming = matrix.T.tocsr()
    width = max(1, _DISTANCES_AT_ONCE // max(count, 1)) if weighted else 64
    batches = [sources[first : first + width] for first in range(0, len(sources), width)]

    def lane(own: Sequence[Ints]) -> Floats:
        total = np.zeros((3, count))
        for batch in own:
            total += _dijkstra(matrix, batch) if weighted else _levels(incoming, batch)[0]
        return total

    return _Sums(*(np.sum(in_lanes(batches, lane), axis=0) if batches else np.zeros((3, count))))


def _levels(incoming: scipy.sparse.csr_array, sources: Ints, limit: int | None = None) -> tuple[Floats, int]:
    """Search from up to 64 sources at once; return the three sums and the number of levels."""
    count = incoming.shape[0]
    rows = np.flatnonzero(np.diff(incoming.indptr))
    # NumPy would convert indices of another type in every level.
    starts, neighbours = incoming.indptr[rows], incoming.indices.astype(np.intp)
    seen = np.zeros(count, np.uint64)
    seen[sources] = np.uint64(1) << np.arange(len(sources), dtype=np.uint64)
    front = seen.copy()
    sums = np.zeros((3, count))
    level = 0
    while len(rows) and (limit is None or level < limit):
        joined = np.zeros(count, np.uint64)
        joined[rows] = np.bitwise_or.reduceat(front.take(neighbours), starts)
        front = joined & ~seen
        if not front.any():
            break
        level += 1
        seen |= front
        new = np.bitwise_count(front).astype(np.float64)
        sums[0] += new
        sums[1] += level * new
        sums[2] += new / level
    return sums, level


def _dijkstra(matrix: scipy.sparse.csr_array, sources: Ints) -> Floats:
    import scipy.sparse.csgraph

    distances = np.atleast_2d(scipy.sparse.csgraph.dijkstra(matrix, indices=sources))
    finite = np.isfinite(distances)
    finite[np.arange(len(sources)), sources] = False
    distances[~finite] = 0.0
    inverse = np.divide(1.0, distances, out=np.zeros(distances.shape), where=distances > 0)
    return np.stack([finite.sum(axis=0), distances.sum(axis=0), inverse.sum(axis=0)])


def _deep(matrix: scipy.sparse.csr_array) -> bool:
    if matrix.shape[0] <= _DEEP:
        return False
    incoming = matrix.T.tocsr()
    return _levels(incoming, np.arange(min(64, matrix.shape[0])), _DEEP)[1] >= _DEEP


def _run(algorithm: object) -> Floats:
    algorithm.run()  # type: ignore[attr-defined]
    return np.nan_to_num(np.array(algorithm.scores()))  # type: ignore[attr-defined]


def _facts(values: Floats, sources: Ints) -> dict[str, object]:
    return {"sources": len(sources), "max_score": float(values.max()) if len(values) else None}
