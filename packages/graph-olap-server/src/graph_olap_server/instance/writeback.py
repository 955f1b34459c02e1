"""Writing results of algorithms back into the graph: a value per node, or per relationship."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import EdgeWrite, GraphEngine, NodeWrite
from graph_olap_server.instance.nodes import NodeIndex
from graph_olap_server.instance.projection import Projection

__all__ = ["expected_seconds", "most_edges_written", "node_writes", "write_edge_values", "write_values"]

_ALWAYS_WRITTEN, _EVER_WRITTEN = 1_000_000, 10_000_000
_BYTES_PER_EDGE = 800
"""What the engines' memory holds for each relationship that gets a value: 400, and as much to write it again."""


def most_edges_written(buffer_bytes: int) -> int:
    """Return how many relationships may get a value; it takes the engines about 10 µs for each."""
    return min(max(_ALWAYS_WRITTEN, buffer_bytes // _BYTES_PER_EDGE), _EVER_WRITTEN)


def expected_seconds(nodes: int, relationships: int) -> float:
    """Return how long it takes the engines to write that many values."""
    return 0.05 + 1e-6 * nodes + 12e-6 * relationships


def write_values(
    engine: GraphEngine,
    name: str,
    type_name: str,
    dense: NDArray[np.int64],
    values: pa.Array,
    nodes: NodeIndex,
    check: Callable[[], None] = lambda: None,
) -> int:
    """Write ``values`` to the nodes with the given dense ids (ascending); return how many were set.

    All labels are written or none. ``check`` is called now and then; what it raises undoes everything.
    """
    engine.write_properties(node_writes(engine, name, type_name, dense, values, nodes), check)
    return len(dense)


def node_writes(
    engine: GraphEngine, name: str, type_name: str, dense: NDArray[np.int64], values: pa.Array, nodes: NodeIndex
) -> list[NodeWrite]:
    """Split ``values`` of nodes with the given dense ids (ascending) by label.

    The others of ``nodes`` lose what an earlier result wrote. Each label has the property afterwards, also without
    values: whether a query may name it does not depend on the data.
    """
    known = {table.label: table.properties for table in engine.schema().node_tables if table.label in nodes.labels}
    if len(dense) < len(nodes) and any(name in properties for properties in known.values()):
        place = np.full(len(nodes), -1, np.int64)
        place[dense] = np.arange(len(dense))
        dense, values = np.arange(len(nodes)), values.take(pa.array(place, mask=place < 0))
    writes = []
    for label, part, offsets in nodes.split(dense):
        own: Any = values.slice(part.start, part.stop - part.start)
        if len(offsets) or name not in known[label]:
            writes.append(NodeWrite(label, name, type_name, pa.array(offsets, pa.int64()), own))
    return writes


def write_edge_values(
    engine: GraphEngine,
    name: str,
    type_name: str,
    edge_types: tuple[str, ...],
    ends: tuple[NDArray[np.int64], NDArray[np.int64]],
    values: pa.Array,
    projection: Projection,
    *,
    undirected: bool,
    reverse: bool = False,
    check: Callable[[], None] = lambda: None,
) -> int:
    """Write ``values`` to every relationship between two nodes; return how many were set to anything but null.

    ``ends`` are dense ids. Parallel relationships get the same value, and so do both directions when ``undirected``.
    The others of the projection lose what an earlier result wrote, and each type between its labels has the property
    afterwards. All types are one transaction. ``reverse`` says that the projection has turned the relationships around.

    Raises:
        PlatformError: ``RESULT_TOO_LARGE`` for more relationships than :func:`most_edges_written`.
    """
    tables = {table.type: table for table in engine.schema().edge_tables}
    if any(name in tables[edge_type].properties for edge_type in edge_types):
        rest = _other_pairs(projection, ends, undirected=undirected)
        ends = np.concatenate([ends[0], rest[0]]), np.concatenate([ends[1], rest[1]])
        values = pa.concat_arrays([values, pa.nulls(len(rest[0]), values.type)])
    first_end, second_end = (ends[1], ends[0]) if reverse else ends
    nodes = projection.nodes
    count = max(len(nodes), 1)
    pairs = first_end * count + second_end
    order = np.argsort(pairs, kind="stable")
    pairs = pairs[order]
    writes: list[NodeWrite | EdgeWrite] = []
    valid = np.asarray(values.is_valid())
    matched = updated = 0
    for edge_type in edge_types:
        check()
        known = tables[edge_type]
        table = engine.edges(edge_type).select(["_src", "_dst"])
        start, end = (
            nodes.dense_of(label, table[column].to_numpy())
            for label, column in zip((known.from_node, known.to_node), ("_src", "_dst"), strict=True)
        )
        inside = (start >= 0) & (end >= 0)
        place = _search(pairs, start * count + end, inside)
        if undirected:
            place = np.where(place >= 0, place, _search(pairs, end * count + start, inside))
        found = np.flatnonzero(place >= 0)
        if not len(found) and (name in known.properties or not {known.from_node, known.to_node} <= {*nodes.labels}):
            continue
        # Parallel relationships are matched together: each pair of nodes is named once.
        _, first = np.unique(start[found] * count + end[found], return_index=True)
        own = table.take(pa.array(found[first]))
        chosen = values.take(pa.array(order[place[found[first]]]))
        writes.append(EdgeWrite(edge_type, name, type_name, own, chosen, len(found)))
        matched += len(found)
        updated += int(valid[order[place[found]]].sum())
    if matched > (most := most_edges_written(engine.buffer_bytes)):
        raise _too_many(matched, most)
    engine.write_properties(writes, check)
    return updated


def _other_pairs(
    projection: Projection, ends: tuple[NDArray[np.int64], NDArray[np.int64]], *, undirected: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of nodes with an edge that are not among ``ends``."""
    count = max(projection.node_count, 1)
    indptr, indices = (projection.arrays[name].open() for name in ("indptr", "indices"))
    source = np.repeat(np.arange(projection.node_count), np.diff(indptr))
    target = indices.astype(np.int64)
    named = ends[0] * count + ends[1]
    if undirected:
        named = np.concatenate([named, ends[1] * count + ends[0]])
    left = ~np.isin(source * count + target, named)
    return source[left], target[left]


def _too_many(relationships: int, most: int) -> PlatformError:
    more = "" if most == _EVER_WRITTEN else ", or give the instance more memory"
    return PlatformError(
        "RESULT_TOO_LARGE",
        f"{relationships} relationships would get a value; at most {most} can be written here. Use mode stream to get "
        f"the values as a table, select fewer relationships{more}.",
        {"relationships": relationships, "max_relationships": most},
    )


def _search(pairs: NDArray[np.int64], wanted: NDArray[np.int64], inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return where each wanted pair lies in ``pairs`` (sorted), -1 where it does not."""
    if not len(pairs):
        return np.full(len(wanted), -1, np.int64)
    place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    return np.where(inside & (pairs[place] == wanted), place, -1)
