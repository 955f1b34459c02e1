"""Algorithms that walk through the graph."""

from __future__ import annotations

from graph_olap_server.instance.algorithms.kernels import cycles, searches, walks
from graph_olap_server.instance.algorithms.model import SEED, WEIGHT, Algorithm, Cost, Parameter

__all__ = ["ALGORITHMS"]

_SEARCH = Cost(lambda n, m, p: 3e-8 * (n + m), 24, 24)
_START = Parameter("source_node", "node", None, "Primary key of the node to start at.", required=True)
_WALK = 2**20

ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        name="bfs",
        display_name="Breadth-first search",
        category="traversal",
        description="Number of edges from the nearest of some nodes to every node that they reach.",
        long_description="Nodes that are not reached within max_depth get no value.",
        kernel=searches.bfs,
        property_type="INT64",
        value="edges from the nearest source",
        orientations=("natural", "reverse", "undirected"),
        parameters=(
            Parameter("source_nodes", "nodes", None, "Primary keys of the nodes to start at.", required=True),
            Parameter("max_depth", "int", None, "Most edges to go. None: no limit.", 0, 2**31 - 1),
        ),
        aliases=("breadth_first_search",),
        complexity="O(n + m)",
        backend="numpy",
        cost=_SEARCH,
        source="E. F. Moore: The shortest path through a maze. Symposium on the Theory of Switching, 1959.",
    ),
    Algorithm(
        name="cycles",
        display_name="Simple cycles",
        category="traversal",
        description="Cycles without repeated nodes up to a length, each once.",
        long_description=(
            "Edges are followed in their direction. A cycle starts and ends at its first node; its cost is its number "
            "of edges. There can be far too many to list: the search ends after max_cycles, and complete says whether "
            "these are all."
        ),
        kernel=cycles.cycles,
        kind="paths",
        value="the nodes of each cycle in order",
        orientations=("natural",),
        parameters=(
            Parameter("max_length", "int", 5, "Most edges of a cycle.", 1, 100),
            Parameter("max_cycles", "int", 1000, "Most cycles to return.", 1, 1_000_000),
        ),
        aliases=("simple_cycles",),
        complexity="O(n + m) per start, exponential in max_length at worst",
        backend="numpy",
        cost=Cost(lambda n, m, p: 3e-8 * (n + m) + 2e-4 * p["max_cycles"], 64, 46),
        source="A. Gupta, T. Suzumura: Finding all bounded-length simple cycles in a directed graph. arXiv 2105.10094.",
    ),
    Algorithm(
        name="dfs",
        display_name="Depth-first search",
        category="traversal",
        description="Nodes reached from a node in the order in which a depth-first search enters them.",
        long_description="Of several neighbours the one that comes first in the graph is entered first.",
        kernel=searches.dfs,
        kind="node_list",
        property_type="INT64",
        value="position in the order, from 0",
        orientations=("natural", "reverse", "undirected"),
        parameters=(_START,),
        aliases=("depth_first_search",),
        complexity="O(n + m)",
        backend="scipy",
        cost=_SEARCH,
        source="R. Tarjan: Depth-first search and linear graph algorithms. SIAM Journal on Computing 1(2), 1972.",
    ),
    Algorithm(
        name="ego_network",
        display_name="Ego network",
        category="traversal",
        description="The nodes within some edges of a node, and how far away each is.",
        long_description="edges_inside counts the edges between these nodes, parallel ones once.",
        kernel=searches.ego_network,
        property_type="INT64",
        value="edges from the centre",
        parameters=(_START, Parameter("radius", "int", 1, "Most edges from the centre.", 0, 2**31 - 1)),
        aliases=("ego_graph",),
        complexity="O(n + m)",
        backend="numpy",
        cost=_SEARCH,
        source="M. Everett, S. P. Borgatti: Ego network betweenness. Social Networks 27(1), 2005.",
    ),
    Algorithm(
        name="random_walks",
        display_name="Random walks",
        category="traversal",
        description="Walks that choose each next node at random among the neighbours.",
        long_description=(
            "A walk ends early where no edge leads on. With return_factor and in_out_factor other than 1 they are the "
            "walks of node2vec: the probability of going back is divided by the first, that of going away from the "
            "previous node's neighbours by the second."
        ),
        kernel=walks.random_walks,
        kind="paths",
        value="the nodes of each walk in order",
        orientations=("natural", "reverse", "undirected"),
        parameters=(
            Parameter("source_nodes", "nodes", None, "Nodes to start at. None: all nodes."),
            Parameter("walks_per_node", "int", 1, "Walks from each node.", 1, _WALK),
            Parameter("walk_length", "int", 10, "Steps of a walk.", 1, _WALK),
            Parameter("return_factor", "float", 1.0, "Larger: going back is less likely.", 1e-6, 1e6),
            Parameter("in_out_factor", "float", 1.0, "Larger: walks stay near.", 1e-6, 1e6),
            WEIGHT,
            SEED,
        ),
        complexity="O(walks * walk_length * log m)",
        backend="numpy",
        cost=Cost(
            lambda n, m, p: 1e-7 * n * p["walks_per_node"] * p["walk_length"],
            64,
            16,
            lambda n, m, p: 30 * n * p["walks_per_node"] * p["walk_length"],
        ),
        source="A. Grover, J. Leskovec: node2vec: scalable feature learning for networks. KDD 2016.",
    ),
    Algorithm(
        name="topological_order",
        display_name="Topological order",
        category="traversal",
        description="Nodes in an order in which every edge points forward.",
        long_description="A graph with a cycle has none; the error names a cycle.",
        kernel=cycles.topological_order,
        kind="node_list",
        property_type="INT64",
        value="position in the order, from 0",
        orientations=("natural", "reverse"),
        aliases=("topological_sort",),
        complexity="O(n + m)",
        backend="icebug",
        cost=Cost(lambda n, m, p: 1e-7 * (n + m), 32, 48),
        source="A. B. Kahn: Topological sorting of large networks. Communications of the ACM 5(11), 1962.",
    ),
)
