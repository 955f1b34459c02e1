"""The part of the graph an algorithm request selects, checked against the schema before anything runs."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass

from graph_olap.models import EdgeTable, GraphSchema

from graph_olap_server.domain.names import element_name_problem
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["Selection", "check_weight", "read_selection"]

_NUMERIC = ("INT", "UINT", "DOUBLE", "FLOAT", "DECIMAL")
_DEFAULT_TIMEOUT_MS = 1_800_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Labels and types to work on, where to write, and how long it may take."""

    labels: tuple[str, ...]
    edge_tables: tuple[EdgeTable, ...]
    node_label: str | None
    edge_type: str | None
    result_property: str | None
    timeout_ms: int

    @property
    def edge_types(self) -> tuple[str, ...]:
        """Names of the selected relationship types."""
        return tuple(table.type for table in self.edge_tables)


def read_selection(fields: Fields, schema: GraphSchema, manifest: SnapshotManifest) -> Selection:
    """Read the fields common to all algorithm requests; problems are recorded in ``fields``."""
    node_label = fields.text("node_label")
    edge_type = fields.text("edge_type")
    result_property = fields.text("result_property")
    timeout_ms = fields.integer("timeout_ms", _DEFAULT_TIMEOUT_MS, 1_000, 3_600_000) or _DEFAULT_TIMEOUT_MS
    all_labels = [table.label for table in schema.node_tables]
    labels = all_labels if node_label is None else [node_label]
    if node_label is not None and node_label not in all_labels:
        fields.problems.append(("node_label", unknown("node label", node_label, all_labels)))
    between = [table for table in schema.edge_tables if table.from_node in labels and table.to_node in labels]
    if edge_type is not None:
        all_types = [table.type for table in schema.edge_tables]
        if edge_type not in all_types:
            fields.problems.append(("edge_type", unknown("edge type", edge_type, all_types)))
        elif all(table.type != edge_type for table in between):
            fields.problems.append(("edge_type", f"{edge_type} does not connect two selected nodes of {node_label}"))
        between = [table for table in between if table.type == edge_type]
    if result_property is not None:
        _check_result_property(fields, result_property, labels, manifest)
    return Selection(tuple(labels), tuple(between), node_label, edge_type, result_property, timeout_ms)


def check_weight(fields: Fields, field: str, name: str, selection: Selection) -> None:
    """Record a problem unless every selected relationship type has this property, as a number."""
    for table in selection.edge_tables:
        type_name = table.properties.get(name)
        if type_name is None:
            hint = f"its properties are {', '.join(table.properties) or 'none'}; set edge_type to select other edges"
            fields.problems.append((field, f"{table.type} has no property {name}; {hint}"))
        elif not type_name.startswith(_NUMERIC):
            fields.problems.append((field, f"{name} of {table.type} is {type_name}; a weight must be a number"))


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """Say that a name is unknown, with the nearest ones."""
    if near := difflib.get_close_matches(name, known, n=3):
        return f"there is no {kind} {name!r}; did you mean {' or '.join(near)}?"
    return f"there is no {kind} {name!r}; the graph has {', '.join(sorted(known)[:20]) or 'none'}"


def _check_result_property(fields: Fields, name: str, labels: Collection[str], manifest: SnapshotManifest) -> None:
    if (problem := element_name_problem(name)) is not None:
        fields.problems.append(("result_property", problem))
    for node in manifest.node_definitions:
        declared = {node.primary_key.name, *(definition.name for definition in node.properties)}
        # The engine's property names ignore case.
        if node.label in labels and name.lower() in {entry.lower() for entry in declared}:
            fields.problems.append(
                ("result_property", f"{name} is a property of {node.label} in the mapping; choose another name")
            )
