"""Parameters that name a property of the nodes or relationships, and what is loaded into NetworkX's graph for them."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from graph_olap.models import AlgorithmInfo

from graph_olap_server.domain.errors import PlatformError, validation_failed
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.nodes import NodeIndex
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.instance.selection import Selection, check_weight, is_numeric, unknown

__all__ = ["NodeAttribute", "PropertyUse", "node_attributes", "read_properties", "takes_negative_weights"]

WEIGHT = "weight"
"""The attribute under which the library looks for weights unless told otherwise."""

CAPACITY = "capacity"
"""Where the library looks for capacities; they are loaded if they are there, unlike weights, which one may not want."""

_OF_EDGES = (WEIGHT, "distance", CAPACITY, "edge_weight", "matching_weight", "attr", "edge_attr")
# The first of them is what `weight_property` stands for.

EDGE_LABEL, LABELS = "edge_attr", "edge_attributes"
_LABELLING = frozenset({EDGE_LABEL, LABELS})
"""What only tells relationships apart, so that it need not be a number."""

_OF_NODES = frozenset({"attribute", "community", "label_name", "demand", "node_attr", "node_weight", "time"})
_SEVERAL_OF_NODES = "node_attributes"
# With these the library calculates; the others only tell nodes apart.
_NUMBERS_OF_NODES = frozenset({"demand", "node_weight", "time", WEIGHT})
_CALCULATING = frozenset({"numeric_assortativity_coefficient", "percolation_centrality"})
# Here `weight` is a property of nodes.
_WEIGHING_NODES = frozenset(
    {"cd_index", "max_weight_clique", "min_weighted_dominating_set", "min_weighted_vertex_cover"}
)

# Where `attr` is written instead of read, and `distance` is a number.
_NO_PROPERTIES = frozenset({"barycenter", "descendants_at_distance"})

_NEGATIVE_ALLOWED = frozenset(
    {"negative_edge_cycle", "find_negative_cycle", "goldberg_radzik", "johnson", "floyd_warshall"}
    | {"floyd_warshall_numpy", "floyd_warshall_predecessor_and_distance", "network_simplex", "capacity_scaling"}
    | {"min_cost_flow", "min_cost_flow_cost", "max_flow_min_cost", "max_weight_matching", "min_weight_matching"}
    | {"minimum_weight_full_matching", "dag_longest_path", "dag_longest_path_length", "branching_weight"}
    | {"greedy_branching", "maximum_branching", "minimum_branching", "minimal_branching"}
    | {"maximum_spanning_arborescence", "minimum_spanning_arborescence", "minimum_spanning_edges"}
    | {"maximum_spanning_edges", "minimum_spanning_tree", "maximum_spanning_tree", "partition_spanning_tree"}
)


@dataclass(slots=True)
class PropertyUse:
    """Which properties a call uses.

    Attributes:
        edges: Attribute in the library's graph → numeric property of the relationships.
        labels: Attribute in the library's graph → property of the relationships, of any type.
        nodes: Properties of the nodes, loaded under their own names; times of some become numbers.
        numbers: Which of them the library calculates with.
        arguments: Parameters whose value is the name of an attribute.
        given_apart: Whether the weight is named beside the parameters.
    """

    edges: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    nodes: list[str] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    arguments: dict[str, str] = field(default_factory=dict)
    given_apart: bool = False

    @contextmanager
    def named_by(self, attribute: str) -> Iterator[None]:
        """Name the parameter in what is wrong with the property that an attribute was read from."""
        try:
            yield
        except PlatformError as error:
            own = None if attribute == WEIGHT else attribute
            parameter = next((name for name, used in self.arguments.items() if used == attribute), own)
            reason = error.details.get("reason")
            elsewhere = error.details.get("field") != "weight_property" or (self.given_apart and attribute == WEIGHT)
            if elsewhere or parameter is None or not isinstance(reason, str):
                raise
            if parameter in _LABELLING:
                reason = f"{reason}; with a query only numbers can be used, labels and types take any property"
            raise validation_failed([(f"parameters.{parameter}", reason)]) from None


@dataclass(slots=True)
class NodeAttribute:
    """Values of one attribute: dense ids of the nodes that have it, and the values."""

    dense: list[int]
    values: list[Any]


def takes_negative_weights(name: str, given: Mapping[str, Any]) -> bool:
    """Whether a function is defined for edges with a weight below zero."""
    return name in _NEGATIVE_ALLOWED or "bellman_ford" in name or given.get("method") == "bellman-ford"


def read_properties(
    info: AlgorithmInfo,
    given: Mapping[str, Any],
    weight_property: str | None,
    selection: Selection,
    tables: Mapping[str, Mapping[str, str]],
    fields: Fields,
) -> PropertyUse:
    """Find the properties that a request names; problems are recorded in ``fields``.

    Args:
        info: The function.
        given: Parameters of the request.
        weight_property: As the request or its projection names it.
        selection: What the graph is made of.
        tables: Selected label → its properties and their types.
        fields: The request.
    """
    use = PropertyUse(given_apart=weight_property is not None)
    known = [parameter.name for parameter in info.parameters]
    of_nodes, of_edges = _naming_properties(info)
    for parameter in info.parameters:
        name, value = parameter.name, given.get(parameter.name)
        if name not in of_nodes:
            continue
        numeric = name in _NUMBERS_OF_NODES or info.name in _CALCULATING
        if value is None and name != WEIGHT and any(parameter.default in properties for properties in tables.values()):
            value = parameter.default  # where the library looks for it
        elif value is not None and _is_name(name, value, fields):
            _check_node_property(name, value, tables, fields)
            use.arguments[name] = value
        else:
            continue
        use.nodes.append(value)
        if numeric:
            _check_numbers(name, value, tables, fields, by_query=selection.query is not None)
            use.numbers.add(value)
    if _SEVERAL_OF_NODES in known:
        for value in _names(_SEVERAL_OF_NODES, given, fields):
            _check_node_property(_SEVERAL_OF_NODES, value, tables, fields)
            use.nodes.append(value)
    if LABELS in known:
        for value in _names(LABELS, given, fields):
            _check_label(LABELS, value, selection, fields)
            use.labels[value] = value
    for name in of_edges:
        value = given.get(name)
        if value is None and name == CAPACITY and _has_number(CAPACITY, selection):
            value = CAPACITY
        if value is None or not _is_name(name, value, fields):
            continue
        if name == of_edges[0] and weight_property is not None:
            if value not in (weight_property, WEIGHT):
                reason = f"names {value}, but weight_property {weight_property}; leave one of them out"
                fields.problems.append((f"parameters.{name}", reason))
            continue
        if name in _LABELLING and not _has_number(value, selection) and selection.query is None:
            _check_label(name, value, selection, fields)
            use.labels[name] = value
            use.arguments[name] = name
            continue
        _check_edge_property(f"parameters.{name}", value, selection, fields)
        # Whatever the property is called in the graph, the library finds it as `weight`; others keep out of its way.
        attribute = WEIGHT if name == of_edges[0] else name
        use.edges[attribute] = value
        use.arguments[name] = attribute
    if weight_property is not None:
        _check_edge_property("weight_property", weight_property, selection, fields)
        use.edges[WEIGHT] = weight_property
        if of_edges:
            use.arguments[of_edges[0]] = WEIGHT
    return use


def effective_parameters(info: AlgorithmInfo, given: Mapping[str, Any], use: PropertyUse) -> dict[str, Any]:
    """Return all parameters as they count: defaults filled in, and names of the properties that are really used."""
    effective = {parameter.name: given.get(parameter.name, parameter.default) for parameter in info.parameters}
    of_nodes, of_edges = _naming_properties(info)
    for name in of_edges:
        attribute = use.arguments.get(name, CAPACITY if name == CAPACITY else "")
        effective[name] = use.edges.get(attribute, use.labels.get(attribute))
    for name in of_nodes & effective.keys():
        effective[name] = effective[name] if effective[name] in use.nodes else None
    return effective


def _naming_properties(info: AlgorithmInfo) -> tuple[frozenset[str], list[str]]:
    """Return the parameters of a function that name a property of nodes, and those that name one of relationships."""
    of_nodes = _OF_NODES | ({WEIGHT} if info.name in _WEIGHING_NODES else frozenset())
    known = {parameter.name for parameter in info.parameters} - of_nodes
    return of_nodes, [name for name in _OF_EDGES if name in known and info.name not in _NO_PROPERTIES]


def node_attributes(
    engine: GraphEngine, nodes: NodeIndex, names: Iterable[str], numbers: Collection[str]
) -> dict[str, NodeAttribute]:
    """Read properties of the nodes of a projection; a node without a value has no attribute.

    Times are texts, and for those among ``numbers`` seconds since 1970.
    """
    types = {table.label: table.properties for table in engine.schema().node_tables}
    attributes: dict[str, NodeAttribute] = {}
    for name in names:
        attribute = attributes[name] = NodeAttribute([], [])
        for label in nodes.labels:
            if name not in types[label]:
                continue
            values = engine.node_values(label, name).to_pylist()
            start = nodes.starts[label]
            for place in range(nodes.sizes[label]):
                value = values[nodes.locate(start + place)[1]]
                if value is not None:
                    attribute.dense.append(start + place)
                    attribute.values.append(_plain(value, as_number=name in numbers))
    return attributes


def _is_name(parameter: str, value: Any, fields: Fields) -> bool:
    if isinstance(value, str):
        return True
    fields.problems.append((f"parameters.{parameter}", "the name of a property is required, as a string"))
    return False


def _check_node_property(parameter: str, name: str, tables: Mapping[str, Mapping[str, str]], fields: Fields) -> None:
    if not any(name in properties for properties in tables.values()):
        known = sorted({name for properties in tables.values() for name in properties})
        reason = unknown(f"property of {' or '.join(sorted(tables)) or 'the selected nodes'}", name, known)
        fields.problems.append((f"parameters.{parameter}", reason))


def _check_numbers(
    parameter: str, name: str, tables: Mapping[str, Mapping[str, str]], fields: Fields, *, by_query: bool
) -> None:
    """Record labels that have texts there; a query may leave them out, unless all do."""
    kinds = {label: properties[name] for label, properties in tables.items() if name in properties}
    wrong = {label: kind for label, kind in kinds.items() if not is_numeric(kind) and not kind.startswith(_TIMES)}
    if by_query and len(wrong) < len(kinds):
        return
    for label, kind in wrong.items():
        reason = f"{label}.{name} is {kind}; it must be a number or a time"
        fields.problems.append((f"parameters.{parameter}", reason))


_TIMES = ("DATE", "TIMESTAMP", "BOOL")


def _names(parameter: str, given: Mapping[str, Any], fields: Fields) -> list[str]:
    """Return the names of properties that a parameter lists."""
    names = given.get(parameter)
    if names is None:
        return []
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return names
    fields.problems.append((f"parameters.{parameter}", "an array of names of properties is required"))
    return []


def _check_label(parameter: str, name: str, selection: Selection, fields: Fields) -> None:
    """Record a problem unless every selected relationship type has this property."""
    if selection.query is not None:
        reason = "with a query only numbers can be used; select labels and types"
        fields.problems.append((f"parameters.{parameter}", reason))
    for table in selection.edge_tables if selection.query is None else ():
        if name not in table.properties:
            hint = f"its properties are {', '.join(table.properties) or 'none'}; select other relationship types"
            fields.problems.append((f"parameters.{parameter}", f"{table.type} has no property {name}; {hint}"))


def _has_number(name: str, selection: Selection) -> bool:
    types = [table.properties.get(name) for table in selection.edge_tables]
    return bool(types) and selection.query is None and all(found is not None and is_numeric(found) for found in types)


def _check_edge_property(field_name: str, name: str, selection: Selection, fields: Fields) -> None:
    if selection.query is None:  # a query names its columns itself
        check_weight(fields, field_name, name, selection)


def _plain(value: Any, *, as_number: bool) -> Any:
    if as_number and isinstance(value, datetime.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=datetime.UTC)).timestamp()
    if as_number and isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC).timestamp()
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value if isinstance(value, (bool, int, float, str, list)) else str(value)
