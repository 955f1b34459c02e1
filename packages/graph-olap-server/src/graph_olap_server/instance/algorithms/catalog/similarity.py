"""Algorithms that find nodes with the same neighbours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from graph_olap_server.instance.algorithms.kernels import similarity as kernels
from graph_olap_server.instance.algorithms.model import WEIGHT, Algorithm, Cost, Parameter

__all__ = ["ALGORITHMS", "BEST", "PAIRS_COST", "SOURCES", "THRESHOLD"]

BEST = Parameter("top_k", "int", 10, "Most pairs per node.", 1, 1_000_000)
THRESHOLD = Parameter("threshold", "float", 0.0, "Smallest score; pairs with nothing in common are never listed.", 0)
SOURCES = Parameter("source_nodes", "nodes", None, "Nodes to find others for. None: all nodes.")


def _pairs_bytes(nodes: int, edges: int, parameters: Mapping[str, Any]) -> float:
    """The pairs with anything in common, of a few batches at a time, and the best of each node."""
    sources, top_k = len(parameters["source_nodes"] or range(nodes)), int(parameters["top_k"])
    products = min(5e8, 30 * edges * math.sqrt(max(edges, 1)), 20.0 * sources * nodes)
    return products + 60 * sources * min(top_k, nodes)


PAIRS_COST = Cost(lambda n, m, p: 2.8e-8 * m * max(1.0, m**0.5), 64, 60, _pairs_bytes)
_PLAIN = (
    "For every node its top_k best others are listed, so a pair can appear once from each end. Neighbours are those "
    "that edges lead to (orientation natural: products of a customer; undirected: all). Self-loops do not count."
)


def _similarity(name: str, measure: str, display: str, description: str, source: str, *, weighted: bool) -> Algorithm:
    return Algorithm(
        name=name,
        display_name=display,
        category="similarity",
        description=description,
        long_description=_PLAIN,
        kernel=getattr(kernels, measure),
        kind="pair_scores",
        value="score from 0 to 1 of each pair",
        orientations=("undirected", "natural", "reverse"),
        parameters=(BEST, THRESHOLD, SOURCES, *((WEIGHT,) if weighted else ())),
        self_loops=False,
        aliases=(measure,),
        complexity="O(sum of squared degrees)",
        backend="scipy",
        cost=PAIRS_COST,
        source=source,
    )


ALGORITHMS: tuple[Algorithm, ...] = (
    _similarity(
        "cosine_similarity",
        "cosine",
        "Cosine similarity",
        "Cosine of the angle between the rows of two nodes, with weights if wanted.",
        "G. Salton, M. J. McGill: Introduction to modern information retrieval. McGraw-Hill, 1983.",
        weighted=True,
    ),
    _similarity(
        "jaccard_similarity",
        "jaccard",
        "Jaccard similarity",
        "Number of common neighbours divided by the number of neighbours of either node.",
        "P. Jaccard: The distribution of the flora in the alpine zone. New Phytologist 11(2), 1912.",
        weighted=False,
    ),
    _similarity(
        "overlap_similarity",
        "overlap",
        "Overlap similarity",
        "Number of common neighbours divided by the smaller number of neighbours.",
        "D. Szymkiewicz: Une contribution statistique a la geographie floristique. 1934.",
        weighted=False,
    ),
)
