"""Every contract type from DuckDB to Parquet, with nulls and extremes, and what can never be cast."""

import datetime as dt
import itertools

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graph_olap.models.types import SCALAR_TYPES, parse_type
from graph_olap_server.snapshots.writer import write_parquet
from graph_olap_server.warehouse.base import SourceColumn, WarehouseError
from graph_olap_server.warehouse.types import (
    arrow_field,
    arrow_type,
    declared_type,
    duckdb_type,
    incompatibility,
    resolve,
    travel_type,
)

UTC = dt.timezone.utc  # noqa: UP017 - the alias reads as well
UUID = "00000000-0000-0000-0000-00000000000a"

# declared type, SQL values, what the Parquet file holds
CASES = [
    ("STRING", ["''", "'a' || chr(0) || 'ü'", "repeat('x', 3)"], ["", "a\0ü", "xxx"]),
    ("STRING", ["TIME '12:34:56.789'", "TIME '00:00:00'"], ["12:34:56.789", "00:00:00"]),
    ("STRING", ["'b'::ENUM('a', 'b')"], ["b"]),
    ("STRING", ["'101'::BIT"], ["101"]),
    ("STRING", ["union_value(a := 5)"], ["5"]),
    ("STRING", ["[1, 2]"], ["[1, 2]"]),
    ("INT64", ["-9223372036854775808", "9223372036854775807", "3.0::DOUBLE"], [-(2**63), 2**63 - 1, 3]),
    ("INT64", ["9007199254740993", "'-12'"], [9007199254740993, -12]),
    ("INT32", ["-2147483648", "2147483647"], [-(2**31), 2**31 - 1]),
    ("INT16", ["-32768", "32767"], [-32768, 32767]),
    ("INT8", ["-128", "127"], [-128, 127]),
    ("INT128", ["'-170141183460469231731687303715884105728'::HUGEINT", "170141183460469231731687303715884105727"],
     [str(-(2**127)), str(2**127 - 1)]),
    ("UINT64", ["18446744073709551615"], [2**64 - 1]),
    ("UINT32", ["4294967295"], [2**32 - 1]),
    ("UINT16", ["65535"], [65535]),
    ("UINT8", ["255"], [255]),
    ("DOUBLE", ["1.5", "'-inf'", "1e308", "7"], [1.5, float("-inf"), 1e308, 7.0]),
    ("FLOAT", ["1.5", "'inf'"], [1.5, float("inf")]),
    ("DECIMAL(38,3)", ["12345678901234567890123456789012345.123", "-0.001", "2"],
     ["12345678901234567890123456789012345.123", "-0.001", "2.000"]),
    ("DATE", ["DATE '0001-01-01'", "'9999-12-31'", "TIMESTAMP '2020-02-29 23:59:59'"],
     [dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(2020, 2, 29)]),
    ("TIMESTAMP", ["TIMESTAMP '1900-01-01 00:00:00.000001'", "DATE '2020-01-01'"],
     [dt.datetime(1900, 1, 1, 0, 0, 0, 1), dt.datetime(2020, 1, 1)]),
    ("TIMESTAMP", ["TIMESTAMPTZ '2020-01-01 00:00:00+02'"], [dt.datetime(2019, 12, 31, 22)]),
    ("TIMESTAMP_TZ", ["'2020-01-01 00:00:00+02'"], [dt.datetime(2019, 12, 31, 22, tzinfo=UTC)]),
    ("TIMESTAMP_NS", ["'2020-01-01 00:00:00.123456789'"], ["2020-01-01 00:00:00.123456789"]),
    ("TIMESTAMP_MS", ["'2020-01-01 00:00:00.123'"], [dt.datetime(2020, 1, 1, 0, 0, 0, 123000)]),
    ("TIMESTAMP_SEC", ["'2020-01-01 00:00:01'"], [dt.datetime(2020, 1, 1, 0, 0, 1)]),
    ("INTERVAL", ["INTERVAL '14 months 3 days 04:05:06.000007'", "INTERVAL 0 DAY"],
     ["14 months 3 days 14706000007 microseconds", "0 months 0 days 0 microseconds"]),
    ("BOOL", ["true", "'false'", "1"], [True, False, True]),
    ("BLOB", [r"'\x00\xFF'::BLOB", "''::BLOB"], [b"\x00\xff", b""]),
    ("UUID", [f"'{UUID.upper()}'", f"'{UUID}'::UUID"], [UUID, UUID]),
    ("LIST<INT64>", ["[1, NULL]", "[]", "'[2, 3]'"], [[1, None], [], [2, 3]]),
    ("LIST<UUID>", [f"['{UUID}']"], [[UUID]]),
    ("LIST<LIST<DATE>>", ["[[DATE '2020-01-01'], NULL]"], [[[dt.date(2020, 1, 1)], None]]),
    ("ARRAY<DOUBLE,2>", ["[1.0, 2.0]", "'[3, 4]'"], [[1.0, 2.0], [3.0, 4.0]]),
    ("MAP<STRING,INT64>", ["MAP {'k': 1}", "MAP {}"], [[("k", 1)], []]),
    ("STRUCT<a INT64, b STRING>", ["{'a': 1, 'b': NULL}", "{'b': 'x', 'a': 2}"],
     [{"a": 1, "b": None}, {"a": 2, "b": "x"}]),
    ("STRUCT<a DECIMAL(4,1)>", ["{'a': 1.5}"], [{"a": "1.5"}]),
    ("LIST", ["['x']"], [["x"]]),
    ("LIST", ["[1::SMALLINT]"], [[1]]),
    ("LIST", ["[1.5, 2.25]"], [["1.50", "2.25"]]),
    ("LIST<DECIMAL(9,2)>", ["[1.5, NULL]"], [["1.50", None]]),
    ("MAP<UUID,INT128>", [f"MAP {{'{UUID}': 1}}"], [[(UUID, "1")]]),
    ("LIST<INTERVAL>", ["[INTERVAL 1 DAY]"], [["1 day"]]),
    ("LIST", ["'[a, b]'"], [["a", "b"]]),
    ("MAP", ["MAP {1: DATE '2020-01-01'}"], [[(1, dt.date(2020, 1, 1))]]),
    ("STRUCT", ["{'a': 1.5, 'b': ['x']}"], [{"a": "1.5", "b": ["x"]}]),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "values", "expected"), CASES, ids=lambda value: str(value)[:30])
def test_each_type_reaches_the_file_with_nulls_and_extremes(database, tmp_path, declared, values, expected):
    warehouse = database()
    for value, want in zip(values, expected, strict=True):
        sql = f"SELECT * FROM (VALUES (0, {value}), (1, NULL)) AS t(i, v) ORDER BY i"
        with warehouse.export(sql, [SourceColumn("v", declared)]) as stream:
            write_parquet(stream.schema, stream, tmp_path / "v.parquet")
        assert pq.read_table(tmp_path / "v.parquet")["v"].to_pylist() == [want, None]


def test_every_scalar_of_the_contract_is_covered():
    assert {case[0] for case in CASES} >= set(SCALAR_TYPES)


SAMPLES = {
    "TINYINT": "1", "BIGINT": "1", "HUGEINT": "1", "DOUBLE": "1", "DECIMAL(9,2)": "1", "BOOLEAN": "true",
    "VARCHAR": "'1'", "BLOB": "'a'::BLOB", "UUID": f"'{UUID}'", "DATE": "DATE '2020-01-01'",
    "TIMESTAMP": "TIMESTAMP '2020-01-01'", "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ '2020-01-01'",
    "TIMESTAMP_NS": "'2020-01-01'::TIMESTAMP_NS", "TIME": "TIME '12:00:00'", "INTERVAL": "INTERVAL 1 DAY",
    "INTEGER[]": "[1]", "MAP(VARCHAR, INTEGER)": "MAP {'k': 1}", "STRUCT(a INTEGER)": "{'a': 1}",
}  # fmt: skip
DECLARED = [*SCALAR_TYPES, "DECIMAL(9,2)", "LIST<INT64>", "MAP<STRING,INT64>", "STRUCT<a INT64>"]


def test_incompatibility_agrees_with_what_duckdb_can_cast():
    wrong = []
    with duckdb.connect() as connection:
        for source, declared in itertools.product(SAMPLES, DECLARED):
            target = duckdb_type(parse_type(declared))
            try:
                connection.execute(f"SELECT CAST(CAST({SAMPLES[source]} AS {source}) AS {target})::VARCHAR").fetchall()
                castable = True
            except duckdb.ConversionException:
                castable = "VARCHAR" in source or not _unimplemented(connection, source, target)
            except duckdb.Error:
                castable = False
            refused = incompatibility(source, declared) is not None
            if not castable and not refused:
                wrong.append((source, declared, "accepted, but DuckDB cannot"))
            if castable and refused and (source, declared) not in REFUSED_ON_PURPOSE and not source.startswith("MAP"):
                wrong.append((source, declared, "refused, but DuckDB can"))
    assert wrong == []


def _unimplemented(connection, source, target):
    try:
        connection.execute(f"SELECT CAST(CAST({SAMPLES[source]} AS {source}) AS {target})::VARCHAR").fetchall()
    except duckdb.Error as error:
        return "Unimplemented" in str(error)
    return False


REFUSED_ON_PURPOSE = {("BLOB", "UUID"), ("UUID", "BLOB"), ("BOOLEAN", "BLOB"), ("TIME", "INTERVAL")}
"""Casts that nobody means. DuckDB also casts a map by way of its text, which is never a number or a date."""


@pytest.mark.parametrize(
    ("source", "declared", "message"),
    [
        ("STRUCT(a INTEGER)", "INT64", "STRUCT(a INTEGER) cannot be read as INT64"),
        ("BLOB", "DOUBLE", "BLOB cannot be read as DOUBLE"),
        ("INTEGER[]", "LIST<BLOB>", "INTEGER[] cannot be read as LIST<BLOB>"),
        ("STRUCT(a INTEGER)", "STRUCT<b INT64>", "STRUCT(a INTEGER) cannot be read as STRUCT<b INT64>"),
        ("VARCHAR", "LIST<DECIMAL(9,2)>", None),
        ("row(x timestamp(3) with time zone)", "INT64", None),
        ("geometry_of_another_warehouse", "INT64", None),
        ("INTEGER[3]", "LIST", None),
        ("VARCHAR", "STRUCT<a INT64>", None),
        ("ENUM('a', 'b')", "STRING", None),
    ],
)
def test_incompatibility_in_words(source, declared, message):
    found = incompatibility(source, declared)
    assert found is None if message is None else found.startswith(message)


@pytest.mark.parametrize(
    ("declared", "source", "resolved"),
    [
        ("LIST", "INTEGER[]", "LIST<INT32>"),
        ("LIST", "DOUBLE[3]", "LIST<DOUBLE>"),
        ("LIST", "VARCHAR", "LIST<STRING>"),
        ("LIST", "UUID[]", "LIST<UUID>"),
        ("LIST", "DECIMAL(9,2)[]", "LIST<DECIMAL(9,2)>"),
        ("LIST", "TIME[]", "LIST<STRING>"),
        ("MAP", "MAP(VARCHAR, DATE[])", "MAP<STRING,LIST<DATE>>"),
        ("MAP", "JSON", "MAP<STRING,STRING>"),
        ("STRUCT", "STRUCT(a INTEGER, b STRUCT(c BLOB))", "STRUCT<a INT32, b STRUCT<c BLOB>>"),
        ("INT64", "INTEGER", "INT64"),
    ],
)
def test_bare_types_take_element_types_from_the_source(declared, source, resolved):
    found = resolve(parse_type(declared), source)
    assert str(found) == resolved
    assert declared_type(arrow_field("c", found)) == found


@pytest.mark.parametrize(("value", "message"), [("'{}'", "declare them"), ("{'b c': 1}", "Column s")])
def test_struct_without_usable_fields_is_refused(database, rows_of, value, message):
    with pytest.raises(WarehouseError, match=message):
        rows_of(database(), f"SELECT {value} AS s", {"s": "STRUCT"})


def test_travel_and_arrow_types_agree():
    with duckdb.connect() as connection:
        for declared in map(parse_type, DECLARED):
            found = connection.sql(f"SELECT CAST(NULL AS {travel_type(declared)}) AS v").to_arrow_reader(1).schema
            empty = pa.table({"v": pa.array([], arrow_type(declared))})
            assert found.field("v").type.id == empty.schema.field("v").type.id
