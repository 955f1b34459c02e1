"""A whole result as the columns of a table: the worker's part of mode ``stream``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from graph_olap_server.instance.networkx_bridge.plain import property_of
from graph_olap_server.instance.networkx_bridge.values import JSON_TEXT, Column, Handle

__all__ = ["columns_of"]


def columns_of(result: dict[str, Any]) -> list[Column]:
    """Return the columns of a result; what :mod:`classify` left out of it is not in the table either."""
    return (_paths if "paths" in result else _FORMS[result["kind"]])(result)


def _node_map(result: dict[str, Any]) -> list[Column]:
    rows = result["values"]
    return [_nodes("node", (row["node"] for row in rows)), _values("value", [row["value"] for row in rows])]


def _scalar(result: dict[str, Any]) -> list[Column]:
    return [_values("value", [result["value"]])]


def _node_sets(result: dict[str, Any]) -> list[Column]:
    numbers = [number for number, nodes in enumerate(result["sets"]) for _ in nodes]
    return [_values("set", numbers), _nodes("node", (node for nodes in result["sets"] for node in nodes))]


def _node_list(result: dict[str, Any]) -> list[Column]:
    return [_nodes("node", result["nodes"])]


def _paths(result: dict[str, Any]) -> list[Column]:
    paths = [path["nodes"] for path in result["paths"]]
    flat = _nodes("path", (node for nodes in paths for node in nodes))
    flat.offsets = np.concatenate([[0], np.cumsum([len(nodes) for nodes in paths])]).astype(np.int64)
    return [flat, _values("length", [path["length"] for path in result["paths"]])]


def _edge_map(result: dict[str, Any]) -> list[Column]:
    return [*_ends(result["values"]), _values("value", [row["value"] for row in result["values"]])]


def _edge_list(result: dict[str, Any]) -> list[Column]:
    return _edges(result["edges"])


def _pair_scores(result: dict[str, Any]) -> list[Column]:
    return [*_ends(result["pairs"]), _values("score", [row["score"] for row in result["pairs"]])]


def _node_matrix(result: dict[str, Any]) -> list[Column]:
    cells = [
        {"source": row["node"], "target": cell["node"], "value": cell["value"]}
        for row in result["values"]
        for cell in row["values"]
    ]
    return _edge_map({"values": cells})


def _mapping(result: dict[str, Any]) -> list[Column]:
    rows = result["values"]
    return [_values("key", [row["key"] for row in rows]), _values("value", [row["value"] for row in rows])]


def _sequence(result: dict[str, Any]) -> list[Column]:
    return [_values("value", result["values"])]


def _graph(result: dict[str, Any]) -> list[Column]:
    return _edges(result["edge_list"])


def _tuple(result: dict[str, Any]) -> list[Column]:
    """A column per part where all are values of nodes; else a row per part, its value as JSON."""
    parts = result["items"]
    if parts and all(part["kind"] == "node_map" for part in parts):
        maps = [{row["node"]: row["value"] for row in part["values"]} for part in parts]
        nodes = sorted(set().union(*maps))
        columns = [
            _values(f"value_{place}", [found.get(node) for node in nodes]) for place, found in enumerate(maps, 1)
        ]
        return [_nodes("node", nodes), *columns]
    shown = [part["value"] if part["kind"] == "scalar" else part for part in parts]
    return [
        _values("part", list(range(1, len(parts) + 1))),
        _values("kind", [part["kind"] for part in parts]),
        Column("value", JSON_TEXT, shown),
    ]


def _edges(rows: list[dict[str, Any]]) -> list[Column]:
    extras = [name for name in ("label", "weight", "attributes") if any(name in row for row in rows)]
    return [*_ends(rows), *(_values(name, [row.get(name) for row in rows]) for name in extras)]


def _ends(rows: list[dict[str, Any]]) -> list[Column]:
    columns = []
    for side in ("source", "target"):
        ends = [row[side] for row in rows]
        # Nodes of a graph that the library made may be anything.
        columns.append(_nodes(side, ends) if all(isinstance(end, Handle) for end in ends) else _values(side, ends))
    return columns


def _nodes(name: str, nodes: Iterable[Handle]) -> Column:
    return Column(name, "NODE", np.fromiter((node.dense for node in nodes), np.int64))


def _values(name: str, values: list[Any]) -> Column:
    type_name, stored = property_of(values)
    return Column(name, type_name, values if type_name == JSON_TEXT else stored)  # they are JSON already


_FORMS: dict[str, Callable[[dict[str, Any]], list[Column]]] = {
    "node_map": _node_map,
    "scalar": _scalar,
    "node_sets": _node_sets,
    "node_list": _node_list,
    "edge_map": _edge_map,
    "edge_list": _edge_list,
    "pair_scores": _pair_scores,
    "node_matrix": _node_matrix,
    "mapping": _mapping,
    "sequence": _sequence,
    "graph": _graph,
    "tuple": _tuple,
}
