"""How the tables of a DuckDB schema hang together: declared constraints, and samples of the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graph_olap_server.warehouse.base import TableInfo
from graph_olap_server.warehouse.duckdb_export import quote
from graph_olap_server.warehouse.probe import ForeignKey, Inclusion, SchemaProbe, Uniqueness

__all__ = ["DuckDBProbe"]

_KEY_ROWS = 1_000_000
_SAMPLED_VALUES = 10_000

_CONSTRAINTS = (
    "SELECT table_name, constraint_type, constraint_column_names, referenced_table, referenced_column_names "
    "FROM duckdb_constraints() WHERE database_name = {catalog} AND schema_name = {schema} "
    "AND constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY') "
    "ORDER BY table_name, constraint_type = 'UNIQUE', constraint_index"
)


class DuckDBProbe(SchemaProbe):
    """Asks one connection; ``run`` executes a statement within the time limit and returns its rows."""

    def __init__(self, run: Callable[[str], list[Any]], catalog: str, schema: str, tables: Sequence[TableInfo]) -> None:
        self._run = run
        self._place = f"{quote(catalog)}.{quote(schema)}"
        self.tables = tables
        self.declared_keys: Mapping[str, Sequence[tuple[str, ...]]] = {}
        self.foreign_keys: Sequence[ForeignKey] = []
        keys: dict[str, list[tuple[str, ...]]] = {}
        references = []
        for table, kind, columns, other, other_columns in run(
            _CONSTRAINTS.format(catalog=_literal(catalog), schema=_literal(schema))
        ):
            if kind == "FOREIGN KEY":
                references.append(ForeignKey(table, tuple(columns), other, tuple(other_columns)))
            else:
                keys.setdefault(table, []).append(tuple(columns))
        self.declared_keys = keys
        self.foreign_keys = references

    def uniqueness(self, table: str, column: str) -> Uniqueness:
        """Count in the first million rows."""
        name = quote(column)
        ((rows, distinct, nulls),) = self._run(
            f"SELECT count(*), count(DISTINCT {name}), count(*) - count({name}) "
            f"FROM (SELECT {name} FROM {self._place}.{quote(table)} LIMIT {_KEY_ROWS})"
        )
        return Uniqueness(rows, distinct, nulls, rows < _KEY_ROWS)

    def inclusion(self, table: str, column: str, other: str, other_column: str) -> Inclusion:
        """Look up at most ten thousand different values of the first million rows, all of them in the other column."""
        name = quote(column)
        ((looked_at, found),) = self._run(
            f"WITH looked AS (SELECT DISTINCT {name} AS v FROM (SELECT {name} FROM {self._place}.{quote(table)} "
            f"LIMIT {_KEY_ROWS}) WHERE v IS NOT NULL LIMIT {_SAMPLED_VALUES}) "
            f"SELECT count(*), count(*) FILTER (WHERE v IN (SELECT {quote(other_column)} "
            f"FROM {self._place}.{quote(other)} WHERE {quote(other_column)} IS NOT NULL)) FROM looked"
        )
        return Inclusion(looked_at, found)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
