"""Results that a kernel gives as arrays, in the forms that NetworkX's own results have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph_olap_server.instance.networkx_bridge.classify import MAX_SIZES
from graph_olap_server.instance.networkx_bridge.plain import double, limited, list_limit, statistics
from graph_olap_server.instance.networkx_bridge.values import Classified, Handle, NodeValues

__all__ = ["classify_groups", "classify_values"]


def classify_values(dense: NDArray[np.int64], values: NDArray[Any], *, write: bool) -> Classified:
    """Return the node map of an array of values; ``dense`` are their nodes, ascending."""
    stored = [double(value) if isinstance(value, float) else value for value in values.tolist()]
    result: dict[str, Any] = {"kind": "node_map", "count": len(stored), **statistics(values.tolist())}
    if not write:
        shown = list(zip(dense[: list_limit() + 1].tolist(), stored, strict=False))
        result |= limited("values", shown, lambda item: {"node": Handle(item[0]), "value": item[1]})
    type_name = {"b": "BOOL", "f": "DOUBLE"}.get(values.dtype.kind, "INT64")
    return Classified(result, [NodeValues(dense.tolist(), type_name, stored)])


def classify_groups(labels: NDArray[np.int64], *, write: bool) -> Classified:
    """Return the node sets that labels make; they are numbered larger first, of equal ones the smallest node first."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    result: dict[str, Any] = {
        "kind": "node_sets",
        "count": len(sizes),
        "sizes": sizes[:MAX_SIZES].tolist(),
        "overlapping": False,
    }
    if not write:
        ends = np.cumsum(sizes)
        fitting = int(np.searchsorted(ends, list_limit(), side="right"))
        starts = ends[:fitting] - sizes[:fitting]
        result["sets"] = [
            [Handle(node) for node in order[start:end].tolist()] for start, end in zip(starts, ends, strict=False)
        ]
        if fitting < len(sizes):
            result["result_truncated"] = True
    return Classified(result, [NodeValues(list(range(len(labels))), "INT64", labels.tolist())])
