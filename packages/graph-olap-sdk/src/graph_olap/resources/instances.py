# Derived from graph_olap/aio/resources/instances.py; edit that file and run `make sync`.
"""Instances: private, running graphs."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from graph_olap._progress import ProgressCallback
from graph_olap._request import Call, list_params
from graph_olap._waiting import Deadline, not_running_hint
from graph_olap.config import Config
from graph_olap.exceptions import ConnectionError, InvalidStateError
from graph_olap.http import HTTPClient
from graph_olap.instance.connection import InstanceConnection
from graph_olap.models import Instance, InstanceProgress
from graph_olap.pagination import PaginatedList
from graph_olap.resources.instance_changes import InstanceChanges
from graph_olap.resources.instance_starts import InstanceStarts
from graph_olap.resources.waiting import wait_for_instance

__all__ = ["InstanceResource"]


class InstanceResource(InstanceStarts, InstanceChanges):
    """Manage graph instances.

    Example:
        >>> quick = client.instances.create_from_mapping_and_wait(mapping.id, "Quick Analysis")
        >>> with client.instances.connect(quick.id) as graph:
        ...     print(graph.query_scalar("MATCH (n) RETURN count(n)"))
        4
        >>> client.instances.terminate(quick.id)
    """

    def __init__(self, http: HTTPClient, config: Optional[Config] = None) -> None:
        self._http = http
        self._config = config or http.config

    def list(
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

        Returns:
            One page; iterating gives :class:`Instance` objects.

        Raises:
            ValidationError: A filter is wrong.

        Example:
            >>> instance.id in [found.id for found in client.instances.list(status="running")]
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
        return PaginatedList.fetch(self._http, "/api/instances", params, Instance.from_dict)

    def get(self, instance_id: int) -> Instance:
        """Get an instance.

        Args:
            instance_id: Number of the instance.

        Returns:
            The instance.

        Raises:
            NotFoundError: There is no such instance, or it was terminated.

        Example:
            >>> client.instances.get(instance.id).status
            'running'
        """
        return Instance.from_dict(self._http.get(f"/api/instances/{instance_id}")["data"])

    def wait_until_running(
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
            >>> client.instances.wait_until_running(instance.id, timeout=60).status
            'running'
        """
        return wait_for_instance(
            self._http, instance_id, str(instance_id), Deadline(timeout, poll_interval), on_progress, progress
        )

    def connect(self, instance_id: int) -> InstanceConnection:
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
            >>> graph = client.instances.connect(instance.id)
            >>> graph.query_scalar("MATCH (a:Account) RETURN count(a)")
            4
        """
        instance, url = self._running(instance_id)
        self._http.call(Call("GET", f"{url}/health"))
        return InstanceConnection(url, instance_id=instance.id, http=self._http)

    def terminate(self, instance_id: int) -> None:
        """Terminate an instance in any state; running queries and algorithms are cancelled.

        Args:
            instance_id: Number of the instance.

        Raises:
            PermissionDeniedError: It belongs to somebody else.
            NotFoundError: There is no such instance.

        Example:
            >>> quick = client.instances.create_and_wait(snapshot.id, "Not for long")
            >>> client.instances.terminate(quick.id)
        """
        self._http.post(f"/api/instances/{instance_id}/terminate")

    def get_progress(self, instance_id: int) -> InstanceProgress:
        """Get how far the start is: phase, steps, rows.

        Args:
            instance_id: Number of the instance.

        Returns:
            Phase, steps and rows.

        Raises:
            NotFoundError: There is no such instance.

        Example:
            >>> client.instances.get_progress(instance.id).phase
            'ready'
        """
        reply = self._http.get(f"/api/instances/{instance_id}/progress")
        return InstanceProgress.from_api_response(reply["data"])

    def get_health(self, instance_id: int) -> Dict[str, Any]:
        """Get what the process of a running instance says about itself.

        Args:
            instance_id: Number of the instance.

        Returns:
            ``status`` and the measured state of the process.

        Raises:
            InvalidStateError: The instance is not running.
            ConnectionError: It cannot be reached.

        Example:
            >>> client.instances.get_health(instance.id)["status"]
            'healthy'
        """
        _, url = self._running(instance_id)
        health: Dict[str, Any] = self._http.call(Call("GET", f"{url}/health"))
        return health

    def check_health(self, instance_id: int) -> bool:
        """Return whether an instance is running and its process answers.

        Args:
            instance_id: Number of the instance.

        Returns:
            ``True`` when it answers queries.

        Example:
            >>> client.instances.check_health(instance.id)
            True
        """
        try:
            return self.get_health(instance_id).get("status") == "healthy"
        except (InvalidStateError, ConnectionError):
            return False

    def _running(self, instance_id: int) -> Tuple[Instance, str]:
        instance = self.get(instance_id)
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
