"""The tree of a mapping: versions → snapshots → instances, with a bounded number of statements."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from graph_olap.models.common import format_timestamp
from sqlalchemy import select

from graph_olap_server.domain.states import VISIBLE_INSTANCE_STATUSES
from graph_olap_server.services.context import Context
from graph_olap_server.services.lookup import find_mapping
from graph_olap_server.store.tables import InstanceRow, MappingVersionRow, SnapshotRow

__all__ = ["mapping_tree"]


def mapping_tree(context: Context, mapping_id: int, *, include_instances: bool, status: str | None) -> dict[str, Any]:
    """Return all versions, newest first, with their snapshots (of one status, if given) and instances."""
    with context.database.read() as session:
        mapping = find_mapping(session, mapping_id)
        versions = session.scalars(
            select(MappingVersionRow)
            .where(MappingVersionRow.mapping_id == mapping_id)
            .order_by(MappingVersionRow.version.desc())
        ).all()
        wanted = select(SnapshotRow).where(SnapshotRow.mapping_id == mapping_id).order_by(SnapshotRow.id.desc())
        if status is not None:
            wanted = wanted.where(SnapshotRow.status == status)
        snapshots: defaultdict[int, list[SnapshotRow]] = defaultdict(list)
        for snapshot in session.scalars(wanted):
            snapshots[snapshot.mapping_version].append(snapshot)
        instances: defaultdict[int, list[InstanceRow]] = defaultdict(list)
        for instance in session.scalars(
            select(InstanceRow)
            .where(InstanceRow.mapping_id == mapping_id, InstanceRow.status.in_(VISIBLE_INSTANCE_STATUSES))
            .order_by(InstanceRow.id.desc())
        ):
            instances[instance.snapshot_id].append(instance)
    shown = [snapshot.id for group in snapshots.values() for snapshot in group]
    return {
        "id": mapping.id,
        "name": mapping.name,
        "owner_username": mapping.owner_username,
        "current_version": mapping.current_version,
        "versions": [
            {
                "version": version.version,
                "change_description": version.change_description,
                "created_at": format_timestamp(version.created_at),
                "created_by": version.created_by,
                "snapshot_count": len(snapshots[version.version]),
                "snapshots": [
                    _snapshot(snapshot, instances[snapshot.id], include_instances)
                    for snapshot in snapshots[version.version]
                ],
            }
            for version in versions
        ],
        "totals": {
            "version_count": len(versions),
            "snapshot_count": len(shown),
            "instance_count": sum(len(instances[number]) for number in shown),
        },
    }


def _snapshot(row: SnapshotRow, instances: list[InstanceRow], include_instances: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "created_at": format_timestamp(row.created_at),
        "implicit": row.implicit,
        "instance_count": len(instances),
        "instances": [
            {"id": instance.id, "name": instance.name, "status": instance.status}
            for instance in (instances if include_instances else [])
        ],
    }
