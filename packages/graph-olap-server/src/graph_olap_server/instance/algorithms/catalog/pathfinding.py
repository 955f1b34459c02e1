"""Algorithms that find paths and measure distances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph_olap_server.instance.algorithms.kernels import distances, eccentricity, routes
from graph_olap_server.instance.algorithms.model import Algorithm, Cost, Parameter

__all__ = ["ALGORITHMS"]

_DISTANCE = Parameter(
    "weight_property",
    "string",
    None,
    "Numeric edge property used as length; the shortest of parallel edges counts. None: every edge is 1 long.",
)
_SOURCE = Parameter("source_node", "node", None, "Primary key of the start.", required=True)
_TARGET = Parameter("target_node", "node", None, "Primary key of the end.", required=True)
_DIJKSTRA = Cost(lambda n, m, p: 1e-7 * (n + m), 64, 64)
_BOUNDS = "F. W. Takes, W. A. Kosters: Computing the eccentricity distribution of large graphs. Algorithms 6(1), 2013."


def _distances_bytes(nodes: int, _edges: int, parameters: Mapping[str, Any]) -> float:
    """Distances from some nodes to all, of a few batches at a time, and the pairs that were near enough."""
    cells, pairs = nodes * len(parameters["source_nodes"] or range(nodes)), int(parameters["max_pairs"])
    return 24 * min(cells, 1 << 23) + 30 * min(cells, pairs)


ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        name="all_pairs_shortest_paths",
        display_name="All pairs within a distance",
        category="pathfinding",
        description="Distances of all pairs of different nodes that are no more than max_distance apart.",
        long_description="More than max_pairs pairs are an error, not a cut result.",
        kernel=distances.all_pairs_shortest_paths,
        kind="pair_scores",
        value="distance of each pair",
        orientations=("natural", "reverse", "undirected"),
        parameters=(
            Parameter("max_distance", "float", 2.0, "Largest distance.", 0),
            Parameter("source_nodes", "nodes", None, "Nodes to measure from. None: all nodes."),
            Parameter("max_pairs", "int", 10_000_000, "Most pairs.", 1, 200_000_000),
            _DISTANCE,
        ),
        parallel="min",
        aliases=("all_pairs_shortest_path_length",),
        complexity="O(sources * (n + edges near them * log n))",
        backend="scipy",
        cost=Cost(lambda n, m, p: 3e-9 * n * len(p["source_nodes"] or range(n)), 240, 24, _distances_bytes),
        source="E. W. Dijkstra: A note on two problems in connexion with graphs. Numerische Mathematik 1, 1959.",
    ),
    Algorithm(
        name="astar",
        display_name="A* search",
        category="pathfinding",
        description="A cheapest path between two nodes, found with the help of their coordinates.",
        long_description=(
            "Coordinates are any two numeric node properties. Their distance is scaled so that it never exceeds what "
            "edges cost: the path is a cheapest one whatever the units are. No path: an empty result."
        ),
        kernel=routes.astar,
        kind="paths",
        value="the path and its cost",
        orientations=("natural", "reverse", "undirected"),
        parameters=(
            _SOURCE,
            _TARGET,
            Parameter("x_property", "node_property", None, "x, or longitude in degrees.", required=True),
            Parameter("y_property", "node_property", None, "y, or latitude in degrees.", required=True),
            Parameter(
                "metric",
                "string",
                "euclidean",
                "euclidean for a plane, haversine for longitude and latitude.",
                choices=("euclidean", "haversine"),
            ),
            _DISTANCE,
        ),
        parallel="min",
        aliases=("a_star", "astar_path"),
        complexity="O(m + n log n)",
        backend="icebug",
        cost=_DIJKSTRA,
        source="P. Hart, N. Nilsson, B. Raphael: A formal basis for the heuristic determination of minimum cost paths. "
        "IEEE Transactions on Systems Science and Cybernetics 4(2), 1968.",
    ),
    Algorithm(
        name="bellman_ford",
        display_name="Bellman-Ford distances",
        category="pathfinding",
        description="Distance from a node to every node that it reaches, where edges may have negative lengths.",
        long_description="A cycle of negative length that the node reaches is an error, which names it.",
        kernel=distances.bellman_ford,
        property_type="DOUBLE",
        value="distance from the source",
        orientations=("natural", "reverse"),
        parameters=(_SOURCE, _DISTANCE),
        parallel="min",
        negative_weights=True,
        complexity="O(n * m) at worst, O(longest shortest path * m) mostly",
        backend="numpy",
        cost=Cost(lambda n, m, p: 3e-7 * (n + m), 64, 44),
        source="R. Bellman: On a routing problem. Quarterly of Applied Mathematics 16, 1958.",
    ),
    Algorithm(
        name="diameter",
        display_name="Diameter",
        category="pathfinding",
        description="Number of edges of the longest shortest path.",
        long_description=(
            "In a graph of several parts it is the largest of the diameters of the parts. Direction does not count. "
            "With max_searches it is a lower bound; lower_bound, upper_bound and exact say what is known."
        ),
        kernel=eccentricity.diameter,
        kind="scalar",
        value="number of edges",
        parameters=(
            Parameter(
                "max_searches", "int", None, "Searches to make at most, for an estimate. None: exact.", 1, 2**31 - 1
            ),
        ),
        complexity="O(searches * (n + m) / 64); few searches in most graphs, n at worst",
        backend="numpy",
        cost=Cost(lambda n, m, p: 3e-8 * (n + m) * min(30, p["max_searches"] or 30), 250, 40),
        source=_BOUNDS,
    ),
    Algorithm(
        name="eccentricity",
        display_name="Eccentricity",
        category="pathfinding",
        description="Number of edges to the node that is farthest away in the same part of the graph.",
        long_description=(
            "Direction does not count. The summary has the diameter and the radius (of nodes with neighbours)."
        ),
        kernel=eccentricity.eccentricity,
        property_type="INT64",
        value="edges to the farthest node",
        complexity="O(searches * (n + m) / 64); thousands of searches in most graphs, n at worst",
        backend="numpy",
        cost=Cost(lambda n, m, p: 3e-9 * (n + m) * max(n / 64, 16), 500, 60),
        source=_BOUNDS,
    ),
    Algorithm(
        name="k_shortest_paths",
        display_name="K shortest paths",
        category="pathfinding",
        description="The cheapest, second cheapest, ... path between two nodes, without repeated nodes.",
        long_description="Fewer than k paths when there are no more; of parallel edges only the cheapest is used.",
        kernel=routes.k_shortest_paths,
        kind="paths",
        value="paths and their costs, the cheapest first",
        orientations=("natural", "reverse", "undirected"),
        parameters=(_SOURCE, _TARGET, Parameter("k", "int", 3, "Number of paths.", 1, 10_000), _DISTANCE),
        parallel="min",
        aliases=("yen",),
        complexity="O(k * length * (m + n log n))",
        backend="scipy",
        cost=Cost(lambda n, m, p: 5e-8 * p["k"] * (n + m), 64, 32),
        source="J. Y. Yen: Finding the k shortest loopless paths in a network. Management Science 17(11), 1971.",
    ),
    Algorithm(
        name="single_source_shortest_paths",
        display_name="Single-source shortest paths",
        category="pathfinding",
        description="Distance from a node to every node that it reaches.",
        long_description="Without weights the number of edges. Weights must not be negative: see bellman_ford.",
        kernel=distances.single_source_shortest_paths,
        property_type="DOUBLE",
        value="distance from the source",
        orientations=("natural", "reverse", "undirected"),
        parameters=(
            _SOURCE,
            Parameter("max_distance", "float", None, "Distance at which to stop. None: no limit.", 0),
            _DISTANCE,
        ),
        parallel="min",
        aliases=("sssp", "dijkstra"),
        complexity="O(m + n log n)",
        backend="scipy",
        cost=_DIJKSTRA,
        source="E. W. Dijkstra: A note on two problems in connexion with graphs. Numerische Mathematik 1, 1959.",
    ),
)
