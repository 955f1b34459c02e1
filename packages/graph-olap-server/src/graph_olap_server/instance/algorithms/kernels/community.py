"""Groups of nodes with many edges inside and few between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graph_olap_server.instance.algorithms.kernels.components import canonical
from graph_olap_server.instance.algorithms.kernels.graphs import (
    Floats,
    Ints,
    UndirectedGraph,
    matrix_of,
    near_one,
    reordered,
)
from graph_olap_server.instance.algorithms.kernels.partitions import modularity
from graph_olap_server.instance.algorithms.kernels.results import NodeMap

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["indicator", "label_propagation", "louvain", "merge", "modularity", "move", "shuffled"]

_ORDERS = 8
_EDGES_OF_ALL_ORDERS = 2_000_000
"""Stored edges that all orders together may have to look at in a round."""
_TURNS = 32
"""Turns of a round; more cost time, with fewer, labels trade places more often."""


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
    matrix, place = shuffled(matrix_of(indptr, indices, near_one(weights)), seed)
    level = matrix
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
    quality = modularity(matrix, membership, resolution)
    membership = canonical(membership[place])
    communities = int(membership.max()) + 1 if len(membership) else 0
    return NodeMap(
        membership,
        {
            "community_count": communities,
            "communities": communities,
            "modularity": quality,
            "phases": phases,
        },
    )


def label_propagation(indptr: Ints, indices: Ints, *, max_iterations: int, seed: int) -> NodeMap:
    """Nodes take turns, in random order, to take the most frequent label among their neighbours.

    How good the outcome is depends on the order a lot, so a graph that takes no time is tried in several, and the
    outcome of highest modularity is kept.
    """
    count = len(indptr) - 1
    matrix = matrix_of(indptr, indices, None)
    random = np.random.default_rng(seed)
    tries = max(1, min(_ORDERS, _EDGES_OF_ALL_ORDERS // max(len(indices), 1)))
    runs = [_propagate(matrix, max_iterations, random) for _ in range(tries)]
    values = [modularity(matrix, labels, 1.0) or 0.0 for labels, _, _ in runs] if tries > 1 else [0.0]
    labels, iterations, converged = runs[int(np.argmax(np.round(values, 12)))]
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


def shuffled(matrix: scipy.sparse.csr_array, seed: int) -> tuple[scipy.sparse.csr_array, Ints]:
    """Return a symmetric matrix with its nodes in random order, and where each node is in it.

    The kernel library moves nodes in the order of their ids. An order that means something, as along a path, leads to
    poor communities, and its own random orders cost more than twice the time: they jump through the memory.
    """
    return reordered(matrix, np.random.default_rng(seed).permutation(matrix.shape[0]))


def move(level: scipy.sparse.csr_array, resolution: float, max_iterations: int) -> Ints:
    """Move nodes to neighbouring communities, from one of their own each, as long as that raises the modularity.

    Moves are made by one thread: with several, the outcome depends on their timing.
    """
    import networkit as nk

    graph = UndirectedGraph(level.indptr, level.indices, level.data)
    run = nk.community.PLM(graph.handle, gamma=resolution, par="none", maxIter=max_iterations, recurse=False)
    run.run()
    return canonical(np.asarray(run.getPartition().getVector(), np.int64))


def merge(matrix: scipy.sparse.csr_array, membership: Ints, count: int) -> scipy.sparse.csr_array:
    """Sum edges between communities; edges inside become one self-loop that counts each of them once."""
    members = indicator(membership, count)
    merged = members.T.tocsr() @ (matrix @ members)
    merged.sort_indices()
    # Both directions of an inner edge land on the diagonal, a self-loop's only entry once: halve the former.
    rows = np.repeat(np.arange(count), np.diff(merged.indptr))
    inner = merged.indices == rows
    loops = np.bincount(membership, matrix.diagonal(), count)
    merged.data[inner] = (merged.data[inner] + loops[rows[inner]]) / 2
    return merged


def indicator(membership: Ints, count: int) -> scipy.sparse.csr_array:
    """Return a row per node, with 1 in the column of its community."""
    import scipy.sparse

    nodes = len(membership)
    return scipy.sparse.csr_array((np.ones(nodes), membership, np.arange(nodes + 1)), shape=(nodes, count))


def _propagate(
    matrix: scipy.sparse.csr_array, max_iterations: int, random: np.random.Generator
) -> tuple[Ints, int, bool]:
    """Return the labels, the rounds done and whether every node has a most frequent label of its neighbours then.

    Some nodes of a round take their turn together, others in the next. Neighbours that do can go on trading labels in
    that round only.
    """
    labels = random.permutation(matrix.shape[0])
    waiting = np.ones(len(labels), bool)
    rounds = 0
    while rounds < max_iterations and waiting.any():
        turns = random.permutation(np.flatnonzero(waiting))
        for nodes in np.array_split(turns, min(_TURNS, len(turns))):
            waiting[nodes] = False
            changed, taken = _most_frequent(matrix, nodes, labels)
            labels[changed] = taken
            waiting[matrix[changed].indices] = True
        rounds += 1
    return labels, rounds, not waiting.any()


def _most_frequent(matrix: scipy.sparse.csr_array, nodes: Ints, labels: Ints) -> tuple[Ints, Ints]:
    """Return the nodes whose label is not among the most frequent of their neighbours, and the smallest of those."""
    count = len(labels)
    votes = matrix[nodes] @ indicator(labels, count)
    sizes = np.diff(votes.indptr)
    nodes, starts, sizes = nodes[sizes > 0], votes.indptr[:-1][sizes > 0], sizes[sizes > 0]
    if not len(nodes):
        return nodes, nodes
    rows = np.repeat(np.arange(len(nodes)), sizes)
    winning = votes.data == np.maximum.reduceat(votes.data, starts)[rows]
    keeps = np.zeros(len(nodes), bool)
    keeps[rows[winning & (votes.indices == labels[nodes][rows])]] = True
    smallest = np.minimum.reduceat(np.where(winning, votes.indices, count), starts)
    return nodes[~keeps], smallest[~keeps]
