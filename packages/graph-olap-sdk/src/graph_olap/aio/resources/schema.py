"""Warehouse metadata, for designing mappings."""

from __future__ import annotations

from typing import Any, Dict
from urllib.parse import quote

from graph_olap._page import ModelList
from graph_olap.aio.http import AsyncHTTPClient
from graph_olap.models import CacheStats, Catalog, Column, Table
from graph_olap.models.schema import Schema

__all__ = ["AsyncSchemaResource"]


class AsyncSchemaResource:
    """Browse and search the catalogs of the warehouse; the server answers from a cache.

    Example:
        >>> for table in await client.schema.list_tables("bank", "main"):
        ...     print(table.table_name, table.table_type)
        accounts BASE TABLE
        people BASE TABLE
        transfers BASE TABLE
        >>> for column in await client.schema.search_columns("bal", limit=50):
        ...     print(f"{column.table_name}.{column.column_name}: {column.data_type}")
        accounts.balance: DOUBLE
    """

    def __init__(self, http: AsyncHTTPClient) -> None:
        self._http = http

    async def list_catalogs(self) -> ModelList[Catalog]:
        """List the catalogs, sorted by name.

        Returns:
            The catalogs.

        Example:
            >>> [catalog.catalog_name for catalog in await client.schema.list_catalogs()]
            ['bank']
        """
        reply = await self._http.get("/api/schema/catalogs")
        return ModelList(Catalog.from_api_response(item) for item in reply["data"])

    async def list_schemas(self, catalog: str) -> ModelList[Schema]:
        """List the schemas of a catalog.

        Args:
            catalog: Name of the catalog.

        Returns:
            The schemas, sorted by name.

        Raises:
            NotFoundError: There is no such catalog.

        Example:
            >>> [(schema.schema_name, schema.table_count) for schema in await client.schema.list_schemas("bank")]
            [('main', 3)]
        """
        reply = await self._http.get(f"{_catalog(catalog)}/schemas")
        return ModelList(Schema.from_api_response(item) for item in reply["data"])

    async def list_tables(self, catalog: str, schema: str) -> ModelList[Table]:
        """List the tables and views of a schema.

        Args:
            catalog: Name of the catalog.
            schema: Name of the schema.

        Returns:
            Tables and views, sorted by name.

        Raises:
            NotFoundError: There is no such catalog or schema.

        Example:
            >>> [table.table_name for table in await client.schema.list_tables("bank", "main")]
            ['accounts', 'people', 'transfers']
        """
        reply = await self._http.get(f"{_catalog(catalog)}/schemas/{quote(schema, safe='')}/tables")
        return ModelList(Table.from_api_response(item) for item in reply["data"])

    async def list_columns(self, catalog: str, schema: str, table: str) -> ModelList[Column]:
        """List the columns of a table in their order.

        Args:
            catalog: Name of the catalog.
            schema: Name of the schema.
            table: Name of the table or view.

        Returns:
            The columns with their types.

        Raises:
            NotFoundError: There is no such table.

        Example:
            >>> [column.column_name for column in await client.schema.list_columns("bank", "main", "people")]
            ['id', 'name']
        """
        path = f"{_catalog(catalog)}/schemas/{quote(schema, safe='')}/tables/{quote(table, safe='')}/columns"
        return ModelList(Column.from_api_response(item) for item in (await self._http.get(path))["data"])

    async def search_tables(self, pattern: str, limit: int = 100) -> ModelList[Table]:
        """Find tables whose name begins with a text, in any case.

        Args:
            pattern: For example ``customer``, which finds ``customers`` and ``customer_orders``.
            limit: Largest number of results, at most 1000.

        Returns:
            The tables found.

        Example:
            >>> [table.table_name for table in await client.schema.search_tables("trans")]
            ['transfers']
        """
        reply = await self._http.get("/api/schema/search/tables", {"q": pattern, "limit": limit})
        return ModelList(Table.from_api_response(item) for item in reply["data"])

    async def search_columns(self, pattern: str, limit: int = 100) -> ModelList[Column]:
        """Find columns whose name begins with a text, in any case.

        Args:
            pattern: For example ``email``, which finds ``email`` and ``email_address``.
            limit: Largest number of results, at most 1000.

        Returns:
            The columns found.

        Example:
            >>> [(column.table_name, column.column_name) for column in await client.schema.search_columns("city")]
            [('accounts', 'city')]
        """
        reply = await self._http.get("/api/schema/search/columns", {"q": pattern, "limit": limit})
        return ModelList(Column.from_api_response(item) for item in reply["data"])

    async def admin_refresh(self) -> Dict[str, Any]:
        """Start reading the warehouse's metadata anew.

        Returns:
            ``status``: the refresh has begun.

        Raises:
            ForbiddenError: You are no administrator.

        Example:
            >>> (await client.schema.admin_refresh())["status"]
            'refresh triggered'
        """
        result: Dict[str, Any] = (await self._http.post("/api/schema/admin/refresh"))["data"]
        return result

    async def get_stats(self) -> CacheStats:
        """Get size and age of the metadata cache.

        Returns:
            Numbers of catalogs, schemas, tables and columns, and when they were read.

        Raises:
            ForbiddenError: You are no administrator.

        Example:
            >>> (await client.schema.get_stats()).total_tables
            3
        """
        return CacheStats.from_api_response((await self._http.get("/api/schema/stats"))["data"])


def _catalog(name: str) -> str:
    return f"/api/schema/catalogs/{quote(name, safe='')}"
