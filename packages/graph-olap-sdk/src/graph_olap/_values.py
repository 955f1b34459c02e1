"""Reading the values of a JSON result by their column types; nothing is guessed from how a text looks.

A value that Python's types cannot hold (a year beyond 9999, an interval with months) stays text.
"""

from __future__ import annotations

import base64
import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from graph_olap.models.instance import GraphSchema
from graph_olap.models.types import PropertyType, parse_type

__all__ = ["ENTITY_TYPES", "Converter", "PropertyTypes", "converter", "needs_property_types", "parse_interval"]

ENTITY_TYPES = ("NODE", "REL", "PATH")
"""Column types whose properties are typed by the graph's schema, not by the column."""

Converter = Callable[[Any], Any]

_INTERVAL = re.compile(
    r"(?P<sign>-?)P(?:(?P<Y>\d+)Y)?(?:(?P<M>\d+)M)?(?:(?P<W>\d+)W)?(?:(?P<D>\d+)D)?"
    r"(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)(?:\.(?P<f>\d{1,9}))?S)?)?"
)


class PropertyTypes:
    """Types of node and relationship properties, from the graph's schema.

    ``missed`` becomes true when a property is not in the schema, because an algorithm wrote it after the schema was
    read; the caller then reads the schema again.
    """

    def __init__(self, schema: Optional[GraphSchema] = None) -> None:
        self.missed = False
        self._types: Dict[Tuple[str, str], Dict[str, Converter]] = {}
        if schema is not None:
            for node in schema.node_tables:
                self._types["NODE", node.label] = _converters(node.properties)
            for edge in schema.edge_tables:
                merged = self._types.setdefault(("REL", edge.type), {})
                merged.update(_converters(edge.properties))

    def convert(self, kind: str, value: Any) -> Any:
        """Return a node or relationship with its properties converted."""
        types = self._types.get((kind, value["_label" if kind == "NODE" else "_type"]), {})
        converted = {}
        for key, item in value.items():
            if not key.startswith("_"):
                convert = types.get(key)
                if convert is None:
                    self.missed = self.missed or item is not None
                elif item is not None:
                    item = convert(item)
            converted[key] = item
        return converted


def needs_property_types(column_types: Sequence[str]) -> bool:
    """Return whether any column holds nodes, relationships or paths."""
    return any(kind in text for text in column_types for kind in ENTITY_TYPES)


def converter(type_text: str, properties: Optional[PropertyTypes] = None) -> Optional[Converter]:
    """Return the function that converts the non-null values of a column; ``None`` when they stay as they are.

    Example:
        >>> converter("DATE")("2024-05-01")
        datetime.date(2024, 5, 1)
        >>> converter("LIST<DECIMAL(5,2)>")(["1.50", None])
        [Decimal('1.50'), None]
    """
    text = type_text.strip()
    if text in _SCALARS:
        return _SCALARS[text]
    if text in ENTITY_TYPES:
        return _entity(text, properties or PropertyTypes())
    if text.startswith("DECIMAL"):
        return Decimal
    if text.startswith("LIST<") and text.endswith(">"):
        return _list_of(converter(text[5:-1], properties))
    try:
        return _nested(parse_type(text))
    except ValueError:
        return None  # INTERNAL_ID, ANY and types of a newer server: each value is already its own type.


def parse_interval(text: str) -> Any:
    """Return the ``timedelta`` of an ISO 8601 duration, or the text itself when it counts months or years.

    Example:
        >>> parse_interval("P1DT2H")
        datetime.timedelta(days=1, seconds=7200)
        >>> parse_interval("P1M")
        'P1M'
    """
    match = _INTERVAL.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        return text
    parts = {name: int(match[name] or 0) for name in "YMWDhms"}
    if parts["Y"] or parts["M"]:
        return text
    try:
        span = timedelta(
            weeks=parts["W"],
            days=parts["D"],
            hours=parts["h"],
            minutes=parts["m"],
            seconds=parts["s"],
            microseconds=int((match["f"] or "0").ljust(6, "0")[:6]),
        )
    except OverflowError:
        return text
    return -span if match["sign"] else span


def _nested(parsed: PropertyType) -> Optional[Converter]:
    if parsed.name in ("LIST", "ARRAY") and parsed.children:
        return _list_of(converter(str(parsed.children[0])))
    if parsed.name == "STRUCT" and parsed.children:
        fields = {name: converter(str(child)) for name, child in zip(parsed.fields, parsed.children)}
        return _fields(fields) if any(fields.values()) else None
    if parsed.name == "MAP" and parsed.children:
        key, value = (converter(str(child)) for child in parsed.children)
        return _map(key, value) if key or value else None
    return None


def _list_of(convert: Optional[Converter]) -> Optional[Converter]:
    if convert is None:
        return None

    def convert_list(values: List[Any]) -> List[Any]:
        return [None if value is None else convert(value) for value in values]

    return convert_list


def _fields(converters: Mapping[str, Optional[Converter]]) -> Converter:
    def convert_struct(value: Dict[str, Any]) -> Dict[str, Any]:
        result = dict(value)
        for name, convert in converters.items():
            if convert is not None and result.get(name) is not None:
                result[name] = convert(result[name])
        return result

    return convert_struct


def _map(key: Optional[Converter], value: Optional[Converter]) -> Converter:
    def apply(convert: Optional[Converter], item: Any) -> Any:
        return item if convert is None or item is None else convert(item)

    def convert_map(items: Any) -> Any:
        if isinstance(items, dict):  # keys are strings
            return {name: apply(value, item) for name, item in items.items()}
        return [{"key": apply(key, pair["key"]), "value": apply(value, pair["value"])} for pair in items]

    return convert_map


def _entity(kind: str, properties: PropertyTypes) -> Converter:
    if kind == "PATH":
        return lambda path: {
            **path,
            "_nodes": [properties.convert("NODE", node) for node in path["_nodes"]],
            "_rels": [properties.convert("REL", rel) for rel in path["_rels"]],
        }
    return lambda value: properties.convert(kind, value)


def _converters(properties: Mapping[str, str]) -> Dict[str, Converter]:
    return {name: converter(text) or _unchanged for name, text in properties.items()}


def _unchanged(value: Any) -> Any:
    return value


def _date(text: str) -> Any:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def _timestamp(text: str) -> Any:
    plain = text[:-1] if text.endswith("Z") else text
    head, dot, fraction = plain.partition(".")
    try:
        # Python 3.9 reads three or six digits only; nanoseconds do not fit into a datetime.
        value = datetime.fromisoformat(f"{head}.{fraction[:6].ljust(6, '0')}" if dot else head)
    except ValueError:
        return text
    return value.replace(tzinfo=timezone.utc) if text.endswith("Z") else value


_SCALARS: Dict[str, Optional[Converter]] = {
    "DATE": _date,
    "TIMESTAMP": _timestamp,
    "TIMESTAMP_TZ": _timestamp,
    "TIMESTAMP_NS": _timestamp,
    "TIMESTAMP_MS": _timestamp,
    "TIMESTAMP_SEC": _timestamp,
    "INTERVAL": parse_interval,
    "INTERVAL_ISO": parse_interval,
    "BLOB": base64.b64decode,
    "FLOAT": float,
    "DOUBLE": float,
    "STRING": None,
    "UUID": None,
    "BOOL": None,
}
