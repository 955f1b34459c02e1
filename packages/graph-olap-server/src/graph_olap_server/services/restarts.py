"""Use cases that start an instance again after its process has died (sections 2.3.12 and 4.2).

What algorithms wrote lies in the engine's log, so the first start goes on with graph and log as a resume does. Should
that fail, the next one loads the snapshot, and what algorithms wrote is gone. The record says at any moment where
things stand: ``resuming`` keeps the work, ``starting`` does not.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from graph_olap_server import faults
from graph_olap_server.domain.restarts import RESTART_WINDOW, RESTARTS, may_restart
from graph_olap_server.launcher.base import Handle
from graph_olap_server.services.context import Context
from graph_olap_server.store.events import SYSTEM, record_event
from graph_olap_server.store.leases import release
from graph_olap_server.store.tables import EventRow, InstanceRow
from graph_olap_server.store.transitions import change_status

__all__ = ["RESTART_EVENTS", "restart_crashed", "was_restarted"]

RESTART_EVENTS = ("restarted", "oom_recovered")
"""Events that tell of an instance that was started again after a crash, or after it passed its memory limit."""

_KEPT = "Properties that algorithms wrote are kept; queries and algorithms that ran are lost."
_LOST = "The snapshot is loaded anew: properties that algorithms wrote are gone; run the algorithms again."


def restart_crashed(
    context: Context, instance_id: int, handle: Handle | None, reason: str, *, out_of_memory: bool = False
) -> bool:
    """Let an instance start again whose process has died; the orchestration does the rest.

    Args:
        context: The platform's parts.
        instance_id: The instance.
        handle: The process that died. When the record has another one by now, somebody else has seen to it.
        reason: How the process ended, for the analyst.
        out_of_memory: Whether it passed its memory limit.

    Returns:
        False when it has failed for good: it died too often, or while it started for the first time.
    """
    now = context.clock()
    with context.database.write() as session:
        row = session.get(InstanceRow, instance_id)
        if row is None or row.status not in ("running", "resuming", "starting") or row.handle != handle:
            return True
        restarts = _restarts(context, session, instance_id)
        if not may_restart(restarts) or (row.status != "running" and not restarts):
            return False
        keeps = row.status == "running"
        details = {
            "reason": reason,
            "results": "kept" if keeps else "lost",
            "note": _KEPT if keeps else _LOST,
            "restart": restarts + 1,
            "most_restarts": RESTARTS,
        }
        kind = "oom_recovered" if out_of_memory else "restarted"
        fresh: dict[str, Any] = {
            "handle": None,
            "instance_url": None,
            "reported": None,
            "memory_usage_bytes": None,
            "starting_at": now,
            "started_at": None,
        }
        if row.status == "starting":
            for name, value in fresh.items():
                setattr(row, name, value)
        else:
            change_status(session, row, "resuming" if keeps else "starting", now=now, details=details, **fresh)
        release([row])
        record_event(session, kind, "instance", row.id, now=now, actor=SYSTEM, details=details)
    faults.point("restart", "recorded")
    context.signals.instances.set()
    return True


def was_restarted(context: Context, instance_id: int) -> bool:
    """Tell whether an instance was started again within the window."""
    with context.database.read() as session:
        return _restarts(context, session, instance_id) > 0


def _restarts(context: Context, session: Session, instance_id: int) -> int:
    return session.execute(
        select(func.count()).where(
            EventRow.resource_type == "instance",
            EventRow.resource_id == instance_id,
            EventRow.event_type.in_(RESTART_EVENTS),
            EventRow.created_at > context.clock() - RESTART_WINDOW,
        )
    ).scalar_one()
