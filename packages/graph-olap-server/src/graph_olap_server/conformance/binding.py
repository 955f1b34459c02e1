"""Whether all variables of a query are bound; a smaller query may have lost the place that binds one."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from graph_olap_server.conformance.query import (
    Match,
    Order,
    Projection,
    Property,
    Query,
    Subquery,
    Unwind,
    Variable,
    parts_of,
)

__all__ = ["is_bound", "variables_of"]


def is_bound(query: Query) -> bool:
    """Tell whether all variables are bound.

    Example:
        >>> from graph_olap_server.conformance.query import Item
        >>> is_bound(Query(((Projection((Item(Property("n", "x"), "c"),)),),)))
        False
    """
    return all(_part_is_bound(part) for part in query.parts)


def variables_of(paths: Any) -> set[str]:
    """Return the variables that patterns bind."""
    return {
        part.variable
        for part in parts_of(paths)
        if not isinstance(part, Unwind) and getattr(part, "variable", None) is not None
    }


def _part_is_bound(clauses: tuple[Match | Unwind | Projection, ...]) -> bool:
    bound: set[str] = set()
    for clause in clauses:
        if isinstance(clause, Match):
            bound |= variables_of(clause.paths)
            if not _uses_only(bound, (clause.paths, clause.where)):
                return False
        elif isinstance(clause, Unwind):
            if not _uses_only(bound, clause.values):
                return False
            bound |= {clause.variable}
        else:
            before, bound = bound, {item.name for item in clause.items}
            if not _uses_only(before, clause.items) or not _uses_only(bound, (clause.where, clause.order)):
                return False
    return True


def _uses_only(bound: set[str], value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_uses_only(bound, item) for item in value)
    if isinstance(value, Variable) or (isinstance(value, Order) and value.expression is None):
        return value.name in bound
    if isinstance(value, Property):
        return value.owner in bound
    if isinstance(value, Subquery):
        bound = bound | variables_of(value.paths)
    if is_dataclass(value):
        return all(_uses_only(bound, getattr(value, field.name)) for field in fields(value))
    return True
