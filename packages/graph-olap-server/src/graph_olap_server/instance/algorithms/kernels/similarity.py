"""How much the neighbourhoods of two nodes have in common.

The products of the matrix with itself are made for blocks of rows, so that only one block of pairs is in memory, and
of each row only the best scores are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph_olap_server.instance.algorithms.kernels.graphs import LANES, Floats, Ints, in_lanes, matrix_of, near_one
from graph_olap_server.instance.algorithms.kernels.results import PairScores
from graph_olap_server.instance.algorithms.kernels.searches import neighbours

if TYPE_CHECKING:
    import scipy.sparse

__all__ = [
    "adamic_adar",
    "common_neighbors",
    "cosine",
    "jaccard",
    "overlap",
    "preferential_attachment",
    "resource_allocation",
]

_PRODUCTS_AT_ONCE = 1 << 22
_FEWEST_PRODUCTS = 1 << 16


def jaccard(
    indptr: Ints, indices: Ints, *, top_k: int, threshold: float, source_nodes: Sequence[int] | None
) -> PairScores:
    """Common neighbours by neighbours of either."""
    degree = np.diff(indptr).astype(np.float64)
    matrix = matrix_of(indptr, indices, None)

    def score(row: Ints, column: Ints, common: Floats) -> Floats:
        return common / (degree[row] + degree[column] - common)

    return _best_pairs(matrix, matrix.T.tocsr(), score, top_k, threshold, source_nodes)


def overlap(
    indptr: Ints, indices: Ints, *, top_k: int, threshold: float, source_nodes: Sequence[int] | None
) -> PairScores:
    """Common neighbours by neighbours of the one that has fewer."""
    degree = np.diff(indptr).astype(np.float64)
    matrix = matrix_of(indptr, indices, None)

    def score(row: Ints, column: Ints, common: Floats) -> Floats:
        scores: Floats = common / np.minimum(degree[row], degree[column])
        return scores

    return _best_pairs(matrix, matrix.T.tocsr(), score, top_k, threshold, source_nodes)


def cosine(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    top_k: int,
    threshold: float,
    source_nodes: Sequence[int] | None,
) -> PairScores:
    """Product of two rows by the product of their lengths."""
    matrix = matrix_of(indptr, indices, near_one(weights))
    length: Floats = np.sqrt(np.asarray((matrix * matrix).sum(axis=1), np.float64).ravel())

    def score(row: Ints, column: Ints, common: Floats) -> Floats:
        return common / (length[row] * length[column])

    return _best_pairs(matrix, matrix.T.tocsr(), score, top_k, threshold, source_nodes)


def common_neighbors(
    indptr: Ints,
    indices: Ints,
    *,
    top_k: int,
    threshold: float,
    source_nodes: Sequence[int] | None,
    include_neighbors: bool,
) -> PairScores:
    """Each common neighbour adds 1."""
    share = np.ones(len(indptr) - 1)
    return _by_shares(indptr, indices, share, top_k, threshold, source_nodes, include_neighbors)


def adamic_adar(
    indptr: Ints,
    indices: Ints,
    *,
    top_k: int,
    threshold: float,
    source_nodes: Sequence[int] | None,
    include_neighbors: bool,
) -> PairScores:
    """Each common neighbour adds 1 / log(degree); it has at least two, others only lead back to the node itself."""
    degree = np.diff(indptr).astype(np.float64)
    share = 1.0 / np.log(np.maximum(degree, 2.0))
    return _by_shares(indptr, indices, share, top_k, threshold, source_nodes, include_neighbors)


def resource_allocation(
    indptr: Ints,
    indices: Ints,
    *,
    top_k: int,
    threshold: float,
    source_nodes: Sequence[int] | None,
    include_neighbors: bool,
) -> PairScores:
    """Each common neighbour adds 1 / degree."""
    share = 1.0 / np.maximum(np.diff(indptr).astype(np.float64), 1.0)
    return _by_shares(indptr, indices, share, top_k, threshold, source_nodes, include_neighbors)


def preferential_attachment(
    indptr: Ints, indices: Ints, *, top_k: int, source_nodes: Sequence[int] | None, include_neighbors: bool
) -> PairScores:
    """Best products of the degrees of a node and of others."""
    count = len(indptr) - 1
    degree = np.diff(indptr)
    ranked = np.lexsort((np.arange(count), -degree))
    ranked = ranked[degree[ranked] > 0]
    kept: list[_Pairs] = []
    for node in _rows(count, source_nodes).tolist():
        if not degree[node]:
            continue
        mine = indices[indptr[node] : indptr[node + 1]]
        near = ranked[: top_k + 1 + (0 if include_neighbors else len(mine))]
        allowed = near != node
        if not include_neighbors:
            allowed &= ~np.isin(near, mine)
        others = near[allowed][:top_k]
        kept.append(_Pairs(np.full(len(others), node), others, degree[node] * degree[others].astype(np.float64)))
    return _joined(kept)


def _by_shares(
    indptr: Ints,
    indices: Ints,
    share: Floats,
    top_k: int,
    threshold: float,
    source_nodes: Sequence[int] | None,
    include_neighbors: bool,
) -> PairScores:
    """Return the best sums of what each common neighbour adds."""
    matrix = matrix_of(indptr, indices, None)
    scaled = matrix_of(indptr, indices, share[np.asarray(indices)])
    left_out = None if include_neighbors else matrix
    return _best_pairs(scaled, matrix.T.tocsr(), lambda r, c, common: common, top_k, threshold, source_nodes, left_out)


class _Pairs(NamedTuple):
    row: Ints
    column: Ints
    score: Floats


def _best_pairs(
    left: scipy.sparse.csr_array,
    right: scipy.sparse.csr_array,
    score: Callable[[Ints, Ints, Floats], Floats],
    top_k: int,
    threshold: float,
    source_nodes: Sequence[int] | None,
    left_out: scipy.sparse.csr_array | None = None,
) -> PairScores:
    """Return the ``top_k`` best scores above 0 and not below the threshold of each row of ``left @ right``.

    A node is no candidate for itself, nor for what it has an edge to in ``left_out``. Of equal scores the smaller node
    comes first.
    """
    rows = _rows(left.shape[0], source_nodes)
    width = np.diff(right.indptr)
    row, place = neighbours(left.indptr.astype(np.int64), rows)
    products = np.bincount(row, weights=width[left.indices[place]], minlength=left.shape[0])[rows]
    done = np.cumsum(products)
    # A few batches for every lane, also on a small graph.
    at_once = np.clip(done[-1] // (4 * LANES), _FEWEST_PRODUCTS, _PRODUCTS_AT_ONCE) if len(done) else 1
    number = (done // at_once).astype(np.int64)
    batches = np.split(rows, np.flatnonzero(np.diff(number)) + 1) if len(rows) else []

    def lane(own: Sequence[Ints]) -> list[tuple[int, _Pairs]]:
        return [(int(batch[0]), _best(batch, left, right, score, top_k, threshold, left_out)) for batch in own]

    parts = sorted((part for lane_parts in in_lanes(batches, lane) for part in lane_parts), key=lambda part: part[0])
    return _joined([pairs for _, pairs in parts])


def _best(
    batch: Ints,
    left: scipy.sparse.csr_array,
    right: scipy.sparse.csr_array,
    score: Callable[[Ints, Ints, Floats], Floats],
    top_k: int,
    threshold: float,
    left_out: scipy.sparse.csr_array | None,
) -> _Pairs:
    product = left[batch] @ right
    place = np.repeat(np.arange(len(batch)), np.diff(product.indptr))
    row, column, data = batch[place], product.indices.astype(np.int64), product.data
    keep = (column != row) & (data > 0)
    row, column = row[keep], column[keep]
    scores = score(row, column, data[keep])
    room = np.full(left.shape[0], top_k) if left_out is None else top_k + np.diff(left_out.indptr)
    keep = _may_be_best(row, scores, room) & (scores >= threshold)
    row, column, scores = row[keep], column[keep], scores[keep]
    if left_out is not None:
        count = left.shape[0]
        own_row, own_place = neighbours(left_out.indptr.astype(np.int64), batch)
        known = own_row * count + left_out.indices[own_place]
        keep = ~np.isin(row * count + column, known)
        row, column, scores = row[keep], column[keep], scores[keep]
    order = np.lexsort((column, -scores, row))
    row, column, scores = row[order], column[order], scores[order]
    first, lengths = _runs(row)
    rank = np.arange(len(row)) - np.repeat(first, lengths)
    return _Pairs(*(part[rank < top_k] for part in (row, column, scores)))


def _may_be_best(row: Ints, scores: Floats, room: Ints) -> NDArray[np.bool_]:
    """Return which scores are among the ``room`` best of their row, or as good: sorting all takes several times longer.

    Scores of a row stand together.
    """
    first, lengths = _runs(row)
    worst = np.full(len(first), -np.inf)
    surplus = lengths - room[row[first]]
    for number in np.flatnonzero(surplus > 0).tolist():
        start, more = first[number], surplus[number]
        worst[number] = np.partition(scores[start : start + lengths[number]], more)[more]
    return scores >= np.repeat(worst, lengths)


def _runs(row: Ints) -> tuple[Ints, Ints]:
    """Return where each run of equal numbers begins and how long it is."""
    first = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]])) if len(row) else np.empty(0, np.int64)
    return first, np.diff(np.append(first, len(row)))


def _rows(count: int, source_nodes: Sequence[int] | None) -> Ints:
    return np.arange(count) if source_nodes is None else np.unique(np.asarray(source_nodes, np.int64))


def _joined(parts: list[_Pairs]) -> PairScores:
    if not parts:
        return PairScores(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), {"pairs": 0, "max_score": None})
    row, column, scores = (np.concatenate(column) for column in zip(*parts, strict=True))
    return PairScores(row, column, scores, {"pairs": len(row), "max_score": float(scores.max()) if len(row) else None})
