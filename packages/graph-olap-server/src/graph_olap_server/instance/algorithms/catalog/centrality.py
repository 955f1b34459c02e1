"""Algorithms that say how important a node is."""

from __future__ import annotations

from graph_olap_server.instance.algorithms.kernels import centrality
from graph_olap_server.instance.algorithms.model import WEIGHT, Algorithm, Cost, Parameter

__all__ = ["ALGORITHMS"]

ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        name="pagerank",
        display_name="PageRank",
        category="centrality",
        description="Importance of a node by the importance of the nodes that link to it; scores sum to 1.",
        long_description=(
            "Power iteration until one round changes all scores together by no more than tolerance. That is stricter "
            "than NetworkX, which multiplies its tol by the number of nodes and so stops after one round on a graph "
            "of a million nodes; with tol divided by that number both give the same scores. Nodes without outgoing "
            "edges spread their score over all nodes."
        ),
        kernel=centrality.pagerank,
        property_type="DOUBLE",
        value="score",
        orientations=("natural", "reverse", "undirected"),
        aliases=("page_rank",),
        parameters=(
            Parameter(
                "damping_factor",
                "float",
                0.85,
                "Probability of following an edge.",
                0,
                1,
                open_low=True,
                open_high=True,
            ),
            Parameter("max_iterations", "int", 100, "Most iterations.", 1, 10_000),
            Parameter("tolerance", "float", 1e-6, "Sum of changes in one round at which to stop.", 0, open_low=True),
            WEIGHT,
        ),
        complexity="O(iterations * (n + m))",
        backend="icebug",
        cost=Cost(lambda n, m, p: 3e-8 * (n + m) * 3, 32, 40),
        source="L. Page, S. Brin, R. Motwani, T. Winograd: The PageRank citation ranking. Stanford InfoLab, 1999.",
    ),
)
