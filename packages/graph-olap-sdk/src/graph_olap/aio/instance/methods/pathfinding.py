# Generated from the server's catalog of algorithms; run `make sync`.
"""Native algorithms: pathfinding."""

from __future__ import annotations

from typing import Optional, Sequence

from graph_olap._request import given
from graph_olap.aio.instance.native import AsyncNativeRuns
from graph_olap.aio.instance.projections import AsyncProjection, NodeKey
from graph_olap.aio.instance.runs import AsyncAlgorithmRun

__all__ = ["PathfindingMethods"]


class PathfindingMethods(AsyncNativeRuns):
    """Methods of ``conn.algo``: pathfinding."""

    async def all_pairs_shortest_paths(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        max_distance: float = 2.0,
        source_nodes: Optional[Sequence[NodeKey]] = None,
        max_pairs: int = 10000000,
        weight_property: Optional[str] = None,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Distances of all pairs of different nodes that are no more than max_distance apart.

        More than max_pairs pairs are an error, not a cut result.

        Time: O(sources * (n + edges near them * log n)). Source: E. W. Dijkstra: A note on two problems in
        connexion with graphs. Numerische Mathematik 1, 1959.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            max_distance: Largest distance. >= 0.
            source_nodes: Nodes to measure from. None: all nodes. A primary key, or ``{'label': ..., 'key': ...}``.
            max_pairs: Most pairs. >= 1 and <= 200000000.
            weight_property: Numeric edge property used as length; the shortest of parallel edges counts. None:
                every edge is 1 long.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds distance of each pair.

        Example:
            >>> (await conn.algo.all_pairs_shortest_paths("Account")).status
            'completed'
        """
        params = given(
            max_distance=max_distance, source_nodes=source_nodes, max_pairs=max_pairs, weight_property=weight_property
        )
        return await self.run(
            "all_pairs_shortest_paths", node_label, None, edge_type, params, timeout, wait, graph=graph
        )

    async def astar(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        source_node: NodeKey,
        target_node: NodeKey,
        x_property: str,
        y_property: str,
        metric: str = "euclidean",
        weight_property: Optional[str] = None,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """A cheapest path between two nodes, found with the help of their coordinates.

        Coordinates are any two numeric node properties. Their distance is scaled so that it never exceeds what
        edges cost: the path is a cheapest one whatever the units are. No path: an empty result.

        Time: O(m + n log n). Source: P. Hart, N. Nilsson, B. Raphael: A formal basis for the heuristic
        determination of minimum cost paths. IEEE Transactions on Systems Science and Cybernetics 4(2), 1968.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            source_node: Primary key of the start. A primary key, or ``{'label': ..., 'key': ...}``.
            target_node: Primary key of the end. A primary key, or ``{'label': ..., 'key': ...}``.
            x_property: x, or longitude in degrees.
            y_property: y, or latitude in degrees.
            metric: euclidean for a plane, haversine for longitude and latitude. one of euclidean, haversine.
            weight_property: Numeric edge property used as length; the shortest of parallel edges counts. None:
                every edge is 1 long.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds the path and its cost.

        Example:
            >>> run = await conn.algo.astar(
            ...     "Account", source_node="A1", target_node="C9", x_property="balance", y_property="balance"
            ... )
            >>> run.status
            'completed'
        """
        params = given(
            source_node=source_node,
            target_node=target_node,
            x_property=x_property,
            y_property=y_property,
            metric=metric,
            weight_property=weight_property,
        )
        return await self.run("astar", node_label, None, edge_type, params, timeout, wait, graph=graph)

    async def bellman_ford(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        source_node: NodeKey,
        weight_property: Optional[str] = None,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Distance from a node to every node that it reaches, where edges may have negative lengths.

        A cycle of negative length that the node reaches is an error, which names it.

        Time: O(n * m) at worst, O(longest shortest path * m) mostly. Source: R. Bellman: On a routing problem.
        Quarterly of Applied Mathematics 16, 1958.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (DOUBLE: distance from the source); nothing is written by
                default.
            edge_type: Only relationships of this type; all between the nodes by default.
            source_node: Primary key of the start. A primary key, or ``{'label': ..., 'key': ...}``.
            weight_property: Numeric edge property used as length; the shortest of parallel edges counts. None:
                every edge is 1 long.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> (await conn.algo.bellman_ford("Account", source_node="A1")).status
            'completed'
        """
        params = given(source_node=source_node, weight_property=weight_property)
        return await self.run("bellman_ford", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    async def diameter(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        max_searches: Optional[int] = None,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Number of edges of the longest shortest path.

        In a graph of several parts it is the largest of the diameters of the parts. Direction does not count. With
        max_searches it is a lower bound; lower_bound, upper_bound and exact say what is known.

        Time: O(searches * (n + m) / 64); few searches in most graphs, n at worst. Source: F. W. Takes, W. A.
        Kosters: Computing the eccentricity distribution of large graphs. Algorithms 6(1), 2013.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            max_searches: Searches to make at most, for an estimate. None: exact. >= 1 and <= 2147483647.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds number of edges.

        Example:
            >>> (await conn.algo.diameter("Account")).status
            'completed'
        """
        params = given(max_searches=max_searches)
        return await self.run("diameter", node_label, None, edge_type, params, timeout, wait, graph=graph)

    async def eccentricity(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Number of edges to the node that is farthest away in the same part of the graph.

        Direction does not count. The summary has the diameter and the radius (of nodes with neighbours).

        Time: O(searches * (n + m) / 64); thousands of searches in most graphs, n at worst. Source: F. W. Takes, W.
        A. Kosters: Computing the eccentricity distribution of large graphs. Algorithms 6(1), 2013.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (INT64: edges to the farthest node); nothing is written by
                default.
            edge_type: Only relationships of this type; all between the nodes by default.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> (await conn.algo.eccentricity("Account")).status
            'completed'
        """
        params = given()
        return await self.run("eccentricity", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    async def k_shortest_paths(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        source_node: NodeKey,
        target_node: NodeKey,
        k: int = 3,
        weight_property: Optional[str] = None,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """The cheapest, second cheapest, ... path between two nodes, without repeated nodes.

        Fewer than k paths when there are no more; of parallel edges only the cheapest is used.

        Time: O(k * length * (m + n log n)). Source: J. Y. Yen: Finding the k shortest loopless paths in a network.
        Management Science 17(11), 1971.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            source_node: Primary key of the start. A primary key, or ``{'label': ..., 'key': ...}``.
            target_node: Primary key of the end. A primary key, or ``{'label': ..., 'key': ...}``.
            k: Number of paths. >= 1 and <= 10000.
            weight_property: Numeric edge property used as length; the shortest of parallel edges counts. None:
                every edge is 1 long.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds paths and their costs, the
            cheapest first.

        Example:
            >>> (await conn.algo.k_shortest_paths("Account", source_node="A1", target_node="C9")).status
            'completed'
        """
        params = given(source_node=source_node, target_node=target_node, k=k, weight_property=weight_property)
        return await self.run("k_shortest_paths", node_label, None, edge_type, params, timeout, wait, graph=graph)

    async def single_source_shortest_paths(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        source_node: NodeKey,
        max_distance: Optional[float] = None,
        weight_property: Optional[str] = None,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AsyncAlgorithmRun:
        """Distance from a node to every node that it reaches.

        Without weights the number of edges. Weights must not be negative: see bellman_ford.

        Time: O(m + n log n). Source: E. W. Dijkstra: A note on two problems in connexion with graphs. Numerische
        Mathematik 1, 1959.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (DOUBLE: distance from the source); nothing is written by
                default.
            edge_type: Only relationships of this type; all between the nodes by default.
            source_node: Primary key of the start. A primary key, or ``{'label': ..., 'key': ...}``.
            max_distance: Distance at which to stop. None: no limit. >= 0.
            weight_property: Numeric edge property used as length; the shortest of parallel edges counts. None:
                every edge is 1 long.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> (await conn.algo.single_source_shortest_paths("Account", source_node="A1")).status
            'completed'
        """
        params = given(source_node=source_node, max_distance=max_distance, weight_property=weight_property)
        return await self.run(
            "single_source_shortest_paths", node_label, property_name, edge_type, params, timeout, wait, graph=graph
        )
