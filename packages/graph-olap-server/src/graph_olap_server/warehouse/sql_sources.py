"""What analysts' SQL may read from: tables of the warehouse, and functions that make rows out of values.

Table functions are allowed by name, never forbidden by name: a database learns new ways to files, addresses, settings
and SQL in strings with every release.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import duckdb
from sqlglot import exp

__all__ = ["Refusal", "function_name", "refusal"]


class Refusal(NamedTuple):
    """Why a part of the query is refused, and where it stands in the query if known."""

    message: str
    position: int | None = None


_ROW_FUNCTIONS = frozenset(
    {
        "explode",
        "explode_outer",
        "flatten",
        "generate_date_array",
        "generate_series",
        "generate_subscripts",
        "generate_timestamp_array",
        "json_each",
        "json_table",
        "json_tree",
        "posexplode",
        "range",
        "repeat",
        "repeat_row",
        "sequence",
        "unnest",
    }
)

_FORBIDDEN_FUNCTIONS = frozenset(
    {
        "arrow_scan",
        "current_setting",
        "currval",
        "getenv",
        "getvariable",
        "glob",
        "json_execute_serialized_sql",
        "json_serialize_plan",
        "nextval",
        "pandas_scan",
        "parquet_bloom_probe",
        "parquet_file_metadata",
        "parquet_kv_metadata",
        "parquet_metadata",
        "parquet_schema",
        "pg_sleep",
        "python_map_function",
        "query",
        "query_table",
        "sleep_ms",
        "sniff_csv",
        "which_secret",
        "write_log",
    }
)
_FORBIDDEN_PREFIXES = (
    "read_",
    "st_read",
    "sqlite_",
    "postgres_",
    "mysql_",
    "iceberg_",
    "delta_",
    "http_",
    "pragma_",
    "duckdb_",
)
_FORBIDDEN_SUFFIXES = ("_scan", "_scan_dumb", "_query", "_attach", "_execute")
_FILE_SUFFIXES = (
    ".csv",
    ".tsv",
    ".parquet",
    ".pq",
    ".json",
    ".jsonl",
    ".ndjson",
    ".gz",
    ".zst",
    ".xlsx",
    ".arrow",
    ".db",
)
_SYSTEM_CATALOGS = frozenset({"system", "temp", "memory"})
_SYSTEM_SCHEMAS = frozenset({"pg_catalog"})
_DEFINITIONS = "views"  # of information_schema: their text tells where files lie


def refusal(node: exp.Table | exp.Func, query: str, dialect: str) -> Refusal | None:
    """Return why a table or a function call may not be part of a mapping, ``None`` when it may."""
    if isinstance(node, exp.Func):
        return _refused_function(function_name(node))
    if isinstance(node.this, exp.Func):
        return _refused_table_function(function_name(node.this), dialect)
    if isinstance(node.this, exp.Identifier) and not node.this.args.get("quoted") and node.name.lower() == "show":
        # A reserved word, so no table: FROM (SHOW x) reads like a table with an alias here and as a statement there.
        return Refusal("The SQL may only read; it contains SHOW.", node.this.meta.get("start"))
    return _refused_file(node, query) or (_refused_system_table(node) if dialect == "duckdb" else None)


def function_name(node: exp.Func) -> str:
    """Return the lower-case name that a function is called by."""
    return (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()


def _refused_function(name: str) -> Refusal | None:
    if name in _FORBIDDEN_FUNCTIONS or name.startswith(_FORBIDDEN_PREFIXES) or name.endswith(_FORBIDDEN_SUFFIXES):
        return Refusal(
            f"The SQL calls {name}, which does not read tables of the warehouse. Load the data into a table first."
        )
    return None


def _refused_table_function(name: str, dialect: str) -> Refusal | None:
    if name in _ROW_FUNCTIONS:
        return None
    # A macro of the warehouse is as good as a view of it; what the database brings along is not.
    if dialect == "duckdb" and name not in _built_in("duckdb_functions()", "function_name"):
        return _refused_function(name)
    return Refusal(
        f"The SQL calls {name}, which does not read tables of the warehouse. "
        "Read a table or a view, or make rows of values with unnest or range."
    )


def _refused_file(table: exp.Table, query: str) -> Refusal | None:
    parts = [part for part in table.parts if isinstance(part, exp.Identifier) and part.args.get("quoted")]
    if not parts:
        return None
    # A path may be cut at its dots: "/data/hidden".csv is read as the file /data/hidden.csv.
    text = ".".join(part.name for part in table.parts)
    start = parts[0].meta.get("start")
    is_string = any(query[at : at + 1] == "'" for part in parts if (at := part.meta.get("start")) is not None)
    is_path = any("/" in part.name or "\\" in part.name for part in parts)
    is_file_name = not table.db and text.lower().endswith(_FILE_SUFFIXES)
    if is_string or is_path or is_file_name:
        return Refusal(
            f"The SQL reads the file {text!r}; a mapping reads tables of the warehouse only. "
            "Load the file into a table first.",
            start,
        )
    return None


def _refused_system_table(table: exp.Table) -> Refusal | None:
    name, schema, catalog = table.name.lower(), table.db.lower(), table.catalog.lower()
    if (
        catalog in _SYSTEM_CATALOGS
        or (schema in _SYSTEM_SCHEMAS | _SYSTEM_CATALOGS and not catalog)
        or (schema == "information_schema" and name == _DEFINITIONS)
        or (schema in ("", "main") and not catalog and name in _built_in("duckdb_views()", "view_name"))
    ):
        shown = ".".join(part.name for part in table.parts)
        return Refusal(
            f"The SQL reads {shown} of the database system; a mapping reads tables of the warehouse only.",
            table.this.meta.get("start") if isinstance(table.this, exp.Identifier) else None,
        )
    return None


@cache
def _built_in(source: str, name: str) -> frozenset[str]:
    """Return what every DuckDB brings along, as this version tells itself."""
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT DISTINCT lower({name}) FROM {source} WHERE database_name = 'system'")
        return frozenset(text for (text,) in rows.fetchall())
