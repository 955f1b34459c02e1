"""How densely nodes are connected around a node."""

from __future__ import annotations

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, UndirectedGraph
from graph_olap_server.instance.algorithms.kernels.results import NodeMap, Scalar
from graph_olap_server.instance.algorithms.kernels.searches import neighbours

__all__ = ["average_clustering", "clustering_coefficient", "kcore", "transitivity", "triangle_count"]


def kcore(indptr: Ints, indices: Ints) -> NodeMap:
    """Core numbers of an undirected graph without self-loops."""
    import networkit as nk

    if len(indptr) == 1:
        return NodeMap(np.empty(0, np.int64), {"max_k": 0})
    graph = UndirectedGraph(indptr, indices)
    run = nk.centrality.CoreDecomposition(graph.handle)
    run.run()
    cores = np.asarray(run.scores()).astype(np.int64)
    return NodeMap(cores, {"max_k": int(cores.max())})


def triangle_count(indptr: Ints, indices: Ints) -> NodeMap:
    """Triangles through each node of an undirected graph without self-loops."""
    triangles = _triangles(indptr, indices)
    return NodeMap(
        triangles,
        {"total_triangles": int(triangles.sum()) // 3, "nodes_with_triangles": int((triangles > 0).sum())},
    )


def clustering_coefficient(indptr: Ints, indices: Ints) -> NodeMap:
    """Share of a node's pairs of neighbours that are neighbours themselves, 0 with fewer than two neighbours."""
    values = _coefficients(indptr, indices)
    return NodeMap(values, {"average_clustering": float(values.mean()) if len(values) else None})


def average_clustering(indptr: Ints, indices: Ints) -> Scalar:
    """Mean of the nodes' clustering coefficients."""
    values = _coefficients(indptr, indices)
    return Scalar(float(values.mean()) if len(values) else None, {})


def transitivity(indptr: Ints, indices: Ints) -> Scalar:
    """Share of all paths of two edges that are closed by a third."""
    degrees = np.diff(indptr).astype(np.float64)
    pairs = float((degrees * (degrees - 1)).sum()) / 2
    closed = int(_triangles(indptr, indices).sum())
    return Scalar(closed / pairs if pairs else None, {"triangles": closed // 3, "paths_of_two": int(pairs)})


def _triangles(indptr: Ints, indices: Ints) -> Ints:
    degrees = np.diff(indptr).astype(np.float64)
    # The coefficient is triangles / pairs of neighbours; rounding undoes the division exactly below 2**52.
    triangles: Ints = np.rint(_coefficients(indptr, indices) * degrees * (degrees - 1) / 2).astype(np.int64)
    return triangles


def _coefficients(indptr: Ints, indices: Ints) -> Floats:
    import networkit as nk

    if len(indptr) == 1:
        return np.empty(0)
    # Threads share nodes by id, and from low to high degree the shares are even: twice as fast on skewed degrees.
    degrees = np.diff(indptr)
    order = np.argsort(degrees, kind="stable")
    place = np.empty(len(order), indices.dtype)
    place[order] = np.arange(len(order))
    _, entries = neighbours(indptr, order)
    graph = UndirectedGraph(np.concatenate([[0], np.cumsum(degrees[order])]), place[indices[entries]])
    run = nk.centrality.LocalClusteringCoefficient(graph.handle, True)  # turbo: a sixth of the time on skewed degrees
    run.run()
    coefficients: Floats = np.nan_to_num(np.asarray(run.scores()))[place]
    return coefficients
