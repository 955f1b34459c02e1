"""Contract types, what DuckDB casts them from, and how they travel in a snapshot's Parquet files.

Three names for one column: the contract's type (``INT64``, ``LIST<UUID>``), DuckDB's type with the same meaning
(``BIGINT``, ``UUID[]``), and the travel type, which is what the Parquet file holds. The last two differ only where
graph engines cannot read the Parquet form: UUID, INT128, DECIMAL, INTERVAL and TIMESTAMP_NS travel as text, which
engines cast on load without loss. docs/reference/types.md is the reader's version of this module.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import pyarrow as pa
from duckdb.sqltypes import DuckDBPyType
from graph_olap.models.types import PropertyType, parse_type

__all__ = [
    "arrow_field",
    "arrow_type",
    "cast_expression",
    "declared_type",
    "duckdb_type",
    "incompatibility",
    "misfit_predicate",
    "natural_type",
    "resolve",
    "travel_type",
]

_TYPE_KEY = b"graph_olap.type"


class _Scalar(NamedTuple):
    """One row of the table: DuckDB type, its type in the file, Arrow type of the file, family."""

    duckdb: str
    travel: str
    arrow: pa.DataType
    family: str


_SCALARS: dict[str, _Scalar] = {
    "STRING": _Scalar("VARCHAR", "VARCHAR", pa.string(), "text"),
    "INT64": _Scalar("BIGINT", "BIGINT", pa.int64(), "integer"),
    "INT32": _Scalar("INTEGER", "INTEGER", pa.int32(), "integer"),
    "INT16": _Scalar("SMALLINT", "SMALLINT", pa.int16(), "integer"),
    "INT8": _Scalar("TINYINT", "TINYINT", pa.int8(), "integer"),
    "INT128": _Scalar("HUGEINT", "VARCHAR", pa.string(), "integer"),
    "UINT64": _Scalar("UBIGINT", "UBIGINT", pa.uint64(), "integer"),
    "UINT32": _Scalar("UINTEGER", "UINTEGER", pa.uint32(), "integer"),
    "UINT16": _Scalar("USMALLINT", "USMALLINT", pa.uint16(), "integer"),
    "UINT8": _Scalar("UTINYINT", "UTINYINT", pa.uint8(), "integer"),
    "DOUBLE": _Scalar("DOUBLE", "DOUBLE", pa.float64(), "real"),
    "FLOAT": _Scalar("FLOAT", "FLOAT", pa.float32(), "real"),
    "DATE": _Scalar("DATE", "DATE", pa.date32(), "date"),
    "TIMESTAMP": _Scalar("TIMESTAMP", "TIMESTAMP", pa.timestamp("us"), "timestamp"),
    "TIMESTAMP_TZ": _Scalar("TIMESTAMPTZ", "TIMESTAMPTZ", pa.timestamp("us", "UTC"), "timestamp"),
    "TIMESTAMP_NS": _Scalar("TIMESTAMP_NS", "VARCHAR", pa.string(), "timestamp"),
    "TIMESTAMP_MS": _Scalar("TIMESTAMP_MS", "TIMESTAMP_MS", pa.timestamp("ms"), "timestamp"),
    "TIMESTAMP_SEC": _Scalar("TIMESTAMP_S", "TIMESTAMP_S", pa.timestamp("s"), "timestamp"),
    "INTERVAL": _Scalar("INTERVAL", "VARCHAR", pa.string(), "interval"),
    "BOOL": _Scalar("BOOLEAN", "BOOLEAN", pa.bool_(), "boolean"),
    "BLOB": _Scalar("BLOB", "BLOB", pa.binary(), "blob"),
    "UUID": _Scalar("UUID", "VARCHAR", pa.string(), "uuid"),
}

_SOURCES: dict[str, tuple[str, str]] = {
    # DuckDB type id -> (contract type with the same meaning, family)
    "boolean": ("BOOL", "boolean"),
    "tinyint": ("INT8", "integer"),
    "smallint": ("INT16", "integer"),
    "integer": ("INT32", "integer"),
    "bigint": ("INT64", "integer"),
    "hugeint": ("INT128", "integer"),
    "uhugeint": ("INT128", "integer"),
    "bignum": ("STRING", "other"),
    "utinyint": ("UINT8", "integer"),
    "usmallint": ("UINT16", "integer"),
    "uinteger": ("UINT32", "integer"),
    "ubigint": ("UINT64", "integer"),
    "float": ("FLOAT", "real"),
    "double": ("DOUBLE", "real"),
    "varchar": ("STRING", "text"),
    "enum": ("STRING", "text"),
    "blob": ("BLOB", "blob"),
    "uuid": ("UUID", "uuid"),
    "date": ("DATE", "date"),
    "timestamp": ("TIMESTAMP", "timestamp"),
    "timestamp_s": ("TIMESTAMP_SEC", "timestamp"),
    "timestamp_ms": ("TIMESTAMP_MS", "timestamp"),
    "timestamp_ns": ("TIMESTAMP_NS", "timestamp"),
    "timestamp with time zone": ("TIMESTAMP_TZ", "timestamp"),
    "time": ("STRING", "time"),
    "time_ns": ("STRING", "time"),
    "time with time zone": ("STRING", "time"),
    "interval": ("INTERVAL", "interval"),
}

_CASTABLE: dict[str, frozenset[str]] = {
    # family of the source -> families it can become; text can become and be made from everything
    "integer": frozenset({"integer", "real", "boolean"}),
    "real": frozenset({"integer", "real", "boolean"}),
    "boolean": frozenset({"integer", "real", "boolean"}),
    "date": frozenset({"date", "timestamp"}),
    "timestamp": frozenset({"date", "timestamp"}),
    "time": frozenset(),
    "interval": frozenset({"interval"}),
    "blob": frozenset({"blob"}),
    "uuid": frozenset({"uuid"}),
    "list": frozenset({"list"}),
    "map": frozenset({"map"}),
    "struct": frozenset({"struct", "map"}),
}


def incompatibility(source_type: str, declared: str) -> str | None:
    """Say why a source column can never be read as a declared type, or ``None`` when it can or nothing is known.

    Args:
        source_type: The warehouse's own type text, as in ``QueryColumn.data_type``.
        declared: A contract type.

    Example:
        >>> incompatibility("BLOB", "DOUBLE")
        'BLOB cannot be read as DOUBLE'
        >>> incompatibility("INTEGER", "DOUBLE") is None
        True
    """
    source = _source_type(source_type)
    if source is None or _castable(source, parse_type(declared)):
        return None
    return f"{source_type} cannot be read as {declared}"


def resolve(declared: PropertyType, source_type: str) -> PropertyType:
    """Give a bare LIST, MAP or STRUCT the element types of the source; return any other type unchanged.

    A source that has no element types (text, JSON) is read as a list or map of strings.

    Raises:
        ValueError: The fields of a struct are unknown or have names that no graph type can have.
    """
    if not declared.is_bare:
        return declared
    source = _source_type(source_type)
    natural = _natural(source) if source is not None else None
    if natural is not None and natural.name == declared.name:
        parse_type(str(natural))  # field names that are no identifiers cannot be spelled in a type
        return natural
    if natural is not None and natural.name == "ARRAY" and declared.name == "LIST":
        return PropertyType("LIST", natural.children)
    text = PropertyType("STRING")
    if declared.name == "LIST":
        return PropertyType("LIST", (text,))
    if declared.name == "MAP":
        return PropertyType("MAP", (text, text))
    raise ValueError(
        f"the fields of a STRUCT cannot be told from {source_type}; declare them, for example STRUCT<name STRING>"
    )


def natural_type(source_type: str) -> PropertyType:
    """Return the contract type that means the same as the warehouse's own; text where there is none.

    Raises:
        ValueError: It is a struct with field names that no graph type can have.

    Example:
        >>> str(natural_type("BIGINT")), str(natural_type("VARCHAR[]"))
        ('INT64', 'LIST<STRING>')
    """
    source = _source_type(source_type)
    return PropertyType("STRING") if source is None else parse_type(str(_natural(source)))


def duckdb_type(declared: PropertyType) -> str:
    """Return DuckDB's type with the meaning of a contract type that is not bare."""
    return _spell(declared, travel=False)


def travel_type(declared: PropertyType) -> str:
    """Return the DuckDB type in which a contract type travels in Parquet."""
    return _spell(declared, travel=True)


def arrow_type(declared: PropertyType) -> pa.DataType:
    """Return the Arrow type of a contract type's column in a snapshot."""
    if declared.name in _SCALARS:
        return _SCALARS[declared.name].arrow
    if declared.name == "DECIMAL":
        return pa.string()
    children = [arrow_type(child) for child in declared.children]
    if declared.name in ("LIST", "ARRAY"):
        return pa.list_(children[0])
    if declared.name == "MAP":
        return pa.map_(children[0], children[1])
    return pa.struct(list(zip(declared.fields, children, strict=True)))


def arrow_field(name: str, declared: PropertyType) -> pa.Field:
    """Return the snapshot column of a contract type; it carries the type's name, which the Arrow type does not tell."""
    return pa.field(name, arrow_type(declared), metadata={_TYPE_KEY: str(declared)})


def declared_type(field: pa.Field) -> PropertyType | None:
    """Return the contract type that a snapshot column carries, ``None`` for files that were written elsewhere.

    Example:
        >>> str(declared_type(arrow_field("tags", parse_type("LIST<UUID>"))))
        'LIST<UUID>'
    """
    text = (field.metadata or {}).get(_TYPE_KEY)
    return None if text is None else parse_type(text.decode())


def cast_expression(expression: str, declared: PropertyType) -> str:
    """Return SQL that casts an expression to a contract type and on to its travel type."""
    meaning, travel = duckdb_type(declared), travel_type(declared)
    value = f"CAST({expression} AS {meaning})"
    if declared.name == "INTERVAL":
        return _interval_text(value)
    return value if meaning == travel else f"CAST({value} AS {travel})"


def misfit_predicate(expression: str, source_type: str, declared: PropertyType) -> str | None:
    """Return SQL that is true for a value which a cast would change instead of refuse, or ``None``.

    DuckDB rounds 1.5 to 2 when it casts to an integer, dates may be infinite, and engines cannot read an interval with
    a negative part.
    """
    source = _source_type(source_type)
    family = _family(source) if source is not None else None
    if declared.name == "INTERVAL":
        value = f"TRY_CAST({expression} AS INTERVAL)"
        parts = (
            f"date_part('{part}', {value}) < 0" for part in ("year", "month", "day", "hour", "minute", "microseconds")
        )
        return f"coalesce({' OR '.join(parts)}, false)"
    if declared.name in _SCALARS:
        target = _SCALARS[declared.name].family
        if target == "integer" and family == "real":
            return f"({expression} <> trunc({expression}))"
        if target == "integer" and family == "text":
            # TRY_CAST: what is no number at all is the cast's own error.
            return f"(coalesce(TRY_CAST({expression} AS DOUBLE) <> trunc(TRY_CAST({expression} AS DOUBLE)), false))"
        if target in ("date", "timestamp") and family in ("date", "timestamp", "text"):
            kind = "DATE" if target == "date" else "TIMESTAMP"
            return f"(NOT coalesce(isfinite(TRY_CAST({expression} AS {kind})), true))"
    return None


def _spell(declared: PropertyType, *, travel: bool) -> str:
    if declared.name in _SCALARS:
        scalar = _SCALARS[declared.name]
        return scalar.travel if travel else scalar.duckdb
    if declared.name == "DECIMAL":
        return "VARCHAR" if travel else f"DECIMAL({declared.numbers[0]},{declared.numbers[1]})"
    children = [_spell(child, travel=travel) for child in declared.children]
    if declared.name == "LIST":
        return f"{children[0]}[]"
    if declared.name == "ARRAY":
        # The file holds a plain list: the engine knows the length, and fixed-size lists lose nulls in Parquet.
        return f"{children[0]}[]" if travel else f"{children[0]}[{declared.numbers[0]}]"
    if declared.name == "MAP":
        return f"MAP({children[0]}, {children[1]})"
    if declared.name == "STRUCT" and children:
        fields = ", ".join(f'"{name}" {child}' for name, child in zip(declared.fields, children, strict=True))
        return f"STRUCT({fields})"
    raise ValueError(f"{declared.name} has no element types yet; resolve it against the source first")


def _interval_text(value: str) -> str:
    """Spell an interval in whole units; ``microseconds`` is DuckDB's part within the minute."""
    return (
        f"(date_part('year', {value}) * 12 + date_part('month', {value}))::VARCHAR || ' months ' || "
        f"date_part('day', {value})::VARCHAR || ' days ' || "
        f"(date_part('hour', {value}) * 3600000000 + date_part('minute', {value}) * 60000000 "
        f"+ date_part('microseconds', {value}))::VARCHAR || ' microseconds'"
    )


def _source_type(text: str) -> DuckDBPyType | None:
    try:
        return duckdb.sqltype(text)
    except duckdb.Error:
        return None  # another warehouse's type: nothing is known about it


def _family(source: DuckDBPyType) -> str:
    kind = source.id
    if kind in ("list", "array"):
        return "list"
    if kind in ("map", "struct"):
        return kind
    if kind == "decimal":
        return "real"
    return _SOURCES[kind][1] if kind in _SOURCES else "other"


def _castable(source: DuckDBPyType, declared: PropertyType) -> bool:
    family = _family(source)
    if declared.name == "STRING" or family in ("text", "other"):
        return True
    if family not in _CASTABLE:
        return True
    if declared.name in ("LIST", "ARRAY"):
        target = "list"
    elif declared.name in ("MAP", "STRUCT"):
        target = declared.name.lower()
    elif declared.name == "DECIMAL":
        target = "real"
    else:
        target = _SCALARS[declared.name].family
    if target not in _CASTABLE[family]:
        return False
    if (source.id, declared.name) == ("timestamp_ns", "TIMESTAMP_SEC"):
        return False  # the one pair of timestamps that DuckDB has no cast for
    if target == "struct":
        have = {name.lower(): child for name, child in _children(source)}
        return all(
            field.lower() in have and _castable(have[field.lower()], child)
            for field, child in zip(declared.fields, declared.children, strict=True)
        )
    if target in ("list", "map") and target == family:
        pairs = zip(_children(source), declared.children, strict=False)  # a bare declaration has no children
        return all(_castable(child, want) for (_, child), want in pairs)
    return True


def _natural(source: DuckDBPyType) -> PropertyType:
    kind = source.id
    if kind in _SOURCES:
        return PropertyType(_SOURCES[kind][0])
    if kind == "decimal":
        return PropertyType("DECIMAL", numbers=(_number(source, "precision"), _number(source, "scale")))
    if kind in ("list", "array", "map", "struct"):
        inner = _children(source)
        elements = tuple(_natural(child) for _, child in inner)
        if kind == "array":
            return PropertyType("ARRAY", elements, numbers=(_number(source, "size"),))
        return PropertyType(kind.upper(), elements, tuple(name for name, _ in inner) if kind == "struct" else ())
    return PropertyType("STRING")


def _children(source: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    return [(name, child) for name, child in source.children if isinstance(child, DuckDBPyType)]


def _number(source: DuckDBPyType, key: str) -> int:
    value = dict(source.children)[key]
    assert isinstance(value, int)
    return value
