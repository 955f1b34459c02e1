"""The warehouse of a platform that has none: it starts, and says what to do where SQL is used."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from graph_olap_server.warehouse.base import (
    CatalogInfo,
    Profile,
    ProfileTarget,
    QueryColumn,
    RowStream,
    SourceColumn,
    Warehouse,
    WarehouseError,
)
from graph_olap_server.warehouse.probe import SchemaProbe

__all__ = ["NoWarehouse"]


class NoWarehouse(Warehouse):
    """No catalogs; every use of SQL is an error that names the setting."""

    dialect = "duckdb"

    def catalogs(self) -> Sequence[CatalogInfo]:
        """Return nothing."""
        return []

    def describe(self, sql: str) -> Sequence[QueryColumn]:
        """Refuse."""
        raise _no_warehouse()

    def export(self, sql: str, columns: Sequence[SourceColumn]) -> AbstractContextManager[RowStream]:
        """Refuse."""
        raise _no_warehouse()

    def profile(self, targets: Sequence[ProfileTarget], seconds: float) -> Sequence[Profile]:
        """Refuse."""
        raise _no_warehouse()

    def probe(self, catalog: str, schema: str, seconds: float) -> AbstractContextManager[SchemaProbe]:
        """Refuse."""
        raise _no_warehouse()

    def check(self) -> None:
        """Do nothing: to have no warehouse is no fault."""

    def close(self) -> None:
        """Do nothing."""


def _no_warehouse() -> WarehouseError:
    return WarehouseError(
        "This platform has no warehouse. Start it with --warehouse (or GRAPH_OLAP_WAREHOUSE), for example "
        "duckdb:///path/file.duckdb."
    )
