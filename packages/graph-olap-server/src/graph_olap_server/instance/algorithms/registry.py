"""Every native algorithm, described once: validation, listings and documentation are made from this table."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from graph_olap.models import AlgorithmInfo, AlgorithmParameter

from graph_olap_server.domain.errors import FieldProblem, PlatformError
from graph_olap_server.instance.algorithms import kernels
from graph_olap_server.instance.algorithms.kernels import Computed

__all__ = ["ALGORITHMS", "CATEGORIES", "Algorithm", "Parameter", "algorithm_not_found", "check_parameters", "find"]

CATEGORIES: Mapping[str, str] = {
    **{name: name for name in ("centrality", "community", "pathfinding", "similarity", "traversal")},
    **{name: name for name in ("clustering", "link_prediction", "other")},
    "path": "pathfinding",
    "paths": "pathfinding",
}
"""What a ``category`` filter accepts, and the category it means."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its type, default and the range its values must lie in (``low``/``high``; open where said so)."""

    name: str
    type: Literal["int", "float", "string"]
    default: Any
    description: str
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def problem(self, value: Any) -> str | None:
        """Say what is wrong with a value, if anything."""
        if value is None and self.default is None:
            return None
        if self.type == "string":
            return None if isinstance(value, str) and value else "a string is required"
        wanted = int if self.type == "int" else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted):
            return "an integer is required" if self.type == "int" else "a number is required"
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
            parts.append(f"{'>' if self.open_low else '>='} {self.low:g}")
        if self.high != math.inf:
            parts.append(f"{'<' if self.open_high else '<='} {self.high:g}")
        return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One algorithm: what it is called, what it takes, what it yields and the kernel that computes it."""

    name: str
    display_name: str
    category: str
    description: str
    long_description: str
    kernel: Callable[..., Computed]
    property_type: Literal["INT64", "DOUBLE"]
    value: str
    directed: bool
    source: str
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    self_loops: bool = True
    ignored: frozenset[str] = field(default_factory=frozenset)
    """Parameters that are accepted and do not reach the kernel."""

    @property
    def weighted(self) -> bool:
        """Whether edges can have weights."""
        return any(parameter.name == "weight_property" for parameter in self.parameters)

    def info(self) -> AlgorithmInfo:
        """Describe the algorithm for a listing."""
        return AlgorithmInfo(
            name=self.name,
            display_name=self.display_name,
            type="native",
            category=self.category,
            description=self.description,
            long_description=f"{self.long_description}\n\nSource: {self.source}",
            parameters=[
                AlgorithmParameter(
                    name=parameter.name,
                    type=parameter.type,
                    default=parameter.default,
                    description=f"{parameter.description} {parameter.range}".strip(),
                )
                for parameter in self.parameters
            ],
            returns=f"{self.property_type} per node: {self.value}",
            result_kind="node_map",
            directed="directed" if self.directed else "undirected",
            weighted=self.weighted,
            aliases=list(self.aliases),
        )


_WEIGHT = Parameter(
    "weight_property", "string", None, "Numeric edge property used as weight; parallel edges add up. None: unweighted."
)
_NO_EFFECT = Parameter("max_iterations", "int", 100, "Accepted for compatibility; the result is always exact.", low=1)
_SEED = Parameter("seed", "int", 0, "Start of the random order; the same seed gives the same result.", 0, 2**31 - 1)
_TARJAN = "R. Tarjan: Depth-first search and linear graph algorithms. SIAM Journal on Computing 1(2), 1972."
_COMPONENT_IDS = "Ids are dense from 0, larger components first, of equal ones the one with the smallest node first."

ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        name="kcore",
        display_name="K-core decomposition",
        category="clustering",
        description="Largest k for which a node lies in the k-core: the part where every node has k neighbours.",
        long_description="Direction, parallel edges and self-loops do not count.",
        kernel=kernels.kcore,
        property_type="INT64",
        value="core number",
        directed=False,
        self_loops=False,
        aliases=("k_core", "core_number"),
        source="V. Batagelj, M. Zaversnik: An O(m) algorithm for cores decomposition of networks. arXiv cs/0310049.",
    ),
    Algorithm(
        name="label_propagation",
        display_name="Label propagation",
        category="community",
        description="Communities in which each node shares the most frequent label of its neighbours.",
        long_description=(
            "All nodes change at once; of equally frequent labels the smallest wins. Without convergence (labels can "
            "swing on bipartite parts) it stops after max_iterations and says so."
        ),
        kernel=kernels.label_propagation,
        property_type="INT64",
        value="community id",
        directed=False,
        aliases=("lpa", "cdlp"),
        parameters=(
            Parameter("max_iterations", "int", 100, "Most rounds.", 1, 10_000),
            Parameter("seed", "int", 0, "Accepted for compatibility; ties never depend on chance.", 0, 2**31 - 1),
        ),
        source=(
            "U. N. Raghavan, R. Albert, S. Kumara: Near linear time algorithm to detect community structures in "
            "large-scale networks. Physical Review E 76, 036106, 2007."
        ),
    ),
    Algorithm(
        name="louvain",
        display_name="Louvain communities",
        category="community",
        description="Communities of high modularity, found by moving nodes and merging communities in phases.",
        long_description="Direction does not count. The same graph, parameters and seed always give the same result.",
        kernel=kernels.louvain,
        property_type="INT64",
        value="community id",
        directed=False,
        parameters=(
            Parameter("resolution", "float", 1.0, "Larger values give smaller communities.", 0, open_low=True),
            Parameter("max_phases", "int", 20, "Most phases.", 1, 1000),
            Parameter("max_iterations", "int", 20, "Most passes over the nodes in a phase.", 1, 1000),
            _WEIGHT,
            _SEED,
        ),
        source=(
            "V. D. Blondel, J.-L. Guillaume, R. Lambiotte, E. Lefebvre: Fast unfolding of communities in large "
            "networks. Journal of Statistical Mechanics P10008, 2008."
        ),
    ),
    Algorithm(
        name="pagerank",
        display_name="PageRank",
        category="centrality",
        description="Importance of a node by the importance of the nodes that link to it; scores sum to 1.",
        long_description=(
            "Power iteration until one round changes all scores together by no more than tolerance. That is stricter "
            "than NetworkX, which multiplies its tol by the number of nodes and so stops after one round on a graph "
            "of a million nodes; with tol divided by that number both give the same scores. Nodes without outgoing "
            "edges spread their score over all nodes."
        ),
        kernel=kernels.pagerank,
        property_type="DOUBLE",
        value="score",
        directed=True,
        aliases=("page_rank",),
        parameters=(
            Parameter(
                "damping_factor",
                "float",
                0.85,
                "Probability of following an edge.",
                0,
                1,
                open_low=True,
                open_high=True,
            ),
            Parameter("max_iterations", "int", 100, "Most iterations.", 1, 10_000),
            Parameter("tolerance", "float", 1e-6, "Sum of changes in one round at which to stop.", 0, open_low=True),
            _WEIGHT,
        ),
        source="L. Page, S. Brin, R. Motwani, T. Winograd: The PageRank citation ranking. Stanford InfoLab, 1999.",
    ),
    Algorithm(
        name="scc",
        display_name="Strongly connected components",
        category="community",
        description="Groups of nodes that reach each other along the direction of the edges.",
        long_description=_COMPONENT_IDS,
        kernel=kernels.scc,
        property_type="INT64",
        value="component id",
        directed=True,
        aliases=("strongly_connected_components",),
        parameters=(_NO_EFFECT,),
        ignored=frozenset({"max_iterations"}),
        source=_TARJAN,
    ),
    Algorithm(
        name="triangle_count",
        display_name="Triangle count",
        category="clustering",
        description="Number of triangles a node is part of.",
        long_description="Direction, parallel edges and self-loops do not count.",
        kernel=kernels.triangle_count,
        property_type="INT64",
        value="triangles through the node",
        directed=False,
        self_loops=False,
        aliases=("triangles",),
        source="M. Latapy: Main-memory triangle computations for very large sparse graphs. TCS 407, 2008.",
    ),
    Algorithm(
        name="wcc",
        display_name="Weakly connected components",
        category="community",
        description="Groups of nodes that are connected when direction does not count.",
        long_description=_COMPONENT_IDS,
        kernel=kernels.wcc,
        property_type="INT64",
        value="component id",
        directed=False,
        aliases=("connected_components", "weakly_connected_components"),
        parameters=(_NO_EFFECT,),
        ignored=frozenset({"max_iterations"}),
        source="J. Hopcroft, R. Tarjan: Algorithm 447, efficient algorithms for graph manipulation. CACM 16(6), 1973.",
    ),
)
"""All native algorithms, by name."""

_BY_NAME = {name: algorithm for algorithm in ALGORITHMS for name in (algorithm.name, *algorithm.aliases)}


def find(name: str) -> Algorithm:
    """Return an algorithm by name or alias, in any case.

    Raises:
        PlatformError: ``ALGORITHM_NOT_FOUND`` with near names.
    """
    algorithm = _BY_NAME.get(name.lower())
    if algorithm is None:
        raise algorithm_not_found(name, "native", _BY_NAME)
    return algorithm


def algorithm_not_found(name: str, kind: str, known: Mapping[str, Any]) -> PlatformError:
    """404 with up to five near names."""
    suggestions = difflib.get_close_matches(name.lower(), list(known), n=5, cutoff=0.5)
    hint = f" Did you mean {' or '.join(suggestions)}?" if suggestions else " List the algorithms to see all names."
    return PlatformError(
        "ALGORITHM_NOT_FOUND",
        f"There is no {kind} algorithm called {name[:100]}.{hint}",
        {"algorithm": name, "algorithm_type": kind, "suggestions": suggestions},
    )


def check_parameters(algorithm: Algorithm, given: Mapping[str, Any], problems: list[FieldProblem]) -> dict[str, Any]:
    """Return the effective parameters, defaults filled in; what is wrong is appended to ``problems``."""
    known = {parameter.name: parameter for parameter in algorithm.parameters}
    for name in given:
        if name not in known:
            allowed = ", ".join(known) or "none"
            problems.append((f"parameters.{name}", f"{algorithm.name} has no such parameter; allowed: {allowed}"))
    effective = {}
    for name, parameter in known.items():
        value = given.get(name, parameter.default)
        if (problem := parameter.problem(value)) is not None:
            problems.append((f"parameters.{name}", problem))
        effective[name] = value
    return effective
