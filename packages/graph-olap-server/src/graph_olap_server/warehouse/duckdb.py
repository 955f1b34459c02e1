"""The DuckDB adapter: a database file or a folder of Parquet and CSV files, read-only and locked down.

A database file is opened for each call and closed after it, so that whoever fills it can write in between. Every
connection is sealed before analysts' SQL reaches it: read-only, no files, no addresses, no extensions, no settings.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import duckdb

from graph_olap_server.machine import memory_limit_bytes
from graph_olap_server.warehouse.base import (
    CatalogInfo,
    ColumnInfo,
    Profile,
    ProfileTarget,
    QueryColumn,
    RowStream,
    SourceColumn,
    TableInfo,
    Warehouse,
    WarehouseError,
)
from graph_olap_server.warehouse.duckdb_errors import to_warehouse_error
from graph_olap_server.warehouse.duckdb_export import export_relation
from graph_olap_server.warehouse.duckdb_probe import DuckDBProbe
from graph_olap_server.warehouse.duckdb_profile import deadline, profile_targets
from graph_olap_server.warehouse.probe import SchemaProbe
from graph_olap_server.warehouse.sql_check import SqlProblem, trimmed

__all__ = ["DuckDBFile", "DuckDBFolder"]

_READERS = {
    ".parquet": "read_parquet",
    ".pq": "read_parquet",
    ".csv": "read_csv",
    ".csv.gz": "read_csv",
    ".tsv": "read_csv",
    ".tsv.gz": "read_csv",
}
_TAKEN_NAMES = frozenset({"memory", "system", "temp"})


class _DuckDBWarehouse(Warehouse):
    """What both forms share; subclasses say how a sealed connection comes about."""

    dialect = "duckdb"

    def __init__(self, url: str, catalog: str, scratch: Path | None) -> None:
        self._url = url
        self._catalog = f"{catalog}_db" if catalog.lower() in _TAKEN_NAMES else catalog
        self._spill = tempfile.mkdtemp(prefix="graph-olap-duckdb-") if scratch is None else str(scratch / "duckdb")
        self._remove_spill = weakref.finalize(self, shutil.rmtree, self._spill, ignore_errors=True)

    def catalogs(self) -> Sequence[CatalogInfo]:
        """Return the one catalog with its schemas, tables and views."""
        with self._connection() as connection:
            return [_read_catalog(connection, self._catalog)]

    def describe(self, sql: str) -> Sequence[QueryColumn]:
        """Bind the query, which runs nothing, and return its columns."""
        with self._connection() as connection:
            relation = _bind(connection, sql)
            return [QueryColumn(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)]

    def export(self, sql: str, columns: Sequence[SourceColumn]) -> AbstractContextManager[RowStream]:
        """Stream the declared columns of a query as Arrow batches."""
        return self._export(sql, columns)

    def profile(self, targets: Sequence[ProfileTarget], seconds: float) -> Sequence[Profile]:
        """Count what cannot be loaded, with aggregate queries around the analyst's own."""
        with self._connection() as connection:
            return profile_targets(connection, lambda sql: _bind(connection, sql), targets, seconds)

    def probe(self, catalog: str, schema: str, seconds: float) -> AbstractContextManager[SchemaProbe]:
        """Read constraints and ask samples of the data."""
        return self._probe(catalog, schema, seconds)

    def check(self) -> None:
        """Open the warehouse and run a query."""
        with self._connection() as connection:
            connection.execute("SELECT 1").fetchall()

    def close(self) -> None:
        """Remove the folder for spilled data."""
        self._remove_spill()

    @contextmanager
    def _export(self, sql: str, columns: Sequence[SourceColumn]) -> Iterator[RowStream]:
        with self._connection() as connection:
            stream = export_relation(_bind(connection, sql), columns, connection.interrupt)
            try:
                yield stream
            finally:
                connection.interrupt()
                stream.close()

    @contextmanager
    def _probe(self, catalog: str, schema: str, seconds: float) -> Iterator[SchemaProbe]:
        with self._connection() as connection, deadline(connection, seconds) as run:
            tables = [table for table in _read_catalog(connection, self._catalog).tables if table.schema == schema]
            yield DuckDBProbe(run, catalog, schema, tables)

    @contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self._open()
        try:
            yield connection
        except duckdb.Error as error:
            raise to_warehouse_error(error) from error
        finally:
            connection.close()

    @abstractmethod
    def _open(self) -> duckdb.DuckDBPyConnection:
        """Return a sealed connection for one call."""

    def _connect(self) -> duckdb.DuckDBPyConnection:
        """Return a private in-memory connection with our limits, not yet sealed."""
        connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": f"{max(memory_limit_bytes() // 4, 512 * 1024**2)}B",
                "threads": str(os.cpu_count() or 1),
                "temp_directory": self._spill,
                # Without this, FROM x would read a Python variable called x.
                "python_enable_replacements": "false",
            },
        )
        connection.execute("SET TimeZone = 'UTC'")
        return connection


class DuckDBFile(_DuckDBWarehouse):
    """A DuckDB database file.

    Raises:
        WarehouseError: The file is missing, is no DuckDB database or is locked by a writer.
    """

    def __init__(self, url: str, file: Path, scratch: Path | None = None) -> None:
        self._file = file
        super().__init__(url, file.stem, scratch)
        self.check()

    def _open(self) -> duckdb.DuckDBPyConnection:
        connection = self._connect()
        try:
            connection.execute(f"ATTACH {_literal(str(self._file))} AS {_quote(self._catalog)} (READ_ONLY)")
            connection.execute(f"USE {_quote(self._catalog)}")
            _seal(connection)
        except duckdb.Error as error:
            connection.close()
            raise _cannot_open(self._url, self._file, error) from error
        return connection


class DuckDBFolder(_DuckDBWarehouse):
    """A folder in which each Parquet or CSV file is a table, named by its stem, in the schema ``main``.

    The views are built once and again when a file comes, goes or changes.

    Raises:
        WarehouseError: The folder holds no such file, or two files of one stem, or a file cannot be read.
    """

    def __init__(self, url: str, folder: Path, scratch: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._views: tuple[object, duckdb.DuckDBPyConnection] | None = None
        super().__init__(url, folder.name, scratch)
        self.check()

    def close(self) -> None:
        """Drop the views and the folder for spilled data."""
        with self._lock:
            if self._views is not None:
                self._views[1].close()
                self._views = None
        super().close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            try:
                tables = self._tables()
                state = {name: (file, file.stat().st_mtime_ns, file.stat().st_size) for name, file in tables.items()}
            except OSError as error:
                raise WarehouseError(
                    f"The warehouse {self._url} cannot be read: {error.strerror} ({Path(error.filename).name}).",
                    retryable=True,
                ) from error
            if self._views is None or self._views[0] != state:
                # The old connection is let go, not closed: closing would end the cursors that still read from it.
                self._views = (state, self._build(tables))
            connection = self._views[1].cursor()
        connection.execute(f"USE {_quote(self._catalog)}")
        return connection

    def _tables(self) -> dict[str, Path]:
        tables: dict[str, Path] = {}
        for file in sorted(self._folder.iterdir()):
            suffix = _data_suffix(file.name)
            if suffix is None or file.name.startswith(".") or not file.is_file():
                continue
            name = file.name[: -len(suffix)]
            twin = next((known for known in tables if known.lower() == name.lower()), None)
            if twin is not None:
                raise WarehouseError(
                    f"The warehouse {self._url} has two files for the table {name}: {tables[twin].name} and "
                    f"{file.name}. Rename or move one of them."
                )
            tables[name] = file
        if not tables:
            raise WarehouseError(
                f"The warehouse folder {self._url} holds no Parquet or CSV file. Put one there for each table, or "
                "name a database file: duckdb:///path/file.duckdb."
            )
        return tables

    def _build(self, tables: dict[str, Path]) -> duckdb.DuckDBPyConnection:
        connection = self._connect()
        file = self._folder
        try:
            connection.execute(f"ATTACH ':memory:' AS {_quote(self._catalog)}")
            connection.execute(f"USE {_quote(self._catalog)}")
            for name, file in tables.items():
                reader = _READERS[_data_suffix(file.name) or ""]
                connection.execute(
                    f"CREATE VIEW {_quote(name)} AS SELECT * FROM {reader}({_literal(_escape_glob(file))})"
                )
            file = self._folder
            # The files of the tables and no others: the folder may hold hidden ones and folders of its own.
            # DuckDB asks for the pattern first and for the file it found then.
            paths = {spelt for path in tables.values() for spelt in (str(path), _escape_glob(path))}
            allowed = ", ".join(map(_literal, sorted(paths)))
            connection.execute(f"SET allowed_paths = [{allowed}]")
            _seal(connection)
        except duckdb.Error as error:
            connection.close()
            raise to_warehouse_error(
                error, f"The file {file.name} of the warehouse {self._url} cannot be read", own_text=False
            ) from error
        return connection


def _seal(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _bind(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyRelation:
    """Bind one query; anything that is not exactly one query never reaches the connection."""
    try:
        query = trimmed(sql, "duckdb")  # a relation builds on the text, so that no semicolon may end it
    except SqlProblem as problem:
        raise WarehouseError(problem.message) from problem
    statements = connection.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise WarehouseError("The SQL must be exactly one query (SELECT, WITH ... SELECT, VALUES, TABLE or FROM).")
    return connection.sql(query)


def _read_catalog(connection: duckdb.DuckDBPyConnection, catalog: str) -> CatalogInfo:
    schemas = connection.execute(
        "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? "
        "AND schema_name NOT IN ('information_schema', 'pg_catalog') ORDER BY 1",
        [catalog],
    ).fetchall()
    kinds = connection.execute(
        "SELECT schema_name, table_name, 'BASE TABLE' FROM duckdb_tables() WHERE database_name = $1 AND NOT internal "
        "UNION ALL SELECT schema_name, view_name, 'VIEW' FROM duckdb_views() WHERE database_name = $1 AND NOT internal "
        "ORDER BY 1, 2",
        [catalog],
    ).fetchall()
    columns: dict[tuple[str, str], list[ColumnInfo]] = {}
    for schema, table, *column in connection.execute(
        "SELECT schema_name, table_name, column_name, data_type, is_nullable, column_index, column_default "
        "FROM duckdb_columns() WHERE database_name = ? AND NOT internal ORDER BY schema_name, table_name, column_index",
        [catalog],
    ).fetchall():
        columns.setdefault((schema, table), []).append(ColumnInfo(*column))
    tables = tuple(
        TableInfo(schema, name, kind, tuple(columns.get((schema, name), ()))) for schema, name, kind in kinds
    )
    return CatalogInfo(catalog, tuple(name for (name,) in schemas), tables)


def _cannot_open(url: str, file: Path, error: duckdb.Error) -> WarehouseError:
    text = str(error)
    if "Conflicting lock" in text or "Could not set lock" in text:
        return WarehouseError(
            f"The warehouse {url} is open for writing in another process. Close it there, or try again later.",
            retryable=True,
        )
    if "Unique file handle conflict" in text or "different configuration" in text:
        return WarehouseError(
            f"The warehouse {url} is open in this Python process already. Close that connection and try again.",
            retryable=True,
        )
    if "not a valid DuckDB database" in text or (file.is_file() and _data_suffix(file.name)):
        return WarehouseError(
            f"The warehouse {url} names a file that is no DuckDB database. Name a .duckdb file, or a folder of Parquet "
            "and CSV files: duckdb:///folder/."
        )
    if not file.exists():
        return WarehouseError(f"The warehouse {url} does not exist. Check the path.", retryable=True)
    if not os.access(file, os.R_OK):
        return WarehouseError(f"The warehouse {url} cannot be read: permission denied for {file.name}.")
    return to_warehouse_error(error, f"The warehouse {url} cannot be opened ({file.name})")


def _data_suffix(name: str) -> str | None:
    return next((suffix for suffix in sorted(_READERS, key=len, reverse=True) if name.lower().endswith(suffix)), None)


def _escape_glob(file: Path) -> str:
    """Spell a path so that a ``*`` or ``[`` in it is taken as it is."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(file))


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
