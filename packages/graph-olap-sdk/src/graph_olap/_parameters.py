"""Encoding Python values as query and algorithm parameters."""

from __future__ import annotations

import base64
import math
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Dict, Mapping, Optional
from uuid import UUID

from graph_olap.exceptions import ValidationError

__all__ = ["encode_parameters", "format_interval"]

_FRAMES = ("polars", "pandas", "pyarrow")
_TABLES = ("DataFrame", "LazyFrame", "Table", "RecordBatch")
_TO_PYTHON = ("to_pylist", "as_py", "to_list")
"""What the columns and values of these packages call the way to plain Python values."""


def encode_parameters(parameters: Optional[Mapping[str, Any]]) -> Dict[str, Any]:
    """Return the JSON-ready form of query parameters.

    Dates, timestamps, intervals, bytes, decimals, UUIDs and integers beyond 64 bits travel in a typed form, so nothing
    is lost on the way; NumPy scalars and arrays are taken as their Python values.

    Raises:
        ValidationError: A value has no counterpart in Cypher; the message names the parameter.

    Example:
        >>> encode_parameters({"since": date(2024, 5, 1), "ids": (1, 2)})
        {'since': {'$type': 'DATE', 'value': '2024-05-01'}, 'ids': [1, 2]}
    """
    if parameters is None:
        return {}
    if not isinstance(parameters, Mapping):
        raise ValidationError(
            f"parameters must be a dictionary of names and values, not {type(parameters).__name__}.",
            {"field": "parameters"},
        )
    encoded = {}
    for name, value in parameters.items():
        if not isinstance(name, str):
            raise _refuse("parameters", f"names must be text, not {name!r}")
        if name.startswith("$"):
            raise _refuse(name, f"write the name without the dollar sign: {name[1:]!r}")
        encoded[name] = _encode(value, name)
    return encoded


def format_interval(value: timedelta) -> str:
    """Write a ``timedelta`` as an ISO 8601 duration.

    Example:
        >>> format_interval(timedelta(days=1, hours=2, milliseconds=500))
        'P1DT7200.500000S'
    """
    sign = "-" if value < timedelta(0) else ""
    value = abs(value)
    fraction = f".{value.microseconds:06d}" if value.microseconds else ""
    return f"{sign}P{value.days}DT{value.seconds}{fraction}S"


def _encode(value: Any, name: str) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else _wide_integer(value, name)
    if isinstance(value, float):
        if math.isnan(value):
            raise _refuse(name, "nan cannot be sent; pass None for a missing value, or test for it with n.x <> n.x")
        return float(value) if math.isfinite(value) else {"$type": "DOUBLE", "value": str(float(value))}
    typed = _typed(value, name)
    if typed is not None:
        return {"$type": typed[0], "value": typed[1]}
    if isinstance(value, Mapping):
        return _struct(value, name)
    package = type(value).__module__.partition(".")[0]
    if package in _FRAMES:
        return _encode(_plain(value, name, package), name)
    if package == "numpy" and hasattr(value, "tolist"):
        return _encode(_microseconds(value, name).tolist(), name)
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [_encode(item, f"{name}[{index}]") for index, item in enumerate(value)]
    raise _refuse(name, f"a value of type {type(value).__name__} has no counterpart in Cypher")


def _plain(value: Any, name: str, package: str) -> Any:
    """Return a column as a list, a scalar as a Python value."""
    kind = type(value).__name__
    if kind == "NAType":
        return None
    ways = [way for way in _TO_PYTHON if callable(getattr(value, way, None))]
    if kind in _TABLES or not ways:
        instead = "one column of it" if kind in _TABLES else "a Python value"
        raise _refuse(name, f"a {package} {kind} cannot be sent; pass {instead}")
    return getattr(value, ways[0])()


def _microseconds(value: Any, name: str) -> Any:
    """Make NumPy's times such that Python has them too; finer ones turn into bare integers there."""
    if value.dtype.kind not in "mM":
        return value
    kind, _, unit = value.dtype.name.rstrip("]").partition("[")
    if (kind, unit) == ("datetime64", "D"):
        return value
    if kind == "timedelta64" and unit in "YM":
        raise _refuse(name, "a span of months or years cannot be sent; pass days")
    times = value.astype(f"{kind}[us]")
    if not ((times == value) | (times != times)).all():
        raise _refuse(name, "times finer than a microsecond cannot be sent; round them, for example with astype")
    return times


def _typed(value: Any, name: str) -> Any:
    if isinstance(value, date) and value != value:  # pandas.NaT is a date that differs from itself
        raise _refuse(name, "NaT cannot be sent; pass None for a missing value")
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return "TIMESTAMP", value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"
        return "TIMESTAMP", value.isoformat()
    if isinstance(value, date):
        return "DATE", value.isoformat()
    if isinstance(value, timedelta):
        return "INTERVAL", format_interval(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "BLOB", base64.b64encode(value).decode("ascii")
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise _refuse(name, f"{value} cannot be sent; pass None for a missing value")
        return "DECIMAL", format(value, "f")
    if isinstance(value, UUID):
        return "UUID", str(value)
    return None


def _wide_integer(value: int, name: str) -> Dict[str, Any]:
    if abs(value) >= 2**127:
        raise _refuse(name, "integers of more than 128 bits cannot be sent")
    return {"$type": "INT128", "value": str(value)}


def _struct(value: Mapping[Any, Any], name: str) -> Dict[str, Any]:
    if set(value) == {"$type", "value"}:
        return dict(value)  # already in the typed form
    for key in value:
        if not isinstance(key, str):
            raise _refuse(name, f"keys of a dictionary must be text, not {key!r}")
    return {key: _encode(item, f"{name}.{key}") for key, item in value.items()}


def _refuse(name: str, reason: str) -> ValidationError:
    return ValidationError(f"Parameter {name!r}: {reason}.", {"field": name, "reason": reason})
