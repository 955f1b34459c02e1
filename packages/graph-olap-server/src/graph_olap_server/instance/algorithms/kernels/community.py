"""Groups of nodes with many edges inside and few between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graph_olap_server.instance.algorithms.kernels.components import canonical
from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, UndirectedGraph, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import NodeMap

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["label_propagation", "louvain", "modularity"]


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
    """Louvain: phases of local moves by the kernel library, each followed by merging communities into nodes.

    Moves are made by one thread: with several, the outcome depends on their timing.
    """
    import networkit as nk

    nk.setSeed(seed, False)
    matrix = level = matrix_of(indptr, indices, weights)
    membership = np.arange(matrix.shape[0])
    phases = 0
    while phases < max_phases and level.nnz:
        graph = UndirectedGraph(level.indptr, level.indices, level.data)
        run = nk.community.PLM(
            graph.handle, gamma=resolution, par="none randomized", maxIter=max_iterations, recurse=False
        )
        run.run()
        moved = canonical(np.asarray(run.getPartition().getVector(), np.int64))
        phases += 1
        count = int(moved.max()) + 1
        membership = moved[membership]
        if count == level.shape[0]:
            break
        level = _merge(level, moved, count)
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


def modularity(matrix: scipy.sparse.csr_array, membership: Ints, resolution: float = 1.0) -> float | None:
    """Modularity of a partition of an undirected graph (symmetric, self-loops once); ``None`` without any weight."""
    strength = np.asarray(matrix.sum(axis=1)).ravel() + matrix.diagonal()
    total = float(strength.sum())
    if total == 0:
        return None
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    inside = membership[rows] == membership[matrix.indices]
    within = float(matrix.data[inside].sum()) + float(matrix.diagonal().sum())
    volumes = np.bincount(membership, weights=strength)
    return within / total - resolution * float(((volumes / total) ** 2).sum())


def _merge(matrix: scipy.sparse.csr_array, membership: Ints, count: int) -> scipy.sparse.csr_array:
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
