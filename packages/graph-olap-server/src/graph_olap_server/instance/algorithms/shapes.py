"""Results of kernels on their way out: JSON of section 7.6, Arrow tables, properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph_olap_server.instance.algorithms.kernels.results import (
    Computed,
    EdgeMap,
    NodeList,
    NodeMap,
    PairScores,
    Paths,
    Scalar,
)
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.nodes import NodeReferences
from graph_olap_server.instance.projection import Orientation, Projection
from graph_olap_server.instance.writeback import write_edge_values, write_values

__all__ = ["statistics", "to_json", "to_table", "write"]

LIMIT = 10_000
"""Most entries of a list in a JSON result."""

MAX_SIZES = 1_000
"""Most sizes of sets in a JSON result."""


def to_json(computed: Computed, references: NodeReferences) -> dict[str, Any]:
    """Return the entries of a result that is not written back, at most :data:`LIMIT` of them."""
    name = references.reference
    if isinstance(computed, NodeMap):
        present = np.arange(len(computed.values)) if computed.valid is None else np.flatnonzero(computed.valid)
        values = computed.values[present]
        return _listed(present, lambda i: {"node": name(int(present[i])), "value": _json(values[i])}, "values")
    if isinstance(computed, EdgeMap):
        source, target, values = computed.source, computed.target, computed.values
        return _listed(
            source,
            lambda i: {"source": name(int(source[i])), "target": name(int(target[i])), "value": _json(values[i])},
            "values",
        )
    if isinstance(computed, PairScores):
        source, target, scores = computed.source, computed.target, computed.scores
        return _listed(
            source,
            lambda i: {"source": name(int(source[i])), "target": name(int(target[i])), "score": _json(scores[i])},
            "pairs",
        )
    if isinstance(computed, Paths):
        return _paths(computed, name)
    if isinstance(computed, NodeList):
        nodes = computed.nodes
        return _listed(nodes, lambda i: name(int(nodes[i])), "nodes")
    return {}


def statistics(computed: Computed) -> dict[str, Any]:
    """Return what sums a result up, whatever becomes of it: the one number, or how many values and how large."""
    if isinstance(computed, Scalar):
        return {"kind": "scalar", "value": _json(computed.value)}
    if isinstance(computed, NodeMap):
        values = computed.values if computed.valid is None else computed.values[computed.valid]
        return {"kind": "node_map", "count": len(values), **_extent(values)}
    if isinstance(computed, EdgeMap):
        return {"kind": "edge_map", "count": len(computed.values), **_extent(computed.values)}
    if isinstance(computed, PairScores):
        return {"kind": "pair_scores", "count": len(computed.scores)}
    if isinstance(computed, Paths):
        return {"kind": "node_sets", "count": len(computed.offsets) - 1}
    return {"kind": "node_list", "count": len(computed.nodes), "length": len(computed.nodes)}


def to_table(computed: Computed, references: NodeReferences) -> pa.Table:
    """Return the whole result as a table; nodes are named by ``_id``, label and primary key."""
    if isinstance(computed, NodeMap):
        present = np.arange(len(computed.values)) if computed.valid is None else np.flatnonzero(computed.valid)
        return pa.table({**_node_columns(references, present), "value": _array(computed.values[present])})
    if isinstance(computed, EdgeMap):
        return pa.table(
            {**_end_columns(references, computed.source, computed.target), "value": _array(computed.values)}
        )
    if isinstance(computed, PairScores):
        return pa.table(
            {**_end_columns(references, computed.source, computed.target), "score": _array(computed.scores)}
        )
    if isinstance(computed, Paths):
        _, _, keys = references.columns(computed.nodes.astype(np.int64))
        offsets = pa.array(computed.offsets.astype(np.int64))
        columns = {"path": pa.LargeListArray.from_arrays(offsets, keys), "length": pa.array(_lengths(computed))}
        return pa.table(columns if computed.costs is None else {**columns, "cost": pa.array(computed.costs)})
    if isinstance(computed, NodeList):
        position = pa.array(np.arange(len(computed.nodes)))
        return pa.table({**_node_columns(references, computed.nodes.astype(np.int64)), "value": position})
    return pa.table({"value": pa.array([_json(computed.value)])})


def write(
    engine: GraphEngine,
    computed: Computed,
    name: str,
    type_name: str,
    projection: Projection,
    edge_types: tuple[str, ...],
    *,
    orientation: Orientation,
    check: Callable[[], None],
) -> tuple[int, int]:
    """Write a result as a property; return how many nodes and how many relationships got it.

    It is one transaction; ``check`` is called now and then, and what it raises undoes everything.
    """
    nodes = projection.nodes
    if isinstance(computed, NodeMap):
        present = np.arange(len(computed.values)) if computed.valid is None else np.flatnonzero(computed.valid)
        return write_values(engine, name, type_name, present, _array(computed.values[present]), nodes, check), 0
    if isinstance(computed, NodeList):
        order = np.argsort(computed.nodes)
        return write_values(engine, name, type_name, computed.nodes[order], pa.array(order), nodes, check), 0
    if isinstance(computed, EdgeMap):
        ends = computed.source.astype(np.int64), computed.target.astype(np.int64)
        values = _array(computed.values)
        return 0, write_edge_values(
            engine,
            name,
            type_name,
            edge_types,
            ends,
            values,
            projection,
            undirected=orientation == "undirected",
            reverse=orientation == "reverse",
            check=check,
        )
    raise TypeError(f"a result of kind {type(computed).__name__} has no property form")


def _paths(computed: Paths, name: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    shown: list[dict[str, Any]] = []
    room = LIMIT
    count = len(computed.offsets) - 1
    for number in range(count):
        nodes = computed.nodes[computed.offsets[number] : computed.offsets[number + 1]]
        if len(nodes) > room:
            break
        room -= len(nodes)
        cost = None if computed.costs is None else _json(computed.costs[number])
        shown.append({"nodes": [name(int(node)) for node in nodes], "length": max(0, len(nodes) - 1), "cost": cost})
    sizes = np.diff(computed.offsets)
    path_of = np.repeat(np.arange(count), sizes)
    apart = len(np.unique(path_of * (int(computed.nodes.max(initial=0)) + 1) + computed.nodes))
    return {
        "sets": [path["nodes"] for path in shown],
        "sizes": sizes[:MAX_SIZES].tolist(),
        "overlapping": apart > len(np.unique(computed.nodes)),
        "paths": shown,
        **({"result_truncated": True} if len(shown) < count else {}),
    }


def _listed(items: NDArray[Any], entry: Callable[[int], Any], field: str) -> dict[str, Any]:
    shown = [entry(i) for i in range(min(len(items), LIMIT))]
    return {field: shown, **({"result_truncated": True} if len(items) > LIMIT else {})}


def _extent(values: NDArray[Any]) -> dict[str, Any]:
    if values.ndim > 1 or not len(values) or values.dtype.kind not in "iuf":
        return {}
    return {"min": _json(values.min()), "max": _json(values.max()), "mean": _json(values.mean())}


def _node_columns(references: NodeReferences, dense: NDArray[np.int64]) -> dict[str, pa.Array]:
    ids, labels, keys = references.columns(dense)
    return {"_id": ids, "_label": labels, "key": keys}


def _end_columns(references: NodeReferences, source: NDArray[Any], target: NDArray[Any]) -> dict[str, pa.Array]:
    columns: dict[str, pa.Array] = {}
    for side, dense in (("source", source), ("target", target)):
        _, labels, keys = references.columns(dense.astype(np.int64))
        columns |= {f"{side}_label": labels, side: keys}
    return columns


def _array(values: NDArray[Any]) -> pa.Array:
    """Return values as Arrow; what is not a number becomes null."""
    if values.ndim == 2:
        flat = pa.array(np.ascontiguousarray(values, np.float64).ravel())
        offsets = np.arange(0, values.size + 1, max(values.shape[1], 1), dtype=np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), flat)
    return pa.array(values, from_pandas=values.dtype.kind == "f")


def _lengths(computed: Paths) -> NDArray[Any]:
    lengths: NDArray[Any] = np.maximum(np.diff(computed.offsets) - 1, 0)
    return lengths


def _json(value: Any) -> Any:
    plain = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    if isinstance(plain, float) and not np.isfinite(plain):
        return None
    return plain


assert set(Computed.__args__) == {EdgeMap, NodeList, NodeMap, PairScores, Paths, Scalar}
