"""Results of algorithms as node properties: created and filled in one transaction, joined by primary key.

Joining by key takes under a second for a million rows; joining by offset, which the engines cannot look up, minutes.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from graph_olap.models import parse_type

from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.instance.engine.catalog import TableEntry
from graph_olap_server.instance.engine.types import ddl_type, parse_engine_type, quote

__all__ = ["check_writable", "drop_property", "write_property"]

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
    wanted = ddl_type(parse_type(type_name))
    label, column = quote(entry.name), quote(name)
    existing = entry.properties.get(name)
    if existing is not None and existing != parse_engine_type(wanted):
        connection.execute(f"ALTER TABLE {label} DROP {column}")
        existing = None
    if existing is None:
        connection.execute(f"ALTER TABLE {label} ADD {column} {wanted}")
    if not len(keys):
        return
    assert entry.primary_key is not None
    key_type = entry.properties[entry.primary_key].name
    key = f"CAST(k AS {key_type})" if key_type in _CAST_KEYS else "k"
    written = pa.table({"k": keys, "v": values})
    connection.execute(
        f"LOAD FROM $written MATCH (n:{label} {{{quote(entry.primary_key)}: {key}}}) SET n.{column} = v",
        {"written": written},
    )


def drop_property(connection: Any, entry: TableEntry, name: str) -> None:
    """Remove a property; runs inside the caller's transaction."""
    connection.execute(f"ALTER TABLE {quote(entry.name)} DROP {quote(name)}")
