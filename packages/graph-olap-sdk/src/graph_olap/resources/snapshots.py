# Derived from graph_olap/aio/resources/snapshots.py; edit that file and run `make sync`.
"""Snapshots: exported, immutable copies of a mapping's data."""

from __future__ import annotations

from typing import Optional

from graph_olap._lifecycle import Lifetime, lifetimes
from graph_olap._progress import ProgressCallback
from graph_olap._request import given, list_params
from graph_olap._waiting import Deadline
from graph_olap.http import HTTPClient
from graph_olap.models import LoadReport, Snapshot, SnapshotProgress
from graph_olap.pagination import PaginatedList
from graph_olap.resources.waiting import wait_for_snapshot

__all__ = ["SnapshotResource"]


class SnapshotResource:
    """Manage snapshots.

    Most analysts need none of this: ``client.instances.create_from_mapping_and_wait`` makes a snapshot on the way.

    Example:
        >>> march = client.snapshots.create_and_wait(mapping.id, "March")
        >>> client.snapshots.get_load_report(march.id).rows_rejected
        0
    """

    def __init__(self, http: HTTPClient) -> None:
        self._http = http

    def list(
        self,
        mapping_id: Optional[int] = None,
        mapping_version: Optional[int] = None,
        owner: Optional[str] = None,
        status: Optional[str] = None,
        search: Optional[str] = None,
        created_after: Optional[str] = None,
        created_before: Optional[str] = None,
        sort_by: str = "created_at",
        sort_order: str = "desc",
        offset: int = 0,
        limit: int = 50,
    ) -> PaginatedList[Snapshot]:
        """List snapshots with optional filters.

        Args:
            mapping_id: Only snapshots of this mapping.
            mapping_version: Only snapshots of this version.
            owner: Only snapshots of this user.
            status: ``pending``, ``creating``, ``ready``, ``failed`` or ``cancelled``.
            search: Text in name or description, any case.
            created_after: Earliest creation, ISO 8601.
            created_before: Latest creation, ISO 8601.
            sort_by: ``name``, ``created_at``, ``updated_at``, ``status`` or ``size_bytes``.
            sort_order: ``asc`` or ``desc``.
            offset: Number of matches to skip.
            limit: Largest number of items, at most 100.

        Returns:
            One page; iterating gives :class:`Snapshot` objects.

        Raises:
            ValidationError: A filter is wrong.

        Example:
            >>> page = client.snapshots.list(mapping_id=mapping.id, status="ready", limit=1)
            >>> page[0].mapping_version
            1
        """
        params = list_params(
            limit,
            offset=offset,
            sort_by=sort_by,
            sort_order=sort_order,
            mapping_id=mapping_id,
            mapping_version=mapping_version,
            owner=owner,
            status=status,
            search=search,
            created_after=created_after,
            created_before=created_before,
        )
        return PaginatedList.fetch(self._http, "/api/snapshots", params, Snapshot.from_dict)

    def get(self, snapshot_id: int) -> Snapshot:
        """Get a snapshot.

        Args:
            snapshot_id: Number of the snapshot.

        Returns:
            The snapshot.

        Raises:
            NotFoundError: There is no such snapshot.

        Example:
            >>> client.snapshots.get(snapshot.id).status
            'ready'
        """
        return Snapshot.from_dict(self._http.get(f"/api/snapshots/{snapshot_id}")["data"])

    def create(
        self,
        mapping_id: int,
        name: str,
        description: Optional[str] = None,
        version: Optional[int] = None,
        ttl: Optional[str] = None,
        inactivity_timeout: Optional[str] = None,
    ) -> Snapshot:
        """Start exporting a mapping; returns at once with status ``pending``.

        Args:
            mapping_id: The mapping to export.
            name: Display name.
            description: What it is for.
            version: Version of the mapping; the current one by default.
            ttl: Lifetime, an ISO 8601 duration.
            inactivity_timeout: Lifetime without use, an ISO 8601 duration.

        Returns:
            The snapshot, not exported yet.

        Raises:
            NotFoundError: There is no such mapping or version.
            ValidationError: A value is wrong.

        Example:
            >>> started = client.snapshots.create(mapping.id, "In the background")
            >>> ready = client.snapshots.wait_until_ready(started.id)
        """
        body = {
            "mapping_id": mapping_id,
            "name": name,
            **given(description=description, version=version, ttl=ttl, inactivity_timeout=inactivity_timeout),
        }
        return Snapshot.from_dict(self._http.post("/api/snapshots", body)["data"])

    def create_and_wait(
        self,
        mapping_id: int,
        name: str,
        *,
        description: Optional[str] = None,
        version: Optional[int] = None,
        ttl: Optional[str] = None,
        inactivity_timeout: Optional[str] = None,
        timeout: float = 600,
        poll_interval: float = 5,
        on_progress: Optional[ProgressCallback] = None,
        progress: Optional[bool] = None,
    ) -> Snapshot:
        """Export a mapping and wait until the snapshot is ready.

        Args:
            mapping_id: The mapping to export.
            name: Display name.
            description: What it is for.
            version: Version of the mapping; the current one by default.
            ttl: Lifetime, an ISO 8601 duration.
            inactivity_timeout: Lifetime without use, an ISO 8601 duration.
            timeout: Seconds to wait.
            poll_interval: Longest time between two looks, in seconds; the first ones follow quickly.
            on_progress: Called as ``on_progress(phase, completed_steps, total_steps)``.
            progress: Show a progress bar; by default in notebooks and terminals.

        Returns:
            The snapshot, ``ready``.

        Raises:
            SnapshotFailedError: The export failed or was cancelled; ``details["load_report"]`` holds the load report
                when there is one.
            TimeoutError: It took too long; the export goes on.

        Example:
            >>> phases = []
            >>> analysis = client.snapshots.create_and_wait(
            ...     mapping.id, "Analysis", on_progress=lambda phase, completed, total: phases.append(phase)
            ... )
            >>> analysis.status, phases[-1]
            ('ready', 'ready')
        """
        snapshot = self.create(mapping_id, name, description, version, ttl, inactivity_timeout)
        return wait_for_snapshot(self._http, snapshot.id, name, Deadline(timeout, poll_interval), on_progress, progress)

    def wait_until_ready(
        self,
        snapshot_id: int,
        timeout: float = 600,
        poll_interval: float = 5,
        *,
        on_progress: Optional[ProgressCallback] = None,
        progress: Optional[bool] = None,
    ) -> Snapshot:
        """Wait until a snapshot is ready; returns at once when it already is.

        Args:
            snapshot_id: The snapshot to wait for.
            timeout: Seconds to wait.
            poll_interval: Longest time between two looks, in seconds; the first ones follow quickly.
            on_progress: Called as ``on_progress(phase, completed_steps, total_steps)``.
            progress: Show a progress bar; by default in notebooks and terminals.

        Returns:
            The snapshot, ``ready``.

        Raises:
            SnapshotFailedError: The export failed or was cancelled.
            TimeoutError: It took too long; the export goes on.
            NotFoundError: There is no such snapshot.

        Example:
            >>> client.snapshots.wait_until_ready(snapshot.id, timeout=60).status
            'ready'
        """
        return wait_for_snapshot(
            self._http, snapshot_id, str(snapshot_id), Deadline(timeout, poll_interval), on_progress, progress
        )

    def update(self, snapshot_id: int, name: Optional[str] = None, description: Optional[str] = None) -> Snapshot:
        """Change name or description of a snapshot.

        Args:
            snapshot_id: Number of the snapshot.
            name: A new display name; ``None`` keeps it.
            description: A new description; ``None`` keeps it.

        Returns:
            The changed snapshot.

        Raises:
            PermissionDeniedError: It belongs to somebody else.
            NotFoundError: There is no such snapshot.

        Example:
            >>> client.snapshots.update(snapshot.id, description="Before the audit").description
            'Before the audit'
        """
        body = given(name=name, description=description)
        return Snapshot.from_dict(self._http.put(f"/api/snapshots/{snapshot_id}", body)["data"])

    def set_lifecycle(self, snapshot_id: int, ttl: Lifetime = None, inactivity_timeout: Lifetime = None) -> Snapshot:
        """Set the lifetimes of a snapshot, counted from now.

        Args:
            snapshot_id: The snapshot to change.
            ttl: An ISO 8601 duration, :data:`graph_olap.CLEAR` for no limit, ``None`` to leave it.
            inactivity_timeout: The same for the lifetime without use.

        Returns:
            The changed snapshot.

        Raises:
            ValidationError: A duration is wrong or over the maximum.
            PermissionDeniedError: The snapshot belongs to somebody else.

        Example:
            >>> client.snapshots.set_lifecycle(snapshot.id, ttl="P3D").ttl
            'P3D'
        """
        body = lifetimes(ttl, inactivity_timeout)
        return Snapshot.from_dict(self._http.put(f"/api/snapshots/{snapshot_id}/lifecycle", body)["data"])

    def get_progress(self, snapshot_id: int) -> SnapshotProgress:
        """Get how far the export is: phase, steps, rows.

        Args:
            snapshot_id: Number of the snapshot.

        Returns:
            Phase, steps and rows.

        Raises:
            NotFoundError: There is no such snapshot.

        Example:
            >>> progress = client.snapshots.get_progress(snapshot.id)
            >>> progress.phase, progress.completed_steps == progress.total_steps
            ('ready', True)
        """
        reply = self._http.get(f"/api/snapshots/{snapshot_id}/progress")
        return SnapshotProgress.from_api_response(reply["data"])

    def get_load_report(self, snapshot_id: int) -> LoadReport:
        """Get the rows read, loaded and rejected per definition, with sample keys of rejected rows.

        Args:
            snapshot_id: Number of the snapshot.

        Returns:
            Rows of every definition; print it for a table.

        Raises:
            NotFoundError: There is no such snapshot, or it has no report yet.

        Example:
            >>> report = client.snapshots.get_load_report(snapshot.id)
            >>> report.rows_rejected
            0
        """
        reply = self._http.get(f"/api/snapshots/{snapshot_id}/load-report")
        return LoadReport.from_dict(reply["data"])

    def retry(self, snapshot_id: int) -> Snapshot:
        """Start a failed or cancelled export again; what was exported already is kept.

        Args:
            snapshot_id: Number of the snapshot.

        Returns:
            The snapshot, ``pending`` again.

        Raises:
            InvalidStateError: The snapshot neither failed nor was cancelled.
            PermissionDeniedError: It belongs to somebody else.

        Example:
            >>> from graph_olap import InvalidStateError
            >>> try:
            ...     client.snapshots.retry(snapshot.id)
            ... except InvalidStateError as error:
            ...     print(error.details["current_state"])
            ready
        """
        return Snapshot.from_dict(self._http.post(f"/api/snapshots/{snapshot_id}/retry")["data"])

    def delete(self, snapshot_id: int) -> None:
        """Delete a snapshot; an export that still runs is cancelled.

        Args:
            snapshot_id: Number of the snapshot.

        Raises:
            DependencyError: Instances use it.
            PermissionDeniedError: It belongs to somebody else.
            NotFoundError: There is no such snapshot.

        Example:
            >>> unused = client.snapshots.create_and_wait(mapping.id, "Unused")
            >>> client.snapshots.delete(unused.id)
        """
        self._http.delete(f"/api/snapshots/{snapshot_id}")
