"""Use cases of the lifecycle job: what is over or unused goes, one record at a time (section 4.4)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Row, delete, func, select
from sqlalchemy.orm import Session

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.lifetimes import inactivity_deadline
from graph_olap_server.logs import event
from graph_olap_server.services.context import Context
from graph_olap_server.services.instances import stop_instance_row
from graph_olap_server.services.mappings import remove_mapping_row
from graph_olap_server.services.snapshots import remove_snapshot_row
from graph_olap_server.services.suspension import suspend_row
from graph_olap_server.store.events import SYSTEM
from graph_olap_server.store.tables import EventRow, InstanceRow, MappingRow, SnapshotRow

__all__ = ["IdleInstance", "drop_old_events", "expire_instances", "expire_mappings", "expire_snapshots"]

_log = logging.getLogger(__name__)
_MORTAL = ("waiting_for_snapshot", "starting", "running", "failed", "suspended", "resuming")
_EVENTS_AT_A_TIME = 5000


@dataclass(frozen=True, slots=True)
class IdleInstance:
    """A running instance that nobody seems to use."""

    id: int
    url: str | None


def expire_instances(context: Context, is_busy: Callable[[IdleInstance], bool]) -> int:
    """Stop instances whose time is over or that nobody uses, or suspend unused ones; return how many.

    Args:
        context: The platform's parts.
        is_busy: Asks an instance whether it computes something right now; if so its time of activity is now.
    """
    now = context.clock()
    with context.database.read() as session:
        rows = session.scalars(select(InstanceRow).where(InstanceRow.status.in_(_MORTAL))).all()
    over = [(row, reason) for row in rows if (reason := _instance_is_over(row, now)) is not None]
    stopped = sum(_expire_instance(context, row, reason, is_busy, now) for row, reason in over)
    if stopped:
        context.signals.removals.set()
    return stopped


def expire_snapshots(context: Context) -> int:
    """Remove snapshots whose time is over or that nobody used, unless an instance uses them; return how many."""
    now = context.clock()
    used = select(InstanceRow.snapshot_id).where(InstanceRow.status.notin_(("failed", "stopping")))
    old = select(SnapshotRow).where(
        SnapshotRow.status.in_(("ready", "failed", "cancelled")), SnapshotRow.id.notin_(used)
    )
    with context.database.read() as session:
        ids = [row.id for row in session.scalars(old) if _snapshot_is_over(row, now)]

    def remove(session: Session, snapshot_id: int) -> bool:
        row = session.scalars(old.where(SnapshotRow.id == snapshot_id)).first()
        if row is None or not _snapshot_is_over(row, now):
            return False
        remove_snapshot_row(session, row, now, SYSTEM)
        return True

    removed = sum(_guarded(context, "snapshot", number, remove) for number in ids)
    if removed:
        context.metrics.count("ttl_snapshots_deleted_total", removed)
        context.signals.removals.set()
    return removed


def expire_mappings(context: Context) -> int:
    """Delete mappings whose time is over or that nobody used; those that are needed are tried again later."""
    now = context.clock()
    with context.database.read() as session:
        # Of many mappings only what decides is read.
        facts = session.execute(
            select(MappingRow.id, MappingRow.expires_at, MappingRow.last_activity_at, MappingRow.inactivity_timeout)
        )
        ids = [row.id for row in facts if _mapping_is_over(row, now)]

    def remove(session: Session, mapping_id: int) -> bool:
        row = session.get(MappingRow, mapping_id)
        if row is None or not _mapping_is_over(row, now):
            return False
        remove_mapping_row(session, row, now, SYSTEM)
        return True

    removed = sum(_guarded(context, "mapping", number, remove) for number in ids)
    if removed:
        context.metrics.count("ttl_mappings_deleted_total", removed)
        context.signals.removals.set()
    return removed


def drop_old_events(context: Context) -> int:
    """Delete entries of the audit log that are older than it is kept; return how many."""
    limit = context.clock() - timedelta(days=context.settings.audit_retention_days)
    with context.database.read() as session:
        newest = session.execute(select(func.max(EventRow.id)).where(EventRow.created_at < limit)).scalar_one_or_none()
    if newest is None:
        return 0
    old = select(EventRow.id).where(EventRow.created_at < limit).order_by(EventRow.id).limit(_EVENTS_AT_A_TIME)
    with context.database.write() as session:
        result = session.execute(delete(EventRow).where(EventRow.id.in_(old)))
        assert isinstance(result, CursorResult)
        return result.rowcount


def _expire_instance(
    context: Context, found: InstanceRow, reason: str, is_busy: Callable[[IdleInstance], bool], now: datetime
) -> bool:
    # Asked outside the transaction: the instance may take its time to answer.
    busy = reason == "inactive" and is_busy(IdleInstance(found.id, found.instance_url))
    suspends = reason == "inactive" and context.settings.inactive_instances == "suspend"

    def stop(session: Session, instance_id: int) -> bool:
        row = session.get(InstanceRow, instance_id)
        if row is None or row.status not in _MORTAL or _instance_is_over(row, now) != reason:
            return False
        if busy:
            row.last_activity_at = now
            return False
        if suspends:
            suspend_row(session, row, now, SYSTEM, {"reason": reason})
        else:
            stop_instance_row(session, row, now, SYSTEM, {"reason": reason})
        return True

    stopped = _guarded(context, "instance", found.id, stop)
    if stopped and not suspends:
        name = "ttl_instances_terminated_total" if reason == "expired" else "inactive_instances_terminated_total"
        context.metrics.count(name)
    return stopped


def _guarded(context: Context, kind: str, number: int, remove: Callable[[Session, int], bool]) -> bool:
    """Remove one record in its own transaction; one that cannot go never stops the others."""
    try:
        with context.database.write() as session:
            return remove(session, number)
    except PlatformError as error:
        if error.code != "RESOURCE_HAS_DEPENDENCIES":
            context.metrics.removal_failed(kind)
            event(_log, "removal_failed", level=logging.WARNING, kind=kind, id=number, reason=error.message)
        return False


def _instance_is_over(row: InstanceRow, now: datetime) -> str | None:
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


def _mapping_is_over(row: MappingRow | Row[Any, Any, Any, Any], now: datetime) -> bool:
    if row.expires_at is not None and row.expires_at <= now:
        return True
    deadline = inactivity_deadline(row.last_activity_at, row.inactivity_timeout)
    return deadline is not None and deadline <= now
