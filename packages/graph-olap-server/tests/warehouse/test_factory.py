"""Warehouse URLs, good and bad, and the folder form."""

from pathlib import Path

import duckdb
import pytest
from graph_olap_server.warehouse.base import SourceColumn, WarehouseError
from graph_olap_server.warehouse.factory import open_warehouse


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "my data"
    path.mkdir()
    duckdb.sql(f"COPY (SELECT i AS id FROM range(10) t(i)) TO '{path}/accounts.parquet'")
    (path / "odd [1].csv").write_text("id,name\n1,Ann\n2,\n")
    (path / "notes.txt").write_text("not data")
    return path


def test_each_file_of_a_folder_is_a_table(folder, rows_of):
    warehouse = open_warehouse(f"duckdb://{folder}/")
    [catalog] = warehouse.catalogs()
    assert (catalog.name, catalog.schemas) == ("my data", ("main",))
    assert [table.name for table in catalog.tables] == ["accounts", "odd [1]"]
    sql = 'SELECT a.id, name FROM main.accounts a JOIN "odd [1]" o USING (id) ORDER BY id'
    assert rows_of(warehouse, sql, {"id": "INT64", "name": "STRING"}) == [
        {"id": 1, "name": "Ann"},
        {"id": 2, "name": None},
    ]
    warehouse.close()


@pytest.mark.parametrize("sql", ["SELECT content FROM read_text('{}')", "FROM '{}'", "FROM read_csv('{}')"])
def test_files_of_a_folder_that_are_no_tables_stay_closed(folder, sql):
    (folder / "inner").mkdir()
    warehouse = open_warehouse(f"duckdb://{folder}/")
    for name in ("inner/x.csv", ".hidden.csv", "notes.txt.csv.bak"):
        (folder / name).write_text("id\n1\n")
        with pytest.raises(WarehouseError, match=r"not files or addresses|does not exist"):
            warehouse.describe(sql.format(folder / name))
    warehouse.close()


def test_folder_sees_new_and_changed_files(folder, rows_of):
    warehouse = open_warehouse(f"duckdb://{folder}")
    duckdb.sql(f"COPY (SELECT 'x' AS id, 1.5 AS amount) TO '{folder}/accounts.parquet'")
    duckdb.sql(f"COPY (SELECT 7 AS id) TO '{folder}/late.csv'")
    assert rows_of(warehouse, "SELECT * FROM accounts", {"id": "STRING", "amount": "DOUBLE"}) == [
        {"id": "x", "amount": 1.5}
    ]
    assert rows_of(warehouse, "SELECT * FROM late", {"id": "INT64"}) == [{"id": 7}]
    warehouse.close()


def test_a_running_export_survives_a_change_of_the_folder(folder):
    duckdb.sql(f"COPY (SELECT i AS id FROM range(500000) t(i)) TO '{folder}/big.parquet'")
    warehouse = open_warehouse(f"duckdb://{folder}")
    with warehouse.export("SELECT id FROM big", [SourceColumn("id", "INT64")]) as stream:
        batches = iter(stream)
        rows = next(batches).num_rows
        (folder / "late.csv").write_text("id\n7\n")
        assert len(warehouse.catalogs()[0].tables) == 4
        assert rows + sum(batch.num_rows for batch in batches) == 500_000
    warehouse.close()


def test_a_folder_that_goes_away_is_one_sentence(folder):
    warehouse = open_warehouse(f"duckdb://{folder}")
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(WarehouseError, match=r"cannot be read: No such file or directory \(my data\)") as caught:
        warehouse.check()
    assert caught.value.retryable
    warehouse.close()


def test_folder_is_sealed(folder, tmp_path):
    duckdb.sql(f"COPY (SELECT 1 AS id) TO '{tmp_path}/outside.parquet'")
    warehouse = open_warehouse(f"duckdb://{folder}/")
    before = sorted(folder.iterdir())
    for sql in (
        f"SELECT * FROM '{tmp_path}/outside.parquet'",
        "SELECT * FROM read_text('/etc/passwd')",
        f"COPY accounts TO '{folder}/copy.csv'",
        "DROP VIEW accounts",
        "CREATE TABLE evil (a INT)",
    ):
        with pytest.raises(WarehouseError):
            warehouse.describe(sql)
    assert sorted(folder.iterdir()) == before
    warehouse.close()


def test_two_files_of_one_name_are_refused(folder):
    (folder / "ACCOUNTS.csv").write_text("id\n1\n")
    with pytest.raises(WarehouseError, match=r"two files for the table .*ACCOUNTS\.csv and accounts\.parquet"):
        open_warehouse(f"duckdb://{folder}/")


def test_unreadable_data_file_is_named(folder):
    (folder / "broken.parquet").write_text("no parquet")
    with pytest.raises(WarehouseError, match=r"broken\.parquet"):
        open_warehouse(f"duckdb://{folder}/")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("bank.duckdb", "'bank.duckdb' is not a URL. Write duckdb:///"),
        ("oracle://host/x", "oracle://host/x has the unknown scheme oracle"),
        ("duckdb://bank.duckdb", "no absolute path. Write three slashes"),
        ("duckdb:///no/such.duckdb", "does not exist: there is no file /no/such.duckdb"),
        ("duckdb:///no/such/", "there is no folder /no/such"),
        ("duckdb:///" + "x" * 300, "cannot be looked at: File name too long"),
        ("duckdb://{tmp}/text.duckdb", "no DuckDB database"),
        ("duckdb://{tmp}/one.parquet", "no DuckDB database. Name a .duckdb file, or a folder"),
        ("duckdb://{tmp}/empty/", "holds no Parquet or CSV file"),
    ],
)
def test_bad_urls_are_one_sentence_with_the_next_step(tmp_path, url, message):
    (tmp_path / "text.duckdb").write_text("hello" * 1000)
    (tmp_path / "empty").mkdir()
    duckdb.sql(f"COPY (SELECT 1 AS id) TO '{tmp_path}/one.parquet'")
    url = url.replace("{tmp}", str(tmp_path))
    with pytest.raises(WarehouseError) as caught:
        open_warehouse(url)
    assert message in str(caught.value)
    assert url in str(caught.value)
    assert "\n" not in str(caught.value)


def test_file_that_the_same_process_writes(tmp_path):
    file = tmp_path / "busy.duckdb"
    with duckdb.connect(str(file)), pytest.raises(WarehouseError, match="open in this Python process"):
        open_warehouse(f"duckdb://{file}")


def test_percent_escapes_are_understood(tmp_path, rows_of):
    with duckdb.connect(str(tmp_path / "a b.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS id")
    warehouse = open_warehouse(f"duckdb://{tmp_path}/a%20b.duckdb")
    assert rows_of(warehouse, "FROM t", {"id": "INT64"}) == [{"id": 1}]
    warehouse.close()


def test_no_warehouse_starts_and_says_so_when_sql_is_used():
    warehouse = open_warehouse(None)
    warehouse.check()
    assert list(warehouse.catalogs()) == []
    for call in (lambda: warehouse.describe("SELECT 1"), lambda: warehouse.export("SELECT 1", [])):
        with pytest.raises(WarehouseError, match=r"no warehouse\. Start it with --warehouse"):
            call()
    warehouse.close()


def test_a_relative_path_counts_where_no_absolute_one_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with duckdb.connect(str(tmp_path / "here.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS i")
    monkeypatch.chdir(tmp_path)

    warehouse = open_warehouse("duckdb:///here.duckdb")

    assert [catalog.name for catalog in warehouse.catalogs()] == ["here"]
    warehouse.close()


def test_a_bare_path_is_answered_with_the_url_to_write(tmp_path: Path) -> None:
    path = tmp_path / "bare.duckdb"
    duckdb.connect(str(path)).close()

    with pytest.raises(WarehouseError, match=f"Write duckdb://{path}"):
        open_warehouse(str(path))
