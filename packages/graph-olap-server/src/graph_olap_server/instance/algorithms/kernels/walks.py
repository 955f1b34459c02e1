"""Random walks, all of them one step further at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints
from graph_olap_server.instance.algorithms.kernels.results import Paths

__all__ = ["random_walks"]

_MOST_NODES = 200_000_000
# Choices after which the neighbours are weighed one by one instead; a walk may have nothing but unlikely ones.
_ROUNDS = 32
# Neighbours weighed at the same time, which bounds the memory.
_AT_ONCE = 4_000_000


def random_walks(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    source_nodes: Sequence[int] | None,
    walks_per_node: int,
    walk_length: int,
    return_factor: float,
    in_out_factor: float,
    seed: int,
) -> Paths:
    """Walks of ``walk_length`` steps, shorter where no edge leads on, in the order of the nodes that they start at."""
    starts = np.arange(len(indptr) - 1) if source_nodes is None else np.unique(np.asarray(source_nodes, np.int64))
    if len(starts) * walks_per_node * (walk_length + 1) > _MOST_NODES:
        reason = (
            f"{len(starts)} nodes with {walks_per_node} walks of {walk_length} steps are more than {_MOST_NODES} "
            "steps. Choose fewer source_nodes, fewer walks or shorter ones."
        )
        raise PlatformError("ALGORITHM_FAILED", reason, {"reason": "too many walks", "limit": _MOST_NODES})
    random = np.random.default_rng(seed)
    walks = np.full((len(starts) * walks_per_node, walk_length + 1), -1, np.int32)
    walks[:, 0] = np.repeat(starts, walks_per_node)
    going = np.arange(len(walks))
    totals = None if weights is None else np.concatenate([[0.0], np.cumsum(weights)])
    biased = return_factor != 1 or in_out_factor != 1
    edges = _packed(indptr, indices) if biased else None
    for step in range(1, walk_length + 1):
        here = walks[going, step - 1]
        first, last = indptr[here], indptr[here + 1]
        leads_on = last > first if totals is None else totals[last] > totals[first]
        going, here = going[leads_on], here[leads_on]
        if not len(going):
            break
        following = _choose(random, indptr, indices, totals, here)
        if edges is not None and step > 1:
            before = walks[going, step - 2]
            biases = np.array([1 / return_factor, 1.0, 1 / in_out_factor])
            _choose_again(random, indptr, indices, totals, edges, before, here, following, biases)
        walks[going, step] = following
    lengths = (walks >= 0).sum(axis=1)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    facts = {"walks": len(walks), "mean_length": float(lengths.mean() - 1) if len(walks) else None}
    return Paths(offsets, walks[walks >= 0].astype(np.int64), None, facts)


def _choose(random: np.random.Generator, indptr: Ints, indices: Ints, totals: Floats | None, here: Ints) -> Ints:
    """Choose a neighbour of each node, by weight when there are weights."""
    first, last = indptr[here], indptr[here + 1]
    if totals is None:
        places = first + (random.random(len(here)) * (last - first)).astype(np.int64)
        return np.asarray(indices[places])
    point = totals[first] + random.random(len(here)) * (totals[last] - totals[first])
    # Rounding may lead to the sum at the end of the row, which belongs to the edge before it.
    point = np.minimum(point, np.nextafter(totals[last], -np.inf))
    places = np.clip(np.searchsorted(totals, point, side="right") - 1, first, last - 1)
    return np.asarray(indices[places])


def _choose_again(
    random: np.random.Generator,
    indptr: Ints,
    indices: Ints,
    totals: Floats | None,
    edges: Ints,
    before: Ints,
    here: Ints,
    following: Ints,
    biases: Floats,
) -> None:
    """Replace choices until each is accepted with a probability in proportion to its bias.

    The biases are for going back, for a neighbour of the node before, and for what is farther from it.
    """
    biases = biases / biases.max()
    nodes = len(indptr) - 1
    open_walks = np.arange(len(here))
    for _ in range(_ROUNDS):
        bias = _bias(biases, edges, nodes, before[open_walks], following[open_walks])
        open_walks = open_walks[random.random(len(open_walks)) >= bias]
        if not len(open_walks):
            return
        following[open_walks] = _choose(random, indptr, indices, totals, here[open_walks])
    ends = np.cumsum(np.diff(indptr)[here[open_walks]])
    for walks in np.split(open_walks, np.flatnonzero(np.diff(ends // _AT_ONCE)) + 1):
        following[walks] = _weigh(random, indptr, indices, totals, edges, before[walks], here[walks], biases)


def _weigh(
    random: np.random.Generator,
    indptr: Ints,
    indices: Ints,
    totals: Floats | None,
    edges: Ints,
    before: Ints,
    here: Ints,
    biases: Floats,
) -> Ints:
    """Choose a neighbour of each node by weight and bias, looking at all of them."""
    degrees = indptr[here + 1] - indptr[here]
    first = np.concatenate([[0], np.cumsum(degrees)[:-1]])
    walk = np.repeat(np.arange(len(here)), degrees)
    place = np.arange(len(walk)) - first[walk] + indptr[here][walk]
    likely = _bias(biases, edges, len(indptr) - 1, before[walk], indices[place])
    if totals is not None:
        likely = likely * (totals[place + 1] - totals[place])
    # The smallest of exponential times with these rates is the first with a probability in proportion to the rate.
    with np.errstate(divide="ignore"):
        times = np.log(random.exponential(size=len(likely))) - np.log(likely)
    order = np.lexsort((times, walk))
    return np.asarray(indices[place[order[first]]])


def _bias(biases: Floats, edges: Ints, nodes: int, before: Ints, chosen: Ints) -> Floats:
    """Return the bias of each choice by where it lies from the node before."""
    kind = np.where(chosen == before, 0, np.where(_joined(edges, nodes, before, chosen), 1, 2))
    return np.asarray(biases[kind])


def _packed(indptr: Ints, indices: Ints) -> Ints:
    """Return each edge as one number; rows are sorted, so these are."""
    count = len(indptr) - 1
    packed: Ints = np.repeat(np.arange(count), np.diff(indptr)) * count + indices
    return packed


def _joined(edges: Ints, count: int, source: Ints, target: Ints) -> Ints:
    wanted = source.astype(np.int64) * count + target
    place = np.minimum(np.searchsorted(edges, wanted), len(edges) - 1)
    joined: Ints = edges[place] == wanted
    return joined
