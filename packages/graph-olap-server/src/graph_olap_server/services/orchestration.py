"""Use cases of the jobs that start, watch and stop instances."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from graph_olap_server.launcher.base import Handle, InstanceSpec
from graph_olap_server.services.context import Context
from graph_olap_server.services.traces import without_secrets
from graph_olap_server.store.events import SYSTEM, record_event
from graph_olap_server.store.leases import START_LEASE, claim_row, held_row, is_over, lasts, release
from graph_olap_server.store.tables import FileRemovalRow, InstanceRow, SnapshotRow
from graph_olap_server.store.transitions import change_status

__all__ = [
    "InstanceRecord",
    "StartTask",
    "adopt_handle",
    "claim_start",
    "fail_instance",
    "file_removal_done",
    "file_removal_failed",
    "finish_stopping",
    "forget_handle",
    "list_file_removals",
    "list_instance_ids",
    "list_records",
    "list_snapshot_ids",
    "mark_running",
    "restart_later",
    "store_handle",
    "store_report",
    "wake_waiting",
]


@dataclass(frozen=True, slots=True)
class StartTask:
    """An instance claimed for its start."""

    instance_id: int
    token: str
    spec: InstanceSpec


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """What the jobs need to know of an instance."""

    id: int
    status: str
    handle: Handle | None
    starting_at: datetime | None
    leased: bool
    cpu_cores: int
    memory_gb: int | None


def list_records(context: Context, *statuses: str) -> list[InstanceRecord]:
    """Return the instances in these statuses."""
    # Columns, not objects: this is read every few seconds for every instance there is.
    columns = (
        InstanceRow.id,
        InstanceRow.status,
        InstanceRow.handle,
        InstanceRow.starting_at,
        InstanceRow.lease_expires_at,
        InstanceRow.cpu_cores,
        InstanceRow.memory_gb,
    )
    now = context.clock()
    with context.database.read() as session:
        rows = session.execute(select(*columns).where(InstanceRow.status.in_(statuses)).order_by(InstanceRow.id))
        return [
            InstanceRecord(number, status, handle, starting_at, lasts(lease_end, now), cpu_cores, memory_gb)
            for number, status, handle, starting_at, lease_end, cpu_cores, memory_gb in rows
        ]


def list_instance_ids(context: Context) -> set[int]:
    """Return the instances that may have files: all but failed ones, whose cause is kept in the record."""
    with context.database.read() as session:
        return set(session.scalars(select(InstanceRow.id).where(InstanceRow.status != "failed")))


def list_snapshot_ids(context: Context) -> set[int]:
    """Return the snapshots that may have files: those there are, and removed ones whose files go as planned."""
    with context.database.read() as session:
        return {*session.scalars(select(SnapshotRow.id)), *session.scalars(select(FileRemovalRow.snapshot_id))}


def wake_waiting(context: Context) -> None:
    """Let waiting instances start or fail, as their snapshots did."""
    waiting = select(InstanceRow).where(InstanceRow.status == "waiting_for_snapshot").order_by(InstanceRow.id)
    with context.database.read() as session:
        if session.scalars(waiting.limit(1)).first() is None:
            return
    now = context.clock()
    with context.database.write() as session:
        for row in session.scalars(waiting):
            snapshot = session.get(SnapshotRow, row.snapshot_id)
            if snapshot is None or snapshot.status in ("failed", "cancelled"):
                reason = snapshot.error_message if snapshot is not None else None
                message = reason or f"Snapshot {row.snapshot_id} was cancelled or removed."
                change_status(session, row, "failed", now=now, error_code="SNAPSHOT_FAILED", error_message=message)
                context.metrics.count("instances_transitioned_to_failed_total")
            elif snapshot.status == "ready":
                change_status(session, row, "starting", now=now, starting_at=now)
                context.metrics.count("instances_transitioned_to_starting_total")


def claim_start(context: Context) -> StartTask | None:
    """Take the next instance that has no engine process yet, if any."""
    now = context.clock()
    unstarted = (
        select(InstanceRow)
        .where(
            or_(
                InstanceRow.status == "starting",
                # What a suspended instance left lies on the machine that it ran on.
                and_(
                    InstanceRow.status == "resuming",
                    or_(InstanceRow.host.is_(None), InstanceRow.host == context.settings.resolved_node_name),
                ),
            ),
            InstanceRow.handle.is_(None),
            or_(InstanceRow.lease_expires_at.is_(None), is_over(InstanceRow, now)),
        )
        .order_by(InstanceRow.id)
        .limit(1)
    )
    with context.database.read() as session:
        if session.scalars(unstarted).first() is None:
            return None
    with context.database.write() as session:
        row = session.scalars(unstarted).first()
        token = None if row is None else claim_row(session, row, now, START_LEASE, context.holder)
        if row is None or token is None:
            return None
        spec = InstanceSpec(
            instance_id=row.id,
            snapshot_id=row.snapshot_id,
            mapping_id=row.mapping_id,
            owner=row.owner_username,
            engine=row.wrapper_type,
            snapshot_uri=context.snapshots.uri(row.snapshot_id),
            cpu_cores=row.cpu_cores,
            memory_gb=row.memory_gb,
            resumes=row.status == "resuming",
        )
        return StartTask(row.id, token, spec)


def store_handle(context: Context, task: StartTask, handle: Handle) -> bool:
    """Keep the handle of a started engine; false when the start is no longer ours and the engine must go."""
    with context.database.write() as session:
        row = held_row(session, InstanceRow, task.instance_id, task.token)
        if row is None or row.status not in ("starting", "resuming", "stopping"):
            return False
        row.handle, row.host = dict(handle), handle.get("node")
        release([row])
        return True


def adopt_handle(context: Context, instance_id: int, handle: Handle) -> None:
    """Give a record the engine that runs for it."""
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is not None and row.handle is None:
            row.handle, row.host = dict(handle), handle.get("node")
            release([row])
            record_event(session, "adopted", "instance", row.id, now=context.clock(), actor=SYSTEM)


def store_report(context: Context, instance_id: int, reported: dict[str, Any] | None, usage: dict[str, Any]) -> None:
    """Keep what an instance said about its start and its use of memory and disk."""
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is not None and row.status in ("starting", "resuming", "running"):
            row.reported = reported
            _set_usage(row, usage)


def mark_running(context: Context, instance_id: int, url: str, usage: dict[str, Any]) -> None:
    """Make an instance available: its server said that the graph is loaded."""
    now = context.clock()
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is not None and row.status in ("starting", "resuming"):
            change_status(session, row, "running", now=now, instance_url=url.rstrip("/"), started_at=now)
            _set_usage(row, usage)


def fail_instance(context: Context, instance_id: int, code: str, message: str, trace: str | None = None) -> bool:
    """Record why an instance failed, and for admins where in the platform; false when it is not alive any more."""
    now = context.clock()
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is None or row.status not in ("starting", "resuming", "running"):
            return False
        change_status(
            session,
            row,
            "failed",
            now=now,
            error_code=code,
            error_message=message,
            stack_trace=None if trace is None else without_secrets(trace, context.internal_api_key),
            instance_url=None,
            lease_token=None,
            lease_expires_at=None,
        )
        return True


def restart_later(context: Context, instance_id: int) -> None:
    """Forget the engine of an instance on its way, so that it is started again."""
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is not None and row.status in ("starting", "resuming"):
            row.handle = row.reported = None
            row.starting_at = context.clock()


def forget_handle(context: Context, instance_id: int) -> None:
    """Note that the engine of a failed instance is gone."""
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is not None and row.status == "failed":
            row.handle = None


def finish_stopping(context: Context, instance_id: int) -> None:
    """Remove the record of an instance whose engine is gone."""
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is not None and row.status == "stopping":
            record_event(session, "removed", "instance", row.id, now=context.clock(), actor=SYSTEM)
            session.delete(row)


def list_file_removals(context: Context) -> list[int]:
    """Return the removed snapshots whose files can be deleted: no engine is left that reads them."""
    busy = select(InstanceRow.snapshot_id).where(InstanceRow.status != "failed")
    with context.database.read() as session:
        return list(session.scalars(select(FileRemovalRow.snapshot_id).where(FileRemovalRow.snapshot_id.notin_(busy))))


def file_removal_done(context: Context, snapshot_id: int) -> None:
    """Note that the files of a snapshot are gone."""
    with context.database.write() as session:
        row = session.get(FileRemovalRow, snapshot_id)
        if row is not None:
            session.delete(row)


def file_removal_failed(context: Context, snapshot_id: int, reason: str) -> None:
    """Note why the files of a snapshot are still there."""
    with context.database.write() as session:
        row = session.get(FileRemovalRow, snapshot_id)
        if row is not None:
            row.attempts += 1
            row.last_error = reason


def _set_usage(row: InstanceRow, usage: dict[str, Any]) -> None:
    for name in ("memory_usage_bytes", "disk_usage_bytes"):
        if isinstance(usage.get(name), int):
            setattr(row, name, usage[name])
