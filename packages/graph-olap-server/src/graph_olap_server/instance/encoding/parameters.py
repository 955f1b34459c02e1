"""Query parameters from JSON (section 6.5) into Python values."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.instance.encoding.intervals import parse_interval

__all__ = ["decode_parameters"]

_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1


def decode_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Decode the ``parameters`` of a query.

    Raises:
        PlatformError: ``VALIDATION_FAILED``; ``field`` is the path of the value that cannot be used.

    Example:
        >>> decode_parameters({"day": {"$type": "DATE", "value": "2024-05-01"}, "min": 10})
        {'day': datetime.date(2024, 5, 1), 'min': 10}
    """
    decoded = {name: _decode(value, f"parameters.{name}") for name, value in parameters.items()}
    weights = {name: _weight(value) for name, value in decoded.items() if isinstance(value, (list, dict))}
    if sum(weights.values()) > _HEAVIEST:
        heaviest = max(weights, key=lambda name: weights[name])
        raise validation_failed([(f"parameters.{heaviest}", _TOO_HEAVY)])
    return decoded


_DEEPEST = 100
_HEAVIEST = 300_000
_WEIGHT_OF_CONTAINER = 30
_WEIGHT_OF_TYPED = 10
_TOO_HEAVY = (
    "holds more than the engine can take in at once (10,000 lists or objects, 30,000 dates, decimals or other typed "
    "values, or 300,000 numbers or texts inside of lists of lists or objects; lists of numbers or texts have no such "
    "limit). Send a list for each column: UNWIND range(1, size($a)) AS i WITH $a[i] AS a, $b[i] AS b"
)


def _weight(value: Any) -> int:
    """Return what a parameter costs the engine, in units of about 3 KB: all but plain lists become expressions."""
    items = value.values() if isinstance(value, dict) else value
    if isinstance(value, list) and all(isinstance(item, _PLAIN) for item in items):
        return 0
    return sum(map(_weight_inside, items))


def _weight_inside(value: Any) -> int:
    if isinstance(value, (list, dict)):
        return _WEIGHT_OF_CONTAINER + sum(map(_weight_inside, value.values() if isinstance(value, dict) else value))
    return 1 if isinstance(value, _PLAIN) else _WEIGHT_OF_TYPED


_PLAIN = (bool, int, float, str, type(None))


def _decode(value: Any, path: str, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise validation_failed([(path, f"lists and maps may be nested {_DEEPEST} deep")])
    if isinstance(value, bool) or value is None or isinstance(value, (str, float)):
        return value
    if isinstance(value, int):
        return value if _MIN_INT64 <= value <= _MAX_INT64 else float(value)
    if isinstance(value, list):
        return [_decode(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    if isinstance(value, dict):
        if set(value) == {"$type", "value"}:
            return _typed(value["$type"], value["value"], path)
        return {key: _decode(item, f"{path}.{key}", depth + 1) for key, item in value.items()}
    raise validation_failed([(path, f"a {type(value).__name__} is not JSON")])


def _typed(type_name: Any, value: Any, path: str) -> Any:
    decode = _TYPED.get(type_name) if isinstance(type_name, str) else None
    if decode is None:
        raise validation_failed([(f"{path}.$type", f"unknown type {type_name!r}; use one of {', '.join(_TYPED)}")])
    if value is None:
        return None
    try:
        return decode(value)
    except (ValueError, TypeError, InvalidOperation, binascii.Error, OverflowError):
        reason = f"{value!r} is not a {type_name}; write it as {_FORMS[type_name]}"
        raise validation_failed([(f"{path}.value", reason)]) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _timestamp(value: Any) -> dt.datetime:
    if _FINER.search(_text(value)):
        raise ValueError(value)  # Python would cut the digits off
    return dt.datetime.fromisoformat(value)


_FINER = re.compile(r"[.,]\d{6}0*[1-9]")


def _int64(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not _MIN_INT64 <= int(value) <= _MAX_INT64:
        raise ValueError(value)
    return int(value)


def _int128(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not -(2**127) < int(value) < 2**127:
        raise ValueError(value)
    return int(value)


def _double(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError(value)
    return float(value)


def _decimal(value: Any) -> Decimal:
    decimal = Decimal(str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value))
    if not decimal.is_finite():
        raise ValueError(value)
    return decimal


_TYPED: dict[str, Callable[[Any], Any]] = {
    "DATE": lambda value: dt.date.fromisoformat(_text(value)),
    "TIMESTAMP": _timestamp,
    "INTERVAL": lambda value: parse_interval(_text(value)),
    "BLOB": lambda value: base64.b64decode(_text(value), validate=True),
    "DECIMAL": _decimal,
    "UUID": lambda value: UUID(_text(value)),
    "INT64": _int64,
    "INT128": _int128,
    "DOUBLE": _double,
}
_FORMS = {
    "DATE": "YYYY-MM-DD",
    "TIMESTAMP": "YYYY-MM-DDThh:mm:ss with at most six digits of a second, and Z for UTC",
    "INTERVAL": "an ISO 8601 duration such as P1DT2H",
    "BLOB": "base64 with padding",
    "DECIMAL": "a text such as 12.50",
    "UUID": "a text of 32 hexadecimal digits with hyphens",
    "INT64": "a whole number of at most 64 bits",
    "INT128": "a whole number of at most 128 bits",
    "DOUBLE": "a number",
}
