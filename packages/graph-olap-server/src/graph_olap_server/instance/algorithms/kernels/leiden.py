"""Leiden: Louvain that refines communities before it merges them, so that each of them is connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graph_olap_server.instance.algorithms.kernels.community import merge, move
from graph_olap_server.instance.algorithms.kernels.components import canonical
from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, matrix_of
from graph_olap_server.instance.algorithms.kernels.partitions import modularity
from graph_olap_server.instance.algorithms.kernels.results import NodeMap

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["leiden"]


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
    """Phases of local moves, refinement and merging of the refined parts; the best partition on the way is kept.

    The kernel library's own Leiden promises neither connected communities nor the same result twice. Its local moves
    by one thread do the work here, both on the whole graph and, for the refinement, inside communities only.
    """
    import networkit as nk

    nk.setSeed(seed, False)
    matrix = level = matrix_of(indptr, indices, weights)
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


def _connected(level: scipy.sparse.csr_array, groups: Ints) -> Ints:
    """Split groups into their connected parts, which can only raise the modularity."""
    import scipy.sparse.csgraph

    rows = np.repeat(np.arange(level.shape[0]), np.diff(level.indptr))
    inside = (groups[rows] == groups[level.indices]) & (level.data > 0)
    shape = level.shape
    graph = scipy.sparse.coo_array((np.ones(int(inside.sum())), (rows[inside], level.indices[inside])), shape=shape)
    _, labels = scipy.sparse.csgraph.connected_components(graph, directed=False)
    return canonical(labels.astype(np.int64))
