"""From whatever a NetworkX function returned to a result of section 7.6 and the values to write back."""

from __future__ import annotations

import collections.abc
import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import networkx as nx

from graph_olap_server.instance.networkx_bridge.kinds import Kind, shown_kind
from graph_olap_server.instance.networkx_bridge.plain import (
    CONSUMED_LIMIT,
    SCALARS,
    edge_extras,
    ends_form,
    graph_form,
    jsonable,
    limited,
    list_limit,
    number,
    plain,
    property_of,
    statistics,
    taken,
)
from graph_olap_server.instance.networkx_bridge.values import Classified, EdgeValues, Handle, NodeValues

__all__ = ["MAX_SIZES", "classify"]

MAX_SIZES = 1_000
"""Most sizes of sets in a result."""

_EMPTY: dict[str, dict[str, Any]] = {
    "node_sets": {"count": 0, "sizes": [], "overlapping": False, "sets": []},
    "node_layers": {"count": 0, "sizes": [], "overlapping": False, "sets": []},
    "node_list": {"length": 0, "nodes": []},
    "edge_list": {"count": 0, "edges": []},
    "pair_scores": {"count": 0, "pairs": []},
    "paths": {"count": 0, "sizes": [], "overlapping": False, "sets": [], "paths": []},
    "sequence": {"count": 0, "values": []},
    **{kind: {"count": 0, "values": []} for kind in ("node_map", "edge_map", "node_matrix", "mapping")},
}


def classify(
    returned: Any,
    *,
    write: bool,
    kind: Kind | None = None,
    parts: Sequence[Kind] = (),
    consumed_limit: int = CONSUMED_LIMIT,
) -> Classified:
    """Give a returned value the form of its kind.

    Args:
        returned: Any value.
        write: Leave out what is written back anyway.
        kind: What the function returns; decides where the value could be of several kinds, as an empty list could.
        parts: The kinds of the parts of a tuple.
        consumed_limit: Most elements to take from an iterator.
    """
    if not isinstance(returned, Iterator):
        return _classify(plain(returned), write=write, kind=kind, parts=parts)
    if kind == "pair_scores":
        return _best_scores(returned, write=write, consumed=consumed_limit)
    items, cut = taken(returned, consumed_limit)
    classified = _classify(items, write=write, kind=kind, parts=parts)
    if cut:
        classified.result |= {"result_truncated": True, "stopped_after": len(items)}
        classified.warning = (
            f"The function yields more than {len(items)} results; it was stopped there, so count, order and whatever "
            "was written are of these."
        )
    return classified


def _classify(value: Any, *, write: bool, kind: Kind | None, parts: Sequence[Kind] = ()) -> Classified:
    if isinstance(value, nx.Graph):
        return _not_written(graph_form(value), write)
    if isinstance(value, Handle):
        return _node_list([value], ordered=True)
    if isinstance(value, SCALARS):
        return _not_written({"kind": "scalar", "value": number(value)}, write)
    if (
        isinstance(value, (Mapping, collections.abc.Set, Sequence))
        and not value
        and kind is not None
        and kind in _EMPTY
    ):
        return _nothing(kind, write=write)
    if isinstance(value, Mapping):
        return _mapping(value, write=write, kind=kind)
    if isinstance(value, tuple) and (kind == "tuple" or _is_mixed(value)):
        return _tuple(value, parts, write=write)
    if isinstance(value, (collections.abc.Set, Sequence)):
        return _sequence(value, write=write, kind=kind)
    return _not_written({"kind": "sequence", "values": [jsonable(value)], "count": 1}, write)


def _nothing(kind: Kind, *, write: bool) -> Classified:
    """Return an empty result of a kind; written, it takes away what an earlier one wrote."""
    result = {"kind": shown_kind(kind), **_EMPTY[kind]}
    if kind in ("edge_map", "edge_list"):
        return Classified(result, edges=EdgeValues([], [], "INT64", []))
    if kind in ("node_map", "node_sets", "node_layers", "node_list", "paths"):
        return Classified(result, [NodeValues([], "INT64", [])])
    return _not_written(result, write)


def _is_mixed(value: tuple[Any, ...]) -> bool:
    """Whether a tuple is several results, not one sequence of nodes or node sets."""
    parts = [plain(part) for part in value]
    return not all(isinstance(part, Handle) for part in parts) and not all(_is_node_set(part) for part in parts)


def _tuple(value: tuple[Any, ...], kinds: Sequence[Kind], *, write: bool) -> Classified:
    parts = [
        classify(part, write=write, kind=kinds[place] if place < len(kinds) else None)
        for place, part in enumerate(value)
    ]
    nodes = []
    for place, part in enumerate(parts, start=1):
        if part.result["kind"] == "node_map":
            for values in part.nodes:
                values.suffix = f"_{place}"
                nodes.append(values)
    warning = None if nodes or not write else "None of the parts is a value per node, so nothing was written."
    return Classified({"kind": "tuple", "items": [part.result for part in parts]}, nodes, warning)


def _mapping(value: Mapping[Any, Any], *, write: bool, kind: Kind | None) -> Classified:
    items = {key: plain(entry) for key, entry in value.items()}
    if kind != "mapping" and all(isinstance(key, Handle) for key in items):
        nested = bool(items) and all(isinstance(entry, (Mapping, collections.abc.Set)) for entry in items.values())
        if nested and kind != "node_map":
            return _matrix(list(items.items()), write=write)
        return _node_map(items, write=write)
    if all(_is_pair(key) for key in items) and all(isinstance(entry, SCALARS) for entry in items.values()):
        return _edge_map(items, write=write)
    pairs = list(items.items())
    shown = limited("values", pairs, lambda pair: {"key": jsonable(pair[0]), "value": jsonable(pair[1])})
    return _not_written({"kind": "mapping", "count": len(pairs), **shown}, write)


def _node_map(items: Mapping[Handle, Any], *, write: bool) -> Classified:
    ordered = sorted(items.items())
    values = [entry for _, entry in ordered]
    type_name, stored = property_of(values)
    result: dict[str, Any] = {"kind": "node_map", "count": len(ordered), **statistics(values)}
    if not write:
        result |= limited("values", ordered, lambda item: {"node": item[0], "value": jsonable(item[1])})
    return Classified(result, [NodeValues([node.dense for node, _ in ordered], type_name, stored)])


def _edge_map(items: Mapping[tuple[Handle, ...], Any], *, write: bool) -> Classified:
    values = list(items.values())
    result: dict[str, Any] = {"kind": "edge_map", "count": len(items), **statistics(values)}
    if not write:
        result |= limited("values", list(items.items()), lambda item: {**ends_form(item[0]), "value": number(item[1])})
    type_name, stored = property_of(values)
    return Classified(result, edges=_edge_values(list(items), type_name, stored))


def _matrix(items: Sequence[tuple[Handle, Any]], *, write: bool) -> Classified:
    rows: list[Any] = []
    total = 0
    for node, entry in items:
        inner = entry.items() if isinstance(entry, Mapping) else ((other, None) for other in entry)
        total += len(entry)
        if total > list_limit():
            break
        rows.append({"node": node, "values": [{"node": jsonable(o), "value": jsonable(v)} for o, v in inner]})
    truncated = {"result_truncated": True} if len(rows) < len(items) else {}
    return _not_written({"kind": "node_matrix", "count": len(items), "values": rows, **truncated}, write)


def _sequence(value: collections.abc.Set[Any] | Sequence[Any], *, write: bool, kind: Kind | None) -> Classified:
    items = [plain(item) for item in value]
    if items and all(isinstance(item, Handle) for item in items):
        return _node_list(items, ordered=isinstance(value, Sequence))
    if items and all(_is_edge(item) for item in items):
        return _edge_list(items, write=write)
    if items and all(_is_score(item) for item in items):
        return _best_scores(iter(items), write=write, consumed=len(items))
    if items and all(_is_row(item) for item in items):
        return _matrix(items, write=write)
    if items and all(_is_node_set(item) for item in items):
        return _paths(items, write=write) if kind == "paths" else _node_sets(items, write=write, kind=kind)
    return _not_written({"kind": "sequence", "count": len(items), **limited("values", items, jsonable)}, write)


def _edge_list(items: list[Any], *, write: bool) -> Classified:
    result: dict[str, Any] = {"kind": "edge_list", "count": len(items)}
    if not write:
        result |= limited("edges", items, lambda item: {**ends_form(item[:2]), **edge_extras(item[2:])})
    return Classified(result, edges=_edge_values([item[:2] for item in items], "INT64", [1] * len(items)))


def _best_scores(items: Iterator[Any], *, write: bool, consumed: int) -> Classified:
    """Keep the best scores only: there are as many as pairs of nodes."""
    count = 0

    def counted() -> Iterator[Any]:
        nonlocal count
        for item in items:
            count += 1
            yield item

    best = heapq.nlargest(min(list_limit(), consumed), counted(), key=lambda item: item[2])
    shown: dict[str, Any] = limited(
        "pairs", best, lambda item: {**ends_form(item[:2]), "score": number(plain(item[2]))}
    )
    truncated = {"result_truncated": True} if count > len(shown["pairs"]) else {}
    return _not_written({"kind": "pair_scores", "count": count, **shown, **truncated}, write)


def _node_list(items: list[Handle], *, ordered: bool) -> Classified:
    shown = items if ordered else sorted(items)
    place: dict[Handle, int] = {}
    for position, node in enumerate(shown):
        place.setdefault(node, position if ordered else 1)
    ranked = sorted(place.items())
    values = NodeValues([node.dense for node, _ in ranked], "INT64", [position for _, position in ranked])
    result: dict[str, Any] = {"kind": "node_list", "length": len(shown), **limited("nodes", shown)}
    return Classified(result, [values])


def _node_sets(items: list[Any], *, write: bool, kind: Kind | None) -> Classified:
    sets = [sorted(set(item)) for item in items]
    if kind != "node_layers":  # of which the order is the point
        sets.sort(key=lambda nodes: (-len(nodes), nodes[:1]))
    return _groups(sets, write=write)


def _paths(items: list[Any], *, write: bool) -> Classified:
    classified = _groups([list(nodes) for nodes in items], write=write)
    if not write:
        shown = classified.result["sets"]
        classified.result["paths"] = [{"nodes": nodes, "length": max(0, len(nodes) - 1)} for nodes in shown]
    return classified


def _groups(groups: list[list[Handle]], *, write: bool) -> Classified:
    numbers, overlapping = _first_group(groups)
    result: dict[str, Any] = {
        "kind": "node_sets",
        "count": len(groups),
        "sizes": [len(nodes) for nodes in groups[:MAX_SIZES]],
        "overlapping": overlapping,
    }
    if not write:
        shown = _fitting(groups)
        result["sets"] = shown
        if len(shown) < len(groups):
            result["result_truncated"] = True
    return Classified(result, [numbers])


def _first_group(groups: Sequence[Sequence[Handle]]) -> tuple[NodeValues, bool]:
    """Return for each node the number of the first group it is in, and whether any node is in several."""
    index: dict[Handle, int] = {}
    overlapping = False
    for group, nodes in enumerate(groups):
        for node in nodes:
            overlapping |= index.setdefault(node, group) != group
    ranked = sorted(index.items())
    return NodeValues([node.dense for node, _ in ranked], "INT64", [group for _, group in ranked]), overlapping


def _fitting(groups: list[Any]) -> list[Any]:
    """Return the first groups that have together no more nodes than a list may have entries."""
    room = list_limit()
    for place, nodes in enumerate(groups):
        room -= max(len(nodes), 1)
        if room < 0:
            return groups[:place]
    return groups


def _edge_values(pairs: list[Any], type_name: str, values: list[Any]) -> EdgeValues:
    return EdgeValues([pair[0].dense for pair in pairs], [pair[1].dense for pair in pairs], type_name, values)


def _not_written(result: dict[str, Any], write: bool) -> Classified:
    kind = result["kind"]
    return Classified(result, [], f"A result of kind {kind} is not written to nodes." if write else None)


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, Handle) for part in value)


def _is_edge(value: Any) -> bool:
    if isinstance(value, tuple) and len(value) == 3:
        return _is_pair(value[:2]) and isinstance(value[2], (Mapping, str))
    return _is_pair(value)


def _is_score(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 3
        and _is_pair(value[:2])
        and isinstance(plain(value[2]), (int, float))
        and not isinstance(value[2], bool)
    )


def _is_row(value: Any) -> bool:
    return (
        isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], Handle) and isinstance(value[1], Mapping)
    )


def _is_node_set(value: Any) -> bool:
    if isinstance(value, str) or not isinstance(value, (collections.abc.Set, list, tuple)):
        return False
    return all(isinstance(part, Handle) for part in value)


assert set(_EMPTY) <= set(get_args(Kind))
