# Generated from the server's catalog of algorithms; run `make sync`.
"""Native algorithms: link prediction."""

from __future__ import annotations

from typing import Optional, Sequence

from graph_olap._request import given
from graph_olap.aio.instance.native import AsyncNativeRuns
from graph_olap.aio.instance.projections import AsyncProjection, NodeKey
from graph_olap.aio.instance.runs import AsyncAlgorithmRun

__all__ = ["LinkPredictionMethods"]


class LinkPredictionMethods(AsyncNativeRuns):
    """Methods of ``conn.algo``: link prediction."""

    async def adamic_adar(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        top_k: int = 10,
        threshold: float = 0.0,
        source_nodes: Optional[Sequence[NodeKey]] = None,
        include_neighbors: bool = False,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Sum over common neighbours of the inverse logarithm of their degree.

        For every node its top_k best others are listed. Direction, parallel edges and self-loops do not count, and
        pairs that have an edge already are left out unless asked for. Only pairs with a common neighbour have a
        score.

        Time: O(sum of squared degrees). Source: L. A. Adamic, E. Adar: Friends and neighbors on the web. Social
        Networks 25(3), 2003.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            top_k: Most pairs per node. >= 1 and <= 1000000.
            threshold: Smallest score; pairs with nothing in common are never listed. >= 0.
            source_nodes: Nodes to find others for. None: all nodes. A primary key, or ``{'label': ..., 'key':
                ...}``.
            include_neighbors: Also score pairs that have an edge already.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds score of each pair.

        Example:
            >>> (await conn.algo.adamic_adar("Account")).status
            'completed'
        """
        params = given(top_k=top_k, threshold=threshold, source_nodes=source_nodes, include_neighbors=include_neighbors)
        return await self.run("adamic_adar", node_label, None, edge_type, params, timeout, wait, graph=graph)

    async def common_neighbors(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        top_k: int = 10,
        threshold: float = 0.0,
        source_nodes: Optional[Sequence[NodeKey]] = None,
        include_neighbors: bool = False,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Number of common neighbours.

        For every node its top_k best others are listed. Direction, parallel edges and self-loops do not count, and
        pairs that have an edge already are left out unless asked for. Only pairs with a common neighbour have a
        score.

        Time: O(sum of squared degrees). Source: D. Liben-Nowell, J. Kleinberg: The link-prediction problem for
        social networks. JASIST 58(7), 2007.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            top_k: Most pairs per node. >= 1 and <= 1000000.
            threshold: Smallest score; pairs with nothing in common are never listed. >= 0.
            source_nodes: Nodes to find others for. None: all nodes. A primary key, or ``{'label': ..., 'key':
                ...}``.
            include_neighbors: Also score pairs that have an edge already.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds score of each pair.

        Example:
            >>> (await conn.algo.common_neighbors("Account")).status
            'completed'
        """
        params = given(top_k=top_k, threshold=threshold, source_nodes=source_nodes, include_neighbors=include_neighbors)
        return await self.run("common_neighbors", node_label, None, edge_type, params, timeout, wait, graph=graph)

    async def preferential_attachment(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        top_k: int = 10,
        source_nodes: Optional[Sequence[NodeKey]] = None,
        include_neighbors: bool = False,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Product of the degrees of two nodes.

        For every node its top_k best others are listed. Direction, parallel edges and self-loops do not count, and
        pairs that have an edge already are left out unless asked for.

        Time: O(m + n * top_k). Source: D. Liben-Nowell, J. Kleinberg: The link-prediction problem for social
        networks. JASIST 58(7), 2007.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            top_k: Most pairs per node. >= 1 and <= 1000000.
            source_nodes: Nodes to find others for. None: all nodes. A primary key, or ``{'label': ..., 'key':
                ...}``.
            include_neighbors: Also score pairs that have an edge already.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds score of each pair.

        Example:
            >>> (await conn.algo.preferential_attachment("Account")).status
            'completed'
        """
        params = given(top_k=top_k, source_nodes=source_nodes, include_neighbors=include_neighbors)
        return await self.run(
            "preferential_attachment", node_label, None, edge_type, params, timeout, wait, graph=graph
        )

    async def resource_allocation(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        top_k: int = 10,
        threshold: float = 0.0,
        source_nodes: Optional[Sequence[NodeKey]] = None,
        include_neighbors: bool = False,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Sum over common neighbours of the inverse of their degree.

        For every node its top_k best others are listed. Direction, parallel edges and self-loops do not count, and
        pairs that have an edge already are left out unless asked for. Only pairs with a common neighbour have a
        score.

        Time: O(sum of squared degrees). Source: T. Zhou, L. Lue, Y.-C. Zhang: Predicting missing links via local
        information. European Physical Journal B 71, 2009.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            top_k: Most pairs per node. >= 1 and <= 1000000.
            threshold: Smallest score; pairs with nothing in common are never listed. >= 0.
            source_nodes: Nodes to find others for. None: all nodes. A primary key, or ``{'label': ..., 'key':
                ...}``.
            include_neighbors: Also score pairs that have an edge already.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds score of each pair.

        Example:
            >>> (await conn.algo.resource_allocation("Account")).status
            'completed'
        """
        params = given(top_k=top_k, threshold=threshold, source_nodes=source_nodes, include_neighbors=include_neighbors)
        return await self.run("resource_allocation", node_label, None, edge_type, params, timeout, wait, graph=graph)
