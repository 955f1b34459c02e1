"""The warehouse port: browse metadata, check SQL, export SQL as Arrow batches.

An adapter is stateless between calls and safe to use from several threads: every call opens what it needs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from graph_olap_server.warehouse.probe import SchemaProbe

__all__ = [
    "BadRows",
    "CatalogInfo",
    "ColumnInfo",
    "Misfit",
    "Profile",
    "ProfileTarget",
    "QueryColumn",
    "RowStream",
    "SourceColumn",
    "TableInfo",
    "Warehouse",
    "WarehouseError",
    "WarehouseTimeoutError",
]


class WarehouseError(Exception):
    """The warehouse refused or failed; the message is fit for an analyst.

    ``retryable`` is true for lost connections and overload, false for wrong SQL, missing columns, values that do not
    fit. ``column`` names the declared column at fault where one is known.
    """

    def __init__(self, message: str, *, retryable: bool = False, column: str | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.column = column


class WarehouseTimeoutError(WarehouseError):
    """A query took longer than it was given."""


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column of a table; ``position`` starts at 1, ``data_type`` is the warehouse's own text."""

    name: str
    data_type: str
    nullable: bool
    position: int
    default: str | None = None


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table or view with its columns; ``table_type`` is ``BASE TABLE`` or ``VIEW``."""

    schema: str
    name: str
    table_type: str
    columns: tuple[ColumnInfo, ...]


@dataclass(frozen=True, slots=True)
class CatalogInfo:
    """A catalog, its schemas (also empty ones) and their tables."""

    name: str
    schemas: tuple[str, ...]
    tables: tuple[TableInfo, ...]


@dataclass(frozen=True, slots=True)
class QueryColumn:
    """A column that a query yields, found by a zero-row run."""

    name: str
    data_type: str


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column that an export must yield: name as declared, type as in the contract (``INT64``, ``LIST<STRING>``)."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class ProfileTarget:
    """A definition to profile: its query and its columns, the key columns first.

    A node has one key column and no ``ends``. An edge has two; ``ends`` names the nodes whose keys they refer to.
    """

    name: str
    sql: str
    columns: tuple[SourceColumn, ...]
    ends: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class BadRows:
    """Rows that cannot become nodes or edges, as in a load report."""

    reason: str
    rows: int
    column: str | None
    sample_keys: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Misfit:
    """Values of one column that do not fit the declared type, and the first of them as text."""

    column: str
    type: str
    rows: int
    sample: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What aggregate queries tell about one definition."""

    name: str
    rows: int
    bad: tuple[BadRows, ...]
    misfits: tuple[Misfit, ...]


class RowStream(ABC):
    """Rows of an export: a schema known before the first batch, then batches of bounded size."""

    @property
    @abstractmethod
    def schema(self) -> pa.Schema:
        """Columns in the declared order, under their declared names, in their snapshot types."""

    @abstractmethod
    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches; raises ``WarehouseError`` where a value does not fit its declared type."""

    @abstractmethod
    def cancel(self) -> None:
        """End a query that runs at this moment, from another thread: the iteration raises a ``WarehouseError``.

        To be called again when the iteration goes on: between two steps there may be nothing to end.
        """


class Warehouse(ABC):
    """Where the analysts' tables are."""

    dialect: str
    """sqlglot's name of the SQL dialect."""

    @abstractmethod
    def catalogs(self) -> Sequence[CatalogInfo]:
        """Return all metadata that the account may see, sorted by name."""

    @abstractmethod
    def describe(self, sql: str) -> Sequence[QueryColumn]:
        """Return the columns of a query without running it.

        Raises:
            WarehouseError: The SQL is wrong, a table or column is missing, or the warehouse cannot be reached.
        """

    @abstractmethod
    def export(self, sql: str, columns: Sequence[SourceColumn]) -> AbstractContextManager[RowStream]:
        """Run a query and stream the declared columns, bound by name without regard to case, cast to their types.

        Leaving the context cancels a query that still runs.

        Raises:
            WarehouseError: As :meth:`describe`, or a declared column is not among the query's columns.
        """

    @abstractmethod
    def profile(self, targets: Sequence[ProfileTarget], seconds: float) -> Sequence[Profile]:
        """Count rows, bad keys, missing ends and values that do not fit, all inside the warehouse.

        Args:
            targets: Nodes before the edges that refer to them.
            seconds: What all queries together may take.

        Raises:
            WarehouseTimeoutError: They took longer and were cancelled.
            WarehouseError: As :meth:`export`.
        """

    def probe(self, catalog: str, schema: str, seconds: float) -> AbstractContextManager[SchemaProbe]:
        """Look at how the tables of a schema hang together; an adapter that cannot says so.

        Args:
            catalog: Its catalog, spelled as :meth:`catalogs` does.
            schema: The schema, spelled as :meth:`catalogs` does.
            seconds: What all questions together may take.

        Raises:
            WarehouseError: The warehouse cannot do it or cannot be reached.
        """
        raise WarehouseError(
            f"A mapping cannot be proposed from this kind of warehouse ({self.dialect}): it offers no look at keys and "
            "samples. Browse it with client.schema and write the definitions."
        )

    @abstractmethod
    def check(self) -> None:
        """Touch the warehouse.

        Raises:
            WarehouseError: It cannot be reached.
        """

    @abstractmethod
    def close(self) -> None:
        """Release what the adapter holds; may be called twice."""
