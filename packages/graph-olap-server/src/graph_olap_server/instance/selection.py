"""The part of the graph an algorithm request selects, checked against the schema before anything runs."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar, get_args

from graph_olap.models import EdgeTable, GraphSchema, NodeTable

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.names import element_name_problem, result_property_problem
from graph_olap_server.instance.guard import check_statement
from graph_olap_server.instance.projection import Orientation, Parallel, ProjectionSpec
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["Selection", "check_weight", "is_numeric", "read_projection", "read_selection", "unknown"]

_NUMERIC = ("INT", "UINT", "DOUBLE", "FLOAT", "DECIMAL")
_DEFAULT_TIMEOUT_MS = 1_800_000
_MAX_QUERY_CHARACTERS = 100_000
Table = TypeVar("Table", NodeTable, EdgeTable)
_PROJECTION_FIELDS = ("node_labels", "relationship_types", "query", "orientation", "weight_property", "parallel")


@dataclass(frozen=True, slots=True)
class Selection:
    """Labels and types to work on, where to write, and how long it may take.

    Attributes:
        labels: Selected labels; all when a query selects.
        edge_tables: Selected relationship types; all when a query selects.
        node_label, edge_type: As they were asked for, for the record.
        query: A guarded statement that selects edges in place of labels and types.
        orientation, weight_property, parallel: What the request asks for; ``None`` leaves it to the algorithm.
    """

    labels: tuple[str, ...]
    edge_tables: tuple[EdgeTable, ...]
    node_label: str | None = None
    edge_type: str | None = None
    result_property: str | None = None
    timeout_ms: int = _DEFAULT_TIMEOUT_MS
    query: str | None = None
    orientation: Orientation | None = None
    weight_property: str | None = None
    parallel: Parallel | None = None

    @property
    def edge_types(self) -> tuple[str, ...]:
        """Names of the selected relationship types."""
        return tuple(table.type for table in self.edge_tables)

    def spec(
        self,
        *,
        orientation: Orientation,
        weight: str | None,
        parallel: Parallel,
        self_loops: bool = True,
        negative_weights: bool = False,
    ) -> ProjectionSpec:
        """Return what to project, with what the request leaves open."""
        return ProjectionSpec(
            labels=() if self.query else tuple(sorted(self.labels)),
            edge_types=() if self.query else tuple(sorted(self.edge_types)),
            orientation=self.orientation or orientation,
            weight_property=weight,
            parallel=self.parallel or ("once" if weight is None else parallel),
            self_loops=self_loops,
            query=self.query,
            negative_weights=negative_weights,
        )


def read_selection(
    fields: Fields, schema: GraphSchema, manifest: SnapshotManifest, *, on_edges: bool = False
) -> Selection:
    """Read the fields common to all algorithm requests; problems are recorded in ``fields``.

    ``on_edges`` says that results are written to relationships.
    """
    node_label = fields.text("node_label")
    edge_type = fields.text("edge_type")
    result_property = fields.text("result_property")
    timeout_ms = fields.integer("timeout_ms", _DEFAULT_TIMEOUT_MS, 1_000, 3_600_000) or _DEFAULT_TIMEOUT_MS
    asked = fields.object("projection")
    if asked and (node_label is not None or edge_type is not None):
        fields.problems.append(("projection", "give either a projection or node_label and edge_type"))
    selected = (
        read_projection(Fields(asked), schema, fields, "projection.")
        if asked
        else _selected_by_name(fields, schema, node_label, edge_type)
    )
    if result_property is not None:
        _check_result_property(fields, result_property, selected, schema, manifest, on_edges=on_edges)
    return Selection(
        selected.labels,
        selected.edge_tables,
        node_label,
        edge_type,
        result_property,
        timeout_ms,
        selected.query,
        selected.orientation,
        selected.weight_property,
        selected.parallel,
    )


def read_projection(own: Fields, schema: GraphSchema, fields: Fields, prefix: str = "") -> Selection:
    """Read the description of a projection; problems are recorded in ``fields``."""
    for name in own.names():
        if name not in _PROJECTION_FIELDS:
            reason = f"a projection has no such field; allowed: {', '.join(_PROJECTION_FIELDS)}"
            own.problems.append((name, reason))
    labels, types = own.strings("node_labels"), own.strings("relationship_types")
    query = own.text("query", max_length=_MAX_QUERY_CHARACTERS)
    if query is not None:
        if labels is not None or types is not None:
            own.problems.append(("query", "a query replaces node_labels and relationship_types; give one or the other"))
        query = _guarded(own, query)
    if labels == []:
        own.problems.append(("node_labels", "at least one label is required; leave the field out to select all"))
    node_tables = _named(own, "node_labels", "node label", labels, {table.label: table for table in schema.node_tables})
    edge_tables = _named(
        own, "relationship_types", "edge type", types, {table.type: table for table in schema.edge_tables}
    )
    chosen = tuple(table.label for table in node_tables)
    between = tuple(table for table in edge_tables if table.from_node in chosen and table.to_node in chosen)
    outside = [table.type for table in edge_tables if table not in between] if types is not None else []
    if outside and not own.problems:
        reason = f"{outside[0]} does not connect two selected nodes of {', '.join(chosen)}"
        own.problems.append(("relationship_types", reason))
    orientation = own.choice("orientation", get_args(Orientation))
    parallel = own.choice("parallel", get_args(Parallel))
    weight = own.text("weight_property")
    selection = Selection(chosen, between, query=query, weight_property=weight)
    if weight is not None and query is None and not own.problems:
        check_weight(own, "weight_property", weight, selection)
    if parallel in ("sum", "min", "max") and weight is None:
        own.problems.append(("parallel", f"{parallel} needs a weight_property; count, keep and once do not"))
    if parallel == "once" and weight is not None:
        own.problems.append(("parallel", "once has no weights; use keep, sum, min, max or leave weight_property out"))
    if own is not fields:
        fields.problems.extend((f"{prefix}{name}", reason) for name, reason in own.problems)
    return Selection(chosen, between, query=query, orientation=orientation, weight_property=weight, parallel=parallel)


def check_weight(fields: Fields, field: str, name: str, selection: Selection) -> None:
    """Record a problem unless every selected relationship type has this property, as a number."""
    for table in selection.edge_tables:
        type_name = table.properties.get(name)
        if type_name is None:
            hint = f"its properties are {', '.join(table.properties) or 'none'}; select other relationship types"
            fields.problems.append((field, f"{table.type} has no property {name}; {hint}"))
        elif not is_numeric(type_name):
            fields.problems.append((field, f"{name} of {table.type} is {type_name}; a weight must be a number"))


def is_numeric(type_name: str) -> bool:
    """Whether a property of this type holds numbers."""
    return type_name.startswith(_NUMERIC) and type_name != "INTERVAL"


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """Say that a name is unknown, with the nearest ones."""
    if near := difflib.get_close_matches(name, known, n=3):
        return f"there is no {kind} {name!r}; did you mean {' or '.join(near)}?"
    return f"there is no {kind} {name!r}; the graph has {', '.join(sorted(known)[:20]) or 'none'}"


def _selected_by_name(fields: Fields, schema: GraphSchema, node_label: str | None, edge_type: str | None) -> Selection:
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
    return Selection(tuple(labels), tuple(between))


def _named(own: Fields, field: str, kind: str, wanted: list[str] | None, known: Mapping[str, Table]) -> list[Table]:
    for name in wanted or ():
        if name not in known:
            own.problems.append((field, unknown(kind, name, known)))
    return [table for name, table in known.items() if wanted is None or name in wanted]


def _guarded(own: Fields, query: str) -> str:
    try:
        statement = check_statement(query)
    except PlatformError as error:
        own.problems.append(("query", error.message))
        return query
    if statement.parameters:
        own.problems.append(("query", f"parameters are not possible here, found ${sorted(statement.parameters)[0]}"))
    if statement.kind != "read":
        own.problems.append(("query", "a plan selects nothing; remove EXPLAIN or PROFILE"))
    return statement.text


def _check_result_property(
    fields: Fields, name: str, selected: Selection, schema: GraphSchema, manifest: SnapshotManifest, *, on_edges: bool
) -> None:
    if (problem := element_name_problem(name)) is not None:
        fields.problems.append(("result_property", problem))
    nodes = {node.label: [node.primary_key, *node.properties] for node in manifest.node_definitions}
    edges = {edge.type: edge.properties for edge in manifest.edge_definitions}
    existing = {table.label: table.properties for table in schema.node_tables if not on_edges}
    existing |= {table.type: table.properties for table in schema.edge_tables if on_edges}
    declared = [(label, nodes[label]) for label in selected.labels if label in nodes]
    declared += [(table.type, edges[table.type]) for table in selected.edge_tables if on_edges and table.type in edges]
    for owner, definitions in declared:
        defined = [definition.name for definition in definitions]
        problem = result_property_problem(owner, name, defined, existing.get(owner, ()))
        if problem is not None:
            fields.problems.append(("result_property", problem))
