"""Use cases of the jobs that start, watch and stop instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from graph_olap_server.domain.lifetimes import inactivity_deadline
from graph_olap_server.launcher.base import Handle, InstanceSpec
from graph_olap_server.services.context import Context
from graph_olap_server.services.snapshots import remove_snapshot_row
from graph_olap_server.store.events import SYSTEM, record_event
from graph_olap_server.store.leases import START_LEASE, claim_row, held_row, release
from graph_olap_server.store.tables import FileRemovalRow, InstanceRow, SnapshotRow
from graph_olap_server.store.transitions import change_status

__all__ = [
    "InstanceRecord",
    "StartTask",
    "adopt_handle",
    "claim_start",
    "expire_instances",
    "expire_snapshots",
    "fail_instance",
    "file_removal_done",
    "file_removal_failed",
    "finish_stopping",
    "forget_handle",
    "list_file_removals",
    "list_records",
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


def list_records(context: Context, *statuses: str) -> list[InstanceRecord]:
    """Return the instances in these statuses."""
    now = context.clock()
    with context.database.read() as session:
        rows = session.scalars(select(InstanceRow).where(InstanceRow.status.in_(statuses)).order_by(InstanceRow.id))
        return [
            InstanceRecord(
                row.id,
                row.status,
                row.handle,
                row.starting_at,
                row.lease_expires_at is not None and row.lease_expires_at > now,
            )
            for row in rows
        ]


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
            elif snapshot.status == "ready":
                change_status(session, row, "starting", now=now, starting_at=now)


def claim_start(context: Context) -> StartTask | None:
    """Take the next instance that has no engine process yet, if any."""
    now = context.clock()
    unstarted = (
        select(InstanceRow)
        .where(
            InstanceRow.status == "starting",
            InstanceRow.handle.is_(None),
            or_(InstanceRow.lease_expires_at.is_(None), InstanceRow.lease_expires_at <= now),
        )
        .order_by(InstanceRow.id)
        .limit(1)
    )
    with context.database.read() as session:
        if session.scalars(unstarted).first() is None:
            return None
    with context.database.write() as session:
        row = session.scalars(unstarted).first()
        token = None if row is None else claim_row(session, row, now, START_LEASE)
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
        )
        return StartTask(row.id, token, spec)


def store_handle(context: Context, task: StartTask, handle: Handle) -> bool:
    """Keep the handle of a started engine; false when the start is no longer ours and the engine must go."""
    with context.database.write() as session:
        row = held_row(session, InstanceRow, task.instance_id, task.token)
        if row is None or row.status not in ("starting", "stopping"):
            return False
        row.handle = dict(handle)
        release([row])
        return True


def adopt_handle(context: Context, instance_id: int, handle: Handle) -> None:
    """Give a record the engine that runs for it."""
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is not None and row.handle is None:
            row.handle = dict(handle)
            release([row])
            record_event(session, "adopted", "instance", row.id, now=context.clock(), actor=SYSTEM)


def store_report(context: Context, instance_id: int, reported: dict[str, Any] | None, usage: dict[str, Any]) -> None:
    """Keep what an instance said about its start and its use of memory and disk."""
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is not None and row.status in ("starting", "running"):
            row.reported = reported
            _set_usage(row, usage)


def mark_running(context: Context, instance_id: int, url: str, usage: dict[str, Any]) -> None:
    """Make an instance available: its server said that the graph is loaded."""
    now = context.clock()
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is not None and row.status == "starting":
            change_status(session, row, "running", now=now, instance_url=url.rstrip("/"), started_at=now)
            _set_usage(row, usage)


def fail_instance(context: Context, instance_id: int, code: str, message: str) -> bool:
    """Record why an instance failed; false when it is not alive any more."""
    now = context.clock()
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is None or row.status not in ("starting", "running"):
            return False
        change_status(
            session,
            row,
            "failed",
            now=now,
            error_code=code,
            error_message=message,
            instance_url=None,
            lease_token=None,
            lease_expires_at=None,
        )
        return True


def restart_later(context: Context, instance_id: int) -> None:
    """Forget the engine of an instance on its way, so that it is started again."""
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is not None and row.status == "starting":
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


def expire_instances(context: Context) -> int:
    """Stop instances whose time is over or that nobody uses; return how many."""
    now = context.clock()
    mortal = ("waiting_for_snapshot", "starting", "running", "failed", "suspended", "resuming")
    with context.database.read() as session:
        ids = [row.id for row in _live(session, mortal) if _is_over(row, now)]
    for instance_id in ids:
        with context.database.write() as session:
            row = session.get(InstanceRow, instance_id)
            if row is not None and row.status in mortal and (reason := _is_over(row, now)):
                change_status(session, row, "stopping", now=now, details={"reason": reason})
    if ids:
        context.signals.removals.set()
    return len(ids)


def expire_snapshots(context: Context) -> int:
    """Remove snapshots whose time is over or that nobody used, unless an instance uses them; return how many."""
    now = context.clock()
    used = select(InstanceRow.snapshot_id).where(InstanceRow.status.notin_(("failed", "stopping")))
    old = select(SnapshotRow).where(
        SnapshotRow.status.in_(("ready", "failed", "cancelled")), SnapshotRow.id.notin_(used)
    )
    with context.database.read() as session:
        ids = [row.id for row in session.scalars(old) if _snapshot_is_over(row, now)]
    for snapshot_id in ids:
        with context.database.write() as session:
            row = session.scalars(old.where(SnapshotRow.id == snapshot_id)).first()
            if row is not None and _snapshot_is_over(row, now):
                remove_snapshot_row(session, row, now, SYSTEM)
    if ids:
        context.signals.removals.set()
    return len(ids)


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


def _live(session: Session, statuses: Sequence[str]) -> Sequence[InstanceRow]:
    return session.scalars(select(InstanceRow).where(InstanceRow.status.in_(statuses))).all()


def _is_over(row: InstanceRow, now: datetime) -> str | None:
    if row.expires_at is not None and row.expires_at <= now:
        return "expired"
    active = [moment for moment in (row.started_at, row.last_activity_at) if moment is not None]
    if row.status == "running" and active:
        deadline = inactivity_deadline(max(active), row.inactivity_timeout)
        if deadline is not None and deadline <= now:
            return "inactive"
    return None


def _snapshot_is_over(row: SnapshotRow, now: datetime) -> bool:
    if row.expires_at is not None and row.expires_at <= now:
        return True
    deadline = inactivity_deadline(row.last_used_at or row.ready_at or row.created_at, row.inactivity_timeout)
    return deadline is not None and deadline <= now


def _set_usage(row: InstanceRow, usage: dict[str, Any]) -> None:
    for name in ("memory_usage_bytes", "disk_usage_bytes"):
        if isinstance(usage.get(name), int):
            setattr(row, name, usage[name])
