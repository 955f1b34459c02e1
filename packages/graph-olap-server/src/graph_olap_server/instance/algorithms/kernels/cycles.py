"""Cycles of directed graphs, and orders of graphs that have none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.kernels.graphs import DirectedGraph, Ints, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import NodeList, Paths
from graph_olap_server.instance.algorithms.kernels.searches import levels

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["cycles", "topological_order"]


def topological_order(indptr: Ints, indices: Ints) -> NodeList:
    """Nodes in an order in which every edge points forward.

    Raises:
        PlatformError: ``ALGORITHM_FAILED`` with a shortest cycle through one node when there is a cycle.
    """
    import networkit as nk

    if len(indptr) == 1:
        return NodeList(np.empty(0, np.int64), {"sources": 0})
    cyclic = _on_cycles(indptr, indices)
    if len(cyclic):
        back, start = matrix_of(indptr, indices, None).T.tocsr(), int(cyclic[0])
        nodes = next(_through(indptr, indices, back, start, _shortest(indptr, indices, back, start), first=0))
        raise PlatformError(
            "ALGORITHM_FAILED",
            f"There is no such order: {len(cyclic)} nodes lie on cycles, for instance {{nodes}}. Leave an edge of each "
            "cycle out with a query.",
            {"reason": "cycle", "nodes_on_cycles": len(cyclic), "nodes": [*nodes, nodes[0]]},
        )
    graph = DirectedGraph(matrix_of(indptr, indices, None), weighted=False)
    order = np.array(nk.graphtools.topologicalSort(graph.handle), np.int64)
    return NodeList(order, {"sources": int((np.bincount(indices, minlength=len(indptr) - 1) == 0).sum())})


def cycles(indptr: Ints, indices: Ints, *, max_length: int, max_cycles: int) -> Paths:
    """Up to ``max_cycles`` cycles of at most ``max_length`` edges, each once, from its smallest node round to it."""
    back = matrix_of(indptr, indices, None).T.tocsr()
    found: list[list[int]] = []
    complete = True
    for start in _on_cycles(indptr, indices).tolist():
        for nodes in _through(indptr, indices, back, start, max_length, first=start):
            if len(found) == max_cycles:
                complete = False
                break
            found.append([*nodes, start])
        if not complete:
            break
    offsets = np.cumsum([0, *(len(nodes) for nodes in found)])
    flat = np.array([node for nodes in found for node in nodes], np.int64)
    costs = np.diff(offsets) - 1.0
    return Paths(offsets, flat, costs, {"cycles": len(found), "complete": complete})


def _on_cycles(indptr: Ints, indices: Ints) -> Ints:
    """Return the nodes that lie on a cycle."""
    import scipy.sparse.csgraph

    count = len(indptr) - 1
    if not count:
        return np.empty(0, np.int64)
    matrix = matrix_of(indptr, indices, None)
    _, part = scipy.sparse.csgraph.connected_components(matrix, connection="strong")
    rows = np.repeat(np.arange(count), np.diff(indptr))
    cyclic = (np.bincount(part) > 1)[part]
    cyclic[rows[rows == indices]] = True
    return np.flatnonzero(cyclic)


def _shortest(indptr: Ints, indices: Ints, back: scipy.sparse.csr_array, start: int) -> int:
    """Return the length of the shortest cycle through a node that lies on one."""
    away = levels(indptr, indices, np.array([start]))
    last = back.indices[back.indptr[start] : back.indptr[start + 1]]
    lengths = away[last]
    return int(lengths[lengths >= 0].min()) + 1


def _through(
    indptr: Ints, indices: Ints, back: scipy.sparse.csr_array, start: int, max_length: int, *, first: int
) -> Iterator[list[int]]:
    """Yield the cycles through a node whose other nodes are not before ``first``.

    No way is followed from which the start is too far to come back within the length.
    """
    home = levels(back.indptr, back.indices, np.array([start]), max_length - 1, first)

    def onward(node: int, length: int) -> Iterator[int]:
        ends = indices[indptr[node] : indptr[node + 1]]
        left = home[ends]
        return iter(ends[(left >= 0) & (length + 1 + left <= max_length)].tolist())

    path, on_path, branches = [start], {start}, [onward(start, 0)]
    while branches:
        node = next(branches[-1], None)
        if node is None:
            branches.pop()
            on_path.discard(path.pop())
        elif node == start:
            yield list(path)
        elif node not in on_path:
            path.append(node)
            on_path.add(node)
            branches.append(onward(node, len(path) - 1))
