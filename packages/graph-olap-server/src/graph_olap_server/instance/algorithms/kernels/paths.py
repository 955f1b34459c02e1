"""Ways from node to node."""

from __future__ import annotations

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints

__all__ = ["shortest_path"]


def shortest_path(
    indptr: Ints, indices: Ints, weights: Floats | None = None, *, source: int, target: int, max_depth: int
) -> tuple[list[int], float] | None:
    """Return the cheapest path of at most ``max_depth`` edges and its cost, or ``None``; without weights edges cost 1.

    Nodes are improved in rounds, one edge further each, so the limit holds for weighted paths too. Of equally cheap
    ways into a node the one that was found with fewer edges, then the smallest predecessor, is kept.
    """
    cost = np.full(len(indptr) - 1, np.inf)
    cost[source] = 0.0
    frontier = np.array([source])
    rounds: list[tuple[Ints, Ints]] = []
    while len(frontier) and len(rounds) < max_depth and not (weights is None and np.isfinite(cost[target])):
        degrees = indptr[frontier + 1] - indptr[frontier]
        before = np.repeat(frontier, degrees)
        places = np.arange(len(before)) + np.repeat(indptr[frontier] - np.cumsum(degrees) + degrees, degrees)
        after = indices[places]
        reached = cost[before] + (1.0 if weights is None else weights[places])
        order = np.lexsort((before, reached, after))
        nodes, first = np.unique(after[order], return_index=True)
        best = reached[order][first]
        better = best < cost[nodes]
        frontier = nodes[better]
        cost[frontier] = best[better]
        rounds.append((frontier, before[order][first][better]))
    if not np.isfinite(cost[target]):
        return None
    path, until = [target], len(rounds)
    while path[-1] != source:
        # The predecessor's cost at that time came from its last improvement in an earlier round.
        until -= 1
        nodes, predecessors = rounds[until]
        place = int(np.searchsorted(nodes, path[-1]))
        if place < len(nodes) and nodes[place] == path[-1]:
            path.append(int(predecessors[place]))
    return path[::-1], float(cost[target])
