"""Which NetworkX functions may be run: found by introspection, once, never by looking up a caller's text.

Imported in worker processes only; the server receives descriptions.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import itertools
import json
import math
import pkgutil
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import networkx as nx

from graph_olap_server.instance.networkx_bridge.kinds import WRITTEN, kind_of, parts_of, shown_kind
from graph_olap_server.instance.networkx_bridge.parameters import (
    DEFAULT_SEED,
    GROUPS_OF_NODES,
    KEYED_BY_NODE,
    MANY_NODES,
    ONE_NODE,
    ONE_PAIR,
    PAIRS_OF_NODES,
)

__all__ = ["Entry", "describe_all", "entries", "refuses_directed", "refuses_undirected"]

_GRAPH_NAMES = ("G", "B", "T", "flowG")
_ROOT = "networkx.algorithms."

# A callable, a second graph, a file or a flow network that only other functions of the library can make.
_UNUSABLE_REQUIRED = frozenset({"value", "colors", "H", "R", "path", "flowDict", "partition_func"})
_EXCLUDED = frozenset(
    # They write or read files, convert, or build graphs instead of computing something.
    {"generate_edgelist", "write_edgelist", "read_edgelist", "parse_edgelist", "build_flow_dict"}
    | {"build_residual_network", "build_auxiliary_edge_connectivity", "build_auxiliary_node_connectivity"}
    | {"contracted_edge", "contracted_nodes", "identified_nodes", "complement", "reverse", "could_be_isomorphic"}
    # They have no implementation in the library itself, or need SymPy.
    | {"leiden_communities", "leiden_partitions", "chromatic_polynomial", "tutte_polynomial"}
    # It takes trees of the numbers from 0 up only.
    | {"to_prufer_sequence"}
)
# They change their graph on the way to a result of their own; each call has a graph of its own.
_CHANGE_A_COPY = frozenset(
    {"asadpour_atsp", "recursive_simple_cycles", "incremental_closeness_centrality"}
    | {"minimum_branching", "minimal_branching", "maximum_spanning_arborescence", "minimum_spanning_arborescence"}
)

_CATEGORIES = {
    "centrality": "centrality",
    "link_analysis": "centrality",
    "community": "community",
    "shortest_paths": "pathfinding",
    "simple_paths": "pathfinding",
    "traversal": "traversal",
    "cluster": "clustering",
    "core": "clustering",
    "clique": "clustering",
    "triads": "clustering",
    "link_prediction": "link_prediction",
    "similarity": "similarity",
    "isomorphism": "similarity",
}

_DOC_TYPES = (
    (re.compile(r"^(list|iterable|sequence|set|container|tuple|array)"), "array"),
    (re.compile(r"^(dict|mapping)"), "object"),
    (re.compile(r"^bool"), "boolean"),
    (re.compile(r"^(str|string)"), "string"),
    (re.compile(r"^(int|integer)"), "int"),
    (re.compile(r"^(float|number|numeric|scalar)"), "float"),
    (re.compile(r"^(node|single node)"), "node"),
)
_PLAIN_TYPES: dict[Any, str] = {
    bool: "boolean",
    int: "int",
    float: "float",
    str: "string",
    list: "array",
    dict: "object",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One function on the allow-list."""

    name: str
    function: Callable[..., Any]
    module: str


@functools.cache
def entries() -> dict[str, Entry]:
    """Return the allow-list by name."""
    by_name: dict[str, dict[Any, Entry]] = defaultdict(dict)
    for module in pkgutil.walk_packages(nx.algorithms.__path__, _ROOT):
        if ".tests" in module.name:
            continue
        imported = importlib.import_module(module.name)
        for name in getattr(imported, "__all__", ()):
            function = vars(imported).get(name)
            if function is not None and _is_runnable(name, function):
                original = getattr(function, "orig_func", function)
                by_name[name].setdefault(original, Entry(name, function, original.__module__))
    allowed: dict[str, Entry] = {}
    for name, found in by_name.items():
        general = _general(name, found)
        for entry in found.values():
            if entry is general:
                allowed[name] = entry
            else:
                package = entry.module.removeprefix(_ROOT).partition(".")[0]
                allowed[f"{package}.{name}"] = Entry(f"{package}.{name}", entry.function, entry.module)
    return allowed


def describe_all() -> list[dict[str, Any]]:
    """Describe every entry as the server lists it, plus what the server needs to bind parameters."""
    return [_describe(entry) for entry in entries().values()]


def refuses_directed(entry: Entry) -> bool:
    """Tell whether a function declares that it takes undirected graphs only."""
    return "directed" in _refused_kinds(getattr(entry.function, "orig_func", entry.function))


def refuses_undirected(entry: Entry) -> bool:
    """Tell whether a function declares that it takes directed graphs only."""
    return "undirected" in _refused_kinds(getattr(entry.function, "orig_func", entry.function))


def _is_runnable(name: str, function: Any) -> bool:
    if not inspect.isfunction(getattr(function, "orig_func", function)) or name in _EXCLUDED or name.startswith("_"):
        return False
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].name not in _GRAPH_NAMES:
        return False
    if getattr(function, "mutates_input", False) is True and name not in _CHANGE_A_COPY:
        return False
    required = {
        parameter.name
        for parameter in parameters[1:]
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    return not required & _UNUSABLE_REQUIRED


def _general(name: str, found: dict[Any, Entry]) -> Entry | None:
    """Return the variant with a right to the bare name: the library's own choice, else the one nearest to the top."""
    top = vars(nx).get(name)
    if top is not None:
        return found.get(getattr(top, "orig_func", top))
    return min(found.values(), key=lambda candidate: (candidate.module.count("."), candidate.module))


def _describe(entry: Entry) -> dict[str, Any]:
    original = getattr(entry.function, "orig_func", entry.function)
    doc = inspect.getdoc(original) or ""
    paragraphs = doc.split("\n\n")
    types = _documented_types(doc)
    parameters = [
        _parameter(parameter, types.get(parameter.name, ("", "")))
        for parameter in list(inspect.signature(original).parameters.values())[1:]
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    refused = _refused_kinds(original)
    return {
        "name": entry.name,
        "display_name": entry.name.rpartition(".")[2].replace("_", " ").capitalize(),
        "type": "networkx",
        "category": _category(entry.module),
        "description": " ".join(paragraphs[0].split()),
        "long_description": doc,
        "parameters": parameters,
        "returns": _section(doc, "Returns") or _section(doc, "Yields"),
        "result_kind": "" if (kind := kind_of(entry.name)) is None else shown_kind(kind),
        "supports_write_back": kind in WRITTEN or "node_map" in parts_of(entry.name),
        "directed": "undirected" if "directed" in refused else "directed" if "undirected" in refused else "both",
        "weighted": any(parameter["name"] == "weight" for parameter in parameters),
    }


def _parameter(parameter: inspect.Parameter, documented: tuple[str, str]) -> dict[str, Any]:
    default = None if parameter.default is parameter.empty else parameter.default
    if parameter.name == "seed":
        default = DEFAULT_SEED
    text, description = documented
    return {
        "name": parameter.name,
        "type": _type_of(parameter, text),
        "required": parameter.default is parameter.empty,
        "default": default if _is_json(default) else None,
        "description": description,
    }


def _type_of(parameter: inspect.Parameter, documented: str) -> str:
    if isinstance(parameter.default, str):
        return "string"
    if parameter.name in ONE_NODE:
        return "node"
    if parameter.name in MANY_NODES | GROUPS_OF_NODES | PAIRS_OF_NODES | ONE_PAIR | {"node_attributes"}:
        return "array"
    if parameter.name in KEYED_BY_NODE:
        return "object"
    if parameter.annotation in _PLAIN_TYPES:
        return _PLAIN_TYPES[parameter.annotation]
    for pattern, name in _DOC_TYPES:
        if pattern.match(documented.lower()):
            return name
    return _PLAIN_TYPES.get(type(parameter.default), "any")


def _documented_types(doc: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    section = _section(doc, "Parameters") + "\n" + _section(doc, "Other Parameters")
    matches = list(re.finditer(r"^([A-Za-z_][\w, ]*?)\s*:\s*(.+)$", section, re.MULTILINE))
    for match, following in itertools.zip_longest(matches, matches[1:]):
        description = section[match.end() : following.start() if following else None]
        for name in match.group(1).split(","):
            found[name.strip()] = (match.group(2).strip(), " ".join(description.split())[:500])
    return found


def _section(doc: str, title: str) -> str:
    match = re.search(rf"^{title}\n-+\n(.*?)(?=^\S[^\n]*\n-{{3,}}\n|\Z)", doc, re.MULTILINE | re.DOTALL)
    return match.group(1).strip() if match else ""


@functools.cache
def _refused_kinds(original: Callable[..., Any]) -> set[str]:
    """Return the graph kinds a function declares not to support, one decorator with a single kind each."""
    head = inspect.getsource(original).partition("\ndef ")[0]
    return set(re.findall(r"@(?:nx\.utils\.)?not_implemented_for\(\s*[\"'](\w+)[\"']\s*\)", head))


def _category(module: str) -> str:
    for part in module.removeprefix(_ROOT).split("."):
        if part in _CATEGORIES:
            return _CATEGORIES[part]
    return "other"


def _is_json(value: Any) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
