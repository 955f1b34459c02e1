# Generated from the server's catalog of algorithms; run `make sync`.
"""Native algorithms: clustering."""

from __future__ import annotations

from typing import Optional

from graph_olap._request import given
from graph_olap.aio.instance.native import AsyncNativeRuns
from graph_olap.aio.instance.projections import AsyncProjection
from graph_olap.aio.instance.runs import AsyncAlgorithmRun

__all__ = ["ClusteringMethods"]


class ClusteringMethods(AsyncNativeRuns):
    """Methods of ``conn.algo``: clustering."""

    async def average_clustering(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Mean of the clustering coefficients of all nodes.

        Nodes with fewer than two neighbours count as 0. Direction, parallel edges and self-loops do not count.

        Time: O(m * sqrt(m)). Source: D. J. Watts, S. H. Strogatz: Collective dynamics of "small-world" networks.
        Nature 393, 1998.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds mean coefficient from 0 to 1.

        Example:
            >>> (await conn.algo.average_clustering("Account")).status
            'completed'
        """
        params = given()
        return await self.run("average_clustering", node_label, None, edge_type, params, timeout, wait, graph=graph)

    async def clustering_coefficient(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Share of a node's pairs of neighbours that are neighbours of each other.

        0 with fewer than two neighbours. Direction, parallel edges and self-loops do not count.

        Time: O(m * sqrt(m)). Source: D. J. Watts, S. H. Strogatz: Collective dynamics of "small-world" networks.
        Nature 393, 1998.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (DOUBLE: coefficient from 0 to 1); nothing is written by
                default.
            edge_type: Only relationships of this type; all between the nodes by default.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> (await conn.algo.clustering_coefficient("Account")).status
            'completed'
        """
        params = given()
        return await self.run(
            "clustering_coefficient", node_label, property_name, edge_type, params, timeout, wait, graph=graph
        )

    async def ktruss(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Largest k for which an edge lies in the k-truss: the part where every edge is in k - 2 triangles.

        Edges in no triangle have 2. Direction, parallel edges and self-loops do not count.

        Time: O(m * sqrt(m)), with memory for all triangles. Source: J. Wang, J. Cheng: Truss decomposition in
        massive networks. PVLDB 5(9), 2012.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Relationship property to write to (INT64: truss number); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> (await conn.algo.ktruss("Account")).status
            'completed'
        """
        params = given()
        return await self.run("ktruss", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    async def transitivity(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Share of all paths of two edges that are closed to a triangle.

        Null in a graph without such paths. Direction, parallel edges and self-loops do not count.

        Time: O(m * sqrt(m)). Source: M. E. J. Newman: The structure and function of complex networks. SIAM Review
        45(2), 2003.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds share from 0 to 1.

        Example:
            >>> (await conn.algo.transitivity("Account")).status
            'completed'
        """
        params = given()
        return await self.run("transitivity", node_label, None, edge_type, params, timeout, wait, graph=graph)
