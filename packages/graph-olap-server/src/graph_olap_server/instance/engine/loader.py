"""Loading a snapshot: schema, one bulk COPY per file, and messages an analyst can act on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from graph_olap.models import PropertyDefinition, PropertyType, parse_type

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import LoadProgress
from graph_olap_server.instance.engine.catalog import definition_comment
from graph_olap_server.instance.engine.delicate import inspect_file, smallest_values
from graph_olap_server.instance.engine.indexes import build_indexes
from graph_olap_server.instance.engine.types import ddl_type, quote
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["load_snapshot"]

_MACROS = ("CREATE MACRO toString(value) AS CAST(value AS STRING)", "CREATE MACRO type(value) AS label(value)")
"""Functions of openCypher that the dialect lacks."""


def load_snapshot(
    connection: Any,
    folder: Path,
    manifest: SnapshotManifest,
    on_progress: Callable[[LoadProgress], None],
    *,
    can_index: bool = True,
) -> None:
    """Create the tables, load the files of a snapshot and build the indexes that its labels declare.

    Raises:
        PlatformError: A file does not fit its definition; the message names both.
    """
    tables = _tables(manifest)
    on_progress(LoadProgress("schema", "schema", done=False))
    for table in tables:
        table.create(connection)
    for macro in _MACROS:
        connection.execute(macro)
    on_progress(LoadProgress("schema", "schema", done=True))
    for table in tables:
        file = manifest.file_of(table.name)
        on_progress(LoadProgress(table.name, table.kind, done=False))
        if file.rows:
            table.fill(connection, folder / file.path)
        on_progress(LoadProgress(table.name, table.kind, done=True, rows=file.rows))
    build_indexes(connection, manifest, on_progress, can_index=can_index)
    connection.execute("CHECKPOINT")


class _Table:
    """One definition as a table of the engine."""

    def __init__(
        self, name: str, kind: str, ddl: str, keys: Sequence[str], stored: Sequence[PropertyDefinition]
    ) -> None:
        self.name = name
        self.kind = kind
        self._ddl = ddl
        self._keys = keys
        self._stored = stored
        self._types = {item.name: parse_type(item.type) for item in stored}

    def create(self, connection: Any) -> None:
        """Create the table and remember which properties the mapping defines."""
        comment = definition_comment(item.name for item in self._stored)
        try:
            connection.execute(self._ddl)
            connection.execute(f"COMMENT ON TABLE {quote(self.name)} IS '{comment}'")
        except RuntimeError as error:
            raise self._failure(_first_sentence(error)) from error

    def fill(self, connection: Any, path: Path) -> None:
        """Load a file."""
        text = str(path).replace("\\", "\\\\").replace("'", "\\'")
        source = f"'{text}'"
        if any(_needs_cast(kind) for kind in self._types.values()):
            values = [_cast(kind, quote(name), 0) for name, kind in self._types.items()]
            source = f"(LOAD FROM '{text}' RETURN {', '.join([*map(quote, self._keys), *values])})"
        self._check_smallest(path)
        self._check_maps(path)
        try:
            connection.execute(f"COPY {quote(self.name)} FROM {source}")
        except RuntimeError as error:
            raise self._failure(_first_sentence(error)) from error
        self._check_stored(connection, path)

    def _check_smallest(self, path: Path) -> None:
        """Refuse the one value of a type that Kuzu's compression turns into 0."""
        delicate = [name for name, kind in self._types.items() if _holds(kind, _SIGNED)]
        for name, value in smallest_values(path, delicate).items():
            if value in _smallest_of(self._types[name]):
                raise self._failure(f"{name} holds {value}, which the engine cannot store; use null or a wider type.")

    def _check_maps(self, path: Path) -> None:
        """Refuse nulls in maps whose parts are cast one by one: the engine would read 0, an empty text or list."""
        columns = [name for name, kind in self._types.items() if _loses_nulls(kind)]
        for name, found in inspect_file(path, columns).items():
            if found.null_items:
                message = f"{name} is a {self._types[name]} with a null value, which the engine would load as another"
                raise self._failure(f"{message}; leave such keys out of the map.")

    def _check_stored(self, connection: Any, path: Path) -> None:
        """Refuse values that Kuzu stores wrongly: some columns with NaN, and the digits of a timestamp after the sixth.

        NaN is lost, or takes the place of others, beside nulls and in a block of otherwise equal numbers. Relationships
        are stored twice, in two orders, of which a statement reads one; so equal numbers beside NaN are enough there.
        """
        columns = [name for name, kind in self._types.items() if _holds(kind, _DELICATE)]
        for name, found in inspect_file(path, columns).items():
            if found.fine_timestamps:
                raise self._failure(f"{name} has timestamps finer than microseconds, which the engine would cut off.")
            if not found.not_a_number:
                continue
            others = "nulls" if found.nulls else "equal numbers"
            if self._types[name].children:
                lost = found.nulls > 0 or found.all_equal
            else:
                lost = (self.kind == "edge" and found.all_equal) or (
                    self._stored_not_a_number(connection, name) != found.not_a_number
                )
            if lost:
                raise self._failure(f"{name} has NaN beside {others}, which the engine cannot hold; make NaN null.")

    def _stored_not_a_number(self, connection: Any, name: str) -> int:
        pattern = f"(x:{quote(self.name)})" if self.kind == "node" else f"()-[x:{quote(self.name)}]->()"
        text = f"MATCH {pattern} WHERE x.{quote(name)} <> x.{quote(name)} RETURN count(*)"
        count: int = connection.execute(text).get_all()[0][0]
        return count

    def _failure(self, reason: str) -> PlatformError:
        message = f"{self.name} could not be loaded: {reason} Correct its SQL or types and make a new snapshot."
        return PlatformError("RYUGRAPH_ERROR", message, {"kind": "engine", "definition": self.name}, status=500)


def _tables(manifest: SnapshotManifest) -> list[_Table]:
    tables = []
    for node in manifest.node_definitions:
        stored = [node.primary_key, *node.properties]
        key = quote(node.primary_key.name)
        ddl = f"CREATE NODE TABLE {quote(node.label)}({_columns(stored)}, PRIMARY KEY({key}))"
        tables.append(_Table(node.label, "node", ddl, [], stored))
    for edge in manifest.edge_definitions:
        ends = f"FROM {quote(edge.from_node)} TO {quote(edge.to_node)}"
        columns = f", {_columns(edge.properties)}" if edge.properties else ""
        ddl = f"CREATE REL TABLE {quote(edge.type)}({ends}{columns})"
        tables.append(_Table(edge.type, "edge", ddl, [edge.from_key, edge.to_key], edge.properties))
    return tables


def _columns(properties: Sequence[PropertyDefinition]) -> str:
    return ", ".join(f"{quote(item.name)} {ddl_type(parse_type(item.type))}" for item in properties)


# These travel as text (snapshots hold them so), which the engine casts by itself unless they are inside a container:
# there it fails on maps and crashes on lists of decimals, so the elements are cast one by one.
_TEXT_TYPES = frozenset({"UUID", "INT128", "DECIMAL", "INTERVAL", "TIMESTAMP_NS"})


def _needs_cast(kind: PropertyType) -> bool:
    return any(child.name in _TEXT_TYPES or _needs_cast(child) for child in kind.children)


def _loses_nulls(kind: PropertyType) -> bool:
    own = kind.name == "MAP" and _needs_cast(kind) and kind.children[1].name not in _TEXT_TYPES
    return own or any(map(_loses_nulls, kind.children))


def _cast(kind: PropertyType, value: str, depth: int) -> str:
    if not _needs_cast(kind):
        return f"CAST({value} AS {ddl_type(kind)})" if kind.name in _TEXT_TYPES else value
    if kind.name == "STRUCT":
        parts = zip(kind.fields, kind.children, strict=True)
        fields = ", ".join(f"{quote(name)}: {_cast(child, f'{value}.{quote(name)}', depth)}" for name, child in parts)
        return f"CASE WHEN {value} IS NULL THEN NULL ELSE {{{fields}}} END"
    if kind.name == "MAP":
        keys, items = kind.children
        # map_values turns null into an empty text, which none of these types is written as.
        element = f"e{depth}"
        source = f"CASE WHEN {element} = '' THEN NULL ELSE {element} END" if items.name in _TEXT_TYPES else element
        values = _each(items, f"map_values({value})", depth, source)
        return f"map({_each(keys, f'map_keys({value})', depth)}, {values})"
    elements = _each(kind.children[0], value, depth)
    return elements if kind.name == "LIST" else f"CAST({elements} AS {ddl_type(kind)})"


def _each(kind: PropertyType, values: str, depth: int, source: str | None = None) -> str:
    element = f"e{depth}"
    cast = _cast(kind, source or element, depth + 1)
    return values if cast == element else f"list_transform({values}, {element} -> {cast})"


_DELICATE = frozenset({"DOUBLE", "FLOAT", "TIMESTAMP_NS"})


_SIGNED = frozenset({"INT8", "INT16", "INT32", "INT64", "UUID"})


def _smallest_of(kind: PropertyType) -> set[str]:
    found = {_SMALLEST[kind.name]} if kind.name in _SMALLEST else set()
    return found.union(*(_smallest_of(child) for child in kind.children))


_SMALLEST = {
    **{f"INT{bits}": str(-(2 ** (bits - 1))) for bits in (8, 16, 32, 64)},
    "UUID": "00000000-0000-0000-0000-000000000000",
}


def _holds(kind: PropertyType, names: frozenset[str]) -> bool:
    return kind.name in names or any(_holds(child, names) for child in kind.children)


def _first_sentence(error: RuntimeError) -> str:
    text = str(error).partition(" exception: ")[2] or str(error)
    sentence = " ".join(text.splitlines()[0].split())
    return sentence if sentence.endswith(".") else f"{sentence}."
