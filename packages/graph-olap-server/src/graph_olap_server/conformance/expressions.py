"""Values of expressions, with the three-valued logic of Cypher."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from graph_olap_server.conformance.query import (
    Binary,
    Call,
    Case,
    Expression,
    InList,
    IsNull,
    ListOf,
    Literal_,
    Not,
    Parameter,
    Property,
    Subquery,
    Variable,
)

__all__ = ["Bindings", "Evaluator", "distinct_key"]

Bindings = dict[str, Any]


class Evaluator:
    """Evaluates expressions; subqueries are left to the one who can match."""

    def __init__(self, subquery: Callable[[Subquery, Bindings], Any]) -> None:
        self._subquery = subquery

    def value(self, expression: Expression, row: Bindings) -> Any:
        """Return the value; null is None."""
        if isinstance(expression, (Literal_, Parameter)):
            return expression.value
        if isinstance(expression, Variable):
            return row[expression.name]
        if isinstance(expression, Property):
            owner = row[expression.owner]
            return None if owner is None else owner.properties.get(expression.name)
        if isinstance(expression, Binary):
            return self._binary(expression, row)
        if isinstance(expression, Not):
            operand = self.value(expression.operand, row)
            return None if operand is None else not operand
        if isinstance(expression, IsNull):
            return (self.value(expression.operand, row) is None) is not expression.negated
        if isinstance(expression, InList):
            return self._in(self.value(expression.operand, row), self.value(expression.values, row))
        if isinstance(expression, ListOf):
            return [self.value(item, row) for item in expression.values]
        if isinstance(expression, Case):
            chosen = expression.then if self.value(expression.condition, row) is True else expression.otherwise
            return None if chosen is None else self.value(chosen, row)
        if isinstance(expression, Call):
            return self._call(expression.name, [self.value(item, row) for item in expression.arguments])
        assert isinstance(expression, Subquery)
        return self._subquery(expression, row)

    def _binary(self, expression: Binary, row: Bindings) -> Any:
        name = expression.operator
        left, right = self.value(expression.left, row), self.value(expression.right, row)
        if name == "AND":
            return False if left is False or right is False else None if None in (left, right) else True
        if name == "OR":
            return True if left is True or right is True else None if None in (left, right) else False
        if left is None or right is None:
            return None
        return _OPERATORS[name](left, right)

    @staticmethod
    def _in(value: Any, values: Any) -> bool | None:
        # The dialect compares with each element that is not null, and knows no "perhaps" for those that are.
        return None if value is None or values is None else any(value == item for item in values if item is not None)

    @staticmethod
    def _call(name: str, arguments: list[Any]) -> Any:
        if name == "coalesce":
            return next((item for item in arguments if item is not None), None)
        return None if None in arguments else _FUNCTIONS[name](*arguments)


def distinct_key(value: Any) -> Any:
    """Return what is equal for values that DISTINCT and grouping take for one; null equals null."""
    if isinstance(value, (list, tuple)):
        return tuple(map(distinct_key, value))
    return (type(value).__name__ if isinstance(value, bool) else "", value)


def _whole(a: int, b: int) -> int:
    """Divide towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "XOR": operator.ne,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: _whole(a, b) if isinstance(a, int) and isinstance(b, int) else a / b,
    "%": lambda a, b: a - b * _whole(a, b),
    "STARTS WITH": str.startswith,
    "ENDS WITH": str.endswith,
    "CONTAINS": lambda a, b: b in a,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "size": len,
    "id": lambda element: element,
    "label": lambda element: element.name,
    "length": lambda path: len(path[1]),
    "upper": str.upper,
    "lower": str.lower,
    "substring": lambda text, start, length: text[start - 1 : start - 1 + length],
    "date_part": lambda part, date: getattr(date, part),
    "CAST STRING": lambda value: str(value),
    "CAST DOUBLE": float,
    "nodes": lambda path: list(path[0]),
    "rels": lambda path: list(path[1]),
}
