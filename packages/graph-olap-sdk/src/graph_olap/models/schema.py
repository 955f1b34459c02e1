"""Warehouse metadata, as ``client.schema`` returns it."""

from __future__ import annotations

from typing import Optional

from graph_olap.models.common import Timestamp, WireModel

__all__ = ["CacheStats", "Catalog", "Column", "Schema", "Table"]


class Catalog(WireModel):
    """A warehouse catalog."""

    catalog_name: str
    schema_count: int
    cached_at: Optional[Timestamp] = None


class Schema(WireModel):
    """A schema of a catalog."""

    catalog_name: str
    schema_name: str
    table_count: int
    cached_at: Optional[Timestamp] = None


class Table(WireModel):
    """A table or view; ``table_type`` is ``BASE TABLE``, ``VIEW``, ..."""

    catalog_name: str
    schema_name: str
    table_name: str
    table_type: str
    column_count: int
    cached_at: Optional[Timestamp] = None


class Column(WireModel):
    """A column with the warehouse's own type text; positions start at 1."""

    catalog_name: str
    schema_name: str
    table_name: str
    column_name: str
    data_type: str
    is_nullable: bool
    ordinal_position: int
    column_default: Optional[str] = None
    cached_at: Optional[Timestamp] = None


class CacheStats(WireModel):
    """Size and age of the metadata cache."""

    total_catalogs: int
    total_schemas: int
    total_tables: int
    total_columns: int
    last_refresh: Optional[Timestamp] = None
    index_size_bytes: int = 0
