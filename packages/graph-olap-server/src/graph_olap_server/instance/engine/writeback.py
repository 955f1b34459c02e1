"""Results of algorithms as properties: filled in a hidden column that then takes the name, joined by primary key.

Joining by key takes under a second for a million rows; joining by offset, which the engines cannot look up, minutes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graph_olap.models import parse_type

from graph_olap_server import faults
from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.domain.names import result_property_problem
from graph_olap_server.instance.engine.base import EdgeWrite, NodeWrite
from graph_olap_server.instance.engine.catalog import TableEntry, hidden_columns
from graph_olap_server.instance.engine.types import HIDDEN_PREFIX, ddl_type, parse_engine_type, quote, text_literal

__all__ = ["PreparedWrite", "check_writable", "drop_property", "remove_unfinished", "write_all"]

_NODES_AT_ONCE = 1_000_000  # about a second each
_EDGES_AT_ONCE = 50_000  # half a second
_CAST_KEYS = frozenset({"UUID"})
_DEFAULTS = frozenset({"BOOL", "INT64", "DOUBLE"})
"""Types whose constants a new column holds in its metadata; those of others go to the file, which instances share."""


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
    """Write properties, a part at a time with ``check`` in between; they show up all at once at the end.

    Values go to hidden columns, which take the place of older ones in the transaction that filled them. What ends that
    transaction early, even a statement for which memory does not suffice, leaves the graph as it was, and the hidden
    columns are removed. These have a transaction of their own: after the rollback of a new column Kuzu 0.11.3 crashes.
    """
    added: list[tuple[TableEntry, str]] = []
    usual = [_usual_value(each) for each in prepared]
    try:
        for each, value in zip(prepared, usual, strict=True):
            default = "" if value is None else f" DEFAULT CAST({text_literal(str(value))} AS {_ddl(each)})"
            connection.execute(f"ALTER TABLE {quote(each.entry.name)} ADD {quote(_hidden(each))} {_ddl(each)}{default}")
            added.append((each.entry, _hidden(each)))
        connection.execute("BEGIN TRANSACTION")
        for each, value in zip(prepared, usual, strict=True):
            keeps = _keeps_others(each)
            if keeps:
                pattern = f"()-[x:{quote(each.entry.name)}]->()" if each.ends else f"(x:{quote(each.entry.name)})"
                connection.execute(f"MATCH {pattern} SET x.{quote(_hidden(each))} = x.{quote(each.write.name)}")
            _set_values(connection, each, check, _Given(value, nulls=keeps or value is not None))
        for each in prepared:
            if each.write.name in each.entry.properties:
                drop_property(connection, each.entry, each.write.name)
            table, name = quote(each.entry.name), quote(each.write.name)
            connection.execute(f"ALTER TABLE {table} RENAME {quote(_hidden(each))} TO {name}")
        faults.point("instance", "write_back")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(RuntimeError):  # the engine ends a transaction by itself when a statement fails
            connection.execute("ROLLBACK")
        for entry, column in added:
            drop_property(connection, entry, column)
        raise


def remove_unfinished(connection: Any) -> None:
    """Remove the hidden columns of writes during which the process ended."""
    for name, columns in hidden_columns(connection):
        for column in columns:
            connection.execute(f"ALTER TABLE {quote(name)} DROP {quote(column)}")


def _usual_value(prepared: PreparedWrite) -> Any:
    """Return the value that most relationships get: a new column is full of it at once, while setting takes 10 µs each.

    ``None`` where none is frequent, or where some relationships get no value.
    """
    write = prepared.write
    complete = isinstance(write, EdgeWrite) and write.relationships == prepared.entry.rows
    if not complete or _ddl(prepared) not in _DEFAULTS:
        return None
    counts = pc.value_counts(write.values.drop_null())
    if not len(counts):
        return None
    most = counts[pc.index(counts.field("counts"), pc.max(counts.field("counts"))).as_py()]
    value = most["values"].as_py()
    frequent = most["counts"].as_py() * 10 > len(write.values)
    return value if frequent and math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class _Given:
    """What the new column holds before values are set: ``value``, or what the old column had (``nulls`` matter)."""

    value: Any
    nulls: bool


def _set_values(connection: Any, prepared: PreparedWrite, check: Callable[[], None], given: _Given) -> None:
    columns = dict(zip(("s", "t"), prepared.keys, strict=False))
    written = pa.table({**columns, "v": prepared.write.values})
    starts = None
    if isinstance(prepared.write, EdgeWrite):
        starts = prepared.write.ends["_src"].to_numpy()
        order = np.argsort(starts, kind="stable")
        starts, written = starts[order], written.take(pa.array(order))
    if (wanted := _to_set(written["v"], given)) is not None:
        written = written.filter(wanted)
        starts = None if starts is None else starts[wanted.to_numpy()]
    column = quote(_hidden(prepared))
    size = _NODES_AT_ONCE if starts is None else _EDGES_AT_ONCE
    for first in range(0, len(written), size):
        part = written.slice(first, size)
        within = None if starts is None else (int(starts[first]), int(starts[first + len(part) - 1]))
        pattern = _pattern(prepared, within)
        connection.execute(f"LOAD FROM $part MATCH {pattern} SET x.{column} = v", {"part": part})
        check()


def _to_set(values: pa.ChunkedArray, given: _Given) -> pa.ChunkedArray | None:
    """Tell which values the column does not hold yet; ``None`` for all."""
    if given.value is not None:
        return pc.fill_null(pc.not_equal(values, pa.scalar(given.value, values.type)), True)
    return None if given.nulls or not values.null_count else values.is_valid()


def _pattern(prepared: PreparedWrite, within: tuple[int, int] | None) -> str:
    """Return what is matched; relationships only of nodes at these offsets: a part reads no others."""
    if within is None:
        return _node("x", prepared.entry, "s")
    start, end = prepared.ends
    pattern = f"{_node('a', start, 's')}-[x:{quote(prepared.entry.name)}]->{_node('b', end, 't')}"
    return f"{pattern} WHERE offset(id(a)) >= {within[0]} AND offset(id(a)) <= {within[1]}"


def _keeps_others(prepared: PreparedWrite) -> bool:
    """Whether some keep the value they have: it is of the same type, and not all are written."""
    existing = prepared.entry.properties.get(prepared.write.name)
    if existing is None or existing != parse_engine_type(_ddl(prepared)):
        return False
    write = prepared.write
    written = write.relationships if isinstance(write, EdgeWrite) else len(write.values)
    return written is None or written < prepared.entry.rows


def _ddl(prepared: PreparedWrite) -> str:
    return ddl_type(parse_type(prepared.write.type_name))


def _hidden(prepared: PreparedWrite) -> str:
    return f"{HIDDEN_PREFIX}{prepared.write.name}"


def drop_property(connection: Any, entry: TableEntry, name: str) -> None:
    """Remove a property, in the caller's transaction if there is one."""
    connection.execute(f"ALTER TABLE {quote(entry.name)} DROP {quote(name)}")


def _node(variable: str, entry: TableEntry, key: str) -> str:
    assert entry.primary_key is not None
    key_type = entry.properties[entry.primary_key].name
    value = f"CAST({key} AS {key_type})" if key_type in _CAST_KEYS else key
    return f"({variable}:{quote(entry.name)} {{{quote(entry.primary_key)}: {value}}})"
