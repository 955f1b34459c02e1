"""What kernels return: one kind per shape of answer, in dense ids; ``summary`` is what belongs into the result."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Computed", "EdgeMap", "NodeList", "NodeMap", "PairScores", "Paths", "Scalar"]


class NodeMap(NamedTuple):
    """A value per node in dense order; ``values`` has two dimensions for a vector per node.

    ``valid`` marks the nodes that have a value; without it all have one.
    """

    values: NDArray[Any]
    summary: dict[str, Any]
    valid: NDArray[np.bool_] | None = None


class EdgeMap(NamedTuple):
    """A value per edge of the projection, each edge once: for an undirected one with ``source <= target``."""

    source: NDArray[Any]
    target: NDArray[Any]
    values: NDArray[Any]
    summary: dict[str, Any]


class PairScores(NamedTuple):
    """A score for pairs of nodes, which need not be neighbours, in the order in which they are listed."""

    source: NDArray[Any]
    target: NDArray[Any]
    scores: NDArray[np.float64]
    summary: dict[str, Any]


class Paths(NamedTuple):
    """Sequences of nodes one after the other.

    Path ``i`` is ``nodes[offsets[i]:offsets[i + 1]]`` and costs ``costs[i]``.
    """

    offsets: NDArray[Any]
    nodes: NDArray[Any]
    costs: NDArray[np.float64] | None
    summary: dict[str, Any]


class NodeList(NamedTuple):
    """Some nodes in an order that means something."""

    nodes: NDArray[Any]
    summary: dict[str, Any]


class Scalar(NamedTuple):
    """One number about the whole graph, ``None`` where it is not defined."""

    value: float | int | bool | None
    summary: dict[str, Any]


Computed = NodeMap | EdgeMap | PairScores | Paths | NodeList | Scalar
"""Any of them; plain functions over it live in ``algorithms/shapes.py``."""
