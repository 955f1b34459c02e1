"""Algorithms that say how important a node is."""

from __future__ import annotations

from graph_olap_server.instance.algorithms.kernels import betweenness, centrality, closeness, spectral
from graph_olap_server.instance.algorithms.model import SEED, WEIGHT, Algorithm, Cost, Parameter

__all__ = ["ALGORITHMS"]

_DISTANCE = Parameter(
    "weight_property",
    "string",
    None,
    "Numeric edge property used as distance; the shortest of parallel edges counts. None: every edge is 1 long.",
)
_SAMPLES = Parameter(
    "samples", "int", None, "Number of random nodes to search from, for an estimate. None: all, exact.", 1, 2**31 - 1
)
_BRANDES = "U. Brandes: On variants of shortest-path betweenness centrality. Social Networks 30(2), 2008."
_BOLDI = "P. Boldi, S. Vigna: Axioms for centrality. Internet Mathematics 10(3-4), 2014."
_MSBFS = "M. Then et al.: The more the merrier: efficient multi-source graph traversal. PVLDB 8(4), 2014."


def _iterations(default: int) -> Parameter:
    return Parameter(
        "max_iterations", "int", default, "Most iterations; no convergence by then is an error.", 1, 100_000
    )


def _searches(n: int, samples: int | None) -> int:
    return n if samples is None else min(n, samples)


ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        name="betweenness",
        display_name="Betweenness centrality",
        category="centrality",
        description="Share of the shortest paths between other nodes that pass through a node.",
        long_description=(
            "Normalised by the number of ordered pairs of other nodes, (n - 1)(n - 2), so values lie between 0 and 1 "
            "for directed and undirected graphs alike. With samples, searches start at that many random nodes and the "
            "values are scaled up. Distances must be above 0."
        ),
        kernel=betweenness.betweenness,
        property_type="DOUBLE",
        value="share of shortest paths",
        orientations=("natural", "reverse", "undirected"),
        aliases=("betweenness_centrality",),
        parameters=(_SAMPLES, _DISTANCE, SEED),
        parallel="min",
        complexity="O(samples * m), O(samples * (m + n log n)) with distances",
        backend="scipy",
        cost=Cost(lambda n, m, p: 4e-9 * (n + m) * _searches(n, p["samples"]), 200, 90),
        source=_BRANDES,
    ),
    Algorithm(
        name="closeness",
        display_name="Closeness centrality",
        category="centrality",
        description="How near a node is to the nodes that reach it: the inverse of their mean distance.",
        long_description=(
            "Multiplied by the share of nodes that reach the node (Wasserman and Faust), as NetworkX does. In a "
            "directed graph distances are those towards the node; use the orientation reverse for distances from it. "
            "With samples, distances from that many random nodes estimate the mean."
        ),
        kernel=closeness.closeness,
        property_type="DOUBLE",
        value="score from 0 to 1",
        orientations=("natural", "reverse", "undirected"),
        aliases=("closeness_centrality",),
        parameters=(_SAMPLES, _DISTANCE, SEED),
        parallel="min",
        complexity="O(samples * m), O(samples * (m + n log n)) with distances",
        backend="numpy",
        cost=Cost(lambda n, m, p: 1e-9 * (n + m) * _searches(n, p["samples"]), 250, 90),
        source=f"S. Wasserman, K. Faust: Social network analysis. Cambridge University Press, 1994. {_MSBFS}",
    ),
    Algorithm(
        name="degree",
        display_name="Degree",
        category="centrality",
        description="Number of edges at a node, or the sum of their weights.",
        long_description=(
            "Parallel edges count once without weights; a self-loop is both an outgoing and an incoming edge."
        ),
        kernel=centrality.degree,
        property_type="DOUBLE",
        value="degree",
        orientations=("natural",),
        aliases=("degree_centrality",),
        parameters=(
            Parameter(
                "direction", "string", "both", "Which edges count: in, out, or both.", choices=("in", "out", "both")
            ),
            WEIGHT,
        ),
        complexity="O(n + m)",
        backend="numpy",
        cost=Cost(lambda n, m, p: 6e-9 * (n + m), 64, 16),
        source="L. C. Freeman: Centrality in social networks, conceptual clarification. Social Networks 1(3), 1978.",
    ),
    Algorithm(
        name="edge_betweenness",
        display_name="Edge betweenness centrality",
        category="centrality",
        description="Share of the shortest paths between all pairs of nodes that use an edge.",
        long_description=(
            "Normalised by the number of pairs of nodes. With samples, searches start at that many random nodes and "
            "the values are scaled up. Direction does not count."
        ),
        kernel=betweenness.edge_betweenness,
        kind="edge_map",
        property_type="DOUBLE",
        value="share of shortest paths",
        aliases=("edge_betweenness_centrality",),
        parameters=(_SAMPLES, SEED),
        complexity="O(samples * m)",
        backend="scipy",
        cost=Cost(
            *(lambda n, m, p: 1e-8 * (n + m) * _searches(n, p["samples"]), 200, 90),
            more_bytes=lambda n, m, p: 90.0 * min(16 * n, 1 << 20),
        ),
        source=_BRANDES,
    ),
    Algorithm(
        name="eigenvector",
        display_name="Eigenvector centrality",
        category="centrality",
        description="Importance of a node by the importance of its neighbours: the leading eigenvector, of length 1.",
        long_description=(
            "In a directed graph a node gets its score from the nodes that link to it. Power iteration with the "
            "identity added to the matrix, as in NetworkX, until one iteration moves the vector by no more than "
            "tolerance."
        ),
        kernel=spectral.eigenvector,
        property_type="DOUBLE",
        value="score",
        orientations=("natural", "reverse", "undirected"),
        aliases=("eigenvector_centrality",),
        parameters=(
            _iterations(1000),
            Parameter("tolerance", "float", 1e-6, "Length of the change at which to stop.", 0, open_low=True),
            WEIGHT,
        ),
        complexity="O(iterations * (n + m))",
        backend="scipy",
        cost=Cost(lambda n, m, p: 2e-9 * (n + m) * 60, 64, 34),
        source="P. Bonacich: Power and centrality, a family of measures. American Journal of Sociology 92(5), 1987.",
    ),
    Algorithm(
        name="harmonic",
        display_name="Harmonic centrality",
        category="centrality",
        description="How near a node is to all others: the mean of the inverse distances from them.",
        long_description=(
            "Nodes that do not reach it count 0, so parts of a disconnected graph can be compared. In a directed graph "
            "distances are those towards the node; use the orientation reverse for distances from it."
        ),
        kernel=closeness.harmonic,
        property_type="DOUBLE",
        value="score",
        orientations=("natural", "reverse", "undirected"),
        aliases=("harmonic_centrality", "harmonic_closeness"),
        parameters=(
            Parameter("normalized", "boolean", True, "Divide by n - 1; NetworkX does not."),
            _SAMPLES,
            _DISTANCE,
            SEED,
        ),
        parallel="min",
        complexity="O(samples * m), O(samples * (m + n log n)) with distances",
        backend="numpy",
        cost=Cost(lambda n, m, p: 1e-9 * (n + m) * _searches(n, p["samples"]), 250, 90),
        source=f"{_BOLDI} {_MSBFS}",
    ),
    Algorithm(
        name="hits",
        display_name="HITS (hubs and authorities)",
        category="centrality",
        description="Good hubs link to good authorities, and good authorities are linked from good hubs.",
        long_description=(
            "One run yields the score asked for; run it twice for both. Scores of each kind sum to 1. Without edges "
            "all are 0."
        ),
        kernel=spectral.hits,
        property_type="DOUBLE",
        value="score",
        orientations=("natural", "reverse", "undirected"),
        parameters=(
            Parameter(
                "score", "string", "authority", "Which of the two scores to return.", choices=("authority", "hub")
            ),
            _iterations(1000),
            Parameter(
                "tolerance", "float", 1e-8, "Sum of changes in one iteration at which to stop.", 0, open_low=True
            ),
            WEIGHT,
        ),
        complexity="O(iterations * (n + m))",
        backend="scipy",
        cost=Cost(lambda n, m, p: 2e-9 * (n + m) * 60, 64, 34),
        source="J. Kleinberg: Authoritative sources in a hyperlinked environment. Journal of the ACM 46(5), 1999.",
    ),
    Algorithm(
        name="katz",
        display_name="Katz centrality",
        category="centrality",
        description="Number of walks that end at a node, longer ones counting less.",
        long_description=(
            "Each node has beta plus alpha times the scores of the nodes that link to it. alpha must be smaller than "
            "the inverse of the largest eigenvalue; without it, 0.9 divided by an upper bound of that eigenvalue (the "
            "smaller of the largest sums of outgoing and incoming weights) is used and reported."
        ),
        kernel=spectral.katz,
        property_type="DOUBLE",
        value="score",
        orientations=("natural", "reverse", "undirected"),
        aliases=("katz_centrality",),
        parameters=(
            Parameter("alpha", "float", None, "Factor per step. None: one that converges.", 0, open_low=True),
            Parameter("beta", "float", 1.0, "Score that every node has by itself.", 0, open_low=True),
            Parameter("normalized", "boolean", True, "Scale the vector of scores to length 1."),
            _iterations(1000),
            Parameter("tolerance", "float", 1e-9, "Relative change at which to stop.", 0, open_low=True),
            WEIGHT,
        ),
        complexity="O(iterations * (n + m))",
        backend="scipy",
        cost=Cost(lambda n, m, p: 2e-9 * (n + m) * 60, 64, 34),
        source="L. Katz: A new status index derived from sociometric analysis. Psychometrika 18(1), 1953.",
    ),
    Algorithm(
        name="pagerank",
        display_name="PageRank",
        category="centrality",
        description="Importance of a node by the importance of the nodes that link to it; scores sum to 1.",
        long_description=(
            "Power iteration until one round changes all scores together by no more than tolerance. That is stricter "
            "than NetworkX, which multiplies its tol by the number of nodes and so stops after one round on a graph "
            "of a million nodes; with tol divided by that number both give the same scores. Nodes without outgoing "
            "edges spread their score over all nodes. With source_nodes it is personalised: the walk restarts at "
            "these nodes, and nodes without outgoing edges send their score back to them."
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
            Parameter("source_nodes", "nodes", None, "Nodes at which to start and restart. None: all nodes."),
            WEIGHT,
        ),
        complexity="O(iterations * (n + m))",
        backend="icebug",
        cost=Cost(lambda n, m, p: 3e-8 * (n + m) * 3, 64, 54),
        source="L. Page, S. Brin, R. Motwani, T. Winograd: The PageRank citation ranking. Stanford InfoLab, 1999.",
    ),
)
