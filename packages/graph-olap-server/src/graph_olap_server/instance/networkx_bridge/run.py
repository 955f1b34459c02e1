"""The worker's part of a call: build the graph, run the function, classify what it returned."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.networkx_bridge.catalog import Entry, entries
from graph_olap_server.instance.networkx_bridge.classify import classify
from graph_olap_server.instance.networkx_bridge.values import Classified, Handle
from graph_olap_server.instance.projection import build_csr

__all__ = ["run"]

# What functions of the library raise about their input; MemoryError is the worker's to explain.
_REFUSALS = (
    nx.NetworkXException,
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


def run(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    weights: NDArray[np.float64] | None = None,
    *,
    name: str,
    arguments: dict[str, Any],
    directed: bool | None,
    edge_count: int,
    write: bool,
) -> Classified:
    """Run a function of the catalogue on the graph in the arrays (directed, parallel edges merged)."""
    entry = entries()[name]
    handles = [Handle(dense) for dense in range(len(indptr) - 1)]
    own = {key: _own(value, handles) for key, value in arguments.items()}
    if directed is not None:
        graph = _graph(handles, indptr, indices, weights, directed=directed)
        classified = _call(entry, graph, own, write=write)
    else:
        try:
            graph = _graph(handles, indptr, indices, weights, directed=True)
            classified = _call(entry, graph, own, write=write)
        except nx.NetworkXNotImplemented:
            graph = _graph(handles, indptr, indices, weights, directed=False)
            classified = _call(entry, graph, own, write=write)
    classified.result["graph"] = {
        "directed": graph.is_directed(),
        "nodes": graph.number_of_nodes(),
        "edges": graph.number_of_edges(),
        "parallel_edges_merged": edge_count - graph.number_of_edges(),
    }
    return classified


def _call(entry: Entry, graph: nx.Graph[Handle], arguments: dict[str, Any], *, write: bool) -> Classified:
    try:
        return classify(entry.function(graph, **arguments), write=write)
    except nx.NetworkXNotImplemented:
        if graph.is_directed():
            raise
        raise _refused(entry, "it does not support this kind of graph") from None
    except (
        nx.NetworkXException,
        ValueError,
        TypeError,
        KeyError,
        ZeroDivisionError,
        nx.ExceededMaxIterations,
    ) as error:
        raise _refused(entry, f"{type(error).__name__}: {error}") from error


def _refused(entry: Entry, reason: str) -> PlatformError:
    return PlatformError("ALGORITHM_FAILED", f"{entry.name} failed: {reason}", {"reason": reason})


def _graph(
    handles: list[Handle],
    indptr: NDArray[Any],
    indices: NDArray[Any],
    weights: NDArray[np.float64] | None,
    *,
    directed: bool,
) -> nx.Graph[Handle]:
    graph: nx.Graph[Handle] = nx.DiGraph() if directed else nx.Graph()
    graph.add_nodes_from(handles)
    count = len(handles)
    source = np.repeat(np.arange(count), np.diff(indptr))
    target, weight = indices.astype(np.int64), weights
    if not directed:
        arrays = build_csr(
            count, source, target, weights, directed=False, parallel="once" if weights is None else "sum"
        )
        source, target = np.repeat(np.arange(count), np.diff(arrays["indptr"])), arrays["indices"].astype(np.int64)
        once = source <= target
        source, target = source[once], target[once]
        weight = None if weights is None else arrays["weights"][once]
    ends = zip((handles[i] for i in source.tolist()), (handles[i] for i in target.tolist()), strict=True)
    if weight is None:
        graph.add_edges_from(ends)
    else:
        graph.add_weighted_edges_from((u, v, w) for (u, v), w in zip(ends, weight.tolist(), strict=True))
    return graph


def _own(value: Any, handles: list[Handle]) -> Any:
    """Replace handles that came by message with those of the graph: nodes are compared by identity."""
    if isinstance(value, Handle):
        return handles[value.dense]
    if isinstance(value, (list, tuple)):
        return type(value)(_own(item, handles) for item in value)
    if isinstance(value, dict):
        return {_own(key, handles): _own(item, handles) for key, item in value.items()}
    return value
