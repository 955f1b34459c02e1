"""Lengths of shortest paths: from one node, between all near nodes, and with edges of negative length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, in_lanes, matrix_of
from graph_olap_server.instance.algorithms.kernels.results import NodeMap, PairScores
from graph_olap_server.instance.algorithms.kernels.searches import (
    SIDE_BY_SIDE,
    TooDeepError,
    distances_of_many,
    levels,
    neighbours,
)

__all__ = ["all_pairs_shortest_paths", "bellman_ford", "single_source_shortest_paths"]

_DISTANCES_AT_ONCE = 1 << 22
_STEPS_AT_ONCE = 1 << 23


def single_source_shortest_paths(
    indptr: Ints, indices: Ints, weights: Floats | None = None, *, source_node: int, max_distance: float | None
) -> NodeMap:
    """Distance from a node to all nodes within ``max_distance``; what is not reached has no value."""
    if weights is None:
        limit = None if max_distance is None else math.floor(max_distance)
        level = levels(indptr, indices, np.array([source_node]), limit)
        distances = np.where(level >= 0, level, np.inf)
    else:
        import scipy.sparse.csgraph

        distances = scipy.sparse.csgraph.dijkstra(
            matrix_of(indptr, indices, weights),
            indices=source_node,
            limit=np.inf if max_distance is None else max_distance,
        )
    return _distances(distances)


def bellman_ford(indptr: Ints, indices: Ints, weights: Floats | None = None, *, source_node: int) -> NodeMap:
    """Distance from a node where edges may have negative lengths.

    All edges of the nodes that came nearer are tried at once, round by round. The edges that nodes were last reached
    by are searched for a cycle after 1, 2, 4, ... rounds: each such cycle is negative, and if there is a negative one
    among the nodes reached, one shows up in the end.

    Raises:
        PlatformError: ``ALGORITHM_FAILED`` when a negative cycle is reached, so that there are no shortest paths.
    """
    count = len(indptr) - 1
    lengths = np.ones(len(indices)) if weights is None else weights
    distances = np.full(count, np.inf)
    distances[source_node] = 0.0
    used = np.full(count, -1)
    frontier = np.array([source_node])
    rounds, next_check = 0, 1
    while len(frontier):
        before, places = neighbours(indptr, frontier)
        after, reached = indices[places], distances[before] + lengths[places]
        order = np.lexsort((before, reached, after))
        nodes, first = np.unique(after[order], return_index=True)
        best = order[first]
        better = reached[best] < distances[nodes]
        frontier = nodes[better]
        distances[frontier] = reached[best][better]
        used[frontier] = places[best][better]
        rounds += 1
        if rounds == next_check or rounds > count:
            next_check *= 2
            _refuse_negative_cycle(indptr, indices, lengths, used)
    return _distances(distances)


def all_pairs_shortest_paths(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    max_distance: float,
    source_nodes: Sequence[int] | None,
    max_pairs: int,
) -> PairScores:
    """Distances of all pairs of different nodes that are at most ``max_distance`` apart.

    Raises:
        PlatformError: ``ALGORITHM_FAILED`` when there are more than ``max_pairs``.
    """
    import scipy.sparse.csgraph

    matrix = matrix_of(indptr, indices, weights)
    count = matrix.shape[0]
    sources = np.arange(count) if source_nodes is None else np.unique(np.asarray(source_nodes, np.int64))
    found: list[tuple[Ints, Ints, Floats]] = []
    pairs = 0
    if weights is None:
        turned = matrix.tocsc()  # its columns are the rows of the other direction
        incoming = turned.indptr, turned.indices
        steps = None if math.isinf(max_distance) else math.floor(max_distance)
        width = int(np.clip(_STEPS_AT_ONCE // max(count, 1), 1, SIDE_BY_SIDE))
    else:
        width = max(1, _DISTANCES_AT_ONCE // max(count, 1) // 4)

    def search(batches: Sequence[Ints]) -> tuple[Ints, Ints, Floats]:
        (batch,) = batches
        near: Floats
        if weights is None:
            with suppress(TooDeepError):
                level = distances_of_many(indptr, indices, incoming, batch, steps)
                row, column = np.nonzero(level > 0)
                near = level[row, column].astype(np.float64)
                return batch[row], column, near
        distances = np.atleast_2d(
            scipy.sparse.csgraph.dijkstra(matrix, indices=batch, unweighted=weights is None, limit=max_distance)
        )
        distances[np.arange(len(batch)), batch] = np.inf
        row, column = np.nonzero(np.isfinite(distances))
        near = distances[row, column]
        return batch[row], column, near

    batches = [sources[first : first + width] for first in range(0, len(sources), width)]
    for first in range(0, len(batches), 4):
        for part in in_lanes(batches[first : first + 4], search):
            found.append(part)
            pairs += len(part[0])
            if pairs > max_pairs:
                reason = (
                    f"More than {max_pairs} pairs of nodes are at most {max_distance:g} apart. Choose a smaller "
                    "max_distance, fewer source_nodes, or a larger max_pairs."
                )
                raise PlatformError("ALGORITHM_FAILED", reason, {"reason": "too many pairs", "max_pairs": max_pairs})
    if not found:
        return PairScores(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), {"pairs": 0})
    source, target, distance = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return PairScores(source, target, distance, {"pairs": pairs})


def _distances(distances: Floats) -> NodeMap:
    reached = np.isfinite(distances)
    far = float(distances[reached].max()) if reached.any() else None
    return NodeMap(distances, {"nodes_reached": int(reached.sum()), "max_distance": far}, reached)


def _refuse_negative_cycle(indptr: Ints, indices: Ints, lengths: Floats, used: Ints) -> None:
    """Raise when the edges by which nodes were reached, one per node, contain a cycle."""
    count = len(used)
    before = np.arange(count)
    reached = np.flatnonzero(used >= 0)
    before[reached] = np.searchsorted(indptr, used[reached], side="right") - 1
    parent = before.copy()
    for _ in range(count.bit_length()):
        parent = parent[parent]
    # After that many steps back everybody stands at the start, which nothing leads to, or goes round a cycle.
    going_round = parent[used[parent] >= 0]
    if not len(going_round):
        return
    cycle = [int(going_round.min())]
    while (previous := int(before[cycle[-1]])) != cycle[0]:
        cycle.append(previous)
    total = math.fsum(lengths[used[node]] for node in cycle)
    nodes = [cycle[0], *reversed(cycle[1:]), cycle[0]] if len(cycle) > 1 else [cycle[0], cycle[0]]
    raise PlatformError(
        "ALGORITHM_FAILED",
        f"There are no shortest paths: the lengths of a cycle that is reached add up to {total:g}: {{nodes}}. Leave "
        "its edges out with a query.",
        {"reason": "negative cycle", "total": total, "nodes": nodes},
    )
