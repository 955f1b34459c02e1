"""Parameters of a call: names checked against the introspection, primary keys turned into nodes."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

from graph_olap.models import AlgorithmInfo, AlgorithmParameter

from graph_olap_server.domain.errors import FieldProblem
from graph_olap_server.instance.networkx_bridge.values import Handle

__all__ = [
    "DEFAULT_SEED",
    "FUNCTIONS",
    "GROUPS_OF_NODES",
    "KEYED_BY_NODE",
    "MANY_NODES",
    "ONE_NODE",
    "ONE_PAIR",
    "PAIRS_OF_NODES",
    "bind",
    "cannot_be_sent",
    "check_types",
]

DEFAULT_SEED = 0
"""The seed of functions that take one, so that the same call gives the same result."""

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

GROUPS_OF_NODES = frozenset({"communities", "partition", "init_split", "cover", "cliques", "scc"})
"""Names of parameters that denote several sets of nodes."""

PAIRS_OF_NODES = frozenset({"ebunch", "pairs", "matching", "avail"})
"""Names of parameters that denote pairs of nodes; those of ``avail`` may have a weight as third element."""

ONE_PAIR = frozenset({"edge"})
"""Names of parameters that denote one pair of nodes."""

KEYED_BY_NODE = frozenset(
    {"personalization", "nstart", "dangling", "states", "core_number", "top_personalization", "bottom_personalization"}
    | {"e", "prev_cc"}
)
"""Names of parameters that map nodes to numbers."""

FUNCTIONS: dict[str, tuple[str, ...]] = {
    "flow_func": ("boykov_kolmogorov", "dinitz", "edmonds_karp", "preflow_push", "shortest_augmenting_path"),
    "matching_algorithm": ("eppstein_matching", "hopcroft_karp_matching"),
    "traveling_salesman_problem.method": ("asadpour_atsp", "christofides", "greedy_tsp"),
}
"""Parameters that take a function, which a request can name, with the functions that fit."""

# Parameters that take a Python function or an object of the library; their defaults are what is used.
_NOT_SENT = frozenset(
    {"auxiliary", "residual", "heap", "create_using", "most_valuable_edge", "edge_relation", "node_data", "edge_data"}
    | {"weight_function", "key", "sort_neighbors", "neighbors", "tree", "sp", "paths", "index_map"}
    | {"astar_path.heuristic", "astar_path_length.heuristic", "lattice_reference.D"}
    | {f"{name}.partition" for name in ("maximum_branching", "minimum_branching", "minimal_branching")}
    | {f"{name}_spanning_arborescence.partition" for name in ("maximum", "minimum")}
)
# A truth value or the name of an attribute; a number or one per node.
_OF_SEVERAL_TYPES = frozenset({"data", "beta"})
# Several nodes that the library combines as sets.
_SETS_OF_NODES = frozenset({"x", "y", "z", "included", "restricted"})
# Words in place of several nodes.
_WORDS = {"init_cycle": ("greedy",)}


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
    for name, value in given.items():
        if name in known and value is not None and cannot_be_sent(info, name):
            reason = f"cannot be passed in a request; leave it out and {info.name} uses its own"
            problems.append((f"parameters.{name}", reason))
    if problems:
        return {}
    return {name: _bound(info, known[name], value, find_node, problems) for name, value in given.items()}


def check_types(info: AlgorithmInfo, given: Mapping[str, Any], problems: list[FieldProblem]) -> None:
    """Record numbers and truth values that are something else; what kind of number it is, the function judges."""
    for parameter in info.parameters:
        value = given.get(parameter.name)
        if value is None or parameter.name in _OF_SEVERAL_TYPES or _qualified(info, parameter.name, _NOT_SENT):
            continue
        is_boolean = isinstance(value, bool)
        if parameter.type == "boolean" and not is_boolean:
            problems.append((f"parameters.{parameter.name}", f"true or false is required, found {value!r}"))
        elif parameter.type in ("int", "float") and (is_boolean or not isinstance(value, (int, float))):
            problems.append((f"parameters.{parameter.name}", f"a number is required, found {value!r}"))


def cannot_be_sent(info: AlgorithmInfo, parameter: str) -> bool:
    """Whether a parameter takes an object that no request can hold."""
    return _qualified(info, parameter, _NOT_SENT) is not None


def _bound(
    info: AlgorithmInfo,
    parameter: AlgorithmParameter,
    value: Any,
    find_node: Callable[[Any], int],
    problems: list[FieldProblem],
) -> Any:
    name = parameter.name
    if value is None:
        return None
    if (qualified := _qualified(info, name, FUNCTIONS)) is not None:
        allowed = FUNCTIONS[qualified]
        if value not in allowed:
            problems.append((f"parameters.{name}", f"the name of a function is required: {' or '.join(allowed)}"))
        return value
    # `source` of an average degree and `x` of a mixing are texts such as "in" or "out".
    if isinstance(parameter.default, str) or value in _WORDS.get(name, ()):
        return value
    if name == "mapping" and info.name.startswith("degree") and isinstance(value, dict):
        return {int(key) if key.lstrip("-").isdecimal() else key: place for key, place in value.items()}
    bound = _value(name, value, find_node, problems)
    if info.name == "to_vertex_cover" and name == "matching" and bound:
        return {one: other for pair in bound for one, other in (pair, pair[::-1])}
    return bound


def _qualified(info: AlgorithmInfo, parameter: str, names: Container[str]) -> str | None:
    """Return how ``names`` names a parameter: alone, or after its function."""
    return next((name for name in (parameter, f"{info.name}.{parameter}") if name in names), None)


def _value(name: str, value: Any, find_node: Callable[[Any], int], problems: list[FieldProblem]) -> Any:
    if (name in KEYED_BY_NODE or name in _OF_SEVERAL_TYPES) and isinstance(value, dict):
        return {Handle(find_node(key)): number for key, number in value.items()}
    if name in MANY_NODES or (name in ONE_NODE and isinstance(value, list)):
        if not isinstance(value, list):
            problems.append((f"parameters.{name}", "an array of primary keys is required"))
            return None
        nodes = [Handle(find_node(key)) for key in value]
        return nodes if name not in _SETS_OF_NODES else set(nodes)
    if name in ONE_PAIR:
        if not isinstance(value, list) or len(value) != 2:
            problems.append((f"parameters.{name}", "an array of two primary keys is required"))
            return None
        return tuple(Handle(find_node(key)) for key in value)
    if name in ONE_NODE:
        return Handle(find_node(value))
    if name in GROUPS_OF_NODES | PAIRS_OF_NODES and value is not False:
        if not isinstance(value, list) or not all(isinstance(part, list) for part in value):
            problems.append((f"parameters.{name}", "an array of arrays of primary keys is required"))
            return None
        if name in PAIRS_OF_NODES and not all(len(part) == 2 or (name == "avail" and len(part) == 3) for part in value):
            problems.append((f"parameters.{name}", "each pair must have two primary keys"))
            return None
        if name == "avail":
            return [(Handle(find_node(part[0])), Handle(find_node(part[1])), *part[2:]) for part in value]
        parts = [[find_node(key) for key in part] for part in value]
        if name in GROUPS_OF_NODES:
            return [{Handle(node) for node in part} for part in parts]
        pairs = [tuple(Handle(node) for node in part) for part in parts]
        return set(pairs) if name == "matching" else pairs
    return value
