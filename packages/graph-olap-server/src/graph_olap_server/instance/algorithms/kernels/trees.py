"""Trees that join all nodes of a part."""

from __future__ import annotations

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import EdgeMap

__all__ = ["minimum_spanning_tree"]


def minimum_spanning_tree(indptr: Ints, indices: Ints, weights: Floats | None = None) -> EdgeMap:
    """Edges of one cheapest tree per part, with their weights."""
    import scipy.sparse.csgraph

    lengths = np.ones(len(indices)) if weights is None else np.asarray(weights)
    # Only the order of weights matters. SciPy takes 0 for no edge, so it gets their ranks from 1 up.
    distinct, rank = np.unique(lengths, return_inverse=True)
    tree = scipy.sparse.csgraph.minimum_spanning_tree(matrix_of(indptr, indices, (rank + 1).astype(np.float64))).tocoo()
    source, target = np.minimum(tree.row, tree.col), np.maximum(tree.row, tree.col)
    order = np.lexsort((target, source))
    values = distinct[tree.data[order].astype(np.int64) - 1]
    facts = {"edges": len(values), "trees": len(indptr) - 1 - len(values), "total_weight": float(values.sum())}
    return EdgeMap(source[order].astype(np.int64), target[order].astype(np.int64), values, facts)
