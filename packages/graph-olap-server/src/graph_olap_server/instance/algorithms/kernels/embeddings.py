"""Vectors for nodes: near ones for nodes with similar surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, UndirectedGraph, matrix_of, near_one
from graph_olap_server.instance.algorithms.kernels.results import NodeMap
from graph_olap_server.machine import available_memory_bytes

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["fastrp", "node2vec"]

_SPARSITY = 3.0
_BYTES_PER_CHANCE = 22  # measured


def fastrp(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    dimensions: int,
    iterations: int,
    decay: float,
    normalization_strength: float,
    seed: int,
) -> NodeMap:
    """Sums of a sparse random projection, averaged over 1, 2, ... steps to neighbours."""
    matrix = matrix_of(indptr, indices, weights)
    step, current = _steps(matrix), _projection(matrix, dimensions, normalization_strength, seed)
    total = np.zeros((matrix.shape[0], dimensions))
    factor = 1.0
    for _ in range(iterations):
        current = step @ current
        length = np.linalg.norm(current, axis=1, keepdims=True)
        total += factor * np.divide(current, length, out=np.zeros_like(current), where=length > 0)
        factor *= decay
    return NodeMap(total, {"dimensions": dimensions})


def node2vec(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    dimensions: int,
    walk_length: int,
    walks_per_node: int,
    return_factor: float,
    in_out_factor: float,
    seed: int,
) -> NodeMap:
    """Vectors learnt by predicting the surroundings of nodes in biased random walks; alone nodes have none.

    Raises:
        PlatformError: ``ALGORITHM_FAILED`` when the library's tables would not fit into memory.
    """
    import networkit as nk

    if weights is not None:
        matrix = matrix_of(indptr, indices, near_one(weights)).copy()
        matrix.eliminate_zeros()  # an edge of weight zero is none
        indptr, indices, weights = matrix.indptr, matrix.indices, matrix.data
    _check_tables(indptr)
    present = np.flatnonzero(np.diff(indptr))
    values = np.zeros((len(indptr) - 1, dimensions))
    if len(present):
        place = np.zeros(len(indptr) - 1, np.int64)
        place[present] = np.arange(len(present))
        # The library refuses nodes without neighbours; without them the rows stay in their places.
        graph = UndirectedGraph(np.concatenate([[0], indptr[1:][present]]), place[indices], weights)
        threads = nk.getMaxNumberOfThreads()
        nk.setSeed(seed, False)
        nk.setNumberOfThreads(1)
        try:
            run = nk.embedding.Node2Vec(
                graph.handle, return_factor, in_out_factor, walk_length, walks_per_node, dimensions
            )
            run.run()
        finally:
            nk.setNumberOfThreads(threads)
        values[present] = np.array(run.getFeatures())
    valid = np.diff(indptr) > 0
    return NodeMap(values, {"dimensions": dimensions, "nodes_without_neighbours": int((~valid).sum())}, valid)


def _check_tables(indptr: Ints) -> None:
    """Refuse what cannot fit: for each direction of an edge the library keeps a chance for each edge at its end."""
    degrees = np.diff(indptr).astype(np.float64)
    needed = _BYTES_PER_CHANCE * float((degrees**2).sum())
    available = available_memory_bytes()
    if available is not None and needed > available / 2:
        reason = (
            f"node2vec would need about {needed / 1e9:,.0f} GB for the chances at nodes with many neighbours, of which "
            f"one has {int(degrees.max()):,}. Leave such nodes out with a query, or use fastrp."
        )
        raise PlatformError("ALGORITHM_FAILED", reason, {"reason": "not enough memory", "needed_bytes": int(needed)})


def _projection(matrix: scipy.sparse.csr_array, dimensions: int, strength: float, seed: int) -> Floats:
    """Draw -1, 0 and 1, most of them 0, scaled by a power of the node's degree."""
    random = np.random.default_rng(seed)
    drawn = random.random((matrix.shape[0], dimensions))
    signs = (drawn < 0.5 / _SPARSITY).astype(np.float64) - (drawn > 1 - 0.5 / _SPARSITY)
    degree = _degrees(matrix)
    scale = np.power(degree, strength, out=np.zeros(len(degree)), where=degree > 0)
    scaled: Floats = signs * np.sqrt(_SPARSITY) * scale[:, None]
    return scaled


def _steps(matrix: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """Return the probabilities of one step of a random walk."""
    degree = _degrees(matrix)
    inverse = np.divide(1.0, degree, out=np.zeros(len(degree)), where=degree > 0)
    step = matrix.copy()
    step.data = matrix.data * np.repeat(inverse, np.diff(matrix.indptr))
    return step


def _degrees(matrix: scipy.sparse.csr_array) -> Floats:
    return np.asarray(matrix.sum(axis=1), np.float64).ravel()
