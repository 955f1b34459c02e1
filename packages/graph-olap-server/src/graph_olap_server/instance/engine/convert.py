"""Engine Arrow into contract Arrow: ids packed, nodes, relationships and paths in the contract's shape.

Direction comes from the declared column type, never from field names: a user's struct may have fields called ``offset``
and ``table``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph_olap_server.instance.encoding.types import ValueType, contains
from graph_olap_server.instance.engine.base import OFFSET_BITS
from graph_olap_server.instance.engine.types import HIDDEN_PREFIX

__all__ = ["BrokenColumnError", "PropertyTypes", "shown_type", "to_contract", "value_type_of"]

PropertyTypes = Callable[[str, str, pa.DataType], ValueType]
"""From ``node`` or ``edge``, a property's name and its Arrow type to the property's type."""


class BrokenColumnError(ValueError):
    """The engine handed out a column whose parts do not fit together."""


# MAP is one of them because the engine declares its keys nullable, which no Arrow reader accepts.
_CONVERTED = frozenset({"NODE", "REL", "PATH", "INTERNAL_ID", "UUID", "DECIMAL", "STRUCT", "MAP"})


def to_contract(array: pa.Array, value_type: ValueType, property_types: PropertyTypes) -> pa.Array:
    """Convert one column.

    Raises:
        BrokenColumnError, ArrowInvalid: The engine's parts do not fit together and cannot be mended.
    """
    name = value_type.name
    if not contains(value_type, _CONVERTED):
        return _whole(array)
    if name == "INTERNAL_ID":
        return _packed(array)
    if name == "NODE":
        return _node(array, property_types)
    if name == "REL":
        return _relationship(array, property_types)
    if name == "PATH":
        return _path(array, property_types)
    if name == "UUID":
        return _uuid(array)
    if name == "DECIMAL":
        return _decimal(array)
    if name in ("LIST", "ARRAY"):
        return _list(array, value_type.children[0], property_types)
    if name == "MAP":
        return _map(array, value_type, property_types)
    if name == "STRUCT":
        fields = [
            (field.name, to_contract(child, child_type, property_types))
            for field, child, child_type in zip(array.type, _children(array), value_type.children, strict=True)
            if not field.name.startswith(HIDDEN_PREFIX)  # Ladybug's properties(n) is such a struct
        ]
        return _struct([child for _, child in fields], [name for name, _ in fields], array)
    return array


def shown_type(value_type: ValueType) -> ValueType:
    """Return the type of what :func:`to_contract` makes of a column: without fields that are being filled just now."""
    children = tuple(map(shown_type, value_type.children))
    if value_type.name != "STRUCT":
        return value_type._replace(children=children)
    kept = [place for place, name in enumerate(value_type.fields) if not name.startswith(HIDDEN_PREFIX)]
    fields = tuple(value_type.fields[place] for place in kept)
    return value_type._replace(fields=fields, children=tuple(children[place] for place in kept))


def value_type_of(arrow_type: pa.DataType) -> ValueType:
    """Return the type of a value of which only the Arrow type is known."""
    if pa.types.is_decimal(arrow_type):
        return ValueType("DECIMAL", numbers=(arrow_type.precision, arrow_type.scale))
    if pa.types.is_map(arrow_type):
        return ValueType("MAP", (value_type_of(arrow_type.key_type), value_type_of(arrow_type.item_type)))
    if pa.types.is_nested(arrow_type) and not pa.types.is_union(arrow_type):
        children = tuple(value_type_of(arrow_type.field(index).type) for index in range(arrow_type.num_fields))
        if pa.types.is_struct(arrow_type):
            return ValueType("STRUCT", children, tuple(field.name for field in arrow_type))
        return ValueType("LIST", children)
    if pa.types.is_timestamp(arrow_type):
        return ValueType(
            "TIMESTAMP_TZ" if arrow_type.tz else "TIMESTAMP_NS" if arrow_type.unit == "ns" else "TIMESTAMP"
        )
    return ValueType(_NAMES.get(str(arrow_type), "ANY"))


_NAMES = {
    "string": "STRING",
    "large_string": "STRING",
    "bool": "BOOL",
    "double": "DOUBLE",
    "float": "FLOAT",
    "date32[day]": "DATE",
    "duration[us]": "INTERVAL",
    "binary": "BLOB",
    **{f"{sign}int{bits}": f"{sign}int{bits}".upper() for sign in ("", "u") for bits in (8, 16, 32, 64)},
}


def _struct(children: list[pa.Array], names: list[str], parent: pa.Array) -> pa.Array:
    mask = parent.is_null() if parent.null_count else None
    if not children:
        return parent
    return pa.StructArray.from_arrays(children, names, mask=mask)


def _children(array: pa.Array) -> list[pa.Array]:
    """Return the children of a struct array, null where it is null.

    Kuzu's Arrow export leaves no room in the children for rows that are null, so what follows them would move up and
    the last rows would read foreign memory; the gaps are put back.
    """
    children = [array.field(index) for index in range(array.type.num_fields)]
    if array.null_count == 0 or all(len(child) == len(array) for child in children):
        return [_with_nulls_of(array, child) for child in children]
    valid = array.is_valid()
    places = pc.subtract(pc.cumulative_sum(valid.cast(pa.int64())), 1)
    places = pc.if_else(valid, places, pa.scalar(None, pa.int64()))
    expected = len(array) - array.null_count
    if any(len(child) not in (expected, len(array)) for child in children):
        raise BrokenColumnError("children of a struct have no matching length")
    return [_taken(child, places) if len(child) == expected else _with_nulls_of(array, child) for child in children]


def _with_nulls_of(array: pa.Array, child: pa.Array) -> pa.Array:
    if array.null_count == 0:
        return child
    return pc.if_else(array.is_valid(), child, pa.scalar(None, child.type)) if _is_simple(child.type) else child


def _is_simple(arrow_type: pa.DataType) -> bool:
    return not pa.types.is_nested(arrow_type) and not isinstance(arrow_type, pa.BaseExtensionType)


def _taken(child: pa.Array, places: pa.Array) -> pa.Array:
    if pa.types.is_struct(child.type):
        # take would look into children that have gaps themselves.
        names = [field.name for field in child.type]
        fields = [_taken(part, places) for part in _children(child)]
        mask = pc.invert(pc.fill_null(child.is_valid().take(places), False))
        return pa.StructArray.from_arrays(fields, names, mask=mask)
    if pa.types.is_list(child.type) and pa.types.is_struct(child.type.value_type):
        names = [field.name for field in child.type.value_type]
        values = _struct(_children(child.values), names, child.values)
        mask = child.is_null() if child.null_count else None
        child = pa.ListArray.from_arrays(child.offsets, values, mask=mask)
    return child.take(places)


def _packed(array: pa.Array) -> pa.Array:
    offset, table = _children(array)
    shifted = pc.shift_left(table.cast(pa.int64()), pa.scalar(OFFSET_BITS, pa.int64()))
    return pc.bit_wise_or(shifted, offset.cast(pa.int64()))


def _node(array: pa.Array, property_types: PropertyTypes) -> pa.Array:
    fields = dict(zip([field.name for field in array.type], _children(array), strict=True))
    children = {"_id": _packed(fields.pop("_ID")), "_label": fields.pop("_LABEL")}
    return _with_properties(array, children, fields, "node", property_types)


def _relationship(array: pa.Array, property_types: PropertyTypes) -> pa.Array:
    fields = dict(zip([field.name for field in array.type], _children(array), strict=True))
    if "_ID" not in fields:
        raise BrokenColumnError("relationships without an id")
    children = {"_id": _packed(fields.pop("_ID")), "_type": fields.pop("_LABEL")}
    children["_src"], children["_dst"] = _packed(fields.pop("_SRC")), _packed(fields.pop("_DST"))
    return _with_properties(array, children, fields, "edge", property_types)


def _with_properties(
    array: pa.Array,
    children: dict[str, pa.Array],
    properties: dict[str, pa.Array],
    kind: str,
    property_types: PropertyTypes,
) -> pa.Array:
    for name, values in properties.items():
        if name.startswith(HIDDEN_PREFIX):  # it is being filled just now
            continue
        children[name] = to_contract(values, property_types(kind, name, values.type), property_types)
    return _struct(list(children.values()), list(children), array)


def _path(array: pa.Array, property_types: PropertyTypes) -> pa.Array:
    nodes, relationships = _children(array)
    nodes = _list(nodes, ValueType("NODE"), property_types)
    relationships = _list(relationships, ValueType("REL"), property_types)
    length = pc.list_value_length(relationships).cast(pa.int64())
    path = _struct([nodes, relationships, length], ["_nodes", "_rels", "_length"], array)
    # OPTIONAL MATCH without a match gives a path of parts without ids; the contract's value for that is null.
    missing = _rows_without_ids(nodes) | _rows_without_ids(relationships)
    if not missing:
        return path
    places = [None if index in missing else index for index in range(len(path))]
    return path.take(pa.array(places, pa.int64()))


def _rows_without_ids(parts: pa.Array) -> set[int]:
    flat = pc.list_flatten(parts)
    empty = pc.or_(flat.is_null(), flat.field(0).is_null())
    return set(pc.list_parent_indices(parts).filter(empty).to_pylist())


def _uuid(array: pa.Array) -> pa.Array:
    if isinstance(array, pa.ExtensionArray):
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())
    return _whole(array)


def _decimal(array: pa.Array) -> pa.Array:
    """Restore the sign: the engines hold a decimal in 16, 32 or 64 bits and widen it as if it had none."""
    bits = next((bits for digits, bits in _DECIMAL_BITS if array.type.precision <= digits), None)
    if bits is None or not len(array):
        return array
    words = np.frombuffer(array.buffers()[1], np.int64).reshape(-1, 2)[array.offset : array.offset + len(array)]
    low = words[:, 0].astype(f"int{bits}").astype(np.int64)
    repaired = np.stack([low, low >> 63], axis=1)
    valid = array.is_valid()
    validity = pa.array(valid.to_numpy(zero_copy_only=False), pa.bool_()).buffers()[1] if array.null_count else None
    return pa.Array.from_buffers(array.type, len(array), [validity, pa.py_buffer(repaired.tobytes())])


_DECIMAL_BITS = ((4, 16), (9, 32), (18, 64))


def _list(array: pa.Array, child: ValueType, property_types: PropertyTypes) -> pa.Array:
    mask = array.is_null() if array.null_count else None
    if pa.types.is_fixed_size_list(array.type):
        array = _whole_fixed(array)
        values = to_contract(array.values, child, property_types)
        return pa.FixedSizeListArray.from_arrays(values, array.type.list_size, mask=mask)
    values = to_contract(array.values, child, property_types)
    if not len(array):
        return type(array).from_arrays(pa.array([0], array.offsets.type), values[:0])
    return type(array).from_arrays(array.offsets, values, mask=mask)


def _whole(array: pa.Array) -> pa.Array:
    """Return an array whose parts without elements begin at 0: there the engines hand out any number."""
    if not len(array):
        return pa.array([], array.type)
    if pa.types.is_fixed_size_list(array.type):
        return _whole_fixed(array)
    if not pa.types.is_list(array.type):
        return array
    inner = array.values
    if len(inner) and not pa.types.is_list(inner.type):
        return array
    mask = array.is_null() if array.null_count else None
    return pa.ListArray.from_arrays(array.offsets, _whole(inner), mask=mask)


def _whole_fixed(array: pa.Array) -> pa.Array:
    if array.null_count == len(array):
        return pa.nulls(len(array), array.type)
    if array.null_count and not pa.types.is_primitive(array.type.value_type):
        # Kuzu leaves out what stands for a null, so that the texts and lists after it are anything.
        array.validate(full=True)
    return array


def _map(array: pa.Array, value_type: ValueType, property_types: PropertyTypes) -> pa.Array:
    keys = to_contract(array.keys, value_type.children[0], property_types)
    items = to_contract(array.items, value_type.children[1], property_types)
    offsets = array.offsets if len(array) else pa.array([0], pa.int32())
    if array.null_count:
        valid = array.is_valid()
        offsets = pa.array(
            [offset if ok else None for offset, ok in zip(offsets.to_pylist()[:-1], valid.to_pylist(), strict=True)]
            + [offsets[-1].as_py()],
            pa.int32(),
        )
    return pa.MapArray.from_arrays(offsets, keys, items)
