"""Every native algorithm, described once, one module per family."""

from __future__ import annotations

from graph_olap_server.instance.algorithms.catalog import centrality, clustering, community
from graph_olap_server.instance.algorithms.model import Algorithm

__all__ = ["ALGORITHMS"]

ALGORITHMS: tuple[Algorithm, ...] = tuple(
    sorted((*centrality.ALGORITHMS, *clustering.ALGORITHMS, *community.ALGORITHMS), key=lambda entry: entry.name)
)
"""All native algorithms, by name."""
