"""Instances: private, running graphs."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from graph_olap._progress import ProgressCallback
from graph_olap._request import Call, list_params
from graph_olap._waiting import Deadline, not_running_hint
from graph_olap.aio.http import AsyncHTTPClient
from graph_olap.aio.instance.connection import AsyncInstanceConnection
from graph_olap.aio.pagination import AsyncPaginatedList
from graph_olap.aio.resources.instance_changes import AsyncInstanceChanges
from graph_olap.aio.resources.instance_starts import AsyncInstanceStarts
from graph_olap.aio.resources.waiting import wait_for_instance
from graph_olap.config import Config
from graph_olap.exceptions import ConnectionError, InvalidStateError
from graph_olap.models import Instance, InstanceProgress

__all__ = ["AsyncInstanceResource"]


class AsyncInstanceResource(AsyncInstanceStarts, AsyncInstanceChanges):
    """Manage graph instances.

    Example:
        >>> quick = await client.instances.create_from_mapping_and_wait(mapping.id, "Quick Analysis")
        >>> async with await client.instances.connect(quick.id) as graph:
        ...     print(await graph.query_scalar("MATCH (n) RETURN count(n)"))
        4
        >>> await client.instances.terminate(quick.id)
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
    ) -> AsyncPaginatedList[Instance]:
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

        Returns:
            One page; iterating gives :class:`Instance` objects.

        Raises:
            ValidationError: A filter is wrong.

        Example:
            >>> instance.id in [found.id for found in await client.instances.list(status="running")]
            True
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
        return await AsyncPaginatedList.fetch(self._http, "/api/instances", params, Instance.from_dict)

    async def get(self, instance_id: int) -> Instance:
        """Get an instance.

        Args:
            instance_id: Number of the instance.

        Returns:
            The instance.

        Raises:
            NotFoundError: There is no such instance, or it was terminated.

        Example:
            >>> (await client.instances.get(instance.id)).status
            'running'
        """
        return Instance.from_dict((await self._http.get(f"/api/instances/{instance_id}"))["data"])

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

        Returns:
            The instance, ``running``.

        Raises:
            InstanceFailedError: It failed.
            TimeoutError: It took too long; the start goes on.
            NotFoundError: There is no such instance.

        Example:
            >>> (await client.instances.wait_until_running(instance.id, timeout=60)).status
            'running'
        """
        return await wait_for_instance(
            self._http, instance_id, str(instance_id), Deadline(timeout, poll_interval), on_progress, progress
        )

    async def connect(self, instance_id: int) -> AsyncInstanceConnection:
        """Connect to a running instance for queries and algorithms.

        The connection uses the credentials and the network connections of this client.

        Args:
            instance_id: Number of the instance.

        Returns:
            The connection; close it, or use it as a context manager.

        Raises:
            InvalidStateError: The instance is not running.
            NotFoundError: There is no such instance.
            ConnectionError: It cannot be reached.

        Example:
            >>> graph = await client.instances.connect(instance.id)
            >>> await graph.query_scalar("MATCH (a:Account) RETURN count(a)")
            4
        """
        instance, url = await self._running(instance_id)
        await self._http.call(Call("GET", f"{url}/health"))
        return AsyncInstanceConnection(url, instance_id=instance.id, http=self._http)

    async def terminate(self, instance_id: int) -> None:
        """Terminate an instance in any state; running queries and algorithms are cancelled.

        Args:
            instance_id: Number of the instance.

        Raises:
            PermissionDeniedError: It belongs to somebody else.
            NotFoundError: There is no such instance.

        Example:
            >>> quick = await client.instances.create_and_wait(snapshot.id, "Not for long")
            >>> await client.instances.terminate(quick.id)
        """
        await self._http.post(f"/api/instances/{instance_id}/terminate")

    async def get_progress(self, instance_id: int) -> InstanceProgress:
        """Get how far the start is: phase, steps, rows.

        Args:
            instance_id: Number of the instance.

        Returns:
            Phase, steps and rows.

        Raises:
            NotFoundError: There is no such instance.

        Example:
            >>> (await client.instances.get_progress(instance.id)).phase
            'ready'
        """
        reply = await self._http.get(f"/api/instances/{instance_id}/progress")
        return InstanceProgress.from_api_response(reply["data"])

    async def get_health(self, instance_id: int) -> Dict[str, Any]:
        """Get what the process of a running instance says about itself.

        Args:
            instance_id: Number of the instance.

        Returns:
            ``status`` and the measured state of the process.

        Raises:
            InvalidStateError: The instance is not running.
            ConnectionError: It cannot be reached.

        Example:
            >>> (await client.instances.get_health(instance.id))["status"]
            'healthy'
        """
        _, url = await self._running(instance_id)
        health: Dict[str, Any] = await self._http.call(Call("GET", f"{url}/health"))
        return health

    async def check_health(self, instance_id: int) -> bool:
        """Return whether an instance is running and its process answers.

        Args:
            instance_id: Number of the instance.

        Returns:
            ``True`` when it answers queries.

        Example:
            >>> await client.instances.check_health(instance.id)
            True
        """
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
                hint=not_running_hint(instance_id, instance.status) or instance.error_message,
            )
        return instance, url
