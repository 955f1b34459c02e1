"""Instances: private, running graphs."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from graph_olap._progress import ProgressCallback
from graph_olap._request import Call, given, list_params
from graph_olap._waiting import Deadline
from graph_olap.aio.http import AsyncHTTPClient
from graph_olap.aio.instance.connection import AsyncInstanceConnection
from graph_olap.aio.resources.instance_changes import AsyncInstanceChanges
from graph_olap.aio.resources.waiting import wait_for_instance
from graph_olap.config import Config
from graph_olap.exceptions import ConnectionError, InvalidStateError
from graph_olap.models import Instance, InstanceProgress
from graph_olap.pagination import PaginatedList

__all__ = ["AsyncInstanceResource"]


class AsyncInstanceResource(AsyncInstanceChanges):
    """Manage graph instances.

    Example:
        >>> instance = await client.instances.create_from_mapping_and_wait(mapping_id=1, name="Quick Analysis")
        >>> conn = await client.instances.connect(instance.id)
        >>> await conn.query_scalar("MATCH (n) RETURN count(n)")
        1200
        >>> await client.instances.terminate(instance.id)
    """

    def __init__(self, http: AsyncHTTPClient, config: Optional[Config] = None) -> None:
        self._http = http
        self._config = config or http.config

    async def list(
        self,
        snapshot_id: Optional[int] = None,
        owner: Optional[str] = None,
        status: Optional[str] = None,
        search: Optional[str] = None,
        created_after: Optional[str] = None,
        created_before: Optional[str] = None,
        sort_by: str = "created_at",
        sort_order: str = "desc",
        offset: int = 0,
        limit: int = 50,
        *,
        mapping_id: Optional[int] = None,
    ) -> PaginatedList[Instance]:
        """List instances with optional filters.

        Args:
            snapshot_id: Only instances of this snapshot.
            owner: Only instances of this user.
            status: ``waiting_for_snapshot``, ``starting``, ``running``, ``failed``, ...
            search: Text in name or description, any case.
            created_after: Earliest creation, ISO 8601.
            created_before: Latest creation, ISO 8601.
            sort_by: ``name``, ``created_at``, ``updated_at``, ``started_at``, ``status`` or ``last_activity_at``.
            sort_order: ``asc`` or ``desc``.
            offset: Number of matches to skip.
            limit: Largest number of items, at most 100.
            mapping_id: Only instances of this mapping.

        Raises:
            ValidationError: A filter is wrong.
        """
        params = list_params(
            limit,
            offset=offset,
            sort_by=sort_by,
            sort_order=sort_order,
            snapshot_id=snapshot_id,
            mapping_id=mapping_id,
            owner=owner,
            status=status,
            search=search,
            created_after=created_after,
            created_before=created_before,
        )
        return PaginatedList.from_reply(await self._http.get("/api/instances", params), Instance.from_dict)

    async def get(self, instance_id: int) -> Instance:
        """Get an instance.

        Raises:
            NotFoundError: There is no such instance, or it was terminated.
        """
        return Instance.from_dict((await self._http.get(f"/api/instances/{instance_id}"))["data"])

    async def create(
        self,
        snapshot_id: int,
        name: str,
        description: Optional[str] = None,
        ttl: Optional[str] = None,
        inactivity_timeout: Optional[str] = None,
        *,
        cpu_cores: Optional[int] = None,
        wrapper_type: Optional[str] = None,
    ) -> Instance:
        """Start an instance of a snapshot; returns at once with status ``starting``.

        Args:
            snapshot_id: A snapshot that is ``ready``.
            name: Display name.
            description: What it is for.
            ttl: Lifetime, an ISO 8601 duration such as ``"PT8H"``.
            inactivity_timeout: Lifetime without use, an ISO 8601 duration.
            cpu_cores: CPU cores, 1 to 8.
            wrapper_type: Graph engine; the server's default when left out.

        Raises:
            InvalidStateError: The snapshot is not ready.
            ConcurrencyLimitError: You or the cluster have too many instances.
            NotFoundError: There is no such snapshot.
        """
        body = {
            "snapshot_id": snapshot_id,
            "name": name,
            **given(
                description=description,
                ttl=ttl,
                inactivity_timeout=inactivity_timeout,
                cpu_cores=cpu_cores,
                wrapper_type=wrapper_type,
            ),
        }
        return Instance.from_dict((await self._http.post("/api/instances", body))["data"])

    async def create_and_wait(
        self,
        snapshot_id: int,
        name: str,
        *,
        description: Optional[str] = None,
        ttl: Optional[str] = None,
        inactivity_timeout: Optional[str] = None,
        cpu_cores: Optional[int] = None,
        wrapper_type: Optional[str] = None,
        timeout: float = 300,
        poll_interval: float = 5,
        on_progress: Optional[ProgressCallback] = None,
        progress: Optional[bool] = None,
    ) -> Instance:
        """Start an instance of a snapshot and wait until it answers queries.

        Args:
            snapshot_id: A snapshot that is ``ready``.
            name: Display name.
            description: What it is for.
            ttl: Lifetime, an ISO 8601 duration such as ``"PT8H"``.
            inactivity_timeout: Lifetime without use, an ISO 8601 duration.
            cpu_cores: CPU cores, 1 to 8.
            wrapper_type: Graph engine; the server's default when left out.
            timeout: Seconds to wait.
            poll_interval: Longest time between two looks, in seconds; the first ones follow quickly.
            on_progress: Called as ``on_progress(phase, completed_steps, total_steps)``.
            progress: Show a progress bar; by default in notebooks and terminals.

        Raises:
            InstanceFailedError: It failed; ``details`` holds ``error_code`` and, if there is one, ``load_report``.
            TimeoutError: It took too long; the start goes on.
            InvalidStateError: The snapshot is not ready.
            ConcurrencyLimitError: You or the cluster have too many instances.

        Example:
            >>> instance = await client.instances.create_and_wait(snapshot_id=1, name="Quick Analysis")
            >>> conn = await client.instances.connect(instance.id)
        """
        instance = await self.create(
            snapshot_id,
            name,
            description,
            ttl,
            inactivity_timeout,
            cpu_cores=cpu_cores,
            wrapper_type=wrapper_type,
        )
        return await wait_for_instance(
            self._http, instance.id, name, Deadline(timeout, poll_interval), on_progress, progress
        )

    async def create_from_mapping(
        self,
        mapping_id: int,
        name: str,
        *,
        description: Optional[str] = None,
        mapping_version: Optional[int] = None,
        snapshot_name: Optional[str] = None,
        ttl: Optional[str] = None,
        inactivity_timeout: Optional[str] = None,
        cpu_cores: Optional[int] = None,
        wrapper_type: Optional[str] = None,
    ) -> Instance:
        """Export a mapping and start an instance of it; returns at once with status ``waiting_for_snapshot``.

        Args:
            mapping_id: The mapping to export.
            name: Display name of the instance.
            description: What it is for.
            mapping_version: Version of the mapping; the current one by default.
            snapshot_name: Name of the snapshot; the instance's name by default.
            ttl: Lifetime, an ISO 8601 duration such as ``"PT24H"``.
            inactivity_timeout: Lifetime without use, an ISO 8601 duration.
            cpu_cores: CPU cores, 1 to 8.
            wrapper_type: Graph engine; the server's default when left out.

        Raises:
            NotFoundError: There is no such mapping or version.
            ValidationError: A value is wrong.
            ConcurrencyLimitError: You or the cluster have too many instances.
        """
        body = {
            "mapping_id": mapping_id,
            "name": name,
            **given(
                description=description,
                mapping_version=mapping_version,
                snapshot_name=snapshot_name,
                ttl=ttl,
                inactivity_timeout=inactivity_timeout,
                cpu_cores=cpu_cores,
                wrapper_type=wrapper_type,
            ),
        }
        return Instance.from_dict((await self._http.post("/api/instances/from-mapping", body))["data"])

    async def create_from_mapping_and_wait(
        self,
        mapping_id: int,
        name: str,
        *,
        description: Optional[str] = None,
        mapping_version: Optional[int] = None,
        snapshot_name: Optional[str] = None,
        ttl: Optional[str] = None,
        inactivity_timeout: Optional[str] = None,
        cpu_cores: Optional[int] = None,
        wrapper_type: Optional[str] = None,
        timeout: float = 900,
        poll_interval: float = 5,
        on_progress: Optional[ProgressCallback] = None,
        progress: Optional[bool] = None,
    ) -> Instance:
        """Export a mapping, start an instance of it and wait until it answers queries.

        Args:
            mapping_id: The mapping to export.
            name: Display name of the instance.
            description: What it is for.
            mapping_version: Version of the mapping; the current one by default.
            snapshot_name: Name of the snapshot; the instance's name by default.
            ttl: Lifetime, an ISO 8601 duration such as ``"PT24H"``.
            inactivity_timeout: Lifetime without use, an ISO 8601 duration.
            cpu_cores: CPU cores, 1 to 8.
            wrapper_type: Graph engine; the server's default when left out.
            timeout: Seconds to wait for both export and start.
            poll_interval: Longest time between two looks, in seconds; the first ones follow quickly.
            on_progress: Called as ``on_progress(phase, completed_steps, total_steps)``.
            progress: Show a progress bar; by default in notebooks and terminals.

        Raises:
            InstanceFailedError: Instance or snapshot failed; ``details`` holds ``error_code`` and, if there is one,
                ``load_report``.
            TimeoutError: It took too long; the work goes on.
            NotFoundError: There is no such mapping or version.
            ConcurrencyLimitError: You or the cluster have too many instances.

        Example:
            >>> def show_progress(phase, completed, total):
            ...     print(f"{phase}: {completed}/{total}")
            >>> instance = await client.instances.create_from_mapping_and_wait(
            ...     mapping_id=1, name="Quick Analysis", on_progress=show_progress
            ... )
            >>> conn = await client.instances.connect(instance.id)
            >>> result = await conn.query("MATCH (n) RETURN count(n)")
        """
        instance = await self.create_from_mapping(
            mapping_id,
            name,
            description=description,
            mapping_version=mapping_version,
            snapshot_name=snapshot_name,
            ttl=ttl,
            inactivity_timeout=inactivity_timeout,
            cpu_cores=cpu_cores,
            wrapper_type=wrapper_type,
        )
        return await wait_for_instance(
            self._http, instance.id, name, Deadline(timeout, poll_interval), on_progress, progress
        )

    async def wait_until_running(
        self,
        instance_id: int,
        timeout: float = 300,
        poll_interval: float = 5,
        *,
        on_progress: Optional[ProgressCallback] = None,
        progress: Optional[bool] = None,
    ) -> Instance:
        """Wait until an instance answers queries; returns at once when it already does.

        Args:
            instance_id: The instance to wait for.
            timeout: Seconds to wait.
            poll_interval: Longest time between two looks, in seconds; the first ones follow quickly.
            on_progress: Called as ``on_progress(phase, completed_steps, total_steps)``.
            progress: Show a progress bar; by default in notebooks and terminals.

        Raises:
            InstanceFailedError: It failed.
            TimeoutError: It took too long; the start goes on.
            NotFoundError: There is no such instance.
        """
        return await wait_for_instance(
            self._http, instance_id, str(instance_id), Deadline(timeout, poll_interval), on_progress, progress
        )

    async def connect(self, instance_id: int) -> AsyncInstanceConnection:
        """Connect to a running instance for queries and algorithms.

        The connection uses the credentials and the network connections of this client.

        Raises:
            InvalidStateError: The instance is not running.
            NotFoundError: There is no such instance.
            ConnectionError: It cannot be reached.

        Example:
            >>> conn = await client.instances.connect(123)
            >>> result = await conn.query("MATCH (n:Customer) RETURN n LIMIT 10")
            >>> df = await conn.query_df("MATCH (n)-[r]->(m) RETURN n.id, m.id")
        """
        instance, url = await self._running(instance_id)
        await self._http.call(Call("GET", f"{url}/health"))
        return AsyncInstanceConnection(url, instance_id=instance.id, http=self._http)

    async def terminate(self, instance_id: int) -> None:
        """Terminate an instance in any state; running queries and algorithms are cancelled.

        Raises:
            PermissionDeniedError: It belongs to somebody else.
            NotFoundError: There is no such instance.
        """
        await self._http.post(f"/api/instances/{instance_id}/terminate")

    async def get_progress(self, instance_id: int) -> InstanceProgress:
        """Get how far the start is: phase, steps, rows.

        Raises:
            NotFoundError: There is no such instance.
        """
        reply = await self._http.get(f"/api/instances/{instance_id}/progress")
        return InstanceProgress.from_api_response(reply["data"])

    async def get_health(self, instance_id: int) -> Dict[str, Any]:
        """Get what the process of a running instance says about itself.

        Raises:
            InvalidStateError: The instance is not running.
            ConnectionError: It cannot be reached.
        """
        _, url = await self._running(instance_id)
        health: Dict[str, Any] = await self._http.call(Call("GET", f"{url}/health"))
        return health

    async def check_health(self, instance_id: int) -> bool:
        """Return whether an instance is running and its process answers."""
        try:
            return (await self.get_health(instance_id)).get("status") == "healthy"
        except (InvalidStateError, ConnectionError):
            return False

    async def _running(self, instance_id: int) -> Tuple[Instance, str]:
        instance = await self.get(instance_id)
        url = self._config.instance_base_url(instance.instance_url, instance.pod_name)
        if instance.status != "running" or url is None:
            raise InvalidStateError(
                f"Instance {instance_id} is {instance.status.replace('_', ' ')}; it must be running.",
                {
                    "resource": "instance",
                    "resource_id": instance_id,
                    "current_state": instance.status,
                    "required_state": "running",
                },
                hint=None
                if instance.status == "failed"
                else f"client.instances.wait_until_running({instance_id}) waits for it.",
            )
        return instance, url
