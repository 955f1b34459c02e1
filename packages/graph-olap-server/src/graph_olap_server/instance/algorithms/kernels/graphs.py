"""Arrays as graphs: the kernel library's own and SciPy's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graph_olap_server.domain.errors import PlatformError

if TYPE_CHECKING:
    import scipy.sparse

__all__ = [
    "LANES",
    "DirectedGraph",
    "Floats",
    "Ints",
    "UndirectedGraph",
    "in_lanes",
    "matrix_of",
    "near_one",
    "no_convergence",
    "reordered",
    "sample",
    "whole_unit",
]

Ints = NDArray[Any]
Floats = NDArray[np.float64]
Batch = TypeVar("Batch")
Part = TypeVar("Part")

LANES = 4
"""Parts that work is shared out to, however many threads there are."""

_FINEST = 10**15


class UndirectedGraph:
    """An undirected graph of the kernel library over our arrays, which must live as long as it does."""

    def __init__(self, indptr: Ints, indices: Ints, weights: Floats | None = None) -> None:
        import networkit as nk
        import pyarrow as pa

        self._arrays = (pa.array(indices.astype(np.uint64)), pa.array(indptr.astype(np.uint64)))
        self._weights = None if weights is None else pa.array(weights.astype(np.float64))
        self.handle = nk.Graph.fromCSR(len(indptr) - 1, False, *self._arrays, out_weights=self._weights)


class DirectedGraph:
    """A directed graph of the kernel library, with the arrays it looks into."""

    def __init__(self, matrix: scipy.sparse.csr_array, *, weighted: bool) -> None:
        import networkit as nk
        import pyarrow as pa

        incoming = matrix.T.tocsr()
        arrays = [
            pa.array(part.astype(np.uint64))
            for part in (matrix.indices, matrix.indptr, incoming.indices, incoming.indptr)
        ]
        data = [pa.array(matrix.data), pa.array(incoming.data)] if weighted else [None, None]
        self._arrays = (*arrays, *data)
        self.handle = nk.Graph.fromCSR(matrix.shape[0], True, *self._arrays)


def matrix_of(indptr: Ints, indices: Ints, weights: Floats | None) -> scipy.sparse.csr_array:
    """Return the arrays as a matrix; edges without weight count 1."""
    import scipy.sparse

    count = len(indptr) - 1
    data = np.ones(len(indices)) if weights is None else weights
    return scipy.sparse.csr_array((data, indices, indptr), shape=(count, count))


def reordered(matrix: scipy.sparse.csr_array, order: Ints) -> tuple[scipy.sparse.csr_array, Ints]:
    """Return a symmetric matrix with its nodes in another order, and where each node is in it."""
    import scipy.sparse

    place = np.empty(len(order), matrix.indices.dtype)
    place[order] = np.arange(len(order))
    rows = matrix[order]
    moved = scipy.sparse.csr_array((rows.data, place[rows.indices], rows.indptr), shape=matrix.shape)
    columns = moved.tocsc()  # sorts the neighbours; columns are rows, as the matrix is symmetric
    return scipy.sparse.csr_array((columns.data, columns.indices, columns.indptr), shape=matrix.shape), place


def near_one(weights: Floats | None) -> Floats | None:
    """Return weights with the largest between 0.5 and 1, so that their squares and sums of squares stay numbers.

    The factor is a power of two, which changes no digit.
    """
    largest = 0.0 if weights is None else float(weights.max(initial=0.0))
    return weights if not largest or weights is None else np.ldexp(weights, -int(np.frexp(largest)[1]))


def whole_unit(values: Floats, most: float) -> int | None:
    """Return the power of ten that makes all values whole numbers with a sum of no more than ``most``, if there is one.

    Decimals such as 0.1 are not exact as binary fractions, and sums of them come out different in another order; whole
    numbers have neither trouble.
    """
    total = float(values.sum())
    unit = 1
    while unit <= _FINEST and total * unit <= most:
        scaled = values * unit
        # Compared by proportion, so that a small value is not taken for none.
        if np.allclose(scaled, np.rint(scaled), rtol=1e-12, atol=0):
            return unit
        unit *= 10
    return None


def in_lanes(batches: Sequence[Batch], work: Callable[[Sequence[Batch]], Part]) -> list[Part]:
    """Share batches out to a fixed number of lanes and run these on the threads of the worker.

    The lanes' results come in their order, so sums over them do not depend on how many threads there are or on which
    of them was faster. Only work that leaves the interpreter's lock (NumPy, SciPy) gains.
    """
    import networkit as nk

    lanes = [batches[lane::LANES] for lane in range(LANES) if lane < len(batches)]
    with ThreadPoolExecutor(max(1, nk.getMaxNumberOfThreads())) as threads:
        return list(threads.map(work, lanes))


def sample(count: int, samples: int | None, seed: int) -> Ints:
    """Return all nodes, or ``samples`` of them at random, in ascending order."""
    if samples is None or samples >= count:
        return np.arange(count)
    chosen: Ints = np.sort(np.random.default_rng(seed).choice(count, samples, replace=False))
    return chosen


def no_convergence(name: str, iterations: int, hint: str) -> PlatformError:
    """Say that scores were still changing when the iterations allowed were used up."""
    message = f"{name} did not converge within {iterations} iterations. {hint}"
    return PlatformError("ALGORITHM_FAILED", message, {"reason": "no convergence", "iterations": iterations})
