"""Random abstract queries over a graph; what they ask has one right answer."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, Literal

from graph_olap_server.conformance.graph import PropertyGraph
from graph_olap_server.conformance.query import (
    Aggregate,
    Binary,
    Call,
    Expression,
    Hop,
    Item,
    Length,
    ListOf,
    Match,
    NodePattern,
    Order,
    Path,
    Projection,
    Property,
    Query,
    Subquery,
    Unwind,
    Variable,
)
from graph_olap_server.conformance.scope import DECIMAL, NODE, PATH, REL, SCALARS, Kind, Schema, Scope

__all__ = ["random_query"]

_Clause = Match | Unwind | Projection


def random_query(random: Random, graph: PropertyGraph) -> Query:
    """Make a query; all features meet all others.

    Example:
        >>> from graph_olap_server.conformance.graph import NodeTable, PropertyGraph
        >>> graph = PropertyGraph((NodeTable("N", {"id": "INT64"}, ((1,), (2,))),))
        >>> random_query(Random(1), graph) == random_query(Random(1), graph)
        True
    """
    maker = _Maker(random, Schema(graph))
    if random.random() < 0.1:
        return maker.union()
    return Query((maker.part(None),))


class _Maker:
    def __init__(self, random: Random, schema: Schema) -> None:
        self._random = random
        self._schema = schema
        self._numbers = [0]
        self._earlier: frozenset[str] = frozenset()  # variables of the clauses before

    def union(self) -> Query:
        """Two parts with columns of the same names and types."""
        union_all = self._random.random() < 0.5
        # Decimals of a parameter have digits of their own, and UNION wants one type.
        types = self._random.choices([name for name in SCALARS if name != DECIMAL], k=self._random.randint(1, 2))
        parts = []
        for _ in range(self._random.choice((2, 2, 3))):
            parts.append(self.part(types))
        return Query(tuple(parts), union_all)

    def part(self, types: list[str] | None) -> tuple[_Clause, ...]:
        """One query without UNION; ``types`` are those its columns must have."""
        random = self._random
        scope = Scope(random, self._schema, {}, self._numbers)
        clauses: list[_Clause] = [self._unwind(scope)] if random.random() < 0.08 else []
        clauses.append(self._match(scope, optional=random.random() < 0.06))
        for _ in range(random.choice((0, 0, 0, 1, 1, 2))):
            chance = random.random()
            if chance < 0.4:
                clauses.append(self._match(scope, optional=True))
            elif chance < 0.6:
                clauses.append(self._with(scope))
            elif chance < 0.75:
                clauses.append(self._unwind(scope))
            else:
                clauses.append(self._match(scope, optional=False))
        clauses.append(self._return(scope) if types is None else self._typed_return(scope, types))
        return tuple(clauses)

    def _match(self, scope: Scope, *, optional: bool) -> Match:
        random = self._random
        self._earlier = frozenset(scope.variables)
        paths = [self._path(scope, reuse=0.75)]
        if random.random() < 0.12:
            paths.append(self._path(scope, reuse=0.8, hops=1))
        joined = self._joined(scope) if random.random() < 0.08 else None
        where = self._where(scope)
        if joined is not None:
            paths.append(joined[0])
            where = joined[1] if where is None else Binary("AND", joined[1], where)
        return Match(tuple(paths), where, optional)

    def _joined(self, scope: Scope) -> tuple[Path, Expression] | None:
        """Make a pattern that shares no node with what is known, but has an equal value."""
        before = dict(scope.variables)
        if (known := scope.scalar(narrow=False)) is None:
            return None
        path = self._path(scope, reuse=0.0, hops=self._random.choice((0, 1, 1)), plain=True)
        added = {name: kind for name, kind in scope.variables.items() if name not in before}
        found = replace(scope, variables=added).scalar((known[1],), narrow=False)
        if found is None:
            scope.variables = before
            return None
        sides = [known[0], found[0]]
        self._random.shuffle(sides)
        return path, Binary("=", *sides)

    def _where(self, scope: Scope) -> Expression | None:
        chance = self._random.random()
        if chance < 0.08:
            return self._subquery(scope, "EXISTS")
        return scope.predicate() if chance < 0.45 else None

    def _subquery(self, scope: Scope, kind: Literal["EXISTS", "COUNT"]) -> Expression | None:
        if not scope.of(NODE):
            return None
        inner = replace(scope, variables=dict(scope.variables))
        self._earlier = frozenset(inner.variables)
        path = replace(self._path(inner, reuse=1.0, hops=self._random.choice((1, 1, 2)), plain=True), variable=None)
        where = inner.predicate(1) if self._random.random() < 0.4 else None
        return Subquery(kind, (path,), where)

    def _path(self, scope: Scope, reuse: float, hops: int | None = None, *, plain: bool = False) -> Path:
        random = self._random
        count = random.choice((0, 1, 1, 1, 2, 2, 3)) if hops is None else hops
        count = min(count, 3) if self._schema.types else 0
        nodes = [self._start(scope, reuse)]
        found: list[Hop] = []
        for _ in range(count):
            hop, node = self._hop(scope, nodes[-1], plain=plain)
            found.append(hop)
            nodes.append(node)
        variable = None
        shortest = any(hop.length is not None and "SHORTEST" in hop.length.kind for hop in found)
        if found and not plain and not shortest and random.random() < 0.2:
            variable = scope.fresh("path")
            scope.variables[variable] = Kind(PATH)
        elif len(found) == 1 and shortest and random.random() < 0.6:
            variable = scope.fresh("path")
            scope.variables[variable] = Kind("SHORTEST PATH")
        return Path(tuple(nodes), tuple(found), variable)

    def _start(self, scope: Scope, reuse: float) -> NodePattern:
        known = scope.of(NODE)
        if known and self._random.random() < reuse:
            return NodePattern(self._random.choice(known))
        return self._new_node(scope, self._schema.labels)

    def _new_node(self, scope: Scope, likely: tuple[str, ...]) -> NodePattern:
        random = self._random
        chance = random.random()
        labels: tuple[str, ...] = ()
        if chance < 0.65:
            labels = (random.choice(likely),)
        elif chance < 0.72 and len(self._schema.labels) > 1:
            labels = tuple(random.sample(self._schema.labels, 2))
        if random.random() < 0.12:
            return NodePattern(None, labels)
        name = scope.fresh("n")
        kind = Kind(NODE, labels or self._schema.labels)
        scope.variables[name] = kind
        return NodePattern(name, labels, self._properties(scope, name) if random.random() < 0.12 else ())

    def _hop(self, scope: Scope, before: NodePattern, *, plain: bool) -> tuple[Hop, NodePattern]:
        random = self._random
        here = scope.variables[before.variable].names if before.variable else before.labels or self._schema.labels
        ends = self._schema.ends
        fitting = [name for name in ends if set(ends[name]) & set(here)]
        chosen = random.choice(fitting) if fitting and random.random() < 0.9 else random.choice(self._schema.types)
        start, end = ends[chosen]
        direction: Literal["->", "<-", "-"] = "->" if start in here else "<-"
        if random.random() < 0.2:
            direction = "-"
        chance = random.random()
        types = (chosen,) if chance < 0.7 else () if chance < 0.85 else tuple({chosen, random.choice(list(ends))})
        length = self._length() if not plain and random.random() < 0.22 else None
        variable = None
        if length is None and random.random() < 0.6:
            variable = scope.fresh("r")
            scope.variables[variable] = Kind(REL, types or self._schema.types)
        properties = self._properties(scope, variable) if variable and random.random() < 0.1 else ()
        hop = Hop(variable, types, direction, properties, length)
        known = [name for name in scope.of(NODE) if set(scope.variables[name].names) & {start, end}]
        if known and random.random() < 0.07:
            return hop, NodePattern(random.choice(known))
        return hop, self._new_node(scope, (end,) if start in here else (start,))

    def _length(self) -> Length:
        random = self._random
        kind = random.choice(_LENGTHS)
        low = 1 if "SHORTEST" in kind else random.choice((0, *(1,) * 60, *(2,) * 20))
        return Length(low, max(1, low + random.choice((0, 1, 1, 2))), kind)

    def _properties(self, scope: Scope, variable: str) -> tuple[tuple[str, Expression], ...]:
        properties = self._schema.properties(scope.variables[variable])
        if not properties:
            return ()
        name = self._random.choice(sorted(properties))
        earlier = {known: kind for known, kind in scope.variables.items() if known in self._earlier}
        if self._random.random() < 0.25 and earlier:
            found = replace(scope, variables=earlier).scalar((properties[name],), narrow=False)
            if found is not None:
                return ((name, found[0]),)
        return ((name, scope.value(properties[name], Property(variable, name))),)

    def _unwind(self, scope: Scope) -> Unwind:
        bags = scope.of("BAG")
        if bags and self._random.random() < 0.6:
            name = self._random.choice(bags)
            values: Expression = Variable(name)
            kind = Kind(scope.variables[name].names[0])
        else:
            kind = Kind(self._random.choice(SCALARS))
            found = scope.scalar((kind.name,))
            values = scope.constants(kind.name)
            if found is not None and self._random.random() < 0.3:
                values = ListOf((found[0], scope.value(kind.name)))
        name = scope.fresh("u")
        scope.variables[name] = kind
        return Unwind(values, name)

    def _with(self, scope: Scope) -> Projection:
        random = self._random
        kept = [name for name in scope.variables if random.random() < 0.6]
        aggregate = random.random() < 0.5
        bags = [] if aggregate else scope.of("BAG", "SHORTEST PATH", "APPROXIMATE")
        kept = [name for name in kept if name in bags or scope.variables[name].name in (NODE, REL, PATH, *SCALARS)]
        items = [Item(Variable(name), name) for name in kept[:3]]
        variables = {item.name: scope.variables[item.name] for item in items}
        added = self._items(scope, "w", aggregate=aggregate, count=random.randint(0 if items else 1, 2))
        items += [item for item, _ in added]
        distinct = (
            not aggregate and not any(kind.name == "BAG" for kind in variables.values()) and random.random() < 0.3
        )
        scope.variables = variables | {item.name: kind for item, kind in added}
        if distinct:
            scope.variables = {k: v for k, v in scope.variables.items() if v.name not in ("BAG", "SHORTEST PATH")}
            items = [item for item in items if item.name in scope.variables] or items[:1]
        where = scope.predicate(1) if random.random() < 0.3 else None
        order, skip, limit = self._page(scope, items) if where is None and random.random() < 0.3 else ((), None, None)
        return Projection(tuple(items), distinct, order, skip, limit, where)

    def _return(self, scope: Scope) -> Projection:
        random = self._random
        aggregate = random.random() < 0.45
        items = []
        if not aggregate or random.random() < 0.7:
            items += self._items(scope, "c", aggregate=False, count=random.randint(1, 3), grouped=aggregate)
        if aggregate or not items:
            items += self._items(scope, "c", aggregate=True, count=random.randint(1, 3))
        columns = [item for item, _ in items]
        exact = all(kind.name not in ("BAG", "SHORTEST PATH", "APPROXIMATE") for _, kind in items)
        distinct = not aggregate and exact and random.random() < 0.25
        shown = replace(scope, variables={item.name: kind for item, kind in items})
        order, skip, limit = self._page(shown, columns) if random.random() < 0.35 else ((), None, None)
        return Projection(tuple(columns), distinct, order, skip, limit)

    def _typed_return(self, scope: Scope, types: list[str]) -> Projection:
        items = []
        for position, type_name in enumerate(types):
            found = scope.scalar((type_name,), narrow=False)
            # A variable may hold a narrower integer, and UNION wants one type.
            use = found is not None and not (type_name == "INT64" and isinstance(found[0], Variable))
            items.append(Item(found[0] if found and use else scope.value(type_name), f"c{position}"))
        return Projection(tuple(items))

    def _page(self, scope: Scope, items: list[Item]) -> tuple[Any, ...]:
        """ORDER BY; SKIP and LIMIT only where all columns are in the order, so that the answer is one."""
        random = self._random
        sortable = [item.name for item in items if scope.variables[item.name].name in SCALARS]
        keys = random.sample(sortable, len(sortable))
        total = len(keys) == len(items)
        if not total:
            keys = keys[:2]
        order = tuple(Order(name, random.random() < 0.4, spelled=random.random() < 0.2) for name in keys)
        if random.random() < 0.3 and (computed := scope.computed()) is not None:
            order = (Order("", random.random() < 0.4, expression=computed[0]), *order)
        skip = scope.constant(random.randint(0, 4)) if total and random.random() < 0.3 else None
        limit = scope.constant(random.choice((0, 1, 3, 5, 20))) if total and random.random() < 0.6 else None
        return order, skip, limit

    def _items(
        self, scope: Scope, prefix: str, *, aggregate: bool, count: int, grouped: bool = False
    ) -> list[tuple[Item, Kind]]:
        made = []
        for _ in range(count):
            expression, kind, shape = self._aggregate(scope) if aggregate else self._plain(scope, grouped=grouped)
            made.append((Item(expression, scope.fresh(prefix), shape), kind))
        return made

    def _plain(self, scope: Scope, *, grouped: bool) -> tuple[Expression, Kind, Any]:
        random = self._random
        chance = random.random()
        whole = scope.of(NODE, REL) + ([] if grouped else scope.of(PATH))
        if whole and chance < 0.15:
            name = random.choice(whole)
            return Variable(name), scope.variables[name], "exact"
        if (paths := scope.of(PATH, "SHORTEST PATH")) and chance < 0.4:
            return Call("length", (Variable(random.choice(paths)),)), Kind("INT64"), "exact"
        if not grouped and chance < 0.22 and (bags := scope.of("BAG")):
            name = random.choice(bags)
            return Variable(name), scope.variables[name], "bag"
        if chance < 0.28 and (elements := scope.of(NODE, REL)):
            return Call("label", (Variable(random.choice(elements)),)), Kind("STRING"), "exact"
        if chance < 0.33 and not grouped:
            counted = self._subquery(scope, random.choice(("COUNT", "EXISTS")))
            if isinstance(counted, Subquery):
                return counted, Kind("INT64" if counted.kind == "COUNT" else "BOOL"), "exact"
        if chance < 0.45 and (computed := scope.computed()):
            return computed[0], Kind(computed[1]), "exact"
        if chance < 0.5 and not grouped and (condition := scope.predicate(1)):
            return condition, Kind("BOOL"), "exact"
        found = scope.scalar() or (scope.value("INT64"), "INT64")
        return found[0], Kind(found[1]), "exact"

    def _aggregate(self, scope: Scope) -> tuple[Expression, Kind, Any]:
        random = self._random
        distinct = random.random() < 0.3
        chance = random.random()
        elements = scope.of(NODE, REL, PATH)
        if chance < 0.25:
            return Aggregate("count"), Kind("INT64"), "exact"
        if chance < 0.35 and elements:
            return Aggregate("count", Variable(random.choice(elements)), distinct), Kind("INT64"), "exact"
        found = scope.computed() if random.random() < 0.2 else scope.scalar()
        if found is None:
            return Aggregate("count"), Kind("INT64"), "exact"
        expression, type_name = found
        name = random.choice(("count", "min", "max", "collect", *_SUMS.get(type_name, ())))
        if name == "collect":
            return Aggregate(name, expression, distinct), Kind("BAG", (type_name,)), "bag"
        if name == "count":
            return Aggregate(name, expression, distinct), Kind("INT64"), "exact"
        if name == "avg" or (name == "sum" and type_name == "DOUBLE"):
            return Aggregate(name, expression, distinct), Kind("APPROXIMATE"), "approximate"
        return Aggregate(name, expression, distinct), Kind("SUM" if name == "sum" else type_name), "exact"


_LENGTHS: tuple[Literal["WALK", "TRAIL", "ACYCLIC", "SHORTEST", "ALL SHORTEST"], ...]
# ACYCLIC and a lower bound of 0 are refused: seldom asked, so that they stay so.
_LENGTHS = (*("WALK", "TRAIL", "SHORTEST", "ALL SHORTEST") * 20, "ACYCLIC")
_SUMS = {"INT64": ("sum", "avg") * 2, "DOUBLE": ("sum", "avg") * 2, DECIMAL: ("sum",) * 2}
