"""Arrays as graphs: the kernel library's own and SciPy's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["DirectedGraph", "Floats", "Ints", "UndirectedGraph", "matrix_of"]

Ints = NDArray[Any]
Floats = NDArray[np.float64]


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
