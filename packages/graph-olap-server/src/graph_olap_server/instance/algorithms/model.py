"""How an algorithm is described: validation, listings, estimates and documentation are all made from this."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from graph_olap.models import AlgorithmInfo, AlgorithmParameter

from graph_olap_server.instance.algorithms.kernels.results import Computed
from graph_olap_server.instance.nodes import TYPED_KEY
from graph_olap_server.instance.projection import Orientation, Parallel

__all__ = ["CATEGORIES", "SEED", "WEIGHT", "Algorithm", "Cost", "Parameter", "ResultKind", "shown"]

CATEGORIES: Mapping[str, str] = {
    **{name: name for name in ("centrality", "community", "pathfinding", "similarity", "traversal")},
    **{name: name for name in ("clustering", "link_prediction", "other")},
    "path": "pathfinding",
    "paths": "pathfinding",
}
"""What a ``category`` filter accepts, and the category it means."""

ResultKind = Literal["node_map", "edge_map", "pair_scores", "paths", "node_list", "scalar"]
ParameterType = Literal["int", "float", "string", "boolean", "node", "nodes", "node_property", "node_group"]

_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "int": ((int,), "an integer is required"),
    "float": ((int, float), "a number is required"),
    "string": ((str,), "a string is required"),
    "boolean": ((bool,), "true or false is required"),
    "node_property": ((str,), "the name of a node property is required"),
    "node_group": ((str,), "the name of a node property is required"),
}


_LISTED_TYPES: Mapping[str, str] = {"nodes": "array", "node_property": "string", "node_group": "string"}
"""How listings call the types that only the server tells apart."""

_A_KEY = 'a primary key (text or number) or {"label": ..., "key": ...}'
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its type, default and the range its values must lie in (``low``/``high``; open where said so).

    ``node`` and ``nodes`` are given by primary key and reach the kernel as dense ids; ``node_property`` is the name of
    a numeric property and reaches it as one number per node, ``node_group`` that of any, as a number for each value.
    """

    name: str
    type: ParameterType
    default: Any
    description: str
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    choices: tuple[str, ...] = ()
    required: bool = False

    def problem(self, value: Any) -> str | None:
        """Say what is wrong with a value, if anything."""
        if value is None:
            return None if self.default is None and not self.required else "a value is required"
        if self.type == "node":
            return None if _is_node(value) else f"{_A_KEY} is required, found {shown(value)}"
        if self.type == "nodes":
            if not isinstance(value, list) or not value:
                return f"an array of primary keys is required, found {shown(value)}"
            wrong = next((item for item in value if not _is_node(item)), _A_KEY)
            return None if wrong is _A_KEY else f"each must be {_A_KEY}, found {shown(wrong)}"
        wanted: Any
        wanted, reason = _TYPES[self.type]
        if not isinstance(value, wanted) or (isinstance(value, bool) and self.type != "boolean"):
            return f"{reason}, found {shown(value)}"
        if self.choices and value not in self.choices:
            return f"{shown(value)} is not known; use one of {', '.join(self.choices)}"
        if isinstance(value, str):
            return None if value else f"{reason}, found an empty one"
        below = value <= self.low if self.open_low else value < self.low
        above = value >= self.high if self.open_high else value > self.high
        if below or above or not math.isfinite(value):
            return f"{value} is out of range; {self.range} is allowed"
        return None

    @property
    def range(self) -> str:
        """The range in words, empty when there is none."""
        parts = []
        if self.low != -math.inf:
            parts.append(f"{'>' if self.open_low else '>='} {self.low:.10g}")
        if self.high != math.inf:
            parts.append(f"{'<' if self.open_high else '<='} {self.high:.10g}")
        return " and ".join(parts) or f"one of {', '.join(self.choices)}" * bool(self.choices)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run needs beyond its projection, measured on two cores.

    Attributes:
        seconds: From nodes, stored edges (both directions of an undirected one) and parameters.
        bytes_per_node: Extra memory per node.
        bytes_per_edge: Extra memory per stored edge.
        more_bytes: Extra memory that depends on parameters, from the same as ``seconds``.
    """

    seconds: Callable[[int, int, Mapping[str, Any]], float]
    bytes_per_node: float = 32
    bytes_per_edge: float = 16
    more_bytes: Callable[[int, int, Mapping[str, Any]], float] | None = None

    def bytes(self, nodes: int, edges: int, parameters: Mapping[str, Any]) -> float:
        """Return the extra memory of a run."""
        more = 0.0 if self.more_bytes is None else self.more_bytes(nodes, edges, parameters)
        return self.bytes_per_node * nodes + self.bytes_per_edge * edges + more


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One algorithm: what it is called, what it takes, what it yields and the kernel that computes it.

    Attributes:
        orientations: How edges may be used, the default first.
        parallel: What becomes of parallel edges when there is a weight; without one they count once.
        deterministic: Whether the same graph, parameters and seed give the same result.
        backend: Library that does the work: ``icebug``, ``scipy`` or ``numpy``.
        ignored: Parameters that are accepted and do not reach the kernel.
        negative_weights: Whether weights below zero mean something.
    """

    name: str
    display_name: str
    category: str
    description: str
    long_description: str
    kernel: Callable[..., Computed]
    value: str
    source: str
    complexity: str
    backend: Literal["icebug", "scipy", "numpy"]
    cost: Cost
    kind: ResultKind = "node_map"
    property_type: str | None = None
    orientations: tuple[Orientation, ...] = ("undirected",)
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    self_loops: bool = True
    parallel: Parallel = "sum"
    deterministic: bool = True
    negative_weights: bool = False
    ignored: frozenset[str] = field(default_factory=frozenset)

    @property
    def weighted(self) -> bool:
        """Whether edges can have weights."""
        return any(parameter.name == WEIGHT.name for parameter in self.parameters)

    @property
    def writable(self) -> bool:
        """Whether a result can become a property."""
        return self.property_type is not None

    def info(self) -> AlgorithmInfo:
        """Describe the algorithm for a listing."""
        return AlgorithmInfo(
            name=self.name,
            display_name=self.display_name,
            type="native",
            category=self.category,
            description=self.description,
            long_description=f"{self.long_description}\n\nSource: {self.source}".lstrip(),
            parameters=[
                AlgorithmParameter(
                    name=parameter.name,
                    type=_LISTED_TYPES.get(parameter.type, parameter.type),
                    required=parameter.required,
                    default=parameter.default,
                    description=f"{parameter.description} {parameter.range}".strip(),
                )
                for parameter in self.parameters
            ],
            returns=self._returns(),
            result_kind="node_sets" if self.kind == "paths" else self.kind,
            supports_write_back=self.writable,
            directed=_direction(self.orientations),
            weighted=self.weighted,
            aliases=list(self.aliases),
            complexity=self.complexity,
            deterministic=self.deterministic,
            backend=self.backend,
        )

    def _returns(self) -> str:
        per = {"node_map": "node", "edge_map": "relationship", "node_list": "node"}.get(self.kind)
        return f"{self.property_type} per {per}: {self.value}" if per and self.writable else self.value


WEIGHT = Parameter(
    "weight_property", "string", None, "Numeric edge property used as weight; parallel edges add up. None: unweighted."
)
SEED = Parameter("seed", "int", 0, "Start of the random order; the same seed gives the same result.", 0, 2**31 - 1)


def _direction(orientations: tuple[Orientation, ...]) -> str:
    if len(orientations) > 1:
        return "both"
    return "undirected" if orientations[0] == "undirected" else "directed"


def shown(value: Any) -> str:
    """Return a value of a request as an error names it: as JSON, cut when it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def _is_node(value: Any) -> bool:
    if isinstance(value, dict) and "label" in value:
        return set(value) == {"label", "key"} and isinstance(value["label"], str) and _is_key(value["key"])
    return _is_key(value)


def _is_key(value: Any) -> bool:
    typed = isinstance(value, dict) and set(value) == TYPED_KEY and isinstance(value["value"], str)
    return typed or (isinstance(value, (str, int, float)) and not isinstance(value, bool))
