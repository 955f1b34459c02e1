"""Use cases of background jobs: one run at a time in the whole deployment, recorded, and triggered by hand."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graph_olap.models import JobStatus
from graph_olap.models.common import format_timestamp
from sqlalchemy import CursorResult, select, update

from graph_olap_server.domain.errors import PlatformError, unavailable, validation_failed
from graph_olap_server.domain.roles import Identity
from graph_olap_server.metrics import JOB_NAMES
from graph_olap_server.services.context import Context
from graph_olap_server.services.holders import has_died
from graph_olap_server.services.ops_requests import TriggerJob
from graph_olap_server.store.events import record_event
from graph_olap_server.store.tables import EventRow, JobRow

__all__ = [
    "JOB_LEASE",
    "TRIGGERABLE_JOBS",
    "JobRun",
    "begin_run",
    "describe_trigger",
    "end_run",
    "keep_run",
    "list_jobs",
    "record_pass",
    "register_jobs",
    "request_run",
    "seconds_until_run",
    "take_request",
    "trigger_job",
]

JOB_LEASE = timedelta(seconds=30)
"""How long a run on another machine may be silent before another process may run the job; one here ends with its
process."""

TRIGGERABLE_JOBS = JOB_NAMES
"""Jobs that ops can start by hand: all."""

_TRIGGER_WINDOW = timedelta(seconds=60)
_UNHEALTHY_FAILURES = 3
_LOOK_SECONDS = 5.0
"""How often a process looks for runs that another one asked for."""
_OVERDUE = timedelta(minutes=2)
_RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run that this process holds."""

    name: str
    token: str


def register_jobs(context: Context, intervals: Mapping[str, float]) -> None:
    """Make a row for each job; the next run is at most one interval away, also after the clock was set back."""
    now = context.clock()
    with context.database.write() as session:
        for name, interval in intervals.items():
            row = session.get(JobRow, name)
            if row is None:
                row = JobRow(name=name, interval_seconds=interval, consecutive_failures=0)
                session.add(row)
            row.interval_seconds = interval
            latest = now + timedelta(seconds=interval)
            row.next_run_at = latest if row.next_run_at is None else min(row.next_run_at, latest)


def begin_run(context: Context, name: str, *, forced: bool = False) -> JobRun | None:
    """Take a job that is due (or ``forced``) and that nobody runs; ``None`` when there is nothing to do."""
    now = context.clock()
    with context.database.read() as session:
        # A job that waits must not take the write lock each time it looks.
        if not _may_run(context, session.get(JobRow, name), now, forced):
            return None
    with context.database.write() as session:
        row = session.get(JobRow, name, with_for_update=True)
        if row is None or not _may_run(context, row, now, forced):
            return None
        row.lease_token, row.lease_holder, row.lease_expires_at = str(uuid.uuid4()), context.holder, now + JOB_LEASE
        # Whoever asks from now on gets one more run.
        row.last_started_at, row.requested_at = now, None
        return JobRun(name, row.lease_token)


def keep_run(context: Context, run: JobRun) -> bool:
    """Prolong the lease of a run; false when another process took the job."""
    expires = context.clock() + JOB_LEASE
    with context.database.write() as session:
        result = session.execute(
            update(JobRow)
            .where(JobRow.name == run.name, JobRow.lease_token == run.token)
            .values(lease_expires_at=expires)
        )
        assert isinstance(result, CursorResult)
        return result.rowcount == 1


def end_run(context: Context, run: JobRun, seconds: float, error: str | None) -> None:
    """Record how a run ended and when the next one is due; a failed one is tried again within a minute."""
    with context.database.write() as session:
        row = session.get(JobRow, run.name, with_for_update=True)
        if row is not None and row.lease_token == run.token:
            row.lease_token = row.lease_holder = row.lease_expires_at = None
            _record(row, context.clock(), seconds, error)


def record_pass(context: Context, name: str, seconds: float, error: str | None) -> None:
    """Record a pass of a job that needs no lease, because every row it works on has one."""
    now = context.clock()
    with context.database.write() as session:
        row = session.get(JobRow, name)
        if row is not None:
            row.last_started_at = now - timedelta(seconds=seconds)
            _record(row, now, seconds, error)


def seconds_until_run(context: Context, name: str) -> float:
    """Return how long a process may wait before it looks at the job again."""
    now = context.clock()
    with context.database.read() as session:
        row = session.get(JobRow, name)
    if row is None or _leased(context, row, now):
        return _LOOK_SECONDS
    if _may_run(context, row, now, forced=False):
        return 0
    assert row.next_run_at is not None
    return min(_LOOK_SECONDS, max(0.01, (row.next_run_at - now).total_seconds()))


def request_run(context: Context, caller: Identity, name: str) -> None:
    """Ask for a run as soon as possible; while one works, one more follows."""
    now = context.clock()
    with context.database.write() as session:
        row = session.get(JobRow, name)
        if row is not None:
            row.requested_at = now
        record_event(session, "requested", "job", resource_name=name, now=now, actor=caller.username)
    context.signals.jobs.set()


def take_request(context: Context, name: str) -> bool:
    """Take up a request for a run of a job that has no lease; one process of many does."""
    with context.database.read() as session:
        row = session.get(JobRow, name)
        if row is None or row.requested_at is None:
            return False
    with context.database.write() as session:
        row = session.get(JobRow, name, with_for_update=True)
        if row is None or row.requested_at is None:
            return False
        row.requested_at = None
        return True


def trigger_job(context: Context, caller: Identity, request: TriggerJob) -> dict[str, Any]:
    """Ask for a run by hand: once a minute for each job, counted over all processes."""
    name = request.job_name
    if name not in TRIGGERABLE_JOBS:
        raise validation_failed([("job_name", f"unknown job {name!r}; use one of {', '.join(TRIGGERABLE_JOBS)}")])
    if name == "resource_monitor" and not context.settings.resource_monitor:
        message = "The resource monitor is switched off here (GRAPH_OLAP_RESOURCE_MONITOR)."
        raise PlatformError("FEATURE_DISABLED", message, {"feature": name})
    now = context.clock()
    with context.database.write() as session:
        row = session.get(JobRow, name, with_for_update=True)
        if row is None or _abandoned(context, row, now):
            raise unavailable("scheduler", "No process runs background jobs at the moment; start graph-olap serve.")
        _require_pause(row, now)
        row.triggered_at = row.requested_at = now
        details = {"reason": request.reason}
        record_event(session, "triggered", "job", resource_name=name, now=now, actor=caller.username, details=details)
    context.signals.jobs.set()
    context.signals.instances.set()
    return _trigger_view(name, now, caller.username, request.reason)


def describe_trigger(context: Context, name: str) -> dict[str, Any]:
    """Return what the last trigger of a job was answered."""
    triggers = select(EventRow).where(
        EventRow.event_type == "triggered", EventRow.resource_type == "job", EventRow.resource_name == name
    )
    with context.database.read() as session:
        event = session.scalars(triggers.order_by(EventRow.id.desc()).limit(1)).one()
    return _trigger_view(name, event.created_at, event.actor, (event.details or {}).get("reason"))


def list_jobs(context: Context) -> list[JobStatus]:
    """Describe all jobs by name, also those that have never run."""
    now = context.clock()
    with context.database.read() as session:
        rows = {row.name: row for row in session.scalars(select(JobRow))}
    return [_status(context, name, rows.get(name), now) for name in JOB_NAMES]


def _trigger_view(name: str, at: datetime, by: str, reason: str | None) -> dict[str, Any]:
    return {
        "job_name": name,
        "status": "queued",
        "triggered_at": format_timestamp(at),
        "triggered_by": by,
        "reason": reason,
    }


def _may_run(context: Context, row: JobRow | None, now: datetime, forced: bool) -> bool:
    if row is None or _leased(context, row, now):
        return False
    # A next run much further away than the interval was planned before the clock was set back, a little further away by
    # a machine whose clock is ahead.
    latest = now + timedelta(seconds=2 * row.interval_seconds)
    return forced or row.requested_at is not None or row.next_run_at is None or not now < row.next_run_at <= latest


def _leased(context: Context, row: JobRow, now: datetime) -> bool:
    if row.lease_expires_at is None or not now < row.lease_expires_at <= now + 2 * JOB_LEASE:
        return False
    return not has_died(row.lease_holder, context.settings.resolved_node_name)


def _record(row: JobRow, now: datetime, seconds: float, error: str | None) -> None:
    row.last_duration_ms = round(seconds * 1000)
    wait = row.interval_seconds
    if error is None:
        row.last_success_at, row.consecutive_failures = now, 0
    else:
        row.last_failure_at, row.last_error = now, error
        row.consecutive_failures += 1
        wait = min(wait, _RETRY_SECONDS)
    row.next_run_at = now + timedelta(seconds=wait)


def _abandoned(context: Context, row: JobRow, now: datetime) -> bool:
    # A job of this process is late only because the machine slept or its clock was set; it looks within seconds.
    if context.signals.jobs.is_heard:
        return False
    return not _leased(context, row, now) and row.next_run_at is not None and row.next_run_at < now - _OVERDUE


def _require_pause(row: JobRow, now: datetime) -> None:
    if row.triggered_at is None or not timedelta(0) <= now - row.triggered_at < _TRIGGER_WINDOW:
        return
    left = max(1, -int(-(_TRIGGER_WINDOW - (now - row.triggered_at)).total_seconds() // 1))
    raise PlatformError(
        "RATE_LIMIT_EXCEEDED",
        f"The job {row.name} was triggered less than a minute ago. Try again in {left} s.",
        {"resource": row.name, "retry_after_seconds": left},
        retry_after=left,
    )


def _status(context: Context, name: str, row: JobRow | None, now: datetime) -> JobStatus:
    if row is None:
        return JobStatus(name=name, schedule="not scheduled", health_status="unknown")
    health = "unhealthy" if row.consecutive_failures >= _UNHEALTHY_FAILURES else "healthy"
    if row.last_success_at is None and row.last_failure_at is None:
        health = "unknown"
    return JobStatus(
        name=name,
        schedule=f"every {row.interval_seconds:g}s",
        interval_seconds=max(1, round(row.interval_seconds)),
        next_run=row.next_run_at,
        running=_leased(context, row, now),
        last_started_at=row.last_started_at,
        last_success_at=row.last_success_at,
        last_failure_at=row.last_failure_at,
        last_duration_ms=row.last_duration_ms,
        consecutive_failures=row.consecutive_failures,
        last_error=row.last_error,
        health_status=health,
    )
