"""One step of many random walks at a time: by weight, or by weight and where the walk comes from.

Neighbours are of three kinds: the node before, its neighbours, and what lies farther off. A step is drawn by rejection,
which nearly always ends within a few rounds. Where unlikely kinds have most of the weight it would not; then the kind
is drawn first, from exact sums, for which the shorter of two lists of neighbours is looked through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints
from graph_olap_server.instance.algorithms.kernels.searches import neighbours

__all__ = ["WalkSteps"]

_ROUNDS = 32
# Neighbours looked at at the same time, which bounds the memory.
_AT_ONCE = 4_000_000
Flags = NDArray[np.bool_]


class WalkSteps:
    """Draws where walks go next.

    Args:
        weights: Chances of the edges; alike without them.
        return_factor, in_out_factor: What the chance of going back, and that of going away from the neighbours of the
            node before, is divided by.
    """

    def __init__(
        self, indptr: Ints, indices: Ints, weights: Floats | None, return_factor: float, in_out_factor: float
    ) -> None:
        self._indptr = indptr
        self._indices = indices
        self._totals = None if weights is None else np.concatenate([[0.0], np.cumsum(weights)])
        self._back = 1 / return_factor
        self._far = 1 / in_out_factor
        self._count = len(indptr) - 1
        self._edges: Ints | None = None
        if return_factor != 1 or in_out_factor != 1:
            # Each edge as one number; rows are sorted, so these are.
            self._edges = np.repeat(np.arange(self._count), np.diff(indptr)) * self._count + indices

    def leads_on(self, here: Ints) -> Flags:
        """Whether a walk can go on from these nodes."""
        return self._mass(self._indptr[here], self._indptr[here + 1]) > 0

    def first(self, random: np.random.Generator, here: Ints) -> Ints:
        """Choose neighbours of nodes, by weight; all of them must lead on."""
        nowhere = self._indptr[here]
        return self._draw(random, here, nowhere, nowhere)

    def next(self, random: np.random.Generator, before: Ints, here: Ints) -> Ints:
        """Choose neighbours of nodes that were reached from others."""
        if self._edges is None:
            return self.first(random, here)
        steps = _Steps(before, here, *self._places(here, before))
        back, rest = self._masses(steps)
        most = max(1.0, self._far)
        following = before.copy()
        going = np.arange(len(here))
        for _ in range(_ROUNDS):
            share = back[going] * self._back
            going = going[random.random(len(going)) * (share + most * rest[going]) >= share]
            if not len(going):
                return following
            chosen = self._draw(random, here[going], steps.low[going], steps.high[going])
            accepted = random.random(len(going)) * most < self._bias(before[going], chosen)
            following[going[accepted]] = chosen[accepted]
            going = going[~accepted]
        for part in self._portions(before[going], here[going]):
            own = going[part]
            following[own] = self._by_kind(random, steps.of(own))
        return following

    def _by_kind(self, random: np.random.Generator, steps: _Steps) -> Ints:
        """Choose the kind of neighbour and then the neighbour."""
        before, here = steps.before, steps.here
        back, rest = self._masses(steps)
        step, node, mass, number = self._shared(before, here)
        shared = np.bincount(step, mass, len(here))
        farther = np.bincount(step, number, len(here)) + steps.high - steps.low < self._degree(here)
        far = np.where(farther, np.maximum(rest - shared, 0), 0) * self._far
        point = random.random(len(here)) * (back * self._back + shared + far)
        following = before.copy()
        goes_near = (point >= back * self._back) & (point < back * self._back + shared)
        chosen = goes_near[step]
        following[goes_near] = node[chosen][_one_of_each(random, step[chosen], mass[chosen])]
        going = np.flatnonzero(point >= back * self._back + shared)
        for _ in range(_ROUNDS):
            if not len(going):
                return following
            drawn = self._draw(random, here[going], steps.low[going], steps.high[going])
            accepted = ~self._is_edge(before[going], drawn) & (drawn != before[going])
            following[going[accepted]] = drawn[accepted]
            going = going[~accepted]
        for part in self._portions(here[going], here[going]):
            own = going[part]
            following[own] = self._farther(random, before[own], here[own])
        return following

    def _farther(self, random: np.random.Generator, before: Ints, here: Ints) -> Ints:
        """Choose among what is farther off, looking at all neighbours."""
        walk, place = self._listed(here)
        node = self._indices[place]
        kept = ~self._is_edge(before[walk], node) & (node != before[walk])
        walk, place = walk[kept], place[kept]
        return np.asarray(self._indices[place[_one_of_each(random, walk, self._mass(place, place + 1))]])

    def _shared(self, before: Ints, here: Ints) -> tuple[Ints, Ints, Floats, Ints]:
        """Return what both nodes have an edge to: number of the step, node, weight and number of edges to it."""
        shorter = np.where(self._degree(before) < self._degree(here), before, here)
        step, place = self._listed(shorter)
        node = self._indices[place]
        repeated = (place > self._indptr[shorter[step]]) & (self._indices[np.maximum(place - 1, 0)] == node)
        kept = ~repeated & (node != before[step]) & self._is_edge((before + here - shorter)[step], node)
        step, node = step[kept], node[kept]
        low, high = self._places(here[step], node)
        return step, node, self._mass(low, high), high - low

    def _masses(self, steps: _Steps) -> tuple[Floats, Floats]:
        """Return the weight of the edges back, and that of all others."""
        first, last = self._indptr[steps.here], self._indptr[steps.here + 1]
        back = self._mass(steps.low, steps.high)
        only_back = steps.high - steps.low == last - first
        return back, np.where(only_back, 0, np.maximum(self._mass(first, last) - back, 0))

    def _draw(self, random: np.random.Generator, here: Ints, low: Ints, high: Ints) -> Ints:
        """Choose a neighbour of each node by weight, but none from places ``low`` to ``high``."""
        first, last = self._indptr[here], self._indptr[here + 1]
        if self._totals is None:
            places = first + (random.random(len(here)) * (last - first - high + low)).astype(np.int64)
            places += np.where(places >= low, high - low, 0)
            return np.asarray(self._indices[places])
        left_out = self._mass(low, high)
        point = self._totals[first] + random.random(len(here)) * (self._mass(first, last) - left_out)
        point += np.where(point >= self._totals[low], left_out, 0)
        # Rounding may lead to the sum at the end of the row, which belongs to the edge before it.
        point = np.minimum(point, np.nextafter(self._totals[last], -np.inf))
        places = np.clip(np.searchsorted(self._totals, point, side="right") - 1, first, last - 1)
        return np.asarray(self._indices[places])

    def _bias(self, before: Ints, chosen: Ints) -> Floats:
        """Return the bias of neighbours other than the node before, which rounding can still bring up."""
        bias = np.where(self._is_edge(before, chosen), 1.0, self._far)
        return np.where(chosen == before, 0.0, bias)

    def _is_edge(self, source: Ints, target: Ints) -> Flags:
        low, high = self._places(source, target)
        return low < high

    def _places(self, source: Ints, target: Ints) -> tuple[Ints, Ints]:
        """Return where the edges between two nodes begin and end, the same place when there is none."""
        assert self._edges is not None
        wanted = source.astype(np.int64) * self._count + target
        low, high = (np.searchsorted(self._edges, wanted, side) for side in ("left", "right"))
        return low, high

    def _mass(self, low: Ints, high: Ints) -> Floats:
        if self._totals is None:
            return (high - low).astype(np.float64)
        return np.asarray(self._totals[high] - self._totals[low])

    def _degree(self, nodes: Ints) -> Ints:
        return np.asarray(self._indptr[nodes + 1] - self._indptr[nodes])

    def _listed(self, nodes: Ints) -> tuple[Ints, Ints]:
        """Return the edges of each node: which of the nodes, and the place."""
        _, places = neighbours(self._indptr, nodes)
        return np.repeat(np.arange(len(nodes)), self._degree(nodes)), places

    def _portions(self, one: Ints, other: Ints) -> Iterator[Ints]:
        """Share steps out so that those of one portion have few neighbours to look at."""
        if len(one):
            ends = np.cumsum(np.minimum(self._degree(one), self._degree(other)))
            yield from np.split(np.arange(len(one)), np.flatnonzero(np.diff(ends // _AT_ONCE)) + 1)


class _Steps(NamedTuple):
    """Where walks are and were, and which edges lead back there."""

    before: Ints
    here: Ints
    low: Ints
    high: Ints

    def of(self, chosen: Ints) -> _Steps:
        return _Steps(*(part[chosen] for part in self))


def _one_of_each(random: np.random.Generator, group: Ints, mass: Floats) -> Ints:
    """Choose one item of each group, which are in order, by mass."""
    # The smallest of exponential times with these rates is the first with a probability in proportion to the rate.
    with np.errstate(divide="ignore"):
        times = np.log(random.exponential(size=len(mass))) - np.log(mass)
    order = np.lexsort((times, group))
    return np.asarray(order[np.flatnonzero(np.diff(group[order], prepend=-1))])
