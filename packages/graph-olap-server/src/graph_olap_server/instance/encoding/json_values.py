"""Contract Arrow into JSON-ready Python values (section 6.4), a column at a time."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph_olap_server.instance.encoding.intervals import format_interval
from graph_olap_server.instance.encoding.types import ValueType

__all__ = ["Encoder", "PropertyLists"]


@dataclass(frozen=True, slots=True)
class PropertyLists:
    """The properties of each label and relationship type in schema order, for the objects that show them.

    Attributes:
        nodes: Label → property names.
        edges: Relationship type → property names.
        types: ``node`` or ``edge``, property name and Arrow type → type of the property.
        restored: (Label or type, property) → turns a value, which the engine widened because two labels disagree about
            its type, back into what it was.
    """

    nodes: Mapping[str, Sequence[str]]
    edges: Mapping[str, Sequence[str]]
    types: Callable[[str, str, pa.DataType], ValueType]
    restored: Callable[[str, str, str, Any], Any]


@dataclass(slots=True)
class Encoder:
    """Encodes columns; ``not_finite`` tells afterwards whether a NaN or an infinity became null."""

    properties: PropertyLists
    not_finite: bool = field(default=False)

    def encode(self, array: pa.Array, value_type: ValueType) -> list[Any]:
        """Return the values of one column."""
        name = value_type.name
        if name in ("DOUBLE", "FLOAT"):
            return self._floats(array)
        if name in ("NODE", "REL"):
            return self._objects(array, "node" if name == "NODE" else "edge")
        if name == "PATH":
            return self._paths(array)
        if name in ("LIST", "ARRAY"):
            return self._lists(array, value_type.children[0])
        if name == "MAP":
            return self._maps(array, value_type)
        if name == "STRUCT":
            return self._structs(array, value_type)
        plain = _PLAIN.get(name)
        if plain is not None:
            return plain(array)
        if pa.types.is_union(array.type):
            return self._unions(array)
        values: list[Any] = array.to_pylist()
        return values

    def _floats(self, array: pa.Array) -> list[Any]:
        if array.null_count == 0:
            numbers = array.to_numpy(zero_copy_only=False)
            finite = np.isfinite(numbers)
            if finite.all():
                plain: list[Any] = numbers.tolist()
                return plain
        self.not_finite |= bool(pc.any(pc.invert(pc.is_finite(array))).as_py() or False)
        shown: list[Any] = pc.if_else(pc.is_finite(array), array, pa.scalar(None, array.type)).to_pylist()
        return shown

    def _objects(self, array: pa.Array, kind: str) -> list[Any]:
        """Encode nodes or relationships: meta keys, then the properties of each one's own label."""
        metas = 2 if kind == "node" else 4
        names = [item.name for item in array.type]
        columns = dict(zip(names, array.flatten(), strict=True))
        encoded = {name: columns[name].to_pylist() for name in names[:metas]}
        for name in names[metas:]:
            value_type = self.properties.types(kind, name, columns[name].type)
            encoded[name] = self.encode(columns[name], value_type)
        labels = encoded[names[1]]
        own = self.properties.nodes if kind == "node" else self.properties.edges
        shapes = {
            label: _Shape(names[:metas], own.get(label, ()), encoded) for label in set(labels) if label is not None
        }
        restore = {label: partial(self.properties.restored, kind, label) for label in shapes}
        return [None if label is None else shapes[label].build(row, restore[label]) for row, label in enumerate(labels)]

    def _paths(self, array: pa.Array) -> list[Any]:
        nodes, relationships, lengths = array.flatten()
        parts = zip(
            self._lists(nodes, ValueType("NODE")),
            self._lists(relationships, ValueType("REL")),
            lengths.to_pylist(),
            strict=True,
        )
        return [None if n is None else {"_nodes": n, "_rels": r, "_length": length} for n, r, length in parts]

    def _lists(self, array: pa.Array, child: ValueType) -> list[Any]:
        if pa.types.is_fixed_size_list(array.type):
            size = array.type.list_size
            # values keeps the slots of null lists; a slice of the parent must be applied by hand.
            values = self.encode(array.values.slice(array.offset * size, len(array) * size), child)
            valid = array.is_valid().to_pylist()
            return [values[i * size : (i + 1) * size] if ok else None for i, ok in enumerate(valid)]
        offsets = array.offsets.to_pylist()
        first = offsets[0] if offsets else 0
        values = self.encode(array.values.slice(first, (offsets[-1] - first) if offsets else 0), child)
        slices = [values[a - first : b - first] for a, b in pairwise(offsets)]
        return _masked(slices, array)

    def _maps(self, array: pa.Array, value_type: ValueType) -> list[Any]:
        offsets = array.offsets.to_pylist()
        first = offsets[0] if offsets else 0
        count = (offsets[-1] - first) if offsets else 0
        key_type, item_type = value_type.children
        keys = self.encode(array.keys.slice(first, count), key_type)
        items = self.encode(array.items.slice(first, count), item_type)
        found: list[Any] = []
        for start, stop in pairwise(offsets):
            pairs = zip(keys[start - first : stop - first], items[start - first : stop - first], strict=True)
            found.append(dict(pairs) if key_type.name == "STRING" else [{"key": k, "value": v} for k, v in pairs])
        return _masked(found, array)

    def _structs(self, array: pa.Array, value_type: ValueType) -> list[Any]:
        if not value_type.fields:
            bare: list[Any] = array.to_pylist()
            return bare
        columns = [self.encode(c, t) for c, t in zip(array.flatten(), value_type.children, strict=True)]
        return _masked([dict(zip(value_type.fields, row, strict=True)) for row in zip(*columns, strict=True)], array)

    def _unions(self, array: pa.Array) -> list[Any]:
        types = [array.type.field(index).type for index in range(array.type.num_fields)]
        codes = array.type_codes.to_pylist()
        offsets = array.offsets.to_pylist()
        members = [
            self.encode(array.field(i), self.properties.types("value", "", kind)) for i, kind in enumerate(types)
        ]
        positions = {code: index for index, code in enumerate(array.type.type_codes)}
        return [members[positions[code]][offset] for code, offset in zip(codes, offsets, strict=True)]


class _Shape:
    """The keys of the nodes of one label (the relationships of one type) and where their values come from."""

    def __init__(self, metas: Sequence[str], own: Iterable[str], encoded: Mapping[str, list[Any]]) -> None:
        self._metas = [(name, encoded[name]) for name in metas]
        self._properties = [(name, encoded[name]) for name in own if name in encoded]

    def build(self, row: int, restore: Callable[[str, Any], Any]) -> dict[str, Any]:
        shown = {name: values[row] for name, values in self._metas}
        for name, values in self._properties:
            shown[name] = restore(name, values[row])
        return shown


def _masked(values: list[Any], array: pa.Array) -> list[Any]:
    if array.null_count == 0:
        return values
    return [value if ok else None for value, ok in zip(values, array.is_valid().to_pylist(), strict=True)]


def _integers(array: pa.Array) -> list[Any]:
    values: list[Any] = array.to_numpy(zero_copy_only=False).tolist() if array.null_count == 0 else array.to_pylist()
    return values


def _wide_integers(array: pa.Array) -> list[Any]:
    return [None if value is None else int(value) for value in array.to_pylist()]


def _decimals(array: pa.Array) -> list[Any]:
    return [None if value is None else format(value, "f") for value in array.to_pylist()]


def _blobs(array: pa.Array) -> list[Any]:
    return [None if value is None else base64.b64encode(value).decode("ascii") for value in array.to_pylist()]


def _dates(array: pa.Array) -> list[Any]:
    # NumPy writes every year; Arrow none beyond 9999.
    days = array.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
    return _masked(np.datetime_as_string(days.astype("datetime64[D]")).tolist(), array)


def _timestamps(array: pa.Array) -> list[Any]:
    zone = "Z" if array.type.tz else ""
    naive = array.cast(pa.timestamp(array.type.unit)) if zone else array
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[array.type.unit]
    ticks = naive.cast(pa.int64())
    numbers = ticks.fill_null(0).to_numpy(zero_copy_only=False)
    seconds, fractions = np.divmod(numbers, per_second)
    texts = np.datetime_as_string(seconds.astype("datetime64[s]")).tolist()
    digits = 9 if array.type.unit == "ns" and bool((fractions % 1000).any()) else 6
    scale = per_second // 10**digits if per_second > 10**digits else 1
    factor = 10**digits // per_second if per_second < 10**digits else 1
    shown = [
        f"{text}.{fraction * factor // scale:0{digits}d}{zone}" if fraction else text + zone
        for text, fraction in zip(texts, fractions.tolist(), strict=True)
    ]
    return _masked(shown, array)


def _intervals(array: pa.Array) -> list[Any]:
    micros = array.cast(pa.int64()).to_pylist()
    return [None if value is None else format_interval(value) for value in micros]


_PLAIN: dict[str, Callable[[pa.Array], list[Any]]] = {
    **{f"{sign}INT{bits}": _integers for sign in ("", "U") for bits in (8, 16, 32, 64)},
    "INTERNAL_ID": _integers,
    "INT128": _wide_integers,
    "DECIMAL": _decimals,
    "BLOB": _blobs,
    "DATE": _dates,
    "TIMESTAMP": _timestamps,
    "TIMESTAMP_TZ": _timestamps,
    "TIMESTAMP_NS": _timestamps,
    "TIMESTAMP_MS": _timestamps,
    "TIMESTAMP_SEC": _timestamps,
    "INTERVAL": _intervals,
    "INTERVAL_ISO": _intervals,
}
