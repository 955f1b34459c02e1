"""How good a given partition of an undirected graph is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import NodeMap, Scalar

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["modularity", "partition_conductance", "partition_modularity"]


def partition_modularity(
    indptr: Ints, indices: Ints, weights: Floats | None = None, *, community_property: Floats, resolution: float
) -> Scalar:
    """Modularity of the communities that a property names."""
    names, membership = np.unique(community_property, return_inverse=True)
    value = modularity(matrix_of(indptr, indices, weights), membership, resolution)
    return Scalar(value, {"community_count": len(names)})


def partition_conductance(
    indptr: Ints, indices: Ints, weights: Floats | None = None, *, community_property: Floats
) -> NodeMap:
    """Share of the smaller side's edge ends that belong to edges leaving a node's community; not a number without any.

    Volumes count both ends of an edge, of a self-loop too.
    """
    matrix = matrix_of(indptr, indices, weights)
    names, membership = np.unique(community_property, return_inverse=True)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    leaving = membership[rows] != membership[matrix.indices]
    cut = np.bincount(membership[rows[leaving]], matrix.data[leaving], len(names))
    volume = np.bincount(membership, np.asarray(matrix.sum(axis=1)).ravel() + matrix.diagonal(), len(names))
    smaller = np.minimum(volume, volume.sum() - volume)
    values = np.divide(cut, smaller, out=np.full(len(names), np.nan), where=smaller > 0)
    known = values[~np.isnan(values)]
    facts = {
        "community_count": len(names),
        "average_conductance": float(known.mean()) if len(known) else None,
        "max_conductance": float(known.max()) if len(known) else None,
    }
    return NodeMap(values[membership], facts, ~np.isnan(values[membership]))


def modularity(matrix: scipy.sparse.csr_array, membership: Ints, resolution: float = 1.0) -> float | None:
    """Modularity of a partition of an undirected graph (symmetric, self-loops once); ``None`` without any weight."""
    strength = np.asarray(matrix.sum(axis=1)).ravel() + matrix.diagonal()
    total = float(strength.sum())
    if total == 0:
        return None
    inside = np.repeat(membership, np.diff(matrix.indptr)) == membership[matrix.indices]
    within = float(matrix.data[inside].sum()) + float(matrix.diagonal().sum())
    volumes = np.bincount(membership, weights=strength)
    return within / total - resolution * float(((volumes / total) ** 2).sum())
