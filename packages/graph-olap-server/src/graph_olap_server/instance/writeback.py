"""Writing results of algorithms back into the graph: a value per node, or per relationship."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.nodes import NodeIndex
from graph_olap_server.logs import event

__all__ = ["write_edge_values", "write_values"]

_log = logging.getLogger(__name__)


def write_values(
    engine: GraphEngine, name: str, type_name: str, dense: NDArray[np.int64], values: pa.Array, nodes: NodeIndex
) -> int:
    """Write ``values`` to the nodes with the given dense ids (ascending), label by label; return how many were set.

    Each label is one transaction of the engine. When a later label fails, a property that this call created on earlier
    ones is removed again.
    """
    before = {table.label: set(table.properties) for table in engine.schema().node_tables}
    created: list[str] = []
    written = 0
    with _undoing(name, created, engine.drop_node_property):
        for label, part, offsets in nodes.split(dense):
            if not len(offsets):
                continue
            own: Any = values.slice(part.start, part.stop - part.start)
            written += engine.write_node_property(label, name, type_name, pa.array(offsets), own)
            if name not in before[label]:
                created.append(label)
    return written


def write_edge_values(
    engine: GraphEngine,
    name: str,
    type_name: str,
    edge_types: tuple[str, ...],
    ends: tuple[NDArray[np.int64], NDArray[np.int64]],
    values: pa.Array,
    nodes: NodeIndex,
    *,
    undirected: bool,
) -> int:
    """Write ``values`` to every relationship between two nodes; return how many were set.

    ``ends`` are dense ids. Parallel relationships get the same value, and so do both directions when ``undirected``.
    """
    schema = engine.schema()
    before = {table.type: set(table.properties) for table in schema.edge_tables}
    labels = {table.type: (table.from_node, table.to_node) for table in schema.edge_tables}
    count = max(len(nodes), 1)
    pairs = ends[0] * count + ends[1]
    order = np.argsort(pairs, kind="stable")
    pairs = pairs[order]
    created: list[str] = []
    written = 0
    with _undoing(name, created, engine.drop_edge_property):
        for edge_type in edge_types:
            table = engine.edges(edge_type).select(["_src", "_dst"])
            start, end = (
                nodes.dense_of(label, table[column].to_numpy())
                for label, column in zip(labels[edge_type], ("_src", "_dst"), strict=True)
            )
            inside = (start >= 0) & (end >= 0)
            place = _search(pairs, start * count + end, inside)
            if undirected:
                place = np.where(place >= 0, place, _search(pairs, end * count + start, inside))
            found = np.flatnonzero(place >= 0)
            if not len(found):
                continue
            # Parallel relationships are matched together: each pair of nodes is named once.
            _, first = np.unique(start[found] * count + end[found], return_index=True)
            own = table.take(pa.array(found[first]))
            chosen = values.take(pa.array(order[place[found[first]]]))
            engine.write_edge_property(edge_type, name, type_name, own, chosen)
            written += len(found)
            if name not in before[edge_type]:
                created.append(edge_type)
    return written


@contextmanager
def _undoing(name: str, created: list[str], drop: Callable[[str, str], None]) -> Iterator[None]:
    try:
        yield
    except PlatformError:
        for table in created:
            drop(table, name)
        event(_log, "write_back_undone", level=logging.WARNING, property=name, labels=created)
        raise


def _search(pairs: NDArray[np.int64], wanted: NDArray[np.int64], inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return where each wanted pair lies in ``pairs`` (sorted), -1 where it does not."""
    if not len(pairs):
        return np.full(len(wanted), -1, np.int64)
    place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    return np.where(inside & (pairs[place] == wanted), place, -1)
