"""Use cases of the export worker: claim, report, complete or fail one job; finalise a snapshot; mend what is stale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from graph_olap.models import EdgeDefinition, LoadReport, NodeDefinition
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from graph_olap_server.domain.definitions import iter_definitions
from graph_olap_server.services.configuration import export_limit
from graph_olap_server.services.context import Context
from graph_olap_server.services.holders import has_died
from graph_olap_server.services.views import get_version, version_view
from graph_olap_server.snapshots.columns import source_columns
from graph_olap_server.snapshots.manifest import SnapshotManifest
from graph_olap_server.snapshots.store import EntityKind
from graph_olap_server.snapshots.writer import WrittenFile
from graph_olap_server.store.leases import EXPORT_LEASE, claim_export_job, claim_row, held_row, is_over, release, renew
from graph_olap_server.store.tables import ExportJobRow, InstanceRow, SnapshotRow
from graph_olap_server.store.transitions import change_status
from graph_olap_server.warehouse.base import SourceColumn

__all__ = [
    "MAX_ATTEMPTS",
    "ExportTask",
    "FinalizeTask",
    "claim_export",
    "claim_finalization",
    "claim_holders",
    "complete_export",
    "complete_finalization",
    "fail_export",
    "fail_finalization",
    "has_claim",
    "keep_claim",
    "mend_exports",
    "release_claims",
    "release_dead_claims",
    "release_export",
    "report_rows",
]

MAX_ATTEMPTS = 3
"""How often an export that failed for a passing reason is tried."""

_RETRY_SECONDS = (5, 75)
"""What is waited before the second and the third attempt: a warehouse may be away for a minute."""

_CLAIMED = ("claimed", "submitted")
_SIBLING_FAILED = "Stopped, because the export of {name} failed."


@dataclass(frozen=True, slots=True)
class ExportTask:
    """A claimed export job: all that is needed to do it outside the transaction."""

    job_id: int
    token: str
    snapshot_id: int
    kind: EntityKind
    name: str
    attempts: int
    path: Path
    sql: str
    columns: Sequence[SourceColumn]


@dataclass(frozen=True, slots=True)
class FinalizeTask:
    """A snapshot whose exports are all done, claimed for its last step."""

    snapshot_id: int
    token: str
    folder: Path
    mapping_id: int
    mapping_version: int
    nodes: Sequence[NodeDefinition]
    edges: Sequence[EdgeDefinition]
    on_bad_rows: str
    exported: dict[tuple[EntityKind, str], Path]


def claim_export(context: Context, worker: str) -> ExportTask | None:
    """Take the next export job, if any."""
    with context.database.read() as session:
        # An idle worker must not take the write lock each time it looks.
        if not session.execute(select(exists().where(ExportJobRow.status == "pending"))).scalar_one():
            return None
    now = context.clock()
    with context.database.write() as session:
        job = claim_export_job(session, worker, now)
        if job is None:
            return None
        snapshot = session.get_one(SnapshotRow, job.snapshot_id)
        if snapshot.status == "pending":
            change_status(session, snapshot, "creating", now=now, actor=worker, started_at=now)
        version = get_version(session, snapshot.mapping_id, snapshot.mapping_version)
        assert version is not None
        assert job.lease_token is not None
        view = version_view(version)
        definition = next(
            item
            for kind, name, item in iter_definitions(view.node_definitions, view.edge_definitions)
            if (kind, name) == (job.entity_type, job.entity_name)
        )
        return ExportTask(
            job_id=job.id,
            token=job.lease_token,
            snapshot_id=snapshot.id,
            kind=_kind(job),
            name=job.entity_name,
            attempts=job.attempts,
            path=context.snapshots.attempt_file(snapshot.id, _kind(job), job.entity_name, job.claims),
            sql=definition.sql,
            columns=source_columns(definition, view.node_definitions),
        )


def keep_claim(context: Context, task: ExportTask | FinalizeTask) -> bool:
    """Prolong the lease of work that takes long; false when it is no longer ours."""
    expires = context.clock() + EXPORT_LEASE
    with context.database.write() as session:
        if isinstance(task, ExportTask):
            return renew(session, ExportJobRow, task.job_id, task.token, expires)
        return renew(session, SnapshotRow, task.snapshot_id, task.token, expires)


def has_claim(context: Context, task: ExportTask) -> bool:
    """Tell whether a job is still ours: not cancelled, not too late, not taken by another worker."""
    with context.database.read() as session:
        job = held_row(session, ExportJobRow, task.job_id, task.token)
        return job is not None and job.status == "claimed"


def report_rows(context: Context, task: ExportTask, rows: int) -> bool:
    """Store how many rows were read and prolong the lease; false when the job is no longer ours."""
    now = context.clock()
    with context.database.write() as session:
        job = held_row(session, ExportJobRow, task.job_id, task.token)
        if job is None or job.status != "claimed":
            return False
        job.row_count, job.lease_expires_at, job.updated_at = rows, now + EXPORT_LEASE, now
        return True


def complete_export(context: Context, task: ExportTask, written: WrittenFile) -> bool:
    """Record a finished export; false when the job is no longer ours."""
    now = context.clock()
    with context.database.write() as session:
        job = held_row(session, ExportJobRow, task.job_id, task.token)
        if job is None or job.status != "claimed":
            return False
        change_status(
            session,
            job,
            "completed",
            now=now,
            completed_at=now,
            row_count=written.rows,
            size_bytes=written.size_bytes,
            lease_token=None,
            lease_expires_at=None,
        )
    context.signals.exports.set()
    return True


def fail_export(context: Context, task: ExportTask, message: str, *, retryable: bool) -> None:
    """Record a failed export: try again later, or fail the snapshot with all its jobs."""
    now = context.clock()
    with context.database.write() as session:
        job = held_row(session, ExportJobRow, task.job_id, task.token)
        if job is None or job.status != "claimed":
            return
        _fail_job(session, job, message, now, retryable=retryable)
    context.signals.instances.set()


def release_export(context: Context, task: ExportTask) -> None:
    """Give a job back that was not finished because the worker stops; the attempt does not count."""
    now = context.clock()
    with context.database.write() as session:
        job = held_row(session, ExportJobRow, task.job_id, task.token)
        if job is not None and job.status == "claimed":
            _back_to_pending(session, job, now, attempts=max(0, job.attempts - 1))


def claim_finalization(context: Context) -> FinalizeTask | None:
    """Take a snapshot whose exports are all done, if any."""
    unfinished = exists().where(ExportJobRow.snapshot_id == SnapshotRow.id, ExportJobRow.status != "completed")
    found = select(SnapshotRow).where(SnapshotRow.status == "creating", ~unfinished).order_by(SnapshotRow.id)
    with context.database.read() as session:
        if session.scalars(found.limit(1)).first() is None:
            return None
    now = context.clock()
    with context.database.write() as session:
        for snapshot in session.scalars(found):
            token = claim_row(session, snapshot, now, EXPORT_LEASE, context.holder)
            if token is not None:
                return _finalize_task(context, session, snapshot, token)
    return None


def complete_finalization(context: Context, task: FinalizeTask, manifest: SnapshotManifest) -> bool:
    """Make a snapshot ready; false when it is no longer ours."""
    now = context.clock()
    counts: dict[str, dict[str, int]] = {"node": {}, "edge": {}}
    for file in manifest.files:
        counts[file.kind][file.name] = file.rows
    with context.database.write() as session:
        snapshot = held_row(session, SnapshotRow, task.snapshot_id, task.token)
        if snapshot is None or snapshot.status != "creating":
            return False
        change_status(
            session,
            snapshot,
            "ready",
            now=now,
            ready_at=now,
            size_bytes=sum(file.size_bytes for file in manifest.files),
            node_counts=counts["node"],
            edge_counts=counts["edge"],
            load_report=manifest.load_report.to_dict(),
            lease_token=None,
            lease_expires_at=None,
        )
    context.signals.instances.set()
    return True


def fail_finalization(context: Context, task: FinalizeTask, message: str, load_report: LoadReport | None) -> None:
    """Fail a snapshot; the report says which rows were at fault."""
    now = context.clock()
    with context.database.write() as session:
        snapshot = held_row(session, SnapshotRow, task.snapshot_id, task.token)
        if snapshot is not None and snapshot.status == "creating":
            report = None if load_report is None else load_report.to_dict()
            _fail_snapshot(session, snapshot, message, now, load_report=report)
    context.signals.instances.set()


def mend_exports(context: Context) -> int:
    """Take jobs back whose worker fell silent, and fail snapshots that take too long; return how many were mended."""
    now = context.clock()
    with context.database.read() as session:
        limit = timedelta(seconds=export_limit(context, session))
    late = select(SnapshotRow.id).where(SnapshotRow.status == "creating", SnapshotRow.started_at < now - limit)
    stale = select(ExportJobRow.id).where(ExportJobRow.status.in_(("claimed", "submitted")), is_over(ExportJobRow, now))
    with context.database.read() as session:
        late_ids, stale_ids = session.scalars(late).all(), session.scalars(stale).all()
    if late_ids or stale_ids:
        with context.database.write() as session:
            for job in session.scalars(stale.with_only_columns(ExportJobRow)):
                message = f"The export of {job.entity_name} was given up {job.attempts} times: its worker vanished."
                context.metrics.count("stale_export_claims_detected_total")
                _fail_job(session, job, message, now, retryable=True)
                if job.status == "pending":
                    context.metrics.count("stale_export_claims_reset_total")
            session.flush()
            for snapshot in session.scalars(late.with_only_columns(SnapshotRow)):
                message = (
                    f"The export took longer than {limit.total_seconds():.0f} s. "
                    "Make the SQL of the mapping faster or ask an operator for a longer limit."
                )
                _fail_snapshot(session, snapshot, message, now)
        context.signals.instances.set()
    context.signals.exports.set()
    return len(late_ids) + len(stale_ids)


def release_dead_claims(context: Context) -> int:
    """Take back the claims of processes on this machine that are gone, without waiting for their leases to end.

    Claims of living processes and of other machines stay. Returns how many were taken back.
    """
    node = context.settings.resolved_node_name
    with context.database.read() as session:
        dead = {holder for holder in claim_holders(session) if has_died(holder, node)}
    if not dead:
        return 0
    with context.database.write() as session:
        count = release_claims(session, dead, context.clock())
    context.signals.exports.set()
    context.signals.instances.set()
    return count


def claim_holders(session: Session) -> set[str]:
    """Return all who hold claims on exports, snapshots or instances."""
    wanted = (
        select(ExportJobRow.claimed_by).where(ExportJobRow.status.in_(_CLAIMED)),
        select(SnapshotRow.lease_holder).where(SnapshotRow.lease_token.is_not(None)),
        select(InstanceRow.lease_holder).where(InstanceRow.lease_token.is_not(None)),
    )
    return {holder for query in wanted for holder in session.scalars(query) if holder is not None}


def release_claims(session: Session, holders: set[str], now: datetime) -> int:
    """Take back all claims of these holders; the attempts they began do not count. Returns how many there were."""
    claimed = select(ExportJobRow).where(ExportJobRow.status.in_(_CLAIMED), ExportJobRow.claimed_by.in_(holders))
    jobs = session.scalars(claimed).all()
    for job in jobs:
        _back_to_pending(session, job, now, attempts=max(0, job.attempts - 1))
    rows = [
        *session.scalars(select(SnapshotRow).where(SnapshotRow.lease_holder.in_(holders))),
        *session.scalars(select(InstanceRow).where(InstanceRow.lease_holder.in_(holders))),
    ]
    release(rows)
    return len(jobs) + len(rows)


def _finalize_task(context: Context, session: Session, snapshot: SnapshotRow, token: str) -> FinalizeTask:
    version = get_version(session, snapshot.mapping_id, snapshot.mapping_version)
    assert version is not None
    view = version_view(version)
    jobs = session.scalars(select(ExportJobRow).where(ExportJobRow.snapshot_id == snapshot.id))
    return FinalizeTask(
        snapshot_id=snapshot.id,
        token=token,
        folder=context.snapshots.folder(snapshot.id),
        mapping_id=snapshot.mapping_id,
        mapping_version=snapshot.mapping_version,
        nodes=view.node_definitions,
        edges=view.edge_definitions,
        on_bad_rows=view.on_bad_rows,
        exported={
            (_kind(job), job.entity_name): context.snapshots.attempt_file(
                snapshot.id, _kind(job), job.entity_name, job.claims
            )
            for job in jobs
        },
    )


def _fail_job(session: Session, job: ExportJobRow, message: str, now: datetime, *, retryable: bool) -> None:
    if retryable and job.attempts < MAX_ATTEMPTS:
        _back_to_pending(
            session, job, now, attempts=job.attempts, error=message, delay=_RETRY_SECONDS[job.attempts - 1]
        )
        return
    name = job.entity_name
    change_status(
        session,
        job,
        "failed",
        now=now,
        error_message=message,
        completed_at=now,
        lease_token=None,
        lease_expires_at=None,
    )
    snapshot = session.get_one(SnapshotRow, job.snapshot_id)
    if snapshot.status in ("pending", "creating"):
        _fail_snapshot(session, snapshot, f"{job.entity_type.capitalize()} {name}: {message}", now, because=name)


def _fail_snapshot(
    session: Session,
    snapshot: SnapshotRow,
    message: str,
    now: datetime,
    *,
    because: str | None = None,
    load_report: object = None,
) -> None:
    open_jobs = select(ExportJobRow).where(
        ExportJobRow.snapshot_id == snapshot.id, ExportJobRow.status.in_(("pending", "claimed", "submitted"))
    )
    reason = message if because is None else _SIBLING_FAILED.format(name=because)
    for job in session.scalars(open_jobs):
        change_status(
            session,
            job,
            "failed",
            now=now,
            error_message=reason,
            completed_at=now,
            lease_token=None,
            lease_expires_at=None,
        )
    change_status(
        session,
        snapshot,
        "failed",
        now=now,
        error_message=message,
        load_report=load_report,
        lease_token=None,
        lease_expires_at=None,
    )


def _back_to_pending(
    session: Session, job: ExportJobRow, now: datetime, *, attempts: int, error: str | None = None, delay: float = 0
) -> None:
    change_status(
        session,
        job,
        "pending",
        now=now,
        attempts=attempts,
        error_message=error,
        row_count=None,
        claimed_by=None,
        not_before=now + timedelta(seconds=delay) if delay else None,
        lease_token=None,
        lease_expires_at=None,
    )


def _kind(job: ExportJobRow) -> EntityKind:
    return "node" if job.entity_type == "node" else "edge"
