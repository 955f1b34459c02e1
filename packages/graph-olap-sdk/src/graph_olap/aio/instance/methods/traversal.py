# Generated from the server's catalog of algorithms; run `make sync`.
"""Native algorithms: traversal."""

from __future__ import annotations

from typing import Optional, Sequence

from graph_olap._request import given
from graph_olap.aio.instance.native import AsyncNativeRuns
from graph_olap.aio.instance.projections import AsyncProjection, NodeKey
from graph_olap.aio.instance.runs import AsyncAlgorithmRun

__all__ = ["TraversalMethods"]


class TraversalMethods(AsyncNativeRuns):
    """Methods of ``conn.algo``: traversal."""

    async def bfs(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        source_nodes: Sequence[NodeKey],
        max_depth: Optional[int] = None,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Number of edges from the nearest of some nodes to every node that they reach.

        Nodes that are not reached within max_depth get no value.

        Time: O(n + m). Source: E. F. Moore: The shortest path through a maze. Symposium on the Theory of Switching,
        1959.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (INT64: edges from the nearest source); nothing is written by
                default.
            edge_type: Only relationships of this type; all between the nodes by default.
            source_nodes: Primary keys of the nodes to start at. A primary key, or ``{'label': ..., 'key': ...}``.
            max_depth: Most edges to go. None: no limit. >= 0 and <= 2147483647.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> (await conn.algo.bfs("Account", source_nodes=["A1"])).status
            'completed'
        """
        params = given(source_nodes=source_nodes, max_depth=max_depth)
        return await self.run("bfs", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    async def cycles(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        max_length: int = 5,
        max_cycles: int = 1000,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Cycles without repeated nodes up to a length, each once.

        Edges are followed in their direction. A cycle starts and ends at its first node; its cost is its number of
        edges. There can be far too many to list: the search ends after max_cycles, and complete says whether these
        are all.

        Time: O(n + m) per start, exponential in max_length at worst. Source: A. Gupta, T. Suzumura: Finding all
        bounded-length simple cycles in a directed graph. arXiv 2105.10094.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            max_length: Most edges of a cycle. >= 1 and <= 100.
            max_cycles: Most cycles to return. >= 1 and <= 1000000.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds the nodes of each cycle in
            order.

        Example:
            >>> (await conn.algo.cycles("Account")).status
            'completed'
        """
        params = given(max_length=max_length, max_cycles=max_cycles)
        return await self.run("cycles", node_label, None, edge_type, params, timeout, wait, graph=graph)

    async def dfs(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        source_node: NodeKey,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Nodes reached from a node in the order in which a depth-first search enters them.

        Of several neighbours the one that comes first in the graph is entered first.

        Time: O(n + m). Source: R. Tarjan: Depth-first search and linear graph algorithms. SIAM Journal on Computing
        1(2), 1972.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (INT64: position in the order, from 0); nothing is written by
                default.
            edge_type: Only relationships of this type; all between the nodes by default.
            source_node: Primary key of the node to start at. A primary key, or ``{'label': ..., 'key': ...}``.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> (await conn.algo.dfs("Account", source_node="A1")).status
            'completed'
        """
        params = given(source_node=source_node)
        return await self.run("dfs", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    async def ego_network(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        source_node: NodeKey,
        radius: int = 1,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """The nodes within some edges of a node, and how far away each is.

        edges_inside counts the edges between these nodes, parallel ones once.

        Time: O(n + m). Source: M. Everett, S. P. Borgatti: Ego network betweenness. Social Networks 27(1), 2005.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (INT64: edges from the centre); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            source_node: Primary key of the node to start at. A primary key, or ``{'label': ..., 'key': ...}``.
            radius: Most edges from the centre. >= 0 and <= 2147483647.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> (await conn.algo.ego_network("Account", source_node="A1")).status
            'completed'
        """
        params = given(source_node=source_node, radius=radius)
        return await self.run("ego_network", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    async def random_walks(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        source_nodes: Optional[Sequence[NodeKey]] = None,
        walks_per_node: int = 1,
        walk_length: int = 10,
        return_factor: float = 1.0,
        in_out_factor: float = 1.0,
        weight_property: Optional[str] = None,
        seed: int = 0,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Walks that choose each next node at random among the neighbours.

        A walk ends early where no edge leads on. With return_factor and in_out_factor other than 1 they are the
        walks of node2vec: the probability of going back is divided by the first, that of going away from the
        previous node's neighbours by the second.

        Time: O(walks * walk_length * log m). Source: A. Grover, J. Leskovec: node2vec: scalable feature learning
        for networks. KDD 2016.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            source_nodes: Nodes to start at. None: all nodes. A primary key, or ``{'label': ..., 'key': ...}``.
            walks_per_node: Walks from each node. >= 1 and <= 1048576.
            walk_length: Steps of a walk. >= 1 and <= 1048576.
            return_factor: Larger: going back is less likely. >= 1e-06 and <= 1000000.
            in_out_factor: Larger: walks stay near. >= 1e-06 and <= 1000000.
            weight_property: Numeric edge property used as weight; parallel edges add up. None: unweighted.
            seed: Start of the random order; the same seed gives the same result. >= 0 and <= 2147483647.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds the nodes of each walk in
            order.

        Example:
            >>> (await conn.algo.random_walks("Account")).status
            'completed'
        """
        params = given(
            source_nodes=source_nodes,
            walks_per_node=walks_per_node,
            walk_length=walk_length,
            return_factor=return_factor,
            in_out_factor=in_out_factor,
            weight_property=weight_property,
            seed=seed,
        )
        return await self.run("random_walks", node_label, None, edge_type, params, timeout, wait, graph=graph)

    async def topological_order(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Nodes in an order in which every edge points forward.

        A graph with a cycle has none; the error names a cycle.

        Time: O(n + m). Source: A. B. Kahn: Topological sorting of large networks. Communications of the ACM 5(11),
        1962.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (INT64: position in the order, from 0); nothing is written by
                default.
            edge_type: Only relationships of this type; all between the nodes by default.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> chain = await conn.project(
            ...     query="MATCH (a)-[p:PAID]->(b) WHERE p.amount > 10 RETURN a AS source, b AS target"
            ... )
            >>> (await conn.algo.topological_order(graph=chain)).status
            'completed'
        """
        params = given()
        return await self.run(
            "topological_order", node_label, property_name, edge_type, params, timeout, wait, graph=graph
        )
