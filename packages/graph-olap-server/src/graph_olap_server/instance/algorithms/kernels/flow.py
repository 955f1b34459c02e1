"""How much can get from one node to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints, matrix_of, whole_unit
from graph_olap_server.instance.algorithms.kernels.results import EdgeMap, NodeMap
from graph_olap_server.instance.algorithms.kernels.searches import levels

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["max_flow", "min_cut"]

_LARGEST = 2**31 - 1


def max_flow(
    indptr: Ints, indices: Ints, weights: Floats | None = None, *, source_node: int, target_node: int
) -> EdgeMap:
    """What each edge carries when as much as possible gets from the source to the target."""
    value, flow, _, unit = _flow(indptr, indices, weights, source_node, target_node)
    used = flow.tocoo()
    carried = used.data > 0
    source, target, values = used.row[carried], used.col[carried], used.data[carried] / unit
    facts = {"max_flow": value, "edges_used": len(values)}
    return EdgeMap(source.astype(np.int64), target.astype(np.int64), values, facts)


def min_cut(
    indptr: Ints, indices: Ints, weights: Floats | None = None, *, source_node: int, target_node: int
) -> NodeMap:
    """0 for the nodes on the source's side of a cheapest cut, the smallest such side, and 1 for the others."""
    value, flow, capacity, _ = _flow(indptr, indices, weights, source_node, target_node)
    left = (capacity - flow).tocsr()
    left.data[left.data < 0] = 0
    left.eliminate_zeros()
    side = (levels(left.indptr, left.indices, np.array([source_node])) < 0).astype(np.int64)
    ends = capacity.tocoo()
    cut = int(((side[ends.row] == 0) & (side[ends.col] == 1) & (ends.data > 0)).sum())
    facts = {"cut_value": value, "cut_edges": cut, "source_side": int((side == 0).sum())}
    return NodeMap(side, facts)


def _flow(
    indptr: Ints, indices: Ints, weights: Floats | None, source: int, target: int
) -> tuple[float, scipy.sparse.csr_array, scipy.sparse.csr_array, int]:
    """Return the value of the flow, the flow and the capacities in units, and how many of these make 1."""
    import scipy.sparse.csgraph

    if source == target:
        reason = "source_node and target_node are the same node; a flow needs two. Choose another target_node."
        raise PlatformError("ALGORITHM_FAILED", reason, {"reason": "same node"})
    capacity = matrix_of(indptr.astype(np.int32), indices.astype(np.int32), weights)
    capacity.sum_duplicates()
    unit = _unit(capacity.data)
    capacity = capacity.copy()
    capacity.data = np.rint(capacity.data * unit)
    capacity = capacity.astype(np.int32)
    found = scipy.sparse.csgraph.maximum_flow(capacity, source, target)
    return float(found.flow_value) / unit, found.flow.tocsr(), capacity, unit


def _unit(capacities: Floats) -> int:
    """Return the power of ten that makes all capacities whole numbers.

    Raises:
        PlatformError: ``ALGORITHM_FAILED`` when they do not fit into 32 bits then: SciPy's algorithm has no more.
    """
    unit = whole_unit(capacities, _LARGEST)
    if unit is not None:
        return unit
    total = float(capacities.sum())
    reason = (
        f"Capacities are counted in whole units, {_LARGEST} of them at most in all edges together. These capacities, "
        f"{total:g} together, need more to be exact: round them or use another unit."
    )
    raise PlatformError("ALGORITHM_FAILED", reason, {"reason": "capacities too fine", "total": total})
