"""Algorithms that find groups of nodes."""

from __future__ import annotations

from graph_olap_server.instance.algorithms.kernels import biconnected, community, components, leiden, partitions
from graph_olap_server.instance.algorithms.model import SEED, WEIGHT, Algorithm, Cost, Parameter

__all__ = ["ALGORITHMS"]

_NO_EFFECT = Parameter("max_iterations", "int", 100, "Accepted for compatibility; the result is always exact.", low=1)
_TARJAN = "R. Tarjan: Depth-first search and linear graph algorithms. SIAM Journal on Computing 1(2), 1972."
_HOPCROFT = "J. Hopcroft, R. Tarjan: Algorithm 447, efficient algorithms for graph manipulation. CACM 16(6), 1973."
_ONCE = "Direction, parallel edges and self-loops do not count."
_BLOCKS = Cost(lambda n, m, p: 1e-7 * (n + m), 120, 60)
_RESOLUTION = Parameter("resolution", "float", 1.0, "Larger values give smaller communities.", 0, open_low=True)
_PARTITION = Parameter(
    "community_property", "node_group", None, "Node property of any type that names the communities.", required=True
)
_COMPONENT_IDS = "Ids are dense from 0, larger components first, of equal ones the one with the smallest node first."

ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        name="articulation_points",
        display_name="Articulation points",
        category="community",
        description="Nodes without which their component would fall apart.",
        long_description=_ONCE,
        kernel=biconnected.articulation_points,
        property_type="BOOLEAN",
        value="whether it is an articulation point",
        self_loops=False,
        aliases=("cut_vertices",),
        complexity="O(n + m)",
        backend="icebug",
        cost=_BLOCKS,
        source=_HOPCROFT,
    ),
    Algorithm(
        name="biconnected_components",
        display_name="Biconnected components",
        category="community",
        description="Groups of edges, any two of which lie on a common cycle.",
        long_description=(
            "A node can belong to several groups, an edge to one only, so edges carry the id. Ids are dense from 0, "
            f"groups with more edges first, of equal ones the one with the first edge first. {_ONCE}"
        ),
        kernel=biconnected.biconnected_components,
        kind="edge_map",
        property_type="INT64",
        value="component id",
        self_loops=False,
        complexity="O(n + m)",
        backend="icebug",
        cost=_BLOCKS,
        source=_HOPCROFT,
    ),
    Algorithm(
        name="bridges",
        display_name="Bridges",
        category="community",
        description="Edges without which their component would fall apart.",
        long_description=(
            "Only bridges are listed, each as true; other relationships get no value. Parallel relationships count "
            "once, so two nodes joined by several of them and nothing else have a bridge between them. Direction and "
            "self-loops do not count."
        ),
        kernel=biconnected.bridges,
        kind="edge_map",
        property_type="BOOLEAN",
        value="true for a bridge",
        self_loops=False,
        complexity="O(n + m)",
        backend="icebug",
        cost=_BLOCKS,
        source=_HOPCROFT,
    ),
    Algorithm(
        name="conductance",
        display_name="Conductance of communities",
        category="community",
        description="Share of a community's edge ends that leave it; small values are well separated communities.",
        long_description=(
            "The community of each node is given by a property. Weight of the edges that leave the community, divided "
            "by the smaller volume of community and rest. Every node gets the value of its community; none where "
            "either has no edges. The summary has the average and the largest. Direction does not count."
        ),
        kernel=partitions.partition_conductance,
        property_type="DOUBLE",
        value="conductance of the node's community",
        parameters=(_PARTITION, WEIGHT),
        complexity="O(n log n + m)",
        backend="numpy",
        cost=Cost(lambda n, m, p: 2e-8 * (n + m), 100, 44),
        source="J. Shi, J. Malik: Normalized cuts and image segmentation. IEEE TPAMI 22(8), 2000.",
    ),
    Algorithm(
        name="label_propagation",
        display_name="Label propagation",
        category="community",
        description="Communities in which each node shares the most frequent label of its neighbours.",
        long_description=(
            "Nodes take turns in random order until each has a most frequent label. A label that is among the most "
            "frequent is kept, else the smallest of them is taken. A small graph is tried in up to 8 orders, and the "
            "communities of highest modularity are returned. Direction, parallel edges and weights do not count. The "
            "same graph and seed always give the same result."
        ),
        kernel=community.label_propagation,
        property_type="INT64",
        value="community id",
        aliases=("lpa", "cdlp"),
        parameters=(
            Parameter("max_iterations", "int", 100, "Most rounds.", 1, 10_000),
            SEED,
        ),
        complexity="O(iterations * m)",
        backend="scipy",
        cost=Cost(lambda n, m, p: 1e-8 * (n + max(m, 2e6)) * min(p["max_iterations"], 10), 60, 24),
        source=(
            "U. N. Raghavan, R. Albert, S. Kumara: Near linear time algorithm to detect community structures in "
            "large-scale networks. Physical Review E 76, 036106, 2007."
        ),
    ),
    Algorithm(
        name="leiden",
        display_name="Leiden communities",
        category="community",
        description="Communities of high modularity that are connected inside.",
        long_description=(
            "Like Louvain, but communities are refined before they are merged into nodes, and each one is connected. "
            "Every phase starts its moves from single nodes; at the end nodes move once more from where they are. The "
            "partition of highest modularity that was met is returned. Direction does not count. The same graph, "
            "parameters and seed always give the same result."
        ),
        kernel=leiden.leiden,
        property_type="INT64",
        value="community id",
        parameters=(
            _RESOLUTION,
            Parameter("max_phases", "int", 20, "Most phases.", 1, 1000),
            Parameter("max_iterations", "int", 20, "Most passes over the nodes in a phase.", 1, 1000),
            WEIGHT,
            SEED,
        ),
        complexity="O(m) per pass, few passes",
        backend="icebug",
        cost=Cost(lambda n, m, p: 2e-6 * (n + m), 64, 90),
        source=(
            "V. A. Traag, L. Waltman, N. J. van Eck: From Louvain to Leiden: guaranteeing well-connected communities. "
            "Scientific Reports 9, 5233, 2019."
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
            _RESOLUTION,
            Parameter("max_phases", "int", 20, "Most phases.", 1, 1000),
            Parameter("max_iterations", "int", 20, "Most passes over the nodes in a phase.", 1, 1000),
            WEIGHT,
            SEED,
        ),
        complexity="O(m) per pass, few passes",
        backend="icebug",
        cost=Cost(lambda n, m, p: 8e-7 * (n + m), 64, 72),
        source=(
            "V. D. Blondel, J.-L. Guillaume, R. Lambiotte, E. Lefebvre: Fast unfolding of communities in large "
            "networks. Journal of Statistical Mechanics P10008, 2008."
        ),
    ),
    Algorithm(
        name="modularity",
        display_name="Modularity of communities",
        category="community",
        description="Share of edges inside communities beyond what chance would put there.",
        long_description=(
            "The community of each node is given by a property. Null in a graph without edges. Direction does not "
            "count."
        ),
        kernel=partitions.partition_modularity,
        kind="scalar",
        value="modularity, at most 1",
        parameters=(_PARTITION, _RESOLUTION, WEIGHT),
        complexity="O(n log n + m)",
        backend="numpy",
        cost=Cost(lambda n, m, p: 2e-8 * (n + m), 100, 44),
        source="M. E. J. Newman: Analysis of weighted networks. Physical Review E 70, 056131, 2004.",
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
        cost=Cost(lambda n, m, p: 4e-8 * (n + m), 48, 24),
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
        cost=Cost(lambda n, m, p: 4e-8 * (n + m), 48, 24),
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
        source=_HOPCROFT,
    ),
)
