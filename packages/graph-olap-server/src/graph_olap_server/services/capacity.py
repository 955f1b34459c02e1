"""What users may take up: numbers of instances and, where it is switched on, allocated memory (section 4.5).

Call these inside the writing transaction that uses what they allow: counting and taking are one step.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.states import COUNTED_INSTANCE_STATUSES
from graph_olap_server.machine import default_instance_memory_bytes
from graph_olap_server.services.configuration import concurrency
from graph_olap_server.services.context import Context
from graph_olap_server.store.tables import InstanceRow

__all__ = ["allocated_gb", "new_instance_gb", "require_capacity", "require_memory"]

_GB = 1024**3


def new_instance_gb(context: Context) -> int | None:
    """Return the memory to record with a new instance; ``None`` leaves it to the launcher.

    With limits in force it is always a number, so that what is counted stays what was given out.
    """
    settings = context.settings
    if settings.instance_memory_gb is not None or not settings.memory_limits:
        return settings.instance_memory_gb
    return min(allocated_gb(None), settings.instance_memory_limit_gb)


def allocated_gb(memory_gb: int | None) -> int:
    """Return what an instance counts for; one without a size of its own has the machine's default."""
    return max(1, default_instance_memory_bytes() // _GB) if memory_gb is None else memory_gb


def require_capacity(context: Context, session: Session, owner: str) -> None:
    """Raise 409 when one more instance of this owner would exceed the limits of the user or of the platform."""
    counted = select(func.count()).select_from(InstanceRow).where(InstanceRow.status.in_(COUNTED_INSTANCE_STATUSES))
    own = session.execute(counted.where(InstanceRow.owner_username == owner)).scalar_one()
    total = session.execute(counted).scalar_one()
    limits = concurrency(context, session)
    for limit_type, count, allowed, whose in (
        ("per_analyst", own, limits.per_analyst, f"{owner} has"),
        ("cluster_total", total, limits.cluster_total, "The platform has"),
    ):
        if count >= allowed:
            message = f"{whose} {count} of {allowed} instances. Terminate one that is no longer needed."
            raise _exceeded(message, limit_type, count, allowed)


def require_memory(
    context: Context, session: Session, owner: str, memory_gb: int | None, *, instance_id: int | None = None
) -> None:
    """Raise 409 when an instance of this size would exceed a memory limit; does nothing where limits are off.

    Args:
        context: The platform's parts.
        session: The writing transaction.
        owner: Owner of the instance.
        memory_gb: Memory that it is to have in all, in GB; ``None`` for the machine's default.
        instance_id: The instance itself when it exists: what it has now is not counted beside.
    """
    settings = context.settings
    if not settings.memory_limits:
        return
    asked = allocated_gb(memory_gb)
    if asked > settings.instance_memory_limit_gb:
        allowed = settings.instance_memory_limit_gb
        message = f"An instance may have {allowed} GB of memory at most, not {asked} GB."
        raise _exceeded(message, "instance_memory", asked, allowed)
    own = total = 0
    taken = select(InstanceRow.id, InstanceRow.owner_username, InstanceRow.memory_gb).where(
        InstanceRow.status.in_(COUNTED_INSTANCE_STATUSES)
    )
    for other_id, other_owner, other_gb in session.execute(taken):
        if other_id != instance_id:
            total += allocated_gb(other_gb)
            own += allocated_gb(other_gb) if other_owner == owner else 0
    for limit_type, used, allowed, whose in (
        ("user_memory", own, settings.user_memory_limit_gb, f"The instances of {owner} have"),
        ("cluster_memory", total, settings.cluster_memory_limit_gb, "All instances together have"),
    ):
        if used + asked > allowed:
            message = (
                f"{whose} {used} of {allowed} GB of memory; {asked} GB more are not left. "
                "Terminate or suspend one that is no longer needed."
            )
            raise _exceeded(message, limit_type, used, allowed)


def _exceeded(message: str, limit_type: str, count: int, allowed: int) -> PlatformError:
    details = {"limit_type": limit_type, "current_count": count, "max_allowed": allowed}
    return PlatformError("CONCURRENCY_LIMIT_EXCEEDED", message, details)
