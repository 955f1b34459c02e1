"""What is in an open database: labels, relationship types, their properties and numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graph_olap.models import EdgeTable, GraphSchema, NodeTable

from graph_olap_server.instance.encoding.types import ValueType
from graph_olap_server.instance.engine.types import HIDDEN_PREFIX, parse_engine_type, property_type_name, quote

__all__ = ["Catalog", "TableEntry", "definition_comment", "hidden_columns", "read_catalog"]


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One label or relationship type.

    Attributes:
        number: Table number in the ids of its nodes or relationships.
        defined: Properties of the mapping; any other was written by an algorithm.
        ends: Labels of both ends of a relationship type.
    """

    name: str
    number: int
    properties: Mapping[str, ValueType]
    defined: frozenset[str]
    rows: int
    primary_key: str | None = None
    ends: tuple[str, str] | None = None


@dataclass(frozen=True)
class Catalog:
    """All tables of a database, labels first, in order of creation; what every query asks is worked out once."""

    nodes: Mapping[str, TableEntry] = field(default_factory=dict)
    edges: Mapping[str, TableEntry] = field(default_factory=dict)

    def table(self, name: str) -> TableEntry:
        """Return the entry of a label or relationship type."""
        return self.nodes[name] if name in self.nodes else self.edges[name]

    def ends(self) -> dict[str, tuple[str, str]]:
        """Return the labels of both ends of each relationship type."""
        return {entry.name: entry.ends for entry in self.edges.values() if entry.ends is not None}

    def conflicts(self, kind: str) -> Mapping[str, Mapping[str, ValueType]]:
        """Return the properties whose types differ between labels (``node``) or relationship types (``edge``)."""
        return self._conflicts[kind]

    def agreed(self, kind: str) -> Mapping[str, ValueType]:
        """Return the types of the other properties; there are none of any other kind."""
        return self._agreed.get(kind, {})

    def property_names(self, kind: str) -> Mapping[str, Sequence[str]]:
        """Return the names of the properties of each label or relationship type."""
        return self._property_names[kind]

    @cached_property
    def _types(self) -> dict[str, dict[str, dict[str, ValueType]]]:
        found: dict[str, dict[str, dict[str, ValueType]]] = {"node": {}, "edge": {}}
        for kind, entries in (("node", self.nodes), ("edge", self.edges)):
            for entry in entries.values():
                for name, value_type in entry.properties.items():
                    found[kind].setdefault(name, {})[entry.name] = value_type
        return found

    @cached_property
    def _conflicts(self) -> dict[str, dict[str, dict[str, ValueType]]]:
        return {
            kind: {name: types for name, types in found.items() if len(set(types.values())) > 1}
            for kind, found in self._types.items()
        }

    @cached_property
    def _agreed(self) -> dict[str, dict[str, ValueType]]:
        return {
            kind: {
                name: next(iter(types.values())) for name, types in found.items() if name not in self.conflicts(kind)
            }
            for kind, found in self._types.items()
        }

    @cached_property
    def _property_names(self) -> dict[str, dict[str, list[str]]]:
        return {
            kind: {entry.name: list(entry.properties) for entry in entries.values()}
            for kind, entries in (("node", self.nodes), ("edge", self.edges))
        }

    def schema(self) -> GraphSchema:
        """Return the catalog in the contract's shape."""
        nodes = [
            NodeTable(
                label=entry.name,
                primary_key=entry.primary_key or "",
                primary_key_type=property_type_name(entry.properties[entry.primary_key or ""]),
                properties=_type_names(entry),
                node_count=entry.rows,
            )
            for entry in self.nodes.values()
        ]
        edges = [
            EdgeTable(
                type=entry.name,
                from_node=(entry.ends or ("", ""))[0],
                to_node=(entry.ends or ("", ""))[1],
                properties=_type_names(entry),
                edge_count=entry.rows,
            )
            for entry in self.edges.values()
        ]
        return GraphSchema(
            node_tables=nodes,
            edge_tables=edges,
            total_nodes=sum(node.node_count for node in nodes),
            total_edges=sum(edge.edge_count for edge in edges),
        )


def definition_comment(properties: Iterable[str]) -> str:
    """Return the table comment that remembers which properties come from the mapping."""
    return json.dumps({"properties": list(properties)})


def read_catalog(connection: Any) -> Catalog:
    """Read the catalog through a connection."""
    nodes: dict[str, TableEntry] = {}
    edges: dict[str, TableEntry] = {}
    rows = connection.execute("CALL show_tables() RETURN id, name, type, comment").get_all()
    for number, name, kind, comment in sorted(rows):
        if kind == "NODE":
            nodes[name] = _node_entry(connection, number, name, comment)
        elif kind == "REL":
            edges[name] = _edge_entry(connection, number, name, comment)
    return Catalog(nodes, edges)


def hidden_columns(connection: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield tables with columns that are being filled, or were when a process ended, and these columns."""
    for name, kind in connection.execute("CALL show_tables() RETURN name, type").get_all():
        if kind not in ("NODE", "REL"):
            continue
        columns = [row["name"] for row in _all_columns(connection, name) if row["name"].startswith(HIDDEN_PREFIX)]
        if columns:
            yield name, columns


def _node_entry(connection: Any, number: int, name: str, comment: str) -> TableEntry:
    info = _table_info(connection, name)
    properties = {row["name"]: parse_engine_type(row["type"]) for row in info}
    key = next(row["name"] for row in info if row["primary key"])
    count = connection.execute(f"MATCH (n:{quote(name)}) RETURN count(*)").get_all()[0][0]
    return TableEntry(name, number, properties, _defined(comment, properties), count, primary_key=key)


def _edge_entry(connection: Any, number: int, name: str, comment: str) -> TableEntry:
    properties = {row["name"]: parse_engine_type(row["type"]) for row in _table_info(connection, name)}
    ends = connection.execute(
        f"CALL show_connection({_text(name)}) RETURN `source table name`, `destination table name`"
    ).get_all()[0]
    pattern = f"MATCH ()-[r:{quote(name)}]->()"
    count = connection.execute(f"{pattern} RETURN count(*)").get_all()[0][0]
    ids = connection.execute(f"{pattern} RETURN id(r) LIMIT 1").get_all()
    # A type is listed under the number of its group; ids carry the number of the one table inside, made just before.
    inner = ids[0][0]["table"] if ids else number - 1
    return TableEntry(name, inner, properties, _defined(comment, properties), count, ends=(ends[0], ends[1]))


def _table_info(connection: Any, name: str) -> list[dict[str, Any]]:
    return [row for row in _all_columns(connection, name) if not row["name"].startswith(HIDDEN_PREFIX)]


def _all_columns(connection: Any, name: str) -> list[dict[str, Any]]:
    result = connection.execute(f"CALL table_info({_text(name)}) RETURN *")
    columns = result.get_column_names()
    return [dict(zip(columns, row, strict=True)) for row in result.get_all()]


def _defined(comment: str, properties: Iterable[str]) -> frozenset[str]:
    return frozenset(json.loads(comment)["properties"] if comment else properties)


def _text(name: str) -> str:
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _type_names(entry: TableEntry) -> dict[str, str]:
    return {name: property_type_name(value_type) for name, value_type in entry.properties.items()}
