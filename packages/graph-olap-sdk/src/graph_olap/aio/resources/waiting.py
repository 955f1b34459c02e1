"""Waiting until a snapshot is ready or an instance answers queries."""

from __future__ import annotations

from typing import Optional

from graph_olap._progress import ProgressCallback, ProgressReporter
from graph_olap._request import Call, Repeat
from graph_olap._waiting import (
    FAILED_SNAPSHOT,
    Deadline,
    instance_failed,
    interrupted,
    not_running_hint,
    snapshot_failed,
    still_working,
)
from graph_olap.aio.http import AsyncHTTPClient
from graph_olap.exceptions import ConnectionError, GraphOLAPError, InvalidStateError, ServiceUnavailableError
from graph_olap.models import Instance, InstanceProgress, LoadReport, Snapshot, SnapshotProgress

__all__ = ["wait_for_instance", "wait_for_snapshot"]


async def wait_for_snapshot(
    http: AsyncHTTPClient,
    snapshot_id: int,
    name: str,
    deadline: Deadline,
    on_progress: Optional[ProgressCallback],
    show: Optional[bool],
) -> Snapshot:
    """Wait until a snapshot is ready.

    Raises:
        SnapshotFailedError: It failed or was cancelled.
        TimeoutError: The deadline passed.
    """
    path = f"/api/snapshots/{snapshot_id}"
    with ProgressReporter(f"snapshot {name}", show, on_progress) as reporter:
        try:
            while True:
                progress = SnapshotProgress.from_api_response((await http.get(f"{path}/progress"))["data"])
                reporter.update(progress)
                if progress.status == "ready":
                    return Snapshot.from_dict((await http.get(path))["data"])
                if progress.status in FAILED_SNAPSHOT:
                    snapshot = Snapshot.from_dict((await http.get(path))["data"])
                    raise snapshot_failed(snapshot, await _load_report_or_none(http, snapshot_id))
                if deadline.passed:
                    raise still_working("snapshot", snapshot_id, deadline, progress)
                await http.sleep(deadline.next_delay())
        except KeyboardInterrupt:
            raise interrupted("snapshot", snapshot_id) from None


async def wait_for_instance(
    http: AsyncHTTPClient,
    instance_id: int,
    name: str,
    deadline: Deadline,
    on_progress: Optional[ProgressCallback],
    show: Optional[bool],
) -> Instance:
    """Wait until an instance runs and its own process accepts queries.

    Raises:
        InstanceFailedError: It failed, or the snapshot it waited for did.
        InvalidStateError: It is suspended; it will not run by itself.
        TimeoutError: The deadline passed.
    """
    path = f"/api/instances/{instance_id}"
    with ProgressReporter(f"instance {name}", show, on_progress) as reporter:
        try:
            while True:
                progress = InstanceProgress.from_api_response((await http.get(f"{path}/progress"))["data"])
                waits = reporter.shows and progress.status == "waiting_for_snapshot"
                reporter.update(progress, await _snapshot_progress(http, path) if waits else None)
                if progress.status == "running":
                    instance = Instance.from_dict((await http.get(path))["data"])
                    if await _accepts_queries(http, instance):
                        return instance
                elif progress.status == "failed":
                    instance = Instance.from_dict((await http.get(path))["data"])
                    raise instance_failed(instance, await _load_report_or_none(http, instance.snapshot_id))
                elif progress.status == "suspended":
                    raise InvalidStateError(
                        f"Instance {instance_id} is suspended.",
                        {"resource": "instance", "resource_id": instance_id, "current_state": "suspended"},
                        hint=not_running_hint(instance_id, "suspended"),
                    )
                if deadline.passed:
                    raise still_working("instance", instance_id, deadline, progress)
                await http.sleep(deadline.next_delay())
        except KeyboardInterrupt:
            raise interrupted("instance", instance_id) from None


async def _accepts_queries(http: AsyncHTTPClient, instance: Instance) -> bool:
    url = http.config.instance_base_url(instance.instance_url, instance.pod_name)
    if url is None:
        return False
    try:
        await http.call(Call("GET", f"{url}/ready", repeat=Repeat.NEVER))
    except (ServiceUnavailableError, ConnectionError):
        return False
    return True


async def _snapshot_progress(http: AsyncHTTPClient, instance_path: str) -> Optional[SnapshotProgress]:
    # Only decorates the progress bar, so a failure here must not end the wait.
    try:
        snapshot_id = (await http.get(instance_path))["data"]["snapshot_id"]
        reply = await http.get(f"/api/snapshots/{snapshot_id}/progress")
    except GraphOLAPError:
        return None
    return SnapshotProgress.from_api_response(reply["data"])


async def _load_report_or_none(http: AsyncHTTPClient, snapshot_id: int) -> Optional[LoadReport]:
    # Asked for only to explain a failure, which it must not hide.
    try:
        reply = await http.get(f"/api/snapshots/{snapshot_id}/load-report")
    except GraphOLAPError:
        return None
    return LoadReport.from_dict(reply["data"])
