"""Use cases of ops that look at the whole deployment: health, instances, state and export jobs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from graph_olap.models import (
    ClusterHealth,
    ClusterInstances,
    ComponentHealth,
    ExportJob,
    InstanceCounts,
    InstanceLimits,
    InstanceSlots,
    OwnerCount,
    StatusCounts,
    SystemState,
)
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from graph_olap_server.domain.roles import Identity
from graph_olap_server.domain.states import (
    COUNTED_INSTANCE_STATUSES,
    EXPORT_JOB,
    INSTANCE,
    SNAPSHOT,
    VISIBLE_INSTANCE_STATUSES,
    StateMachine,
)
from graph_olap_server.launcher.base import LauncherError
from graph_olap_server.logs import event
from graph_olap_server.services.configuration import concurrency
from graph_olap_server.services.context import Context
from graph_olap_server.store.tables import ExportJobRow, InstanceRow, SnapshotRow
from graph_olap_server.warehouse.base import WarehouseError

__all__ = [
    "cluster_health",
    "cluster_instances",
    "instance_slots",
    "list_export_jobs",
    "status_counts",
    "system_state",
]

_log = logging.getLogger(__name__)
_PROBE_SECONDS = 3.0
_Model = type[InstanceRow | SnapshotRow | ExportJobRow]


def cluster_health(context: Context) -> ClusterHealth:
    """Probe every component now, all at once, each for at most three seconds."""
    probes: dict[str, Callable[[], None] | None] = {
        "database": context.database.check,
        "kubernetes": None if context.launcher is None else context.launcher.check,
        "starburst": context.warehouse.check if context.settings.warehouse else None,
        "storage": context.snapshots.check,
    }
    pool = ThreadPoolExecutor(max_workers=len(probes), thread_name_prefix="probe")
    started = time.monotonic()
    running = {name: None if probe is None else pool.submit(_timed, probe) for name, probe in probes.items()}
    components = {name: _outcome(name, future, started) for name, future in running.items()}
    # A probe that hangs must not hold up the answer; its thread ends when the component gives up.
    pool.shutdown(wait=False)
    return ClusterHealth(status=_overall(components), checked_at=context.clock(), components=components)


def cluster_instances(context: Context) -> ClusterInstances:
    """Count instances by status and owner and say what is left of the limits."""
    with context.database.read() as session:
        by_status = status_counts(session, InstanceRow, INSTANCE)
        owners = session.execute(
            select(InstanceRow.owner_username, func.count())
            .where(InstanceRow.status.in_(VISIBLE_INSTANCE_STATUSES))
            .group_by(InstanceRow.owner_username)
            .order_by(func.count().desc(), InstanceRow.owner_username)
        )
        limits = concurrency(context, session)
        used = sum(by_status[status] for status in COUNTED_INSTANCE_STATUSES)
        return ClusterInstances(
            total=sum(by_status.values()),
            by_status=by_status,
            by_owner=[OwnerCount(owner_username=owner, count=count) for owner, count in owners],
            limits=InstanceLimits(
                per_analyst=limits.per_analyst,
                cluster_total=limits.cluster_total,
                cluster_used=used,
                cluster_available=max(0, limits.cluster_total - used),
            ),
        )


def instance_slots(context: Context, caller: Identity) -> InstanceSlots:
    """Say how many instances the caller has and may still start."""
    own = select(func.count()).where(
        InstanceRow.owner_username == caller.username, InstanceRow.status.in_(COUNTED_INSTANCE_STATUSES)
    )
    with context.database.read() as session:
        active = session.execute(own).scalar_one()
        limit = concurrency(context, session).per_analyst
    return InstanceSlots(active_instances=active, per_user_limit=limit, available_slots=max(0, limit - active))


def system_state(context: Context) -> SystemState:
    """Count all records by status."""
    with context.database.read() as session:
        instances = status_counts(session, InstanceRow, INSTANCE)
        snapshots = status_counts(session, SnapshotRow, SNAPSHOT)
        jobs = status_counts(session, ExportJobRow, EXPORT_JOB)
        return SystemState(
            instances=InstanceCounts(
                total=sum(instances.values()),
                by_status=instances,
                without_pod_name=_without_engine(session),
            ),
            snapshots=StatusCounts(total=sum(snapshots.values()), by_status=snapshots),
            export_jobs=StatusCounts(total=sum(jobs.values()), by_status=jobs),
        )


def list_export_jobs(context: Context, *, status: str | None, limit: int, owner: str | None = None) -> list[ExportJob]:
    """List export jobs, newest first; with ``owner`` only those of this user's snapshots."""
    wanted = select(ExportJobRow).order_by(ExportJobRow.created_at.desc(), ExportJobRow.id.desc()).limit(limit)
    if status is not None:
        wanted = wanted.where(ExportJobRow.status == status)
    if owner is not None:
        wanted = wanted.join(SnapshotRow, SnapshotRow.id == ExportJobRow.snapshot_id).where(
            SnapshotRow.owner_username == owner
        )
    with context.database.read() as session:
        return [
            ExportJob.model_validate({name: getattr(row, name) for name in ExportJob.model_fields})
            for row in session.scalars(wanted)
        ]


def status_counts(session: Session, model: _Model, machine: StateMachine) -> dict[str, int]:
    """Count rows by status; every status is there."""
    counted = session.execute(select(model.status, func.count()).group_by(model.status))
    found: dict[str, int] = {row[0]: row[1] for row in counted}
    return {status: found.get(status, 0) for status in machine.statuses}


def _without_engine(session: Session) -> int:
    lost = select(func.count()).where(
        InstanceRow.status.in_(("starting", "running", "resuming")), InstanceRow.handle.is_(None)
    )
    return int(session.execute(lost).scalar_one())


def _timed(probe: Callable[[], None]) -> ComponentHealth:
    started = time.monotonic()
    error: str | None = None
    try:
        probe()
    except SQLAlchemyError as problem:
        error = "The database does not answer."
        event(_log, "probe_failed", level=logging.WARNING, reason=str(problem).splitlines()[0])
    except OSError as problem:
        error = f"The folder of snapshots cannot be written ({problem.strerror or 'unknown reason'})."
    except (WarehouseError, LauncherError) as problem:
        error = str(problem)
    return ComponentHealth(
        status="connected" if error is None else "unreachable",
        latency_ms=round((time.monotonic() - started) * 1000),
        error=error,
    )


def _outcome(name: str, future: Future[ComponentHealth] | None, started: float) -> ComponentHealth:
    if future is None:
        return ComponentHealth(status="not_configured")
    try:
        return future.result(timeout=max(0.0, started + _PROBE_SECONDS - time.monotonic()))
    except TimeoutError:
        return ComponentHealth(status="unreachable", error=f"No answer of {name} within {_PROBE_SECONDS:g} s.")


def _overall(components: dict[str, ComponentHealth]) -> str:
    if components["database"].status != "connected":
        return "unhealthy"
    healthy = all(part.status in ("connected", "not_configured") for part in components.values())
    return "healthy" if healthy else "degraded"
