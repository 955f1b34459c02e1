"""Cheapest ways between two nodes: with coordinates as a guide, and the second, third, ... best ones."""

from __future__ import annotations

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import DirectedGraph, Floats, Ints, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import Paths

__all__ = ["astar", "k_shortest_paths"]

_EARTH_KM = 6371.0088


def astar(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    source_node: int,
    target_node: int,
    x_property: Floats,
    y_property: Floats,
    metric: str,
) -> Paths:
    """One cheapest path, found by going towards the target first.

    The distance on the map is multiplied by the largest factor with which no edge is shorter than the way it saves, so
    the units of weights and coordinates do not matter and the path is always a cheapest one.
    """
    import networkit as nk

    lengths = np.ones(len(indices)) if weights is None else weights
    if source_node == target_node:
        return _paths([[source_node]], [0.0])
    ahead = _map_distance(x_property, y_property, target_node, metric)
    saved = np.repeat(ahead, np.diff(indptr)) - ahead[indices]
    closer = saved > 0
    factor = float((lengths[closer] / saved[closer]).min()) if closer.any() else 0.0
    graph = DirectedGraph(matrix_of(indptr, indices, lengths), weighted=True)
    # A hair less, or rounding would make one edge shorter than what it saves.
    search = nk.distance.AStar(graph.handle, (ahead * factor * (1 - 1e-9)).tolist(), source_node, target_node, True)
    search.run()
    cost = search.getDistance()
    if cost >= np.finfo(np.float64).max:
        return _paths([], [])
    return _paths([[source_node, *search.getPath(), target_node]], [cost])


def k_shortest_paths(
    indptr: Ints, indices: Ints, weights: Floats | None = None, *, source_node: int, target_node: int, k: int
) -> Paths:
    """Return the ``k`` cheapest paths without repeated nodes, the cheapest first."""
    import scipy.sparse.csgraph

    if source_node == target_node:
        return _paths([[source_node]], [0.0])
    matrix = matrix_of(indptr.astype(np.int32), indices.astype(np.int32), weights)
    matrix.sum_duplicates()
    costs, predecessors = scipy.sparse.csgraph.yen(matrix, source_node, target_node, k, return_predecessors=True)
    found = []
    for before in predecessors[: len(costs)]:
        path = [target_node]
        while path[-1] != source_node:
            path.append(int(before[path[-1]]))
        found.append(path[::-1])
    return _paths(found, costs.tolist())


def _map_distance(x: Floats, y: Floats, target: int, metric: str) -> Floats:
    """Return the distance to the target: on a plane, or in km on a sphere for longitude and latitude in degrees."""
    if metric == "euclidean":
        plane: Floats = np.hypot(x - x[target], y - y[target])
        return plane
    longitude, latitude = np.radians(x), np.radians(y)
    half_chord = (
        np.sin((latitude - latitude[target]) / 2) ** 2
        + np.cos(latitude) * np.cos(latitude[target]) * np.sin((longitude - longitude[target]) / 2) ** 2
    )
    distance: Floats = 2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(half_chord, 0, 1)))
    return distance


def _paths(found: list[list[int]], costs: list[float]) -> Paths:
    offsets = np.cumsum([0, *(len(path) for path in found)])
    nodes = np.array([node for path in found for node in path], np.int64)
    return Paths(offsets, nodes, np.array(costs, np.float64), {"paths": len(found)})
