# Generated from the server's catalog of algorithms; run `make sync`.
"""Native algorithms: similarity."""

from __future__ import annotations

from typing import Optional, Sequence

from graph_olap._request import given
from graph_olap.aio.instance.native import AsyncNativeRuns
from graph_olap.aio.instance.projections import AsyncProjection, NodeKey
from graph_olap.aio.instance.runs import AsyncAlgorithmRun

__all__ = ["SimilarityMethods"]


class SimilarityMethods(AsyncNativeRuns):
    """Methods of ``conn.algo``: similarity."""

    async def cosine_similarity(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        top_k: int = 10,
        threshold: float = 0.0,
        source_nodes: Optional[Sequence[NodeKey]] = None,
        weight_property: Optional[str] = None,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Cosine of the angle between the rows of two nodes, with weights if wanted.

        For every node its top_k best others are listed, so a pair can appear once from each end. Neighbours are
        those that edges lead to (orientation natural: products of a customer; undirected: all). Self-loops do not
        count.

        Time: O(sum of squared degrees). Source: G. Salton, M. J. McGill: Introduction to modern information
        retrieval. McGraw-Hill, 1983.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            top_k: Most pairs per node. >= 1 and <= 1000000.
            threshold: Smallest score; pairs with nothing in common are never listed. >= 0.
            source_nodes: Nodes to find others for. None: all nodes. A primary key, or ``{'label': ..., 'key':
                ...}``.
            weight_property: Numeric edge property used as weight; parallel edges add up. None: unweighted.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds score from 0 to 1 of each pair.

        Example:
            >>> (await conn.algo.cosine_similarity("Account")).status
            'completed'
        """
        params = given(top_k=top_k, threshold=threshold, source_nodes=source_nodes, weight_property=weight_property)
        return await self.run("cosine_similarity", node_label, None, edge_type, params, timeout, wait, graph=graph)

    async def jaccard_similarity(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        top_k: int = 10,
        threshold: float = 0.0,
        source_nodes: Optional[Sequence[NodeKey]] = None,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Number of common neighbours divided by the number of neighbours of either node.

        For every node its top_k best others are listed, so a pair can appear once from each end. Neighbours are
        those that edges lead to (orientation natural: products of a customer; undirected: all). Self-loops do not
        count.

        Time: O(sum of squared degrees). Source: P. Jaccard: The distribution of the flora in the alpine zone. New
        Phytologist 11(2), 1912.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            top_k: Most pairs per node. >= 1 and <= 1000000.
            threshold: Smallest score; pairs with nothing in common are never listed. >= 0.
            source_nodes: Nodes to find others for. None: all nodes. A primary key, or ``{'label': ..., 'key':
                ...}``.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds score from 0 to 1 of each pair.

        Example:
            >>> (await conn.algo.jaccard_similarity("Account")).status
            'completed'
        """
        params = given(top_k=top_k, threshold=threshold, source_nodes=source_nodes)
        return await self.run("jaccard_similarity", node_label, None, edge_type, params, timeout, wait, graph=graph)

    async def overlap_similarity(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        top_k: int = 10,
        threshold: float = 0.0,
        source_nodes: Optional[Sequence[NodeKey]] = None,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Number of common neighbours divided by the smaller number of neighbours.

        For every node its top_k best others are listed, so a pair can appear once from each end. Neighbours are
        those that edges lead to (orientation natural: products of a customer; undirected: all). Self-loops do not
        count.

        Time: O(sum of squared degrees). Source: D. Szymkiewicz: Une contribution statistique a la geographie
        floristique. 1934.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            top_k: Most pairs per node. >= 1 and <= 1000000.
            threshold: Smallest score; pairs with nothing in common are never listed. >= 0.
            source_nodes: Nodes to find others for. None: all nodes. A primary key, or ``{'label': ..., 'key':
                ...}``.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds score from 0 to 1 of each pair.

        Example:
            >>> (await conn.algo.overlap_similarity("Account")).status
            'completed'
        """
        params = given(top_k=top_k, threshold=threshold, source_nodes=source_nodes)
        return await self.run("overlap_similarity", node_label, None, edge_type, params, timeout, wait, graph=graph)
