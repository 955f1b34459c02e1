"""A call of a NetworkX function on an instance and the same call of the library: both results in one plain form."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Mapping, Set
from typing import Any

import networkx as nx
import numpy as np
from graph_olap.models import AlgorithmInfo
from graph_olap_server.instance.networkx_bridge.catalog import describe_all, entries
from graph_olap_server.instance.networkx_bridge.parameters import DEFAULT_SEED, FUNCTIONS
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.instance.workers import Control

from .calls import Call
from .graphs import GRAPHS, Letter, letter

INFOS = {entry["name"]: AlgorithmInfo.from_dict(entry) for entry in describe_all()}
_TUPLES = {"edge": tuple, "matching": lambda pairs: {tuple(pair) for pair in pairs}}
_TUPLES |= {"ebunch": lambda pairs: [tuple(pair) for pair in pairs], "cover": lambda pairs: [set(p) for p in pairs]}
_TUPLES |= {"avail": lambda pairs: [tuple(pair) for pair in pairs], "communities": lambda g: [set(p) for p in g]}
_TUPLES |= {"partition": lambda groups: [set(part) for part in groups], "x": set, "y": set, "z": set}
_TUPLES |= {"included": set, "restricted": set, "pairs": _TUPLES["ebunch"], "init_split": _TUPLES["partition"]}


def locally(name: str, call: Call) -> tuple[Any, nx.Graph]:
    """As an analyst would call it: on a directed graph, or on an undirected one where the function takes no other."""
    random.seed(DEFAULT_SEED)
    np.random.seed(DEFAULT_SEED)
    letters = {key: _letters(value, GRAPHS[call.graph].nodes) for key, value in call.given.items()}
    given = {key: _TUPLES[key](value) if key in _TUPLES else value for key, value in letters.items()}
    for key in FUNCTIONS.keys() & {*given, f"{name}.method"}:
        given[key.rpartition(".")[2]] = entries()[given[key.rpartition(".")[2]]].function
    if name == "to_vertex_cover":
        given["matching"] = {a: b for pair in given["matching"] for a, b in (pair, pair[::-1])}
    for directed in (True, False) if call.directed is None else (call.directed,):
        graph = GRAPHS[call.graph].graph(call.numbers, directed=directed)
        try:
            returned = entries()[name].function(graph.copy(), **given)
            return (list(returned) if hasattr(returned, "__next__") else returned), graph
        except nx.NetworkXNotImplemented:
            if not directed:
                raise
    raise AssertionError


def _letters(value, nodes):
    if isinstance(value, list):
        return [_letters(item, nodes) for item in value]
    if isinstance(value, dict):
        return {_letters(key, nodes): number for key, number in value.items()}
    return letter(value) if isinstance(value, str) and value in tuple(nodes) else value


def plain_of_bridge(result: Mapping[str, Any]) -> Any:
    """The value that a result describes, with the names of nodes, in the form of ``plain_of_library``."""
    kind = result["kind"]

    def read(value):
        if isinstance(value, dict) and set(value) == {"_id", "_label", "key"}:
            return value["key"]
        if isinstance(value, list):
            if value and all(isinstance(item, dict) and set(item) == {"key", "value"} for item in value):
                return {_hashable(read(item["key"])): read(item["value"]) for item in value}
            return [read(item) for item in value]
        if isinstance(value, dict):
            return plain_of_bridge(value) if "kind" in value else {k: read(v) for k, v in value.items()}
        return value

    if kind == "scalar":
        return result["value"]
    if kind in ("node_map", "edge_map", "mapping"):
        found = {}
        for row in result["values"]:
            key = row.get("node", row.get("key")) if kind != "edge_map" else [row["source"], row["target"]]
            found[_hashable(read(key))] = read(row["value"])
        assert result["count"] == len(found)
        return found
    if kind == "node_matrix":
        return {
            read(row["node"]): {read(cell["node"]): read(cell["value"]) for cell in row["values"]}
            for row in result["values"]
        }
    if "paths" in result:
        assert (kind, [path["nodes"] for path in result["paths"]]) == ("node_sets", result["sets"])
        assert [path["length"] for path in result["paths"]] == [size - 1 for size in result["sizes"]]
        return read(result["sets"])
    if kind == "node_sets":
        assert result["sizes"] == [len(group) for group in result["sets"]]
        return read(result["sets"])
    if kind == "node_list":
        return read(result["nodes"])
    if kind == "edge_list":
        extras = ("label", "weight")
        return [[read(e["source"]), read(e["target"]), *(e[x] for x in extras if x in e)] for e in result["edges"]]
    if kind == "pair_scores":
        return [[read(pair["source"]), read(pair["target"]), pair["score"]] for pair in result["pairs"]]
    if kind == "graph":
        nodes = [read(row["node"]) for row in result["node_list"]]
        assert len(nodes) == result["nodes"]
        assert len(result["edge_list"]) == result["edges"]
        return {
            "nodes": nodes,
            "edges": [[read(e["source"]), read(e["target"]), e.get("weight")] for e in result["edge_list"]],
        }
    if kind == "tuple":
        return [plain_of_bridge(item) for item in result["items"]]
    assert kind == "sequence"
    return read(result["values"])


def plain_of_library(value: Any) -> Any:
    """What the library returned, as lists, dictionaries and scalars; sets become lists."""
    if isinstance(value, Letter):
        return value.name
    if isinstance(value, nx.Graph):
        edges = [[plain_of_library(u), plain_of_library(v), w] for u, v, w in value.edges(data="weight")]
        return {"nodes": [plain_of_library(node) for node in value], "edges": edges}
    if isinstance(value, np.generic):
        return plain_of_library(value.item())
    if hasattr(value, "toarray"):
        return value.toarray().tolist()
    if isinstance(value, np.ndarray):
        return plain_of_library(value.tolist())
    if isinstance(value, Mapping):
        return {_hashable(plain_of_library(key)): plain_of_library(entry) for key, entry in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (str, int, float, type(None))):
        return value
    if isinstance(value, tuple) and len(value) == 3 and isinstance(value[2], Mapping):  # an edge with attributes
        return [*map(plain_of_library, value[:2]), *([value[2]["weight"]] if "weight" in value[2] else [])]
    return [plain_of_library(item) for item in value]


def _hashable(value: Any) -> Any:
    return tuple(_hashable(item) for item in value) if isinstance(value, (list, tuple)) else value


def canonical(value: Any, *, ordered: bool) -> Any:
    """Make order count only where it means something, and rounding not at all."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, Mapping) and value:
        return {key: canonical(entry, ordered=ordered) for key, entry in sorted(value.items(), key=repr)}
    if isinstance(value, (list, tuple, Set, Mapping)):  # nothing is nothing
        items = [canonical(item, ordered=ordered) for item in value]
        return items if ordered else sorted(items, key=repr)
    return value


_ORDERED = ("node_list", "scalar")


def compared_with_the_library(bridge, name: str, call: Call) -> dict[str, Any]:
    """Run a call on the instance and locally, demand that both give the same, and return the result."""
    body = {"node_label": call.graph, "parameters": call.given, "directed": call.directed}
    result = bridge.task(name, Fields(body), "ann").run(Control(60_000)).result
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own
        expected, graph = locally(name, call)
    assert result["graph"]["directed"] == graph.is_directed()
    found = plain_of_bridge(result)
    if result["kind"] == "node_matrix":  # some yield its rows, some give sets as rows
        rows = dict(expected)
        expected = {node: dict.fromkeys(row) if isinstance(row, Set) else row for node, row in rows.items()}
    if result["kind"] == "node_map" and isinstance(expected, list):  # a value per node, in the graph's order
        expected = dict(zip(graph, expected, strict=True))
    if result["kind"] == "node_list" and isinstance(expected, Letter):
        expected = [expected]
    ordered = (result["kind"] in _ORDERED or "paths" in result) and not isinstance(expected, Set)
    assert canonical(found, ordered=ordered) == canonical(plain_of_library(expected), ordered=ordered)
    return result
