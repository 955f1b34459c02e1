"""Trees, flows and embeddings."""

from __future__ import annotations

from graph_olap_server.instance.algorithms.kernels import embeddings, flow, trees
from graph_olap_server.instance.algorithms.model import SEED, WEIGHT, Algorithm, Cost, Parameter

__all__ = ["ALGORITHMS"]

_CAPACITY = Parameter(
    "weight_property", "string", None, "Numeric edge property used as capacity; parallel edges add up. None: 1 each."
)
_ENDS = (
    Parameter("source_node", "node", None, "Primary key of the node where the flow starts.", required=True),
    Parameter("target_node", "node", None, "Primary key of the node where it ends.", required=True),
)
_UNITS = (
    "Capacities may have decimals; all of them together, counted in units of their last decimal, must not exceed "
    "2147483647, or there is an error."
)
_DINIC = "Y. Dinitz: Algorithm for solution of a problem of maximum flow in networks. Soviet Math. Doklady 11, 1970."
_FLOW = Cost(lambda n, m, p: 4e-7 * (n + m), 64, 80)
_DIMENSIONS = Parameter("dimensions", "int", 64, "Length of a vector.", 1, 4096)

ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        name="fastrp",
        display_name="FastRP embedding",
        category="other",
        description="A vector per node, near for nodes with similar surroundings, from random projections.",
        long_description=(
            "The vectors of the neighbours at 1, 2, ..., iterations steps, each scaled to length 1, are added up, each "
            "further step multiplied by decay. A node that no edge leaves has zeros."
        ),
        kernel=embeddings.fastrp,
        property_type="LIST<DOUBLE>",
        value="vector",
        orientations=("undirected", "natural", "reverse"),
        parameters=(
            _DIMENSIONS,
            Parameter("iterations", "int", 3, "Steps to look around.", 1, 100),
            Parameter("decay", "float", 1.0, "Factor per further step.", 0),
            Parameter(
                "normalization_strength", "float", -0.5, "Power of the degree that a node counts by at the start."
            ),
            WEIGHT,
            SEED,
        ),
        aliases=("fast_rp",),
        complexity="O(iterations * dimensions * m)",
        backend="scipy",
        cost=Cost(
            lambda n, m, p: 2e-9 * p["iterations"] * p["dimensions"] * (n + m),
            64,
            24,
            lambda n, m, p: 40 * n * p["dimensions"],
        ),
        source="H. Chen et al.: Fast and accurate network embeddings via very sparse random projection. CIKM 2019.",
    ),
    Algorithm(
        name="max_flow",
        display_name="Maximum flow",
        category="other",
        description="How much gets from one node to another, and what each edge carries then.",
        long_description=f"Edges that carry nothing are not listed; max_flow is in the summary. {_UNITS}",
        kernel=flow.max_flow,
        kind="edge_map",
        property_type="DOUBLE",
        value="flow",
        orientations=("natural", "reverse"),
        parameters=(*_ENDS, _CAPACITY),
        self_loops=False,
        aliases=("maximum_flow",),
        complexity="O(n^2 * m)",
        backend="scipy",
        cost=_FLOW,
        source=_DINIC,
    ),
    Algorithm(
        name="min_cut",
        display_name="Minimum cut",
        category="other",
        description="The cheapest way to part two nodes: 0 for nodes on the side of the first, 1 for all others.",
        long_description=f"Its value, cut_value, is that of the maximum flow. {_UNITS}",
        kernel=flow.min_cut,
        property_type="INT64",
        value="side",
        orientations=("natural", "reverse", "undirected"),
        parameters=(*_ENDS, _CAPACITY),
        self_loops=False,
        aliases=("minimum_cut",),
        complexity="O(n^2 * m)",
        backend="scipy",
        cost=_FLOW,
        source=f"L. R. Ford, D. R. Fulkerson: Maximal flow through a network. Canad. J. Math. 8, 1956. {_DINIC}",
    ),
    Algorithm(
        name="minimum_spanning_tree",
        display_name="Minimum spanning tree",
        category="other",
        description="The edges of a cheapest tree that joins all nodes of a part, for every part.",
        long_description="Direction does not count; of parallel edges the cheapest is used. Weights may be negative.",
        kernel=trees.minimum_spanning_tree,
        kind="edge_map",
        property_type="DOUBLE",
        value="weight of the edge",
        parameters=(
            Parameter("weight_property", "string", None, "Numeric edge property to add up. None: every edge costs 1."),
        ),
        self_loops=False,
        parallel="min",
        negative_weights=True,
        aliases=("minimum_spanning_forest", "mst"),
        complexity="O(m log m)",
        backend="scipy",
        cost=Cost(lambda n, m, p: 3e-7 * (n + m), 64, 66),
        source="J. B. Kruskal: On the shortest spanning subtree of a graph. Proc. AMS 7(1), 1956.",
    ),
    Algorithm(
        name="node2vec",
        display_name="node2vec embedding",
        category="other",
        description="A vector per node, learnt from biased random walks.",
        long_description=(
            "Skip-gram with one thread, so that the same seed gives the same vectors. Walks choose edges by weight. "
            "Direction and self-loops do not count; nodes without neighbours have no vector. Nodes with very many "
            "neighbours need much memory, and a graph with too many of them is refused: leave them out with a query."
        ),
        kernel=embeddings.node2vec,
        property_type="LIST<DOUBLE>",
        value="vector",
        parameters=(
            Parameter("dimensions", "int", 64, "Length of a vector.", 1, 1024),
            Parameter("walk_length", "int", 40, "Nodes of a walk.", 2, 10_000),
            Parameter("walks_per_node", "int", 5, "Walks from each node.", 1, 10_000),
            Parameter("return_factor", "float", 1.0, "Larger: going back is less likely.", 1e-6, 1e6),
            Parameter("in_out_factor", "float", 1.0, "Larger: walks stay near.", 1e-6, 1e6),
            WEIGHT,
            SEED,
        ),
        self_loops=False,
        complexity="O(n * walks_per_node * walk_length * dimensions)",
        backend="icebug",
        cost=Cost(
            lambda n, m, p: (
                3e-8 * n * p["walks_per_node"] * p["walk_length"] * p["dimensions"] + 2e-7 * m * m / max(n, 1)
            ),
            64,
            120,
            lambda n, m, p: 8 * n * (6 * p["dimensions"] + p["walks_per_node"] * p["walk_length"]),
        ),
        source="A. Grover, J. Leskovec: node2vec: scalable feature learning for networks. KDD 2016.",
    ),
)
