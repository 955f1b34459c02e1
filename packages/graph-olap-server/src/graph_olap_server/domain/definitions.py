"""Rules of node and edge definitions (V2-V10 of the contract); every problem is found, not only the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from graph_olap.models import KEY_TYPES, EdgeDefinition, NodeDefinition, PropertyDefinition, parse_type

from graph_olap_server.domain.errors import FieldProblem
from graph_olap_server.domain.indexes import index_problems
from graph_olap_server.domain.names import edge_type_problem, element_name_problem

__all__ = ["ON_BAD_ROWS", "Definitions", "bad_rows_fail", "check_definitions", "declared_columns", "iter_definitions"]

ON_BAD_ROWS = ("strict", "report", "skip")
"""What the export does with rows that cannot become nodes or edges."""

_MAX_NODES = 200
_MAX_EDGES = 500
_MAX_PROPERTIES = 100
_MANY_PROPERTIES = 50
_MAX_SQL = 100_000


@dataclass(slots=True)
class Definitions:
    """Definitions with normalised types, the problems found and warnings.

    Where ``problems`` is not empty, the definitions must not be used.
    """

    nodes: list[NodeDefinition]
    edges: list[EdgeDefinition]
    problems: list[FieldProblem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check_definitions(nodes: Sequence[NodeDefinition], edges: Sequence[EdgeDefinition]) -> Definitions:
    """Check all rules that need no SQL parser and no warehouse; normalise type names."""
    found = Definitions([node.model_copy(deep=True) for node in nodes], [edge.model_copy(deep=True) for edge in edges])
    if not 1 <= len(nodes) <= _MAX_NODES:
        found.problems.append(("node_definitions", f"needs 1 to {_MAX_NODES} node definitions, has {len(nodes)}"))
    if len(edges) > _MAX_EDGES:
        found.problems.append(("edge_definitions", f"takes at most {_MAX_EDGES} edge definitions, has {len(edges)}"))
    _check_unique(found, "node_definitions", "label", [node.label for node in nodes])
    _check_unique(found, "edge_definitions", "type", [edge.type for edge in edges])
    _check_names_apart(found)
    labels = [node.label for node in nodes]
    for index, node in enumerate(found.nodes):
        _check_node(found, f"node_definitions.{index}", node)
    for index, edge in enumerate(found.edges):
        _check_edge(found, f"edge_definitions.{index}", edge, labels)
    return found


def bad_rows_fail(on_bad_rows: str, kind: Literal["node", "edge"]) -> bool:
    """Tell whether bad rows of a node or edge definition make the snapshot fail."""
    return on_bad_rows == "strict" or (on_bad_rows == "report" and kind == "node")


def declared_columns(definition: NodeDefinition | EdgeDefinition) -> list[tuple[str, str]]:
    """Return the columns that the SQL must yield, each with the field path that declares it."""
    if isinstance(definition, NodeDefinition):
        keys = [(definition.primary_key.name, "primary_key.name")]
    else:
        keys = [(definition.from_key, "from_key"), (definition.to_key, "to_key")]
    return keys + [(item.name, f"properties.{index}.name") for index, item in enumerate(definition.properties)]


def iter_definitions(
    nodes: Sequence[NodeDefinition], edges: Sequence[EdgeDefinition]
) -> Iterator[tuple[str, str, NodeDefinition | EdgeDefinition]]:
    """Yield (kind, name, definition) of all definitions, nodes first, in mapping order."""
    for node in nodes:
        yield "node", node.label, node
    for edge in edges:
        yield "edge", edge.type, edge


def _check_node(found: Definitions, path: str, node: NodeDefinition) -> None:
    _check_name(found, f"{path}.label", element_name_problem(node.label))
    _check_sql_length(found, f"{path}.sql", node.sql)
    _check_name(found, f"{path}.primary_key.name", element_name_problem(node.primary_key.name))
    if _normalise_type(found, f"{path}.primary_key", node.primary_key) and node.primary_key.type not in KEY_TYPES:
        found.problems.append(
            (
                f"{path}.primary_key.type",
                f"unsupported primary key type {node.primary_key.type}; use one of {', '.join(KEY_TYPES)}",
            )
        )
    _check_properties(found, path, node.label, node.properties, [node.primary_key.name])
    found.problems += index_problems(path, node)


def _check_edge(found: Definitions, path: str, edge: EdgeDefinition, labels: Sequence[str]) -> None:
    _check_name(found, f"{path}.type", edge_type_problem(edge.type))
    _check_sql_length(found, f"{path}.sql", edge.sql)
    for end, name in (("from_node", edge.from_node), ("to_node", edge.to_node)):
        if name not in labels:
            known = ", ".join(labels) or "none"
            found.problems.append(
                (f"{path}.{end}", f"edge {edge.type} names the unknown label {name!r}; known: {known}")
            )
    for end, name in (("from_key", edge.from_key), ("to_key", edge.to_key)):
        _check_name(found, f"{path}.{end}", element_name_problem(name))
    if edge.from_key.lower() == edge.to_key.lower():
        found.problems.append((f"{path}.to_key", f"edge {edge.type} uses column {edge.to_key!r} for both ends"))
    _check_properties(found, path, edge.type, edge.properties, [edge.from_key, edge.to_key])


def _check_properties(
    found: Definitions, path: str, name: str, properties: Sequence[PropertyDefinition], keys: Sequence[str]
) -> None:
    if len(properties) > _MAX_PROPERTIES:
        found.problems.append(
            (f"{path}.properties", f"{name} has {len(properties)} properties; at most {_MAX_PROPERTIES} are allowed")
        )
    elif len(properties) > _MANY_PROPERTIES:
        found.warnings.append(f"{name} has {len(properties)} properties; more than {_MANY_PROPERTIES} slow the load.")
    taken = {key.lower() for key in keys}
    for index, item in enumerate(properties):
        where = f"{path}.properties.{index}"
        _check_name(found, f"{where}.name", element_name_problem(item.name))
        _normalise_type(found, where, item)
        if item.name.lower() in taken:
            found.problems.append((f"{where}.name", f"{name} has {item.name!r} twice; names must be unique"))
        taken.add(item.name.lower())


def _check_unique(found: Definitions, path: str, key: str, names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for index, name in enumerate(names):
        if name.lower() in seen:
            first = seen[name.lower()]
            found.problems.append((f"{path}.{index}.{key}", f"{name!r} is already used by {first!r}; case is ignored"))
        seen.setdefault(name.lower(), name)


def _check_names_apart(found: Definitions) -> None:
    """Reject an edge type that equals a label: an engine keeps both in one table of names."""
    labels = {node.label.lower(): node.label for node in found.nodes}
    for index, edge in enumerate(found.edges):
        if edge.type.lower() in labels:
            found.problems.append(
                (f"edge_definitions.{index}.type", f"{edge.type!r} is also the label {labels[edge.type.lower()]!r}")
            )


def _check_name(found: Definitions, path: str, problem: str | None) -> None:
    if problem is not None:
        found.problems.append((path, problem))


def _check_sql_length(found: Definitions, path: str, sql: str) -> None:
    if not sql.strip():
        found.problems.append((path, "the SQL must not be empty"))
    elif len(sql) > _MAX_SQL:
        found.problems.append((path, f"the SQL has {len(sql)} characters; at most {_MAX_SQL} are allowed"))


def _normalise_type(found: Definitions, path: str, item: PropertyDefinition) -> bool:
    try:
        item.type = str(parse_type(item.type))
    except ValueError as error:
        found.problems.append((f"{path}.type", str(error)))
        return False
    return True
