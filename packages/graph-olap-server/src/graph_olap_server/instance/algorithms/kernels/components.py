"""Which nodes reach each other."""

from __future__ import annotations

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Ints, UndirectedGraph, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import NodeMap

__all__ = ["canonical", "scc", "wcc", "weak"]


def wcc(indptr: Ints, indices: Ints) -> NodeMap:
    """Connected components of an undirected graph."""
    import networkit as nk

    if len(indptr) == 1:
        return _components(np.empty(0, np.int64))
    graph = UndirectedGraph(indptr, indices)
    run = nk.components.ConnectedComponents(graph.handle)
    run.run()
    return _components(np.asarray(run.getPartition().getVector(), np.int64))


def weak(indptr: Ints, indices: Ints) -> NodeMap:
    """Connected components of a directed graph, whichever way its edges go; they need not be there both ways."""
    import scipy.sparse.csgraph

    matrix = matrix_of(indptr, indices, None)
    _, labels = scipy.sparse.csgraph.connected_components(matrix, directed=True, connection="weak")
    return _components(labels.astype(np.int64))


def scc(indptr: Ints, indices: Ints) -> NodeMap:
    """Strongly connected components of a directed graph."""
    import scipy.sparse.csgraph

    matrix = matrix_of(indptr, indices, None)
    _, labels = scipy.sparse.csgraph.connected_components(matrix, directed=True, connection="strong")
    return _components(labels.astype(np.int64))


def canonical(labels: Ints) -> Ints:
    """Renumber groups from 0: larger ones first, of equal ones the one with the smallest node first."""
    _, first, inverse, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -counts))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    renumbered: Ints = rank[inverse]
    return renumbered


def _components(labels: Ints) -> NodeMap:
    labels = canonical(labels)
    sizes = np.bincount(labels)
    return NodeMap(
        labels,
        {
            "component_count": len(sizes),
            "components": len(sizes),
            "largest_component": int(sizes[0]) if len(sizes) else 0,
        },
    )
