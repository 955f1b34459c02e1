"""How important a node is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import DirectedGraph, Floats, Ints, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import NodeMap

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["degree", "pagerank"]


def pagerank(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    damping_factor: float,
    max_iterations: int,
    tolerance: float,
    source_nodes: list[int] | None = None,
) -> NodeMap:
    """Power iteration until the L1 change is at most ``tolerance``; sinks spread their score evenly.

    Always two threads: the library sums partial sums in the order in which threads finish, which changes nothing for
    two of them and the last bits for more; one thread alone would round otherwise. With ``source_nodes``, jumps and
    sinks lead to these only.
    """
    matrix = matrix_of(indptr, indices, weights)
    if weights is not None and not weights.all():
        matrix = matrix.copy()  # the arrays belong to a cached projection
        matrix.eliminate_zeros()  # an edge of weight zero is none, and a node with only such edges a sink
    count = matrix.shape[0]
    if count == 0:
        return NodeMap(np.empty(0), {"iterations": 0, "converged": True, "max_score": None})
    if source_nodes is None:
        scores, iterations = _pagerank(matrix, weights is not None, damping_factor, max_iterations, tolerance)
        change = 0.0 if iterations < max_iterations else _pagerank_change(matrix, scores, damping_factor)
    else:
        scores, iterations, change = _personalised(matrix, source_nodes, damping_factor, max_iterations, tolerance)
    facts = {"iterations": iterations, "converged": change <= tolerance, "max_score": float(scores.max())}
    return NodeMap(scores, facts)


def degree(indptr: Ints, indices: Ints, weights: Floats | None = None, *, direction: str) -> NodeMap:
    """Edges at each node, or the sum of their weights."""
    count = len(indptr) - 1
    rows = np.repeat(np.arange(count), np.diff(indptr))
    outgoing = np.bincount(rows, weights, count).astype(np.float64)
    incoming = np.bincount(indices, weights, count).astype(np.float64)
    values = {"out": outgoing, "in": incoming, "both": outgoing + incoming}[direction]
    return NodeMap(values, {"max_degree": float(values.max()) if count else None})


def _pagerank(
    matrix: scipy.sparse.csr_array, weighted: bool, damping_factor: float, max_iterations: int, tolerance: float
) -> tuple[Floats, int]:
    import networkit as nk

    graph = DirectedGraph(matrix, weighted=weighted)
    run = nk.centrality.PageRank(
        graph.handle, damping_factor, tolerance, distributeSinks=nk.centrality.SinkHandling.DistributeSinks
    )
    run.norm = nk.centrality.Norm.l1norm
    run.maxIterations = max_iterations
    threads = nk.getMaxNumberOfThreads()
    nk.setNumberOfThreads(2)
    try:
        run.run()
    finally:
        nk.setNumberOfThreads(threads)
    return np.array(run.scores()), int(run.numberOfIterations())


def _personalised(
    matrix: scipy.sparse.csr_array, sources: list[int], damping_factor: float, max_iterations: int, tolerance: float
) -> tuple[Floats, int, float]:
    """Power iteration with jumps to the sources; the library sends sinks elsewhere."""
    jumps = np.zeros(matrix.shape[0])
    jumps[sources] = 1.0
    jumps /= jumps.sum()
    out_weight = np.asarray(matrix.sum(axis=1)).ravel()
    sinks = out_weight == 0
    incoming = matrix.T.tocsr()
    scores, change, iterations = jumps, np.inf, 0
    while iterations < max_iterations and change > tolerance:
        shares = np.divide(scores, out_weight, out=np.zeros(len(scores)), where=~sinks)
        spread = damping_factor * float(scores[sinks].sum()) + (1.0 - damping_factor)
        moved = damping_factor * (incoming @ shares) + spread * jumps
        change = float(np.abs(moved - scores).sum())
        scores = moved
        iterations += 1
    return scores, iterations, change


def _pagerank_change(matrix: scipy.sparse.csr_array, scores: Floats, damping_factor: float) -> float:
    """Return by how much one more round would move the scores (L1)."""
    out_weight = np.asarray(matrix.sum(axis=1)).ravel()
    sinks = out_weight == 0
    shares = np.divide(scores, out_weight, out=np.zeros(len(scores)), where=~sinks)
    spread = damping_factor * float(scores[sinks].sum()) + (1.0 - damping_factor)
    moved = damping_factor * (matrix.T @ shares) + spread / len(scores)
    return float(np.abs(moved - scores).sum())
