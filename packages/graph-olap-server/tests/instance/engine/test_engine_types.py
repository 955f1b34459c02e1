"""Every type through the real engine: from the snapshot's file into JSON and Arrow, and from JSON as a parameter."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.encoding import arrow_stream, decode_parameters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

UUIDS = ["cc5e5dfc-b92c-4ee4-b21b-9710a7714d68", "7fffffff-ffff-4fff-bfff-ffffffffffff"]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

CASES = [
    # contract type, column type, (value in the file, JSON value)...
    ("STRING", "STRING", ("", ""), ("ü☃\U0001f600'\"\\", "ü☃\U0001f600'\"\\")),
    ("INT8", "INT8", (-128 + 1, -128 + 1), (127, 127)),
    ("INT16", "INT16", (-(2**15) + 1, -(2**15) + 1), (2**15 - 1, 2**15 - 1)),
    ("INT32", "INT32", (-(2**31) + 1, -(2**31) + 1), (2**31 - 1, 2**31 - 1)),
    ("INT64", "INT64", (-(2**63) + 1, -(2**63) + 1), (2**63 - 1, 2**63 - 1)),
    ("INT128", "INT128", (str(-(2**127) + 1), -(2**127) + 1), (str(2**127 - 1), 2**127 - 1)),
    ("UINT8", "UINT8", (0, 0), (255, 255)),
    ("UINT16", "UINT16", (0, 0), (2**16 - 1, 2**16 - 1)),
    ("UINT32", "UINT32", (0, 0), (2**32 - 1, 2**32 - 1)),
    ("UINT64", "UINT64", (0, 0), (2**64 - 1, 2**64 - 1)),
    ("DOUBLE", "DOUBLE", (5e-324, 5e-324), (-1.7976931348623157e308, -1.7976931348623157e308)),
    ("FLOAT", "FLOAT", (0.5, 0.5), (-16777216.0, -16777216.0)),
    ("BOOL", "BOOL", (True, True), (False, False)),
    ("DATE", "DATE", (dt.date(1, 1, 1), "0001-01-01"), (dt.date(9999, 12, 31), "9999-12-31")),
    (
        "TIMESTAMP",
        "TIMESTAMP",
        (dt.datetime(1, 1, 1), "0001-01-01T00:00:00"),
        (dt.datetime(1969, 12, 31, 23, 59, 59, 999999), "1969-12-31T23:59:59.999999"),
        (dt.datetime(2024, 5, 1, 1, 2, 3, 500000), "2024-05-01T01:02:03.500000"),
    ),
    ("TIMESTAMP_TZ", "TIMESTAMP", (EPOCH, "1970-01-01T00:00:00Z"), (EPOCH.replace(year=2020), "2020-01-01T00:00:00Z")),
    ("TIMESTAMP_MS", "TIMESTAMP", (dt.datetime(2020, 1, 1, 0, 0, 0, 5000), "2020-01-01T00:00:00.005000")),
    ("TIMESTAMP_SEC", "TIMESTAMP", (dt.datetime(1960, 1, 1), "1960-01-01T00:00:00")),
    ("TIMESTAMP_NS", "TIMESTAMP_NS", ("2020-01-01 00:00:00.123456000", "2020-01-01T00:00:00.123456")),
    ("INTERVAL", "INTERVAL", ("2 days 03:04:05", "P2DT3H4M5S"), ("00:00:00", "P0DT0H0M0S")),
    ("INTERVAL", "INTERVAL_ISO", ("2 days 03:04:05.5", "P2DT3H4M5.5S")),
    ("BLOB", "BLOB", (b"", ""), (b"\x00\xff\n", "AP8K")),
    ("UUID", "UUID", (UUIDS[0], UUIDS[0]), (UUIDS[1], UUIDS[1])),
    *[
        (f"DECIMAL({p},{s})", f"DECIMAL({p},{s})", *((text, text) for text in texts))
        for p, s, texts in [
            (3, 2, ["-9.99", "9.99", "0.00"]),
            (9, 0, ["-999999999", "999999999"]),
            (18, 18, ["-0.999999999999999999", "0.000000000000000001"]),
            (38, 10, ["-1234567890123456789012345678.0123456789", "0.0000000000"]),
        ]
    ],
    ("LIST<INT64>", "LIST<INT64>", ([], []), ([1, None, 1 - 2**63], [1, None, 1 - 2**63])),
    ("LIST<LIST<STRING>>", "LIST<LIST<STRING>>", ([["a", None], None, []], [["a", None], None, []])),
    ("LIST<UUID>", "LIST<UUID>", ([UUIDS[0], None], [UUIDS[0], None])),
    ("LIST<DECIMAL(4,2)>", "LIST<DECIMAL(4,2)>", (["-1.25", None], ["-1.25", None])),
    ("LIST<DATE>", "LIST<DATE>", ([dt.date(2020, 2, 29), None], ["2020-02-29", None])),
    ("ARRAY<DOUBLE,3>", "LIST<DOUBLE>", ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])),
    ("MAP<STRING,DOUBLE>", "MAP<STRING,DOUBLE>", ([("a", 1.5), ("b", None)], {"a": 1.5, "b": None}), ([], {})),
    ("MAP<INT64,STRING>", "MAP<INT64,STRING>", ([(1, "x")], [{"key": 1, "value": "x"}])),
    ("MAP<STRING,DECIMAL(4,2)>", "MAP<STRING,DECIMAL(4,2)>", ([("k", "-1.25")], {"k": "-1.25"})),
    (
        "STRUCT<offset INT64, label LIST<DECIMAL(4,2)>>",
        "STRUCT",
        ({"offset": 1, "label": ["1.25", None]}, {"offset": 1, "label": ["1.25", None]}),
    ),
]


@pytest.mark.parametrize(
    ("declared", "shown", "pairs"), [(c[0], c[1], c[2:]) for c in CASES], ids=lambda v: str(v)[:30]
)
def test_values_and_nulls_survive(files, load, declared, shown, pairs):
    rows = [[index, value] for index, (value, _) in enumerate([*pairs, (None, None)])]
    graph = load(files.node("N", ("id", "INT64"), {"v": declared}, rows))
    expected = [json_value for _, json_value in pairs] + [None]
    result = graph.result("MATCH (n:N) RETURN n.v AS v ORDER BY n.id")
    assert [row[0] for row in result.rows()] == expected
    assert [(column.name, column.type) for column in result.columns] == [("v", shown)]
    nodes = graph.rows("MATCH (n:N) RETURN n ORDER BY n.id")
    assert [row[0]["v"] for row in nodes] == expected
    assert graph.engine.schema().node_tables[0].properties["v"] == declared
    if declared == "INT128":
        with pytest.raises(PlatformError, match="column v holds whole numbers of more than 38 digits, for which Arrow"):
            graph.arrow("MATCH (n:N) RETURN n.v AS v")
        return
    stream = b"".join(arrow_stream(graph.result("MATCH (n:N) RETURN n.v AS v ORDER BY n.id")))
    sent = pa.ipc.open_stream(stream).read_all()
    assert (sent.num_rows, sent.column("v").null_count) == (len(rows), 1)
    table = graph.arrow("MATCH (n:N) RETURN n.v AS v, n ORDER BY n.id")
    assert table.column("v").null_count == 1
    assert table.column("n").combine_chunks().field("v").to_pylist() == table.column("v").to_pylist()


def test_numbers_that_json_lacks_become_null_with_a_warning_and_stay_in_arrow(files, load):
    values = [math.nan, math.inf, -math.inf, 1.5, 2.5]
    graph = load(files.node("N", ("id", "INT64"), {"v": "DOUBLE"}, list(enumerate(values))))
    result = graph.result("MATCH (n:N) RETURN n.v ORDER BY n.id")
    assert [row[0] for row in result.rows()] == [None, None, None, 1.5, 2.5]
    assert result.warnings == ["NaN and infinite numbers are shown as null; Arrow results keep them."]
    kept = graph.arrow("MATCH (n:N) RETURN n.v AS v ORDER BY n.id").column("v").to_pylist()
    assert math.isnan(kept[0])
    assert kept[1:] == values[1:]


@pytest.mark.parametrize("values", [[1.5, math.nan, None], [math.nan, 2.5, 1.5, None], [math.nan, None, 3.5]], ids=str)
def test_not_a_number_beside_nulls_is_right_or_refused(files, load, engine_name, values):
    files.node("N", ("id", "INT64"), {"v": "DOUBLE"}, list(enumerate(values)))
    if engine_name == "kuzu":
        with pytest.raises(PlatformError, match="v has NaN beside nulls"):
            load(files)
    else:
        table = load(files).arrow("MATCH (n:N) RETURN n.v AS v ORDER BY n.id")
        assert str(table.column("v").to_pylist()) == str(values)


def test_not_a_number_beside_equal_numbers_is_right_or_refused(files, load, engine_name):
    values = [2.0, 2.0, math.nan, 2.0]
    files.node("N", ("id", "INT64"), {"v": "DOUBLE"}, list(enumerate(values)))
    if engine_name == "kuzu":
        with pytest.raises(PlatformError, match="v has NaN beside equal numbers, which the engine cannot hold"):
            load(files)
    else:
        table = load(files).arrow("MATCH (n:N) RETURN n.v AS v ORDER BY n.id")
        assert str(table.column("v").to_pylist()) == str(values)


@pytest.mark.parametrize("values", [[2.0, math.nan, 2.0], [math.nan, 2.0, 2.0]], ids=str)
def test_not_a_number_beside_equal_numbers_of_relationships_is_refused(files, load, values):
    files.node("N", ("id", "INT64"), {}, [[key] for key in range(3)])
    files.edge("E", ("N", "N"), {"v": "DOUBLE"}, [[key, 2 - key, value] for key, value in enumerate(values)])
    with pytest.raises(PlatformError, match="v has NaN beside equal numbers"):
        load(files)


def test_not_a_number_beside_equal_numbers_in_a_list_is_refused(files, load):
    files.node("N", ("id", "INT64"), {"v": "LIST<DOUBLE>"}, [[1, [1.5, math.nan, 1.5]]])
    with pytest.raises(PlatformError, match="v has NaN beside equal numbers"):
        load(files)


def test_not_a_number_alone_is_kept(files, load):
    graph = load(files.node("N", ("id", "INT64"), {"v": "DOUBLE"}, [[key, math.nan] for key in range(3)]))
    kept = graph.arrow("MATCH (n:N) RETURN n.v AS v").column("v").to_pylist()
    assert [math.isnan(value) for value in kept] == [True] * 3


def test_not_a_number_beside_nulls_in_a_list_is_refused(files, load):
    files.node("N", ("id", "INT64"), {"v": "LIST<DOUBLE>"}, [[1, [1.5, math.nan, None]]])
    with pytest.raises(PlatformError, match="v has NaN beside nulls"):
        load(files)


@pytest.mark.parametrize(
    ("declared", "value"),
    [("INT64", -(2**63)), ("INT8", -128), ("LIST<INT32>", [1, -(2**31)]), ("UUID", str(UUID(int=0)))],
)
def test_the_smallest_value_of_a_type_is_refused(files, load, declared, value):
    files.node("N", ("id", "INT64"), {"v": declared}, [[1, value], [2, None]])
    with pytest.raises(PlatformError, match=r"v holds .*, which the engine cannot store"):
        load(files)


def test_timestamps_that_would_lose_digits_are_refused(files, load):
    files.node("N", ("id", "INT64"), {"v": "TIMESTAMP_NS"}, [[1, "2020-01-01 00:00:00.123456789"]])
    with pytest.raises(PlatformError, match="v has timestamps finer than microseconds"):
        load(files)


NULL_STRUCTS = [
    ("UNWIND [{a: [1]}, NULL, {a: [2, 3]}] AS x RETURN x", [{"a": [1]}, None, {"a": [2, 3]}]),
    (
        "UNWIND [NULL, {a: {b: 'x'}}, NULL, {a: {b: 'y'}}, NULL] AS x RETURN x",
        [None, {"a": {"b": "x"}}, None, {"a": {"b": "y"}}, None],
    ),
    ("UNWIND [[{a: 1}, NULL, {a: 5}], NULL, [{a: 2}]] AS x RETURN x", [[{"a": 1}, None, {"a": 5}], None, [{"a": 2}]]),
]


@pytest.mark.parametrize(("statement", "expected"), NULL_STRUCTS)
def test_rows_after_a_null_struct_keep_their_values(social, statement, expected):
    assert [row[0] for row in social.rows(statement)] == expected
    assert social.arrow(statement).column("x").to_pylist() == expected


def test_rows_after_a_null_node_relationship_or_path_keep_their_values(files, load):
    files.node(
        "N", ("id", "INT64"), {"tags": "LIST<STRING>", "uid": "UUID"}, [[i, [f"t{i}"], UUIDS[0]] for i in range(4)]
    )
    graph = load(files.edge("E", ("N", "N"), {"ws": "LIST<INT64>"}, [[1, 2, [12]], [3, 0, [30]]]))
    statement = "MATCH (n:N) OPTIONAL MATCH p = (n)-[r:E]->(m) RETURN n.id AS id, r, m, p ORDER BY n.id"
    rows = graph.rows(statement)
    assert [row[1] and row[1]["ws"] for row in rows] == [None, [12], None, [30]]
    assert [row[2] and row[2]["tags"] for row in rows] == [None, ["t2"], None, ["t0"]]
    assert [row[3] and [node["id"] for node in row[3]["_nodes"]] for row in rows] == [None, [1, 2], None, [3, 0]]
    table = graph.arrow(statement)
    assert [value and value["tags"] for value in table.column("m").to_pylist()] == [None, ["t2"], None, ["t0"]]


PARAMETERS = [
    (None, "STRING", None),
    (True, "BOOL", True),
    (0, "INT64", 0),
    (-(2**63), "INT64", -(2**63)),
    (1.5, "DOUBLE", 1.5),
    (2**64, "DOUBLE", 2.0**64),
    ('it\'s \\ "☃"\n$x', "STRING", 'it\'s \\ "☃"\n$x'),
    ([], "LIST<INT64>", []),
    ([1, None], "LIST<INT64>", [1, None]),
    ([1, 1.5], "LIST<DOUBLE>", [1.0, 1.5]),
    ([["a"], []], "LIST<LIST<STRING>>", [["a"], []]),
    ({"a b": 1, "c": [{"d": "x'y"}]}, "STRUCT", {"a b": 1, "c": [{"d": "x'y"}]}),
    ({"$type": "DATE", "value": "2024-05-01"}, "DATE", "2024-05-01"),
    ({"$type": "TIMESTAMP", "value": "2024-05-01T01:02:03.000004"}, "TIMESTAMP", "2024-05-01T01:02:03.000004"),
    ({"$type": "TIMESTAMP", "value": "2024-05-01T01:02:03Z"}, "TIMESTAMP", "2024-05-01T01:02:03Z"),
    ({"$type": "INTERVAL", "value": "P1DT2H"}, "INTERVAL", "P1DT2H0M0S"),
    ({"$type": "INTERVAL", "value": "-P1DT0.5S"}, "INTERVAL_ISO", "-P1DT0H0M0.5S"),
    ({"$type": "INT128", "value": str(1 - 2**127)}, "INT128", 1 - 2**127),
    ([{"$type": "INT128", "value": str(2**64)}, 1, None], "LIST<INT128>", [2**64, 1, None]),
    ([5.4e16, 5e-324, -1e300, None], "LIST<DOUBLE>", [5.4e16, 5e-324, -1e300, None]),
    ([[1e300], [-0.5]], "LIST<LIST<DOUBLE>>", [[1e300], [-0.5]]),
    ([["a\x01\x1e\0\t'\"\\"], [], None, [None]], "LIST<LIST<STRING>>", [["a\x01\x1e\0\t'\"\\"], [], None, [None]]),
    ([[[]], [[1]]], "LIST<LIST<LIST<INT64>>>", [[[]], [[1]]]),
    ({"$type": "BLOB", "value": "AP8="}, "BLOB", "AP8="),
    ({"$type": "DECIMAL", "value": "-1.50"}, "DECIMAL(3,2)", "-1.50"),
    ({"$type": "UUID", "value": UUIDS[0]}, "UUID", UUIDS[0]),
    ({"$type": "INT64", "value": "9223372036854775807"}, "INT64", 2**63 - 1),
    ({"$type": "DOUBLE", "value": 1}, "DOUBLE", 1.0),
]


@pytest.mark.parametrize(("given", "shown", "expected"), PARAMETERS, ids=lambda v: str(v)[:30])
def test_parameters_arrive_as_what_they_are(social, given, shown, expected):
    result = social.result("RETURN $x AS x", decode_parameters({"x": given}))
    assert list(result.rows()) == [[expected]]
    assert result.columns[0].type == shown


JSON_VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=5),
    st.lists(st.text("ab'\"\\$`\n☃", max_size=5), max_size=5),
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON_VALUES)
def test_any_json_value_comes_back(social, value):
    assert social.value("RETURN $value AS v", {"value": value}) == value


def test_whole_number_parameters_do_not_overflow_and_serve_as_limit(social):
    assert social.rows("UNWIND $xs AS x RETURN x * x AS y LIMIT $n", {"xs": [100, 200], "n": 1}) == [[10000]]
    assert social.rows("MATCH (p:Person {id: $id}) RETURN p.name SKIP $zero", {"id": 1, "zero": 0}) == [["Ann"]]


def test_months_in_a_parameter_reach_the_engine(social):
    text = social.value("RETURN CAST($i AS STRING)", decode_parameters({"i": {"$type": "INTERVAL", "value": "P1Y2M"}}))
    assert text == "1 year 2 months"


@pytest.mark.parametrize("value", ["99999-01-01", "10000-12-31"])
def test_years_of_five_digits_are_written_out(social, value):
    row = social.rows(f"RETURN CAST('{value}' AS DATE), CAST('{value} 01:02:03.5' AS TIMESTAMP)")
    assert row == [[value, f"{value}T01:02:03.500000"]]


NEGATIVE = [{"$type": "DECIMAL", "value": "-1.5"}]


@pytest.mark.parametrize(
    "statement",
    [
        "RETURN CAST('-1.50' AS DECIMAL(9,2)) IN $x",
        "RETURN [CAST('-1.50' AS DECIMAL(9,2))] = $x",
        "RETURN $x <> [CAST('-1.50' AS DECIMAL(9,2))]",
        "RETURN list_contains($x, CAST('-1.50' AS DECIMAL(9,2)))",
    ],
)
def test_lists_of_negative_decimals_are_not_compared(social, statement):
    with pytest.raises(PlatformError, match="holds negative decimals, which the engine compares wrongly") as caught:
        social.rows(statement, decode_parameters({"x": NEGATIVE}))
    assert caught.value.details["kind"] == "parameter"


def test_negative_decimals_are_compared_one_by_one(social):
    parameters = decode_parameters({"x": NEGATIVE, "s": {"low": NEGATIVE[0]}})
    assert social.rows("UNWIND $x AS x RETURN x = CAST('-1.50' AS DECIMAL(9,2))", parameters) == [[True]]
    assert social.value("RETURN CAST('-1.50' AS DECIMAL(9,2)) = $s.low", parameters) is True
    assert social.value("RETURN $x", parameters) == ["-1.5"]


def test_wide_whole_numbers_are_compared_exactly(social):
    near = decode_parameters({"x": {"$type": "INT128", "value": str(10**38 - 1)}})
    assert social.value(f"RETURN CAST('{10**38 - 1}' AS INT128) = $x", near) is True
    assert social.value(f"RETURN CAST('{10**38 - 2}' AS INT128) = $x", near) is False


@pytest.mark.parametrize(
    ("statement", "warned"),
    [
        ("RETURN INTERVAL('3 days') AS i", False),
        ("RETURN timestamp('2024-03-01 00:00:00') - timestamp('2023-01-01 00:00:00') AS i", False),
        ("RETURN INTERVAL('1 month') AS i", True),
        ("RETURN [INTERVAL('1 month')] AS i", True),
    ],
)
def test_only_what_may_be_a_month_is_warned_of(social, statement, warned):
    assert bool(social.result(statement).warnings) is warned


def test_a_null_in_a_map_is_kept_or_refused(files, load):
    files.node("N", ("id", "INT64"), {"v": "MAP<STRING,UUID>"}, [[1, [("a", UUIDS[0]), ("b", None)]]])
    assert load(files).rows("MATCH (n:N) RETURN n.v") == [[{"a": UUIDS[0], "b": None}]]


def test_a_null_in_a_map_with_cast_keys_is_refused(files, load):
    files.node("N", ("id", "INT64"), {"v": "MAP<UUID,INT64>"}, [[1, [(UUIDS[0], None)]]])
    with pytest.raises(PlatformError, match="v is a MAP<UUID,INT64> with a null value"):
        load(files)


def test_an_array_of_texts_beside_null_is_right_or_refused(files, load, engine_name):
    files.node("N", ("id", "INT64"), {"v": "ARRAY<STRING,2>"}, [[1, ["a", None]], [2, None], [3, ["bc", "d"]]])
    graph = load(files)
    statement = "MATCH (n:N) RETURN n.v ORDER BY n.id"
    if engine_name == "kuzu":
        with pytest.raises(PlatformError, match="broken LIST<STRING> column"):
            graph.rows(statement)
    else:
        assert graph.rows(statement) == [[["a", None]], [None], [["bc", "d"]]]
    assert graph.rows("MATCH (n:N) WHERE n.v IS NOT NULL RETURN n.v ORDER BY n.id") == [[["a", None]], [["bc", "d"]]]


def test_missing_and_unusable_parameters_are_named(social):
    for parameters, words in [
        ({}, r"uses \$x, but parameters has no x \(given: none\)"),
        ({"x": [1, "a"]}, r"\$x is a list of number and text values"),
        ({"x": [2**53 + 1, 0.5]}, r"\$x mixes fractions with whole numbers that no DOUBLE holds"),
        ({"x": {}}, r"\$x is an empty object"),
        ({"x": Decimal("1E+40")}, r"\$x is a decimal of more than 38 digits"),
    ]:
        with pytest.raises(PlatformError, match=words) as caught:
            social.result("MATCH (n) WHERE n.name = $x RETURN n", parameters)
        assert caught.value.details["kind"] == "parameter"
        assert caught.value.details["position"] == 25
    assert social.value("RETURN 1 AS one", {"unused": UUID(int=0)}) == 1
