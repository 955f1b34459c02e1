"""The DuckDB adapter on a database file."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from graph_olap_server.warehouse.base import ColumnInfo, SourceColumn, WarehouseError
from graph_olap_server.warehouse.factory import open_warehouse

ACCOUNTS = "CREATE TABLE accounts AS SELECT i AS id, 'n' || i AS name FROM range(1000) t(i)"


def test_catalog_has_user_schemas_tables_views_and_columns(database):
    warehouse = database(
        "CREATE SCHEMA core",
        "CREATE SCHEMA void",
        'CREATE TABLE core.accounts ("Acct No" VARCHAR NOT NULL, balance DECIMAL(10,2) DEFAULT 0)',
        "COMMENT ON TABLE core.accounts IS 'ignored'",
        "CREATE VIEW rich AS SELECT * FROM core.accounts WHERE balance > 1",
        "CREATE TABLE gone (a INT)",
        "CREATE VIEW broken AS SELECT * FROM gone",
        "DROP TABLE gone",
    )
    [catalog] = warehouse.catalogs()
    assert (catalog.name, catalog.schemas) == ("bank", ("core", "main", "void"))
    assert [(table.schema, table.name, table.table_type) for table in catalog.tables] == [
        ("core", "accounts", "BASE TABLE"),
        ("main", "broken", "VIEW"),
        ("main", "rich", "VIEW"),
    ]
    assert catalog.tables[0].columns == (
        ColumnInfo("Acct No", "VARCHAR", False, 1, None),
        ColumnInfo("balance", "DECIMAL(10,2)", True, 2, "0"),
    )


@pytest.mark.parametrize("table", ["accounts", "main.accounts", "bank.accounts", "bank.main.accounts"])
def test_tables_are_found_under_each_spelling(database, rows_of, table):
    rows = rows_of(database(ACCOUNTS), f"SELECT * FROM {table} ORDER BY id LIMIT 1", {"id": "INT64"})
    assert rows == [{"id": 0}]


@pytest.mark.parametrize("name", ["temp.duckdb", "memory.db", "it's a bank.duckdb", 'say "hi".duckdb'])
def test_odd_file_names_work(database, rows_of, name):
    assert rows_of(database(ACCOUNTS, name=name), "FROM accounts LIMIT 1", {"id": "INT64"}) == [{"id": 0}]


def test_columns_are_bound_by_name_in_declared_order_and_spelling(database, rows_of):
    warehouse = database('CREATE TABLE t AS SELECT 1 AS extra, \'x\' AS "We""ird Näme", 2 AS ID')
    sql = 'SELECT *, "We""ird Näme" AS odd FROM t; -- a comment'
    assert [list(row.items()) for row in rows_of(warehouse, sql, {"Odd": "STRING", "id": "INT32"})] == [
        [("Odd", "x"), ("id", 2)]
    ]
    assert [column.name for column in warehouse.describe(sql)] == ["extra", 'We"ird Näme', "ID", "odd"]


def test_order_of_rows_is_kept_and_an_empty_result_has_its_schema(database, rows_of):
    warehouse = database("CREATE TABLE t AS SELECT i FROM range(300000) r(i)")
    rows = rows_of(warehouse, "SELECT i FROM t ORDER BY i DESC", {"i": "INT64"})
    assert [row["i"] for row in rows] == list(range(299_999, -1, -1))
    with warehouse.export("SELECT i FROM t WHERE false", [SourceColumn("i", "DOUBLE")]) as stream:
        assert stream.schema.names == ["i"]


@pytest.mark.parametrize(
    ("sql", "columns", "message"),
    [
        ("SELECT id FROM accounts", {"idd": "INT64"}, r"Column idd is not among .*\(id\)\. Did you mean id\?"),
        ("SELECT id, id AS ID FROM accounts", {"id": "INT64"}, "Column id appears 2 times"),
        ("SELECT [id] AS l FROM accounts", {"l": "INT64"}, r"BIGINT\[\] cannot be read as INT64"),
        ("SELECT id, CASE WHEN id < 3 THEN 'no' ELSE name[2:] END AS v FROM accounts", {"id": "INT64", "v": "INT64"},
         r"Column v has 3 values that do not fit INT64, for example 'no'"),
        ("SELECT id + 0.5 AS v FROM accounts", {"v": "INT64"}, "Column v has 1,000 values that do not fit INT64"),
        ("SELECT '1.5' AS v", {"v": "INT8"}, "Column v has a value that does not fit INT8, for example '1.5'"),
        ("SELECT 300 AS v", {"v": "INT8"}, "not fit INT8, for example '300'"),
        ("SELECT DATE 'infinity' AS v", {"v": "DATE"}, "not fit DATE, for example 'infinity'"),
        ("SELECT INTERVAL (-1) DAY AS v", {"v": "INTERVAL"}, "not fit INTERVAL"),
        ("SELECT 'x' || id AS v FROM accounts WHERE CAST(name AS INT) > 0", {"v": "STRING"},
         "Could not convert string 'n.*' to INT32"),
        ("SELECT * FROM acounts", {"id": "INT64"}, 'acounts does not exist.* Did you mean "accounts"'),
        ("SELECT\n a,, FROM accounts", {"id": "INT64"}, r"syntax error at or near \",\" \(line 2, column 4\)"),
        ("SELECT STRUCT_PACK(a := 1.5) AS s", {"s": "LIST"}, "cannot be read as LIST"),
    ],
)  # fmt: skip
def test_user_errors_are_one_sentence(database, rows_of, sql, columns, message):
    with pytest.raises(WarehouseError, match=message) as caught:
        rows_of(database(ACCOUNTS), sql, columns)
    assert "\n" not in str(caught.value)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM '{folder}/other.parquet'",
        "SELECT * FROM read_csv('https://localhost/x.csv')",
        "SELECT 1 AS id; DROP TABLE accounts",
        "SELECT 1 AS id) AS x; DROP TABLE accounts; SELECT * FROM (SELECT 1 AS id",
        "COPY accounts TO '{folder}/out.csv'",
        "ATTACH '{folder}/new.duckdb'",
        "CREATE TABLE evil AS SELECT 1 AS id",
        "CREATE TEMP TABLE evil AS SELECT 1 AS id",
        "SET threads = 1",
        "INSTALL httpfs",
        "PRAGMA database_list",
        "EXPLAIN SELECT 1",
        "SELECT * FROM python_variable",
        "",
    ],
)
def test_nothing_but_reading_tables_is_possible(database, tmp_path, sql):
    duckdb.sql(f"COPY (SELECT 1 AS id) TO '{tmp_path}/other.parquet'")
    python_variable = duckdb.sql("SELECT 1 AS id")
    assert python_variable is not None
    warehouse = database(ACCOUNTS)
    before = sorted(tmp_path.iterdir())
    text = sql.replace("{folder}", str(tmp_path))
    with pytest.raises(WarehouseError):
        warehouse.describe(text)
    with (
        pytest.raises(WarehouseError),
        warehouse.export(text, [SourceColumn("id", "INT64")]) as stream,
    ):
        list(stream)
    assert sorted(tmp_path.iterdir()) == before
    assert len(warehouse.catalogs()[0].tables) == 1


def test_a_writer_may_come_between_calls_but_not_stay(database, tmp_path):
    warehouse = database(ACCOUNTS)
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); c.execute('CREATE TABLE fresh AS SELECT 1 AS id'); "
        "print('written', flush=True); sys.stdin.read()"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "bank.duckdb")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with writer:
        assert writer.stdout.readline() == b"written\n"
        with pytest.raises(WarehouseError, match="open for writing in another process") as caught:
            warehouse.check()
        assert caught.value.retryable
        with pytest.raises(WarehouseError, match="open for writing"):
            open_warehouse(f"duckdb://{tmp_path}/bank.duckdb")
        writer.stdin.close()
    assert warehouse.describe("SELECT * FROM fresh")[0].name == "id"


def test_several_exports_run_at_the_same_time(database, rows_of):
    warehouse = database(ACCOUNTS)
    started = threading.Barrier(4, timeout=10)

    def export(shift):
        with warehouse.export(f"SELECT id + {shift} AS id FROM accounts", [SourceColumn("id", "INT64")]) as stream:
            started.wait()
            return sum(sum(batch.column(0).to_pylist()) for batch in stream)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(export, range(4))) == [499_500 + 1000 * shift for shift in range(4)]


def test_leaving_the_context_stops_the_query(database):
    warehouse = database(ACCOUNTS)
    sql = "SELECT a.i FROM range(1000000) a(i), range(1000000) b(i)"
    with warehouse.export(sql, [SourceColumn("i", "INT64")]) as stream:
        assert next(iter(stream)).num_rows > 0
    assert warehouse.describe("SELECT 1 AS x")[0].name == "x"


def test_spill_folder_goes_with_the_warehouse(database):
    warehouse = database(ACCOUNTS)
    warehouse.check()
    spill = warehouse._spill
    assert Path(spill).is_dir()
    warehouse.close()
    warehouse.close()
    assert not Path(spill).exists()
