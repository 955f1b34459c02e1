"""Use cases that change the resources of a running instance (sections 2.3.8, 2.3.9, 2.3.12 and 5).

More memory is taken in the record first, within the limits, then given to the process; where that fails the record
goes back. So two who ask at the same time never get more than the limits allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph_olap.models import Instance, InstanceEvent
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from graph_olap_server import faults
from graph_olap_server.domain.errors import PlatformError, invalid_state, unavailable
from graph_olap_server.domain.memory import Pressure, grown_gb, may_grow
from graph_olap_server.domain.roles import Identity
from graph_olap_server.domain.states import INSTANCE, require_status
from graph_olap_server.launcher.base import Handle, LauncherError
from graph_olap_server.services.capacity import require_memory
from graph_olap_server.services.context import Context
from graph_olap_server.services.instances import instance_view, owned_instance
from graph_olap_server.services.lookup import find_instance
from graph_olap_server.services.ops_requests import ResizeCpu, ResizeMemory
from graph_olap_server.services.restarts import RESTART_EVENTS
from graph_olap_server.store.events import SYSTEM, record_event
from graph_olap_server.store.pages import Page
from graph_olap_server.store.tables import EventRow, InstanceRow

__all__ = [
    "INSTANCE_EVENTS",
    "MemorySample",
    "Resized",
    "grow_memory",
    "list_instance_events",
    "resize_cpu",
    "resize_memory",
    "store_samples",
]

INSTANCE_EVENTS = ("memory_upgraded", "cpu_updated", "resize_failed", *RESTART_EVENTS)
"""Events that tell how the resources of an instance changed, and when it was started again."""


@dataclass(frozen=True, slots=True)
class Resized:
    """An instance with its new resources, and what does not take effect while it runs."""

    instance: Instance
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class MemorySample:
    """Memory of a running instance in bytes: resident, and the limit that its process keeps."""

    instance_id: int
    used_bytes: int
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class _Raise:
    """More memory that the record has and the process shall get."""

    instance_id: int
    handle: Handle | None
    cpu_cores: int
    before: int | None
    memory_gb: int


def resize_cpu(context: Context, caller: Identity, instance_id: int, request: ResizeCpu) -> Resized:
    """Change the CPU cores of a running instance."""
    cores = request.cpu_cores
    with context.database.read() as session:
        row = owned_instance(session, caller, instance_id)
        require_status(INSTANCE, row.id, row.status, "running")
        handle = row.handle
    # The engine is asked outside the transaction.
    try:
        warnings = _apply(context, instance_id, handle, cores, None)
    except LauncherError as error:
        with context.database.write() as session:
            _record_failure(session, context.clock(), caller.username, instance_id, str(error))
        raise _refused(instance_id, error) from error
    now = context.clock()
    with context.database.write() as session:
        row = owned_instance(session, caller, instance_id)
        require_status(INSTANCE, row.id, row.status, "running")
        details: dict[str, Any] = {"warnings": list(warnings), "from": row.cpu_cores, "to": cores}
        row.cpu_cores, row.updated_at = cores, now
        record_event(session, "cpu_updated", "instance", row.id, now=now, actor=caller.username, details=details)
        return Resized(instance_view(context, session, row, caller), warnings)


def resize_memory(context: Context, caller: Identity, instance_id: int, request: ResizeMemory) -> Resized:
    """Raise the memory of a running instance, within the memory limits."""
    with context.database.write() as session:
        row = owned_instance(session, caller, instance_id)
        require_status(INSTANCE, row.id, row.status, "running")
        if row.memory_gb is not None and request.memory_gb < row.memory_gb:
            message = f"Instance {row.id} has {row.memory_gb} GB; memory of a running instance can only grow."
            raise invalid_state("instance", row.id, f"{row.memory_gb} GB", f"at least {row.memory_gb} GB", message)
        step = _take(context, session, row, request.memory_gb)
    try:
        warnings = _carry_out(context, step, caller.username, {})
    except LauncherError as error:
        raise _refused(instance_id, error) from error
    with context.database.read() as session:
        return Resized(instance_view(context, session, find_instance(session, instance_id), caller), warnings)


def store_samples(context: Context, samples: Sequence[MemorySample]) -> None:
    """Keep what running instances use."""
    with context.database.write() as session:
        for sample in samples:
            row = session.get(InstanceRow, sample.instance_id)
            if row is not None and row.status == "running":
                row.memory_usage_bytes = sample.used_bytes


def grow_memory(context: Context, sample: MemorySample, kind: Pressure, largest_gb: int | None) -> bool | None:
    """Give an instance under pressure twice its memory; ``None`` when it is not time or there is no more.

    Returns:
        Whether it has more now; where a limit or the machine refuses, the failure is recorded.
    """
    now = context.clock()
    details: dict[str, Any] = {"reason": kind, "used_bytes": sample.used_bytes, "limit_bytes": sample.limit_bytes}
    with context.database.write() as session:
        row = session.get(InstanceRow, sample.instance_id)
        if row is None or row.status != "running" or not may_grow(now, *_tries(session, row.id)):
            return None
        memory_gb = grown_gb(sample.limit_bytes, largest_gb)
        if memory_gb is None or memory_gb <= (row.memory_gb or 0):
            return None
        try:
            step = _take(context, session, row, memory_gb)
        except PlatformError as error:
            _record_failure(session, now, SYSTEM, row.id, error.message, details)
            return False
    try:
        _carry_out(context, step, SYSTEM, details)
    except LauncherError:
        return False
    return True


def list_instance_events(context: Context, instance_id: int, offset: int, limit: int) -> Page[InstanceEvent]:
    """List how the resources of an instance changed and when it was started again, newest first."""
    where = (
        EventRow.resource_type == "instance",
        EventRow.resource_id == instance_id,
        EventRow.event_type.in_(INSTANCE_EVENTS),
    )
    with context.database.read() as session:
        find_instance(session, instance_id)
        total = session.execute(select(func.count()).select_from(EventRow).where(*where)).scalar_one()
        rows = session.scalars(select(EventRow).where(*where).order_by(EventRow.id.desc()).offset(offset).limit(limit))
        events = [
            InstanceEvent(id=row.id, event_type=row.event_type, details=row.details or {}, created_at=row.created_at)
            for row in rows
        ]
    return Page(events, total, offset, limit)


def _take(context: Context, session: Session, row: InstanceRow, memory_gb: int) -> _Raise:
    require_memory(context, session, row.owner_username, memory_gb, instance_id=row.id)
    step = _Raise(row.id, row.handle, row.cpu_cores, row.memory_gb, memory_gb)
    row.memory_gb, row.updated_at = memory_gb, context.clock()
    return step


def _carry_out(context: Context, step: _Raise, actor: str, details: dict[str, Any]) -> Sequence[str]:
    faults.point("resize", "taken")
    try:
        warnings = _apply(context, step.instance_id, step.handle, step.cpu_cores, step.memory_gb)
    except LauncherError as error:
        with context.database.write() as session:
            row = session.get(InstanceRow, step.instance_id)
            if row is not None and row.memory_gb == step.memory_gb:
                row.memory_gb = step.before
            _record_failure(session, context.clock(), actor, step.instance_id, str(error), details)
        raise
    faults.point("resize", "applied")
    details = {**details, "from": step.before, "to": step.memory_gb, "warnings": list(warnings)}
    with context.database.write() as session:
        now = context.clock()
        record_event(session, "memory_upgraded", "instance", step.instance_id, now=now, actor=actor, details=details)
    return warnings


def _apply(
    context: Context, instance_id: int, handle: Handle | None, cpu_cores: int, memory_gb: int | None
) -> Sequence[str]:
    if context.launcher is None or handle is None or not context.launcher.reaches(handle):
        raise LauncherError(f"The engine of instance {instance_id} cannot be reached from this server.")
    return context.launcher.resize(handle, cpu_cores=cpu_cores, memory_gb=memory_gb)


def _tries(session: Session, instance_id: int) -> tuple[int, datetime | None]:
    """Return how often an instance got memory on its own, and when that was last tried."""
    tries = session.execute(
        select(EventRow.event_type, EventRow.created_at).where(
            EventRow.resource_type == "instance",
            EventRow.resource_id == instance_id,
            EventRow.event_type.in_(("memory_upgraded", "resize_failed")),
            EventRow.actor == SYSTEM,
        )
    ).all()
    times = sum(1 for kind, _ in tries if kind == "memory_upgraded")
    return times, max((at for _, at in tries), default=None)


def _record_failure(
    session: Session, now: datetime, actor: str, instance_id: int, reason: str, details: dict[str, Any] | None = None
) -> None:
    record_event(
        session,
        "resize_failed",
        "instance",
        instance_id,
        now=now,
        actor=actor,
        result="failed",
        details={**(details or {}), "reason": reason},
    )


def _refused(instance_id: int, error: LauncherError) -> PlatformError:
    return unavailable("kubernetes", f"Instance {instance_id} keeps its resources. {error}")
