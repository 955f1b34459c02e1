"""Shortest paths from some nodes of a graph without weights: how many there are, and how many lead through each node.

It is the accumulation of Brandes for several sources side by side. A level is found in one of three ways, whichever
reads the fewest edges: those that leave the level before, those that lead to nodes not reached yet, or all of them as a
product with the matrix, which takes a fraction of the time per edge. Most levels are small; the large ones are few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["Search", "Searches"]

_FEW = 30
"""What an edge looked up by itself costs in edges of a product."""


class Search(NamedTuple):
    """Searches side by side, as arrays of cells: one for each node and source, the sources of a node together.

    Attributes:
        width: Number of sources.
        levels: The cells reached in each step, the sources first.
        paths: Number of shortest paths to each cell.
        dependency: Sum over all other cells of the search of the share of their shortest paths that lead through one.
    """

    width: int
    levels: list[Ints]
    paths: Floats
    dependency: Floats

    def level(self) -> Ints:
        """Return the level of each cell, -1 for those that are not reached."""
        level = np.full(len(self.paths), -1, np.int32)
        for number, cells in enumerate(self.levels):
            level[cells] = number
        return level


class Searches:
    """Searches along the edges of a graph."""

    def __init__(self, matrix: scipy.sparse.csr_array) -> None:
        self._out = _Rows(matrix)
        self._into = _Rows(matrix.T.tocsr())

    def run(self, sources: Ints) -> Search:
        """Search from some nodes."""
        start = sources.astype(np.int64) * len(sources) + np.arange(len(sources))
        return self._back(*self._forth(start, len(sources)))

    def _forth(self, start: Ints, width: int) -> tuple[list[Ints], Floats, Floats, int]:
        """Return the levels, the numbers of paths, and an array of zeros for further use."""
        size = self._out.count * width
        paths, front, fresh = np.zeros(size), np.zeros(size), np.ones(size, bool)
        paths[start] = front[start] = 1.0
        fresh[start] = False
        levels = [start]
        everything = self._out.edges * width
        left = everything - self._into.leaving(start, width)
        while True:
            cells = levels[-1]
            leaving = self._out.leaving(cells, width)
            if leaving <= left and leaving * _FEW < everything:
                which, ends = self._out.ends(cells, width)
                kept = fresh[ends]
                new, place = np.unique(ends[kept], return_inverse=True)
                ways = _sums(place, front[cells[which[kept]]], len(new))
            elif left * _FEW < everything:
                waiting = np.flatnonzero(fresh)
                which, ends = self._into.ends(waiting, width)
                ways = _sums(which, front[ends], len(waiting))
                found = np.flatnonzero(ways)
                new, ways = waiting[found], ways[found]
            else:
                reached = self._into.product(front, width)
                new = np.flatnonzero((reached > 0) & fresh)
                ways = reached[new]
            front[cells] = 0.0
            if not len(new):
                return levels, paths, front, width
            fresh[new] = False
            left -= self._into.leaving(new, width)
            paths[new] = front[new] = ways
            levels.append(new)

    def _back(self, levels: list[Ints], paths: Floats, zeros: Floats, width: int) -> Search:
        dependency = np.zeros(len(paths))
        everything = self._out.edges * width
        for above, below in zip(levels[-2::-1], levels[:0:-1], strict=True):
            share = (1.0 + dependency[below]) / paths[below]
            down, up = self._out.leaving(above, width), self._into.leaving(below, width)
            if up < down and up * _FEW < everything:
                which, ends = self._into.ends(below, width)
                zeros[above] = 1.0
                kept = zeros[ends] > 0
                zeros[above] = 0.0
                cells, place = np.unique(ends[kept], return_inverse=True)
                dependency[cells] = paths[cells] * _sums(place, share[which[kept]], len(cells))
                continue
            zeros[below] = share
            if down * _FEW < everything:
                which, ends = self._out.ends(above, width)
                sums = _sums(which, zeros[ends], len(above))
            else:
                sums = self._out.product(zeros, width)[above]
            dependency[above] = paths[above] * sums
            zeros[below] = 0.0
        return Search(width, levels, paths, dependency)


class _Rows:
    """The edges that leave nodes; with the matrix turned round, those that lead to them."""

    def __init__(self, matrix: scipy.sparse.csr_array) -> None:
        self._matrix = matrix
        self._degree = np.diff(matrix.indptr).astype(np.int64)
        self.count: int = matrix.shape[0]
        self.edges = len(matrix.indices)

    def leaving(self, cells: Ints, width: int) -> int:
        """Return how many edges leave some cells."""
        return int(self._degree[_nodes(cells, width)].sum())

    def ends(self, cells: Ints, width: int) -> tuple[Ints, Ints]:
        """Return the edges that leave some cells: the place of each one's cell among them, and the cell it leads to."""
        nodes = _nodes(cells, width)
        degree = self._degree[nodes]
        last = np.cumsum(degree)
        places = np.arange(int(last[-1]) if len(last) else 0)
        places += np.repeat(self._matrix.indptr[nodes] - last + degree, degree)
        ends = self._matrix.indices[places].astype(np.int64)
        if width > 1:
            ends = ends * width + np.repeat(cells - nodes * width, degree)
        return np.repeat(np.arange(len(cells)), degree), ends

    def product(self, values: Floats, width: int) -> Floats:
        """Return for each cell the sum of the values of those that its edges lead to."""
        product: Floats = self._matrix @ (values if width == 1 else values.reshape(-1, width))
        return product.ravel()


def _nodes(cells: Ints, width: int) -> Ints:
    return cells if width == 1 else cells // width


def _sums(places: Ints, values: Floats, count: int) -> Floats:
    sums: Floats = np.bincount(places, values, minlength=count).astype(np.float64, copy=False)
    return sums
