# Derived from graph_olap/aio/instance/methods/community.py; edit that file and run `make sync`.
# Generated from the server's catalog of algorithms; run `make sync`.
"""Native algorithms: community."""

from __future__ import annotations

from typing import Optional

from graph_olap._request import given
from graph_olap.instance.native import NativeRuns
from graph_olap.instance.projections import Projection
from graph_olap.instance.runs import AlgorithmRun

__all__ = ["CommunityMethods"]


class CommunityMethods(NativeRuns):
    """Methods of ``conn.algo``: community."""

    def articulation_points(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Nodes without which their component would fall apart.

        Direction, parallel edges and self-loops do not count.

        Time: O(n + m). Source: J. Hopcroft, R. Tarjan: Algorithm 447, efficient algorithms for graph manipulation.
        CACM 16(6), 1973.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (BOOLEAN: whether it is an articulation point); nothing is
                written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.articulation_points("Account").status
            'completed'
        """
        params = given()
        return self.run("articulation_points", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def biconnected_components(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Groups of edges, any two of which lie on a common cycle.

        A node can belong to several groups, an edge to one only, so edges carry the id. Ids are dense from 0,
        groups with more edges first, of equal ones the one with the first edge first. Direction, parallel edges and
        self-loops do not count.

        Time: O(n + m). Source: J. Hopcroft, R. Tarjan: Algorithm 447, efficient algorithms for graph manipulation.
        CACM 16(6), 1973.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Relationship property to write to (INT64: component id); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.biconnected_components("Account").status
            'completed'
        """
        params = given()
        return self.run(
            "biconnected_components", node_label, property_name, edge_type, params, timeout, wait, graph=graph
        )

    def bridges(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Edges without which their component would fall apart.

        Only bridges are listed, each as true; other relationships get no value. Parallel relationships count once,
        so two nodes joined by several of them and nothing else have a bridge between them. Direction and self-loops
        do not count.

        Time: O(n + m). Source: J. Hopcroft, R. Tarjan: Algorithm 447, efficient algorithms for graph manipulation.
        CACM 16(6), 1973.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Relationship property to write to (BOOLEAN: true for a bridge); nothing is written by
                default.
            edge_type: Only relationships of this type; all between the nodes by default.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.bridges("Account").status
            'completed'
        """
        params = given()
        return self.run("bridges", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def conductance(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        community_property: str,
        weight_property: Optional[str] = None,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Share of a community's edge ends that leave it; small values are well separated communities.

        The community of each node is given by a property. Weight of the edges that leave the community, divided by
        the smaller volume of community and rest. Every node gets the value of its community; none where either has
        no edges. The summary has the average and the largest. Direction does not count.

        Time: O(n log n + m). Source: J. Shi, J. Malik: Normalized cuts and image segmentation. IEEE TPAMI 22(8),
        2000.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (DOUBLE: conductance of the node's community); nothing is
                written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            community_property: Node property of any type that names the communities.
            weight_property: Numeric edge property used as weight; parallel edges add up. None: unweighted.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.conductance("Account", community_property="balance").status
            'completed'
        """
        params = given(community_property=community_property, weight_property=weight_property)
        return self.run("conductance", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def leiden(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        resolution: float = 1.0,
        max_phases: int = 20,
        max_iterations: int = 20,
        weight_property: Optional[str] = None,
        seed: int = 0,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Communities of high modularity that are connected inside.

        Like Louvain, but communities are refined before they are merged into nodes, and each one is connected.
        Every phase starts its moves from single nodes; at the end nodes move once more from where they are. The
        partition of highest modularity that was met is returned. Direction does not count. The same graph,
        parameters and seed always give the same result.

        Time: O(m) per pass, few passes. Source: V. A. Traag, L. Waltman, N. J. van Eck: From Louvain to Leiden:
        guaranteeing well-connected communities. Scientific Reports 9, 5233, 2019.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (INT64: community id); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            resolution: Larger values give smaller communities. > 0.
            max_phases: Most phases. >= 1 and <= 1000.
            max_iterations: Most passes over the nodes in a phase. >= 1 and <= 1000.
            weight_property: Numeric edge property used as weight; parallel edges add up. None: unweighted.
            seed: Start of the random order; the same seed gives the same result. >= 0 and <= 2147483647.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.leiden("Account").status
            'completed'
        """
        params = given(
            resolution=resolution,
            max_phases=max_phases,
            max_iterations=max_iterations,
            weight_property=weight_property,
            seed=seed,
        )
        return self.run("leiden", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def modularity(
        self,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        community_property: str,
        resolution: float = 1.0,
        weight_property: Optional[str] = None,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Share of edges inside communities beyond what chance would put there.

        The community of each node is given by a property. Null in a graph without edges. Direction does not count.

        Time: O(n log n + m). Source: M. E. J. Newman: Analysis of weighted networks. Physical Review E 70, 056131,
        2004.

        Args:
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            community_property: Node property of any type that names the communities.
            resolution: Larger values give smaller communities. > 0.
            weight_property: Numeric edge property used as weight; parallel edges add up. None: unweighted.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one. Its ``result`` holds modularity, at most 1.

        Example:
            >>> conn.algo.modularity("Account", community_property="balance").status
            'completed'
        """
        params = given(community_property=community_property, resolution=resolution, weight_property=weight_property)
        return self.run("modularity", node_label, None, edge_type, params, timeout, wait, graph=graph)
