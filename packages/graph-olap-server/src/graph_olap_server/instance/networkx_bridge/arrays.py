"""Results that a kernel gives as arrays, in the forms that NetworkX's own results have.

They stay arrays: an object per node takes longer than most kernels. With ``stream`` the whole result is in the columns
and the lists are left out; ``write`` leaves out what is written anyway.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph_olap_server.instance.networkx_bridge.classify import MAX_SIZES
from graph_olap_server.instance.networkx_bridge.plain import limited, list_limit
from graph_olap_server.instance.networkx_bridge.values import Classified, Column, Handle, NodeValues

__all__ = ["classify_groups", "classify_nodes", "classify_values"]


def classify_values(dense: NDArray[np.int64], values: NDArray[Any], *, write: bool, stream: bool) -> Classified:
    """Return the node map of an array of values; ``dense`` are their nodes, ascending."""
    type_name = {"b": "BOOL", "f": "DOUBLE"}.get(values.dtype.kind, "INT64")
    stored = np.ma.masked_invalid(values) if type_name == "DOUBLE" and not np.isfinite(values).all() else values
    result: dict[str, Any] = {"kind": "node_map", "count": len(values), **_statistics(values)}
    if stream:
        return Classified(result, columns=[Column("node", "NODE", dense), Column("value", type_name, stored)])
    if not write:
        some = slice(list_limit() + 1)
        shown = list(zip(dense[some].tolist(), stored[some].tolist(), strict=True))
        result |= limited("values", shown, lambda item: {"node": Handle(item[0]), "value": item[1]})
    return Classified(result, [NodeValues(dense, type_name, stored)])


def classify_groups(labels: NDArray[np.int64], *, write: bool, stream: bool) -> Classified:
    """Return the node sets that labels make; they are numbered larger first, of equal ones the smallest node first."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    result: dict[str, Any] = {
        "kind": "node_sets",
        "count": len(sizes),
        "sizes": sizes[:MAX_SIZES].tolist(),
        "overlapping": False,
    }
    if stream:
        return Classified(result, columns=[Column("set", "INT64", labels[order]), Column("node", "NODE", order)])
    if not write:
        ends = np.cumsum(sizes)
        fitting = int(np.searchsorted(ends, list_limit(), side="right"))
        starts = ends[:fitting] - sizes[:fitting]
        result["sets"] = [
            [Handle(node) for node in order[start:end].tolist()] for start, end in zip(starts, ends, strict=False)
        ]
        if fitting < len(sizes):
            result["result_truncated"] = True
    return Classified(result, [NodeValues(np.arange(len(labels)), "INT64", labels)])


def classify_nodes(dense: NDArray[np.int64], *, ordered: bool, stream: bool) -> Classified:
    """Return a set of nodes, or a list of them; they ascend in both."""
    result: dict[str, Any] = {"kind": "node_list", "length": len(dense)}
    if stream:
        return Classified(result, columns=[Column("node", "NODE", dense)])
    result |= limited("nodes", [Handle(node) for node in dense[: list_limit() + 1].tolist()])
    values = np.arange(len(dense)) if ordered else np.ones(len(dense), np.int64)
    return Classified(result, [NodeValues(dense, "INT64", values)])


def _statistics(values: NDArray[Any]) -> dict[str, Any]:
    if values.dtype.kind == "b" or not len(finite := values[np.isfinite(values)]):
        return {}
    return {"min": finite.min().item(), "max": finite.max().item(), "mean": finite.mean().item()}
