"""The edges a projection is made of, read from the engine through Arrow: by relationship type, or by a query."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.instance.engine.base import OFFSET_BITS, GraphEngine
from graph_olap_server.instance.nodes import NodeIndex
from graph_olap_server.instance.workers import Control

__all__ = ["SelectedEdges", "selected_by_query", "selected_by_type"]

_COLUMNS = ("source", "target")


@dataclass(frozen=True, slots=True)
class SelectedEdges:
    """Ends as dense ids of ``nodes``; weights per part (its name, values, how many are missing) when asked for."""

    nodes: NodeIndex
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: list[tuple[str, NDArray[np.float64], int]] | None


def selected_by_type(
    engine: GraphEngine, labels: tuple[str, ...], edge_types: tuple[str, ...], weight: str | None, control: Control
) -> SelectedEdges:
    """Return all nodes with the labels and all relationships of the types."""
    schema = engine.schema()
    sizes = {table.label: table.node_count for table in schema.node_tables}
    nodes = NodeIndex({label: sizes[label] for label in sorted(set(labels), key=engine.table_id)})
    ends = {table.type: (table.from_node, table.to_node) for table in schema.edge_tables}
    sources: list[NDArray[np.int64]] = []
    targets: list[NDArray[np.int64]] = []
    weights: list[tuple[str, NDArray[np.float64], int]] = []
    for edge_type in sorted(set(edge_types)):
        control.check()
        table = engine.edges(edge_type, () if weight is None else (weight,))
        from_label, to_label = ends[edge_type]
        for parts, column, label in ((sources, "_src", from_label), (targets, "_dst", to_label)):
            offsets = table[column].to_numpy()
            parts.append(offsets + nodes.starts[label] if nodes.starts[label] else offsets)
        if weight is not None:
            weights.append((edge_type, *_numbers(table[weight])))
    return SelectedEdges(nodes, _joined(sources), _joined(targets), None if weight is None else weights)


def selected_by_query(engine: GraphEngine, query: str, weight: str | None, control: Control) -> SelectedEdges:
    """Return the pairs of nodes that a query returns as ``source`` and ``target`` (nodes or their ids).

    A row without a target adds its source as a node without edges. A weight is a further column of that name.

    Raises:
        PlatformError: ``VALIDATION_FAILED`` when the columns are not those; what the query itself raises.
    """
    query_id = f"projection-{uuid.uuid4()}"
    timeout_ms = max(1, int(control.remaining_seconds * 1000))
    with control.stopping(lambda: engine.cancel(query_id)):
        result = engine.query(query, {}, timeout_ms=timeout_ms, query_id=query_id)
    try:
        kinds = {column.name: column.type for column in result.columns}
        # ``RETURN n AS source, NULL AS target`` selects nodes without edges; the engines call such a column text.
        as_text = kinds.get("target") == "STRING"
        _check_columns({**kinds, "target": "NODE"} if as_text else kinds, weight)
        table = pa.Table.from_batches(list(result.batches()), result.arrow_schema)
        if as_text and table["target"].null_count < len(table):
            _check_columns(kinds, weight)
    finally:
        result.close()
    ids = [_ids(table[name]) for name in _COLUMNS]
    tables_by_number = {engine.table_id(entry.label): entry for entry in engine.schema().node_tables}
    present = np.unique(np.concatenate([part[~missing] for part, missing in ids]))
    tables, offsets = present >> OFFSET_BITS, present & ((1 << OFFSET_BITS) - 1)
    members: dict[str, NDArray[np.int64]] = {}
    for number in np.unique(tables).tolist():
        entry, own = tables_by_number.get(number), offsets[tables == number]
        if entry is None or own[-1] >= entry.node_count:
            raise validation_failed([("query", "source and target must be nodes of this graph or their id()")])
        members[entry.label] = own
    nodes = NodeIndex({label: len(own) for label, own in members.items()}, members)
    (source, no_source), (target, no_target) = ids
    whole = ~no_source & ~no_target
    weights = None
    if weight is not None:
        values, _ = _numbers(table[weight])
        kept = values[whole]
        weights = [("selected", kept, int(np.isnan(kept).sum()))]
    return SelectedEdges(
        nodes, np.searchsorted(present, source[whole]), np.searchsorted(present, target[whole]), weights
    )


def _check_columns(kinds: dict[str, str], weight: str | None) -> None:
    found = ", ".join(f"{name} ({kind})" for name, kind in kinds.items())
    for name in _COLUMNS:
        if kinds.get(name) not in ("NODE", "INTERNAL_ID", "INT64"):
            reason = f"the query must return nodes (or their id()) as source and target; it returns {found}"
            raise validation_failed([("query", reason)])
    if weight is not None and weight not in kinds:
        raise validation_failed([("weight_property", f"the query returns no column {weight}; it returns {found}")])


def _ids(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    ids: Any = column
    if column.null_count == len(column):
        return np.zeros(len(column), np.int64), np.ones(len(column), bool)
    if pa.types.is_struct(column.type):
        ids = pa.chunked_array([pc.struct_field(chunk, "_id") for chunk in column.chunks], pa.int64())
    missing = pc.is_null(ids).to_numpy()
    return pc.fill_null(ids, 0).to_numpy().astype(np.int64), np.asarray(missing, bool)


def _numbers(column: Any) -> tuple[NDArray[np.float64], int]:
    try:
        values = pc.cast(column, pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise validation_failed([("weight_property", f"weights must be numbers, found {column.type}")]) from None
    return np.asarray(pc.fill_null(values, float("nan")).to_numpy(), np.float64), int(column.null_count)


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
