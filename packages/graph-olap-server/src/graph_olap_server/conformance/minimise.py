"""Taking parts off a query and rows off a graph while the disagreement stays (delta debugging)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from graph_olap_server.conformance.graph import EdgeTable, NodeTable, PropertyGraph
from graph_olap_server.conformance.query import Expression, Path, Query

__all__ = ["minimise"]

Fails = Callable[[PropertyGraph, Query], bool]


def minimise(graph: PropertyGraph, query: Query, fails: Fails, seconds: float) -> tuple[PropertyGraph, Query]:
    """Return a smaller pair that still fails.

    Args:
        graph: The graph of the pair.
        query: Its query.
        fails: Tells whether a pair shows the same disagreement; a pair that makes no sense does not.
        seconds: When to stop, at the latest.
    """
    deadline = time.monotonic() + seconds
    before = None
    while before != (graph, query) and time.monotonic() < deadline:
        before = (graph, query)
        query = _smallest(query, lambda smaller: fails(graph, smaller), _smaller, deadline)  # noqa: B023
        graph = _smallest(graph, lambda smaller: fails(smaller, query), _smaller_graphs, deadline)  # noqa: B023
    return graph, query


def _smallest(
    value: Any, fails: Callable[[Any], bool], smaller: Callable[[Any], Iterator[Any]], deadline: float
) -> Any:
    found = True
    while found:
        found = False
        for candidate in smaller(value):
            if time.monotonic() > deadline:
                return value
            if fails(candidate):
                value, found = candidate, True
                break
    return value


def _smaller(value: Any) -> Iterator[Any]:
    """Yield variants of a part of a query with one thing less."""
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield value[:index] + value[index + 1 :]
            yield from ((*value[:index], smaller, *value[index + 1 :]) for smaller in _smaller(item))
    elif isinstance(value, Path):
        yield from _shorter(value)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _less(value)


def _shorter(path: Path) -> Iterator[Path]:
    if path.hops:
        yield replace(path, nodes=path.nodes[:-1], hops=path.hops[:-1])
        yield replace(path, nodes=path.nodes[1:], hops=path.hops[1:])
    if path.variable is not None:
        yield replace(path, variable=None)
    for name in ("nodes", "hops"):
        parts = getattr(path, name)
        for index, part in enumerate(parts):
            for less in _smaller(part):
                changed: dict[str, Any] = {name: (*parts[:index], less, *parts[index + 1 :])}
                yield replace(path, **changed)


def _less(value: Any) -> Iterator[Any]:
    for field in fields(value):
        part = getattr(value, field.name)
        if isinstance(value, Expression) and isinstance(part, Expression):
            yield part
        if part is True:
            yield replace(value, **{field.name: False})
        elif part is not None and "None" in str(field.type):
            yield replace(value, **{field.name: None})
        if not isinstance(part, (str, int)):
            yield from (replace(value, **{field.name: smaller}) for smaller in _smaller(part))


def _smaller_graphs(graph: PropertyGraph) -> Iterator[PropertyGraph]:
    tables: list[Any] = [*graph.edges, *graph.nodes]
    for index in range(len(tables)):
        yield _graph([*tables[:index], *tables[index + 1 :]])
    for index, table in enumerate(tables):
        for rows in _fewer(table.rows):
            yield _graph([*tables[:index], replace(table, rows=rows), *tables[index + 1 :]])
        for column in list(table.columns)[1 if isinstance(table, NodeTable) else 0 :]:
            yield _graph([*tables[:index], _without(table, column), *tables[index + 1 :]])


def _graph(tables: Sequence[Any]) -> PropertyGraph:
    nodes = tuple(table for table in tables if isinstance(table, NodeTable))
    labels = {table.label for table in nodes}
    edges = (table for table in tables if isinstance(table, EdgeTable) and {table.start, table.end} <= labels)
    return PropertyGraph(nodes, tuple(edges))


def _fewer(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    size = len(rows)
    while size:
        for start in range(0, len(rows), size):
            yield (*rows[:start], *rows[start + size :])
        size //= 2


def _without(table: Any, column: str) -> Any:
    position = list(table.columns).index(column) + (2 if isinstance(table, EdgeTable) else 0)
    columns = {name: kind for name, kind in table.columns.items() if name != column}
    return replace(table, columns=columns, rows=tuple(row[:position] + row[position + 1 :] for row in table.rows))
