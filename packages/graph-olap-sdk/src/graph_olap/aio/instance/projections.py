"""Projections: a selected part of the graph, kept in the instance's memory for algorithms."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Union, cast

from graph_olap._request import Call, Repeat, given
from graph_olap.exceptions import NotFoundError, ValidationError

if TYPE_CHECKING:
    from graph_olap.aio.instance.connection import AsyncInstanceConnection

__all__ = ["AsyncProjection", "AsyncProjections", "NodeKey", "graph_fields"]

NodeKey = Union[str, int, float, Mapping[str, Any]]
"""A node in a request: its primary key, or ``{"label": ..., "key": ...}`` when several labels have this key."""

_BUILD_TIMEOUT = 330.0  # the server gives up after 300 s


class AsyncProjection:
    """A part of the graph for algorithms; ``conn.project(...)`` makes one, ``graph=`` of every algorithm takes it.

    What is selected and how is remembered here; the arrays are in the instance. When they were pushed out, or the
    instance came back, the next algorithm builds them anew: a handle never becomes invalid.

    Attributes:
        node_count: Selected nodes.
        edge_count: Selected relationships, each parallel one counted.
        memory_bytes: Size of the arrays in the instance.
        node_labels: Labels of the selected nodes.
        relationship_types: Selected types; empty when a query selects.
        graph_version: Version of the graph that was read; it grows with each write-back.

    Example:
        >>> payments = await conn.project(node_labels=["Account"], relationship_types=["PAID"])
        >>> payments
        AsyncProjection(4 nodes, 4 relationships, 56 bytes; Account, PAID)
        >>> (await conn.algo.pagerank(graph=payments)).status
        'completed'
    """

    def __init__(
        self, connection: AsyncInstanceConnection, selection: Mapping[str, Any], described: Mapping[str, Any]
    ) -> None:
        self._connection = connection
        self._selection = dict(selection)
        self.projection_id: str = described["projection_id"]
        self.node_count: int = described["node_count"]
        self.edge_count: int = described["edge_count"]
        self.memory_bytes: int = described["memory_bytes"]
        self.node_labels: List[str] = [*described["node_labels"]]
        self.relationship_types: List[str] = [*described["relationship_types"]]
        self.graph_version: int = described["graph_version"]

    def __repr__(self) -> str:
        names = "a query" if "query" in self._selection else ", ".join([*self.node_labels, *self.relationship_types])
        further = given(**{name: self._selection.get(name) for name in ("orientation", "weight_property", "parallel")})
        how = "".join(f", {name}={value!r}" for name, value in further.items())
        counts = f"{self.node_count:,} nodes, {self.edge_count:,} relationships, {self.memory_bytes:,} bytes"
        return f"{type(self).__name__}({counts}; {names}{how})"

    async def drop(self) -> None:
        """Free the memory in the instance. Dropping twice is harmless; an algorithm builds the arrays anew.

        Example:
            >>> payments = await conn.project(node_labels=["Account"])
            >>> await payments.drop()
        """
        url = f"{self._connection.instance_url}/projections/{self.projection_id}"
        with suppress(NotFoundError):  # pushed out by others, or dropped before
            await self._connection._send(Call("DELETE", url))


class AsyncProjections:
    """What a connection knows of projections."""

    async def project(
        self,
        node_labels: Optional[Sequence[str]] = None,
        relationship_types: Optional[Sequence[str]] = None,
        *,
        query: Optional[str] = None,
        orientation: Optional[str] = None,
        weight_property: Optional[str] = None,
        parallel: Optional[str] = None,
    ) -> AsyncProjection:
        """Select a part of the graph for algorithms and have the instance build it now.

        Args:
            node_labels: Labels of the nodes; all by default.
            relationship_types: Types of the relationships; all between the nodes by default.
            query: Read-only Cypher that returns nodes (or their ``id()``) as ``source`` and ``target``, and the weight
                if there is one; selects in place of labels and types. Without a target a node has no relationship.
            orientation: ``natural``, ``reverse`` or ``undirected``; by default as each algorithm is defined.
            weight_property: Numeric relationship property used by algorithms that take weights; others ignore it.
            parallel: What becomes of several relationships between the same two nodes: ``once`` (the default without
                weights), ``keep``, ``sum`` (the default with weights), ``min``, ``max`` or ``count``.

        Returns:
            A handle for ``graph=`` of every algorithm.

        Raises:
            ValidationError: A label, type, property or the query is wrong, or a relationship has no usable weight.
            AlgorithmTimeoutError: It was not built within five minutes.

        Example:
            >>> rich = await conn.project(
            ...     query="MATCH (a:Account)-[p:PAID]->(b:Account) WHERE p.amount > 10 RETURN a AS source, b AS target"
            ... )
            >>> rich.node_count, rich.edge_count
            (4, 3)
            >>> (await conn.algo.wcc(property_name="part", graph=rich)).nodes_updated
            4
        """
        connection = cast("AsyncInstanceConnection", self)
        selection = given(
            node_labels=_names(node_labels),
            relationship_types=_names(relationship_types),
            query=query,
            orientation=orientation,
            weight_property=weight_property,
            parallel=parallel,
        )
        url = f"{connection.instance_url}/projections"
        call = Call("POST", url, json=selection, timeout=_BUILD_TIMEOUT, repeat=Repeat.SAFE)
        return AsyncProjection(connection, selection, await connection._request(call))


def graph_fields(graph: object) -> Dict[str, Any]:
    """Return how a request names a projection."""
    if graph is None:
        return {}
    if not isinstance(graph, AsyncProjection):
        reason = f"what conn.project() returned is required, not {graph!r}"
        raise ValidationError(f"graph: {reason}.", {"field": "graph", "reason": reason})
    # An empty object would select nothing in particular; the labels then stand for the whole graph.
    return {"projection": graph._selection or {"node_labels": graph.node_labels}}


def _names(names: Optional[Sequence[str]]) -> Optional[List[str]]:
    if names is None:
        return None
    return [names] if isinstance(names, str) else [*names]
