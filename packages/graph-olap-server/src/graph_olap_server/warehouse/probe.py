"""The part of the warehouse port that finds out how tables hang together, without keeping anything."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graph_olap_server.warehouse.base import TableInfo

__all__ = ["ForeignKey", "Inclusion", "SchemaProbe", "Uniqueness"]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A declared reference: ``columns`` of ``table`` hold values of ``other_columns`` of ``other``."""

    table: str
    columns: tuple[str, ...]
    other: str
    other_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Uniqueness:
    """How far columns identify rows; ``complete`` tells whether all rows were looked at."""

    rows: int
    distinct: int
    nulls: int
    complete: bool

    @property
    def is_key(self) -> bool:
        """Whether each row looked at has a value of its own."""
        return self.rows > 0 and self.nulls == 0 and self.distinct == self.rows


@dataclass(frozen=True, slots=True)
class Inclusion:
    """How many of a column's different values were looked at, and how many of them another column holds too."""

    looked_at: int
    found: int

    @property
    def share(self) -> float:
        """Found values by values looked at, 0 when there were none."""
        return self.found / self.looked_at if self.looked_at else 0.0


class SchemaProbe(ABC):
    """One schema, looked at within a time limit.

    Attributes:
        tables: Its tables and views.
        declared_keys: By table, the primary key and then the other unique constraints.
        foreign_keys: The declared references within the schema.
    """

    tables: Sequence[TableInfo]
    declared_keys: Mapping[str, Sequence[tuple[str, ...]]]
    foreign_keys: Sequence[ForeignKey]

    @abstractmethod
    def uniqueness(self, table: str, column: str) -> Uniqueness:
        """Count the different values of a column, in a bounded number of rows.

        Raises:
            WarehouseTimeoutError: The time limit of the probe is over.
            WarehouseError: The table cannot be read.
        """

    @abstractmethod
    def inclusion(self, table: str, column: str, other: str, other_column: str) -> Inclusion:
        """Look up a sample of a column's different values in another column.

        Raises:
            WarehouseTimeoutError: The time limit of the probe is over.
            WarehouseError: A table cannot be read.
        """
