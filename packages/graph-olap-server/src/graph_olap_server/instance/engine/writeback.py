"""Results of algorithms as properties: created and filled in the caller's transaction, joined by primary key.

Joining by key takes under a second for a million rows; joining by offset, which the engines cannot look up, minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from graph_olap.models import parse_type

from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.domain.names import result_property_problem
from graph_olap_server.instance.engine.base import EdgeWrite, NodeWrite
from graph_olap_server.instance.engine.catalog import TableEntry
from graph_olap_server.instance.engine.types import ddl_type, parse_engine_type, quote

__all__ = ["PreparedWrite", "check_writable", "drop_property", "write_all"]

_NODES_AT_ONCE = 1_000_000  # about a second each
_EDGES_AT_ONCE = 50_000
_UNTIL_WHOLE = "_internal_new_"
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


def write_all(connection: Any, prepared: Sequence[PreparedWrite], check: Callable[[], None]) -> None:
    """Write properties inside the caller's transaction, a part at a time with ``check`` in between.

    Values go to a column of their own, which takes the place of an older one at the end. When that is not reached the
    column is removed and the transaction is committed, which leaves the graph as it was. Kuzu 0.11.3 stands no rollback
    here: after that of a new column it crashes, and after that of new values it refuses the next ones (write-write
    conflict).
    """
    columns = [(each, _column_of(each)) for each in prepared]
    added: list[tuple[TableEntry, str]] = []
    try:
        for each, column in columns:
            connection.execute(f"ALTER TABLE {quote(each.entry.name)} ADD {quote(column)} {_ddl(each)}")
            added.append((each.entry, column))
            if _keeps_others(each):
                pattern = f"()-[x:{quote(each.entry.name)}]->()" if each.ends else f"(x:{quote(each.entry.name)})"
                connection.execute(f"MATCH {pattern} SET x.{quote(column)} = x.{quote(each.write.name)}")
            _set_values(connection, each, column, check)
    except BaseException:
        with suppress(RuntimeError):  # the engine ends a transaction by itself when a statement fails
            for entry, column in added:
                drop_property(connection, entry, column)
            connection.execute("COMMIT")
        raise
    for each, column in columns:
        if column != each.write.name:
            drop_property(connection, each.entry, each.write.name)
            table, name = quote(each.entry.name), quote(each.write.name)
            connection.execute(f"ALTER TABLE {table} RENAME {quote(column)} TO {name}")


def _set_values(connection: Any, prepared: PreparedWrite, column: str, check: Callable[[], None]) -> None:
    columns = dict(zip(("s", "t"), prepared.keys, strict=False))
    written = pa.table({**columns, "v": prepared.write.values})
    if prepared.ends:
        start, end = prepared.ends
        pattern = f"{_node('a', start, 's')}-[x:{quote(prepared.entry.name)}]->{_node('b', end, 't')}"
    else:
        pattern = _node("x", prepared.entry, "s")
    size = _EDGES_AT_ONCE if prepared.ends else _NODES_AT_ONCE
    for first in range(0, len(written), size):
        part = written.slice(first, size)
        connection.execute(f"LOAD FROM $part MATCH {pattern} SET x.{quote(column)} = v", {"part": part})
        check()


def _keeps_others(prepared: PreparedWrite) -> bool:
    """Whether some keep the value they have: it is of the same type, and not all are written."""
    existing = prepared.entry.properties.get(prepared.write.name)
    if existing is None or existing != parse_engine_type(_ddl(prepared)):
        return False
    return bool(prepared.ends) or len(prepared.write.values) < prepared.entry.rows


def _ddl(prepared: PreparedWrite) -> str:
    return ddl_type(parse_type(prepared.write.type_name))


def _column_of(prepared: PreparedWrite) -> str:
    """Return the column for the values: of the name itself, unless there is one."""
    name = prepared.write.name
    return f"{_UNTIL_WHOLE}{name}" if name in prepared.entry.properties else name


def drop_property(connection: Any, entry: TableEntry, name: str) -> None:
    """Remove a property; runs inside the caller's transaction."""
    connection.execute(f"ALTER TABLE {quote(entry.name)} DROP {quote(name)}")


def _node(variable: str, entry: TableEntry, key: str) -> str:
    assert entry.primary_key is not None
    key_type = entry.properties[entry.primary_key].name
    value = f"CAST({key} AS {key_type})" if key_type in _CAST_KEYS else key
    return f"({variable}:{quote(entry.name)} {{{quote(entry.primary_key)}: {value}}})"
