"""Algorithms that score pairs of nodes by how likely an edge between them is."""

from __future__ import annotations

from graph_olap_server.instance.algorithms.catalog.similarity import BEST, PAIRS_COST, SOURCES, THRESHOLD
from graph_olap_server.instance.algorithms.kernels import similarity as kernels
from graph_olap_server.instance.algorithms.model import Algorithm, Cost, Parameter

__all__ = ["ALGORITHMS"]

_INCLUDE = Parameter("include_neighbors", "boolean", False, "Also score pairs that have an edge already.")
_PLAIN = (
    "For every node its top_k best others are listed. Direction, parallel edges and self-loops do not count, and pairs "
    "that have an edge already are left out unless asked for."
)


def _common(name: str, display: str, description: str, source: str) -> Algorithm:
    return Algorithm(
        name=name,
        display_name=display,
        category="link_prediction",
        description=description,
        long_description=f"{_PLAIN} Only pairs with a common neighbour have a score.",
        kernel=getattr(kernels, name),
        kind="pair_scores",
        value="score of each pair",
        parameters=(BEST, THRESHOLD, SOURCES, _INCLUDE),
        self_loops=False,
        complexity="O(sum of squared degrees)",
        backend="scipy",
        cost=PAIRS_COST,
        source=source,
    )


_LIBEN = "D. Liben-Nowell, J. Kleinberg: The link-prediction problem for social networks. JASIST 58(7), 2007."

ALGORITHMS: tuple[Algorithm, ...] = (
    _common(
        "adamic_adar",
        "Adamic-Adar index",
        "Sum over common neighbours of the inverse logarithm of their degree.",
        "L. A. Adamic, E. Adar: Friends and neighbors on the web. Social Networks 25(3), 2003.",
    ),
    _common("common_neighbors", "Common neighbours", "Number of common neighbours.", _LIBEN),
    Algorithm(
        name="preferential_attachment",
        display_name="Preferential attachment",
        category="link_prediction",
        description="Product of the degrees of two nodes.",
        long_description=_PLAIN,
        kernel=kernels.preferential_attachment,
        kind="pair_scores",
        value="score of each pair",
        parameters=(BEST, SOURCES, _INCLUDE),
        self_loops=False,
        complexity="O(m + n * top_k)",
        backend="numpy",
        cost=Cost(lambda n, m, p: 3e-5 * n + 5e-8 * m, 64, 24, lambda n, m, p: 90 * n * p["top_k"]),
        source=_LIBEN,
    ),
    _common(
        "resource_allocation",
        "Resource allocation index",
        "Sum over common neighbours of the inverse of their degree.",
        "T. Zhou, L. Lue, Y.-C. Zhang: Predicting missing links via local information. European Physical Journal B 71, "
        "2009.",
    ),
)
