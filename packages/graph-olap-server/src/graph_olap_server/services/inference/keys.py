"""Which columns identify the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graph_olap.models import KEY_TYPES

from graph_olap_server.services.inference.names import name_score, singular
from graph_olap_server.warehouse.base import ColumnInfo, TableInfo
from graph_olap_server.warehouse.probe import SchemaProbe
from graph_olap_server.warehouse.types import natural_type

__all__ = ["Key", "column_family", "find_key", "key_type"]

_MOST_COLUMNS = 12
_INTEGERS = ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "INT128")


@dataclass(frozen=True, slots=True)
class Key:
    """Columns that identify a row; ``basis`` and ``rows`` are the evidence."""

    columns: tuple[str, ...]
    basis: tuple[str, ...]
    rows: int | None = None

    @property
    def is_sure(self) -> bool:
        """Whether more speaks for it than that its values happen to differ."""
        return self.basis != ("unique",)


def find_key(probe: SchemaProbe, table: TableInfo, tables: Sequence[TableInfo] = ()) -> Key | None:
    """Find the key of a table: the declared one, else the likeliest column whose values are all different.

    A column that is called like the key of another one of ``tables`` is looked at last: most likely it refers to it.
    A table without rows has no values to look at; there the column must be called ``id`` or the like.
    """
    declared = probe.declared_keys.get(table.name, ())
    if declared:
        return Key(declared[0], ("declared",))
    columns = sorted(
        (column for column in table.columns if column_family(column) is not None),
        key=lambda column: (
            _names_another(column.name, table, tables),
            -_likelihood(column.name, table.name),
            column.position,
        ),
    )
    for column in columns[:_MOST_COLUMNS]:
        likely = _likelihood(column.name, table.name) > 0
        found = probe.uniqueness(table.name, column.name)
        if found.rows == 0:
            return Key((column.name,), ("name",), 0) if likely else None
        if found.is_key and (likely or found.rows > 1):
            return Key((column.name,), ("unique", "name") if likely else ("unique",), found.rows)
    return None


def column_family(column: ColumnInfo) -> str | None:
    """Return what keys a column can be compared with: ``integer``, ``text`` or ``uuid``; ``None`` for no key at all."""
    try:
        kind = natural_type(column.data_type).name
    except ValueError:
        return None
    if kind in _INTEGERS:
        return "integer"
    if kind == "UUID":
        return "uuid"
    # Times and nested values travel as text, but nobody refers to them.
    is_text = column.data_type.upper().startswith(("VARCHAR", "CHAR", "TEXT", "STRING", "ENUM"))
    return "text" if kind == "STRING" and is_text else None


def key_type(data_type: str) -> str:
    """Return the contract type of a key column; text for what cannot be a key in its own type."""
    kind = str(natural_type(data_type))
    return kind if kind in KEY_TYPES else "STRING"


def _names_another(column: str, table: TableInfo, tables: Sequence[TableInfo]) -> bool:
    if name_score(column, table.name, "id") == 2:
        return False
    return any(other is not table and name_score(column, other.name, "id") == 2 for other in tables)


def _likelihood(column: str, table: str) -> int:
    name, one = column.lower().replace("_", ""), singular(table).lower().replace("_", "")
    if name in ("id", f"{one}id"):
        return 3
    if name in ("key", "code", "uuid", "guid", f"{one}key", f"{one}code", f"{one}no", f"{one}uuid", one):
        return 2
    return 1 if name.endswith(("id", "key", "code", "uuid")) else 0
