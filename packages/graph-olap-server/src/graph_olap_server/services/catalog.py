"""Use cases of the schema catalog: the warehouse's metadata, kept in the database and swapped in one step."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from graph_olap.models import CacheStats, Catalog, Column, Table
from graph_olap.models.schema import Schema
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from graph_olap_server import faults
from graph_olap_server.domain.errors import not_found, unavailable
from graph_olap_server.services.context import Context
from graph_olap_server.store.events import SYSTEM
from graph_olap_server.store.tables import ColumnRow, SchemaRow, SettingRow, TableRow
from graph_olap_server.warehouse.base import CatalogInfo, WarehouseError

__all__ = [
    "get_stats",
    "list_catalogs",
    "list_columns",
    "list_schemas",
    "list_tables",
    "refresh_catalog",
    "search_columns",
    "search_tables",
]

_REFRESHED = "schema_cache"


def refresh_catalog(context: Context) -> int:
    """Read all metadata and replace the cache in one transaction; return the number of tables.

    Raises:
        PlatformError: ``SERVICE_UNAVAILABLE``; the old content stays.
    """
    try:
        catalogs = context.warehouse.catalogs()
    except WarehouseError as error:
        raise unavailable("warehouse", str(error)) from error
    now = context.clock()
    with context.database.write() as session:
        before = _table_names(session)
        for model in (ColumnRow, TableRow, SchemaRow):
            session.execute(delete(model))
        for catalog in catalogs:
            _store_catalog(session, catalog)
            faults.point("schema", "replacing")
        session.flush()
        context.metrics.count("schema_cache_stale_entries_deleted_total", len(before - _table_names(session)))
        tables = sum(len(catalog.tables) for catalog in catalogs)
        session.merge(SettingRow(key=_REFRESHED, value={"tables": tables}, updated_at=now, updated_by=SYSTEM))
    return tables


def list_catalogs(context: Context) -> list[Catalog]:
    """List catalogs by name."""
    with context.database.read() as session:
        cached = _cached_at(session)
        rows = session.execute(
            select(SchemaRow.catalog_name, func.count().filter(SchemaRow.schema_name != ""))
            .group_by(SchemaRow.catalog_name)
            .order_by(SchemaRow.catalog_name)
        )
        return [Catalog(catalog_name=name, schema_count=count, cached_at=cached) for name, count in rows]


def list_schemas(context: Context, catalog: str) -> list[Schema]:
    """List the schemas of a catalog by name."""
    with context.database.read() as session:
        cached = _cached_at(session)
        stored = _find_catalog(session, catalog)
        counted = session.execute(
            select(TableRow.schema_name, func.count())
            .where(TableRow.catalog_name == stored)
            .group_by(TableRow.schema_name)
        )
        tables: dict[str, int] = {row[0]: row[1] for row in counted}
        names = session.scalars(
            select(SchemaRow.schema_name)
            .where(SchemaRow.catalog_name == stored, SchemaRow.schema_name != "")
            .order_by(SchemaRow.schema_name)
        )
        return [
            Schema(catalog_name=stored, schema_name=name, table_count=tables.get(name, 0), cached_at=cached)
            for name in names
        ]


def list_tables(context: Context, catalog: str, schema: str) -> list[Table]:
    """List the tables and views of a schema by name."""
    with context.database.read() as session:
        cached = _cached_at(session)
        stored = _find_schema(session, catalog, schema)
        rows = session.scalars(
            select(TableRow)
            .where(TableRow.catalog_name == stored.catalog_name, TableRow.schema_name == stored.schema_name)
            .order_by(TableRow.table_name)
        )
        return [_table(row, cached) for row in rows]


def list_columns(context: Context, catalog: str, schema: str, table: str) -> list[Column]:
    """List the columns of a table by position."""
    with context.database.read() as session:
        cached = _cached_at(session)
        stored = _find_schema(session, catalog, schema)
        found = session.scalars(
            select(TableRow).where(
                TableRow.catalog_name == stored.catalog_name,
                TableRow.schema_name == stored.schema_name,
                TableRow.search_name == table.lower(),
            )
        ).first()
        if found is None:
            _missing("table", f"{stored.catalog_name}.{stored.schema_name}.{table}")
        rows = session.scalars(
            select(ColumnRow).where(ColumnRow.table_id == found.id).order_by(ColumnRow.ordinal_position)
        )
        return [_column(found, row, cached) for row in rows]


def search_tables(context: Context, prefix: str, limit: int) -> list[Table]:
    """Find tables by the start of their name, in any case."""
    with context.database.read() as session:
        cached = _cached_at(session)
        rows = session.scalars(
            select(TableRow)
            .where(TableRow.search_name.startswith(prefix.lower(), autoescape=True))
            .order_by(TableRow.table_name, TableRow.schema_name, TableRow.catalog_name)
            .limit(limit)
        )
        return [_table(row, cached) for row in rows]


def search_columns(context: Context, prefix: str, limit: int) -> list[Column]:
    """Find columns by the start of their name, in any case."""
    with context.database.read() as session:
        cached = _cached_at(session)
        rows = session.execute(
            select(TableRow, ColumnRow)
            .join(ColumnRow, ColumnRow.table_id == TableRow.id)
            .where(ColumnRow.search_name.startswith(prefix.lower(), autoescape=True))
            .order_by(ColumnRow.column_name, TableRow.table_name, TableRow.schema_name, TableRow.catalog_name)
            .limit(limit)
        )
        return [_column(table, column, cached) for table, column in rows]


def get_stats(context: Context) -> CacheStats:
    """Return size and age of the cache."""
    with context.database.read() as session:

        def count(statement: Any) -> int:
            return int(session.execute(statement).scalar_one())

        text_size = func.length(ColumnRow.column_name) + func.length(ColumnRow.data_type)
        return CacheStats(
            total_catalogs=count(select(func.count(func.distinct(SchemaRow.catalog_name)))),
            total_schemas=count(select(func.count()).select_from(SchemaRow).where(SchemaRow.schema_name != "")),
            total_tables=count(select(func.count()).select_from(TableRow)),
            total_columns=count(select(func.count()).select_from(ColumnRow)),
            last_refresh=_cached_at(session),
            index_size_bytes=count(select(func.coalesce(func.sum(text_size), 0))),
        )


def _store_catalog(session: Session, catalog: CatalogInfo) -> None:
    # A catalog without any schema is kept as one row with an empty name.
    for schema in catalog.schemas or ("",):
        session.add(SchemaRow(catalog_name=catalog.name, schema_name=schema))
    for table in catalog.tables:
        row = TableRow(
            catalog_name=catalog.name,
            schema_name=table.schema,
            table_name=table.name,
            table_type=table.table_type,
            column_count=len(table.columns),
            search_name=table.name.lower(),
        )
        session.add(row)
        session.flush()
        if table.columns:
            session.execute(
                insert(ColumnRow),
                [
                    {
                        "table_id": row.id,
                        "column_name": column.name,
                        "data_type": column.data_type,
                        "is_nullable": column.nullable,
                        "ordinal_position": column.position,
                        "column_default": column.default,
                        "search_name": column.name.lower(),
                    }
                    for column in table.columns
                ],
            )


def _table_names(session: Session) -> set[tuple[str, str, str]]:
    names = session.execute(select(TableRow.catalog_name, TableRow.schema_name, TableRow.table_name))
    return {(row[0], row[1], row[2]) for row in names}


def _cached_at(session: Session) -> datetime | None:
    row = session.get(SettingRow, _REFRESHED)
    return None if row is None else row.updated_at


def _find_catalog(session: Session, catalog: str) -> str:
    name = session.scalars(
        select(SchemaRow.catalog_name).where(func.lower(SchemaRow.catalog_name) == catalog.lower()).limit(1)
    ).first()
    if name is None:
        _missing("catalog", catalog)
    return name


def _find_schema(session: Session, catalog: str, schema: str) -> SchemaRow:
    stored = _find_catalog(session, catalog)
    row = session.scalars(
        select(SchemaRow).where(
            SchemaRow.catalog_name == stored,
            func.lower(SchemaRow.schema_name) == schema.lower(),
            SchemaRow.schema_name != "",
        )
    ).first()
    if row is None:
        _missing("schema", f"{stored}.{schema}")
    return row


def _missing(kind: str, name: str) -> NoReturn:
    raise not_found(
        kind, name, f"The warehouse has no {kind} {name}, or it is newer than the cached metadata; ask for a refresh."
    )


def _table(row: TableRow, cached: datetime | None) -> Table:
    return Table(
        catalog_name=row.catalog_name,
        schema_name=row.schema_name,
        table_name=row.table_name,
        table_type=row.table_type,
        column_count=row.column_count,
        cached_at=cached,
    )


def _column(table: TableRow, row: ColumnRow, cached: datetime | None) -> Column:
    return Column(
        catalog_name=table.catalog_name,
        schema_name=table.schema_name,
        table_name=table.table_name,
        column_name=row.column_name,
        data_type=row.data_type,
        is_nullable=row.is_nullable,
        ordinal_position=row.ordinal_position,
        column_default=row.column_default,
        cached_at=cached,
    )
