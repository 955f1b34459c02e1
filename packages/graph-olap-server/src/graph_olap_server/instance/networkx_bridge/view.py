"""The graph of a call as arrays, as NetworkX would see it: one edge between two nodes at most, self-loops kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph_olap_server.instance.networkx_bridge.values import PREFIX
from graph_olap_server.instance.projection import Parallel, build_csr

__all__ = ["GraphView"]

Arrays = dict[str, NDArray[Any]]


class GraphView:
    """A simple graph over ``count`` nodes.

    Args:
        indptr: Rows of the directed graph, parallel edges merged.
        indices: Ends of its edges.
        weights: Their weights, those of parallel edges combined.
        directed: Whether the graph is a ``DiGraph`` or a ``Graph``.
        combine: How the weights of both directions become one in a ``Graph``.
        attributes: Further numbers of the edges, by name.
        integers: Which of them (or ``weight``) are whole numbers.
        labels: Values of further attributes; as ``label:...`` the attributes hold each edge's place in them.
    """

    def __init__(
        self,
        indptr: NDArray[Any],
        indices: NDArray[Any],
        weights: NDArray[np.float64] | None,
        *,
        directed: bool,
        combine: Parallel = "sum",
        attributes: Mapping[str, NDArray[np.float64]] | None = None,
        integers: Collection[str] = (),
        labels: Mapping[str, list[Any]] | None = None,
    ) -> None:
        self.directed = directed
        self._combine: Parallel = combine
        self._attributes = dict(attributes or {})
        self._integers = integers
        self._labels = dict(labels or {})
        self.count = len(indptr) - 1
        self._given: Arrays = {"indptr": indptr, "indices": indices}
        if weights is not None:
            self._given["weights"] = weights

    @cached_property
    def arrays(self) -> Arrays:
        """``indptr``, ``indices`` and perhaps ``weights``; each edge of a ``Graph`` in both directions."""
        if self.directed:
            return self._given
        return self._without_direction(self._given.get("weights"))

    @cached_property
    def plain(self) -> Arrays:
        """``indptr`` and ``indices`` of the ``Graph`` without its self-loops."""
        return self._without_direction(None, self_loops=False)

    @property
    def one_way(self) -> Arrays:
        """``indptr`` and ``indices`` of the directed graph, whether it counts as directed or not."""
        return self._given

    @cached_property
    def incoming(self) -> Arrays:
        """``indptr`` and ``indices`` of the graph with all edges turned around."""
        if not self.directed:
            return self.arrays
        import scipy.sparse

        indptr, indices = self._given["indptr"], self._given["indices"]
        out = scipy.sparse.csr_array((np.ones(len(indices), bool), indices, indptr), shape=(self.count, self.count))
        turned = out.tocsc()  # its columns are the rows of the other direction, sorted
        return {"indptr": turned.indptr.astype(np.int64), "indices": turned.indices.astype(indices.dtype, copy=False)}

    @cached_property
    def ends(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Both ends of every entry of ``arrays``."""
        rows = np.repeat(np.arange(self.count), np.diff(self.arrays["indptr"]))
        return rows, self.arrays["indices"].astype(np.int64)

    @cached_property
    def edge_count(self) -> int:
        """Edges as NetworkX counts them."""
        if self.directed:
            return len(self._given["indices"])
        if "plain" in self.__dict__:  # computed before
            return len(self.plain["indices"]) // 2 + len(self.loops)
        return (len(self.arrays["indices"]) + len(self.loops)) // 2

    @cached_property
    def loops(self) -> NDArray[np.int64]:
        """The nodes with a self-loop."""
        rows, indices = self._rows, self._given["indices"]
        loops: NDArray[np.int64] = rows[rows == indices].astype(np.int64)
        return loops

    @cached_property
    def _rows(self) -> NDArray[Any]:
        """The node of each edge that was given."""
        indptr, indices = self._given["indptr"], self._given["indices"]
        return np.repeat(np.arange(self.count, dtype=indices.dtype), np.diff(indptr))

    def without_direction(self) -> GraphView:
        """Return the ``Graph`` of the same edges."""
        given = self._given
        return GraphView(
            given["indptr"],
            given["indices"],
            given.get("weights"),
            directed=False,
            combine=self._combine,
            attributes=self._attributes,
            integers=self._integers,
            labels=self._labels,
        )

    def edge_attributes(self) -> dict[str, NDArray[Any]]:
        """Return all attributes of the edges by name, in the order of ``arrays``."""
        found = {"weight": self.arrays["weights"]} if "weights" in self.arrays else {}
        for name, values in self._attributes.items():
            if name.startswith(PREFIX):
                continue
            found[name] = values if self.directed else self._without_direction(values)["weights"]
        numbers = {name: found[name].astype(np.int64) if name in self._integers else found[name] for name in found}
        return numbers | {name: self._labels_of(name, values) for name, values in self._labels.items()}

    def _labels_of(self, name: str, values: list[Any]) -> NDArray[Any]:
        places = self._attributes[f"{PREFIX}{name}"]
        if not self.directed:  # of both directions the smallest counts, as of parallel relationships
            places = self._without_direction(places.astype(np.float64), combine="min")["weights"].astype(np.int64)
        objects = np.empty(len(values), object)
        objects[:] = values
        chosen: NDArray[Any] = objects[places]
        return chosen

    def _without_direction(
        self, weights: NDArray[np.float64] | None, *, self_loops: bool = True, combine: Parallel | None = None
    ) -> Arrays:
        if weights is None:
            return self._both_ways(self_loops=self_loops)
        return build_csr(
            self.count,
            self._rows.astype(np.int64),
            self._given["indices"].astype(np.int64),
            weights,
            directed=False,
            parallel=combine or ("sum" if self._combine == "count" else self._combine),
            self_loops=self_loops,
        )

    def _both_ways(self, *, self_loops: bool) -> Arrays:
        """Merge the rows with those of the edges turned around; they are sorted, and ``build_csr`` would sort anew."""
        import scipy.sparse

        indptr, indices = self._given["indptr"], self._given["indices"]
        if not self_loops:
            kept = self._rows != indices
            indptr, indices = np.concatenate([[0], np.cumsum(kept)])[indptr], indices[kept]
        shape = (self.count, self.count)
        out = scipy.sparse.csr_array((np.ones(len(indices), bool), indices, indptr), shape=shape)
        both = out + out.T.tocsr()
        return {"indptr": both.indptr.astype(np.int64), "indices": both.indices.astype(indices.dtype, copy=False)}
