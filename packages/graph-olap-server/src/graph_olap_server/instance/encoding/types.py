"""Types of result columns (section 6.4 of the contract) as a tree, so that values convert by type, not by guess."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ValueType", "contains", "contract_name"]


class ValueType(NamedTuple):
    """A type of a result value.

    Attributes:
        name: A scalar of :data:`graph_olap.models.SCALAR_TYPES`, ``DECIMAL``, ``LIST``, ``ARRAY``, ``MAP``, ``STRUCT``,
            ``UNION``, ``NODE``, ``REL``, ``PATH``, ``INTERNAL_ID``, ``JSON`` or ``ANY``.
        children: Element types: one for ``LIST`` and ``ARRAY``, key and value for ``MAP``, one a field for ``STRUCT``.
        fields: Field names of a ``STRUCT`` or ``UNION``.
        numbers: Precision and scale of a ``DECIMAL``; length of an ``ARRAY``.
    """

    name: str
    children: tuple[ValueType, ...] = ()
    fields: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()


def contract_name(value_type: ValueType) -> str:
    """Write the type as ``column_types`` wants it.

    Example:
        >>> contract_name(ValueType("LIST", (ValueType("INT64"),)))
        'LIST<INT64>'
        >>> contract_name(ValueType("TIMESTAMP_TZ"))
        'TIMESTAMP'
    """
    name = value_type.name
    if name in ("LIST", "ARRAY"):
        return f"LIST<{contract_name(value_type.children[0])}>"
    if name == "MAP":
        return f"MAP<{contract_name(value_type.children[0])},{contract_name(value_type.children[1])}>"
    if name == "DECIMAL":
        return f"DECIMAL({value_type.numbers[0]},{value_type.numbers[1]})"
    return _RENAMED.get(name, name)


def contains(value_type: ValueType, names: frozenset[str]) -> bool:
    """Tell whether a type or any type inside it has one of these names."""
    return value_type.name in names or any(contains(child, names) for child in value_type.children)


_RENAMED = {
    "TIMESTAMP_TZ": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_SEC": "TIMESTAMP",
    "JSON": "STRING",
    "UNION": "ANY",
}
