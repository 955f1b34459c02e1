"""Every native algorithm, described once, one module per family."""

from __future__ import annotations

from graph_olap_server.instance.algorithms.catalog import (
    centrality,
    clustering,
    community,
    link_prediction,
    other,
    pathfinding,
    similarity,
    traversal,
)
from graph_olap_server.instance.algorithms.model import Algorithm

__all__ = ["ALGORITHMS"]

_FAMILIES = (centrality, clustering, community, link_prediction, other, pathfinding, similarity, traversal)

ALGORITHMS: tuple[Algorithm, ...] = tuple(
    sorted((entry for family in _FAMILIES for entry in family.ALGORITHMS), key=lambda entry: entry.name)
)
"""All native algorithms, by name."""
