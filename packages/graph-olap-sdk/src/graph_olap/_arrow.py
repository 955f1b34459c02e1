"""Arrow results: reading the stream of a query, and tables from JSON rows."""

from __future__ import annotations

import json
from typing import Any, List, Optional, Sequence

from graph_olap._optional import installed, require
from graph_olap.exceptions import ConnectionError, GraphOLAPError, ServerError, ValidationError, error_from_response
from graph_olap.models.types import PropertyType, parse_type

__all__ = ["ARROW_STREAM", "choose_backend", "read_stream", "table_from_rows", "to_frame"]

ARROW_STREAM = "application/vnd.apache.arrow.stream"
"""Media type of Arrow IPC streams."""

_ERROR_KEY = b"graph_olap.error"
_END_OF_STREAM = 8  # bytes of the marker that ends a complete stream

_BACKENDS = ("polars", "pandas")


def choose_backend(backend: Optional[str]) -> str:
    """Return the DataFrame library to use: the one asked for, else polars if installed, else pandas.

    Raises:
        ValidationError: There is no such backend.
    """
    if backend is None:
        return "polars" if installed("polars") else "pandas"
    if backend not in _BACKENDS:
        raise ValidationError(f"backend must be 'polars' or 'pandas', not {backend!r}.", {"field": "backend"})
    return backend


def read_stream(body: bytes, request_id: Optional[str]) -> Any:
    """Read a whole Arrow IPC stream into a ``pyarrow.Table``.

    Raises:
        ConnectionError: The stream ends before its end marker: the result is cut.
        GraphOLAPError: The server reports an error after the first rows; the class fits its code.
    """
    pa = require("pyarrow", "dataframe")
    source = pa.BufferReader(body)
    broken = (pa.ArrowException, OSError)  # OSError is how the reader names a body that is too short
    try:
        reader = pa.ipc.open_stream(source)
    except broken:
        raise _cut(request_id) from None
    # The checks stay outside the try blocks: the errors they raise may be OSErrors themselves (a time limit is).
    _raise_reported(reader.schema.metadata, request_id)
    batches: List[Any] = []
    while True:
        start = source.tell()
        try:
            batch, metadata = reader.read_next_batch_with_custom_metadata()
        except StopIteration:
            break
        except broken:
            raise _cut(request_id) from None
        _raise_reported(metadata, request_id)
        batches.append(batch)
    # A reader takes the end of the data for the end of the stream; only the marker proves that nothing is missing.
    if source.tell() - start != _END_OF_STREAM:
        raise _cut(request_id)
    return pa.Table.from_batches(batches, schema=reader.schema.remove_metadata())


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


def _raise_reported(metadata: Any, request_id: Optional[str]) -> None:
    text = dict(metadata).get(_ERROR_KEY) if metadata is not None else None
    if text is None:
        return
    try:
        body = json.loads(text)
    except ValueError:
        raise ServerError(
            "The server stopped in the middle of the result without a readable reason.", request_id=request_id
        ) from None
    status = body.get("status") if isinstance(body, dict) else None
    error: GraphOLAPError = error_from_response(status if isinstance(status, int) else 500, body, request_id)
    raise error


def _cut(request_id: Optional[str]) -> ConnectionError:
    return ConnectionError(
        "The result is cut: the connection ended before all rows arrived.",
        request_id=request_id,
        hint="Run the query again.",
    )


def _array(pa: Any, type_text: str, values: List[Any]) -> Any:
    arrow_type = _arrow_type(pa, type_text)
    if type_text == "TIMESTAMP" and any(getattr(value, "tzinfo", None) is not None for value in values):
        arrow_type = pa.timestamp("us", "UTC")  # the contract sends both kinds under this name
    for attempt in (arrow_type, None):
        try:
            return pa.array(values, type=attempt)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            continue  # values beyond the type, such as years beyond 9999 that stayed text
    return pa.array([None if value is None else json.dumps(value, default=str) for value in values], pa.string())


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
    # Of other nested types, and of lists of timestamps with or without zone, the values decide.
    return simple[name]() if name in simple else None
