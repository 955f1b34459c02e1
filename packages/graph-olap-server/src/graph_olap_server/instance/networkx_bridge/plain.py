"""Values of results as JSON and as properties: plain, bounded, with handles in place of nodes."""

from __future__ import annotations

import collections.abc
import enum
import math
import numbers
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import networkx as nx
import numpy as np

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.networkx_bridge.values import JSON_TEXT, Handle

__all__ = [
    "CONSUMED_LIMIT",
    "LIMIT",
    "LISTS",
    "NESTED_LIMIT",
    "SCALARS",
    "double",
    "edge_extras",
    "ends_form",
    "graph_form",
    "jsonable",
    "limited",
    "list_limit",
    "number",
    "plain",
    "property_of",
    "statistics",
    "taken",
    "unlimited",
]

LIMIT = 10_000
"""Most entries of a list in a result, unless it is to be whole."""

LISTS = ("values", "sets", "nodes", "paths", "edges", "pairs", "items", "edge_list", "node_list")
"""Names of what is limited."""

NESTED_LIMIT = 100_000
"""Most elements of all entries of a list together."""

CONSUMED_LIMIT = 5_000_000
"""Most elements taken from an iterator; more where the graph itself has more."""

_whole: ContextVar[bool] = ContextVar("whole", default=False)

SCALARS = (bool, int, float, str, type(None))


@contextmanager
def unlimited() -> Iterator[None]:
    """Make lists whole that are built meanwhile."""
    token = _whole.set(True)
    try:
        yield
    finally:
        _whole.reset(token)


def list_limit() -> int:
    """Return how many entries a list may have now."""
    return sys.maxsize if _whole.get() else LIMIT


def plain(value: Any) -> Any:
    """Unwrap what stands for plain values: NumPy's numbers and arrays, sparse matrices, views, iterators."""
    if isinstance(value, (*SCALARS, Handle)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, numbers.Real):
        return float(value)
    if hasattr(value, "toarray"):
        return value.toarray().tolist()
    if isinstance(value, Iterable) and not isinstance(value, (Mapping, collections.abc.Set, Sequence, nx.Graph)):
        return list(value)
    return value


def taken(items: Iterator[Any], room: int) -> tuple[list[Any], bool]:
    """Take items from an iterator until they and their elements are more than ``room``; say whether more were left."""
    found: list[Any] = []
    for item in items:
        item = plain(item) if isinstance(item, Iterator) else item
        room -= 1 + (len(item) if isinstance(item, collections.abc.Sized) and not isinstance(item, str) else 0)
        if room < 0:
            return found, True
        found.append(item)
    return found, False


def limited(name: str, items: Sequence[Any], show: Callable[[Any], Any] = lambda item: item) -> dict[str, Any]:
    """Return the first items, as many as the limits allow, and whether there are more."""
    shown: list[Any] = []
    if _whole.get():
        return {name: [show(item) for item in items]}
    room = NESTED_LIMIT
    for item in items[:LIMIT]:
        entry = show(item)
        room -= _elements(entry)
        if room < 0:
            break
        shown.append(entry)
    return {name: shown} if len(shown) == len(items) else {name: shown, "result_truncated": True}


def jsonable(value: Any) -> Any:
    """Return a value as JSON carries it; handles stay.

    Raises:
        PlatformError: ``ALGORITHM_FAILED`` for an object that has no form in JSON.
    """
    value = plain(value)
    if isinstance(value, Handle):
        return value
    if isinstance(value, SCALARS):
        return number(value)
    if isinstance(value, Mapping):
        return [{"key": jsonable(key), "value": jsonable(entry)} for key, entry in value.items()]
    if isinstance(value, collections.abc.Set):
        items = list(value)
        return [
            jsonable(item) for item in (sorted(items) if all(isinstance(item, Handle) for item in items) else items)
        ]
    if isinstance(value, Sequence):
        return [jsonable(item) for item in value]
    if isinstance(value, nx.Graph):
        return graph_form(value)
    raise PlatformError(
        "ALGORITHM_FAILED",
        f"The function returned a {type(value).__name__}, which cannot be part of a result.",
        {"reason": "unknown type of result"},
    )


def graph_form(graph: nx.Graph[Any]) -> dict[str, Any]:
    """Return a graph: its nodes and edges with their attributes."""
    nodes = [(node, data) for node, data in graph.nodes(data=True)]
    edges = list(graph.edges(data=True))
    listed = limited("node_list", nodes, lambda item: {"node": jsonable(item[0]), **_attributes(item[1])})
    shown = limited("edge_list", edges, lambda edge: {**ends_form(edge[:2]), **edge_extras(edge[2:])})
    return {"kind": "graph", "nodes": len(nodes), "edges": len(edges), **listed, **shown}


def ends_form(pair: Sequence[Any]) -> dict[str, Any]:
    """Return the ends of an edge."""
    return {"source": jsonable(pair[0]), "target": jsonable(pair[1])}


def edge_extras(extras: Sequence[Any]) -> dict[str, Any]:
    """Return what the library tells of an edge beside its ends: a label, or attributes with the weight apart."""
    if not extras:
        return {}
    if isinstance(extras[0], str):
        return {"label": extras[0]}
    attributes = dict(extras[0])
    weight = {"weight": number(plain(attributes.pop("weight")))} if "weight" in attributes else {}
    return {**weight, **_attributes(attributes)}


def _attributes(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    known = (*SCALARS, Handle, np.generic, Mapping, collections.abc.Set, Sequence)  # not what the library keeps there
    shown = {str(name): jsonable(value) for name, value in attributes.items() if isinstance(value, known)}
    return {"attributes": shown} if shown else {}


def number(value: Any) -> Any:
    """Return a scalar, null for what JSON has no number for."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def double(value: float) -> float | None:
    """Return a value of a DOUBLE property."""
    return float(value) if math.isfinite(value) else None


def property_of(values: list[Any]) -> tuple[str, list[Any]]:
    """Choose the property type for values: the narrowest that holds them all."""
    present = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in present) and present:
        return "BOOL", values
    if all(isinstance(value, int) and not isinstance(value, bool) for value in present):
        if all(-(2**63) <= value < 2**63 for value in present):
            return "INT64", values
    elif all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present):
        return "DOUBLE", [None if value is None else double(value) for value in values]
    elif all(isinstance(value, str) for value in present):
        return "STRING", values
    elif all(_is_vector(value) for value in present):
        return "LIST<DOUBLE>", [None if value is None else [double(entry) for entry in value] for value in values]
    return JSON_TEXT, [None if value is None else jsonable(value) for value in values]


def statistics(values: Sequence[Any]) -> dict[str, Any]:
    """Return smallest, largest and mean of values that are all numbers."""
    found = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    finite = [value for value in found if math.isfinite(value)]
    if not finite or len(found) != len(values):
        return {}
    return {"min": min(finite), "max": max(finite), "mean": math.fsum(finite) / len(finite)}


def _is_vector(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(entry, (int, float)) and not isinstance(entry, bool) for entry in value
    )


def _elements(entry: Any) -> int:
    """Count what an entry is made of."""
    if isinstance(entry, Mapping):
        return sum(map(_elements, entry.values()))
    return sum(map(_elements, entry)) if isinstance(entry, list) else 1
