"""Groups of nodes with many edges inside and few between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graph_olap_server.instance.algorithms.kernels.components import canonical
from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, UndirectedGraph, matrix_of, near_one
from graph_olap_server.instance.algorithms.kernels.partitions import modularity
from graph_olap_server.instance.algorithms.kernels.results import NodeMap

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["label_propagation", "louvain", "merge", "modularity", "move"]


def louvain(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    resolution: float,
    max_phases: int,
    max_iterations: int,
    seed: int,
) -> NodeMap:
    """Louvain: phases of local moves by the kernel library, each followed by merging communities into nodes."""
    import networkit as nk

    nk.setSeed(seed, False)
    matrix = level = matrix_of(indptr, indices, near_one(weights))
    membership = np.arange(matrix.shape[0])
    phases = 0
    while phases < max_phases and level.nnz:
        moved = move(level, resolution, max_iterations)
        phases += 1
        count = int(moved.max()) + 1
        membership = moved[membership]
        if count == level.shape[0]:
            break
        level = merge(level, moved, count)
    membership = canonical(membership)
    communities = int(membership.max()) + 1 if len(membership) else 0
    return NodeMap(
        membership,
        {
            "community_count": communities,
            "communities": communities,
            "modularity": modularity(matrix, membership, resolution),
            "phases": phases,
        },
    )


def label_propagation(indptr: Ints, indices: Ints, *, max_iterations: int, seed: int) -> NodeMap:
    """All nodes at once take the most frequent label among their neighbours, the smallest of equally frequent ones."""
    del seed  # ties go to the smallest label, so nothing is left to chance
    count = len(indptr) - 1
    rows = np.repeat(np.arange(count, dtype=np.int64), np.diff(indptr))
    labels = np.arange(count, dtype=np.int64)
    iterations, converged = 0, False
    while iterations < max_iterations and not converged:
        updated = _most_frequent(rows, labels[indices], labels)
        converged = bool((updated == labels).all())
        labels = updated
        iterations += 1
    labels = canonical(labels)
    communities = int(labels.max()) + 1 if count else 0
    return NodeMap(
        labels,
        {
            "community_count": communities,
            "communities": communities,
            "iterations": iterations,
            "converged": converged,
        },
    )


def move(level: scipy.sparse.csr_array, resolution: float, max_iterations: int) -> Ints:
    """Move nodes to neighbouring communities, from one of their own each, as long as that raises the modularity.

    Moves are made by one thread: with several, the outcome depends on their timing.
    """
    import networkit as nk

    graph = UndirectedGraph(level.indptr, level.indices, level.data)
    run = nk.community.PLM(graph.handle, gamma=resolution, par="none randomized", maxIter=max_iterations, recurse=False)
    run.run()
    return canonical(np.asarray(run.getPartition().getVector(), np.int64))


def merge(matrix: scipy.sparse.csr_array, membership: Ints, count: int) -> scipy.sparse.csr_array:
    """Sum edges between communities; edges inside become one self-loop that counts each of them once."""
    import scipy.sparse

    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    # Both directions of an inner edge land on the diagonal, a self-loop's only entry once: halve the former.
    inner = (membership[rows] == membership[matrix.indices]) & (rows != matrix.indices)
    data = np.where(inner, matrix.data / 2, matrix.data)
    merged = scipy.sparse.coo_array((data, (membership[rows], membership[matrix.indices])), shape=(count, count))
    compressed = merged.tocsr()
    compressed.sum_duplicates()
    return compressed


def _most_frequent(rows: Ints, seen: Ints, labels: Ints) -> Ints:
    count = len(labels)
    pairs, votes = np.unique(rows * count + seen, return_counts=True)
    owners = pairs // max(count, 1)
    # Sorted by owner, then votes downwards, then label upwards: the first of each owner wins.
    order = np.lexsort((pairs, -votes, owners))
    winners, first = np.unique(owners[order], return_index=True)
    updated = labels.copy()
    updated[winners] = pairs[order][first] % max(count, 1)
    return updated
