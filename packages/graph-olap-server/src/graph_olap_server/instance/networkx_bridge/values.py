"""What crosses the border between server and worker; free of NetworkX, so that the server never imports it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["JSON_TEXT", "PREFIX", "Classified", "Column", "EdgeValues", "Handle", "NodeValues"]

JSON_TEXT = "JSON"
"""Stands for a STRING property holding JSON text, which the server writes once it has named the nodes in it."""

PREFIX = "label:"
"""How the arrays are called in which edges have places in a list of values."""


class Handle:
    """A node of the graph as the library sees it: hashable and ordered, and nothing else."""

    __slots__ = ("dense",)

    def __init__(self, dense: int) -> None:
        self.dense = dense

    def __hash__(self) -> int:
        # An address as hash would put sets in another order each time, and many results depend on the order of sets.
        return self.dense

    def __eq__(self, other: object) -> bool:
        return self is other

    def __lt__(self, other: Handle) -> bool:
        return self.dense < other.dense

    def __repr__(self) -> str:
        return f"<node {self.dense}>"  # as texts of errors name it, for the server to replace

    def __copy__(self) -> Handle:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Handle:
        # Nodes are compared by identity, and the library copies what holds them.
        return self


@dataclass(slots=True)
class NodeValues:
    """One value per node: dense ids ascending, the property type, the values; ``suffix`` for parts of a tuple.

    Both are lists or arrays.
    """

    dense: Any
    type_name: str
    values: Any
    suffix: str = ""


@dataclass(slots=True)
class EdgeValues:
    """One value per pair of nodes: dense ids of both ends, the property type, the values."""

    source: list[int]
    target: list[int]
    type_name: str
    values: list[Any]


@dataclass(slots=True)
class Column:
    """A column of a table: values of a property type, or dense ids of type ``NODE``, by ``offsets`` cut into lists."""

    name: str
    type_name: str
    values: Any
    offsets: Any = None


@dataclass(slots=True)
class Classified:
    """``result`` is JSON-ready but for nodes, which are :class:`Handle` until the server names them."""

    result: dict[str, Any]
    nodes: list[NodeValues] = field(default_factory=list)
    warning: str | None = None
    edges: EdgeValues | None = None
    columns: list[Column] = field(default_factory=list)
