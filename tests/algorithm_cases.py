"""Random graphs for the kernels, and which algorithm a test is the reference of.

``GRAPHS`` are 200 small multigraphs with parallel edges, self-loops, isolated nodes and several parts. A test that
compares a kernel with NetworkX, SciPy or brute force on all of them is marked with ``@reference("name", ...)``;
``test_coverage.py`` fails for an algorithm of the registry that no test is marked with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import networkx as nx
import numpy as np
from graph_olap_server.instance.algorithms.model import Algorithm
from graph_olap_server.instance.algorithms.registry import check_parameters, find
from graph_olap_server.instance.projection import Orientation, build_csr
from numpy.typing import NDArray

__all__ = ["GRAPHS", "KARATE", "Case", "reference"]

Test = TypeVar("Test", bound=Callable[..., Any])
_MERGE = {"sum": lambda old, new: old + new, "min": min, "max": max, "count": lambda old, _new: old + 1}


class Case(NamedTuple):
    """A multigraph: number of nodes and edges with weights."""

    nodes: int
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: NDArray[np.float64]

    def run(
        self, name: str, *, weighted: bool = False, orientation: Orientation | None = None, **parameters: Any
    ) -> Any:
        """Run an algorithm as an instance would: projected as it is described, defaults filled in.

        Nodes are given by dense id and node properties as arrays.
        """
        algorithm = find(name)
        checked = [entry for entry in algorithm.parameters if entry.type in ("int", "float", "string", "boolean")]
        problems: list[Any] = []
        plain = {key: value for key, value in parameters.items() if any(entry.name == key for entry in checked)}
        effective = {**check_parameters(algorithm, plain, problems), **parameters}
        assert [problem for problem in problems if "a value is required" not in problem[1]] == []
        left_out = {"weight_property", *algorithm.ignored}
        arguments = {key: value for key, value in effective.items() if key not in left_out}
        return algorithm.kernel(**self.arrays(algorithm, weighted=weighted, orientation=orientation), **arguments)

    def arrays(
        self, algorithm: Algorithm, *, weighted: bool = False, orientation: Orientation | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return the projection that the algorithm asks for."""
        wanted = orientation or algorithm.orientations[0]
        source, target = (self.target, self.source) if wanted == "reverse" else (self.source, self.target)
        return build_csr(
            self.nodes,
            source,
            target,
            self.weight if weighted else None,
            directed=wanted != "undirected",
            parallel=algorithm.parallel if weighted else "once",
            self_loops=algorithm.self_loops,
        )

    def graph(self, kind: type[Any] = nx.Graph, *, self_loops: bool = True, parallel: str = "sum") -> Any:
        """Return it as a simple graph of NetworkX with the merged ``weight``."""
        built = kind()
        built.add_nodes_from(range(self.nodes))
        for source, target, weight in zip(
            self.source.tolist(), self.target.tolist(), self.weight.tolist(), strict=True
        ):
            if source == target and not self_loops:
                continue
            if built.has_edge(source, target):
                built[source][target]["weight"] = _MERGE[parallel](built[source][target]["weight"], weight)
            else:
                built.add_edge(source, target, weight=weight)
        return built


def reference(*names: str) -> Callable[[Test], Test]:
    """Mark a test that compares these algorithms with an independent computation on :data:`GRAPHS`."""
    for name in names:
        find(name)
    return lambda test: test


def _random_graphs(count: int) -> list[Case]:
    random = np.random.default_rng(20_260)
    cases = []
    for number in range(count):
        nodes = 1 + number % 16
        edges = int(random.integers(0, 4 * nodes))
        # Ends from a part of the nodes only, so that some stay alone and some pairs meet more than once.
        reach = max(1, int(nodes * random.uniform(0.4, 1.0)))
        source, target = random.integers(0, reach, edges), random.integers(0, reach, edges)
        half = nodes // 2
        if number % 3 == 0 and half:
            source, target = np.where(source < half, source, source), np.where(source < half, target % half, target)
        weight = random.integers(0 if number % 5 == 0 else 1, 10, edges).astype(np.float64)
        cases.append(Case(nodes, source.astype(np.int64), target.astype(np.int64), weight))
    return cases


GRAPHS = _random_graphs(200)
"""Multigraphs of 1 to 16 nodes; every fifth has weights of zero."""

_KARATE = nx.karate_club_graph()
KARATE = Case(
    _KARATE.number_of_nodes(),
    np.array([edge[0] for edge in _KARATE.edges()], np.int64),
    np.array([edge[1] for edge in _KARATE.edges()], np.int64),
    np.ones(_KARATE.number_of_edges()),
)
"""Zachary's karate club, every edge once and unweighted."""
