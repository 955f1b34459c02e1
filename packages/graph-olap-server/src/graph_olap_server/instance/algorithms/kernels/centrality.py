"""How important a node is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import DirectedGraph, Floats, Ints, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import NodeMap

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["pagerank"]


def pagerank(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    damping_factor: float,
    max_iterations: int,
    tolerance: float,
) -> NodeMap:
    """Power iteration until the L1 change is at most ``tolerance``; sinks spread their score evenly.

    At most two threads: the library sums partial sums in the order in which threads finish, which changes nothing for
    two of them and the last bits for more.
    """
    import networkit as nk

    matrix = matrix_of(indptr, indices, weights)
    if weights is not None and not weights.all():
        matrix = matrix.copy()  # the arrays belong to a cached projection
        matrix.eliminate_zeros()  # an edge of weight zero is none, and a node with only such edges a sink
    count = matrix.shape[0]
    if count == 0:
        return NodeMap(np.empty(0), {"iterations": 0, "converged": True, "max_score": None})
    graph = DirectedGraph(matrix, weighted=weights is not None)
    run = nk.centrality.PageRank(
        graph.handle, damping_factor, tolerance, distributeSinks=nk.centrality.SinkHandling.DistributeSinks
    )
    run.norm = nk.centrality.Norm.l1norm
    run.maxIterations = max_iterations
    threads = nk.getMaxNumberOfThreads()
    nk.setNumberOfThreads(min(2, threads))
    try:
        run.run()
    finally:
        nk.setNumberOfThreads(threads)
    scores = np.array(run.scores())
    iterations = int(run.numberOfIterations())
    converged = iterations < max_iterations or _pagerank_change(matrix, scores, damping_factor) <= tolerance
    return NodeMap(scores, {"iterations": iterations, "converged": converged, "max_score": float(scores.max())})


def _pagerank_change(matrix: scipy.sparse.csr_array, scores: Floats, damping_factor: float) -> float:
    """Return by how much one more round would move the scores (L1)."""
    out_weight = np.asarray(matrix.sum(axis=1)).ravel()
    sinks = out_weight == 0
    shares = np.divide(scores, out_weight, out=np.zeros(len(scores)), where=~sinks)
    spread = damping_factor * float(scores[sinks].sum()) + (1.0 - damping_factor)
    moved = damping_factor * (matrix.T @ shares) + spread / len(scores)
    return float(np.abs(moved - scores).sum())
