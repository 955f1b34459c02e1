"""From the engine's tables to the arrays that kernels work on.

A projection numbers the selected nodes densely in the order of their ``_id`` (:class:`NodeIndex`) and holds the
selected edges as compressed sparse rows. docs/design/projections.md says why it looks this way.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.instance.edges import SelectedEdges, selected_by_query, selected_by_type
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.nodes import NodeIndex
from graph_olap_server.instance.workers import Control, SharedArray

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["Orientation", "Parallel", "Projection", "ProjectionCache", "ProjectionSpec", "build_csr", "project"]

Parallel = Literal["once", "keep", "sum", "min", "max", "count"]
Orientation = Literal["natural", "reverse", "undirected"]


@dataclass(frozen=True, slots=True)
class ProjectionSpec:
    """What to project.

    Attributes:
        labels: Node labels, in any order.
        edge_types: Relationship types whose ends are among the labels.
        orientation: Follow edges as they are, against their direction, or both ways.
        weight_property: Numeric edge property, or ``None`` for edges without weight.
        parallel: What becomes of several edges between the same two nodes: counted ``once`` (no weights), kept apart,
            or merged into one whose weight is their sum, smallest, largest or number.
        self_loops: Whether edges from a node to itself are kept.
        query: A guarded, reading statement that returns ``source`` and ``target`` and selects edges in place of labels
            and types.
        negative_weights: Whether weights below zero are let through.
    """

    labels: tuple[str, ...]
    edge_types: tuple[str, ...]
    orientation: Orientation = "natural"
    weight_property: str | None = None
    parallel: Parallel = "once"
    self_loops: bool = True
    query: str | None = None
    negative_weights: bool = False

    @property
    def selected(self) -> tuple[Any, ...]:
        """What is selected, without how it is laid out."""
        return self.labels, self.edge_types, self.query

    @property
    def id(self) -> str:
        """A short name for the same selection, always the same."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Projection:
    """A graph in dense ids.

    Attributes:
        nodes: Which node each dense id is.
        edge_count: Relationships that were selected, each parallel edge and self-loop counted.
        arrays: ``indptr`` and ``indices`` (outgoing edges; for an undirected graph all neighbours, a self-loop once),
            and ``weights`` when there are any.
        graph_version: Version of the graph it was read from.
    """

    nodes: NodeIndex
    edge_count: int
    arrays: Mapping[str, SharedArray]
    graph_version: int = 0

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.nodes)

    @property
    def nbytes(self) -> int:
        """Size of the arrays."""
        return sum(array.nbytes for array in self.arrays.values())


class ProjectionCache:
    """Recent projections, at most ``max_bytes`` of them.

    Edges of an instance never change, and of their properties only those that an algorithm wrote. What was selected by
    a query or weighted by such a property is built anew once the graph has changed; everything else stays valid until
    it is pushed out.
    """

    def __init__(self, max_bytes: int = 2 * 1024**3) -> None:
        self._max_bytes = max_bytes
        self._mutex = threading.Lock()
        self._entries: OrderedDict[ProjectionSpec, Projection] = OrderedDict()

    def get(self, engine: GraphEngine, spec: ProjectionSpec, control: Control) -> Projection:
        """Return a projection, built now unless it is known."""
        if (known := self.known(engine, spec)) is not None:
            return known
        projection = project(engine, spec, control)
        with self._mutex:
            self._entries[spec] = projection
            self._entries.move_to_end(spec)
            total = sum(entry.nbytes for entry in self._entries.values())
            while total > self._max_bytes and len(self._entries) > 1:
                _, oldest = self._entries.popitem(last=False)
                total -= oldest.nbytes
        return projection

    def known(self, engine: GraphEngine, spec: ProjectionSpec) -> Projection | None:
        """Return a projection that is in the cache and still true."""
        with self._mutex:
            known = self._entries.get(spec)
            if known is None:
                return None
            if known.graph_version != engine.graph_version and _may_change(engine, spec):
                del self._entries[spec]
                return None
            self._entries.move_to_end(spec)
            return known

    def drop(self, spec: ProjectionSpec) -> None:
        """Forget what was built of the same selection, in whatever orientation and with whatever weights."""
        with self._mutex:
            for known in [known for known in self._entries if known.selected == spec.selected]:
                del self._entries[known]

    def __iter__(self) -> Iterator[tuple[ProjectionSpec, Projection]]:
        """Iterate over what is in the cache, the longest unused first."""
        with self._mutex:
            return iter(list(self._entries.items()))


def project(engine: GraphEngine, spec: ProjectionSpec, control: Control) -> Projection:
    """Read the selected nodes and edges from the engine and build the arrays.

    Raises:
        PlatformError: ``VALIDATION_FAILED`` when an edge has no usable weight or the query returns something else.
    """
    version = engine.graph_version
    if spec.query is None:
        edges = selected_by_type(engine, spec.labels, spec.edge_types, spec.weight_property, control)
    else:
        edges = selected_by_query(engine, spec.query, spec.weight_property, control)
    control.check()
    weight = _checked(spec, edges)
    source, target = edges.source, edges.target
    if spec.orientation == "reverse":
        source, target = target, source
    arrays = build_csr(
        len(edges.nodes),
        source,
        target,
        weight,
        directed=spec.orientation != "undirected",
        parallel=spec.parallel,
        self_loops=spec.self_loops,
    )
    control.check()
    shared = {name: SharedArray(array) for name, array in arrays.items()}
    return Projection(edges.nodes, len(edges.source), shared, version)


def build_csr(
    node_count: int,
    source: NDArray[np.integer[Any]],
    target: NDArray[np.integer[Any]],
    weight: NDArray[np.float64] | None = None,
    *,
    directed: bool,
    parallel: Parallel = "once",
    self_loops: bool = True,
) -> dict[str, NDArray[Any]]:
    """Build ``indptr``, ``indices`` and, unless ``parallel`` is ``once``, ``weights``; neighbours are sorted."""
    if node_count <= np.iinfo(np.int32).max:
        source, target = source.astype(np.int32, copy=False), target.astype(np.int32, copy=False)
    if not self_loops:
        keep = source != target
        source, target = source[keep], target[keep]
        weight = None if weight is None else weight[keep]
    if not directed:
        # The other direction of each edge; a self-loop is its own, which matters only where edges are merged or kept.
        other = slice(None) if parallel == "once" else source != target
        source, target = np.concatenate([source, target[other]]), np.concatenate([target, source[other]])
        weight = None if weight is None else np.concatenate([weight, weight[other]])
    if parallel == "once":
        data: NDArray[Any] = np.ones(len(source), np.int8)
    elif weight is None or parallel == "count":
        data = np.ones(len(source))
    else:
        data = weight
    rows = _sorted_rows(node_count, source, target, data)
    if parallel in ("min", "max"):
        return _extremes(rows, parallel)
    if parallel != "keep":
        rows.sum_duplicates()
    arrays = {"indptr": rows.indptr.astype(np.int64), "indices": rows.indices}
    return arrays if parallel == "once" else {**arrays, "weights": rows.data}


def _sorted_rows(
    node_count: int, source: NDArray[np.integer[Any]], target: NDArray[np.integer[Any]], data: NDArray[Any]
) -> scipy.sparse.csc_array:
    """Sort edges by source and target, parallel ones apart; the "columns" of what is returned are the sources.

    Two counting sorts, by target and then by source: a third of the time of sorting pairs, and half of the memory.
    """
    import scipy.sparse  # 0.2 s to import; the server listens long before the first algorithm

    matrix = scipy.sparse.coo_array((data, (target, source)), shape=(node_count, node_count))
    matrix.has_canonical_format = True  # else parallel edges were merged here, which sorts once more
    return matrix.tocsr().tocsc()


def _extremes(rows: scipy.sparse.csc_array, parallel: Parallel) -> dict[str, NDArray[Any]]:
    """Merge parallel edges into the one with the smallest or largest weight."""
    starts = np.ones(len(rows.indices), bool)
    np.not_equal(rows.indices[1:], rows.indices[:-1], out=starts[1:])
    starts[rows.indptr[:-1][np.diff(rows.indptr) > 0]] = True
    first = np.flatnonzero(starts)
    pick = np.minimum if parallel == "min" else np.maximum
    return {
        "indptr": np.searchsorted(first, rows.indptr).astype(np.int64),
        "indices": rows.indices[first],
        "weights": pick.reduceat(rows.data, first) if len(first) else rows.data,
    }


def _checked(spec: ProjectionSpec, edges: SelectedEdges) -> NDArray[np.float64] | None:
    """Return weights as doubles; refuse what would silently distort a result."""
    if spec.weight_property is None:
        return None
    assert edges.weight is not None
    for name, values, missing in edges.weight:
        if missing:
            raise _bad_weight(f"{missing} of {len(values)} {name} relationships have no {spec.weight_property}", spec)
        usable = np.isfinite(values)
        if not spec.negative_weights:
            usable &= values >= 0
        if not usable.all():
            kind = "not finite" if spec.negative_weights else "negative or not finite"
            count = int((~usable).sum())
            reason = f"{count} of {len(values)} {name} relationships have a {spec.weight_property} that is {kind}"
            raise _bad_weight(reason, spec)
    return np.concatenate([values for _, values, _ in edges.weight]) if edges.weight else np.empty(0)


def _bad_weight(reason: str, spec: ProjectionSpec) -> Exception:
    allowed = "finite numbers" if spec.negative_weights else "numbers from 0 up"
    return validation_failed([("weight_property", f"{reason}; weights must be {allowed}")])


def _may_change(engine: GraphEngine, spec: ProjectionSpec) -> bool:
    if spec.query is not None:
        return True
    return spec.weight_property is not None and spec.weight_property in engine.written_properties()
