"""A filter compares numbers and times by what they are worth, whatever their types: in WHERE as in RETURN."""

from __future__ import annotations

import datetime as dt
import operator
from decimal import Decimal

import pyarrow as pa
import pytest
from graph_olap.models import parse_type
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class
from graph_olap_server.warehouse.types import arrow_type

NUMBERS = (
    "INT8", "INT16", "INT32", "INT64", "INT128", "UINT8", "UINT16", "UINT32", "UINT64", "FLOAT", "DOUBLE",
    "DECIMAL(4,1)", "DECIMAL(9,2)", "DECIMAL(12,2)", "DECIMAL(30,2)",
)  # fmt: skip
TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP_MS", "TIMESTAMP_SEC", "TIMESTAMP_NS", "TIMESTAMP_TZ")
OPERATORS = {"=": "eq", "<": "lt", ">=": "ge"}
MOMENTS = [dt.datetime(2024, 1, day, 10) for day in range(1, 13)]


def _number(kind: str, index: int):
    if kind.startswith("DECIMAL"):
        return Decimal(index) - Decimal("5.5")
    return index - 5.5 if kind in ("FLOAT", "DOUBLE") else index - (0 if kind.startswith("U") else 5)


def _time(kind: str, index: int):
    moment = MOMENTS[index]
    if kind == "DATE":
        return moment.date()
    return moment.replace(tzinfo=dt.UTC) if kind == "TIMESTAMP_TZ" else moment


def _stored(kind: str, index: int):
    value = (_time if kind in TIMES else _number)(kind, index)
    if pa.types.is_string(arrow_type(parse_type(kind))):
        return str(value)
    return value


@pytest.fixture(scope="module")
def typed(tmp_path_factory, snapshot_files, graph_class, engine_name):
    folder = tmp_path_factory.mktemp("typed")
    files = snapshot_files(folder)
    columns = {f"p{place}": kind for place, kind in enumerate((*NUMBERS, *TIMES))}
    values = [[_stored(kind, index) for kind in columns.values()] for index in range(12)]
    files.node("T", ("id", "INT64"), columns, [[index, *row] for index, row in enumerate(values)])
    files.edge("R", ("T", "T"), columns, [[index, index, *row] for index, row in enumerate(values)])
    engine = engine_class(engine_name).open(folder / "g.db", EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024))
    engine.load(folder, files.manifest(), lambda _progress: None)
    yield graph_class(engine)
    engine.close()


def _differences(typed, kind, place, constants, value_of):
    found = []
    for text, worth in constants:
        for symbol, name in OPERATORS.items():
            expected = [i for i in range(12) if getattr(operator, name)(value_of(kind, i), worth)]
            mirrored = [i for i in range(12) if getattr(operator, name)(worth, value_of(kind, i))]
            for pattern, expected_ids, condition in (
                ("(x:T)", expected, f"x.p{place} {symbol} {text}"),
                ("(x:T)", mirrored, f"{text} {symbol} x.p{place}"),
                ("(a:T)-[x:R]->()", expected, f"x.p{place} {symbol} {text}"),
            ):
                key = "x" if pattern == "(x:T)" else "a"
                statement = f"MATCH {pattern} WHERE {condition} RETURN {key}.id AS i ORDER BY i"
                rows = [row[0] for row in typed.rows(statement)]
                if rows != expected_ids:
                    found.append((condition, rows, expected_ids))
    return found


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_number_is_compared_with_numbers_of_other_types(typed, kind):
    constants = [
        ("-2.5", -2.5),
        ("2", 2),
        ("2.0", 2),
        ("2.5", 2.5),
        ("1e3", 1000),
        ("CAST(2 AS INT128)", 2),
        ("CAST(2.5 AS FLOAT)", 2.5),
        ("CAST('2.5' AS DECIMAL(4,2))", Decimal("2.5")),
    ]
    assert _differences(typed, kind, NUMBERS.index(kind), constants, _number) == []


@pytest.mark.parametrize("kind", TIMES)
def test_a_time_is_compared_with_times_of_other_types(typed, kind):
    def instant(name, index):
        value = _time(name, index)
        if not isinstance(value, dt.datetime):
            return dt.datetime(value.year, value.month, value.day)
        return value.replace(tzinfo=None)

    text = "2024-01-05 10:00:00"
    constants = [(f"CAST('{text}' AS {name})", MOMENTS[4]) for name in TIMES if name != "DATE"]
    constants.append(("date('2024-01-05')", dt.datetime(2024, 1, 5)))
    assert _differences(typed, kind, len(NUMBERS) + TIMES.index(kind), constants, instant) == []


@pytest.mark.parametrize("value", [2.5, 2, 2.0, Decimal("2.5"), Decimal("-2.50")])
def test_a_parameter_is_compared_like_the_constant(typed, value):
    for place, kind in enumerate(NUMBERS):
        expected = [i for i in range(12) if _number(kind, i) < value]
        statement = f"MATCH (x:T) WHERE x.p{place} < $value RETURN x.id AS i ORDER BY i"
        assert [row[0] for row in typed.rows(statement, {"value": value})] == expected, kind


def test_a_key_is_compared_with_numbers_of_other_types(typed):
    for condition in ("x.id = 2.0", "x.id = 2", "x.id = CAST(2 AS INT128)", "2.0 = x.id", "x.id IN [2.0, 2.5]"):
        assert typed.rows(f"MATCH (x:T) WHERE {condition} RETURN x.id") == [[2]], condition
    assert typed.rows("MATCH (x:T {id: 2.0}) RETURN x.id") == [[2]]
    assert typed.rows("MATCH (x:T) WHERE x.id = 2.5 RETURN x.id") == []
