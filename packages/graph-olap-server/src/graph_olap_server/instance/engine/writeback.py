"""Results of algorithms as properties: created and filled in one transaction, joined by primary key.

Joining by key takes under a second for a million rows; joining by offset, which the engines cannot look up, minutes.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from graph_olap.models import parse_type

from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.instance.engine.catalog import TableEntry
from graph_olap_server.instance.engine.types import ddl_type, parse_engine_type, quote

__all__ = ["check_writable", "drop_property", "write_edge_property", "write_property"]

_CAST_KEYS = frozenset({"UUID"})


def check_writable(entry: TableEntry, name: str) -> None:
    """Refuse to overwrite what comes from the mapping.

    Raises:
        PlatformError: ``VALIDATION_FAILED``.
    """
    if name in entry.defined:
        reason = f"{entry.name}.{name} comes from the mapping and cannot be overwritten; choose another name"
        raise validation_failed([("write_property", reason)])


def write_property(
    connection: Any, entry: TableEntry, name: str, type_name: str, keys: pa.Array, values: pa.Array
) -> None:
    """Write values to the nodes with these keys; runs inside the caller's transaction."""
    _provide(connection, entry, name, type_name)
    if not len(keys):
        return
    written = pa.table({"k": keys, "v": values})
    connection.execute(
        f"LOAD FROM $written MATCH {_node('n', entry, 'k')} SET n.{quote(name)} = v",
        {"written": written},
    )


def write_edge_property(
    connection: Any,
    entry: TableEntry,
    ends: tuple[TableEntry, TableEntry],
    name: str,
    type_name: str,
    keys: tuple[pa.Array, pa.Array],
    values: pa.Array,
) -> None:
    """Write values to all relationships between nodes with these keys; runs inside the caller's transaction."""
    _provide(connection, entry, name, type_name)
    if not len(values):
        return
    written = pa.table({"s": keys[0], "t": keys[1], "v": values})
    pattern = f"{_node('a', ends[0], 's')}-[r:{quote(entry.name)}]->{_node('b', ends[1], 't')}"
    connection.execute(f"LOAD FROM $written MATCH {pattern} SET r.{quote(name)} = v", {"written": written})


def drop_property(connection: Any, entry: TableEntry, name: str) -> None:
    """Remove a property; runs inside the caller's transaction."""
    connection.execute(f"ALTER TABLE {quote(entry.name)} DROP {quote(name)}")


def _provide(connection: Any, entry: TableEntry, name: str, type_name: str) -> None:
    """See to it that the property exists with this type."""
    wanted = ddl_type(parse_type(type_name))
    table, column = quote(entry.name), quote(name)
    existing = entry.properties.get(name)
    if existing is not None and existing != parse_engine_type(wanted):
        connection.execute(f"ALTER TABLE {table} DROP {column}")
        existing = None
    if existing is None:
        connection.execute(f"ALTER TABLE {table} ADD {column} {wanted}")


def _node(variable: str, entry: TableEntry, key: str) -> str:
    assert entry.primary_key is not None
    key_type = entry.properties[entry.primary_key].name
    value = f"CAST({key} AS {key_type})" if key_type in _CAST_KEYS else key
    return f"({variable}:{quote(entry.name)} {{{quote(entry.primary_key)}: {value}}})"
