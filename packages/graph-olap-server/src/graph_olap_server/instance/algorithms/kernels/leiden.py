"""Leiden: Louvain that refines communities before it merges them, so that each of them is connected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph_olap_server.instance.algorithms.kernels.community import indicator, merge, move, shuffled
from graph_olap_server.instance.algorithms.kernels.components import canonical
from graph_olap_server.instance.algorithms.kernels.graphs import (
    Floats,
    Ints,
    UndirectedGraph,
    in_lanes,
    matrix_of,
    near_one,
)
from graph_olap_server.instance.algorithms.kernels.partitions import modularity
from graph_olap_server.instance.algorithms.kernels.results import NodeMap

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["leiden"]

_SMALL_GAIN = 1e-4
_BLOCKS = 4
_SWEEPS = 5
"""Rounds of moves in a phase: what more of them gain, the moves at the end gain, too, in less time."""


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
    matrix, place = shuffled(matrix_of(indptr, indices, near_one(weights)), seed)
    level = matrix
    sweeps = min(max_iterations, _SWEEPS)
    part = best = np.arange(matrix.shape[0])
    quality = modularity(matrix, best, resolution)
    phases = 0
    while phases < max_phases and level.nnz and quality is not None:
        phases += 1
        moved = move(level, resolution, sweeps)
        found = modularity(level, moved, resolution)
        if found is not None and found > quality:
            best, quality = moved[part], found
        refined = _refine(level, moved, resolution, sweeps)
        count = int(refined.max()) + 1
        if count == level.shape[0]:
            break
        part = refined[part]
        level = merge(level, refined, count)
    if phases and quality is not None:
        best = _connected(matrix, _move_on(matrix, best, resolution, max_iterations, seed))
        quality = modularity(matrix, best, resolution)
    best = canonical(best[place])
    communities = int(best.max()) + 1 if len(best) else 0
    facts = {"community_count": communities, "communities": communities, "modularity": quality, "phases": phases}
    return NodeMap(best, facts)


def _refine(level: scipy.sparse.csr_array, moved: Ints, resolution: float, max_iterations: int) -> Ints:
    """Move nodes again, from a community each, but only within the communities found before.

    Edges that leave a community are replaced by self-loops, which leave every node's strength as it is.
    """
    import scipy.sparse

    inside = np.repeat(moved, np.diff(level.indptr)) == moved[level.indices]
    within = _only(level, inside)
    leaving = np.asarray(level.sum(axis=1) - within.sum(axis=1)).ravel()
    # What is left of an inner node by rounding must not become a loop.
    leaving[np.diff(within.indptr) == np.diff(level.indptr)] = 0.0
    within = (within + scipy.sparse.diags_array(leaving / 2)).tocsr()
    return _connected(level, move(within, resolution, max_iterations))


def _move_on(
    matrix: scipy.sparse.csr_array, membership: Ints, resolution: float, max_iterations: int, seed: int
) -> Ints:
    """Move nodes from where they are to the neighbouring community that gains most, as long as the modularity rises.

    All gains are computed at once, and a random half of the nodes that gain moves, so that neighbours do not swap
    places for ever. The library's moves can only start from a community per node.
    """
    random = np.random.default_rng(seed)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    loops = matrix.diagonal()
    strength = np.asarray(matrix.sum(axis=1)).ravel() + loops
    blocks = _blocks(_only(matrix, rows != matrix.indices))
    best = current = membership
    reached = quality = -np.inf
    for turn in range(max_iterations + 1):
        moves = _best_moves(blocks, current, strength, resolution)
        found = (moves.within + 2 * loops.sum()) / strength.sum() - resolution * moves.concentration
        if found > quality:
            best, quality = current, found
        if turn == max_iterations or found - reached < _SMALL_GAIN:
            break
        reached = found
        moving = (moves.gains > 0) & (random.random(len(moves.gains)) < 0.5)
        current = current.copy()
        current[moves.nodes[moving]] = moves.targets[moving]
    return best


class _Moves(NamedTuple):
    """The nodes with neighbours, the best community of each and what moving there gains.

    And of the partition as it is: the weight of the edges inside, from both ends, and the sum of the squared shares.
    """

    nodes: Ints
    targets: Ints
    gains: Floats
    within: float
    concentration: float


def _blocks(matrix: scipy.sparse.csr_array) -> list[tuple[Ints, scipy.sparse.csr_array]]:
    """Cut the rows into parts with about as many entries each: their numbers and they themselves."""
    inner = np.searchsorted(matrix.indptr, matrix.nnz * np.arange(1, _BLOCKS) // _BLOCKS)
    return [(part, matrix[part[0] : part[-1] + 1]) for part in np.split(np.arange(matrix.shape[0]), inner) if len(part)]


def _best_moves(
    blocks: Sequence[tuple[Ints, scipy.sparse.csr_array]], membership: Ints, strength: Floats, resolution: float
) -> _Moves:
    total, communities = strength.sum(), int(membership.max()) + 1
    volume = np.bincount(membership, strength, communities)
    members = indicator(membership, communities)

    def of_block(numbers: Ints, others: scipy.sparse.csr_array) -> tuple[Ints, Ints, Floats, float]:
        links = others @ members
        lengths = np.diff(links.indptr)
        own_strength, own_community = strength[numbers], membership[numbers]
        rows = np.flatnonzero(lengths)
        own = links.indices == np.repeat(own_community, lengths)
        share = resolution * own_strength / total
        without = volume[links.indices] - np.where(own, np.repeat(own_strength, lengths), 0.0)
        value = links.data - np.repeat(share, lengths) * without
        staying = -share * (volume[own_community] - own_strength)
        staying[np.repeat(np.arange(len(numbers)), lengths)[own]] = value[own]
        top = np.maximum.reduceat(value, links.indptr[rows]) if len(rows) else value
        at_top = np.flatnonzero(value == np.repeat(top, lengths[rows]))
        first = at_top[np.searchsorted(at_top, links.indptr[rows])]
        return numbers[rows], links.indices[first], top - staying[rows], float(links.data[own].sum())

    found = in_lanes(blocks, lambda lane: [of_block(*block) for block in lane])
    nodes, targets, gains, within = zip(*(part for lane in found for part in lane), strict=True)
    concentration = float(((volume / total) ** 2).sum())
    return _Moves(np.concatenate(nodes), np.concatenate(targets), np.concatenate(gains), sum(within), concentration)


def _connected(level: scipy.sparse.csr_array, groups: Ints) -> Ints:
    """Split groups into their connected parts, which can only raise the modularity."""
    import networkit as nk

    inside = np.repeat(groups, np.diff(level.indptr)) == groups[level.indices]
    linked = _only(level, inside & (level.data > 0))
    graph = UndirectedGraph(linked.indptr, linked.indices)
    run = nk.components.ConnectedComponents(graph.handle)
    run.run()
    return canonical(np.asarray(run.getPartition().getVector(), np.int64))


def _only(matrix: scipy.sparse.csr_array, kept: NDArray[np.bool_]) -> scipy.sparse.csr_array:
    """Return a matrix with some of its entries."""
    import scipy.sparse

    before = np.concatenate([[0], np.cumsum(kept)])
    arrays = matrix.data[kept], matrix.indices[kept], before[matrix.indptr]
    return scipy.sparse.csr_array(arrays, shape=matrix.shape)
