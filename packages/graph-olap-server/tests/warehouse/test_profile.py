from __future__ import annotations

import duckdb
import pytest
from graph_olap_server.warehouse.base import (
    BadRows,
    Misfit,
    ProfileTarget,
    SourceColumn,
    WarehouseError,
    WarehouseTimeoutError,
)
from graph_olap_server.warehouse.factory import open_warehouse
from hypothesis import given, settings
from hypothesis import strategies as st

ACCOUNT = ProfileTarget("Account", "SELECT * FROM accounts -- all\n;", (SourceColumn("id", "STRING"),))
PAID = ProfileTarget(
    "PAID",
    "SELECT src, dst, 1 AS k, 2 AS n FROM transfers",
    (SourceColumn("src", "STRING"), SourceColumn("dst", "STRING")),
    ("Account", "Account"),
)


def test_a_profile_counts_what_a_load_report_would(database):
    warehouse = database(
        "CREATE TABLE accounts AS FROM (VALUES ('x'), ('y'), ('y'), (NULL)) t(id)",
        "CREATE TABLE transfers AS FROM (VALUES ('x', 'y'), ('x', 'q'), ('q', 'p'), (NULL, 'x')) t(src, dst)",
    )
    account, paid = warehouse.profile([ACCOUNT, PAID], 10)
    assert (account.rows, account.misfits) == (4, ())
    assert account.bad == (BadRows("null_key", 1, "id"), BadRows("duplicate_key", 1, "id", ("y",)))
    assert paid.bad == (
        BadRows("null_key", 1, None),
        BadRows("dangling_from", 1, "src", ("q",)),
        BadRows("dangling_to", 1, "dst", ("q",)),
    )


def test_values_that_do_not_fit_are_counted_by_column(database):
    warehouse = database("CREATE TABLE t AS FROM (VALUES ('1', '2'), ('b', 'c'), ('3', 'd'), ('4', NULL)) t(id, size)")
    target = ProfileTarget("T", "FROM t", (SourceColumn("id", "INT64"), SourceColumn("size", "INT64")))
    (profile,) = warehouse.profile([target], 10)
    assert profile.misfits == (Misfit("id", "INT64", 1, "b"), Misfit("size", "INT64", 2, "c"))
    assert profile.bad == ()


def test_a_rounded_number_is_a_misfit(database):
    warehouse = database("CREATE TABLE t AS FROM (VALUES (1.5), (2.0)) t(id)")
    (profile,) = warehouse.profile([ProfileTarget("T", "FROM t", (SourceColumn("id", "INT64"),))], 10)
    assert profile.misfits == (Misfit("id", "INT64", 1, "1.5"),)


def test_time_is_limited(database):
    warehouse = database()
    sql = "SELECT a.range::VARCHAR AS id FROM range(100000) a, range(1000000) b"
    with pytest.raises(WarehouseTimeoutError, match=r"within 0\.1 s"):
        warehouse.profile([ProfileTarget("T", sql, (SourceColumn("id", "STRING"),))], 0.1)
    assert warehouse.profile([ProfileTarget("T", "SELECT 'a' AS id", (SourceColumn("id", "STRING"),))], 5)[0].rows == 1


def test_wrong_sql_is_said_in_words(database):
    with pytest.raises(WarehouseError, match="nowhere"):
        database().profile([ProfileTarget("T", "SELECT id FROM nowhere", (SourceColumn("id", "STRING"),))], 5)


def test_a_folder_is_profiled_too(tmp_path):
    duckdb.sql("SELECT 'a' AS id UNION ALL SELECT 'a'").write_parquet(str(tmp_path / "accounts.parquet"))
    warehouse = open_warehouse(f"duckdb://{tmp_path}/")
    for _ in range(2):
        assert warehouse.profile([ACCOUNT], 5)[0].bad == (BadRows("duplicate_key", 1, "id", ("a",)),)
    warehouse.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    file = tmp_path_factory.mktemp("empty") / "empty.duckdb"
    duckdb.connect(str(file)).close()
    warehouse = open_warehouse(f"duckdb://{file}")
    yield warehouse
    warehouse.close()


KEYS = st.one_of(st.none(), st.integers(0, 4))


@settings(max_examples=30, deadline=None)
@given(nodes=st.lists(KEYS, max_size=8), edges=st.lists(st.tuples(KEYS, KEYS), max_size=8))
def test_counts_agree_with_a_plain_count(empty, nodes, edges):
    def values(rows, names):
        listed = ", ".join(f"({', '.join('NULL' if cell is None else str(cell) for cell in row)})" for row in rows)
        body = f"VALUES {listed}" if rows else f"SELECT {', '.join(['NULL'] * len(names))} WHERE false"
        casts = ", ".join(f"{name}::BIGINT AS {name}" for name in names)
        return f"SELECT {casts} FROM ({body}) t({', '.join(names)})"

    node = ProfileTarget("N", values([(key,) for key in nodes], ["id"]), (SourceColumn("id", "INT64"),))
    edge = ProfileTarget(
        "E", values(edges, ["f", "t"]), (SourceColumn("f", "INT64"), SourceColumn("t", "INT64")), ("N", "N")
    )
    found_nodes, found_edges = empty.profile([node, edge], 10)
    known = {key for key in nodes if key is not None}
    assert {bad.reason: bad.rows for bad in found_nodes.bad} == {
        reason: count
        for reason, count in {
            "null_key": nodes.count(None),
            "duplicate_key": len(nodes) - nodes.count(None) - len(known),
        }.items()
        if count
    }
    whole = [pair for pair in edges if None not in pair]
    assert {bad.reason: bad.rows for bad in found_edges.bad} == {
        reason: count
        for reason, count in {
            "null_key": len(edges) - len(whole),
            "dangling_from": sum(start not in known for start, _ in whole),
            "dangling_to": sum(start in known and end not in known for start, end in whole),
        }.items()
        if count
    }
