"""From whatever a NetworkX function returned to a result of section 7.6 and the values to write back."""

from __future__ import annotations

import collections.abc
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from graph_olap_server.instance.networkx_bridge.values import JSON_TEXT, Classified, Handle, NodeValues

__all__ = ["classify", "classify_groups", "classify_values"]

_LIMIT = 10_000
_MAX_SIZES = 1_000
_SCALARS = (bool, int, float, str, type(None))


def classify(returned: Any, *, write: bool) -> Classified:
    """Find the kind of a returned value; ``write`` leaves out what is written back anyway."""
    value = _plain(returned)
    if isinstance(value, nx.Graph):
        return _graph(value)
    if isinstance(value, Handle):
        return _not_written({"kind": "node_list", "nodes": [value], "length": 1}, write)
    if isinstance(value, _SCALARS):
        return _not_written({"kind": "scalar", "value": _number(value)}, write)
    if isinstance(value, Mapping):
        return _mapping(value, write=write)
    if isinstance(value, tuple) and _is_mixed(value):
        return _tuple(value, write=write)
    if isinstance(value, (collections.abc.Set, Sequence)):
        return _sequence(value, write=write)
    return _not_written({"kind": "sequence", "values": [str(value)]}, write)


def classify_values(dense: NDArray[np.int64], values: NDArray[Any], *, write: bool) -> Classified:
    """Return the node map of an array of values; ``dense`` are their nodes, ascending."""
    stored = [_double(value) if isinstance(value, float) else value for value in values.tolist()]
    result: dict[str, Any] = {"kind": "node_map", "count": len(stored), **_statistics(values.tolist())}
    if not write:
        shown = list(zip(dense[: _LIMIT + 1].tolist(), stored, strict=False))
        result |= _limited("values", shown, lambda item: {"node": Handle(item[0]), "value": item[1]})
    type_name = {"b": "BOOL", "f": "DOUBLE"}.get(values.dtype.kind, "INT64")
    return Classified(result, [NodeValues(dense.tolist(), type_name, stored)])


def classify_groups(labels: NDArray[np.int64], *, write: bool) -> Classified:
    """Return the node sets that labels make; they are numbered larger first, of equal ones the smallest node first."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    result: dict[str, Any] = {
        "kind": "node_sets",
        "count": len(sizes),
        "sizes": sizes[:_MAX_SIZES].tolist(),
        "overlapping": False,
    }
    if not write:
        ends = np.cumsum(sizes)
        fitting = int(np.searchsorted(ends, _LIMIT, side="right"))
        starts = ends[:fitting] - sizes[:fitting]
        result["sets"] = [
            [Handle(node) for node in order[start:end].tolist()] for start, end in zip(starts, ends, strict=False)
        ]
        if fitting < len(sizes):
            result["result_truncated"] = True
    return Classified(result, [NodeValues(list(range(len(labels))), "INT64", labels.tolist())])


def _plain(value: Any) -> Any:
    """Unwrap NumPy values and consume iterators."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if hasattr(value, "toarray"):
        return value.toarray().tolist()
    if isinstance(value, collections.abc.Iterator) or (
        isinstance(value, Iterable) and not isinstance(value, (str, Mapping, collections.abc.Collection, nx.Graph))
    ):
        return list(value)
    return value


def _is_mixed(value: tuple[Any, ...]) -> bool:
    """Whether a tuple is several results, not one sequence of nodes or node sets."""
    parts = [_plain(part) for part in value]
    return not all(isinstance(part, Handle) for part in parts) and not all(_is_node_set(part) for part in parts)


def _tuple(value: tuple[Any, ...], *, write: bool) -> Classified:
    parts = [classify(part, write=write) for part in value]
    nodes = []
    for number, part in enumerate(parts, start=1):
        if part.result["kind"] == "node_map":
            for values in part.nodes:
                values.suffix = f"_{number}"
                nodes.append(values)
    warning = None if nodes or not write else "None of the parts is a value per node, so nothing was written."
    return Classified({"kind": "tuple", "items": [part.result for part in parts]}, nodes, warning)


def _mapping(value: Mapping[Any, Any], *, write: bool) -> Classified:
    items = {key: _plain(entry) for key, entry in value.items()}
    if all(isinstance(key, Handle) for key in items):
        if items and all(isinstance(entry, (Mapping, collections.abc.Set)) for entry in items.values()):
            return _matrix(list(items.items()), write=write)
        return _node_map(items, write=write)
    if all(_is_pair(key) for key in items) and all(isinstance(entry, _SCALARS) for entry in items.values()):
        return _edge_map(items, write=write)
    pairs = [{"key": _json(key), "value": _json(entry)} for key, entry in items.items()]
    return _not_written({"kind": "mapping", "count": len(pairs), **_limited("values", pairs)}, write)


def _node_map(items: Mapping[Handle, Any], *, write: bool) -> Classified:
    ordered = sorted(items.items())
    values = [entry for _, entry in ordered]
    type_name, stored = _property(values)
    result: dict[str, Any] = {"kind": "node_map", "count": len(ordered), **_statistics(values)}
    if not write:
        result |= _limited("values", ordered, lambda item: {"node": item[0], "value": _json(item[1])})
    return Classified(result, [NodeValues([node.dense for node, _ in ordered], type_name, stored)])


def _edge_map(items: Mapping[tuple[Handle, ...], Any], *, write: bool) -> Classified:
    result = {
        "kind": "edge_map",
        "count": len(items),
        **_statistics(list(items.values())),
        **_limited(
            "values",
            list(items.items()),
            lambda item: {"source": item[0][0], "target": item[0][1], "value": _number(item[1])},
        ),
    }
    return _not_written(result, write)


def _matrix(items: Sequence[tuple[Handle, Any]], *, write: bool) -> Classified:
    rows: list[Any] = []
    total = 0
    for node, entry in items:
        inner = entry.items() if isinstance(entry, Mapping) else ((other, None) for other in entry)
        cells = [{"node": _json(other), "value": _json(value)} for other, value in inner]
        total += len(cells)
        if total <= _LIMIT:
            rows.append({"node": node, "values": cells})
    truncated = {"result_truncated": True} if len(rows) < len(items) else {}
    return _not_written({"kind": "node_matrix", "count": len(items), "values": rows, **truncated}, write)


def _sequence(value: collections.abc.Set[Any] | Sequence[Any], *, write: bool) -> Classified:
    items = [_plain(item) for item in value]
    if items and all(isinstance(item, Handle) for item in items):
        return _node_list(items, ordered=isinstance(value, Sequence))
    if items and all(_is_pair(item) or _is_attributed_pair(item) for item in items):
        shown = _limited(
            "edges", items, lambda item: {"source": item[0], "target": item[1], **_weight(item[2] if item[2:] else {})}
        )
        return _not_written({"kind": "edge_list", "count": len(items), **shown}, write)
    if items and all(_is_score(item) for item in items):
        ranked = sorted(items, key=lambda item: -item[2])
        shown = _limited(
            "pairs", ranked, lambda item: {"source": item[0], "target": item[1], "score": _number(item[2])}
        )
        return _not_written({"kind": "pair_scores", "count": len(items), **shown}, write)
    if items and all(
        isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], Handle) and isinstance(item[1], Mapping)
        for item in items
    ):
        return _matrix(items, write=write)
    if items and all(_is_node_set(item) for item in items):
        return _node_sets(items, write=write)
    return _not_written({"kind": "sequence", "count": len(items), **_limited("values", items, _json)}, write)


def _node_list(items: list[Handle], *, ordered: bool) -> Classified:
    shown = items if ordered else sorted(items)
    place: dict[Handle, int] = {}
    for position, node in enumerate(shown):
        place.setdefault(node, position if ordered else 1)
    ranked = sorted(place.items())
    values = NodeValues([node.dense for node, _ in ranked], "INT64", [position for _, position in ranked])
    result: dict[str, Any] = {"kind": "node_list", "length": len(shown), **_limited("nodes", shown)}
    return Classified(result, [values])


def _node_sets(items: list[Any], *, write: bool) -> Classified:
    sets = sorted((sorted(set(item)) for item in items), key=lambda nodes: (-len(nodes), nodes[:1]))
    index: dict[Handle, int] = {}
    overlapping = False
    for number, nodes in enumerate(sets):
        for node in nodes:
            overlapping |= index.setdefault(node, number) != number
    ranked = sorted(index.items())
    result: dict[str, Any] = {
        "kind": "node_sets",
        "count": len(sets),
        "sizes": [len(nodes) for nodes in sets[:_MAX_SIZES]],
        "overlapping": overlapping,
    }
    if not write:
        shown: list[list[Handle]] = []
        room = _LIMIT
        for nodes in sets:
            if len(nodes) > room:
                break
            shown.append(nodes)
            room -= len(nodes)
        result["sets"] = shown
        if len(shown) < len(sets):
            result["result_truncated"] = True
    return Classified(
        result, [NodeValues([node.dense for node, _ in ranked], "INT64", [number for _, number in ranked])]
    )


def _graph(graph: nx.Graph[Any]) -> Classified:
    edges = list(graph.edges(data=True))
    shown = _limited("edge_list", edges, lambda edge: {**_ends(*edge[:2]), **_weight(edge[2])})
    result = {"kind": "graph", "nodes": graph.number_of_nodes(), "edges": graph.number_of_edges(), **shown}
    return Classified(result, [], None)


def _ends(source: Any, target: Any) -> dict[str, Any]:
    return {"source": _json(source), "target": _json(target)}


def _weight(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {"weight": _number(attributes["weight"])} if "weight" in attributes else {}


def _not_written(result: dict[str, Any], write: bool) -> Classified:
    kind = result["kind"]
    return Classified(result, [], f"A result of kind {kind} is not written to nodes." if write else None)


def _property(values: list[Any]) -> tuple[str, list[Any]]:
    """Choose the property type for values: the narrowest that holds them all."""
    present = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in present) and present:
        return "BOOL", values
    if all(isinstance(value, int) and not isinstance(value, bool) for value in present):
        if all(-(2**63) <= value < 2**63 for value in present):
            return "INT64", values
    elif all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present):
        return "DOUBLE", [None if value is None else _double(value) for value in values]
    elif all(isinstance(value, str) for value in present):
        return "STRING", values
    elif all(_is_vector(value) for value in present):
        return "LIST<DOUBLE>", [None if value is None else [_double(entry) for entry in value] for value in values]
    return JSON_TEXT, [None if value is None else _json(value) for value in values]


def _statistics(values: list[Any]) -> dict[str, Any]:
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    finite = [value for value in numbers if math.isfinite(value)]
    if not finite or len(numbers) != len(values):
        return {}
    return {"min": min(finite), "max": max(finite), "mean": math.fsum(finite) / len(finite)}


def _limited(name: str, items: Sequence[Any], show: Callable[[Any], Any] = lambda item: item) -> dict[str, Any]:
    shown = {name: [show(item) for item in items[:_LIMIT]]}
    return shown if len(items) <= _LIMIT else {**shown, "result_truncated": True}


def _json(value: Any) -> Any:
    """Return a value as JSON carries it; handles stay."""
    value = _plain(value)
    if isinstance(value, Handle):
        return value
    if isinstance(value, _SCALARS):
        return _number(value)
    if isinstance(value, Mapping):
        return [{"key": _json(key), "value": _json(entry)} for key, entry in value.items()]
    if isinstance(value, (collections.abc.Set, Sequence)):
        return [_json(item) for item in value]
    if isinstance(value, nx.Graph):
        return _graph(value).result
    return str(value)


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _double(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _is_vector(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(entry, (int, float)) and not isinstance(entry, bool) for entry in value
    )


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, Handle) for part in value)


def _is_attributed_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 3 and _is_pair(value[:2]) and isinstance(value[2], Mapping)


def _is_score(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 3
        and _is_pair(value[:2])
        and isinstance(value[2], (int, float))
        and not isinstance(value[2], bool)
    )


def _is_node_set(value: Any) -> bool:
    if isinstance(value, str) or not isinstance(value, (collections.abc.Set, list, tuple)):
        return False
    return all(isinstance(part, Handle) for part in value)
