# Derived from graph_olap/aio/instance/algorithms.py; edit that file and run `make sync`.
"""Native graph algorithms of a running instance."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence, Union

from graph_olap._request import given
from graph_olap.exceptions import ValidationError
from graph_olap.instance.methods import AlgorithmMethods
from graph_olap.instance.projections import NodeKey, Projection
from graph_olap.instance.runs import AlgorithmRun

__all__ = ["AlgorithmManager"]


class AlgorithmManager(AlgorithmMethods):
    """Native algorithms; ``conn.algo`` of a connection.

    Every method returns a run: ``result`` holds the summary, ``nodes_updated`` the number of nodes that got the value
    as property ``property_name``. Without ``property_name`` nothing is written, and ``result`` lists the values.
    :meth:`stream` gives them all as a DataFrame. A projection from ``conn.project`` selects more finely than label and
    type.

    Example:
        >>> run = conn.algo.pagerank("Account", "rank")
        >>> run.nodes_updated
        4
        >>> conn.query_scalar("MATCH (a:Account) RETURN a.id ORDER BY a.rank DESC LIMIT 1")
        'B4'
    """

    def pagerank(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        damping: float = 0.85,
        max_iterations: int = 100,
        tolerance: float = 1e-6,
        source_nodes: Optional[Sequence[NodeKey]] = None,
        weight_property: Optional[str] = None,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """PageRank: how often a random walk visits each node; the scores sum to 1.

        Args:
            node_label: Only nodes with this label.
            property_name: Node property to write the scores to.
            edge_type: Only relationships of this type.
            damping: Probability of following a relationship, between 0 and 1.
            max_iterations: Largest number of iterations.
            tolerance: Change at which it stops.
            source_nodes: Primary keys (or ``{"label": ..., "key": ...}``) of the nodes at which the walk restarts; all
                nodes by default.
            weight_property: Numeric relationship property that weighs the walk.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> run = conn.algo.pagerank("Account", "pr", "PAID", weight_property="amount")
            >>> round(conn.query_scalar("MATCH (a:Account) RETURN sum(a.pr)"), 6)
            1.0
        """
        params = {
            "damping_factor": damping,
            "max_iterations": max_iterations,
            "tolerance": tolerance,
            **given(source_nodes=source_nodes, weight_property=weight_property),
        }
        return self.run("pagerank", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def louvain(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        resolution: float = 1.0,
        weight_property: Optional[str] = None,
        seed: Optional[int] = None,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Louvain communities: groups with many relationships inside and few between.

        Args:
            node_label: Only nodes with this label.
            property_name: Node property to write the community ids to.
            edge_type: Only relationships of this type.
            resolution: Above 1 gives more and smaller communities.
            weight_property: Numeric relationship property used as weight.
            seed: Seed of the random order.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> run = conn.algo.louvain("Account", "community", resolution=1.2, seed=7)
            >>> run.nodes_updated
            4
        """
        params = given(resolution=None if resolution == 1.0 else resolution, weight_property=weight_property, seed=seed)
        return self.run("louvain", node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def wcc(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Weakly connected components: which nodes reach each other, whatever the direction.

        Args:
            node_label: Only nodes with this label.
            property_name: Node property to write the component ids to.
            edge_type: Only relationships of this type.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> run = conn.algo.wcc("Account", "component")
            >>> conn.query_scalar("MATCH (a:Account) RETURN count(DISTINCT a.component)")
            1
        """
        return self.run("wcc", node_label, property_name, edge_type, None, timeout, wait, graph=graph)

    def connected_components(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Weakly connected components; another name of :meth:`wcc`.

        Args:
            node_label: Only nodes with this label.
            property_name: Node property to write the component ids to.
            edge_type: Only relationships of this type.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.connected_components("Account").status
            'completed'
        """
        return self.wcc(node_label, property_name, edge_type, graph=graph, timeout=timeout, wait=wait)

    def scc(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Strongly connected components: which nodes reach each other along the directions.

        Args:
            node_label: Only nodes with this label.
            property_name: Node property to write the component ids to.
            edge_type: Only relationships of this type.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> run = conn.algo.scc("Account", "strong")
            >>> conn.query_scalar("MATCH (a:Account) RETURN count(DISTINCT a.strong)")
            2
        """
        return self.run("scc", node_label, property_name, edge_type, None, timeout, wait, graph=graph)

    def scc_kosaraju(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Strongly connected components with Kosaraju's algorithm; the same components as :meth:`scc`.

        Args:
            node_label: Only nodes with this label.
            property_name: Node property to write the component ids to.
            edge_type: Only relationships of this type.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.scc_kosaraju("Account").status
            'completed'
        """
        return self.run("scc_kosaraju", node_label, property_name, edge_type, None, timeout, wait, graph=graph)

    def kcore(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Core numbers: the largest k for which a node belongs to a group of nodes with k neighbours inside it.

        Args:
            node_label: Only nodes with this label.
            property_name: Node property to write the core numbers to.
            edge_type: Only relationships of this type.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> run = conn.algo.kcore("Account", "core")
            >>> conn.query_scalar("MATCH (a:Account {id: 'A1'}) RETURN a.core")
            1
        """
        return self.run("kcore", node_label, property_name, edge_type, None, timeout, wait, graph=graph)

    def label_propagation(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        max_iterations: int = 100,
        seed: Optional[int] = None,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Label propagation communities: each node takes the most frequent community of its neighbours.

        Args:
            node_label: Only nodes with this label.
            property_name: Node property to write the community ids to.
            edge_type: Only relationships of this type.
            max_iterations: Largest number of iterations.
            seed: Seed of the random order in which nodes take turns.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> conn.algo.label_propagation("Account", "group", max_iterations=20).nodes_updated
            4
        """
        params = {"max_iterations": max_iterations, **given(seed=seed)}
        name = "label_propagation"
        return self.run(name, node_label, property_name, edge_type, params, timeout, wait, graph=graph)

    def triangle_count(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        *,
        graph: Optional[Projection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
    ) -> AlgorithmRun:
        """Number of triangles through each node.

        Args:
            node_label: Only nodes with this label.
            property_name: Node property to write the numbers to.
            edge_type: Only relationships of this type.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            timeout: Seconds to wait for the end.
            wait: ``False`` returns at once.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> run = conn.algo.triangle_count("Account", "triangles")
            >>> conn.query_scalar("MATCH (a:Account {id: 'B4'}) RETURN a.triangles")
            1
        """
        return self.run("triangle_count", node_label, property_name, edge_type, None, timeout, wait, graph=graph)

    def shortest_path(
        self,
        source_id: Union[str, int],
        target_id: Union[str, int],
        relationship_types: Optional[Sequence[str]] = None,
        max_depth: Optional[int] = None,
        *,
        source_label: Optional[str] = None,
        target_label: Optional[str] = None,
        directed: bool = False,
        weight_property: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> AlgorithmRun:
        """Find a shortest path between two nodes; ``result`` holds ``found``, ``path``, ``length`` and the parts.

        Args:
            source_id: Primary key value of the first node.
            target_id: Primary key value of the last node.
            relationship_types: Only these types.
            max_depth: Largest number of relationships, 1 to 50; 30 by default.
            source_label: Label of the first node, needed when several labels have this key.
            target_label: Label of the last node, needed when several labels have this key.
            directed: Whether to follow directions.
            weight_property: Non-negative relationship property to sum up in place of counting relationships.
            timeout: Seconds to wait for the end.

        Returns:
            The ended execution; its ``result`` is the path.

        Raises:
            NotFoundError: There is no node with this key.
            ValidationError: The key exists under several labels, or another value is wrong.

        Example:
            >>> run = conn.algo.shortest_path("A1", "C9", max_depth=5)
            >>> run.result["path"]
            ['A1', 'B4', 'C9']
        """
        body = {
            "source_id": _key_text("source_id", source_id),
            "target_id": _key_text("target_id", target_id),
            "directed": directed,
            **given(
                relationship_types=None if relationship_types is None else [*relationship_types],
                max_depth=max_depth,
                source_label=source_label,
                target_label=target_label,
                weight_property=weight_property,
            ),
        }
        return self._execute("shortest_path", body, timeout, wait=True)


def _key_text(name: str, key: Any) -> str:
    if key is None or isinstance(key, (bool, Mapping, list, tuple, set)):
        reason = f"a primary key value is required, not {key!r}"
        raise ValidationError(f"{name}: {reason}.", {"field": name, "reason": reason})
    return str(key)
