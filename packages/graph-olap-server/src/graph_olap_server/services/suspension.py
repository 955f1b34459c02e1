"""Use cases that suspend and resume instances (section 4.2).

A suspended instance has no process, counts against no limit and keeps what its analyst made. The change of status
comes first and its process ends after it; where that fails or a crash cuts it short, a job tries until the process is
gone. Only then can the instance be resumed. So the record says at any moment where things stand.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from graph_olap.models import Instance
from sqlalchemy import select
from sqlalchemy.orm import Session

from graph_olap_server import faults
from graph_olap_server.domain.errors import unavailable
from graph_olap_server.domain.roles import Identity
from graph_olap_server.domain.states import INSTANCE, SNAPSHOT, require_status
from graph_olap_server.launcher.base import Handle, Launcher, LauncherError
from graph_olap_server.logs import event
from graph_olap_server.services.capacity import require_capacity, require_memory
from graph_olap_server.services.context import Context
from graph_olap_server.services.instances import instance_view, owned_instance
from graph_olap_server.services.lookup import find_snapshot
from graph_olap_server.store.tables import InstanceRow
from graph_olap_server.store.transitions import change_status

__all__ = ["end_engine", "list_ending", "resume_instance", "suspend_instance", "suspend_row"]

_log = logging.getLogger(__name__)


def suspend_instance(context: Context, caller: Identity, instance_id: int) -> Instance:
    """Free what a running instance uses and keep what was made in it; a suspended one stays as it is.

    Queries and algorithms that still run are cancelled.
    """
    with context.database.write() as session:
        row = owned_instance(session, caller, instance_id)
        if row.status != "suspended":
            require_status(INSTANCE, row.id, row.status, "running")
            suspend_row(session, row, context.clock(), caller.username)
        handle = row.handle
        view = instance_view(context, session, row, caller)
    faults.point("suspend", "recorded")
    if handle is not None and context.launcher is not None and context.launcher.reaches(handle):
        end_engine(context, context.launcher, instance_id, handle)
    context.signals.removals.set()
    return view


def suspend_row(
    session: Session, row: InstanceRow, now: datetime, actor: str, details: dict[str, Any] | None = None
) -> None:
    """Take an instance out of service; its engine is stopped afterwards by a job."""
    change_status(
        session,
        row,
        "suspended",
        now=now,
        actor=actor,
        details=details,
        instance_url=None,
        memory_usage_bytes=None,
    )


def list_ending(context: Context) -> Sequence[tuple[int, Handle]]:
    """Return the suspended instances whose process may still be there, with its handle."""
    with context.database.read() as session:
        rows = session.execute(
            select(InstanceRow.id, InstanceRow.handle).where(
                InstanceRow.status == "suspended", InstanceRow.handle.is_not(None)
            )
        )
        return [(row.id, row.handle) for row in rows]


def end_engine(context: Context, launcher: Launcher, instance_id: int, handle: Handle) -> bool:
    """End the process of a suspended instance and keep its files; false when it has to be tried again."""
    try:
        launcher.suspend(handle)
    except LauncherError as error:
        event(_log, "suspend_failed", level=logging.WARNING, instance_id=instance_id, reason=str(error))
        return False
    faults.point("suspend", "process_gone")
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is not None and row.status == "suspended":
            row.handle = None
    event(_log, "instance_suspended", instance_id=instance_id)
    return True


def resume_instance(context: Context, caller: Identity, instance_id: int) -> Instance:
    """Start a suspended instance again, within the limits; one that runs or resumes stays as it is."""
    now = context.clock()
    with context.database.write() as session:
        row = owned_instance(session, caller, instance_id)
        if row.status not in ("resuming", "running"):
            require_status(INSTANCE, row.id, row.status, "suspended")
            if row.handle is not None:
                context.signals.removals.set()
                raise unavailable("kubernetes", f"Instance {row.id} is still being suspended. Try again in a second.")
            snapshot = find_snapshot(session, row.snapshot_id)
            require_status(SNAPSHOT, snapshot.id, snapshot.status, "ready")
            require_capacity(context, session, row.owner_username)
            require_memory(context, session, row.owner_username, row.memory_gb, instance_id=row.id)
            snapshot.last_used_at = now
            fresh: dict[str, Any] = {"starting_at": now, "started_at": None, "reported": None}
            change_status(session, row, "resuming", now=now, actor=caller.username, **fresh)
        view = instance_view(context, session, row, caller)
    context.signals.instances.set()
    return view
