"""Algorithms that find groups of nodes."""

from __future__ import annotations

from graph_olap_server.instance.algorithms.kernels import community, components
from graph_olap_server.instance.algorithms.model import SEED, WEIGHT, Algorithm, Cost, Parameter

__all__ = ["ALGORITHMS"]

_NO_EFFECT = Parameter("max_iterations", "int", 100, "Accepted for compatibility; the result is always exact.", low=1)
_TARJAN = "R. Tarjan: Depth-first search and linear graph algorithms. SIAM Journal on Computing 1(2), 1972."
_COMPONENT_IDS = "Ids are dense from 0, larger components first, of equal ones the one with the smallest node first."

ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        name="label_propagation",
        display_name="Label propagation",
        category="community",
        description="Communities in which each node shares the most frequent label of its neighbours.",
        long_description=(
            "All nodes change at once; of equally frequent labels the smallest wins. Without convergence (labels can "
            "swing on bipartite parts) it stops after max_iterations and says so."
        ),
        kernel=community.label_propagation,
        property_type="INT64",
        value="community id",
        aliases=("lpa", "cdlp"),
        parameters=(
            Parameter("max_iterations", "int", 100, "Most rounds.", 1, 10_000),
            Parameter("seed", "int", 0, "Accepted for compatibility; ties never depend on chance.", 0, 2**31 - 1),
        ),
        complexity="O(iterations * m log m)",
        backend="numpy",
        cost=Cost(lambda n, m, p: 4e-7 * (n + m) * min(p["max_iterations"], 10), 40, 48),
        source=(
            "U. N. Raghavan, R. Albert, S. Kumara: Near linear time algorithm to detect community structures in "
            "large-scale networks. Physical Review E 76, 036106, 2007."
        ),
    ),
    Algorithm(
        name="louvain",
        display_name="Louvain communities",
        category="community",
        description="Communities of high modularity, found by moving nodes and merging communities in phases.",
        long_description="Direction does not count. The same graph, parameters and seed always give the same result.",
        kernel=community.louvain,
        property_type="INT64",
        value="community id",
        parameters=(
            Parameter("resolution", "float", 1.0, "Larger values give smaller communities.", 0, open_low=True),
            Parameter("max_phases", "int", 20, "Most phases.", 1, 1000),
            Parameter("max_iterations", "int", 20, "Most passes over the nodes in a phase.", 1, 1000),
            WEIGHT,
            SEED,
        ),
        complexity="O(m) per pass, few passes",
        backend="icebug",
        cost=Cost(lambda n, m, p: 8e-7 * (n + m), 48, 40),
        source=(
            "V. D. Blondel, J.-L. Guillaume, R. Lambiotte, E. Lefebvre: Fast unfolding of communities in large "
            "networks. Journal of Statistical Mechanics P10008, 2008."
        ),
    ),
    Algorithm(
        name="scc",
        display_name="Strongly connected components",
        category="community",
        description="Groups of nodes that reach each other along the direction of the edges.",
        long_description=_COMPONENT_IDS,
        kernel=components.scc,
        property_type="INT64",
        value="component id",
        orientations=("natural",),
        aliases=("strongly_connected_components",),
        parameters=(_NO_EFFECT,),
        ignored=frozenset({"max_iterations"}),
        complexity="O(n + m)",
        backend="scipy",
        cost=Cost(lambda n, m, p: 6e-8 * (n + m), 32, 12),
        source=_TARJAN,
    ),
    Algorithm(
        name="scc_kosaraju",
        display_name="Strongly connected components (Kosaraju)",
        category="community",
        description="Groups of nodes that reach each other along the direction of the edges; the same groups as scc.",
        long_description=f"Another name for scc: one routine computes both. {_COMPONENT_IDS}",
        kernel=components.scc,
        property_type="INT64",
        value="component id",
        orientations=("natural",),
        complexity="O(n + m)",
        backend="scipy",
        cost=Cost(lambda n, m, p: 6e-8 * (n + m), 32, 12),
        source=_TARJAN,
    ),
    Algorithm(
        name="wcc",
        display_name="Weakly connected components",
        category="community",
        description="Groups of nodes that are connected when direction does not count.",
        long_description=_COMPONENT_IDS,
        kernel=components.wcc,
        property_type="INT64",
        value="component id",
        aliases=("connected_components", "weakly_connected_components"),
        parameters=(_NO_EFFECT,),
        ignored=frozenset({"max_iterations"}),
        complexity="O(n + m)",
        backend="icebug",
        cost=Cost(lambda n, m, p: 2e-8 * (n + m), 24, 16),
        source="J. Hopcroft, R. Tarjan: Algorithm 447, efficient algorithms for graph manipulation. CACM 16(6), 1973.",
    ),
)
