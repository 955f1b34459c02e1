"""Arrow results: frames of them, and tables from JSON rows."""

from __future__ import annotations

import ipaddress
import json
from typing import Any, Dict, List, Optional, Sequence, Tuple

import httpx

from graph_olap._optional import installed, require
from graph_olap.exceptions import ValidationError
from graph_olap.models.types import PropertyType, parse_type

__all__ = ["ARROW_STREAM", "choose_backend", "stream_headers", "table_from_rows", "to_frame"]

ARROW_STREAM = "application/vnd.apache.arrow.stream"
"""Media type of Arrow IPC streams."""

_BACKENDS = ("polars", "pandas")
_CODECS = ("lz4", "zstd")  # in the order of preference


def stream_headers(url: str) -> Dict[str, str]:
    """Return the headers that ask for an Arrow stream, compressed only where a network lies in between."""
    headers = {"Accept": f"{ARROW_STREAM}, application/json;q=0.5"}
    pyarrow = require("pyarrow", "dataframe")
    if not _is_this_machine(httpx.URL(url).host):
        codecs = [codec for codec in _CODECS if pyarrow.Codec.is_available(codec)]
        headers["X-Arrow-Compression"] = ", ".join(codecs)
    return headers


def choose_backend(backend: Optional[str], *others: str) -> str:
    """Return the DataFrame library to use: the one asked for, else polars if installed, else pandas.

    Args:
        backend: The one asked for.
        others: What the caller takes besides, for the message.

    Raises:
        ValidationError: There is no such backend.
    """
    if backend is None:
        return "polars" if installed("polars") else "pandas"
    if backend not in _BACKENDS:
        allowed = " or ".join(map(repr, (*others, *_BACKENDS)))
        raise ValidationError(f"backend must be {allowed}, not {backend!r}.", {"field": "backend"})
    return backend


def to_frame(table: Any, backend: str) -> Any:
    """Return a ``pyarrow.Table`` as a frame of the backend, without a detour over Python values."""
    if backend == "polars":
        return require("polars", "dataframe").from_arrow(table)
    pandas = require("pandas", "dataframe")
    return table.to_pandas(types_mapper=pandas.ArrowDtype)


def table_from_rows(columns: Sequence[str], column_types: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
    """Build a ``pyarrow.Table`` from coerced rows; column types decide, nulls change nothing.

    Columns that no Arrow type fits (nodes whose properties have the same name and different types) become JSON text.
    """
    pa = require("pyarrow", "dataframe")
    arrays = []
    for index, _ in enumerate(columns):
        values = [row[index] for row in rows]
        text = column_types[index] if index < len(column_types) else "ANY"
        arrays.append(_array(pa, text, values))
    return pa.Table.from_arrays(arrays, names=list(columns))


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _array(pa: Any, type_text: str, values: List[Any]) -> Any:
    arrow_type = _arrow_type(pa, type_text)
    if type_text == "TIMESTAMP" and any(getattr(value, "tzinfo", None) is not None for value in values):
        arrow_type = pa.timestamp("us", "UTC")  # the contract sends both kinds under this name
    if arrow_type is not None and pa.types.is_map(arrow_type):
        values = [None if value is None else _pairs(value) for value in values]
    for attempt in (arrow_type, None):
        try:
            return pa.array(values, type=attempt)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            continue  # values beyond the type, such as years beyond 9999 that stayed text
    return pa.array([None if value is None else json.dumps(value, default=str) for value in values], pa.string())


def _pairs(value: Any) -> List[Tuple[Any, Any]]:
    if isinstance(value, dict):  # keys are strings
        return list(value.items())
    return [(pair["key"], pair["value"]) for pair in value]


def _arrow_type(pa: Any, type_text: str) -> Any:
    try:
        return _convert_type(pa, parse_type(type_text))
    except ValueError:
        return {"INTERNAL_ID": pa.int64(), "INTERVAL_ISO": pa.duration("us")}.get(type_text)


def _convert_type(pa: Any, parsed: PropertyType) -> Any:
    simple = {
        "STRING": pa.string,
        "UUID": pa.string,
        "INT128": lambda: pa.decimal128(38, 0),
        "DOUBLE": pa.float64,
        "FLOAT": pa.float32,
        "DATE": pa.date32,
        "TIMESTAMP": lambda: pa.timestamp("us"),
        "TIMESTAMP_TZ": lambda: pa.timestamp("us", "UTC"),
        "TIMESTAMP_NS": lambda: pa.timestamp("us"),
        "TIMESTAMP_MS": lambda: pa.timestamp("us"),
        "TIMESTAMP_SEC": lambda: pa.timestamp("us"),
        "INTERVAL": lambda: pa.duration("us"),
        "BOOL": pa.bool_,
        "BLOB": pa.binary,
    }
    name = parsed.name
    if name == "DECIMAL":
        return pa.decimal128(*parsed.numbers)
    if name.startswith(("INT", "UINT")) and name not in simple:
        return getattr(pa, name.lower())()
    if name == "LIST" and parsed.children and parsed.children[0].name != "TIMESTAMP":
        child = _convert_type(pa, parsed.children[0])
        return None if child is None else pa.list_(child)
    if name == "MAP" and len(parsed.children) == 2 and "TIMESTAMP" not in (child.name for child in parsed.children):
        key, item = (_convert_type(pa, child) for child in parsed.children)
        return None if key is None or item is None else pa.map_(key, item)
    # Of other nested types, and of lists of timestamps with or without zone, the values decide.
    return simple[name]() if name in simple else None
