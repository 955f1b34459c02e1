"""The worker's part of a call: have a kernel answer or NetworkX compute, and classify what came back."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from graph_olap_server.instance.networkx_bridge.accelerated import NotAccelerated, accelerated_answer, classified_answer
from graph_olap_server.instance.networkx_bridge.catalog import Entry, entries, refuses_directed, refuses_undirected
from graph_olap_server.instance.networkx_bridge.classify import classify
from graph_olap_server.instance.networkx_bridge.columns import columns_of
from graph_olap_server.instance.networkx_bridge.failures import REFUSALS, refusal
from graph_olap_server.instance.networkx_bridge.kinds import IN_ORDER, kind_of, parts_of
from graph_olap_server.instance.networkx_bridge.parameters import FUNCTIONS
from graph_olap_server.instance.networkx_bridge.plain import CONSUMED_LIMIT, LISTS, unlimited
from graph_olap_server.instance.networkx_bridge.properties import NodeAttribute
from graph_olap_server.instance.networkx_bridge.values import Classified, Handle
from graph_olap_server.instance.networkx_bridge.view import GraphView
from graph_olap_server.instance.projection import Parallel
from graph_olap_server.instance.workers.progress import counted

__all__ = ["run"]


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
    stream: bool = False,
    combine: Parallel = "sum",
    integers: Collection[str] = (),
    node_attributes: Mapping[str, NodeAttribute] | None = None,
    labels: Mapping[str, list[Any]] | None = None,
    **edge_attributes: NDArray[Any],
) -> Classified:
    """Run a function of the catalogue on the graph in the arrays (directed, parallel edges merged).

    ``write`` leaves out of the result what is written anyway, ``stream`` gives the whole of it as columns.
    """
    entry = entries()[name]
    view = GraphView(
        indptr,
        indices,
        weights,
        directed=not refuses_directed(entry) if directed is None else directed,
        combine=combine,
        attributes=edge_attributes,
        integers=integers,
        labels=labels,
    )
    with unlimited() if stream else nullcontext():
        try:
            classified, backend = _accelerated(entry, arguments, view, write=write, stream=stream)
            reason = "computes exactly what NetworkX would"
        except NotAccelerated as why:
            attributes = node_attributes or {}
            classified, view = _computed(entry, arguments, view, attributes, write=write, may_turn=directed is None)
            backend, reason = "networkx", str(why)
    if stream and not classified.columns:
        whole = classified.result
        summary = {key: value for key, value in whole.items() if key not in LISTS}
        classified = Classified(summary, warning=classified.warning, columns=columns_of(whole))
    classified.result |= {
        "graph": {
            "directed": view.directed,
            "nodes": view.count,
            "edges": view.edge_count,
            "parallel_edges_merged": edge_count - view.edge_count,
        },
        "backend": backend,
        "backend_reason": reason,
    }
    return classified


def _accelerated(
    entry: Entry, arguments: dict[str, Any], view: GraphView, *, write: bool, stream: bool
) -> tuple[Classified, str]:
    with _explained(entry):
        answer, how = accelerated_answer(entry.name, arguments, view)
        return classified_answer(answer, how.shape, write=write, stream=stream), how.backend


def _computed(
    entry: Entry,
    arguments: dict[str, Any],
    view: GraphView,
    attributes: Mapping[str, NodeAttribute],
    *,
    write: bool,
    may_turn: bool,
) -> tuple[Classified, GraphView]:
    """Have NetworkX compute; what it does not know for directed graphs, on the graph without directions."""
    handles = [Handle(dense) for dense in range(view.count)]
    own = {key: _own(_callable(entry, key, value), handles) for key, value in arguments.items()}
    try:
        missing = _missing(attributes, view.count)
        with _explained(entry, directed=view.directed, missing=missing), _built(handles, view, attributes) as graph:
            returned = entry.function(graph, **own)
            if entry.name in IN_ORDER:
                returned = dict(zip(graph, returned, strict=True))
            limit = max(CONSUMED_LIMIT, 4 * (view.count + view.edge_count))
            kind, parts = kind_of(entry.name), parts_of(entry.name)
            return classify(returned, write=write, kind=kind, parts=parts, consumed_limit=limit), view
    except nx.NetworkXNotImplemented:
        if not may_turn:
            raise refusal(entry.name, "it does not support directed graphs") from None
        undirected = view.without_direction()
        return _computed(entry, arguments, undirected, attributes, write=write, may_turn=False)


@contextmanager
def _built(
    handles: list[Handle], view: GraphView, attributes: Mapping[str, NodeAttribute]
) -> Iterator[nx.Graph[Handle]]:
    """Build the graph and keep the garbage collector from looking through it as long as it is used.

    It is millions of objects and no garbage; much of the time of building it, and of what follows, would go into
    looking through it over and over.
    """
    gc.disable()
    try:
        try:
            graph = _graph(handles, view, attributes)
            gc.freeze()
        finally:
            gc.enable()
        yield graph
    finally:
        gc.unfreeze()


@contextmanager
def _explained(entry: Entry, *, directed: bool = False, missing: str = "") -> Iterator[None]:
    try:
        yield
    except nx.NetworkXNotImplemented as error:
        if directed:
            raise
        raise refusal(entry.name, f"it does not support this kind of graph: {error}") from None
    except REFUSALS as error:
        turnable = directed and not refuses_undirected(entry)
        raise refusal(entry.name, error, directed=turnable, missing=missing) from error


def _missing(attributes: Mapping[str, NodeAttribute], count: int) -> str:
    """Say of which attributes nodes have no value."""
    lacks = {name: count - len(attribute.dense) for name, attribute in attributes.items()}
    return ", ".join(f"{number} of {count} nodes have no {name}" for name, number in lacks.items() if number)


def _graph(handles: list[Handle], view: GraphView, attributes: Mapping[str, NodeAttribute]) -> nx.Graph[Handle]:
    graph: nx.Graph[Handle] = nx.DiGraph() if view.directed else nx.Graph()
    graph.add_nodes_from(handles)
    for name, attribute in attributes.items():
        for dense, value in zip(attribute.dense, attribute.values, strict=True):
            graph.nodes[handles[dense]][name] = value
    source, target = view.ends
    numbers = view.edge_attributes()
    if not view.directed:
        once = source <= target
        source, target = source[once], target[once]
        numbers = {name: values[once] for name, values in numbers.items()}
    ends = zip((handles[i] for i in source.tolist()), (handles[i] for i in target.tolist()), strict=True)
    if numbers:
        rows = zip(*(values.tolist() for values in numbers.values()), strict=True)
        graph.add_edges_from(
            (u, v, dict(zip(numbers, row, strict=True))) for (u, v), row in zip(ends, rows, strict=True)
        )
    else:
        graph.add_edges_from(ends)
    graph._node, graph._adj = _Counted(graph._node), _Counted(graph._adj)
    return graph


class _Counted(dict[Handle, Any]):
    """Nodes of a graph, or their neighbours by node: who goes over them shows how far the function is."""

    def __iter__(self) -> Iterator[Handle]:
        return counted(super().__iter__(), len(self))


class _CountedList(list[Any]):
    """Nodes that an argument names, such as the sources of all searches."""

    def __iter__(self) -> Iterator[Any]:
        return counted(super().__iter__(), len(self))


def _callable(entry: Entry, parameter: str, value: Any) -> Any:
    """Return the function that an argument names, for parameters that take one."""
    for name in (parameter, f"{entry.name}.{parameter}"):
        if value in FUNCTIONS.get(name, ()):
            return entries()[value].function
    return value


def _own(value: Any, handles: list[Handle]) -> Any:
    """Replace handles that came by message with those of the graph: nodes are compared by identity."""
    if isinstance(value, Handle):
        return handles[value.dense]
    if isinstance(value, list):
        return _CountedList(_own(item, handles) for item in value)
    if isinstance(value, (tuple, set)):
        return type(value)(_own(item, handles) for item in value)
    if isinstance(value, dict):
        return {_own(key, handles): _own(item, handles) for key, item in value.items()}
    return value
