"""Types on the wire: what goes out as a parameter comes back as the same value."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_olap._parameters import encode_parameters, format_interval
from graph_olap._values import converter, parse_interval
from graph_olap.exceptions import ValidationError

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

QUICK = settings(deadline=None, max_examples=60)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**37), 10**37),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(dt.timezone.utc)),
    st.timedeltas(),
    st.binary(max_size=8),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9),
    st.uuids(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)


def _decode(value):
    """Read a parameter as the contract defines it; a plain reference for the encoder."""
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) != {"$type", "value"}:
        return {key: _decode(item) for key, item in value.items()}
    if value["$type"] == "UUID":
        return uuid.UUID(value["value"])
    kind = {"DECIMAL": "DECIMAL(38,3)"}.get(value["$type"], value["$type"])
    return int(value["value"]) if kind == "INT128" else converter(kind)(value["value"])


@QUICK
@given(VALUES)
def test_parameters_survive_the_way(value):
    encoded = encode_parameters({"x": value})["x"]
    decoded = _decode(json.loads(json.dumps(encoded, allow_nan=False)))
    assert decoded == value


@QUICK
@given(st.timedeltas())
def test_intervals_survive_the_way(value):
    assert parse_interval(format_interval(value)) == value


@QUICK
@given(st.text(max_size=12))
def test_reading_an_interval_never_fails(text):
    assert isinstance(parse_interval(text), (str, dt.timedelta))


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (np.int32(5), 5),
        (np.float64(1.5), 1.5),
        (np.bool_(True), True),
        (np.array([1, 2]), [1, 2]),
        (np.datetime64("2024-05-01T10:00:00", "us"), {"$type": "TIMESTAMP", "value": "2024-05-01T10:00:00"}),
        (pd.Timestamp("2024-05-01"), {"$type": "TIMESTAMP", "value": "2024-05-01T00:00:00"}),
        (np.datetime64("2024-05-01T10:00:00", "ns"), {"$type": "TIMESTAMP", "value": "2024-05-01T10:00:00"}),
        (np.datetime64("2024-05-01T10", "h"), {"$type": "TIMESTAMP", "value": "2024-05-01T10:00:00"}),
        (np.datetime64("2024-05-01"), {"$type": "DATE", "value": "2024-05-01"}),
        (np.datetime64("NaT", "s"), None),
        (np.timedelta64(5, "s"), {"$type": "INTERVAL", "value": "P0DT5S"}),
        (np.timedelta64(5_000, "ns"), {"$type": "INTERVAL", "value": "P0DT0.000005S"}),
        (
            np.array(["2024-05-01T10:00:00", "NaT"], "datetime64[ns]"),
            [{"$type": "TIMESTAMP", "value": "2024-05-01T10:00:00"}, None],
        ),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Series([1, None], dtype="Int64"), [1, None]),
        (pd.Series(["a", None], dtype="string"), ["a", None]),
        (pd.Index([1, 2]), [1, 2]),
        (pd.Series(["a", "b"], dtype="category"), ["a", "b"]),
        (pd.Series([pd.Timestamp("2024-05-01")]), [{"$type": "TIMESTAMP", "value": "2024-05-01T00:00:00"}]),
        (pd.NA, None),
        (pl.Series([1, None]), [1, None]),
        (pl.Series([dt.date(2024, 5, 1)]), [{"$type": "DATE", "value": "2024-05-01"}]),
        (pa.array([1, None]), [1, None]),
        (pa.chunked_array([[1], [2]]), [1, 2]),
        (pa.scalar(7), 7),
        (2**63 - 1, 2**63 - 1),
        (2**63, {"$type": "INT128", "value": "9223372036854775808"}),
        (1 - 2**127, {"$type": "INT128", "value": "-170141183460469231731687303715884105727"}),
        (float("-inf"), {"$type": "DOUBLE", "value": "-inf"}),
        ((1, 2), [1, 2]),
        ({"$type": "INT64", "value": "7"}, {"$type": "INT64", "value": "7"}),
        (
            dt.datetime(2024, 5, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            {"$type": "TIMESTAMP", "value": "2024-05-01T10:00:00Z"},
        ),
    ],
)
def test_encoded_forms(value, encoded):
    found = encode_parameters({"x": value})["x"]
    assert found == encoded
    assert type(found) is type(encoded)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (pl.DataFrame({"a": [1]}), "polars DataFrame"),
        (pd.DataFrame({"a": [1]}), "pandas DataFrame cannot be sent; pass one column"),
        (pd.Series([1.5, None]), r"nan cannot be sent"),
        (pd.Interval(0, 1), "pandas Interval cannot be sent; pass a Python value"),
        (np.datetime64("2024-05-01T10:00:00.000000001"), "finer than a microsecond"),
        (pa.table({"a": [1]}), "pyarrow Table cannot be sent; pass one column"),
        (np.timedelta64(1, "M"), "months"),
        (pd.NaT, "NaT"),
        (float("nan"), "nan"),
        (Decimal("Infinity"), "Infinity"),
        (2**127, "128 bits"),
        (object(), "no counterpart"),
        ({1: "a"}, "keys of a dictionary"),
        (dt.time(10), "no counterpart"),
    ],
)
def test_what_cannot_be_sent_is_named(value, reason):
    with pytest.raises(ValidationError, match=reason) as caught:
        encode_parameters({"outer": {"x": value}})
    assert caught.value.details["field"].startswith("outer")


def test_names_are_checked():
    with pytest.raises(ValidationError, match="without the dollar sign: 'x'"):
        encode_parameters({"$x": 1})
    with pytest.raises(ValidationError, match="must be a dictionary"):
        encode_parameters([1])


@pytest.mark.parametrize(
    ("kind", "wire", "value"),
    [
        ("TIMESTAMP", "2024-05-01T10:00:00", dt.datetime(2024, 5, 1, 10)),
        ("TIMESTAMP_NS", "2024-05-01T10:00:00.123456789", dt.datetime(2024, 5, 1, 10, 0, 0, 123456)),
        ("DATE", "12024-05-01", "12024-05-01"),
        ("INTERVAL", "P1DT2H3M4S", dt.timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("INTERVAL_ISO", "-PT0.5S", dt.timedelta(seconds=-0.5)),
        ("INTERVAL_ISO", "P1Y2M", "P1Y2M"),
        ("BLOB", "AAE=", b"\x00\x01"),
        ("DOUBLE", 1, 1.0),
        ("LIST<LIST<DECIMAL(5,2)>>", [["1.50"], []], [[Decimal("1.50")], []]),
        (
            "STRUCT<a DATE, b STRING>",
            {"a": "2024-05-01", "b": "2024-05-01"},
            {"a": dt.date(2024, 5, 1), "b": "2024-05-01"},
        ),
        ("MAP<STRING,DATE>", {"k": "2024-05-01"}, {"k": dt.date(2024, 5, 1)}),
        ("ARRAY<DATE,1>", ["2024-05-01"], [dt.date(2024, 5, 1)]),
    ],
)
def test_column_types_decide(kind, wire, value):
    assert converter(kind)(wire) == value


@pytest.mark.parametrize("kind", ["INT64", "INT128", "STRING", "BOOL", "ANY", "INTERNAL_ID", "STRUCT", "LIST<STRING>"])
def test_other_types_stay_as_they_are(kind):
    assert converter(kind) is None
