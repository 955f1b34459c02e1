"""The oracle: evaluates abstract queries by brute force over Python rows.

It shares nothing with the engines and their adapters: no Cypher, no Parquet, no Arrow. Patterns are matched by walks,
one relationship at a time (docs/reference/cypher.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cmp_to_key
from typing import Any

from graph_olap_server.conformance.binding import variables_of
from graph_olap_server.conformance.elements import GraphIndex, TooMuchError
from graph_olap_server.conformance.expressions import Bindings, Evaluator, distinct_key
from graph_olap_server.conformance.graph import PropertyGraph
from graph_olap_server.conformance.patterns import Matcher
from graph_olap_server.conformance.query import (
    Aggregate,
    Expression,
    Item,
    Match,
    Order,
    Path,
    Projection,
    Query,
    Subquery,
    Unwind,
)

__all__ = ["Oracle", "TooMuchError"]

_MAX_STEPS = 60_000
_MAX_ROWS = 3_000


class Oracle:
    """Answers queries about one graph."""

    def __init__(self, graph: PropertyGraph) -> None:
        self._index = GraphIndex(graph)

    def answer(self, query: Query) -> list[list[Any]]:
        """Return the rows; nodes and relationships are :class:`Element`, paths tuples of them.

        Raises:
            TooMuchError: Brute force would take too long or give too many rows.
            LookupError: The query uses a variable that no clause has bound.
        """
        run = _Run(self._index)
        rows = [row for part in query.parts for row in run.part(part)]
        if len(query.parts) > 1 and not query.union_all:
            rows = _unique(rows)
        return rows


class _Run:
    def __init__(self, index: GraphIndex) -> None:
        self._matcher = Matcher(index, _MAX_STEPS, self._evaluate)
        self._evaluator = Evaluator(self._subquery)

    def part(self, clauses: Sequence[Match | Unwind | Projection]) -> list[list[Any]]:
        rows: list[Bindings] = [{}]
        for clause in clauses:
            if isinstance(clause, Match):
                rows = list(self._match(clause, rows))
            elif isinstance(clause, Unwind):
                rows = [
                    {**row, clause.variable: value}
                    for row in rows
                    for value in self._evaluate(clause.values, row) or []
                ]
            else:
                rows = self._project(clause, rows)
            if len(rows) > _MAX_ROWS:
                raise TooMuchError
        last = clauses[-1]
        assert isinstance(last, Projection)
        return [[row[item.name] for item in last.items] for row in rows]

    def _evaluate(self, expression: Expression, row: Bindings) -> Any:
        return self._evaluator.value(expression, row)

    def _match(self, clause: Match, rows: list[Bindings]) -> Iterator[Bindings]:
        for row in rows:
            found = False
            for matched in self._matches(clause.paths, clause.where, row):
                found = True
                yield matched
            if clause.optional and not found:
                yield {**dict.fromkeys(variables_of(clause.paths)), **row}

    def _matches(self, paths: tuple[Path, ...], where: Expression | None, row: Bindings) -> Iterator[Bindings]:
        for matched in self._matcher.match(paths, row):
            if where is None or self._evaluate(where, matched) is True:
                yield matched

    def _subquery(self, subquery: Subquery, row: Bindings) -> bool | int:
        found = self._matches(subquery.paths, subquery.where, row)
        return any(True for _ in found) if subquery.kind == "EXISTS" else sum(1 for _ in found)

    def _project(self, clause: Projection, rows: list[Bindings]) -> list[Bindings]:
        values = self._grouped(clause.items, rows)
        if clause.distinct:
            values = _unique(values)
        names = [item.name for item in clause.items]
        projected = [dict(zip(names, value, strict=True)) for value in values]
        if clause.order:
            projected = self._sorted(projected, clause.order)
        start = 0 if clause.skip is None else self._evaluate(clause.skip, {})
        end = None if clause.limit is None else start + self._evaluate(clause.limit, {})
        projected = projected[start:end]
        if clause.where is None:
            return projected
        return [row for row in projected if self._evaluate(clause.where, row) is True]

    def _sorted(self, rows: list[Bindings], order: Sequence[Order]) -> list[Bindings]:
        keys: list[list[Any]] = [
            [row[key.name] if key.expression is None else self._evaluate(key.expression, row) for key in order]
            for row in rows
        ]

        def compare(one: int, other: int) -> int:
            return _compare(keys[one], keys[other], order)

        return [rows[place] for place in sorted(range(len(rows)), key=cmp_to_key(compare))]

    def _grouped(self, items: Sequence[Item], rows: list[Bindings]) -> list[list[Any]]:
        aggregated = [isinstance(item.expression, Aggregate) for item in items]
        if not any(aggregated):
            return [[self._evaluate(item.expression, row) for item in items] for row in rows]
        groups: dict[Any, list[Bindings]] = {}
        for row in rows:
            keys = [
                self._evaluate(item.expression, row)
                for item, is_aggregate in zip(items, aggregated, strict=True)
                if not is_aggregate
            ]
            groups.setdefault(distinct_key(keys), []).append(row)
        if not rows and all(aggregated):
            groups[()] = []
        return [
            [
                self._aggregate(item.expression, group)
                if isinstance(item.expression, Aggregate)
                else self._evaluate(item.expression, group[0])
                for item in items
            ]
            for group in groups.values()
        ]

    def _aggregate(self, aggregate: Aggregate, rows: list[Bindings]) -> Any:
        if aggregate.operand is None:
            return len(rows)
        values = [value for row in rows if (value := self._evaluate(aggregate.operand, row)) is not None]
        if aggregate.distinct:
            values = list({distinct_key(value): value for value in reversed(values)}.values())
        if aggregate.name == "count":
            return len(values)
        if not values:
            return None
        if aggregate.name == "sum":
            return math.fsum(values) if isinstance(values[0], float) else sum(values)
        if aggregate.name == "avg":
            return math.fsum(values) / len(values)
        if aggregate.name == "collect":
            return values
        return min(values) if aggregate.name == "min" else max(values)


def _unique(rows: list[list[Any]]) -> list[list[Any]]:
    return list({distinct_key(row): row for row in reversed(rows)}.values())


def _compare(left: Sequence[Any], right: Sequence[Any], order: Sequence[Order]) -> int:
    for a, b, key in zip(left, right, order, strict=True):
        if a == b or (a is None and b is None):
            continue
        # Null counts as the largest value: last ascending, first descending.
        less = b is None if a is None or b is None else a < b
        return (-1 if less else 1) * (-1 if key.descending else 1)
    return 0
