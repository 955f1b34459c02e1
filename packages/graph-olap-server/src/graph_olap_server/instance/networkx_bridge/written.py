"""Writing a result to the graph; of the selection, whatever it does not name loses what an earlier result wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

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
    nodes = projection.nodes
    known = [table.properties for table in engine.schema().node_tables if table.label in nodes.labels]
    writes = []
    for part in parts:
        own = f"{name}{part.suffix}"
        dense, values = np.asarray(part.dense, np.int64), arrow_column(part, references)
        if not len(dense) or any(own in properties for properties in known):
            place = np.full(len(nodes), -1, np.int64)
            place[dense] = np.arange(len(dense))
            dense, values = np.arange(len(nodes)), values.take(pa.array(place, mask=place < 0))
        writes += node_writes(own, property_type(part), dense, values, nodes)
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
    ends = np.asarray(part.source, np.int64), np.asarray(part.target, np.int64)
    values = arrow_column(part, references)
    known = [table.properties for table in engine.schema().edge_tables if table.type in edge_types]
    if not len(values) or any(name in properties for properties in known):
        rest = _other_pairs(projection, ends, undirected=undirected)
        ends = np.concatenate([ends[0], rest[0]]), np.concatenate([ends[1], rest[1]])
        values = pa.concat_arrays([values, pa.nulls(len(rest[0]), values.type)])
    return write_edge_values(
        engine,
        name,
        property_type(part),
        edge_types,
        (ends[1], ends[0]) if reverse else ends,
        values,
        projection.nodes,
        undirected=undirected,
        check=check,
    )


def _other_pairs(
    projection: Projection, ends: tuple[NDArray[np.int64], NDArray[np.int64]], *, undirected: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of nodes with an edge that are not among ``ends``."""
    count = max(projection.node_count, 1)
    indptr, indices = (projection.arrays[name].open() for name in ("indptr", "indices"))
    source = np.repeat(np.arange(projection.node_count), np.diff(indptr))
    target = indices.astype(np.int64)
    named = ends[0] * count + ends[1]
    if undirected:
        named = np.concatenate([named, ends[1] * count + ends[0]])
    left = ~np.isin(source * count + target, named)
    return source[left], target[left]
