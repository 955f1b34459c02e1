"""The client: one object that holds the address, the credentials and all resources."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Awaitable, Callable, Optional, Type

import httpx

from graph_olap.aio.http import AsyncHTTPClient
from graph_olap.aio.instance.connection import AsyncInstanceConnection
from graph_olap.aio.resources import (
    AsyncAdminResource,
    AsyncFavoriteResource,
    AsyncHealthResource,
    AsyncInstanceResource,
    AsyncMappingResource,
    AsyncOpsResource,
    AsyncSchemaResource,
    AsyncSnapshotResource,
    AsyncUserResource,
)
from graph_olap.config import Config

__all__ = ["AsyncGraphOLAPClient"]


class AsyncGraphOLAPClient:
    """Client of a Graph OLAP platform.

    Credentials, in order of priority: ``internal_api_key`` (between services), ``api_key`` (production), ``username``
    (development). The keys never appear in its ``repr``.

    Args:
        api_url: Base URL of the control plane.
        api_key: API key or JWT.
        internal_api_key: Shared secret between services.
        username: User name, for servers in development mode or together with the internal key.
        role: Role of that user, under the same condition.
        timeout: Seconds to wait for an answer to one request.
        max_retries: How often a failed request may be repeated.
        total_timeout: Seconds for one call with all its repeats and the waits between them; ``None`` means 120, or
            ``timeout`` when that is longer.
        transport: Replaces the network; for tests.
        sleep: Replaces the wait between attempts and polls; for tests.

    Attributes:
        mappings: How warehouse tables become a graph.
        snapshots: Exported copies of a mapping's data.
        instances: Private, running graphs.
        favorites: Your bookmarks.
        schema: Catalogs, tables and columns of the warehouse.
        health: Whether the platform is up.
        ops: Configuration, cluster state and background jobs.
        admin: Privileged operations.
        users: Users and their roles.

    Example:
        >>> async with AsyncGraphOLAPClient(url, username="ada") as client:
        ...     (await client.health.check()).status
        'healthy'
    """

    def __init__(
        self,
        api_url: str,
        api_key: Optional[str] = None,
        internal_api_key: Optional[str] = None,
        username: Optional[str] = None,
        *,
        role: Optional[str] = None,
        timeout: float = 30.0,
        max_retries: int = 3,
        total_timeout: Optional[float] = None,
        transport: Optional[httpx.AsyncBaseTransport] = None,
        sleep: Optional[Callable[[float], Awaitable[None]]] = None,
    ) -> None:
        config = Config(
            api_url,
            api_key,
            internal_api_key,
            username,
            role=role,
            timeout=timeout,
            max_retries=max_retries,
            total_timeout=total_timeout,
        )
        self._set_up(config, transport, sleep)

    @classmethod
    def from_config(
        cls,
        config: Config,
        *,
        transport: Optional[httpx.AsyncBaseTransport] = None,
        sleep: Optional[Callable[[float], Awaitable[None]]] = None,
    ) -> AsyncGraphOLAPClient:
        """Create a client from settings that exist already.

        Args:
            config: Address, credentials and limits.
            transport: Replaces the network; for tests.
            sleep: Replaces the wait between attempts and polls; for tests.

        Returns:
            The client.

        Example:
            >>> from graph_olap import Config
            >>> async with AsyncGraphOLAPClient.from_config(Config(url, username="ada", max_retries=0)) as client:
            ...     (await client.health.check()).status
            'healthy'
        """
        client = cls.__new__(cls)
        client._set_up(config, transport, sleep)
        return client

    @classmethod
    def from_env(
        cls,
        api_url: Optional[str] = None,
        api_key: Optional[str] = None,
        internal_api_key: Optional[str] = None,
        username: Optional[str] = None,
        **kwargs: Any,
    ) -> AsyncGraphOLAPClient:
        """Create a client from environment variables; arguments win.

        Variables: ``GRAPH_OLAP_API_URL``, ``GRAPH_OLAP_API_KEY``, ``GRAPH_OLAP_INTERNAL_API_KEY``,
        ``GRAPH_OLAP_USERNAME``, ``GRAPH_OLAP_ROLE``, ``GRAPH_OLAP_IN_CLUSTER_MODE`` and ``GRAPH_OLAP_NAMESPACE``.

        Args:
            api_url: In place of ``GRAPH_OLAP_API_URL``.
            api_key: In place of ``GRAPH_OLAP_API_KEY``.
            internal_api_key: In place of ``GRAPH_OLAP_INTERNAL_API_KEY``.
            username: In place of ``GRAPH_OLAP_USERNAME``.
            **kwargs: ``role``, ``timeout``, ``max_retries``, ``total_timeout``, ``transport`` and ``sleep`` of the
                constructor.

        Returns:
            The client.

        Raises:
            ValueError: No URL is given or set.

        Example:
            >>> import os
            >>> os.environ["GRAPH_OLAP_API_URL"] = url
            >>> async with AsyncGraphOLAPClient.from_env(username="ada") as client:
            ...     (await client.health.check()).status
            'healthy'
        """
        transport, sleep = kwargs.pop("transport", None), kwargs.pop("sleep", None)
        config = Config.from_env(api_url, api_key, internal_api_key, username, **kwargs)
        return cls.from_config(config, transport=transport, sleep=sleep)

    def __repr__(self) -> str:
        state = ", closed" if self._http.is_closed else ""
        user = f", username={self._config.username!r}" if self._config.username else ""
        return f"AsyncGraphOLAPClient({self._config.api_url!r}{user}{state})"

    async def __aenter__(self) -> AsyncGraphOLAPClient:
        return self

    async def __aexit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all network connections; instances go on running. Closing twice is harmless.

        Example:
            >>> client = AsyncGraphOLAPClient(url, username="ada")
            >>> await client.aclose()
            >>> client
            AsyncGraphOLAPClient('http://...', username='ada', closed)
        """
        await self._http.aclose()

    async def quick_start(
        self,
        mapping_id: int,
        *,
        snapshot_name: Optional[str] = None,
        instance_name: Optional[str] = None,
        wait_timeout: float = 600,
        progress: Optional[bool] = None,
    ) -> AsyncInstanceConnection:
        """Go from a mapping to a connected, running graph in one call.

        Args:
            mapping_id: The mapping to use.
            snapshot_name: Name of the snapshot, "Quick Snapshot" by default.
            instance_name: Name of the instance, "Quick Instance" by default.
            wait_timeout: Seconds to wait for snapshot and instance together.
            progress: Show a progress bar; by default in notebooks and terminals.

        Returns:
            The connection; its ``instance_id`` is what to terminate in the end.

        Raises:
            InstanceFailedError: Instance or snapshot failed.
            TimeoutError: It took too long; the work goes on.

        Example:
            >>> graph = await client.quick_start(mapping.id)
            >>> await graph.query_scalar("MATCH (n) RETURN count(n)")
            4
            >>> await client.instances.terminate(graph.instance_id)
        """
        instance = await self.instances.create_from_mapping_and_wait(
            mapping_id,
            instance_name or "Quick Instance",
            snapshot_name=snapshot_name or "Quick Snapshot",
            timeout=wait_timeout,
            progress=progress,
        )
        return await self.instances.connect(instance.id)

    def _set_up(
        self,
        config: Config,
        transport: Optional[httpx.AsyncBaseTransport],
        sleep: Optional[Callable[[float], Awaitable[None]]],
    ) -> None:
        self._config = config
        self._http: AsyncHTTPClient = AsyncHTTPClient(config, transport=transport, sleep=sleep)
        self.mappings: AsyncMappingResource = AsyncMappingResource(self._http)
        self.snapshots: AsyncSnapshotResource = AsyncSnapshotResource(self._http)
        self.instances: AsyncInstanceResource = AsyncInstanceResource(self._http)
        self.favorites: AsyncFavoriteResource = AsyncFavoriteResource(self._http)
        self.schema: AsyncSchemaResource = AsyncSchemaResource(self._http)
        self.health: AsyncHealthResource = AsyncHealthResource(self._http)
        self.ops: AsyncOpsResource = AsyncOpsResource(self._http)
        self.admin: AsyncAdminResource = AsyncAdminResource(self._http)
        self.users: AsyncUserResource = AsyncUserResource(self._http)
