"""Query results as NetworkX graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict

from graph_olap._optional import require

if TYPE_CHECKING:
    from graph_olap.models.result import QueryResult

__all__ = ["graph_of"]


def graph_of(result: QueryResult) -> Any:
    """Build the ``networkx.MultiDiGraph`` of a result; see :meth:`QueryResult.to_networkx`."""
    graph = require("networkx", "viz").MultiDiGraph()
    found = False
    for index, text in enumerate(result.column_types):
        kind = text
        depth = 0
        while kind.startswith("LIST<") and kind.endswith(">"):
            kind, depth = kind[5:-1], depth + 1
        if kind not in ("NODE", "REL", "PATH"):
            continue
        found = True
        for row in result.rows:
            _add(graph, kind, depth, row[index])
    if not found:
        raise ValueError(
            f"The result holds no node, relationship or path (its columns are {', '.join(result.columns)}). "
            "Return whole nodes and relationships, for example: MATCH (a)-[r]->(b) RETURN a, r, b"
        )
    return graph


def _add(graph: Any, kind: str, depth: int, value: Any) -> None:
    if value is None:
        return
    if depth:
        for item in value:
            _add(graph, kind, depth - 1, item)
    elif kind == "NODE":
        graph.add_node(value["_id"])
        graph.nodes[value["_id"]].update(_attributes(value, "label"))
    elif kind == "REL":
        graph.add_edge(value["_src"], value["_dst"], key=value["_id"])
        graph.edges[value["_src"], value["_dst"], value["_id"]].update(_attributes(value, "type"))
    else:
        for node in value["_nodes"]:
            _add(graph, "NODE", 0, node)
        for rel in value["_rels"]:
            _add(graph, "REL", 0, rel)


def _attributes(value: Dict[str, Any], name: str) -> Dict[str, Any]:
    kind = value[f"_{name}"]
    properties = {key: item for key, item in value.items() if not key.startswith("_")}
    return {f"_{name}": kind, name: kind, **properties}
