"""Rows of the engine and of the oracle in one form, and where they differ."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from graph_olap_server.conformance.elements import Element
from graph_olap_server.conformance.query import Item, Projection, Query
from graph_olap_server.conformance.worker import Answer

__all__ = ["difference", "readable"]

_DIGITS = 11
_SHOWN = 5


def difference(query: Query, expected: Sequence[Sequence[Any]], answer: Answer) -> str | None:
    """Say in words how an engine's rows differ from the oracle's; None when they are equal.

    Rows are compared as multisets, and in their order as far as ORDER BY gives one. Values must have the same type:
    1 is not 1.0. Only sums and averages of floats may differ, in their last digits.
    """
    columns = query.columns
    wanted = [_row(columns, row, {}) for row in expected]
    found = [_row(columns, row, answer.ids) for row in answer.rows]
    missing, extra = Counter(wanted), Counter(found)
    missing, extra = missing - extra, extra - missing
    if (missing or extra) and not _nearly(query.columns, missing, extra):
        return f"{len(wanted)} rows expected, {len(found)} found; missing {_some(missing)}, not expected {_some(extra)}"
    last = query.parts[0][-1]
    assert isinstance(last, Projection)
    if len(query.parts) == 1 and last.order:
        names = [item.name for item in columns]
        keys = [names.index(key.name) for key in last.order if key.expression is None]
        if [[row[key] for key in keys] for row in wanted] != [[row[key] for key in keys] for row in found]:
            return "the rows are not in the order asked for"
    return None


def _nearly(columns: Sequence[Item], missing: Counter[Any], extra: Counter[Any]) -> bool:
    """Tell whether rows differ only by sums of floats that were rounded to either side of a boundary."""
    pairs = list(zip(sorted(missing.elements(), key=repr), sorted(extra.elements(), key=repr), strict=False))
    return missing.total() == extra.total() == len(pairs) and all(
        one == other
        or (
            item.shape == "approximate"
            and _is_float(one)
            and _is_float(other)
            and math.isclose(one[1], other[1], rel_tol=1e-9, abs_tol=1e-5)  # large terms may cancel
        )
        for row, found in pairs
        for item, one, other in zip(columns, row, found, strict=True)
    )


def _is_float(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and value[0] == "float" and isinstance(value[1], float)


def readable(query: Query, rows: Sequence[Sequence[Any]], ids: Mapping[int, Any]) -> list[Any]:
    """Return rows in the form in which they are compared."""
    return [_row(query.columns, row, ids) for row in rows]


def _row(columns: Sequence[Item], row: Sequence[Any], ids: Mapping[int, Any]) -> tuple[Any, ...]:
    values = []
    for item, value in zip(columns, row, strict=True):
        plain = _plain(value, ids)
        if item.shape == "bag" and isinstance(plain, tuple):
            plain = tuple(sorted(plain, key=repr))
        elif item.shape == "approximate" and isinstance(value, float):
            plain = ("float", float(f"{value:.{_DIGITS}g}"))
        values.append(plain)
    return tuple(values)


def _plain(value: Any, ids: Mapping[int, Any]) -> Any:
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, float):
        return ("float", value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Element):
        return _element(value)
    if isinstance(value, dict):
        return _found(value, ids)
    if isinstance(value, tuple):
        nodes, relationships = value
        return ("path", tuple(map(_element, nodes)), tuple(map(_element, relationships)))
    return tuple(_plain(item, ids) for item in value) if isinstance(value, list) else value


def _element(element: Element) -> Any:
    properties = _properties(element.properties)
    if element.ends is None:
        return ("node", element.name, properties)
    return ("relationship", element.name, element.ends[0].identity, element.ends[1].identity, properties)


def _found(value: Mapping[str, Any], ids: Mapping[int, Any]) -> Any:
    if "_nodes" in value:
        nodes = tuple(_plain(node, ids) for node in value["_nodes"])
        relationships = tuple(_plain(relationship, ids) for relationship in value["_rels"])
        consistent = value["_length"] == len(relationships)
        return ("path" if consistent else f"path of length {value['_length']}", nodes, relationships)
    properties = _properties({name: item for name, item in value.items() if name not in _META})
    if "_label" in value:
        return ("node", value["_label"], properties)
    return ("relationship", value["_type"], ids.get(value["_src"]), ids.get(value["_dst"]), properties)


_META = frozenset({"_id", "_label", "_type", "_src", "_dst"})


def _properties(properties: Mapping[str, Any]) -> Any:
    return tuple(sorted((name, _plain(value, {})) for name, value in properties.items()))


def _some(rows: Counter[Any]) -> str:
    shown = ", ".join(repr(row) for row in list(rows.elements())[:_SHOWN])
    return f"{shown}, ..." if rows.total() > _SHOWN else shown or "nothing"
