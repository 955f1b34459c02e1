"""Centralities by power iteration, step by step as NetworkX takes them, so that both stop at the same step.

Definitions, start and rule of stopping are those of ``networkx.pagerank``, ``eigenvector_centrality`` and
``katz_centrality`` (version 3); nodes are dense ids.
"""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from graph_olap_server.instance.algorithms.kernels.graphs import matrix_of
from graph_olap_server.instance.networkx_bridge.view import GraphView

__all__ = ["eigenvector", "katz", "pagerank"]

Floats = NDArray[np.float64]


def pagerank(
    view: GraphView,
    *,
    alpha: float,
    personalization: dict[int, float] | None,
    max_iter: int,
    tol: float,
    dangling: dict[int, float] | None,
    weights: Floats | None,
) -> Floats:
    """Return the PageRank of each node."""
    matrix = _matrix(view, weights)
    out = matrix.sum(axis=1)
    inverse = np.divide(1.0, out, out=np.zeros(view.count), where=out != 0)
    shares = matrix.data * np.repeat(inverse, np.diff(matrix.indptr))
    steps = scipy.sparse.csr_array((shares, matrix.indices, matrix.indptr), shape=matrix.shape).T.tocsr()
    even = np.full(view.count, 1.0 / view.count)
    wanted = even if personalization is None else _shares(view.count, personalization)
    rest = wanted if dangling is None else _shares(view.count, dangling)
    ends = np.flatnonzero(out == 0)
    scores: Floats = even
    for _ in range(max_iter):
        last = scores
        scores = alpha * (steps @ last + last[ends].sum() * rest) + (1 - alpha) * wanted
        if np.abs(scores - last).sum() < view.count * tol:
            return scores
    raise nx.PowerIterationFailedConvergence(max_iter)


def eigenvector(view: GraphView, *, max_iter: int, tol: float, weights: Floats | None) -> Floats:
    """Return the eigenvector centrality of each node."""
    steps = _matrix(view, weights).T.tocsr()
    scores: Floats = np.full(view.count, 1.0 / view.count)
    for _ in range(max_iter):
        last = scores
        scores = last + steps @ last
        scores /= float(np.linalg.norm(scores)) or 1.0
        if np.abs(scores - last).sum() < view.count * tol:
            return scores
    raise nx.PowerIterationFailedConvergence(max_iter)


def katz(
    view: GraphView,
    *,
    alpha: float,
    beta: float,
    max_iter: int,
    tol: float,
    normalized: bool,
    weights: Floats | None,
) -> Floats:
    """Return the Katz centrality of each node."""
    steps = _matrix(view, weights).T.tocsr()
    scores: Floats = np.zeros(view.count)
    for _ in range(max_iter):
        last = scores
        scores = alpha * (steps @ last) + float(beta)
        if np.abs(scores - last).sum() < view.count * tol:
            scores /= (float(np.linalg.norm(scores)) if normalized else 1.0) or 1.0
            return scores
    raise nx.PowerIterationFailedConvergence(max_iter)


def _matrix(view: GraphView, weights: Floats | None) -> Any:
    return matrix_of(view.arrays["indptr"], view.arrays["indices"], weights)


def _shares(count: int, given: dict[int, float]) -> Floats:
    shares: Floats = np.zeros(count)
    shares[list(given)] = list(given.values())
    if shares.sum() == 0:
        raise ZeroDivisionError
    shares /= shares.sum()
    return shares
