"""Which columns an export must yield for a definition."""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap.models import EdgeDefinition, NodeDefinition

from graph_olap_server.warehouse.base import SourceColumn

__all__ = ["key_columns", "source_columns"]


def source_columns(
    definition: NodeDefinition | EdgeDefinition, node_definitions: Sequence[NodeDefinition]
) -> list[SourceColumn]:
    """Return the declared columns: keys first, then properties, in definition order.

    The two keys of an edge take the types of the primary keys they refer to.

    Raises:
        ValueError: The edge names a label that is not among ``node_definitions``.
    """
    properties = [SourceColumn(item.name, item.type) for item in definition.properties]
    if isinstance(definition, NodeDefinition):
        return [SourceColumn(definition.primary_key.name, definition.primary_key.type), *properties]
    key_types = {node.label: node.primary_key.type for node in node_definitions}
    for label in (definition.from_node, definition.to_node):
        if label not in key_types:
            raise ValueError(f"edge {definition.type} names the label {label}, which the mapping does not define")
    return [
        SourceColumn(definition.from_key, key_types[definition.from_node]),
        SourceColumn(definition.to_key, key_types[definition.to_node]),
        *properties,
    ]


def key_columns(definition: NodeDefinition | EdgeDefinition) -> tuple[str, ...]:
    """Return the names of the key columns: one for a node, start and end for an edge."""
    if isinstance(definition, NodeDefinition):
        return (definition.primary_key.name,)
    return (definition.from_key, definition.to_key)
