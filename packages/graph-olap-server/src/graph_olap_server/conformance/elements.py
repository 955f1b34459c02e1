"""Nodes and relationships of a graph as objects, with the ways from one to the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph_olap_server.conformance.graph import PropertyGraph

__all__ = ["Element", "GraphIndex", "TooMuchError"]


class TooMuchError(Exception):
    """Brute force would take too long."""


@dataclass(frozen=True, eq=False, slots=True)
class Element:
    """A node or relationship; each is equal to itself only.

    Attributes:
        name: Label or type.
        properties: All properties, for nodes with the primary key.
        ends: Start and end node of a relationship.
    """

    name: str
    properties: dict[str, Any] = field(repr=False)
    ends: tuple[Element, Element] | None = None

    @property
    def identity(self) -> Any:
        """What tells a node from others: label and key."""
        return self.name, next(iter(self.properties.values()))


class GraphIndex:
    """A graph by label and adjacency, without the rows that a snapshot leaves out."""

    def __init__(self, graph: PropertyGraph) -> None:
        self.nodes: dict[str, list[Element]] = {}
        self._out: dict[Element, list[Element]] = defaultdict(list)
        self._in: dict[Element, list[Element]] = defaultdict(list)
        by_key: dict[tuple[str, Any], Element] = {}
        for nodes in graph.nodes:
            found = [Element(nodes.label, dict(zip(nodes.columns, row, strict=True))) for row in nodes.rows]
            self.nodes[nodes.label] = found
            by_key |= {node.identity: node for node in found}
        for edges in graph.edges:
            for row in edges.rows:
                start, end = by_key.get((edges.start, row[0])), by_key.get((edges.end, row[1]))
                if start is not None and end is not None:
                    edge = Element(edges.name, dict(zip(edges.columns, row[2:], strict=True)), (start, end))
                    self._out[start].append(edge)
                    self._in[end].append(edge)

    def labelled(self, labels: Sequence[str]) -> Iterator[Element]:
        """Yield the nodes that have one of the labels; all without labels."""
        for label, nodes in self.nodes.items():
            if not labels or label in labels:
                yield from nodes

    def around(self, node: Element, types: Sequence[str], direction: str) -> Iterator[tuple[Element, Element]]:
        """Yield relationships of a node with the node at the other end; in ``-`` a self-loop counts both ways."""
        if direction != "<-":
            for edge in self._out[node]:
                if edge.ends is not None and (not types or edge.name in types):
                    yield edge, edge.ends[1]
        if direction != "->":
            for edge in self._in[node]:
                if edge.ends is not None and (not types or edge.name in types):
                    yield edge, edge.ends[0]
