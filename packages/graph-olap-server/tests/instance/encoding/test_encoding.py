from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.encoding import ERROR_KEY, TYPE_KEY, arrow_stream, decode_parameters
from graph_olap_server.instance.encoding.intervals import CalendarInterval, format_interval, parse_interval
from graph_olap_server.instance.engine.base import EngineResult, ResultColumn
from hypothesis import given, settings
from hypothesis import strategies as st

SCHEMA = pa.schema([("n", pa.int64())])


class Numbers(EngineResult):
    """Three batches; fails before the given one."""

    __slots__ = ("fail_at",)

    def __init__(self, fail_at: int | None = None) -> None:
        super().__init__([ResultColumn("n", "INT64")], 6, 1)
        self.fail_at = fail_at

    @property
    def arrow_schema(self) -> pa.Schema:
        return SCHEMA

    def batches(self, max_rows_per_batch: int = 65_536) -> Iterator[pa.RecordBatch]:
        for index in range(3):
            if index == self.fail_at:
                raise PlatformError("QUERY_TIMEOUT", "Too slow.", {"timeout_ms": 5})
            yield pa.record_batch([[2 * index, 2 * index + 1]], schema=SCHEMA)

    def rows(self) -> Iterator[list[Any]]:
        yield from ()

    def close(self) -> None:
        pass


def test_a_whole_stream_ends_with_the_marker_and_names_its_types():
    data = b"".join(arrow_stream(Numbers()))
    assert data.endswith(b"\xff\xff\xff\xff\x00\x00\x00\x00")
    table = pa.ipc.open_stream(data).read_all()
    assert table.column("n").to_pylist() == [0, 1, 2, 3, 4, 5]
    assert table.schema.field("n").metadata[TYPE_KEY] == b"INT64"


def test_chunks_come_one_batch_at_a_time():
    assert len(list(arrow_stream(Numbers()))) == 5


def test_an_error_after_the_first_byte_cannot_be_taken_for_an_end():
    data = b"".join(arrow_stream(Numbers(fail_at=2)))
    assert not data.endswith(b"\xff\xff\xff\xff\x00\x00\x00\x00")
    reader = pa.ipc.open_stream(data)
    batches = [reader.read_next_batch_with_custom_metadata() for _ in range(3)]
    assert [batch.num_rows for batch, _ in batches] == [2, 2, 0]
    body = json.loads(batches[-1][1][ERROR_KEY])
    assert body["error"] == {"code": "QUERY_TIMEOUT", "message": "Too slow.", "details": {"timeout_ms": 5}}


def test_an_error_before_the_first_byte_is_raised():
    with pytest.raises(PlatformError, match="Too slow"):
        next(arrow_stream(Numbers(fail_at=0)))


@pytest.mark.parametrize(
    ("value", "field", "words"),
    [
        (
            {"$type": "DATE", "value": "yesterday"},
            "parameters.x.value",
            "'yesterday' is not a DATE; write it as YYYY-MM-DD",
        ),
        ({"$type": "MONEY", "value": 1}, "parameters.x.$type", "unknown type 'MONEY'; use one of DATE, TIMESTAMP"),
        ({"$type": "INT64", "value": 2**63}, "parameters.x.value", "at most 64 bits"),
        ({"$type": "INT64", "value": True}, "parameters.x.value", "at most 64 bits"),
        ({"$type": "BLOB", "value": "a"}, "parameters.x.value", "base64"),
        ({"$type": "DECIMAL", "value": "NaN"}, "parameters.x.value", "such as 12.50"),
        ({"$type": "UUID", "value": "12"}, "parameters.x.value", "32 hexadecimal digits"),
        ({"$type": "INTERVAL", "value": "1 day"}, "parameters.x.value", "ISO 8601"),
        ([1, {"a": {"$type": "DATE", "value": 5}}], "parameters.x[1].a.value", "is not a DATE"),
    ],
)
def test_unusable_parameters_are_named(value, field, words):
    with pytest.raises(PlatformError) as caught:
        decode_parameters({"x": value})
    assert caught.value.code == "VALIDATION_FAILED"
    assert caught.value.details["field"] == field
    assert words in caught.value.message


def test_objects_with_more_keys_are_structs_and_typed_nulls_are_null():
    value = {"$type": "DATE", "value": "2020-01-01", "more": 1}
    assert decode_parameters({"x": value, "y": {"$type": "DATE", "value": None}}) == {"x": value, "y": None}


@settings(deadline=None, max_examples=200)
@given(st.timedeltas(dt.timedelta(days=-10_000), dt.timedelta(days=10_000)))
def test_intervals_round_trip(value):
    microseconds = value // dt.timedelta(microseconds=1)
    parsed = parse_interval(format_interval(microseconds))
    assert parsed == CalendarInterval.from_timedelta(value)


@pytest.mark.parametrize("text", ["", "P", "PT", "P1", "1D", "P-1D", "P1.5D"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="not an ISO 8601 duration"):
        parse_interval(text)


DAY = {"$type": "DATE", "value": "2024-05-01"}


@pytest.mark.parametrize(
    "value",
    [
        list(range(400_000)),
        ["text", None] * 200_000,
        [[1, 2]] * 9_000,
        [{"a": 1, "b": "x"}] * 9_000,
        [DAY] * 30_000,
        [[0.5] * 1536] * 100,
        {"a": [1] * 200_000},
    ],
)
def test_parameters_that_the_engine_takes_in(value):
    assert len(decode_parameters({"x": value})["x"]) == len(value)


@pytest.mark.parametrize(
    "value",
    [[[1]] * 10_000, [{"a": 1}] * 200_000, [DAY] * 30_001, [[0.5] * 1536] * 200, {"a": {"b": [1] * 400_000}}],
)
def test_parameters_that_would_cost_the_engine_gigabytes_are_refused(value):
    with pytest.raises(PlatformError) as refused:
        decode_parameters({"small": [1], "x": value})
    assert (refused.value.code, refused.value.details["field"]) == ("VALIDATION_FAILED", "parameters.x")
    assert "Send a list for each column" in refused.value.message
