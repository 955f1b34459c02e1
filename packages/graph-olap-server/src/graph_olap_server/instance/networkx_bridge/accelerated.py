"""NetworkX functions that a kernel answers exactly as NetworkX does, without building its graph.

Each function here takes the graph and the arguments that it knows, and returns what the NetworkX function returns; with
any other argument, or where the results would differ, NetworkX itself computes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graph_olap_server.instance.algorithms.kernels import clustering as kernels_clustering
from graph_olap_server.instance.algorithms.kernels.betweenness import betweenness
from graph_olap_server.instance.algorithms.kernels.closeness import closeness, harmonic
from graph_olap_server.instance.algorithms.kernels.components import scc, weak
from graph_olap_server.instance.algorithms.kernels.searches import levels
from graph_olap_server.instance.networkx_bridge import power_iteration
from graph_olap_server.instance.networkx_bridge.arrays import classify_groups, classify_nodes, classify_values
from graph_olap_server.instance.networkx_bridge.classify import classify
from graph_olap_server.instance.networkx_bridge.values import Classified, Handle
from graph_olap_server.instance.networkx_bridge.view import GraphView

__all__ = ["ACCELERATED", "NotAccelerated", "accelerated_answer", "classified_answer"]

Shape = Literal["values", "levels", "sets", "set", "list", "plain"]
"""A value per node; edges from a node, -1 where it is not reached; a group per node; nodes; anything else."""


class NotAccelerated(Exception):
    """NetworkX has to compute it; the text says why."""


@dataclass(frozen=True, slots=True)
class Accelerated:
    """How a function is answered.

    Attributes:
        compute: Returns an array over the nodes, or dense ids, or what NetworkX returns; see ``shape``.
        backend: The library that does the work.
        graphs: Kinds of graphs that it is exact for; ``graph`` alone also where the function refuses a ``DiGraph``.
        arguments: The arguments it understands, with their defaults.
        shape: What the answer is.
        weighted: Whether it heeds weights.
    """

    compute: Callable[..., Any]
    backend: Literal["icebug", "scipy", "numpy"]
    graphs: tuple[Literal["graph", "digraph"], ...] = ("graph", "digraph")
    arguments: Mapping[str, Any] = field(default_factory=dict)
    shape: Shape = "plain"
    weighted: bool = False


def accelerated_answer(name: str, arguments: Mapping[str, Any], view: GraphView) -> tuple[Any, Accelerated]:
    """Return the answer in the shape that the entry names, and the entry.

    Raises:
        NotAccelerated: It is no such function, or NetworkX might answer otherwise.
    """
    found = ACCELERATED.get(name)
    if found is None:
        raise NotAccelerated("no kernel computes this function")
    if ("digraph" if view.directed else "graph") not in found.graphs:
        raise NotAccelerated(f"no kernel computes it on {'directed' if view.directed else 'undirected'} graphs")
    if view.count == 0:
        raise NotAccelerated("the graph is empty")
    given = {key: value for key, value in arguments.items() if key not in ("weight", "seed")}  # none is random
    if unknown := sorted(key for key, value in given.items() if key not in found.arguments and value is not None):
        raise NotAccelerated(f"the kernel does not know the argument {unknown[0]}")
    weight = arguments.get("weight", "weight")
    if weight not in (None, "weight") or (weight == "weight" and "weight" in arguments and not found.weighted):
        raise NotAccelerated("the kernel does not use weights")
    known = {key: _dense(value) for key, value in given.items() if key in found.arguments}
    values = {**found.arguments, **known}
    if found.weighted:
        values["weights"] = None if weight is None else view.arrays.get("weights")
    return found.compute(view, **values), found


def classified_answer(answer: Any, shape: Shape, *, write: bool, stream: bool) -> Classified:
    """Return the result of an answer as that of NetworkX would be."""
    if shape == "values":
        return classify_values(np.arange(len(answer)), answer, write=write, stream=stream)
    if shape == "levels":
        reached = np.flatnonzero(answer >= 0)
        return classify_values(reached, answer[reached], write=write, stream=stream)
    if shape == "sets":
        return classify_groups(answer, write=write, stream=stream)
    if shape in ("set", "list"):
        return classify_nodes(answer, ordered=shape == "list", stream=stream)
    return classify(answer, write=write)


def _dense(value: Any) -> Any:
    if isinstance(value, Handle):
        return value.dense
    if isinstance(value, dict):
        return {_dense(key): entry for key, entry in value.items()}
    return value


def _degrees(view: GraphView) -> NDArray[np.int64]:
    """Degrees as NetworkX counts them: a self-loop twice."""
    if view.directed:
        return _out_degrees(view) + _in_degrees(view)
    degrees = np.diff(view.arrays["indptr"])
    degrees[view.loops] += 1
    return degrees


def _share(view: GraphView, degrees: NDArray[np.int64]) -> NDArray[Any]:
    if view.count == 1:
        return np.ones(1, np.int64)
    return degrees * (1.0 / (view.count - 1))


def _in_degrees(view: GraphView) -> NDArray[np.int64]:
    return np.bincount(view.one_way["indices"], minlength=view.count)


def _out_degrees(view: GraphView) -> NDArray[np.int64]:
    return np.diff(view.one_way["indptr"])


def _closeness(view: GraphView) -> NDArray[np.float64]:
    return closeness(view.arrays["indptr"], view.arrays["indices"], samples=None, seed=0).values


def _harmonic(view: GraphView) -> NDArray[np.float64]:
    arrays = view.arrays
    return harmonic(arrays["indptr"], arrays["indices"], normalized=False, samples=None, seed=0).values


def _betweenness(view: GraphView, normalized: bool) -> NDArray[np.float64]:
    shares = betweenness(view.arrays["indptr"], view.arrays["indices"], samples=None, seed=0).values
    pairs = (view.count - 1) * (view.count - 2)
    return shares if normalized else shares * (pairs if view.directed else pairs / 2)


def _katz(view: GraphView, beta: Any, **others: Any) -> NDArray[np.float64]:
    if isinstance(beta, Mapping):
        raise NotAccelerated("there is a beta per node")
    return power_iteration.katz(view, beta=beta, **others)


def _weak(view: GraphView) -> NDArray[np.int64]:
    return weak(view.one_way["indptr"], view.one_way["indices"]).values


def _strong(view: GraphView) -> NDArray[np.int64]:
    return scc(view.arrays["indptr"], view.arrays["indices"]).values


def _number(labels: NDArray[np.int64]) -> int:
    return int(labels.max()) + 1


def _core(view: GraphView) -> NDArray[np.int64]:
    if len(view.loops):
        raise NotAccelerated("the graph has self-loops")
    return kernels_clustering.kcore(view.plain["indptr"], view.plain["indices"]).values


def _transitivity(view: GraphView) -> float:
    return kernels_clustering.transitivity(view.plain["indptr"], view.plain["indices"]).value or 0


def _levels(view: GraphView, source: int, cutoff: int | None) -> NDArray[np.int64]:
    return levels(view.arrays["indptr"], view.arrays["indices"], np.array([source]), _depth(cutoff))


def _levels_to(view: GraphView, target: int, cutoff: int | None) -> NDArray[np.int64]:
    return levels(view.incoming["indptr"], view.incoming["indices"], np.array([target]), _depth(cutoff))


def _depth(cutoff: Any) -> int | None:
    if cutoff is not None and (not isinstance(cutoff, int) or cutoff < 0):
        raise NotAccelerated("the cut-off is no whole number")
    return cutoff


def _reached(view: GraphView, source: int, arrays: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
    level = levels(arrays["indptr"], arrays["indices"], np.array([source]))
    return np.flatnonzero(level > 0)


def _has_path(view: GraphView, source: int, target: int) -> bool:
    return bool(levels(view.arrays["indptr"], view.arrays["indices"], np.array([source]))[target] >= 0)


def _component_of(view: GraphView, n: int) -> NDArray[np.int64]:
    labels = _weak(view)
    return np.flatnonzero(labels == labels[n])


def _acyclic(view: GraphView) -> bool:
    return len(view.loops) == 0 and _number(_strong(view)) == view.count


_GRAPH: tuple[Literal["graph"], ...] = ("graph",)
_DIGRAPH: tuple[Literal["digraph"], ...] = ("digraph",)

ACCELERATED: dict[str, Accelerated] = {
    "degree_centrality": Accelerated(lambda view: _share(view, _degrees(view)), "numpy", shape="values"),
    "in_degree_centrality": Accelerated(
        lambda view: _share(view, _in_degrees(view)), "numpy", _DIGRAPH, shape="values"
    ),
    "out_degree_centrality": Accelerated(
        lambda view: _share(view, _out_degrees(view)), "numpy", _DIGRAPH, shape="values"
    ),
    "pagerank": Accelerated(
        power_iteration.pagerank,
        "scipy",
        arguments={"alpha": 0.85, "personalization": None, "max_iter": 100, "tol": 1e-6, "dangling": None},
        shape="values",
        weighted=True,
    ),
    "eigenvector_centrality": Accelerated(
        power_iteration.eigenvector, "scipy", arguments={"max_iter": 100, "tol": 1e-6}, shape="values", weighted=True
    ),
    "katz_centrality": Accelerated(
        _katz,
        "scipy",
        arguments={"alpha": 0.1, "beta": 1.0, "max_iter": 1000, "tol": 1e-6, "normalized": True},
        shape="values",
        weighted=True,
    ),
    "closeness_centrality": Accelerated(_closeness, "numpy", shape="values"),
    "harmonic_centrality": Accelerated(_harmonic, "numpy", shape="values"),
    "betweenness_centrality": Accelerated(_betweenness, "scipy", arguments={"normalized": True}, shape="values"),
    "connected_components": Accelerated(_weak, "scipy", _GRAPH, shape="sets"),
    "weakly_connected_components": Accelerated(_weak, "scipy", _DIGRAPH, shape="sets"),
    "strongly_connected_components": Accelerated(_strong, "scipy", _DIGRAPH, shape="sets"),
    "number_connected_components": Accelerated(lambda view: _number(_weak(view)), "scipy", _GRAPH),
    "number_weakly_connected_components": Accelerated(lambda view: _number(_weak(view)), "scipy", _DIGRAPH),
    "number_strongly_connected_components": Accelerated(lambda view: _number(_strong(view)), "scipy", _DIGRAPH),
    "is_connected": Accelerated(lambda view: _number(_weak(view)) == 1, "scipy", _GRAPH),
    "is_weakly_connected": Accelerated(lambda view: _number(_weak(view)) == 1, "scipy", _DIGRAPH),
    "is_strongly_connected": Accelerated(lambda view: _number(_strong(view)) == 1, "scipy", _DIGRAPH),
    "node_connected_component": Accelerated(_component_of, "scipy", _GRAPH, arguments={"n": None}, shape="set"),
    "core_number": Accelerated(_core, "icebug", _GRAPH, shape="values"),
    "triangles": Accelerated(
        lambda view: kernels_clustering.triangle_count(view.plain["indptr"], view.plain["indices"]).values,
        "icebug",
        _GRAPH,
        shape="values",
    ),
    "clustering": Accelerated(
        lambda view: kernels_clustering.clustering_coefficient(view.plain["indptr"], view.plain["indices"]).values,
        "icebug",
        _GRAPH,
        shape="values",
    ),
    "average_clustering": Accelerated(
        lambda view: kernels_clustering.average_clustering(view.plain["indptr"], view.plain["indices"]).value,
        "icebug",
        _GRAPH,
    ),
    "transitivity": Accelerated(_transitivity, "icebug", _GRAPH),
    "single_source_shortest_path_length": Accelerated(
        _levels, "numpy", arguments={"source": None, "cutoff": None}, shape="levels"
    ),
    "single_target_shortest_path_length": Accelerated(
        _levels_to, "numpy", arguments={"target": None, "cutoff": None}, shape="levels"
    ),
    "descendants": Accelerated(
        lambda view, source: _reached(view, source, view.arrays), "numpy", arguments={"source": None}, shape="set"
    ),
    "ancestors": Accelerated(
        lambda view, source: _reached(view, source, view.incoming), "numpy", arguments={"source": None}, shape="set"
    ),
    "has_path": Accelerated(_has_path, "numpy", arguments={"source": None, "target": None}),
    "is_directed_acyclic_graph": Accelerated(_acyclic, "scipy", _DIGRAPH),
    "isolates": Accelerated(lambda view: np.flatnonzero(_degrees(view) == 0), "numpy", shape="list"),
    "number_of_isolates": Accelerated(lambda view: int((_degrees(view) == 0).sum()), "numpy"),
}
