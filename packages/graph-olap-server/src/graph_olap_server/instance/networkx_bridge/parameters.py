"""Parameters of a call: names checked against the introspection, primary keys turned into nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graph_olap.models import AlgorithmInfo

from graph_olap_server.domain.errors import FieldProblem
from graph_olap_server.instance.networkx_bridge.values import Handle

__all__ = ["GROUPS_OF_NODES", "KEYED_BY_NODE", "MANY_NODES", "ONE_NODE", "PAIRS_OF_NODES", "bind"]

ONE_NODE = frozenset(
    {"source", "target", "node", "root", "u", "v", "s", "t", "n", "node1", "node2", "start", "init_node"}
    | {"nodeA", "nodeB", "start_with", "_s", "_t"}
)
"""Names of parameters that denote a node."""

MANY_NODES = frozenset(
    {"nbunch", "nbunch1", "nbunch2", "sources", "targets", "nodes", "terminal_nodes", "center_nodes", "nodelist"}
) | frozenset(
    {"S", "T", "C", "x", "y", "z", "top_nodes", "included", "restricted", "row_order", "column_order", "topo_order"}
    | {"init_cycle", "initial_cut"}
)
"""Names of parameters that denote several nodes."""

GROUPS_OF_NODES = frozenset({"communities", "partition", "init_split", "cover", "cliques"})
"""Names of parameters that denote several sets of nodes."""

PAIRS_OF_NODES = frozenset({"ebunch", "pairs", "matching"})
"""Names of parameters that denote pairs of nodes."""

KEYED_BY_NODE = frozenset(
    {"personalization", "nstart", "dangling", "states", "core_number", "top_personalization", "bottom_personalization"}
)
"""Names of parameters that map nodes to numbers."""


def bind(
    info: AlgorithmInfo, given: Mapping[str, Any], find_node: Callable[[Any], int], problems: list[FieldProblem]
) -> dict[str, Any]:
    """Return the keyword arguments of a call, nodes as :class:`Handle`.

    ``find_node`` turns a primary key (or ``{"label", "key"}``) into a dense id and raises 404 for an unknown one.
    """
    known = {parameter.name: parameter for parameter in info.parameters}
    for name in given:
        if name not in known:
            allowed = ", ".join(known) or "none"
            problems.append((f"parameters.{name}", f"{info.name} has no such parameter; allowed: {allowed}"))
    for name, parameter in known.items():
        if parameter.required and given.get(name) is None:
            problems.append(
                (f"parameters.{name}", f"{info.name} needs {name}: {parameter.description or parameter.type}")
            )
    if problems:
        return {}
    return {
        # `source` of an average degree and `x` of a mixing are texts such as "in" or "out".
        name: value if isinstance(known[name].default, str) else _value(name, value, find_node, problems)
        for name, value in given.items()
    }


def _value(name: str, value: Any, find_node: Callable[[Any], int], problems: list[FieldProblem]) -> Any:
    if value is None:
        return None
    if name in KEYED_BY_NODE and isinstance(value, dict):
        return {Handle(find_node(key)): number for key, number in value.items()}
    if name in MANY_NODES or (name in ONE_NODE and isinstance(value, list)):
        if not isinstance(value, list):
            problems.append((f"parameters.{name}", "an array of primary keys is required"))
            return None
        return [Handle(find_node(key)) for key in value]
    if name in ONE_NODE:
        return Handle(find_node(value))
    if name in GROUPS_OF_NODES | PAIRS_OF_NODES and value is not False:
        if not isinstance(value, list) or not all(isinstance(part, list) for part in value):
            problems.append((f"parameters.{name}", "an array of arrays of primary keys is required"))
            return None
        parts = [[find_node(key) for key in part] for part in value]
        if name in GROUPS_OF_NODES:
            return [{Handle(node) for node in part} for part in parts]
        pairs = [tuple(Handle(node) for node in part) for part in parts]
        return set(pairs) if name == "matching" else pairs
    return value
