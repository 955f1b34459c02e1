"""Abstract queries: what is rendered to Cypher for the engine and evaluated by the oracle, which never sees Cypher.

Every part is a frozen dataclass of tuples, so that a disagreement can be minimised by taking parts away generically.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

__all__ = [
    "Aggregate",
    "Binary",
    "Call",
    "Case",
    "Expression",
    "Hop",
    "InList",
    "IsNull",
    "Item",
    "Length",
    "ListOf",
    "Literal_",
    "Match",
    "NodePattern",
    "Not",
    "Order",
    "Parameter",
    "Path",
    "Projection",
    "Property",
    "Query",
    "Subquery",
    "Unwind",
    "Variable",
    "parts_of",
]


@dataclass(frozen=True, slots=True)
class Expression:
    """Any expression."""


@dataclass(frozen=True, slots=True)
class Literal_(Expression):
    """A constant: None, bool, int, float, ``Decimal``, str or ``datetime.date``."""

    value: Any


@dataclass(frozen=True, slots=True)
class Parameter(Expression):
    """A parameter with its value."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Variable(Expression):
    """A variable that a clause has bound."""

    name: str


@dataclass(frozen=True, slots=True)
class Property(Expression):
    """A property of a node or relationship."""

    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """Comparison, logic, arithmetic or test on text, by its Cypher operator."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Not(Expression):
    """Negation."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class IsNull(Expression):
    """``IS NULL``, or ``IS NOT NULL``."""

    operand: Expression
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InList(Expression):
    """``value IN list``."""

    operand: Expression
    values: Expression


@dataclass(frozen=True, slots=True)
class ListOf(Expression):
    """A list of values of one type."""

    values: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Case(Expression):
    """``CASE WHEN condition THEN then ELSE otherwise END``."""

    condition: Expression
    then: Expression
    otherwise: Expression | None = None


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function, by the name that the engine has; ``id`` is only compared with another ``id``."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Aggregate(Expression):
    """``count``, ``sum``, ``avg``, ``min``, ``max`` or ``collect``; without an operand ``count(*)``."""

    name: str
    operand: Expression | None = None
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Length:
    """Bounds and kind of a variable-length hop."""

    low: int
    high: int
    kind: Literal["WALK", "TRAIL", "ACYCLIC", "SHORTEST", "ALL SHORTEST"] = "WALK"


@dataclass(frozen=True, slots=True)
class NodePattern:
    """A node: labels are alternatives, none means any; properties must be equal."""

    variable: str | None = None
    labels: tuple[str, ...] = ()
    properties: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class Hop:
    """A relationship: types are alternatives, none means any; ``-`` is either direction."""

    variable: str | None = None
    types: tuple[str, ...] = ()
    direction: Literal["->", "<-", "-"] = "->"
    properties: tuple[tuple[str, Expression], ...] = ()
    length: Length | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """Nodes and the hops between them."""

    nodes: tuple[NodePattern, ...]
    hops: tuple[Hop, ...] = ()
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class Subquery(Expression):
    """``EXISTS { }`` or ``COUNT { }`` over paths that may use variables from outside."""

    kind: Literal["EXISTS", "COUNT"]
    paths: tuple[Path, ...]
    where: Expression | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """``[OPTIONAL] MATCH ... [WHERE ...]``."""

    paths: tuple[Path, ...]
    where: Expression | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Unwind:
    """``UNWIND list AS variable``."""

    values: Expression
    variable: str


@dataclass(frozen=True, slots=True)
class Item:
    """A column; ``bag`` is a list in no order, ``approximate`` a sum of floats, right but for its last digits."""

    expression: Expression
    name: str
    shape: Literal["exact", "bag", "approximate"] = "exact"


@dataclass(frozen=True, slots=True)
class Order:
    """One key of ORDER BY.

    Attributes:
        name: The column.
        descending: Whether large values come first.
        spelled: Whether the column's expression is written out in place of its name.
        expression: Sorts in place of the column, computed from what the clause leaves.
    """

    name: str
    descending: bool = False
    spelled: bool = False
    expression: Expression | None = None


@dataclass(frozen=True, slots=True)
class Projection:
    """``WITH`` or, as the last clause, ``RETURN``; ``where`` only with the former."""

    items: tuple[Item, ...]
    distinct: bool = False
    order: tuple[Order, ...] = ()
    skip: Expression | None = None
    limit: Expression | None = None
    where: Expression | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Parts joined by UNION; each is a tuple of clauses that ends with a projection."""

    parts: tuple[tuple[Match | Unwind | Projection, ...], ...]
    union_all: bool = False

    @property
    def columns(self) -> tuple[Item, ...]:
        """The columns of the result."""
        last = self.parts[0][-1]
        assert isinstance(last, Projection)
        return last.items


def parts_of(value: Any) -> Iterator[Any]:
    """Yield a part of a query and everything within it."""
    if isinstance(value, tuple):
        for item in value:
            yield from parts_of(item)
    elif is_dataclass(value):
        yield value
        for field in fields(value):
            yield from parts_of(getattr(value, field.name))
