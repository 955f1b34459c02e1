# Derived from graph_olap/aio/instance/methods/centrality.py; edit that file and run `make sync`.
# Generated from the server's catalog of algorithms; run `make sync`.
"""Native algorithms: centrality."""

from __future__ import annotations

from typing import Optional

from graph_olap._request import given
from graph_olap.instance.native import NativeRuns
from graph_olap.instance.projections import Projection
from graph_olap.instance.runs import AlgorithmRun

__all__ = ["CentralityMethods"]


class CentralityMethods(NativeRuns):
    """Methods of ``conn.algo``: centrality."""

    def betweenness(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        samples: Optional[int] = None,
        weight_property: Optional[str] = None,
        seed: int = 0,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Share of the shortest paths between other nodes that pass through a node.

        Normalised by the number of ordered pairs of other nodes, (n - 1)(n - 2), so values lie between 0 and 1 for
        directed and undirected graphs alike. With samples, searches start at that many random nodes and the values
        are scaled up. Distances must be above 0.

        Time: O(samples * m), O(samples * (m + n log n)) with distances. Source: U. Brandes: On variants of
        shortest-path betweenness centrality. Social Networks 30(2), 2008.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (DOUBLE: share of shortest paths); nothing is written by
                default.
            edge_type: Only relationships of this type; all between the nodes by default.
            samples: Number of random nodes to search from, for an estimate. None: all, exact. >= 1 and <=
                2147483647.
            weight_property: Numeric edge property used as distance; the shortest of parallel edges counts. None:
                every edge is 1 long.
            seed: Start of the random order; the same seed gives the same result. >= 0 and <= 2147483647.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.betweenness("Account").status
            'completed'
        """
        params = given(samples=samples, weight_property=weight_property, seed=seed)
        return self.run("betweenness", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def closeness(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        samples: Optional[int] = None,
        weight_property: Optional[str] = None,
        seed: int = 0,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """How near a node is to the nodes that reach it: the inverse of their mean distance.

        Multiplied by the share of nodes that reach the node (Wasserman and Faust), as NetworkX does. In a directed
        graph distances are those towards the node; use the orientation reverse for distances from it. With samples,
        distances from that many random nodes estimate the mean.

        Time: O(samples * m), O(samples * (m + n log n)) with distances. Source: S. Wasserman, K. Faust: Social
        network analysis. Cambridge University Press, 1994. M. Then et al.: The more the merrier: efficient multi-
        source graph traversal. PVLDB 8(4), 2014.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (DOUBLE: score from 0 to 1); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            samples: Number of random nodes to search from, for an estimate. None: all, exact. >= 1 and <=
                2147483647.
            weight_property: Numeric edge property used as distance; the shortest of parallel edges counts. None:
                every edge is 1 long.
            seed: Start of the random order; the same seed gives the same result. >= 0 and <= 2147483647.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.closeness("Account").status
            'completed'
        """
        params = given(samples=samples, weight_property=weight_property, seed=seed)
        return self.run("closeness", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def degree(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        direction: str = "both",
        weight_property: Optional[str] = None,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Number of edges at a node, or the sum of their weights.

        Parallel edges count once without weights; a self-loop is both an outgoing and an incoming edge.

        Time: O(n + m). Source: L. C. Freeman: Centrality in social networks, conceptual clarification. Social
        Networks 1(3), 1978.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (DOUBLE: degree); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            direction: Which edges count: in, out, or both. one of in, out, both.
            weight_property: Numeric edge property used as weight; parallel edges add up. None: unweighted.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.degree("Account").status
            'completed'
        """
        params = given(direction=direction, weight_property=weight_property)
        return self.run("degree", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def edge_betweenness(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        samples: Optional[int] = None,
        seed: int = 0,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Share of the shortest paths between all pairs of nodes that use an edge.

        Normalised by the number of pairs of nodes. With samples, searches start at that many random nodes and the
        values are scaled up. Direction does not count.

        Time: O(samples * m). Source: U. Brandes: On variants of shortest-path betweenness centrality. Social
        Networks 30(2), 2008.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Relationship property to write to (DOUBLE: share of shortest paths); nothing is written
                by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            samples: Number of random nodes to search from, for an estimate. None: all, exact. >= 1 and <=
                2147483647.
            seed: Start of the random order; the same seed gives the same result. >= 0 and <= 2147483647.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.edge_betweenness("Account").status
            'completed'
        """
        params = given(samples=samples, seed=seed)
        return self.run("edge_betweenness", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def eigenvector(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        max_iterations: int = 1000,
        tolerance: float = 1e-06,
        weight_property: Optional[str] = None,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Importance of a node by the importance of its neighbours: the leading eigenvector, of length 1.

        In a directed graph a node gets its score from the nodes that link to it. Power iteration with the identity
        added to the matrix, as in NetworkX, until one iteration moves the vector by no more than tolerance.

        Time: O(iterations * (n + m)). Source: P. Bonacich: Power and centrality, a family of measures. American
        Journal of Sociology 92(5), 1987.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (DOUBLE: score); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            max_iterations: Most iterations; no convergence by then is an error. >= 1 and <= 100000.
            tolerance: Length of the change at which to stop. > 0.
            weight_property: Numeric edge property used as weight; parallel edges add up. None: unweighted.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.eigenvector("Account").status
            'completed'
        """
        params = given(max_iterations=max_iterations, tolerance=tolerance, weight_property=weight_property)
        return self.run("eigenvector", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def harmonic(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        normalized: bool = True,
        samples: Optional[int] = None,
        weight_property: Optional[str] = None,
        seed: int = 0,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """How near a node is to all others: the mean of the inverse distances from them.

        Nodes that do not reach it count 0, so parts of a disconnected graph can be compared. In a directed graph
        distances are those towards the node; use the orientation reverse for distances from it.

        Time: O(samples * m), O(samples * (m + n log n)) with distances. Source: P. Boldi, S. Vigna: Axioms for
        centrality. Internet Mathematics 10(3-4), 2014. M. Then et al.: The more the merrier: efficient multi-source
        graph traversal. PVLDB 8(4), 2014.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (DOUBLE: score); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            normalized: Divide by n - 1; NetworkX does not.
            samples: Number of random nodes to search from, for an estimate. None: all, exact. >= 1 and <=
                2147483647.
            weight_property: Numeric edge property used as distance; the shortest of parallel edges counts. None:
                every edge is 1 long.
            seed: Start of the random order; the same seed gives the same result. >= 0 and <= 2147483647.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.harmonic("Account").status
            'completed'
        """
        params = given(normalized=normalized, samples=samples, weight_property=weight_property, seed=seed)
        return self.run("harmonic", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def hits(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        score: str = "authority",
        max_iterations: int = 1000,
        tolerance: float = 1e-08,
        weight_property: Optional[str] = None,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Good hubs link to good authorities, and good authorities are linked from good hubs.

        One run yields the score asked for; run it twice for both. Scores of each kind sum to 1. Without edges all
        are 0.

        Time: O(iterations * (n + m)). Source: J. Kleinberg: Authoritative sources in a hyperlinked environment.
        Journal of the ACM 46(5), 1999.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (DOUBLE: score); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            score: Which of the two scores to return. one of authority, hub.
            max_iterations: Most iterations; no convergence by then is an error. >= 1 and <= 100000.
            tolerance: Sum of changes in one iteration at which to stop. > 0.
            weight_property: Numeric edge property used as weight; parallel edges add up. None: unweighted.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.hits("Account").status
            'completed'
        """
        params = given(score=score, max_iterations=max_iterations, tolerance=tolerance, weight_property=weight_property)
        return self.run("hits", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def katz(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        alpha: Optional[float] = None,
        beta: float = 1.0,
        normalized: bool = True,
        max_iterations: int = 1000,
        tolerance: float = 1e-09,
        weight_property: Optional[str] = None,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Number of walks that end at a node, longer ones counting less.

        Each node has beta plus alpha times the scores of the nodes that link to it. alpha must be smaller than the
        inverse of the largest eigenvalue; without it, 0.9 divided by an upper bound of that eigenvalue (the smaller
        of the largest sums of outgoing and incoming weights) is used and reported.

        Time: O(iterations * (n + m)). Source: L. Katz: A new status index derived from sociometric analysis.
        Psychometrika 18(1), 1953.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write to (DOUBLE: score); nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            alpha: Factor per step. None: one that converges. > 0.
            beta: Score that every node has by itself. > 0.
            normalized: Scale the vector of scores to length 1.
            max_iterations: Most iterations; no convergence by then is an error. >= 1 and <= 100000.
            tolerance: Relative change at which to stop. > 0.
            weight_property: Numeric edge property used as weight; parallel edges add up. None: unweighted.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.katz("Account").status
            'completed'
        """
        params = given(
            alpha=alpha,
            beta=beta,
            normalized=normalized,
            max_iterations=max_iterations,
            tolerance=tolerance,
            weight_property=weight_property,
        )
        return self.run("katz", node_label, property_name, edge_type, params, timeout, wait, graph=graph)
