"""Routes of snapshots (section 2.2)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from graph_olap.models import LoadReport, Snapshot, SnapshotProgress

from graph_olap_server.api.dependencies import (
    Caller,
    CreatingCaller,
    ExplicitSnapshots,
    Parts,
    RecordFilter,
    SnapshotId,
    list_query,
    status_filter,
)
from graph_olap_server.api.replies import ERROR_REPLIES, ListReply, Reply, page_reply, reply
from graph_olap_server.api.transport import JsonRoute
from graph_olap_server.domain.states import SNAPSHOT
from graph_olap_server.services import snapshots
from graph_olap_server.services.requests import CreateSnapshot, Lifecycle, Rename
from graph_olap_server.services.views import progress_fields
from graph_olap_server.store.pages import PageQuery

__all__ = ["router"]

router = APIRouter(route_class=JsonRoute, responses=ERROR_REPLIES, prefix="/api/snapshots", tags=["snapshots"])
_query = list_query("name", "created_at", "updated_at", "status", "size_bytes")


@router.get("", response_model=ListReply[Snapshot])
def list_snapshots(
    context: Parts,
    _caller: Caller,
    status: Annotated[str | None, Depends(status_filter(SNAPSHOT))],
    query: PageQuery = _query,
    mapping_id: RecordFilter = None,
    mapping_version: RecordFilter = None,
) -> Response:
    """List snapshots."""
    return page_reply(
        snapshots.list_snapshots(context, query, status=status, mapping_id=mapping_id, mapping_version=mapping_version)
    )


@router.post("", status_code=201, response_model=Reply[Snapshot], dependencies=[ExplicitSnapshots])
def create_snapshot(context: Parts, caller: CreatingCaller, request: CreateSnapshot) -> Response:
    """Queue the export of a mapping."""
    return reply(snapshots.create_snapshot(context, caller, request), status=201)


@router.get("/{snapshot_id}", response_model=Reply[Snapshot])
def get_snapshot(context: Parts, _caller: Caller, snapshot_id: SnapshotId) -> Response:
    """Get a snapshot."""
    return reply(snapshots.get_snapshot(context, snapshot_id))


@router.put("/{snapshot_id}", response_model=Reply[Snapshot], dependencies=[ExplicitSnapshots])
def update_snapshot(context: Parts, caller: Caller, snapshot_id: SnapshotId, request: Rename | None = None) -> Response:
    """Change name or description."""
    return reply(snapshots.rename_snapshot(context, caller, snapshot_id, request or Rename()))


@router.put("/{snapshot_id}/lifecycle", response_model=Reply[Snapshot], dependencies=[ExplicitSnapshots])
def set_lifecycle(
    context: Parts, caller: Caller, snapshot_id: SnapshotId, request: Lifecycle | None = None
) -> Response:
    """Change when a snapshot expires."""
    return reply(snapshots.set_snapshot_lifecycle(context, caller, snapshot_id, request or Lifecycle()))


@router.get("/{snapshot_id}/progress", response_model=Reply[SnapshotProgress])
def get_progress(context: Parts, _caller: Caller, snapshot_id: SnapshotId) -> Response:
    """Say how far a snapshot is."""
    return reply(progress_fields(snapshots.get_snapshot_progress(context, snapshot_id)))


@router.get("/{snapshot_id}/load-report", response_model=Reply[LoadReport])
def get_load_report(context: Parts, _caller: Caller, snapshot_id: SnapshotId) -> Response:
    """Say which rows became nodes and edges, and which did not and why."""
    return reply(snapshots.get_load_report(context, snapshot_id))


@router.post("/{snapshot_id}/retry", response_model=Reply[Snapshot])
def retry_snapshot(context: Parts, caller: CreatingCaller, snapshot_id: SnapshotId) -> Response:
    """Export a failed snapshot again."""
    return reply(snapshots.retry_snapshot(context, caller, snapshot_id))


@router.delete("/{snapshot_id}", status_code=204)
def delete_snapshot(context: Parts, caller: Caller, snapshot_id: SnapshotId) -> Response:
    """Delete a snapshot that no instance uses."""
    snapshots.delete_snapshot(context, caller, snapshot_id)
    return Response(status_code=204)
