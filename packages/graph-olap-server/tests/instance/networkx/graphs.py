"""Small graphs for calls of NetworkX functions: relationships as an instance has them, and the graph it hands over."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import networkx as nx
import numpy as np
from graph_olap_server.instance.networkx_bridge.properties import NodeAttribute
from graph_olap_server.instance.projection import build_csr


class Letter:
    """A node, the same object for the same name; sets of them have the same order in every process."""

    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return ord(self.name) - ord("a")

    def __eq__(self, other):
        return self is other

    def __lt__(self, other):
        return self.name < other.name

    def __repr__(self):
        return f"<node {ord(self.name) - ord('a')}>"

    def __deepcopy__(self, memo):
        return self


letter = functools.cache(Letter)


@dataclass(frozen=True)
class Sample:
    """Relationships ``(source, target, weight, capacity)`` with whole numbers; nodes are named by a letter."""

    nodes: str
    edges: tuple[tuple[str, str, int, int], ...]
    attributes: dict[str, dict[str, object]] = field(default_factory=dict)

    def arrays(self, numbers):
        """The arrays a projection makes of it, with the named numbers of the relationships."""
        source = np.array([self.nodes.index(edge[0]) for edge in self.edges])
        target = np.array([self.nodes.index(edge[1]) for edge in self.edges])
        found = build_csr(len(self.nodes), source, target, directed=True)
        for name in numbers:
            column = np.array([edge[_PLACES[name]] for edge in self.edges], float)
            built = build_csr(len(self.nodes), source, target, column, directed=True, parallel="sum")
            found["weights" if name == "weight" else name] = built["weights"]
        return found

    def graph(self, numbers, *, directed):
        """The graph that the documentation promises: parallel edges merged, their numbers added up."""
        graph = nx.DiGraph() if directed else nx.Graph()
        for node in self.nodes:
            own = {name: values[node] for name, values in self.attributes.items() if node in values}
            graph.add_node(letter(node), **own)
        merged = {}
        for edge in self.edges:
            ends = edge[:2] if directed else tuple(sorted(edge[:2]))
            for name in numbers:
                merged.setdefault(ends, {}).setdefault(name, 0)
                merged[ends][name] += edge[_PLACES[name]]
            merged.setdefault(ends, {})
        for (source, target), sums in sorted(merged.items()):
            graph.add_edge(letter(source), letter(target), **sums)
        return graph

    def node_attributes(self):
        """The attributes as the bridge sends them."""
        return {
            name: NodeAttribute([self.nodes.index(node) for node in values], list(values.values()))
            for name, values in self.attributes.items()
        }


_PLACES = {"weight": 2, "capacity": 3}


def _edges(text: str) -> tuple[tuple[str, str, int, int], ...]:
    """Edges from pairs of letters, with weights that make shortest paths, trees and matchings unique."""
    return tuple((pair[0], pair[1], 3 + (7 * i) % 31, 2 + (5 * i) % 7) for i, pair in enumerate(text.split()))


def _sample(nodes: str, edges: str, **attributes: object) -> Sample:
    columns = {name: dict(zip(nodes, values, strict=True)) for name, values in attributes.items()}
    return Sample(nodes, _edges(edges), columns)


GRAPHS = {
    # Strongly connected, with parallel edges in both directions and self-loops; node h only reaches the others.
    "multi": _sample(
        "abcdefgh",
        "ab ab bc cd da ac ae ef fa ef fe eb dd gc cg ga hh ha",
        segment=["x", "y", "x", "y", "x", "x", "y", "y"],
        size=[1, 2, 3, 4, 5, 6, 7, 8],
    ),
    # Strongly connected, no self-loops, 2-connected, not bipartite, planar.
    "simple": _sample(
        "abcdefg",
        "ab ab bc cd da ac ae ef fa fe eb gc cg ga df",
        segment=["x", "y", "x", "y", "x", "x", "y"],
        size=[1, 2, 3, 4, 5, 6, 7],
        share=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
        community=[0, 0, 0, 1, 1, 1, 0],
    ),
    "labelled": Sample(
        "abcdefg", _edges("ab ab bc cd da ac ae ef fa fe eb gc cg ga df"), {"label": {"a": "red", "d": "blue"}}
    ),
    "dag": _sample("abcdefg", "ab ab ac bd cd be de df eg fg ag"),
    "tree": _sample("abcdefg", "ab ac bd be cf fg", size=[1, 1, 1, 1, 1, 1, 1]),
    "path": _sample("abcde", "ab bc cd de"),
    "bipartite": _sample("abcdefgh", "ae af bf bg cg ch dh de ag ag", size=[1, 2, 3, 4, 5, 6, 7, 8]),
    "cycle": _sample("abcde", "ab bc cd de ea"),
    "complete": _sample("abcde", "ab ac ad ae bc bd be cd ce de"),
    "both_ways": _sample("abcde", "ab ba ac ca ad da ae ea bc cb bd db be eb cd dc ce ec de ed"),
    "tournament": _sample("abcde", "ab bc ca ad bd dc ea eb ce de"),
    "two_ways": _sample("abcd", "ab ba ac ca ad da bc cb bd db cd dc"),
    "triad": _sample("abc", "ab bc ac"),
    "chordal": _sample("abcde", "ab bc ca cd bd de"),
    "negative": Sample("abc", (("a", "b", 1, 1), ("b", "c", -4, 1), ("c", "a", 1, 1))),
    "flow": _sample("abcd", "ab ac bd cd bc", demand=[-3, 0, 1, 2]),
    "dated": _sample("abcdef", "ba ca da eb ec fd", time=[3, 2, 1, 5, 6, 7]),
    "star": _sample("abcdef", "ab ac ad ae af"),
    "spider": _sample("abcdefg", "ab bc ad de af fg"),
    "apart": _sample("abcde", "ab ab bc"),
    "threshold": _sample("abcd", "ab ac bc ad"),
    "cliques": _sample("abcdef", "ab ac bc cd de df ef"),
}
