"""Leiden: Louvain that refines communities before it merges them, so that each of them is connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graph_olap_server.instance.algorithms.kernels.community import merge, move
from graph_olap_server.instance.algorithms.kernels.components import canonical
from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, matrix_of, near_one
from graph_olap_server.instance.algorithms.kernels.partitions import modularity
from graph_olap_server.instance.algorithms.kernels.results import NodeMap

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["leiden"]

_SMALL_GAIN = 1e-4


def leiden(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    resolution: float,
    max_phases: int,
    max_iterations: int,
    seed: int,
) -> NodeMap:
    """Phases of local moves, refinement and merging of the refined parts, then moves of single nodes once more.

    The best partition on the way is kept, so the last moves can only gain.
    The kernel library's own Leiden promises neither connected communities nor the same result twice. Its local moves
    by one thread do the work here, both on the whole graph and, for the refinement, inside communities only.
    """
    import networkit as nk

    nk.setSeed(seed, False)
    matrix = level = matrix_of(indptr, indices, near_one(weights))
    part = best = np.arange(matrix.shape[0])
    quality = modularity(matrix, best, resolution)
    phases = 0
    while phases < max_phases and level.nnz and quality is not None:
        phases += 1
        moved = _connected(level, move(level, resolution, max_iterations))
        found = modularity(level, moved, resolution)
        if found is not None and found > quality:
            best, quality = moved[part], found
        refined = _refine(level, moved, resolution, max_iterations)
        count = int(refined.max()) + 1
        if count == level.shape[0]:
            break
        part = refined[part]
        level = merge(level, refined, count)
    if phases and quality is not None:
        best = _connected(matrix, _move_on(matrix, best, resolution, max_iterations, seed))
        quality = modularity(matrix, best, resolution)
    best = canonical(best)
    communities = int(best.max()) + 1 if len(best) else 0
    facts = {"community_count": communities, "communities": communities, "modularity": quality, "phases": phases}
    return NodeMap(best, facts)


def _refine(level: scipy.sparse.csr_array, moved: Ints, resolution: float, max_iterations: int) -> Ints:
    """Move nodes again, from a community each, but only within the communities found before.

    Edges that leave a community are replaced by self-loops, which leave every node's strength as it is.
    """
    import scipy.sparse

    rows = np.repeat(np.arange(level.shape[0]), np.diff(level.indptr))
    inside = moved[rows] == moved[level.indices]
    leaving = np.bincount(rows[~inside], level.data[~inside], level.shape[0])
    ends = np.concatenate([rows[inside], np.arange(level.shape[0])])
    others = np.concatenate([level.indices[inside], np.arange(level.shape[0])])
    data = np.concatenate([level.data[inside], leaving / 2])
    kept = data > 0
    within = scipy.sparse.coo_array((data[kept], (ends[kept], others[kept])), shape=level.shape).tocsr()
    within.sum_duplicates()
    return _connected(level, move(within, resolution, max_iterations))


def _move_on(
    matrix: scipy.sparse.csr_array, membership: Ints, resolution: float, max_iterations: int, seed: int
) -> Ints:
    """Move nodes from where they are to the neighbouring community that gains most, as long as the modularity rises.

    All gains are computed at once, and a random half of the nodes that gain moves, so that neighbours do not swap
    places for ever. The library's moves can only start from a community per node.
    """
    random = np.random.default_rng(seed)
    count = matrix.shape[0]
    rows = np.repeat(np.arange(count), np.diff(matrix.indptr))
    strength = np.asarray(matrix.sum(axis=1)).ravel() + matrix.diagonal()
    others = matrix.copy()
    others.data = np.where(rows == matrix.indices, 0.0, matrix.data)
    best, current = membership, membership
    reached = quality = modularity(matrix, membership, resolution) or 0.0
    for _ in range(max_iterations):
        nodes, targets, gains = _best_moves(others, current, strength, resolution)
        moving = (gains > 0) & (random.random(len(gains)) < 0.5)
        current = current.copy()
        current[nodes[moving]] = targets[moving]
        found = modularity(matrix, current, resolution) or 0.0
        if found > quality:
            best, quality = current, found
        if found - reached < _SMALL_GAIN:
            break
        reached = found
    return best


def _best_moves(
    others: scipy.sparse.csr_array, membership: Ints, strength: Floats, resolution: float
) -> tuple[Ints, Ints, Floats]:
    """Return the nodes with neighbours, the best community of each and what moving there gains."""
    import scipy.sparse

    count, communities = len(membership), int(membership.max()) + 1
    members = scipy.sparse.csr_array((np.ones(count), membership, np.arange(count + 1)), shape=(count, communities))
    links = others @ members
    lengths = np.diff(links.indptr)
    nodes, rows = np.flatnonzero(lengths), np.repeat(np.arange(count), lengths)
    own = links.indices == membership[rows]
    share = resolution * strength / strength.sum()
    volume = np.bincount(membership, strength, communities)
    value = links.data - share[rows] * (volume[links.indices] - np.where(own, strength[rows], 0.0))
    staying = -share * (volume[membership] - strength)
    staying[rows[own]] = value[own]
    top = np.maximum.reduceat(value, links.indptr[nodes]) if len(nodes) else value
    at_top = np.flatnonzero(value == np.repeat(top, lengths[nodes]))
    first = at_top[np.searchsorted(at_top, links.indptr[nodes])]
    return nodes, links.indices[first], top - staying[nodes]


def _connected(level: scipy.sparse.csr_array, groups: Ints) -> Ints:
    """Split groups into their connected parts, which can only raise the modularity."""
    import scipy.sparse.csgraph

    rows = np.repeat(np.arange(level.shape[0]), np.diff(level.indptr))
    inside = (groups[rows] == groups[level.indices]) & (level.data > 0)
    shape = level.shape
    graph = scipy.sparse.coo_array((np.ones(int(inside.sum())), (rows[inside], level.indices[inside])), shape=shape)
    _, labels = scipy.sparse.csgraph.connected_components(graph, directed=False)
    return canonical(labels.astype(np.int64))
