# Derived from graph_olap/aio/instance/methods/other.py; edit that file and run `make sync`.
# Generated from the server's catalog of algorithms; run `make sync`.
"""Native algorithms: other."""

from __future__ import annotations

from typing import Optional

from graph_olap._request import given
from graph_olap.instance.native import NativeRuns
from graph_olap.instance.projections import NodeKey, Projection
from graph_olap.instance.runs import AlgorithmRun

__all__ = ["OtherMethods"]


class OtherMethods(NativeRuns):
    """Methods of ``conn.algo``: other."""

    def fastrp(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        dimensions: int = 64,
        iterations: int = 3,
        decay: float = 1.0,
        normalization_strength: float = -0.5,
        weight_property: Optional[str] = None,
        seed: int = 0,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """A vector per node, near for nodes with similar surroundings, from random projections.

        The vectors of the neighbours at 1, 2, ..., iterations steps, each scaled to length 1, are added up, each
        further step multiplied by decay. A node that no edge leaves has zeros.

        Time: O(iterations * dimensions * m). Source: H. Chen et al.: Fast and accurate network embeddings via very
        sparse random projection. CIKM 2019.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (LIST<DOUBLE>: vector); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            dimensions: Length of a vector. >= 1 and <= 4096.
            iterations: Steps to look around. >= 1 and <= 100.
            decay: Factor per further step. >= 0.
            normalization_strength: Power of the degree that a node counts by at the start.
            weight_property: Numeric edge property used as weight; parallel edges add up. None: unweighted.
            seed: Start of the random order; the same seed gives the same result. >= 0 and <= 2147483647.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.fastrp("Account").status
            'completed'
        """
        params = given(
            dimensions=dimensions,
            iterations=iterations,
            decay=decay,
            normalization_strength=normalization_strength,
            weight_property=weight_property,
            seed=seed,
        )
        return self.run("fastrp", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def max_flow(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        source_node: NodeKey,
        target_node: NodeKey,
        weight_property: Optional[str] = None,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """How much gets from one node to another, and what each edge carries then.

        Edges that carry nothing are not listed; max_flow is in the summary. Capacities may have decimals; all of
        them together, counted in units of their last decimal, must not exceed 2147483647, or there is an error.

        Time: O(n^2 * m). Source: Y. Dinitz: Algorithm for solution of a problem of maximum flow in networks. Soviet
        Math. Doklady 11, 1970.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Relationship property to write to (DOUBLE: flow); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            source_node: Primary key of the node where the flow starts. A primary key, or ``{'label': ..., 'key':
                ...}``.
            target_node: Primary key of the node where it ends. A primary key, or ``{'label': ..., 'key': ...}``.
            weight_property: Numeric edge property used as capacity; parallel edges add up. None: 1 each.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.max_flow("Account", source_node="A1", target_node="C9").status
            'completed'
        """
        params = given(source_node=source_node, target_node=target_node, weight_property=weight_property)
        return self.run("max_flow", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def min_cut(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        source_node: NodeKey,
        target_node: NodeKey,
        weight_property: Optional[str] = None,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """The cheapest way to part two nodes: 0 for nodes on the side of the first, 1 for all others.

        Its value, cut_value, is that of the maximum flow. Capacities may have decimals; all of them together,
        counted in units of their last decimal, must not exceed 2147483647, or there is an error.

        Time: O(n^2 * m). Source: L. R. Ford, D. R. Fulkerson: Maximal flow through a network. Canad. J. Math. 8,
        1956. Y. Dinitz: Algorithm for solution of a problem of maximum flow in networks. Soviet Math. Doklady 11,
        1970.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (INT64: side); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            source_node: Primary key of the node where the flow starts. A primary key, or ``{'label': ..., 'key':
                ...}``.
            target_node: Primary key of the node where it ends. A primary key, or ``{'label': ..., 'key': ...}``.
            weight_property: Numeric edge property used as capacity; parallel edges add up. None: 1 each.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.min_cut("Account", source_node="A1", target_node="C9").status
            'completed'
        """
        params = given(source_node=source_node, target_node=target_node, weight_property=weight_property)
        return self.run("min_cut", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def minimum_spanning_tree(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        weight_property: Optional[str] = None,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """The edges of a cheapest tree that joins all nodes of a part, for every part.

        Direction does not count; of parallel edges the cheapest is used. Weights may be negative.

        Time: O(m log m). Source: J. B. Kruskal: On the shortest spanning subtree of a graph. Proc. AMS 7(1), 1956.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Relationship property to write to (DOUBLE: weight of the edge); nothing is written by
                default.
            edge_type: Only relationships of this type; all between the nodes by default.
            weight_property: Numeric edge property to add up. None: every edge costs 1.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.minimum_spanning_tree("Account").status
            'completed'
        """
        params = given(weight_property=weight_property)
        return self.run(
            "minimum_spanning_tree", node_label, property_name, edge_type, params, timeout, wait, graph=graph
        )

    def node2vec(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        dimensions: int = 64,
        walk_length: int = 40,
        walks_per_node: int = 5,
        return_factor: float = 1.0,
        in_out_factor: float = 1.0,
        weight_property: Optional[str] = None,
        seed: int = 0,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """A vector per node, learnt from biased random walks.

        Skip-gram with one thread, so that the same seed gives the same vectors. Walks choose edges by weight.
        Direction and self-loops do not count; nodes without neighbours have no vector. Nodes with very many
        neighbours need much memory, and a graph with too many of them is refused: leave them out with a query.

        Time: O(n * walks_per_node * walk_length * dimensions). Source: A. Grover, J. Leskovec: node2vec: scalable
        feature learning for networks. KDD 2016.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (LIST<DOUBLE>: vector); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            dimensions: Length of a vector. >= 1 and <= 1024.
            walk_length: Nodes of a walk. >= 2 and <= 10000.
            walks_per_node: Walks from each node. >= 1 and <= 10000.
            return_factor: Larger: going back is less likely. >= 1e-06 and <= 1000000.
            in_out_factor: Larger: walks stay near. >= 1e-06 and <= 1000000.
            weight_property: Numeric edge property used as weight; parallel edges add up. None: unweighted.
            seed: Start of the random order; the same seed gives the same result. >= 0 and <= 2147483647.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.node2vec("Account").status
            'completed'
        """
        params = given(
            dimensions=dimensions,
            walk_length=walk_length,
            walks_per_node=walks_per_node,
            return_factor=return_factor,
            in_out_factor=in_out_factor,
            weight_property=weight_property,
            seed=seed,
        )
        return self.run("node2vec", node_label, property_name, edge_type, params, timeout, wait, graph=graph)
