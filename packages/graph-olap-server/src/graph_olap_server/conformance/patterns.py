"""Matching patterns by walks, one relationship at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from graph_olap_server.conformance.elements import Element, GraphIndex, TooMuchError
from graph_olap_server.conformance.expressions import Bindings
from graph_olap_server.conformance.query import Expression, Hop, Length, NodePattern, Path

__all__ = ["Matcher"]

_Walk = tuple[tuple[Element, ...], tuple[Element, ...]]


class Matcher:
    """Finds what a pattern matches in one graph."""

    def __init__(self, index: GraphIndex, max_steps: int, evaluate: Callable[[Expression, Bindings], object]) -> None:
        self._index = index
        self._steps_left = max_steps
        self._evaluate = evaluate

    def match(self, paths: Sequence[Path], row: Bindings) -> Iterator[Bindings]:
        """Yield ``row`` with the variables of each match; relationships may be used more than once."""
        if not paths:
            yield row
            return
        for matched in self._path(paths[0], row):
            yield from self.match(paths[1:], matched)

    def _path(self, path: Path, row: Bindings) -> Iterator[Bindings]:
        first = path.nodes[0]
        for node, bound in self._start(first, row):
            for walk, matched in self._hops(path, 0, ((node,), ()), bound):
                yield matched if path.variable is None else {**matched, path.variable: walk}

    def _start(self, pattern: NodePattern, row: Bindings) -> Iterator[tuple[Element, Bindings]]:
        if pattern.variable is not None and pattern.variable in row:
            candidates = [] if row[pattern.variable] is None else [row[pattern.variable]]
        else:
            candidates = list(self._index.labelled(pattern.labels))
        for node in candidates:
            bound = self._node(pattern, node, row)
            if bound is not None:
                yield node, bound

    def _hops(self, path: Path, done: int, walk: _Walk, row: Bindings) -> Iterator[tuple[_Walk, Bindings]]:
        if done == len(path.hops):
            yield walk, row
            return
        hop, here = path.hops[done], walk[0][-1]
        for nodes, edges in self._ways(hop, here, row):
            bound = self._node(path.nodes[done + 1], nodes[-1], row)
            if bound is None:
                continue
            if hop.variable is not None:
                value = edges[0] if hop.length is None else (nodes, edges)
                if hop.variable in bound and bound[hop.variable] is not value:
                    continue
                bound = {**bound, hop.variable: value}
            extended = (walk[0] + nodes[1:], walk[1] + edges)
            yield from self._hops(path, done + 1, extended, bound)

    def _node(self, pattern: NodePattern, node: Element, row: Bindings) -> Bindings | None:
        self._step()
        if pattern.labels and node.name not in pattern.labels:
            return None
        if pattern.variable is not None:
            if pattern.variable in row and row[pattern.variable] is not node:
                return None
            row = {**row, pattern.variable: node}
        return row if self._has(node, pattern.properties, row) else None

    def _has(self, element: Element, properties: tuple[tuple[str, Expression], ...], row: Bindings) -> bool:
        for name, expression in properties:
            wanted, found = self._evaluate(expression, row), element.properties.get(name)
            if wanted is None or found is None or wanted != found:
                return False
        return True

    def _ways(self, hop: Hop, here: Element, row: Bindings) -> Iterator[_Walk]:
        if hop.length is None:
            for edge, there in self._around(hop, here, row):
                yield (here, there), (edge,)
        elif hop.length.kind in ("SHORTEST", "ALL SHORTEST"):
            yield from self._shortest(hop, hop.length, here, row)
        else:
            yield from self._walks(hop, hop.length, ((here,), ()), row)

    def _walks(self, hop: Hop, length: Length, walk: _Walk, row: Bindings) -> Iterator[_Walk]:
        nodes, edges = walk
        if length.low <= len(edges):
            yield walk
        if len(edges) == length.high:
            return
        for edge, there in self._around(hop, nodes[-1], row):
            if length.kind == "TRAIL" and edge in edges:
                continue
            # Acyclic: no node twice between the ends; the ends themselves may be among them.
            if length.kind == "ACYCLIC" and len(edges) > 1 and nodes[-1] in nodes[1:-1]:
                continue
            yield from self._walks(hop, length, ((*nodes, there), (*edges, edge)), row)

    def _shortest(self, hop: Hop, length: Length, here: Element, row: Bindings) -> Iterator[_Walk]:
        """Breadth first; the start is never an end of its own."""
        reached = {here}
        level: list[_Walk] = [((here,), ())]
        for _ in range(length.high):
            following = [
                ((*nodes, there), (*edges, edge))
                for nodes, edges in level
                for edge, there in self._around(hop, nodes[-1], row)
                if there not in reached
            ]
            if hop.length is not None and hop.length.kind == "SHORTEST":
                following = list({walk[0][-1]: walk for walk in following}.values())
            yield from following
            reached |= {walk[0][-1] for walk in following}
            level = following

    def _around(self, hop: Hop, here: Element, row: Bindings) -> Iterator[tuple[Element, Element]]:
        for edge, there in self._index.around(here, hop.types, hop.direction):
            self._step()
            if self._has(edge, hop.properties, row):
                yield edge, there

    def _step(self) -> None:
        self._steps_left -= 1
        if self._steps_left < 0:
            raise TooMuchError
