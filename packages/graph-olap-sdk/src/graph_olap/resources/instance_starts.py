# Derived from graph_olap/aio/resources/instance_starts.py; edit that file and run `make sync`.
"""Starting instances, of a snapshot or of a mapping."""

from __future__ import annotations

from typing import Optional

from graph_olap._progress import ProgressCallback
from graph_olap._request import given
from graph_olap._waiting import Deadline
from graph_olap.http import HTTPClient
from graph_olap.models import Instance
from graph_olap.resources.waiting import wait_for_instance

__all__ = ["InstanceStarts"]


class InstanceStarts:
    """The methods of ``client.instances`` that start an instance."""

    _http: HTTPClient

    def create(
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

        Returns:
            The instance, not running yet.

        Raises:
            InvalidStateError: The snapshot is not ready.
            ConcurrencyLimitError: You or the cluster have too many instances.
            NotFoundError: There is no such snapshot.

        Example:
            >>> started = client.instances.create(snapshot.id, "In the background", ttl="PT8H")
            >>> client.instances.terminate(started.id)
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
        return Instance.from_dict(self._http.post("/api/instances", body)["data"])

    def create_and_wait(
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

        Returns:
            The instance, ``running``.

        Raises:
            InstanceFailedError: It failed; ``details`` holds ``error_code`` and, if there is one, ``load_report``.
            TimeoutError: It took too long; the start goes on.
            InvalidStateError: The snapshot is not ready.
            ConcurrencyLimitError: You or the cluster have too many instances.

        Example:
            >>> quick = client.instances.create_and_wait(snapshot.id, "Quick look")
            >>> quick.status
            'running'
            >>> client.instances.terminate(quick.id)
        """
        instance = self.create(
            snapshot_id,
            name,
            description,
            ttl,
            inactivity_timeout,
            cpu_cores=cpu_cores,
            wrapper_type=wrapper_type,
        )
        return wait_for_instance(self._http, instance.id, name, Deadline(timeout, poll_interval), on_progress, progress)

    def create_from_mapping(
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

        Returns:
            The instance, waiting for its snapshot.

        Raises:
            NotFoundError: There is no such mapping or version.
            ValidationError: A value is wrong.
            ConcurrencyLimitError: You or the cluster have too many instances.

        Example:
            >>> started = client.instances.create_from_mapping(mapping.id, "Later", snapshot_name="April")
            >>> started.status
            'waiting_for_snapshot'
            >>> client.instances.terminate(started.id)
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
        return Instance.from_dict(self._http.post("/api/instances/from-mapping", body)["data"])

    def create_from_mapping_and_wait(
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

        Returns:
            The instance, ``running``.

        Raises:
            InstanceFailedError: Instance or snapshot failed; ``details`` holds ``error_code`` and, if there is one,
                ``load_report``.
            TimeoutError: It took too long; the work goes on.
            NotFoundError: There is no such mapping or version.
            ValidationError: A value is wrong.
            ConcurrencyLimitError: You or the cluster have too many instances.

        Example:
            >>> phases = []
            >>> quick = client.instances.create_from_mapping_and_wait(
            ...     mapping.id, "With progress", on_progress=lambda phase, completed, total: phases.append(phase)
            ... )
            >>> quick.status, phases[-1]
            ('running', 'ready')
            >>> client.instances.terminate(quick.id)
        """
        instance = self.create_from_mapping(
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
        return wait_for_instance(self._http, instance.id, name, Deadline(timeout, poll_interval), on_progress, progress)
