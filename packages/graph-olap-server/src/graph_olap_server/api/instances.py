"""Routes of instances (section 2.3 and sharing)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from graph_olap.models import Instance, InstanceEvent, InstanceProgress, InstanceSlots

from graph_olap_server.api.dependencies import (
    Caller,
    CreatingCaller,
    InstanceId,
    Limit,
    Offset,
    Parts,
    RecordFilter,
    list_query,
    status_filter,
)
from graph_olap_server.api.replies import ERROR_REPLIES, ListReply, Reply, page_reply, reply
from graph_olap_server.api.transport import JsonRoute
from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.domain.states import INSTANCE
from graph_olap_server.services import instances, suspension
from graph_olap_server.services.cluster import instance_slots
from graph_olap_server.services.ops_requests import ResizeCpu, ResizeMemory
from graph_olap_server.services.requests import CreateInstance, ExtendInstance, Lifecycle, Rename, ShareInstance
from graph_olap_server.services.resizing import list_instance_events, resize_cpu, resize_memory
from graph_olap_server.services.views import progress_fields
from graph_olap_server.store.pages import PageQuery

__all__ = ["router"]

router = APIRouter(route_class=JsonRoute, responses=ERROR_REPLIES, prefix="/api/instances", tags=["instances"])
_query = list_query("name", "created_at", "updated_at", "started_at", "status", "last_activity_at")


@router.get("", response_model=ListReply[Instance])
def list_instances(
    context: Parts,
    caller: Caller,
    status: Annotated[str | None, Depends(status_filter(INSTANCE))],
    query: PageQuery = _query,
    snapshot_id: RecordFilter = None,
    mapping_id: RecordFilter = None,
) -> Response:
    """List instances."""
    return page_reply(
        instances.list_instances(
            context, query, caller=caller, status=status, snapshot_id=snapshot_id, mapping_id=mapping_id
        )
    )


@router.post("", status_code=201, response_model=Reply[Instance])
def create_instance(context: Parts, caller: CreatingCaller, request: CreateInstance) -> Response:
    """Start an instance of a snapshot, or of a mapping that is exported first."""
    return reply(instances.create_instance(context, caller, request), status=201)


@router.post("/from-mapping", status_code=201, response_model=Reply[Instance])
def create_instance_from_mapping(context: Parts, caller: CreatingCaller, request: CreateInstance) -> Response:
    """Export a mapping and start an instance of it."""
    if request.snapshot_id is not None:
        raise validation_failed([("snapshot_id", "is not possible here; use POST /api/instances")])
    if request.mapping_id is None:
        raise validation_failed([("mapping_id", "Field required")])
    return reply(instances.create_instance(context, caller, request), status=201)


@router.get("/user/status", response_model=Reply[InstanceSlots])
def get_user_status(context: Parts, caller: Caller) -> Response:
    """Say how many instances the caller has and may still start."""
    return reply(instance_slots(context, caller))


@router.get("/{instance_id}", response_model=Reply[Instance])
def get_instance(context: Parts, caller: Caller, instance_id: InstanceId) -> Response:
    """Get an instance."""
    return reply(instances.get_instance(context, instance_id, caller))


@router.put("/{instance_id}", response_model=Reply[Instance])
def update_instance(context: Parts, caller: Caller, instance_id: InstanceId, request: Rename | None = None) -> Response:
    """Change name or description."""
    return reply(instances.rename_instance(context, caller, instance_id, request or Rename()))


@router.post("/{instance_id}/terminate", status_code=204)
def terminate_instance(context: Parts, caller: Caller, instance_id: InstanceId) -> Response:
    """Terminate an instance."""
    instances.terminate_instance(context, caller, instance_id)
    return Response(status_code=204)


@router.delete("/{instance_id}", status_code=204)
def delete_instance(context: Parts, caller: Caller, instance_id: InstanceId) -> Response:
    """Terminate an instance (the same as terminate)."""
    instances.terminate_instance(context, caller, instance_id)
    return Response(status_code=204)


@router.post("/{instance_id}/suspend", response_model=Reply[Instance])
def suspend_instance(context: Parts, caller: Caller, instance_id: InstanceId) -> Response:
    """End the process of a running instance and keep what was made in it."""
    return reply(suspension.suspend_instance(context, caller, instance_id))


@router.post("/{instance_id}/resume", response_model=Reply[Instance])
def resume_instance(context: Parts, caller: CreatingCaller, instance_id: InstanceId) -> Response:
    """Start a suspended instance again, within the limits."""
    return reply(suspension.resume_instance(context, caller, instance_id))


@router.get("/{instance_id}/progress", response_model=Reply[InstanceProgress])
def get_progress(context: Parts, _caller: Caller, instance_id: InstanceId) -> Response:
    """Say how far the start of an instance is."""
    return reply(progress_fields(instances.get_instance_progress(context, instance_id)))


@router.get("/{instance_id}/events", response_model=ListReply[InstanceEvent])
def list_events(
    context: Parts, _caller: Caller, instance_id: InstanceId, offset: Offset = 0, limit: Limit = 50
) -> Response:
    """List changes of an instance's resources, newest first."""
    return page_reply(list_instance_events(context, instance_id, offset, limit))


@router.put("/{instance_id}/cpu", response_model=Reply[Instance])
def set_cpu(context: Parts, caller: Caller, instance_id: InstanceId, request: ResizeCpu) -> Response:
    """Give a running instance other CPU cores; warnings say what takes effect at its next start only."""
    resized = resize_cpu(context, caller, instance_id, request)
    return reply(resized.instance, warnings=resized.warnings)


@router.put("/{instance_id}/memory", response_model=Reply[Instance])
def set_memory(context: Parts, caller: Caller, instance_id: InstanceId, request: ResizeMemory) -> Response:
    """Give a running instance more memory; warnings say what takes effect at its next start only."""
    resized = resize_memory(context, caller, instance_id, request)
    return reply(resized.instance, warnings=resized.warnings)


@router.put("/{instance_id}/lifecycle", response_model=Reply[Instance])
def set_lifecycle(
    context: Parts, caller: Caller, instance_id: InstanceId, request: Lifecycle | None = None
) -> Response:
    """Change when an instance expires."""
    return reply(instances.set_instance_lifecycle(context, caller, instance_id, request or Lifecycle()))


@router.post("/{instance_id}/extend", response_model=Reply[Instance])
def extend_instance(
    context: Parts, caller: Caller, instance_id: InstanceId, request: ExtendInstance | None = None
) -> Response:
    """Let an instance live longer."""
    return reply(instances.extend_instance(context, caller, instance_id, request or ExtendInstance()))


@router.put("/{instance_id}/sharing", response_model=Reply[Instance])
def share_instance(
    context: Parts, caller: Caller, instance_id: InstanceId, request: ShareInstance | None = None
) -> Response:
    """Set who besides the owner may read an instance."""
    return reply(instances.share_instance(context, caller, instance_id, request or ShareInstance()))
