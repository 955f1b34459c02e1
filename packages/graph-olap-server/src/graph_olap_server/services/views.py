"""Rows → the shapes of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from graph_olap.models import (
    EdgeDefinition,
    Instance,
    InstanceProgress,
    Mapping,
    MappingVersion,
    NodeDefinition,
    Snapshot,
    SnapshotProgress,
)
from graph_olap.models.snapshot import Progress
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from graph_olap_server.domain.definitions import iter_definitions
from graph_olap_server.domain.indexes import index_step
from graph_olap_server.domain.progress import JobFacts, instance_progress, snapshot_progress
from graph_olap_server.domain.states import VISIBLE_INSTANCE_STATUSES
from graph_olap_server.store.tables import ExportJobRow, InstanceRow, MappingRow, MappingVersionRow, SnapshotRow

__all__ = [
    "get_version",
    "instance_progress_view",
    "instance_views",
    "mapping_view",
    "mapping_views",
    "progress_fields",
    "snapshot_progress_view",
    "snapshot_views",
    "summary_fields",
    "version_view",
]


_FULL_ONLY = {
    "node_definitions",
    "edge_definitions",
    "change_description",
    "version_created_at",
    "version_created_by",
    "version",
}


# Built once: building a statement takes longer than SQLite needs for it.
_MAPPING_FACTS = (
    select(
        MappingVersionRow.mapping_id,
        MappingVersionRow.node_count,
        MappingVersionRow.edge_type_count,
        MappingVersionRow.on_bad_rows,
        select(func.count())
        .select_from(SnapshotRow)
        .where(SnapshotRow.mapping_id == MappingRow.id)
        .correlate(MappingRow)
        .scalar_subquery(),
        select(func.count())
        .select_from(InstanceRow)
        .where(InstanceRow.mapping_id == MappingRow.id, InstanceRow.status.in_(VISIBLE_INSTANCE_STATUSES))
        .correlate(MappingRow)
        .scalar_subquery(),
    )
    .join(
        MappingRow,
        (MappingRow.id == MappingVersionRow.mapping_id) & (MappingRow.current_version == MappingVersionRow.version),
    )
    .where(MappingRow.id.in_(bindparam("ids", expanding=True)))
)


def get_version(session: Session, mapping_id: int, version: int) -> MappingVersionRow | None:
    """Return one version of a mapping."""
    return session.get(MappingVersionRow, (mapping_id, version))


def version_view(row: MappingVersionRow) -> MappingVersion:
    """Describe one version with full definitions."""
    return MappingVersion(
        mapping_id=row.mapping_id,
        version=row.version,
        change_description=row.change_description,
        node_definitions=[NodeDefinition.model_validate(item) for item in row.node_definitions],
        edge_definitions=[EdgeDefinition.model_validate(item) for item in row.edge_definitions],
        on_bad_rows=row.on_bad_rows,
        created_at=row.created_at,
        created_by=row.created_by,
    )


def mapping_view(session: Session, row: MappingRow) -> Mapping:
    """Describe a mapping in full."""
    (summary,) = mapping_views(session, [row])
    version_row = get_version(session, row.id, row.current_version)
    assert version_row is not None
    version = version_view(version_row)
    return summary.model_copy(
        update={
            "node_definitions": version.node_definitions,
            "edge_definitions": version.edge_definitions,
            "change_description": version.change_description,
            "version_created_at": version.created_at,
            "version_created_by": version.created_by,
            "version": version,
        }
    )


def mapping_views(session: Session, rows: Sequence[MappingRow]) -> list[Mapping]:
    """Describe mappings in the summary form of lists, with one statement."""
    facts = {fact[0]: fact for fact in session.execute(_MAPPING_FACTS, {"ids": [row.id for row in rows]})}
    return [
        Mapping(
            id=row.id,
            owner_username=row.owner_username,
            name=row.name,
            description=row.description,
            current_version=row.current_version,
            created_at=row.created_at,
            updated_at=row.updated_at,
            ttl=row.ttl,
            inactivity_timeout=row.inactivity_timeout,
            expires_at=row.expires_at,
            node_count=facts[row.id][1],
            edge_type_count=facts[row.id][2],
            on_bad_rows=facts[row.id][3],
            snapshot_count=facts[row.id][4],
            instance_count=facts[row.id][5],
        )
        for row in rows
    ]


def summary_fields(mapping: Mapping) -> dict[str, Any]:
    """Return a mapping as lists show it: without definitions and what belongs to one version."""
    return mapping.model_dump(mode="json", by_alias=True, exclude=_FULL_ONLY)


def snapshot_views(session: Session, rows: Sequence[SnapshotRow], now: datetime) -> list[Snapshot]:
    """Describe snapshots; progress is computed for those on their way only."""
    instances = _counts(
        session, InstanceRow.snapshot_id, [row.id for row in rows], InstanceRow.status.in_(VISIBLE_INSTANCE_STATUSES)
    )
    names = _names(session, MappingRow, {row.mapping_id for row in rows})
    return [
        Snapshot(
            id=row.id,
            mapping_id=row.mapping_id,
            mapping_version=row.mapping_version,
            mapping_name=names.get(row.mapping_id),
            owner_username=row.owner_username,
            name=row.name,
            description=row.description,
            gcs_path=row.uri,
            status=row.status,
            size_bytes=row.size_bytes,
            node_counts=row.node_counts,
            edge_counts=row.edge_counts,
            progress=_short_progress(session, row, now),
            error_message=row.error_message,
            created_at=row.created_at,
            updated_at=row.updated_at,
            ready_at=row.ready_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            ttl=row.ttl,
            inactivity_timeout=row.inactivity_timeout,
            instance_count=instances.get(row.id, 0),
            implicit=row.implicit,
        )
        for row in rows
    ]


def snapshot_progress_view(session: Session, row: SnapshotRow, now: datetime) -> SnapshotProgress:
    """Describe how far a snapshot is."""
    jobs = session.scalars(
        select(ExportJobRow).where(ExportJobRow.snapshot_id == row.id).order_by(ExportJobRow.position)
    )
    facts = [
        JobFacts(
            name=job.entity_name,
            type=job.entity_type,
            status=job.status,
            row_count=job.row_count,
            size_bytes=job.size_bytes,
            attempts=job.attempts,
            error_message=job.error_message,
            started_at=job.claimed_at,
            completed_at=job.completed_at,
        )
        for job in jobs
    ]
    return snapshot_progress(row.id, row.status, row.started_at, row.error_message, facts, now)


def progress_fields(progress: Progress) -> dict[str, Any]:
    """Return a progress as JSON, with the counts of steps that clients read."""
    return {
        **progress.to_dict(),
        "completed_steps": progress.completed_steps,
        "total_steps": progress.total_steps,
    }


def instance_views(
    session: Session, rows: Sequence[InstanceRow], now: datetime, *, traces: bool = False
) -> list[Instance]:
    """Describe instances; progress is computed for those on their way only, ``traces`` are for admin and ops."""
    names = _names(session, SnapshotRow, {row.snapshot_id for row in rows})
    return [
        Instance(
            id=row.id,
            mapping_id=row.mapping_id,
            mapping_version=row.mapping_version,
            snapshot_id=row.snapshot_id,
            snapshot_name=names.get(row.snapshot_id),
            owner_username=row.owner_username,
            wrapper_type=row.wrapper_type,
            name=row.name,
            description=row.description,
            status=row.status,
            instance_url=row.instance_url if row.status == "running" else None,
            progress=(
                progress_fields(instance_progress_view(session, row, now))
                if row.status in ("waiting_for_snapshot", "starting", "resuming")
                else None
            ),
            error_code=row.error_code,
            error_message=row.error_message,
            stack_trace=row.stack_trace if traces else None,
            created_at=row.created_at,
            updated_at=row.updated_at,
            started_at=row.started_at,
            last_activity_at=row.last_activity_at,
            expires_at=row.expires_at,
            ttl=row.ttl,
            inactivity_timeout=row.inactivity_timeout,
            memory_usage_bytes=row.memory_usage_bytes,
            disk_usage_bytes=row.disk_usage_bytes,
            cpu_cores=row.cpu_cores,
            memory_gb=row.memory_gb,
        )
        for row in rows
    ]


def instance_progress_view(session: Session, row: InstanceRow, now: datetime) -> InstanceProgress:
    """Describe how far the start of an instance is."""
    version = get_version(session, row.mapping_id, row.mapping_version)
    elements: list[tuple[str, str]] = []
    if version is not None:
        view = version_view(version)
        elements = [(kind, name) for kind, name, _ in iter_definitions(view.node_definitions, view.edge_definitions)]
        indexes = [(node.label, index) for node in view.node_definitions for index in node.indexes]
        elements += [("index", index_step(label, index)) for label, index in indexes]
    return instance_progress(
        row.id,
        row.status,
        waits_for_snapshot=row.waits_for_snapshot,
        elements=elements,
        launched=row.handle is not None,
        reported=row.reported,
        started_at=row.starting_at,
        ready_at=row.started_at,
        error=row.error_message,
        now=now,
    )


def _short_progress(session: Session, row: SnapshotRow, now: datetime) -> dict[str, Any] | None:
    if row.status not in ("pending", "creating"):
        return None
    progress = progress_fields(snapshot_progress_view(session, row, now))
    del progress["jobs"]
    return progress


def _counts(session: Session, column: Any, ids: Sequence[int], *conditions: Any) -> dict[int, int]:
    statement = select(column, func.count()).where(column.in_(ids), *conditions).group_by(column)
    return {row[0]: row[1] for row in session.execute(statement)}


def _names(session: Session, model: type[MappingRow | SnapshotRow], ids: Iterable[int]) -> dict[int, str]:
    statement = select(model.id, model.name).where(model.id.in_(list(ids)))
    return {row[0]: row[1] for row in session.execute(statement)}
