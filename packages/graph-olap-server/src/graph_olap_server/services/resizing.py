"""Use cases that change the resources of a running instance (sections 2.3.8, 2.3.9 and 2.3.12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graph_olap.models import Instance, InstanceEvent
from sqlalchemy import func, select

from graph_olap_server.domain.errors import invalid_state, unavailable
from graph_olap_server.domain.roles import Identity
from graph_olap_server.domain.states import INSTANCE, require_status
from graph_olap_server.launcher.base import Handle, LauncherError
from graph_olap_server.services.context import Context
from graph_olap_server.services.instances import instance_view, owned_instance
from graph_olap_server.services.lookup import find_instance
from graph_olap_server.services.ops_requests import ResizeCpu, ResizeMemory
from graph_olap_server.store.events import record_event
from graph_olap_server.store.pages import Page
from graph_olap_server.store.tables import EventRow

__all__ = ["RESIZE_EVENTS", "Resized", "list_instance_events", "resize_cpu", "resize_memory"]

RESIZE_EVENTS = ("memory_upgraded", "cpu_updated", "oom_recovered", "resize_failed")
"""Events that tell how the resources of an instance changed."""


@dataclass(frozen=True, slots=True)
class Resized:
    """An instance with its new resources, and what does not take effect while it runs."""

    instance: Instance
    warnings: Sequence[str]


def resize_cpu(context: Context, caller: Identity, instance_id: int, request: ResizeCpu) -> Resized:
    """Change the CPU cores of a running instance."""
    return _resize(context, caller, instance_id, cpu_cores=request.cpu_cores)


def resize_memory(context: Context, caller: Identity, instance_id: int, request: ResizeMemory) -> Resized:
    """Raise the memory of a running instance."""
    return _resize(context, caller, instance_id, memory_gb=request.memory_gb)


def list_instance_events(context: Context, instance_id: int, offset: int, limit: int) -> Page[InstanceEvent]:
    """List how the resources of an instance changed, newest first."""
    where = (
        EventRow.resource_type == "instance",
        EventRow.resource_id == instance_id,
        EventRow.event_type.in_(RESIZE_EVENTS),
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


def _resize(
    context: Context, caller: Identity, instance_id: int, *, cpu_cores: int | None = None, memory_gb: int | None = None
) -> Resized:
    with context.database.read() as session:
        row = owned_instance(session, caller, instance_id)
        require_status(INSTANCE, row.id, row.status, "running")
        if memory_gb is not None and row.memory_gb is not None and memory_gb < row.memory_gb:
            message = f"Instance {row.id} has {row.memory_gb} GB; memory of a running instance can only grow."
            raise invalid_state("instance", row.id, f"{row.memory_gb} GB", f"at least {row.memory_gb} GB", message)
        cores, handle = cpu_cores or row.cpu_cores, row.handle
    # The engine is asked outside the transaction.
    try:
        warnings = _apply(context, instance_id, handle, cores, memory_gb)
    except LauncherError as error:
        _record_failure(context, caller, instance_id, str(error))
        raise unavailable("kubernetes", f"Instance {instance_id} keeps its resources. {error}") from error
    now = context.clock()
    with context.database.write() as session:
        row = owned_instance(session, caller, instance_id)
        require_status(INSTANCE, row.id, row.status, "running")
        details: dict[str, Any] = {"warnings": list(warnings)}
        if memory_gb is None:
            details |= {"from": row.cpu_cores, "to": cores}
            row.cpu_cores = cores
        else:
            details |= {"from": row.memory_gb, "to": memory_gb}
            row.memory_gb = memory_gb
        row.updated_at = now
        kind = "cpu_updated" if memory_gb is None else "memory_upgraded"
        record_event(session, kind, "instance", row.id, now=now, actor=caller.username, details=details)
        return Resized(instance_view(context, session, row), warnings)


def _apply(
    context: Context, instance_id: int, handle: Handle | None, cpu_cores: int, memory_gb: int | None
) -> Sequence[str]:
    if context.launcher is None or handle is None:
        raise LauncherError(f"The engine of instance {instance_id} cannot be reached from this server.")
    return context.launcher.resize(handle, cpu_cores=cpu_cores, memory_gb=memory_gb)


def _record_failure(context: Context, caller: Identity, instance_id: int, reason: str) -> None:
    with context.database.write() as session:
        record_event(
            session,
            "resize_failed",
            "instance",
            instance_id,
            now=context.clock(),
            actor=caller.username,
            result="failed",
            details={"reason": reason},
        )
