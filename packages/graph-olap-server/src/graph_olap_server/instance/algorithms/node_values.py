"""Properties of nodes that native algorithms take: numbers, or whatever tells groups apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graph_olap.models import SCALAR_TYPES, GraphSchema
from numpy.typing import NDArray

from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.nodes import NodeIndex
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.instance.selection import Selection, is_numeric, unknown

__all__ = ["check_node_property", "groups_of", "numbers_of"]


def check_node_property(
    fields: Fields, field: str, name: str, selection: Selection, schema: GraphSchema, *, numeric: bool
) -> None:
    """Record a problem unless every selected label has this property, as a number or at least as a single value.

    Which labels a query selects is only known when it has run; until then one must have it.
    """
    selected = [table for table in schema.node_tables if table.label in selection.labels]
    if selection.query is not None:
        having = [table for table in selected if name in table.properties]
        if not having:
            known = {known for table in selected for known in table.properties}
            fields.problems.append((f"parameters.{field}", unknown("property of nodes", name, known)))
        selected = having
    for table in selected:
        type_name = table.properties.get(name)
        if type_name is None:
            reason = f"{table.label} has no property {name}; it has {', '.join(table.properties)}"
            fields.problems.append((f"parameters.{field}", reason))
        elif numeric and not is_numeric(type_name):
            fields.problems.append((f"parameters.{field}", f"{table.label}.{name} is {type_name}; it must be a number"))
        elif not numeric and type_name not in SCALAR_TYPES and not is_numeric(type_name):
            reason = f"{table.label}.{name} is {type_name}; it must be a single value"
            fields.problems.append((f"parameters.{field}", reason))


def numbers_of(engine: GraphEngine, name: str, nodes: NodeIndex, field: str) -> NDArray[np.float64]:
    """Return a numeric property in dense order.

    Raises:
        PlatformError: ``VALIDATION_FAILED`` when a node has no value.
    """
    parts = _values(engine, name, nodes, field)
    numbers = [np.asarray(part.cast("float64").to_numpy(zero_copy_only=False)) for part in parts]
    return np.concatenate(numbers) if numbers else np.empty(0)


def groups_of(engine: GraphEngine, name: str, nodes: NodeIndex, field: str) -> NDArray[np.int64]:
    """Return a number for each value of a property, in dense order; labels may differ in its type.

    Raises:
        PlatformError: ``VALIDATION_FAILED`` when a node has no value.
    """
    parts = list(_values(engine, name, nodes, field))
    if len({part.type for part in parts}) > 1:
        parts = [pc.cast(part, pa.string()) for part in parts]
    if not parts:
        return np.empty(0, np.int64)
    encoded = pa.concat_arrays(parts).dictionary_encode()
    groups: NDArray[np.int64] = encoded.indices.to_numpy().astype(np.int64)
    return groups


def _values(engine: GraphEngine, name: str, nodes: NodeIndex, field: str) -> Iterator[Any]:
    known = {table.label: table.properties for table in engine.schema().node_tables}
    for label, _, offsets in nodes.split(np.arange(len(nodes))):
        if name not in known[label]:
            reason = f"{label} has no property {name}; leave its nodes out of the query"
            raise validation_failed([(field, reason)])
        values = engine.node_values(label, name).take(offsets)
        if values.null_count:
            reason = f"{values.null_count} of {len(values)} {label} nodes have no {name}; leave them out with a query"
            raise validation_failed([(field, reason)])
        yield values
