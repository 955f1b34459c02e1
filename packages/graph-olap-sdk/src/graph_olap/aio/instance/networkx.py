"""Algorithms of NetworkX on a running instance."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from graph_olap._arrow import choose_backend, to_frame
from graph_olap._parameters import encode_parameters
from graph_olap._request import given
from graph_olap.aio.instance.executions import AsyncExecutions
from graph_olap.aio.instance.projections import AsyncProjection, graph_fields
from graph_olap.aio.instance.runs import AsyncAlgorithmRun

__all__ = ["AsyncNetworkXManager"]


class AsyncNetworkXManager(AsyncExecutions):
    """Any algorithm of NetworkX, and fast kernels for the common ones; ``conn.networkx`` of a connection.

    Example:
        >>> names = [found["name"] for found in await conn.networkx.algorithms(category="centrality")]
        >>> "harmonic_centrality" in names
        True
        >>> (await conn.networkx.run("harmonic_centrality", "Account", "harmonic")).nodes_updated
        4
    """

    _family = "networkx"

    async def run(
        self,
        name: str,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        params: Optional[Mapping[str, Any]] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
        *,
        edge_type: Optional[str] = None,
        subgraph_query: Optional[str] = None,
        directed: Optional[bool] = None,
        weight_property: Optional[str] = None,
        graph: Optional[AsyncProjection] = None,
        mode: Optional[str] = None,
        progress: Optional[bool] = None,
    ) -> AsyncAlgorithmRun:
        """Run an algorithm of NetworkX by name.

        Args:
            name: Name or alias, see :meth:`algorithms`.
            node_label: Only nodes with this label; all labels by default.
            property_name: Property to write the values of nodes or relationships to; nothing is written by default.
            params: Parameters of the algorithm, see :meth:`algorithm_info`. Nodes are given by primary key, numbers of
                relationships and values of nodes by the name of a property.
            timeout: Seconds to wait for the end; as long as it takes by default. The algorithm itself goes on.
            wait: ``False`` returns at once; :meth:`wait` waits later.
            edge_type: Only relationships of this type.
            subgraph_query: Read-only Cypher that returns ``source`` and ``target`` nodes, and perhaps a column that
                ``weight_property`` names; replaces label and type.
            directed: Force a directed or an undirected graph.
            weight_property: Numeric relationship property loaded as ``weight``.
            graph: A projection from ``conn.project``, in place of the other ways to select.
            mode: ``write`` (needs ``property_name``) or ``stream`` (the whole result, see
                :meth:`AsyncAlgorithmRun.to_polars`). By default it writes if there is a ``property_name``, else
                ``result`` holds up to 10,000 values.
            progress: Show a progress bar; by default in notebooks and terminals, when it takes long.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Raises:
            AlgorithmNotFoundError: There is none of this name; ``details["suggestions"]`` lists near ones.
            ValidationError: Label, type, property or a parameter is wrong.
            ResourceLockedError: Another algorithm holds the instance.
            AlgorithmFailedError: It failed or was cancelled.
            AlgorithmTimeoutError: It exceeded its time limit, or the wait took too long.

        Example:
            >>> run = await conn.networkx.run("pagerank", "Account", params={"alpha": 0.85, "tol": 1e-4})
            >>> run.status
            'completed'
        """
        body = {
            **given(
                node_label=node_label,
                edge_type=edge_type,
                result_property=property_name,
                subgraph_query=subgraph_query,
                directed=directed,
                weight_property=weight_property,
                mode=mode,
            ),
            **graph_fields(graph),
            "parameters": encode_parameters(params),
        }
        return await self._execute(name, body, timeout, wait, progress)

    async def stream(
        self,
        name: str,
        node_label: Optional[str] = None,
        params: Optional[Mapping[str, Any]] = None,
        timeout: Optional[float] = None,
        *,
        edge_type: Optional[str] = None,
        subgraph_query: Optional[str] = None,
        directed: Optional[bool] = None,
        weight_property: Optional[str] = None,
        graph: Optional[AsyncProjection] = None,
        backend: Optional[str] = None,
        progress: Optional[bool] = None,
    ) -> Any:
        """Run an algorithm of NetworkX and get its whole result as a DataFrame; no lock is needed.

        Args:
            name: Name or alias, see :meth:`algorithms`.
            node_label: Only nodes with this label; all labels by default.
            params: Parameters of the algorithm, as for :meth:`run`.
            timeout: Seconds to wait for the end.
            edge_type: Only relationships of this type.
            subgraph_query: Read-only Cypher, as for :meth:`run`.
            directed: Force a directed or an undirected graph.
            weight_property: Numeric relationship property loaded as ``weight``.
            graph: A projection from ``conn.project``, in place of the other ways to select.
            backend: ``polars`` or ``pandas``; polars by default when it is installed.
            progress: Show a progress bar; by default in notebooks and terminals, when it takes long.

        Returns:
            A frame whose columns depend on the kind of the result: docs/reference/networkx.md lists them.

        Example:
            >>> df = await conn.networkx.stream("shortest_path", "Account", {"source": "A1", "target": "C9"})
            >>> df["key"].to_list()
            ['A1', 'B4', 'C9']
        """
        chosen = choose_backend(backend)
        run = await self.run(
            name,
            node_label,
            None,
            params,
            timeout,
            edge_type=edge_type,
            subgraph_query=subgraph_query,
            directed=directed,
            weight_property=weight_property,
            graph=graph,
            mode="stream",
            progress=progress,
        )
        return to_frame(await run.to_arrow(), chosen)

    async def degree_centrality(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
        **params: Any,
    ) -> AsyncAlgorithmRun:
        """Share of the other nodes that each node is connected to; ``params`` as for NetworkX.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write the values to; nothing is written by default.
            graph: A projection from ``conn.project``, in place of ``node_label``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.
            **params: Parameters of the NetworkX function.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> run = await conn.networkx.degree_centrality("Account", "degree")
            >>> await conn.query_scalar("MATCH (a:Account {id: 'A1'}) RETURN a.degree") > 0
            True
        """
        return await self.run("degree_centrality", node_label, property_name, params, timeout, wait, graph=graph)

    async def betweenness_centrality(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
        **params: Any,
    ) -> AsyncAlgorithmRun:
        """Share of the shortest paths that lead through each node; ``params`` as for NetworkX.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write the values to; nothing is written by default.
            graph: A projection from ``conn.project``, in place of ``node_label``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.
            **params: Parameters of the NetworkX function.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> (await conn.networkx.betweenness_centrality("Account", "between", normalized=False)).nodes_updated
            4
        """
        return await self.run("betweenness_centrality", node_label, property_name, params, timeout, wait, graph=graph)

    async def closeness_centrality(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
        **params: Any,
    ) -> AsyncAlgorithmRun:
        """How near each node is to all others; ``params`` as for NetworkX.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write the values to; nothing is written by default.
            graph: A projection from ``conn.project``, in place of ``node_label``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.
            **params: Parameters of the NetworkX function.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> (await conn.networkx.closeness_centrality("Account", "close")).nodes_updated
            4
        """
        return await self.run("closeness_centrality", node_label, property_name, params, timeout, wait, graph=graph)

    async def eigenvector_centrality(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
        **params: Any,
    ) -> AsyncAlgorithmRun:
        """How central the neighbours of each node are; ``params`` as for NetworkX (``max_iter``, ``tol``, ...).

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write the values to; nothing is written by default.
            graph: A projection from ``conn.project``, in place of ``node_label``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.
            **params: Parameters of the NetworkX function.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> (await conn.networkx.eigenvector_centrality("Account", "eigen", max_iter=1000)).nodes_updated
            4
        """
        return await self.run("eigenvector_centrality", node_label, property_name, params, timeout, wait, graph=graph)

    async def clustering_coefficient(
        self,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
        **params: Any,
    ) -> AsyncAlgorithmRun:
        """Share of the pairs of each node's neighbours that are connected themselves; ``params`` as for NetworkX.

        Args:
            node_label: Only nodes with this label; all labels by default.
            property_name: Node property to write the values to; nothing is written by default.
            graph: A projection from ``conn.project``, in place of ``node_label``.
            timeout: Seconds to wait for the end; as long as it takes by default.
            wait: ``False`` returns at once.
            **params: Parameters of the NetworkX function.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Example:
            >>> (await conn.networkx.clustering_coefficient("Account", "clustering")).nodes_updated
            4
        """
        return await self.run("clustering", node_label, property_name, params, timeout, wait, graph=graph)
