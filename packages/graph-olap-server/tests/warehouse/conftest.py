"""Real DuckDB files and folders."""

import duckdb
import pytest
from graph_olap_server.warehouse.base import SourceColumn
from graph_olap_server.warehouse.factory import open_warehouse


@pytest.fixture
def database(tmp_path):
    """Make a database file from SQL and open it as a warehouse."""
    opened = []

    def make(*statements, name="bank.duckdb"):
        file = tmp_path / name
        with duckdb.connect(str(file)) as connection:
            for statement in statements:
                connection.execute(statement)
        opened.append(open_warehouse(f"duckdb://{file}"))
        return opened[-1]

    yield make
    for warehouse in opened:
        warehouse.close()


@pytest.fixture
def rows_of():
    """Export columns ``{name: type}`` of a query and return the rows as Python values."""

    def export(warehouse, sql, columns):
        with warehouse.export(sql, [SourceColumn(name, kind) for name, kind in columns.items()]) as stream:
            rows = []
            for batch in stream:
                assert batch.schema == stream.schema
                rows.extend(batch.to_pylist())
        return rows

    return export
