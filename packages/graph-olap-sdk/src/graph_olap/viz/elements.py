"""What a picture shows of a result: its nodes and relationships, the first ones when there are too many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Tuple

__all__ = ["MOST_NODES", "RELATIONSHIPS_PER_NODE", "Elements", "collect"]

MOST_NODES = 5_000
"""More nodes than this are never drawn: the page would take half a minute to lay them out."""

RELATIONSHIPS_PER_NODE = 4
"""Relationships drawn at most, as a multiple of the limit of nodes."""


@dataclass(frozen=True)
class Elements:
    """The drawn part of a graph, and how large the whole is.

    Attributes:
        nodes: Id → node. A node that is only the end of a relationship has no ``_label``.
        relationships: The drawn relationships; both ends are in ``nodes``.
        total_nodes: Nodes in the result.
        total_relationships: Relationships in the result.
    """

    nodes: Dict[int, Mapping[str, Any]]
    relationships: List[Mapping[str, Any]]
    total_nodes: int
    total_relationships: int

    def summary(self) -> str:
        """Say what is shown, what was left out and how to see it."""
        nodes = _count(len(self.nodes), self.total_nodes, "node")
        relationships = _count(len(self.relationships), self.total_relationships, "relationship")
        text = f"{nodes}, {relationships}"
        if len(self.nodes) < self.total_nodes:
            return f"{text}. Left out: what comes later in the result; a narrower query or show(limit=…) shows it."
        if len(self.relationships) < self.total_relationships:
            return f"{text}. Left out: relationships that come later in the result; show(limit=…) shows more."
        return text


def collect(entities: Iterable[Tuple[str, Mapping[str, Any]]], limit: int) -> Elements:
    """Collect nodes and relationships in the order of the result, each once.

    Args:
        entities: Pairs of ``"NODE"`` or ``"REL"`` and the value.
        limit: Most nodes to keep, 1 to 5,000. Of relationships at most four times as many stay, those between
            kept nodes.

    Raises:
        ValueError: The limit is out of range.
    """
    if not 1 <= limit <= MOST_NODES:
        raise ValueError(f"limit must be between 1 and {MOST_NODES:,} nodes for a picture, not {limit!r}.")
    nodes: Dict[int, Mapping[str, Any]] = {}
    relationships: Dict[int, Mapping[str, Any]] = {}
    for kind, value in entities:
        if kind == "NODE":
            nodes[value["_id"]] = value
        else:
            relationships.setdefault(value["_id"], value)
            for end in (value["_src"], value["_dst"]):
                nodes.setdefault(end, {"_id": end})
    kept = dict(list(nodes.items())[:limit])
    inside = [rel for rel in relationships.values() if rel["_src"] in kept and rel["_dst"] in kept]
    return Elements(kept, inside[: limit * RELATIONSHIPS_PER_NODE], len(nodes), len(relationships))


def _count(shown: int, total: int, noun: str) -> str:
    name = noun if total == 1 else f"{noun}s"
    return f"{total:,} {name}" if shown == total else f"{shown:,} of {total:,} {name}"
