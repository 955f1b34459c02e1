"""Streaming a bound DuckDB query as Arrow, in the declared columns and types."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
from graph_olap.models.types import PropertyType, parse_type

from graph_olap_server.warehouse.base import RowStream, SourceColumn, WarehouseError
from graph_olap_server.warehouse.duckdb_errors import to_warehouse_error
from graph_olap_server.warehouse.types import (
    arrow_field,
    cast_expression,
    duckdb_type,
    incompatibility,
    misfit_predicate,
    resolve,
)

__all__ = ["BATCH_ROWS", "BoundColumn", "DuckDBRowStream", "bind_column", "export_relation", "quote"]

BATCH_ROWS = 65_536
"""Rows of a batch at most."""

_MISFIT = "graph_olap_misfit"


def export_relation(
    relation: duckdb.DuckDBPyRelation, columns: Sequence[SourceColumn], interrupt: Callable[[], None]
) -> DuckDBRowStream:
    """Bind declared columns to a query's columns; ``interrupt`` ends what its connection does.

    Raises:
        WarehouseError: A declared column is missing, ambiguous or of a type that can never be read as declared.
    """
    return DuckDBRowStream(relation, [bind_column(relation, column) for column in columns], interrupt)


@dataclass(frozen=True, slots=True)
class BoundColumn:
    """A declared column and the column of the query that it is read from."""

    name: str
    source: str
    source_type: str
    declared: PropertyType

    @property
    def misfit(self) -> str | None:
        """SQL that is true for a value which a cast would change, or ``None``."""
        return misfit_predicate(quote(self.source), self.source_type, self.declared)

    @property
    def select(self) -> str:
        """SQL of the value as it travels; it fails for a value that does not fit."""
        value = cast_expression(quote(self.source), self.declared)
        if self.misfit is not None:
            value = f"CASE WHEN {self.misfit} THEN error('{_MISFIT}') ELSE {value} END"
        return f"{value} AS {quote(self.name)}"

    @property
    def bad(self) -> str:
        """SQL that is true for a value which does not fit."""
        source = quote(self.source)
        test = f"({source} IS NOT NULL AND TRY_CAST({source} AS {duckdb_type(self.declared)}) IS NULL)"
        return test if self.misfit is None else f"({test} OR {self.misfit})"


class DuckDBRowStream(RowStream):
    """Rows of one export; iterate once."""

    def __init__(
        self, relation: duckdb.DuckDBPyRelation, columns: Sequence[BoundColumn], interrupt: Callable[[], None]
    ) -> None:
        self._relation = relation
        self._columns = columns
        self._interrupt = interrupt
        self._schema = pa.schema([arrow_field(column.name, column.declared) for column in columns])
        self._reader: pa.RecordBatchReader | None = None

    @property
    def schema(self) -> pa.Schema:
        """The declared columns in their travel types."""
        return self._schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Run the query and yield its batches."""
        try:
            query = self._relation.project(", ".join(column.select for column in self._columns))
            self._reader = query.to_arrow_reader(BATCH_ROWS)
            for batch in self._reader:
                yield self._conform(batch)
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            raise self._explain(error) from error

    def cancel(self) -> None:
        """Interrupt the query, also before its first batch."""
        self._interrupt()

    def close(self) -> None:
        """Free the query's result."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _conform(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Give nested fields and time zones the names of our schema; DuckDB has its own for them."""
        columns = [
            column if column.type == field.type else column.cast(field.type)
            for column, field in zip(batch.columns, self._schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self._schema)

    def _explain(self, error: Exception) -> WarehouseError:
        """Find the column, the number of rows and a sample behind a failed conversion; costs one more run."""
        if isinstance(error, duckdb.InterruptException) or "INTERRUPT" in str(error)[:40]:
            return to_warehouse_error(error)
        if not any(sign in str(error) for sign in ("Conversion Error", "Out of Range Error", _MISFIT)):
            return to_warehouse_error(error, own_text=False)
        aggregates = ", ".join(
            f"count(*) FILTER (WHERE {column.bad}), "
            f"min(CAST({quote(column.source)} AS VARCHAR)) FILTER (WHERE {column.bad})"
            for column in self._columns
        )
        try:
            row = self._relation.aggregate(aggregates).fetchall()[0]
        except duckdb.Error as failure:
            return to_warehouse_error(failure, own_text=False)  # the analyst's own SQL fails, not our cast
        for index, column in enumerate(self._columns):
            count, sample = row[2 * index], row[2 * index + 1]
            if count:
                return _misfit_error(column, count, sample)
        return to_warehouse_error(error, own_text=False)


def _misfit_error(column: BoundColumn, count: int, sample: str) -> WarehouseError:
    shown = sample if len(sample) <= 60 else sample[:60] + "..."
    have = "has a value that does" if count == 1 else f"has {count:,} values that do"
    return WarehouseError(
        f"Column {column.name} {have} not fit {column.declared}, for example {shown!r}. "
        "Fix the value in the SQL or declare another type.",
        column=column.name,
    )


def bind_column(relation: duckdb.DuckDBPyRelation, column: SourceColumn) -> BoundColumn:
    """Find the column of a query that a declared column is read from.

    Raises:
        WarehouseError: It is missing, ambiguous or of a type that can never be read as declared.
    """
    found = [index for index, name in enumerate(relation.columns) if name.lower() == column.name.lower()]
    if not found:
        names = relation.columns
        near = difflib.get_close_matches(column.name.lower(), [name.lower() for name in names], 1)
        hint = f" Did you mean {next(name for name in names if name.lower() == near[0])}?" if near else ""
        listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        raise WarehouseError(
            f"Column {column.name} is not among the columns of the query ({listed}).{hint}", column=column.name
        )
    if len(found) > 1:
        raise WarehouseError(
            f"Column {column.name} appears {len(found)} times in the query. Give each column its own name with AS.",
            column=column.name,
        )
    source_type = str(relation.types[found[0]])
    if (problem := incompatibility(source_type, column.type)) is not None:
        raise WarehouseError(
            f"Column {column.name}: {problem}. Cast it in the SQL or declare another type.", column=column.name
        )
    try:
        declared = resolve(parse_type(column.type), source_type)
    except ValueError as error:
        raise WarehouseError(f"Column {column.name}: {error}.", column=column.name) from error
    return BoundColumn(column.name, relation.columns[found[0]], source_type, declared)


def quote(name: str) -> str:
    """Spell a name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'
