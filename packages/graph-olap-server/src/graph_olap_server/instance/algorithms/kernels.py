"""The algorithms themselves, on arrays: the only module that knows the kernel library.

Every function takes a projection's arrays (``indptr``, ``indices``, ``weights``) and parameters, runs in a worker
process, and returns :class:`Computed`. The kernel library is icebug (NetworKit's algorithms over Arrow arrays, imported
as ``networkit``); what SciPy does at least as fast, or exactly as the contract wants it, is done there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import scipy.sparse

__all__ = [
    "Computed",
    "kcore",
    "label_propagation",
    "louvain",
    "modularity",
    "pagerank",
    "scc",
    "shortest_path",
    "triangle_count",
    "wcc",
]

Ints = NDArray[Any]
Floats = NDArray[np.float64]


class Computed(NamedTuple):
    """One value per node in dense order, and what belongs into the result summary."""

    values: NDArray[Any]
    summary: dict[str, Any]


def pagerank(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    damping_factor: float,
    max_iterations: int,
    tolerance: float,
) -> Computed:
    """Power iteration until the L1 change is at most ``tolerance``; sinks spread their score evenly.

    At most two threads: the library sums partial sums in the order in which threads finish, which changes nothing for
    two of them and the last bits for more.
    """
    import networkit as nk

    matrix = _matrix(indptr, indices, weights)
    if weights is not None and not weights.all():
        matrix = matrix.copy()  # the arrays belong to a cached projection
        matrix.eliminate_zeros()  # an edge of weight zero is none, and a node with only such edges a sink
    count = matrix.shape[0]
    if count == 0:
        return Computed(np.empty(0), {"iterations": 0, "converged": True, "max_score": None})
    graph = _DirectedGraph(matrix, weighted=weights is not None)
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
    return Computed(scores, {"iterations": iterations, "converged": converged, "max_score": float(scores.max())})


def wcc(indptr: Ints, indices: Ints) -> Computed:
    """Connected components of an undirected graph."""
    import networkit as nk

    if len(indptr) == 1:
        return _components(np.empty(0, np.int64))
    graph = _Graph(indptr, indices)
    run = nk.components.ConnectedComponents(graph.handle)
    run.run()
    return _components(np.asarray(run.getPartition().getVector(), np.int64))


def scc(indptr: Ints, indices: Ints) -> Computed:
    """Strongly connected components of a directed graph."""
    import scipy.sparse.csgraph

    matrix = _matrix(indptr, indices, None)
    _, labels = scipy.sparse.csgraph.connected_components(matrix, directed=True, connection="strong")
    return _components(labels.astype(np.int64))


def louvain(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    resolution: float,
    max_phases: int,
    max_iterations: int,
    seed: int,
) -> Computed:
    """Louvain: phases of local moves by the kernel library, each followed by merging communities into nodes.

    Moves are made by one thread: with several, the outcome depends on their timing.
    """
    import networkit as nk

    nk.setSeed(seed, False)
    matrix = level = _matrix(indptr, indices, weights)
    membership = np.arange(matrix.shape[0])
    phases = 0
    while phases < max_phases and level.nnz:
        graph = _Graph(level.indptr, level.indices, level.data)
        run = nk.community.PLM(
            graph.handle, gamma=resolution, par="none randomized", maxIter=max_iterations, recurse=False
        )
        run.run()
        moved = _canonical(np.asarray(run.getPartition().getVector(), np.int64))
        phases += 1
        count = int(moved.max()) + 1
        membership = moved[membership]
        if count == level.shape[0]:
            break
        level = _merge(level, moved, count)
    membership = _canonical(membership)
    communities = int(membership.max()) + 1 if len(membership) else 0
    return Computed(
        membership,
        {
            "community_count": communities,
            "communities": communities,
            "modularity": modularity(matrix, membership, resolution),
            "phases": phases,
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


def label_propagation(indptr: Ints, indices: Ints, *, max_iterations: int, seed: int) -> Computed:
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
    labels = _canonical(labels)
    communities = int(labels.max()) + 1 if count else 0
    return Computed(
        labels,
        {
            "community_count": communities,
            "communities": communities,
            "iterations": iterations,
            "converged": converged,
        },
    )


def kcore(indptr: Ints, indices: Ints) -> Computed:
    """Core numbers of an undirected graph without self-loops."""
    import networkit as nk

    if len(indptr) == 1:
        return Computed(np.empty(0, np.int64), {"max_k": 0})
    graph = _Graph(indptr, indices)
    run = nk.centrality.CoreDecomposition(graph.handle)
    run.run()
    cores = np.asarray(run.scores()).astype(np.int64)
    return Computed(cores, {"max_k": int(cores.max())})


def triangle_count(indptr: Ints, indices: Ints) -> Computed:
    """Triangles through each node of an undirected graph without self-loops."""
    import networkit as nk

    if len(indptr) == 1:
        return Computed(np.empty(0, np.int64), {"total_triangles": 0, "nodes_with_triangles": 0})
    graph = _Graph(indptr, indices)
    run = nk.centrality.LocalClusteringCoefficient(graph.handle)
    run.run()
    degrees = np.diff(indptr).astype(np.float64)
    # The coefficient is triangles / pairs of neighbours; rounding undoes the division exactly below 2**52.
    triangles = np.rint(np.nan_to_num(np.asarray(run.scores())) * degrees * (degrees - 1) / 2).astype(np.int64)
    return Computed(
        triangles,
        {"total_triangles": int(triangles.sum()) // 3, "nodes_with_triangles": int((triangles > 0).sum())},
    )


def shortest_path(
    indptr: Ints, indices: Ints, weights: Floats | None = None, *, source: int, target: int, max_depth: int
) -> tuple[list[int], float] | None:
    """Return the cheapest path of at most ``max_depth`` edges and its cost, or ``None``; without weights edges cost 1.

    Nodes are improved in rounds, one edge further each, so the limit holds for weighted paths too. Of equally cheap
    ways into a node the one that was found with fewer edges, then the smallest predecessor, is kept.
    """
    cost = np.full(len(indptr) - 1, np.inf)
    cost[source] = 0.0
    frontier = np.array([source])
    rounds: list[tuple[Ints, Ints]] = []
    while len(frontier) and len(rounds) < max_depth and not (weights is None and np.isfinite(cost[target])):
        degrees = indptr[frontier + 1] - indptr[frontier]
        before = np.repeat(frontier, degrees)
        places = np.arange(len(before)) + np.repeat(indptr[frontier] - np.cumsum(degrees) + degrees, degrees)
        after = indices[places]
        reached = cost[before] + (1.0 if weights is None else weights[places])
        order = np.lexsort((before, reached, after))
        nodes, first = np.unique(after[order], return_index=True)
        best = reached[order][first]
        better = best < cost[nodes]
        frontier = nodes[better]
        cost[frontier] = best[better]
        rounds.append((frontier, before[order][first][better]))
    if not np.isfinite(cost[target]):
        return None
    path, until = [target], len(rounds)
    while path[-1] != source:
        # The predecessor's cost at that time came from its last improvement in an earlier round.
        until -= 1
        nodes, predecessors = rounds[until]
        place = int(np.searchsorted(nodes, path[-1]))
        if place < len(nodes) and nodes[place] == path[-1]:
            path.append(int(predecessors[place]))
    return path[::-1], float(cost[target])


class _Graph:
    """An undirected graph of the kernel library over our arrays, which must live as long as it does."""

    def __init__(self, indptr: Ints, indices: Ints, weights: Floats | None = None) -> None:
        import networkit as nk
        import pyarrow as pa

        self._arrays = (pa.array(indices.astype(np.uint64)), pa.array(indptr.astype(np.uint64)))
        self._weights = None if weights is None else pa.array(weights.astype(np.float64))
        self.handle = nk.Graph.fromCSR(len(indptr) - 1, False, *self._arrays, out_weights=self._weights)


class _DirectedGraph:
    """A directed graph of the kernel library, with the arrays it looks into."""

    def __init__(self, matrix: scipy.sparse.csr_array, *, weighted: bool) -> None:
        import networkit as nk
        import pyarrow as pa

        incoming = matrix.T.tocsr()
        arrays = [
            pa.array(part.astype(np.uint64))
            for part in (matrix.indices, matrix.indptr, incoming.indices, incoming.indptr)
        ]
        data = [pa.array(matrix.data), pa.array(incoming.data)] if weighted else [None, None]
        self._arrays = (*arrays, *data)
        self.handle = nk.Graph.fromCSR(matrix.shape[0], True, *self._arrays)


def _pagerank_change(matrix: scipy.sparse.csr_array, scores: Floats, damping_factor: float) -> float:
    """Return by how much one more round would move the scores (L1)."""
    out_weight = np.asarray(matrix.sum(axis=1)).ravel()
    sinks = out_weight == 0
    shares = np.divide(scores, out_weight, out=np.zeros(len(scores)), where=~sinks)
    spread = damping_factor * float(scores[sinks].sum()) + (1.0 - damping_factor)
    moved = damping_factor * (matrix.T @ shares) + spread / len(scores)
    return float(np.abs(moved - scores).sum())


def _matrix(indptr: Ints, indices: Ints, weights: Floats | None) -> scipy.sparse.csr_array:
    import scipy.sparse

    count = len(indptr) - 1
    data = np.ones(len(indices)) if weights is None else weights
    return scipy.sparse.csr_array((data, indices, indptr), shape=(count, count))


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


def _components(labels: Ints) -> Computed:
    labels = _canonical(labels)
    sizes = np.bincount(labels)
    return Computed(
        labels,
        {
            "component_count": len(sizes),
            "components": len(sizes),
            "largest_component": int(sizes[0]) if len(sizes) else 0,
        },
    )


def _canonical(labels: Ints) -> Ints:
    """Renumber groups from 0: larger ones first, of equal ones the one with the smallest node first."""
    _, first, inverse, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -counts))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    renumbered: Ints = rank[inverse]
    return renumbered
