"""Every type of docs/reference/types.md the whole way: DuckDB, export, load, JSON, Arrow, frames, parameters."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from graph_olap._arrow import to_frame
from graph_olap._parameters import encode_parameters
from graph_olap._values import converter
from graph_olap.models import LoadReport, NodeDefinition, PrimaryKey, PropertyDefinition, PropertyType, parse_type
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.encoding import arrow_stream, decode_parameters
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class
from graph_olap_server.instance.engine.types import ddl_type
from graph_olap_server.snapshots.manifest import EntityFile, SnapshotManifest
from graph_olap_server.snapshots.writer import write_parquet
from graph_olap_server.warehouse.base import SourceColumn
from graph_olap_server.warehouse.duckdb_export import export_relation
from graph_olap_server.warehouse.types import arrow_type, duckdb_type
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[5]
ROWS = 8
DECLARED = [
    "STRING", "INT64", "INT32", "INT16", "INT8", "INT128", "UINT64", "UINT32", "UINT16", "UINT8", "DOUBLE", "FLOAT",
    "DECIMAL(4,2)", "DECIMAL(9,0)", "DECIMAL(18,18)", "DECIMAL(38,10)", "BOOL", "DATE", "TIMESTAMP", "TIMESTAMP_TZ",
    "TIMESTAMP_MS", "TIMESTAMP_SEC", "TIMESTAMP_NS", "INTERVAL", "BLOB", "UUID", "LIST<INT64>", "LIST<DECIMAL(9,2)>",
    "LIST<UUID>", "LIST<TIMESTAMP_TZ>", "LIST<LIST<STRING>>", "LIST<STRUCT<a INT64, b STRING>>", "ARRAY<DOUBLE,3>",
    "ARRAY<INT64,2>", "LIST<BLOB>", "LIST<INTERVAL>", "LIST<INT128>", "LIST<BOOL>", "LIST<DOUBLE>",
    "MAP<STRING,DOUBLE>", "MAP<INT64,STRING>", "MAP<UUID,INT64>", "MAP<STRING,LIST<UUID>>",
    "MAP<STRING,DECIMAL(9,2)>", "MAP<STRING,LIST<INT64>>",
    "STRUCT<a INT64, b STRING>", "STRUCT<a DECIMAL(9,2), b STRUCT<c DATE, d LIST<UUID>>>",
]  # fmt: skip

WITHOUT_NULLS = ("MAP<UUID,INT64>", "MAP<STRING,LIST<UUID>>")
WIDE = 10**38


def _integers(bits: int, *, signed: bool) -> st.SearchStrategy[int]:
    low, high = (-(2 ** (bits - 1)) + 1, 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return st.one_of(st.sampled_from([low, -1 if signed else 1, 0, high]), st.integers(low, high))


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    **{f"INT{bits}": _integers(bits, signed=True) for bits in (8, 16, 32, 64, 128)},
    **{f"UINT{bits}": _integers(bits, signed=False) for bits in (8, 16, 32, 64)},
    "STRING": st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    # The sign of zero is lost where a block of a property holds zeros only.
    "DOUBLE": st.floats().map(lambda value: value + 0.0),
    "FLOAT": st.floats(width=32).map(lambda value: value + 0.0),
    "BOOL": st.booleans(),
    "DATE": st.dates(),
    "TIMESTAMP": st.datetimes(),
    "TIMESTAMP_TZ": st.datetimes(timezones=st.just(dt.UTC)),
    "TIMESTAMP_MS": st.datetimes().map(lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)),
    "TIMESTAMP_SEC": st.datetimes().map(lambda t: t.replace(microsecond=0)),
    "TIMESTAMP_NS": st.datetimes(dt.datetime(1678, 1, 1), dt.datetime(2261, 12, 31)),
    "INTERVAL": st.timedeltas(dt.timedelta(0), dt.timedelta(days=100_000)),
    "BLOB": st.binary(max_size=5),
    "UUID": st.integers(1, 2**128 - 1).map(lambda number: UUID(int=number)),
}


def values_of(kind: PropertyType) -> st.SearchStrategy[Any]:
    if kind.name in SCALARS:
        return SCALARS[kind.name]
    if kind.name == "DECIMAL":
        precision, scale = kind.numbers
        top = 10**precision - 1
        return st.integers(-top, top).map(lambda n: Decimal(f"{n}e-{scale}"))
    # NaN beside nulls is refused, and so are nulls in maps whose parts travel as text (docs/reference/types.md).
    inner = [st.floats(allow_nan=False) if child.name == "DOUBLE" else values_of(child) for child in kind.children]
    full = kind.name == "MAP" and str(kind) in WITHOUT_NULLS
    children = [child if full else st.none() | child for child in inner]
    if kind.name == "LIST":
        return st.lists(children[0], max_size=3)
    if kind.name == "ARRAY":
        return st.lists(children[0], min_size=kind.numbers[0], max_size=kind.numbers[0])
    if kind.name == "MAP":
        return st.dictionaries(values_of(kind.children[0]), children[1], max_size=3)
    return st.fixed_dictionaries(dict(zip(kind.fields, children, strict=True))).map(
        lambda value: {name: value[name] for name in kind.fields}
    )


def sql(value: Any, kind: PropertyType) -> str:
    """Write a value as DuckDB SQL."""
    if value is None:
        text = "NULL"
    elif kind.name in ("LIST", "ARRAY"):
        text = "[" + ", ".join(sql(item, kind.children[0]) for item in value) + "]"
    elif kind.name == "MAP":
        keys, items = ([sql(x, kind.children[i]) for x in part] for i, part in enumerate((value, value.values())))
        text = f"MAP([{', '.join(keys)}], [{', '.join(items)}])"
    elif kind.name == "STRUCT":
        parts = zip(kind.fields, kind.children, strict=True)
        text = "{" + ", ".join(f"'{name}': {sql(value[name], child)}" for name, child in parts) + "}"
    elif kind.name == "BLOB":
        text = f"unhex('{value.hex()}')"
    elif kind.name == "INTERVAL":
        micros = (value.seconds * 1_000_000) + value.microseconds
        text = f"to_days({value.days}) + to_microseconds({micros})"
    elif kind.name == "STRING":
        text = f"decode(unhex('{value.encode().hex()}'))"
    else:
        text = f"'{value:f}'" if isinstance(value, Decimal) else f"'{value}'"
    return f"CAST({text} AS {duckdb_type(kind)})"


class Loaded(NamedTuple):
    engine: Any

    def table(self, statement: str) -> pa.Table:
        return pa.ipc.open_stream(b"".join(arrow_stream(self.query(statement)))).read_all()

    def query(self, statement: str, parameters: dict[str, Any] | None = None) -> Any:
        sent = json.loads(json.dumps(encode_parameters(parameters)))
        return self.engine.query(statement, decode_parameters(sent), timeout_ms=60_000, query_id="t")


@pytest.fixture
def load(tmp_path_factory, engine_name):
    """Write columns ``{declared type: values}`` to DuckDB, export them as a mapping would, and load the file."""
    opened = []

    def _load(columns: dict[str, list[Any]]) -> Loaded:
        while opened:  # a generated test opens many
            opened.pop().close()
        folder = tmp_path_factory.mktemp("types")
        names = [f"p{index}" for index in range(len(columns))]
        rows = len(next(iter(columns.values())))
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'Asia/Kathmandu'")
            tuples = [
                ", ".join([str(row), *(sql(values[row], parse_type(kind)) for kind, values in columns.items())])
                for row in range(rows)
            ]
            values = ", ".join(f"({text})" for text in tuples)
            relation = connection.sql(f"SELECT * FROM (VALUES {values}) AS t(id, {', '.join(names)})")
            sources = [SourceColumn("id", "INT64"), *map(SourceColumn, names, columns)]
            stream = export_relation(relation, sources, connection.interrupt)
            written = write_parquet(stream.schema, stream, folder / "N.parquet")
        properties = [PropertyDefinition(name=name, type=kind) for name, kind in zip(names, columns, strict=True)]
        key = PrimaryKey(name="id", type="INT64")
        manifest = SnapshotManifest(
            snapshot_id=1,
            mapping_id=1,
            mapping_version=1,
            node_definitions=[NodeDefinition(label="N", sql="SELECT 1", primary_key=key, properties=properties)],
            edge_definitions=[],
            files=[EntityFile(kind="node", name="N", path="N.parquet", rows=rows, size_bytes=written.size_bytes)],
            load_report=LoadReport(snapshot_id=1, on_bad_rows="report"),
        )
        limits = EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024)
        engine = engine_class(engine_name).open(folder / "graph.db", limits)
        opened.append(engine)
        engine.load(folder, manifest, lambda progress: None)
        return Loaded(engine)

    yield _load
    for engine in opened:
        engine.close()


def plain(value: Any, kind: PropertyType) -> Any:
    """Bring what a library shows of a value into Python's own types, without changing what it is."""
    if value is None or value is pd.NA:
        return None
    if kind.name in ("LIST", "ARRAY"):
        return [plain(item, kind.children[0]) for item in value]
    if kind.name == "MAP":
        key, item = kind.children
        pairs = value.items() if isinstance(value, dict) else value
        items = [tuple(pair.values()) if isinstance(pair, dict) else pair for pair in pairs]
        return {plain(name, key): plain(one, item) for name, one in items}
    if kind.name == "STRUCT":
        return {name: plain(value[name], child) for name, child in zip(kind.fields, kind.children, strict=True)}
    if kind.name == "INT128" and isinstance(value, Decimal):
        return int(value)
    if kind.name == "UUID":
        return str(value)
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime()
    if isinstance(value, pd.Timedelta):
        value = value.to_pytimedelta()
    if isinstance(value, dt.datetime):
        assert (value.tzinfo is None) == (kind.name != "TIMESTAMP_TZ")
        return value.replace(fold=0, tzinfo=value.tzinfo and dt.UTC)
    return value


def in_json(value: Any) -> Any:
    """Return what JSON makes of numbers that it lacks."""
    if isinstance(value, dict):
        return {key: in_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [in_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def column_of(kind: PropertyType) -> st.SearchStrategy[list[Any]]:
    def settle(values: list[Any]) -> list[Any]:
        if not any(isinstance(value, float) and math.isnan(value) for value in values):
            return values
        # Beside nulls and beside equal numbers NaN is refused.
        settled = [float(place) if value is None else value for place, value in enumerate(values)]
        numbers = {value for value in settled if not math.isnan(value)}
        return [0.5 if math.isnan(value) else value for value in settled] if len(numbers) == 1 else settled

    return st.lists(st.none() | values_of(kind), min_size=ROWS, max_size=ROWS).map(settle)


TABLES = st.fixed_dictionaries({declared: column_of(parse_type(declared)) for declared in DECLARED})
NARROW = settings(
    deadline=None,
    database=None,
    max_examples=3,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@NARROW
@given(columns=TABLES)
def test_values_survive_the_whole_way(load, columns):
    check_whole_way(load(columns), columns)


@pytest.mark.slow
@settings(NARROW, max_examples=40)
@given(columns=TABLES)
def test_many_values_survive_the_whole_way(load, columns):
    check_whole_way(load(columns), columns)


def check_whole_way(graph: Loaded, columns: dict[str, list[Any]]) -> None:
    returned = ", ".join(f"n.p{index} AS p{index}" for index in range(len(columns)))
    result = graph.query(f"MATCH (n:N) RETURN {returned} ORDER BY n.id")
    rows = json.loads(json.dumps(list(result.rows()), allow_nan=False))
    shown = [column.type for column in result.columns]
    for index, (declared, values) in enumerate(columns.items()):
        kind = parse_type(declared)
        expected = [plain(value, kind) for value in values]
        # A struct's fields are typed by the schema (as in a node), not by the column.
        convert = converter(declared if "STRUCT" in declared else shown[index]) or (lambda value: value)
        read = [None if row[index] is None else convert(row[index]) for row in rows]
        assert repr([plain(value, kind) for value in read]) == repr(in_json(expected)), declared
        statement = f"MATCH (n:N) RETURN n.p{index} AS v ORDER BY n.id"
        if "INT128" in declared and any(abs(number) >= WIDE for number in numbers(values)):
            with pytest.raises(PlatformError, match="column v holds whole numbers of more than 38 digits"):
                graph.table(statement)
            continue
        table = graph.table(statement)
        table.validate(full=True)
        for name, found in {
            "arrow": table.column("v").to_pylist(),
            "polars": to_frame(table, "polars")["v"].to_list(),
            "pandas": to_frame(table, "pandas")["v"].tolist(),
        }.items():
            assert repr([plain(value, kind) for value in found]) == repr(expected), (declared, name)
    check_parameters(graph, columns)


def numbers(values: list[Any]) -> list[int]:
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [item for item in flat if item is not None]


def check_parameters(graph: Loaded, columns: dict[str, list[Any]]) -> None:
    """Send each value as a parameter, alone, in a list and in an object, and let the engine compare it."""
    for row in range(ROWS):
        tests, parameters = [], {}
        for index, (declared, values) in enumerate(columns.items()):
            value = values[row]
            if value is None or (isinstance(value, float) and math.isnan(value)):
                continue  # neither equals anything
            if "MAP" in declared or "STRUCT" in declared or (declared.startswith("LIST<DEC") and "-" in str(value)):
                continue  # cannot be compared, as the tests below and the documentation say
            tests += [f"n.p{index} = $x{index}", f"n.p{index} = $s.x{index}"]
            parameters[f"x{index}"] = value
            if "<" not in declared and not (isinstance(value, Decimal) and value < 0):
                tests.append(f"n.p{index} IN $l{index}")
                parameters[f"l{index}"] = [value]
        if not tests:
            continue
        parameters["s"] = dict(parameters)
        result = graph.query(f"MATCH (n:N) WHERE n.id = {row} RETURN {', '.join(tests)}", parameters)
        (answers,) = result.rows()
        assert [test for test, answer in zip(tests, answers, strict=True) if answer is not True] == []


SAMPLES: dict[str, Any] = {
    "STRING": "a",
    **dict.fromkeys(["INT64", "INT32", "INT16", "INT8", "INT128", "UINT64", "UINT32", "UINT16", "UINT8"], 1),
    **dict.fromkeys(["DOUBLE", "FLOAT"], 0.5),
    "DECIMAL(9,2)": Decimal("-1.50"),
    "BOOL": True,
    "DATE": dt.date(2024, 5, 1),
    "TIMESTAMP": dt.datetime(2024, 5, 1, 1, 2, 3),
    "TIMESTAMP_TZ": dt.datetime(2024, 5, 1, 1, 2, 3, tzinfo=dt.UTC),
    **dict.fromkeys(["TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_SEC"], dt.datetime(2024, 5, 1, 1, 2, 3)),
    "INTERVAL": dt.timedelta(days=1),
    "BLOB": b"\x00",
    "UUID": UUID(int=1),
    "LIST<INT64>": [1, None],
    "ARRAY<DOUBLE,3>": [0.5, 1.5, 2.5],
    "MAP<STRING,INT64>": {"a": 1},
    "MAP<INT64,STRING>": {1: "a"},
    "STRUCT<a INT64, b DATE>": {"a": 1, "b": dt.date(2024, 5, 1)},
}


def test_the_documented_table_says_what_happens(load):
    """Each row of the table, a value and a null of its type: what each station makes of them."""
    documented = (ROOT / "docs/reference/types.md").read_text(encoding="utf-8").splitlines()
    graph = load({declared: [value, None] for declared, value in SAMPLES.items()})
    missing = [row for row in (_table_row(graph, *item) for item in enumerate(SAMPLES)) if row not in documented]
    assert not missing, "docs/reference/types.md lacks:\n" + "\n".join(missing)


def _table_row(graph: Loaded, index: int, declared: str) -> str:
    kind = parse_type(declared)
    statement = f"MATCH (n:N) RETURN n.p{index} AS v ORDER BY n.id"
    result = graph.query(statement)
    ((value,), _) = result.rows()
    convert = converter(result.columns[0].type) or (lambda value: value)
    table = graph.table(statement)
    cells = [
        declared,
        duckdb_type(kind).replace('"', ""),
        str(arrow_type(kind)),
        ddl_type(kind),
        result.columns[0].type,
        json.dumps(value),
        str(table.schema.field("v").type),
        str(to_frame(table, "polars")["v"].dtype),
        str(to_frame(table, "pandas")["v"].dtype),
        type(convert(value)).__name__,
    ]
    return "| " + " | ".join(f"`{cell}`" for cell in cells) + " |"
