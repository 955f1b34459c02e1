"""Running native algorithms by name: written to the graph, streamed, summarised, estimated."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from graph_olap._arrow import choose_backend, to_frame
from graph_olap._parameters import encode_parameters
from graph_olap._request import given
from graph_olap.aio.instance.executions import AsyncExecutions
from graph_olap.aio.instance.projections import AsyncProjection, graph_fields
from graph_olap.aio.instance.runs import AsyncAlgorithmRun

__all__ = ["AsyncNativeRuns"]


class AsyncNativeRuns(AsyncExecutions):
    """Native algorithms by name, in each mode."""

    _family = "algo"

    async def run(
        self,
        name: str,
        node_label: Optional[str] = None,
        property_name: Optional[str] = None,
        edge_type: Optional[str] = None,
        params: Optional[Mapping[str, Any]] = None,
        timeout: Optional[float] = None,
        wait: bool = True,
        *,
        graph: Optional[AsyncProjection] = None,
        mode: Optional[str] = None,
        progress: Optional[bool] = None,
    ) -> AsyncAlgorithmRun:
        """Run an algorithm by name.

        Args:
            name: Name or alias, see :meth:`algorithms`.
            node_label: Only nodes with this label; all labels by default.
            property_name: Property to write the values to; nothing is written by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            params: Parameters of the algorithm, see :meth:`algorithm_info`.
            timeout: Seconds to wait for the end; as long as it takes by default. The algorithm itself goes on.
            wait: ``False`` returns at once; :meth:`AsyncAlgorithmRun.wait` waits later.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            mode: ``write`` (needs ``property_name``), ``stream`` (the whole result, see
                :meth:`AsyncAlgorithmRun.to_polars`), ``stats`` (the summary only) or ``estimate`` (runs nothing). By
                default it writes if there is a ``property_name``, else ``result`` holds up to 10,000 values.
            progress: Show a progress bar; by default in notebooks and terminals, when it takes long.

        Returns:
            The ended run; with ``wait=False`` the running one.

        Raises:
            AlgorithmNotFoundError: There is none of this name; ``details["suggestions"]`` lists near ones.
            ValidationError: Label, type, property or a parameter is wrong.
            ResourceLockedError: Another algorithm that may write holds the instance.
            AlgorithmFailedError: It failed or was cancelled.
            AlgorithmTimeoutError: It exceeded its time limit, or the wait took too long.

        Example:
            >>> run = await conn.algo.run("pagerank", "Account", params={"damping_factor": 0.9})
            >>> run.status
            'completed'
        """
        body = {
            **given(node_label=node_label, edge_type=edge_type, result_property=property_name, mode=mode),
            **graph_fields(graph),
            "parameters": encode_parameters(params),
        }
        return await self._execute(name, body, timeout, wait, progress)

    async def stream(
        self,
        name: str,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        params: Optional[Mapping[str, Any]] = None,
        timeout: Optional[float] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        backend: Optional[str] = None,
        progress: Optional[bool] = None,
    ) -> Any:
        """Run an algorithm and get its whole result as a DataFrame; the graph is not changed and no lock is needed.

        Args:
            name: Name or alias.
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            params: Parameters of the algorithm.
            timeout: Seconds to wait for the end.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            backend: ``polars`` or ``pandas``; polars by default when it is installed.
            progress: Show a progress bar; by default in notebooks and terminals, when it takes long.

        Returns:
            A frame: per node ``_id``, ``_label``, ``key`` and ``value``; per relationship or pair the ends and a
            value; one row per path.

        Example:
            >>> df = await conn.algo.stream("pagerank", "Account", backend="polars")
            >>> df.sort("value", descending=True)["key"][0]
            'B4'
        """
        chosen = choose_backend(backend)
        run = await self.run(
            name, node_label, None, edge_type, params, timeout, graph=graph, mode="stream", progress=progress
        )
        return to_frame(await run.to_arrow(), chosen)

    async def stats(
        self,
        name: str,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        params: Optional[Mapping[str, Any]] = None,
        timeout: Optional[float] = None,
        *,
        graph: Optional[AsyncProjection] = None,
        progress: Optional[bool] = None,
    ) -> Dict[str, Any]:
        """Run an algorithm and get only its summary; the graph is not changed and no lock is needed.

        Args:
            name: Name or alias.
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            params: Parameters of the algorithm.
            timeout: Seconds to wait for the end.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.
            progress: Show a progress bar; by default in notebooks and terminals, when it takes long.

        Returns:
            What the algorithm counts (components, modularity, iterations), sizes, times per phase, backend, threads.

        Example:
            >>> (await conn.algo.stats("wcc", "Account"))["component_count"]
            1
        """
        run = await self.run(
            name, node_label, None, edge_type, params, timeout, graph=graph, mode="stats", progress=progress
        )
        return run.result or {}

    async def estimate(
        self,
        name: str,
        node_label: Optional[str] = None,
        edge_type: Optional[str] = None,
        params: Optional[Mapping[str, Any]] = None,
        *,
        graph: Optional[AsyncProjection] = None,
    ) -> Dict[str, Any]:
        """Get what an algorithm would take, without running it.

        Args:
            name: Name or alias.
            node_label: Only nodes with this label; all labels by default.
            edge_type: Only relationships of this type; all between the nodes by default.
            params: Parameters of the algorithm.
            graph: A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``.

        Returns:
            ``memory_bytes`` (peak), ``projection_bytes``, ``seconds`` per phase and ``total_seconds`` on two cores,
            ``node_count``, ``edge_count``, ``complexity``. The total is without ``seconds["write"]``, which a property
            would take to write.

        Example:
            >>> (await conn.algo.estimate("louvain", "Account"))["node_count"]
            4
        """
        run = await self.run(name, node_label, None, edge_type, params, graph=graph, mode="estimate", progress=False)
        return run.result or {}
