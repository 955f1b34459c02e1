"""Writing a result of a NetworkX function to the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.networkx_bridge.named import arrow_column, property_type
from graph_olap_server.instance.networkx_bridge.values import EdgeValues, NodeValues
from graph_olap_server.instance.nodes import NodeReferences
from graph_olap_server.instance.projection import Projection
from graph_olap_server.instance.writeback import node_writes, write_edge_values

__all__ = ["write_edges", "write_nodes"]


def write_nodes(
    engine: GraphEngine,
    name: str,
    parts: Sequence[NodeValues],
    projection: Projection,
    references: NodeReferences,
    check: Callable[[], None],
) -> int:
    """Write values of nodes, those of several parts in one transaction; return how many were set."""
    writes = []
    for part in parts:
        dense, values = np.asarray(part.dense, np.int64), arrow_column(part, references)
        own = f"{name}{part.suffix}"
        writes += node_writes(engine, own, property_type(part), dense, values, projection.nodes)
    engine.write_properties(writes, check)
    return sum(len(part.dense) for part in parts)


def write_edges(
    engine: GraphEngine,
    name: str,
    part: EdgeValues,
    edge_types: tuple[str, ...],
    projection: Projection,
    references: NodeReferences,
    *,
    undirected: bool,
    reverse: bool,
    check: Callable[[], None],
) -> int:
    """Write values of pairs to all relationships between them; return how many were set.

    ``reverse`` says that the projection has turned the relationships around.
    """
    return write_edge_values(
        engine,
        name,
        property_type(part),
        edge_types,
        (np.asarray(part.source, np.int64), np.asarray(part.target, np.int64)),
        arrow_column(part, references),
        projection,
        undirected=undirected,
        reverse=reverse,
        check=check,
    )
