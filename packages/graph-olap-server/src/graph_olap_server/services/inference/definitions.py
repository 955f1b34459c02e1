"""From keys and references to node and edge definitions, each with its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graph_olap.models import EdgeDefinition, NodeDefinition
from graph_olap.models.inference import Evidence, LeftOut
from graph_olap.models.mapping import PrimaryKey, PropertyDefinition

from graph_olap_server.services.inference.keys import Key, column_family, key_type
from graph_olap_server.services.inference.names import (
    Names,
    column_name,
    label_of,
    quoted,
    reference_stem,
    singular,
)
from graph_olap_server.services.inference.references import Reference
from graph_olap_server.warehouse.base import ColumnInfo, TableInfo
from graph_olap_server.warehouse.types import natural_type

__all__ = ["Drafted", "draft"]

_MOST_PROPERTIES = 100
_MOST_EDGES = 500
_SEPARATOR = "|"


@dataclass(slots=True)
class Drafted:
    """What became of the tables."""

    nodes: list[NodeDefinition] = field(default_factory=list)
    edges: list[EdgeDefinition] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def draft(
    place: Sequence[str],
    dialect: str,
    tables: Sequence[TableInfo],
    keys: Mapping[str, Key],
    references: Mapping[str, Sequence[Reference]],
) -> Drafted:
    """Write definitions: tables with a key are nodes, their references edges, tables that only join are edges alone.

    Args:
        place: Catalog and schema, for the SQL.
        dialect: sqlglot's name of the SQL dialect.
        tables: The tables.
        keys: Their keys.
        references: What their columns refer to.
    """
    return _Draft(place, dialect, tables, keys, references).write()


@dataclass(slots=True)
class _Columns:
    """The select list of one definition: expressions and the names they get, each name once."""

    dialect: str
    names: Names = field(default_factory=Names)
    parts: list[str] = field(default_factory=list)

    def add(self, columns: Sequence[str], wish: str) -> str:
        """Add a key of one column or several, which become one text, and return its name."""
        name = self.names.take(wish, f"{wish}_ref")
        spelled = [quoted(column, self.dialect) for column in columns]
        if len(columns) == 1:
            alias = "" if name == columns[0] else f" AS {quoted(name, self.dialect)}"
            self.parts.append(f"{spelled[0]}{alias}")
        else:
            # A null in any part makes a null key, which concat_ws would hide.
            texts = f" || '{_SEPARATOR}' || ".join(f"CAST({column} AS VARCHAR)" for column in spelled)
            self.parts.append(f"{texts} AS {quoted(name, self.dialect)}")
        return name

    def select(self, source: str) -> str:
        return f"SELECT {', '.join(self.parts)} FROM {source}"


class _Draft:
    def __init__(
        self,
        place: Sequence[str],
        dialect: str,
        tables: Sequence[TableInfo],
        keys: Mapping[str, Key],
        references: Mapping[str, Sequence[Reference]],
    ) -> None:
        self._place = place
        self._dialect = dialect
        self._keys = keys
        self._references = references
        self._referred = {ref.other for found in references.values() for ref in found}
        self._joins = [table for table in tables if self._only_joins(table)]
        joining = {table.name for table in self._joins}
        self._entities = [table for table in tables if table.name in keys and table.name not in joining]
        self._rest = [table for table in tables if table.name not in keys and table.name not in joining]
        names = Names()
        self._labels = {table.name: names.take(label_of(table.name)) for table in self._entities}
        self._types = Names(self._labels.values())
        self._done = Drafted()

    def write(self) -> Drafted:
        for table in self._entities:
            self._add_node(table)
        for table in self._joins:
            self._add_join(table)
        for table in self._entities:
            for reference in self._references.get(table.name, ()):
                self._add_reference(table, reference)
        for table in self._rest:
            self._leave_out(table.name, None, _why_no_definition(len(self._references.get(table.name, ()))))
        return self._done

    def _only_joins(self, table: TableInfo) -> bool:
        references = self._references.get(table.name, ())
        if len(references) < 2 or table.name in self._referred:
            return False
        key = self._keys.get(table.name)
        covered = {column for reference in references for column in reference.columns}
        if key is None or ((len(key.columns) > 1 or not key.is_sure) and set(key.columns) <= covered):
            return True
        # Numbers that happen to differ in each row are an amount of the relationship, not the name of a thing.
        return not key.is_sure and column_family(_column(table, key.columns[0])) == "integer"

    def _add_node(self, table: TableInfo) -> None:
        key, label = self._keys[table.name], self._labels[table.name]
        columns = _Columns(self._dialect)
        name = columns.add(key.columns, self._key_name(table))
        own = key.columns[0] if len(key.columns) == 1 else None
        properties = self._properties(table, columns, {own} if own else set())
        self._done.nodes.append(
            NodeDefinition(
                label=label,
                sql=columns.select(self._source(table)),
                primary_key=PrimaryKey(name=name, type=self._key_type(table)),
                properties=properties,
            )
        )
        self._done.evidence.append(
            Evidence(
                definition=label,
                kind="key",
                table=table.name,
                columns=list(key.columns),
                basis=list(key.basis),
                looked_at=key.rows,
            )
        )

    def _add_join(self, table: TableInfo) -> None:
        references = self._references[table.name]
        start, end = _ends(references)
        columns = _Columns(self._dialect)
        from_key = columns.add(start.columns, column_name("_".join(start.columns)))
        to_key = columns.add(end.columns, column_name("_".join(end.columns)))
        properties = self._properties(table, columns, {*start.columns, *end.columns})
        kind = self._types.take(_type_name(reference_stem(table.name)), _type_name(f"{reference_stem(table.name)}_OF"))
        sql = columns.select(self._source(table))
        self._add_edge(kind, start.other, (start, end), sql, from_key, to_key, properties)
        for reference in references:
            if reference not in (start, end):
                self._leave_out(
                    table.name,
                    reference.columns[0],
                    f"refers to {reference.other}, but an edge has two ends; it stays a property of {kind}",
                )

    def _add_reference(self, table: TableInfo, reference: Reference) -> None:
        columns = _Columns(self._dialect)
        from_key = columns.add(self._keys[table.name].columns, self._key_name(table))
        to_key = columns.add(reference.columns, column_name("_".join(reference.columns)))
        source = self._source(table)
        present = " AND ".join(f"{quoted(column, self._dialect)} IS NOT NULL" for column in reference.columns)
        stem = reference_stem(reference.columns[0] if len(reference.columns) == 1 else singular(reference.other))
        kind = self._types.take(_type_name(f"HAS_{stem}"), _type_name(f"{reference_stem(table.name)}_HAS_{stem}"))
        sql = f"{columns.select(source)} WHERE {present}"
        self._add_edge(kind, table.name, (reference,), sql, from_key, to_key, [])

    def _add_edge(
        self,
        kind: str,
        start: str,
        references: Sequence[Reference],
        sql: str,
        from_key: str,
        to_key: str,
        properties: list[PropertyDefinition],
    ) -> None:
        end = references[-1]
        if len(self._done.edges) >= _MOST_EDGES:
            self._leave_out(end.table, end.columns[0], f"a mapping has at most {_MOST_EDGES} relationship types")
            return
        self._done.edges.append(
            EdgeDefinition(
                type=kind,
                from_node=self._labels[start],
                to_node=self._labels[end.other],
                sql=sql,
                from_key=from_key,
                to_key=to_key,
                properties=properties,
            )
        )
        self._done.evidence += [_evidence(kind, reference) for reference in references]

    def _properties(self, table: TableInfo, columns: _Columns, used: set[str]) -> list[PropertyDefinition]:
        properties: list[PropertyDefinition] = []
        for column in table.columns:
            if column.name in used:
                continue
            if len(properties) == _MOST_PROPERTIES:
                self._leave_out(table.name, column.name, f"a definition has at most {_MOST_PROPERTIES} properties")
                continue
            try:
                kind = str(natural_type(column.data_type))
            except ValueError:
                self._leave_out(table.name, column.name, f"{column.data_type} has fields whose names no graph type has")
                continue
            name = columns.add((column.name,), column_name(column.name))
            properties.append(PropertyDefinition(name=name, type=kind))
        return properties

    def _key_name(self, table: TableInfo) -> str:
        key = self._keys[table.name]
        return column_name(key.columns[0] if len(key.columns) == 1 else f"{singular(table.name)}_key")

    def _key_type(self, table: TableInfo) -> str:
        key = self._keys[table.name]
        return key_type(_column(table, key.columns[0]).data_type) if len(key.columns) == 1 else "STRING"

    def _source(self, table: TableInfo) -> str:
        return ".".join(quoted(name, self._dialect) for name in (*self._place, table.name))

    def _leave_out(self, table: str, column: str | None, reason: str) -> None:
        self._done.left_out.append(LeftOut(table=table, column=column, reason=reason))


def _ends(references: Sequence[Reference]) -> tuple[Reference, Reference]:
    """Choose two references: two to the same table (a flight's origin and destination), else the first two."""
    for index, first in enumerate(references):
        for second in references[index + 1 :]:
            if first.other == second.other:
                return first, second
    return references[0], references[1]


def _evidence(kind: str, reference: Reference) -> Evidence:
    return Evidence(
        definition=kind,
        kind="reference",
        table=reference.table,
        columns=list(reference.columns),
        refers_to=reference.other,
        refers_to_columns=list(reference.other_columns),
        basis=list(reference.basis),
        looked_at=reference.looked_at,
        overlap=reference.overlap,
        also_fits=list(reference.also_fits),
    )


def _type_name(text: str) -> str:
    name = text if text[:1].isalpha() else f"R_{text}"
    return name[:60] if len(name) > 60 else name


def _column(table: TableInfo, name: str) -> ColumnInfo:
    return next(column for column in table.columns if column.name == name)


def _why_no_definition(references: int) -> str:
    if references == 1:
        return "no column identifies its rows and it refers to one table only, so it is neither nodes nor edges"
    return "no column identifies its rows and it refers to no other table"
