"""Random expressions over what is in scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from graph_olap_server.conformance.graph import PropertyGraph
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
    Variable,
    parts_of,
)

__all__ = ["DECIMAL", "NODE", "PATH", "REL", "SCALARS", "Kind", "Schema", "Scope"]

NODE, REL, PATH = "NODE", "REL", "PATH"
DECIMAL = "DECIMAL(9,2)"
SCALARS = ("INT64", "DOUBLE", "STRING", "BOOL", "DATE", DECIMAL)


@dataclass(frozen=True)
class Kind:
    """What a variable holds: NODE or REL with its possible labels or types, PATH, a scalar type, BAG or APPROXIMATE."""

    name: str
    names: tuple[str, ...] = ()


class Schema:
    """Labels and types of a graph, their properties and values that occur."""

    def __init__(self, graph: PropertyGraph) -> None:
        self.labels = tuple(table.label for table in graph.nodes)
        self.types = tuple(table.name for table in graph.edges)
        self.ends = {table.name: (table.start, table.end) for table in graph.edges}
        self._columns: dict[str, dict[str, str]] = {}
        self._values: dict[tuple[str, str], list[Any]] = {}
        tables = [(n.label, n.columns, n.rows, 0) for n in graph.nodes]
        tables += [(e.name, e.columns, e.rows, 2) for e in graph.edges]
        for name, columns, rows, skip in tables:
            self._columns[name] = dict(columns)
            for position, column in enumerate(columns):
                found = {row[position + skip] for row in rows[:200]} - {None}
                self._values[name, column] = sorted(found)

    def properties(self, kind: Kind) -> dict[str, str]:
        """Return the properties of any of the labels or types with their types."""
        return {name: type_name for owner in kind.names for name, type_name in self._columns[owner].items()}

    def a_value(self, random: Random, kind: Kind, name: str) -> Any:
        """Return a value of a property that occurs, or None."""
        values = [value for owner in kind.names for value in self._values.get((owner, name), [])]
        return random.choice(values) if values else None

    @staticmethod
    def is_delicate(value: Any) -> bool:
        """Tell whether arithmetic on a value could overflow or lose digits."""
        return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) > 2**20


@dataclass
class Scope:
    """Variables that are bound, and random expressions over them."""

    random: Random
    schema: Schema
    variables: dict[str, Kind] = field(default_factory=dict)
    parameters: list[int] = field(default_factory=lambda: [0])
    computed_before: list[tuple[Expression, str]] = field(default_factory=list)

    def of(self, *names: str) -> list[str]:
        """Return the variables of these kinds."""
        return [name for name, kind in self.variables.items() if kind.name in names]

    def fresh(self, prefix: str) -> str:
        """Return a name for a new variable."""
        number = self.parameters[0]
        self.parameters[0] += 1
        return f"{prefix}{number}"

    def scalar(self, wanted: Sequence[str] = SCALARS, *, narrow: bool = True) -> tuple[Expression, str] | None:
        """Return a property or variable of one of the types, with its type; None when there is none.

        INT32 counts as INT64, but not with ``narrow=False``.
        """
        found: list[tuple[Expression, str]] = []
        for name, kind in self.variables.items():
            if kind.name in (NODE, REL):
                for key, stored in self.schema.properties(kind).items():
                    type_name = "INT64" if narrow and stored == "INT32" else stored
                    if type_name in wanted:
                        found.append((Property(name, key), type_name))
            elif kind.name in wanted:
                found.append((Variable(name), kind.name))
        return self.random.choice(found) if found else None

    def value(self, type_name: str, near: Expression | None = None) -> Expression:
        """Return a constant or parameter, often a value that occurs in the graph."""
        value = None
        if isinstance(near, Property) and self.random.random() < 0.7:
            value = self.schema.a_value(self.random, self.variables[near.owner], near.name)
        if value is None:
            value = self.random.choice(_CONSTANTS[type_name])
        return self.constant(value)

    def constant(self, value: Any) -> Expression:
        """Return a constant in the text or as a parameter."""
        return Literal_(value) if self.random.random() < 0.6 else Parameter(self.fresh("p"), value)

    def predicate(self, depth: int = 2) -> Expression | None:
        """Return a random condition, or None when nothing is in scope."""
        random = self.random
        if depth and random.random() < 0.35:
            left, right = self.predicate(depth - 1), self.predicate(depth - 1)
            if left is None or right is None:
                return left
            chosen = random.random()
            if chosen < 0.25:
                return Not(left)
            return Binary(random.choice(("AND", "AND", "OR", "OR", "XOR")), left, right)
        return self._same_element() if random.random() < 0.1 else self._comparison()

    def computed(self) -> tuple[Expression, str] | None:
        """Return a computed value with its type, sometimes one that a clause before had."""
        again = [found for found in self.computed_before if self._binds(found[0])]
        if again and self.random.random() < 0.4:
            return self.random.choice(again)
        made = self._computed()
        if made is not None:
            self.computed_before.append(made)
        return made

    def _binds(self, expression: Expression) -> bool:
        parts = list(parts_of(expression))
        names = [part.name for part in parts if isinstance(part, Variable)]
        names += [part.owner for part in parts if isinstance(part, Property)]
        return all(name in self.variables for name in names)

    def _computed(self) -> tuple[Expression, str] | None:
        found = self.scalar()
        if found is None:
            return None
        expression, type_name = found
        if self.random.random() < 0.2 and (condition := self.predicate(1)) is not None:
            other = self.scalar((type_name,), narrow=False)
            otherwise = None if self.random.random() < 0.3 else self.value(type_name)
            # Columns of CASE must have one type, and a variable may hold a narrower integer.
            if type_name != "INT64":
                return Case(condition, expression, other[0] if other and otherwise else otherwise), type_name
            return Case(condition, self.value("INT64"), otherwise), type_name
        return self._of_type(expression, type_name)

    def _of_type(self, expression: Expression, type_name: str) -> tuple[Expression, str]:
        random = self.random
        if type_name == "STRING":
            return self._of_text(expression)
        if type_name == "INT64" and random.random() < 0.4:
            made = (
                (Binary(random.choice("%/"), expression, Literal_(random.choice((2, 3)))), "INT64"),
                (Call("CAST STRING", (expression,)), "STRING"),
                (Call("CAST DOUBLE", (expression,)), "DOUBLE"),
            )
            return random.choice(made)
        if type_name in ("INT64", "DOUBLE"):
            constant = Literal_(random.choice((2, 3, -1) if type_name == "INT64" else (0.5, 2.0)))
            return Binary(random.choice(("+", "-", "*")), expression, constant), type_name
        if type_name == "DATE" and random.random() < 0.6:
            return Call("date_part", (Literal_(random.choice(("year", "month", "day"))), expression)), "INT64"
        if type_name == "BOOL":
            return Not(expression), "BOOL"
        return IsNull(expression, random.random() < 0.5), "BOOL"

    def _of_text(self, expression: Expression) -> tuple[Expression, str]:
        random = self.random
        choice = random.choice(("coalesce", "size", "upper", "lower", "substring", "+", "+"))
        if choice == "size":
            return Call("size", (expression,)), "INT64"
        if choice in ("upper", "lower"):
            return Call(choice, (expression,)), "STRING"
        if choice == "substring":
            bounds = (Literal_(random.randint(1, 3)), Literal_(random.randint(0, 3)))
            return Call("substring", (expression, *bounds)), "STRING"
        other = self.constant(random.choice(("", "none", "é")))
        if choice == "coalesce":
            return Call("coalesce", (expression, other)), "STRING"
        found = self.scalar(("STRING",)) if random.random() < 0.5 else None
        sides = [expression, other if found is None else found[0]]
        random.shuffle(sides)
        return Binary("+", *sides), "STRING"

    def _same_element(self) -> Expression | None:
        nodes, rels = self.of(NODE), self.of(REL)
        names = nodes if len(nodes) > 1 else rels
        if len(names) < 2:
            return self._comparison()
        left, right = self.random.sample(names, 2)
        ids = (Call("id", (Variable(left),)), Call("id", (Variable(right),)))
        return Binary(self.random.choice(("=", "<>")), *ids)

    def _comparison(self) -> Expression | None:
        found = self.scalar()
        if found is None:
            return None
        expression, type_name = found
        random = self.random
        chance = random.random()
        if chance < 0.12:
            return IsNull(expression, random.random() < 0.5)
        if chance < 0.24:
            return InList(expression, self.constants(type_name, expression))
        if type_name == "BOOL":
            return expression if chance < 0.5 else Binary("=", expression, self.value("BOOL"))
        if chance < 0.4 and type_name == "STRING":
            needle = self.constant(random.choice(("a", "é", "B", "it", "\\", "")))
            return Binary(random.choice(("STARTS WITH", "ENDS WITH", "CONTAINS")), expression, needle)
        if chance > 0.9 and (computed := self.computed()) is not None:
            expression, type_name = computed
        other = None
        if chance < 0.6:
            alike = _NUMBERS if type_name in _NUMBERS and random.random() < 0.5 else (type_name,)
            other = self.scalar(alike)
        right = other[0] if other is not None else self.value(type_name, expression)
        return Binary(random.choice(("=", "<>", "<", "<=", ">", ">=")), expression, right)

    def constants(self, type_name: str, near: Expression | None = None) -> Expression:
        """Return a list of constants, as a parameter or spelled out."""
        values: list[Any] = []
        for _ in range(self.random.randint(1, 4)):
            constant = self.value(type_name, near)
            assert isinstance(constant, (Literal_, Parameter))
            values.append(constant.value)
        if self.random.random() < 0.05:
            values.append(None)
        if self.random.random() < 0.4:
            return Parameter(self.fresh("p"), tuple(values))
        return ListOf(tuple(map(Literal_, values)))


_NUMBERS = ("INT64", "DOUBLE")
_CONSTANTS: dict[str, tuple[Any, ...]] = {
    "INT32": (-2, 0, 1, 2),
    "INT64": (-1, 0, 1, 2, 3, 2**53 + 1),
    "DOUBLE": (-0.25, 0.0, 0.5, 2.0, 0.1),
    "STRING": ("a", "", "é", "😀", "it's", "back\\slash"),
    "BOOL": (True, False),
    DECIMAL: tuple(map(Decimal, ("0.10", "1.00", "-3.33", "2.50"))),
    "DATE": (dt.date(2024, 5, 1), dt.date(1969, 12, 31)),
}
