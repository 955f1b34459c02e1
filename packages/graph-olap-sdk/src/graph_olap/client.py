# Derived from graph_olap/aio/client.py; edit that file and run `make sync`.
"""The client: one object that holds the address, the credentials and all resources."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Callable, Optional, Type

import httpx

from graph_olap.config import Config
from graph_olap.http import HTTPClient
from graph_olap.instance.connection import InstanceConnection
from graph_olap.resources import (
    AdminResource,
    FavoriteResource,
    HealthResource,
    InstanceResource,
    MappingResource,
    OpsResource,
    SchemaResource,
    SnapshotResource,
    UserResource,
)

__all__ = ["GraphOLAPClient"]


class GraphOLAPClient:
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
        >>> with GraphOLAPClient(url, username="ada") as client:
        ...     client.health.check().status
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
        transport: Optional[httpx.BaseTransport] = None,
        sleep: Optional[Callable[[float], None]] = None,
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
        transport: Optional[httpx.BaseTransport] = None,
        sleep: Optional[Callable[[float], None]] = None,
    ) -> GraphOLAPClient:
        """Create a client from settings that exist already.

        Args:
            config: Address, credentials and limits.
            transport: Replaces the network; for tests.
            sleep: Replaces the wait between attempts and polls; for tests.

        Returns:
            The client.

        Example:
            >>> from graph_olap import Config
            >>> with GraphOLAPClient.from_config(Config(url, username="ada", max_retries=0)) as client:
            ...     client.health.check().status
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
    ) -> GraphOLAPClient:
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
            >>> with GraphOLAPClient.from_env(username="ada") as client:
            ...     client.health.check().status
            'healthy'
        """
        transport, sleep = kwargs.pop("transport", None), kwargs.pop("sleep", None)
        config = Config.from_env(api_url, api_key, internal_api_key, username, **kwargs)
        return cls.from_config(config, transport=transport, sleep=sleep)

    def __repr__(self) -> str:
        state = ", closed" if self._http.is_closed else ""
        user = f", username={self._config.username!r}" if self._config.username else ""
        return f"GraphOLAPClient({self._config.api_url!r}{user}{state})"

    def __enter__(self) -> GraphOLAPClient:
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all network connections; instances go on running. Closing twice is harmless.

        Example:
            >>> client = GraphOLAPClient(url, username="ada")
            >>> client.close()
            >>> client
            GraphOLAPClient('http://...', username='ada', closed)
        """
        self._http.close()

    def quick_start(
        self,
        mapping_id: int,
        *,
        snapshot_name: Optional[str] = None,
        instance_name: Optional[str] = None,
        wait_timeout: float = 600,
        progress: Optional[bool] = None,
    ) -> InstanceConnection:
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
            >>> graph = client.quick_start(mapping.id)
            >>> graph.query_scalar("MATCH (n) RETURN count(n)")
            4
            >>> client.instances.terminate(graph.instance_id)
        """
        instance = self.instances.create_from_mapping_and_wait(
            mapping_id,
            instance_name or "Quick Instance",
            snapshot_name=snapshot_name or "Quick Snapshot",
            timeout=wait_timeout,
            progress=progress,
        )
        return self.instances.connect(instance.id)

    def _set_up(
        self,
        config: Config,
        transport: Optional[httpx.BaseTransport],
        sleep: Optional[Callable[[float], None]],
    ) -> None:
        self._config = config
        self._http: HTTPClient = HTTPClient(config, transport=transport, sleep=sleep)
        self.mappings: MappingResource = MappingResource(self._http)
        self.snapshots: SnapshotResource = SnapshotResource(self._http)
        self.instances: InstanceResource = InstanceResource(self._http)
        self.favorites: FavoriteResource = FavoriteResource(self._http)
        self.schema: SchemaResource = SchemaResource(self._http)
        self.health: HealthResource = HealthResource(self._http)
        self.ops: OpsResource = OpsResource(self._http)
        self.admin: AdminResource = AdminResource(self._http)
        self.users: UserResource = UserResource(self._http)
