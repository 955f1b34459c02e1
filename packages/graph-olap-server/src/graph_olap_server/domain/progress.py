"""Progress of snapshots and instances, assembled from stored facts; pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph_olap.models import InstanceProgress, SnapshotProgress
from graph_olap.models.common import format_timestamp

__all__ = ["JobFacts", "instance_progress", "snapshot_progress"]

_JOB_STEP = {
    "pending": "pending",
    "claimed": "in_progress",
    "submitted": "in_progress",
    "completed": "completed",
    "failed": "failed",
}
_INSTANCE_PHASES = ("pod_scheduled", "downloading", "loading_schema", "loading_data")


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What is known of one export job."""

    name: str
    type: str
    status: str
    row_count: int | None = None
    size_bytes: int | None = None
    attempts: int = 0
    error_message: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


def snapshot_progress(
    snapshot_id: int,
    status: str,
    started_at: datetime | None,
    error: str | None,
    jobs: Sequence[JobFacts],
    now: datetime,
) -> SnapshotProgress:
    """Assemble the progress of a snapshot from its export jobs (nodes first, in mapping order)."""
    steps = [
        {
            "name": job.name,
            "type": job.type,
            "status": _JOB_STEP[job.status],
            "row_count": job.row_count,
            "size_bytes": job.size_bytes,
            "attempts": job.attempts,
            "error_message": job.error_message,
            "started_at": _text(job.started_at),
            "completed_at": _text(job.completed_at),
        }
        for job in jobs
    ]
    counts = {name: sum(1 for job in jobs if job.status == name) for name in _JOB_STEP}
    percent = _percent(counts["completed"], len(jobs), finished=status == "ready")
    return SnapshotProgress(
        id=snapshot_id,
        status=status,
        phase=_snapshot_phase(status, counts, len(jobs)),
        started_at=started_at,
        steps=steps,
        current_step=_first(steps, "in_progress"),
        progress_percent=percent,
        estimated_remaining_seconds=_remaining(status in ("pending", "creating"), percent, started_at, now),
        error_message=error,
        jobs_total=len(jobs),
        **{f"jobs_{name}": count for name, count in counts.items()},
        jobs=[{"name": j.name, "type": j.type, "status": j.status, "row_count": j.row_count} for j in jobs],
    )


def instance_progress(
    instance_id: int,
    status: str,
    *,
    waits_for_snapshot: bool,
    elements: Sequence[tuple[str, str]],
    launched: bool,
    reported: dict[str, Any] | None,
    started_at: datetime | None,
    ready_at: datetime | None,
    error: str | None,
    now: datetime,
) -> InstanceProgress:
    """Assemble the progress of an instance's start.

    The list of steps is known from the beginning; ``reported`` is what the instance's server last said about itself.

    Args:
        instance_id: Id of the record.
        status: Status of the record.
        waits_for_snapshot: The instance was created together with its snapshot.
        elements: (kind, name) of all definitions, nodes first.
        launched: The engine process exists.
        reported: ``{"phase", "steps"}`` of the instance's ``/status``, or ``None`` before the first report.
        started_at: When the start began.
        ready_at: When it was ready.
        error: Why it failed.
        now: The time of asking.
    """
    done = status in ("running", "suspended", "stopping")
    starts = status in ("starting", "resuming")
    by_name = {(step.get("type"), step.get("name")): step for step in (reported or {}).get("steps", [])}
    listening = reported is not None
    steps: list[dict[str, Any]] = []
    if waits_for_snapshot:
        steps.append(_step("waiting_for_snapshot", "phase", _waiting(status, started_at, launched)))
    steps.append(_step("pod_scheduled", "phase", _state(launched or done, starts)))
    steps.append(_step("downloading", "phase", _state(listening or done, launched)))
    schema = next((step for (_, name), step in by_name.items() if name == "loading_schema"), None)
    loaded_some = any(by_name.get(element, {}).get("status") in ("in_progress", "completed") for element in elements)
    schema_done = done or loaded_some or (schema is not None and schema.get("status") == "completed")
    steps.append(_step("loading_schema", "phase", _state(schema_done, listening)))
    for kind, name in elements:
        fact = by_name.get((kind, name), {})
        state = "completed" if done else str(fact.get("status", "pending"))
        steps.append(
            {**_step(name, kind, state), **{key: fact.get(key) for key in ("row_count", "started_at", "completed_at")}}
        )
    steps.append(_step("ready", "phase", _state(done, False)))
    if status == "failed":
        _fail_current(steps)
    completed = sum(1 for step in steps if step["status"] == "completed")
    percent = _percent(completed, len(steps), finished=done)
    return InstanceProgress(
        id=instance_id,
        status=status,
        phase=_instance_phase(status, steps, reported),
        started_at=started_at,
        steps=steps,
        current_step=_first(steps, "in_progress"),
        progress_percent=percent,
        estimated_remaining_seconds=_remaining(starts, percent, started_at, ready_at or now),
        error_message=error,
    )


def _snapshot_phase(status: str, counts: dict[str, int], total: int) -> str:
    if status == "ready":
        return "ready"
    if status in ("failed", "cancelled"):
        return "failed"
    if status == "pending" or counts["pending"] == total:
        return "queued"
    return "importing" if counts["completed"] == total else "exporting"


def _instance_phase(status: str, steps: Sequence[dict[str, Any]], reported: dict[str, Any] | None) -> str:
    if status == "failed":
        return "failed"
    if status in ("running", "suspended", "stopping"):
        return "ready"
    if status == "waiting_for_snapshot":
        return status
    if reported is not None and reported.get("phase") in _INSTANCE_PHASES:
        return str(reported["phase"])
    current = _first(steps, "in_progress")
    return current if current in _INSTANCE_PHASES else "pod_scheduled"


def _waiting(status: str, started_at: datetime | None, launched: bool) -> str:
    return _state(status not in ("waiting_for_snapshot", "failed") or started_at is not None or launched, True)


def _state(done: bool, active: bool) -> str:
    return "completed" if done else "in_progress" if active else "pending"


def _step(name: str, kind: str, status: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "status": status,
        "row_count": None,
        "started_at": None,
        "completed_at": None,
    }


def _fail_current(steps: Sequence[dict[str, Any]]) -> None:
    for step in steps:
        if step["status"] in ("in_progress", "pending", "failed"):
            step["status"] = "failed"
            return


def _first(steps: Sequence[dict[str, Any]], status: str) -> str | None:
    return next((step["name"] for step in steps if step["status"] == status), None)


def _percent(completed: int, total: int, *, finished: bool) -> int:
    if finished:
        return 100
    return min(99, 100 * completed // total) if total else 0


def _remaining(active: bool, percent: int, started_at: datetime | None, now: datetime) -> int | None:
    """Extrapolate from the time spent so far; unknown before the first step is done."""
    if not active or started_at is None or percent == 0:
        return None
    elapsed = max(0.0, (now - started_at).total_seconds())
    return round(elapsed * (100 - percent) / percent)


def _text(value: datetime | None) -> str | None:
    return None if value is None else format_timestamp(value)
