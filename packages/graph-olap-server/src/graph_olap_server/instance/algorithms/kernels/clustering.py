"""How densely nodes are connected around a node."""

from __future__ import annotations

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Ints, UndirectedGraph
from graph_olap_server.instance.algorithms.kernels.results import NodeMap

__all__ = ["kcore", "triangle_count"]


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
    import networkit as nk

    if len(indptr) == 1:
        return NodeMap(np.empty(0, np.int64), {"total_triangles": 0, "nodes_with_triangles": 0})
    graph = UndirectedGraph(indptr, indices)
    run = nk.centrality.LocalClusteringCoefficient(graph.handle)
    run.run()
    degrees = np.diff(indptr).astype(np.float64)
    # The coefficient is triangles / pairs of neighbours; rounding undoes the division exactly below 2**52.
    triangles = np.rint(np.nan_to_num(np.asarray(run.scores())) * degrees * (degrees - 1) / 2).astype(np.int64)
    return NodeMap(
        triangles,
        {"total_triangles": int(triangles.sum()) // 3, "nodes_with_triangles": int((triangles > 0).sum())},
    )
