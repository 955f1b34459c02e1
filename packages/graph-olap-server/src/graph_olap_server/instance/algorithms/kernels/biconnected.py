"""Where an undirected graph would fall apart: its blocks, the nodes they share and the blocks of a single edge.

A block is a largest set of nodes that stays connected when any one of them is removed. Every edge (but self-loops)
lies in exactly one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph_olap_server.instance.algorithms.kernels.components import canonical
from graph_olap_server.instance.algorithms.kernels.graphs import Ints, UndirectedGraph
from graph_olap_server.instance.algorithms.kernels.results import EdgeMap, NodeMap

__all__ = ["articulation_points", "biconnected_components", "bridges"]


def articulation_points(indptr: Ints, indices: Ints) -> NodeMap:
    """Whether its component falls apart without a node."""
    blocks = _blocks(indptr, indices)
    values = np.bincount(blocks.node, minlength=len(indptr) - 1) > 1
    return NodeMap(values, {"articulation_points": int(values.sum())})


def bridges(indptr: Ints, indices: Ints) -> EdgeMap:
    """Edges without which their component falls apart."""
    blocks = _blocks(indptr, indices)
    single = blocks.sizes[blocks.number] == 2
    ends = np.sort(blocks.node[single].reshape(-1, 2), axis=1)
    ends = ends[np.lexsort((ends[:, 1], ends[:, 0]))]
    return EdgeMap(ends[:, 0], ends[:, 1], np.ones(len(ends), bool), {"bridges": len(ends)})


def biconnected_components(indptr: Ints, indices: Ints) -> EdgeMap:
    """Return the block of each edge, numbered like components: blocks with more edges first."""
    count = len(indptr) - 1
    blocks = _blocks(indptr, indices)
    home = np.full(count, -1, np.int64)
    np.maximum.at(home, blocks.node, blocks.number)
    rows = np.repeat(np.arange(count), np.diff(indptr))
    upper = rows < indices
    source, target = rows[upper], np.asarray(indices)[upper].astype(np.int64)
    # A block is finished after those below it, so it is the last of all its nodes but the topmost, whose last is later.
    values = canonical(np.minimum(home[source], home[target]))
    sizes = np.bincount(values)
    facts = {"component_count": len(sizes), "largest_component": int(sizes[0]) if len(sizes) else 0}
    return EdgeMap(source, target, values, facts)


class _Blocks(NamedTuple):
    """Membership of nodes in blocks, block by block in the order in which a depth-first search finishes them."""

    node: Ints
    number: Ints
    sizes: Ints


def _blocks(indptr: Ints, indices: Ints) -> _Blocks:
    import networkit as nk

    if len(indptr) == 1:
        return _Blocks(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
    graph = UndirectedGraph(indptr, indices)
    run = nk.components.BiconnectedComponents(graph.handle)
    run.run()
    found = [block for block in run.getComponents() if len(block) > 1]
    sizes = np.array([len(block) for block in found], np.int64)
    nodes = np.fromiter((node for block in found for node in block), np.int64, int(sizes.sum()))
    return _Blocks(nodes, np.repeat(np.arange(len(found)), sizes), sizes)
