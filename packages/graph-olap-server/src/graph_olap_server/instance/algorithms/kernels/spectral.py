"""How important a node is by the importance of its neighbours: leading vectors of the adjacency matrix."""

from __future__ import annotations

import numpy as np

from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, matrix_of, near_one, no_convergence
from graph_olap_server.instance.algorithms.kernels.results import NodeMap

__all__ = ["eigenvector", "hits", "katz"]

_DIVERGED = 1e100
_MORE = "Raise max_iterations or tolerance"


def eigenvector(
    indptr: Ints, indices: Ints, weights: Floats | None = None, *, max_iterations: int, tolerance: float
) -> NodeMap:
    """Power iteration on the matrix plus the identity, which has the same vectors and does not swing.

    Weights count by their proportions: beside large ones the identity would be too small to stop the swinging, and
    beside small ones so large that scores hardly moved and seemed to have converged.
    """
    matrix = matrix_of(indptr, indices, _of_mean_one(weights))
    if matrix.shape[0] == 0:
        return NodeMap(np.empty(0), {"iterations": 0})
    incoming = matrix.T.tocsr()
    scores = np.full(matrix.shape[0], matrix.shape[0] ** -0.5)
    for iteration in range(1, max_iterations + 1):
        moved = scores + incoming @ scores
        moved /= np.linalg.norm(moved)
        change = float(np.linalg.norm(moved - scores))
        scores = moved
        if change <= tolerance:
            return NodeMap(scores, {"iterations": iteration, "max_score": float(scores.max())})
    hint = f"{_MORE}; on a directed graph without cycles there is nothing to converge to, so use it undirected."
    raise no_convergence("eigenvector", max_iterations, hint)


def katz(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    alpha: float | None,
    beta: float,
    normalized: bool,
    max_iterations: int,
    tolerance: float,
) -> NodeMap:
    """Solve ``x = alpha * A.T @ x + beta`` by iteration; a norm of the matrix bounds its largest eigenvalue."""
    matrix = matrix_of(indptr, indices, weights)
    if matrix.shape[0] == 0:
        return NodeMap(np.empty(0), {"iterations": 0})
    incoming = matrix.T.tocsr()
    bound = min(float(np.max(side.sum(axis=1))) for side in (matrix, incoming))
    used = (0.9 / bound if bound else 0.1) if alpha is None else alpha
    scores = np.zeros(matrix.shape[0])
    for iteration in range(1, max_iterations + 1):
        moved = used * (incoming @ scores) + 1.0
        change, size = float(np.linalg.norm(moved - scores)), float(np.linalg.norm(moved))
        scores = moved
        if size > _DIVERGED:
            break
        if change <= tolerance * size:
            scores *= 1 / size if normalized else beta  # they are proportional to it
            return NodeMap(scores, {"iterations": iteration, "alpha": used, "max_score": float(scores.max())})
    if alpha is None or alpha * bound < 1:
        raise no_convergence("katz", iteration, f"{_MORE}.")
    hint = f"alpha is {used:g}; it must be less than 1 / the largest eigenvalue, and {0.9 / bound:.3g} is."
    raise no_convergence("katz", iteration, hint)


def hits(
    indptr: Ints, indices: Ints, weights: Floats | None = None, *, score: str, max_iterations: int, tolerance: float
) -> NodeMap:
    """Hubs point at authorities: power iteration from equal scores, each kind summing to 1."""
    matrix = matrix_of(indptr, indices, weights)
    count = matrix.shape[0]
    if count == 0 or not matrix.data.any():
        return NodeMap(np.zeros(count), {"iterations": 0, "max_score": 0.0 if count else None})
    incoming = matrix.T.tocsr()
    hubs = np.full(count, 1.0 / count)
    for iteration in range(1, max_iterations + 1):
        authorities = incoming @ hubs
        authorities /= authorities.sum()
        moved = matrix @ authorities
        moved /= moved.sum()
        change = float(np.abs(moved - hubs).sum())
        hubs = moved
        if change <= tolerance:
            values = hubs if score == "hub" else authorities
            return NodeMap(values, {"iterations": iteration, "max_score": float(values.max())})
    raise no_convergence("hits", max_iterations, f"{_MORE}.")


def _of_mean_one(weights: Floats | None) -> Floats | None:
    scaled = near_one(weights)  # first, as a sum of large ones has no end
    return scaled if scaled is None or not scaled.any() else np.asarray(scaled / scaled.mean())
