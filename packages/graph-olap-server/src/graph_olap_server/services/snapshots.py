"""Use cases of snapshots."""

from __future__ import annotations

from datetime import datetime

from graph_olap.models import LoadReport, Snapshot, SnapshotProgress
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from graph_olap_server.domain.definitions import iter_definitions
from graph_olap_server.domain.errors import PlatformError, not_found, validation_failed
from graph_olap_server.domain.lifetimes import Lifetime
from graph_olap_server.domain.roles import Identity, require_owner
from graph_olap_server.domain.states import SNAPSHOT, require_status
from graph_olap_server.services.configuration import lifetime_rule
from graph_olap_server.services.context import Context
from graph_olap_server.services.lookup import (
    apply_lifecycle,
    find_mapping,
    find_snapshot,
    find_version,
    lifetime_of_new,
    rename,
)
from graph_olap_server.services.requests import CreateSnapshot, Lifecycle, Rename
from graph_olap_server.services.views import get_version, snapshot_progress_view, snapshot_views, version_view
from graph_olap_server.store.events import record_event
from graph_olap_server.store.favorites import drop_favorites
from graph_olap_server.store.pages import Page, PageQuery, list_page
from graph_olap_server.store.tables import (
    ExportJobRow,
    FileRemovalRow,
    InstanceRow,
    MappingRow,
    MappingVersionRow,
    SnapshotRow,
)
from graph_olap_server.store.transitions import change_status

__all__ = [
    "add_snapshot",
    "create_snapshot",
    "delete_snapshot",
    "get_load_report",
    "get_snapshot",
    "get_snapshot_progress",
    "list_mapping_snapshots",
    "list_snapshots",
    "remove_snapshot_row",
    "rename_snapshot",
    "retry_snapshot",
    "set_snapshot_lifecycle",
]


def list_snapshots(
    context: Context,
    query: PageQuery,
    *,
    status: str | None = None,
    mapping_id: int | None = None,
    mapping_version: int | None = None,
) -> Page[Snapshot]:
    """List snapshots of all owners."""
    equal = {"status": status, "mapping_id": mapping_id, "mapping_version": mapping_version}
    with context.database.read() as session:
        page = list_page(session, SnapshotRow, query, equal, totals=context.database.totals)
        return page.with_items(snapshot_views(session, page.items, context.clock()))


def list_mapping_snapshots(context: Context, mapping_id: int, offset: int, limit: int) -> Page[Snapshot]:
    """List the snapshots of one mapping, newest first."""
    with context.database.read() as session:
        find_mapping(session, mapping_id)
    return list_snapshots(context, PageQuery(offset=offset, limit=limit), mapping_id=mapping_id)


def get_snapshot(context: Context, snapshot_id: int) -> Snapshot:
    """Return a snapshot."""
    with context.database.read() as session:
        return _view(context, session, find_snapshot(session, snapshot_id))


def create_snapshot(context: Context, caller: Identity, request: CreateSnapshot) -> Snapshot:
    """Queue the export of a mapping version."""
    if request.version and request.mapping_version and request.version != request.mapping_version:
        raise validation_failed([("mapping_version", "differs from version; send one of them")])
    now = context.clock()
    with context.database.write() as session:
        lifetime = lifetime_of_new(lifetime_rule(context, session, "snapshot"), now, request)
        mapping = find_mapping(session, request.mapping_id)
        version = find_version(session, mapping, request.version or request.mapping_version)
        row = add_snapshot(
            context,
            session,
            caller,
            mapping,
            version,
            request.name,
            lifetime,
            description=request.description,
            implicit=False,
            now=now,
        )
        view = _view(context, session, row)
    context.signals.exports.set()
    return view


def add_snapshot(
    context: Context,
    session: Session,
    caller: Identity,
    mapping: MappingRow,
    version: MappingVersionRow,
    name: str,
    lifetime: Lifetime,
    *,
    description: str | None,
    implicit: bool,
    now: datetime,
) -> SnapshotRow:
    """Insert a pending snapshot and one export job per definition."""
    row = SnapshotRow(
        mapping_id=mapping.id,
        mapping_version=version.version,
        owner_username=caller.username,
        name=name,
        description=description or None,
        status="pending",
        uri="",
        implicit=implicit,
        ttl=lifetime.ttl,
        inactivity_timeout=lifetime.inactivity_timeout,
        expires_at=lifetime.expires_at,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    row.uri = context.snapshots.uri(row.id)
    mapping.last_activity_at = now
    _queue_jobs(session, row, version, now)
    record_event(session, "created", "snapshot", row.id, now=now, actor=caller.username, to_status="pending")
    return row


def rename_snapshot(context: Context, caller: Identity, snapshot_id: int, request: Rename) -> Snapshot:
    """Change name or description."""
    now = context.clock()
    with context.database.write() as session:
        row = _owned(session, caller, snapshot_id)
        rename(row, request, now)
        record_event(session, "updated", "snapshot", row.id, now=now, actor=caller.username)
        return _view(context, session, row)


def set_snapshot_lifecycle(context: Context, caller: Identity, snapshot_id: int, request: Lifecycle) -> Snapshot:
    """Change when a snapshot expires."""
    now = context.clock()
    with context.database.write() as session:
        row = _owned(session, caller, snapshot_id)
        apply_lifecycle(lifetime_rule(context, session, "snapshot"), row, now, request)
        record_event(session, "lifecycle_changed", "snapshot", row.id, now=now, actor=caller.username)
        return _view(context, session, row)


def get_snapshot_progress(context: Context, snapshot_id: int) -> SnapshotProgress:
    """Say how far a snapshot is."""
    with context.database.read() as session:
        return snapshot_progress_view(session, find_snapshot(session, snapshot_id), context.clock())


def get_load_report(context: Context, snapshot_id: int) -> LoadReport:
    """Return which rows became nodes and edges, and which did not and why."""
    with context.database.read() as session:
        row = find_snapshot(session, snapshot_id)
    if row.load_report is None:
        raise not_found(
            "load_report",
            snapshot_id,
            f"Snapshot {snapshot_id} is {row.status} and has no load report; it is written when the export is done.",
        )
    return LoadReport.model_validate(row.load_report)


def retry_snapshot(context: Context, caller: Identity, snapshot_id: int) -> Snapshot:
    """Queue the unfinished exports of a failed snapshot again."""
    now = context.clock()
    with context.database.write() as session:
        row = _owned(session, caller, snapshot_id)
        require_status(SNAPSHOT, row.id, row.status, "failed", "cancelled")
        change_status(
            session,
            row,
            "pending",
            now=now,
            actor=caller.username,
            error_message=None,
            load_report=None,
            started_at=None,
            size_bytes=None,
            node_counts=None,
            edge_counts=None,
            lease_token=None,
            lease_expires_at=None,
        )
        _requeue_jobs(session, row, now, caller.username)
        view = _view(context, session, row)
    context.signals.exports.set()
    return view


def delete_snapshot(context: Context, caller: Identity, snapshot_id: int) -> None:
    """Remove a snapshot that no instance uses; one that is being made is cancelled."""
    now = context.clock()
    with context.database.write() as session:
        row = _owned(session, caller, snapshot_id)
        count = session.execute(
            select(func.count())
            .select_from(InstanceRow)
            .where(InstanceRow.snapshot_id == row.id, InstanceRow.status.notin_(("failed", "stopping")))
        ).scalar_one()
        if count:
            raise PlatformError(
                "RESOURCE_HAS_DEPENDENCIES",
                f"Snapshot {row.id} is used by {count} instance(s). Terminate them first.",
                {
                    "resource_type": "snapshot",
                    "resource_id": row.id,
                    "dependent_type": "instance",
                    "dependent_count": count,
                },
            )
        remove_snapshot_row(session, row, now, caller.username)
    context.signals.removals.set()


def remove_snapshot_row(session: Session, row: SnapshotRow, now: datetime, actor: str) -> None:
    """Delete a snapshot and its export jobs; its files are deleted afterwards by a job."""
    if row.status in ("pending", "creating"):
        change_status(session, row, "cancelled", now=now, actor=actor)
    session.merge(FileRemovalRow(snapshot_id=row.id, created_at=now, attempts=0))
    drop_favorites(session, "snapshot", row.id)
    record_event(session, "deleted", "snapshot", row.id, now=now, actor=actor)
    session.delete(row)


def _queue_jobs(session: Session, row: SnapshotRow, version: MappingVersionRow, now: datetime) -> None:
    view = version_view(version)
    for position, (kind, element, _) in enumerate(iter_definitions(view.node_definitions, view.edge_definitions)):
        session.add(
            ExportJobRow(
                snapshot_id=row.id,
                position=position,
                entity_type=kind,
                entity_name=element,
                status="pending",
                created_at=now,
                updated_at=now,
            )
        )
    session.flush()


def _requeue_jobs(session: Session, row: SnapshotRow, now: datetime, actor: str) -> None:
    jobs = list(session.scalars(select(ExportJobRow).where(ExportJobRow.snapshot_id == row.id)))
    if all(job.status == "completed" for job in jobs):
        # Every export worked, so the rows themselves were at fault: all must be read again.
        for job in jobs:
            session.delete(job)
        session.flush()
        version = get_version(session, row.mapping_id, row.mapping_version)
        assert version is not None
        _queue_jobs(session, row, version, now)
        return
    for job in jobs:
        if job.status == "failed":
            change_status(
                session,
                job,
                "pending",
                now=now,
                actor=actor,
                attempts=0,
                not_before=None,
                claimed_by=None,
                claimed_at=None,
                completed_at=None,
                row_count=None,
                size_bytes=None,
                error_message=None,
                lease_token=None,
                lease_expires_at=None,
            )


def _owned(session: Session, caller: Identity, snapshot_id: int) -> SnapshotRow:
    row = find_snapshot(session, snapshot_id)
    require_owner(caller, "snapshot", row.id, row.owner_username)
    return row


def _view(context: Context, session: Session, row: SnapshotRow) -> Snapshot:
    (view,) = snapshot_views(session, [row], context.clock())
    return view
