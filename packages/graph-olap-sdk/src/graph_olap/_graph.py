"""The nodes and relationships of query results, as they come and as graphs of NetworkX and igraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Tuple

from graph_olap._optional import require
from graph_olap._values import ENTITY_TYPES

if TYPE_CHECKING:
    from graph_olap.models.result import QueryResult

__all__ = ["entities", "graph_of", "holds_graph", "igraph_of"]


def holds_graph(result: QueryResult) -> bool:
    """Return whether a column of the result holds nodes, relationships or paths."""
    return any(_element_type(text)[0] in ENTITY_TYPES for text in result.column_types)


def entities(result: QueryResult) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Yield every node as ``("NODE", value)`` and every relationship as ``("REL", value)``, row by row.

    Raises:
        ValueError: The result holds no node, relationship or path.
    """
    if not holds_graph(result):
        raise ValueError(
            f"The result holds no node, relationship or path (its columns are {', '.join(result.columns)}). "
            "Return whole nodes and relationships, for example: MATCH (a)-[r]->(b) RETURN a, r, b"
        )
    columns = [(index, *_element_type(text)) for index, text in enumerate(result.column_types)]
    for row in result.rows:
        for index, kind, depth in columns:
            if kind in ENTITY_TYPES:
                yield from _parts(kind, depth, row[index])


def graph_of(result: QueryResult) -> Any:
    """Build the ``networkx.MultiDiGraph`` of a result; see :meth:`QueryResult.to_networkx`."""
    graph = require("networkx", "viz").MultiDiGraph()
    for kind, value in entities(result):
        if kind == "NODE":
            graph.add_node(value["_id"])
            graph.nodes[value["_id"]].update(_attributes(value, "label"))
        else:
            graph.add_edge(value["_src"], value["_dst"], key=value["_id"])
            graph.edges[value["_src"], value["_dst"], value["_id"]].update(_attributes(value, "type"))
    return graph


def igraph_of(result: QueryResult, directed: bool) -> Any:
    """Build the ``igraph.Graph`` of a result; see :meth:`QueryResult.to_igraph`."""
    igraph = require("igraph", "viz")
    vertices: Dict[int, Dict[str, Any]] = {}
    edges: Dict[int, Dict[str, Any]] = {}
    for kind, value in entities(result):
        if kind == "NODE":
            vertices[value["_id"]] = {"_id": value["_id"], **_attributes(value, "label")}
        else:
            edges[value["_id"]] = value
    for value in edges.values():
        for end in (value["_src"], value["_dst"]):
            vertices.setdefault(end, {"_id": end})
    numbers = {identity: number for number, identity in enumerate(vertices)}
    graph = igraph.Graph(len(vertices), directed=directed)
    graph.add_edges([(numbers[value["_src"]], numbers[value["_dst"]]) for value in edges.values()])
    _set_attributes(graph.vs, list(vertices.values()))
    _set_attributes(graph.es, [{"_id": value["_id"], **_attributes(value, "type")} for value in edges.values()])
    return graph


def _set_attributes(sequence: Any, elements: List[Dict[str, Any]]) -> None:
    for name in dict.fromkeys(name for element in elements for name in element):
        sequence[name] = [element.get(name) for element in elements]


def _element_type(text: str) -> Tuple[str, int]:
    depth = 0
    while text.startswith("LIST<") and text.endswith(">"):
        text, depth = text[5:-1], depth + 1
    return text, depth


def _parts(kind: str, depth: int, value: Any) -> Iterator[Tuple[str, Dict[str, Any]]]:
    if value is None:
        return
    if depth:
        for item in value:
            yield from _parts(kind, depth - 1, item)
    elif kind == "PATH":
        yield from (("NODE", node) for node in value["_nodes"])
        yield from (("REL", rel) for rel in value["_rels"])
    else:
        yield kind, value


def _attributes(value: Dict[str, Any], name: str) -> Dict[str, Any]:
    kind = value[f"_{name}"]
    properties = {key: item for key, item in value.items() if not key.startswith("_")}
    return {f"_{name}": kind, name: kind, **properties}
