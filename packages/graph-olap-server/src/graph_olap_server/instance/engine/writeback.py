"""Results of algorithms as properties: created and filled in the caller's transaction, joined by primary key.

Joining by key takes under a second for a million rows; joining by offset, which the engines cannot look up, minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from graph_olap.models import parse_type

from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.domain.names import result_property_problem
from graph_olap_server.instance.engine.base import EdgeWrite, NodeWrite
from graph_olap_server.instance.engine.catalog import TableEntry
from graph_olap_server.instance.engine.types import ddl_type, parse_engine_type, quote

__all__ = ["PreparedWrite", "check_writable", "drop_property", "write_property"]

_NODES_AT_ONCE = 1_000_000  # about a second each
_EDGES_AT_ONCE = 50_000
_CAST_KEYS = frozenset({"UUID"})


def check_writable(entry: TableEntry, name: str) -> None:
    """Refuse to overwrite what comes from the mapping, and a second spelling of a name.

    Raises:
        PlatformError: ``VALIDATION_FAILED``.
    """
    if (problem := result_property_problem(entry.name, name, entry.defined, entry.properties)) is not None:
        raise validation_failed([("result_property", problem)])


@dataclass(frozen=True, slots=True)
class PreparedWrite:
    """A write with the primary keys it joins on: of the nodes, or of both ends of the relationships."""

    entry: TableEntry
    write: NodeWrite | EdgeWrite
    keys: tuple[pa.Array, ...]
    ends: tuple[TableEntry, ...] = ()


def write_property(connection: Any, prepared: PreparedWrite, check: Callable[[], None]) -> None:
    """Write the values, a part at a time with ``check`` in between; runs inside the caller's transaction."""
    entry, write = prepared.entry, prepared.write
    _provide(connection, entry, write.name, write.type_name)
    columns = dict(zip(("s", "t"), prepared.keys, strict=False))
    written = pa.table({**columns, "v": write.values})
    if prepared.ends:
        start, end = prepared.ends
        pattern = f"{_node('a', start, 's')}-[x:{quote(entry.name)}]->{_node('b', end, 't')}"
    else:
        pattern = _node("x", entry, "s")
    size = _EDGES_AT_ONCE if prepared.ends else _NODES_AT_ONCE
    for first in range(0, len(written), size):
        part = written.slice(first, size)
        connection.execute(f"LOAD FROM $part MATCH {pattern} SET x.{quote(write.name)} = v", {"part": part})
        check()


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
