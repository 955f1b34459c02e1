"""Routes for instances, protected by the internal key (section 2.14)."""

from __future__ import annotations

from fastapi import APIRouter, Response

from graph_olap_server.api.dependencies import InstanceId, Parts, ServiceCaller
from graph_olap_server.api.replies import ERROR_REPLIES, reply
from graph_olap_server.api.transport import JsonRoute
from graph_olap_server.services.access import authorize_instance
from graph_olap_server.services.instances import record_activity
from graph_olap_server.services.requests import AuthorizeRequest

__all__ = ["router"]

router = APIRouter(
    route_class=JsonRoute,
    responses=ERROR_REPLIES,
    prefix="/api/internal",
    tags=["internal"],
    dependencies=[ServiceCaller],
)


@router.post("/instances/{instance_id}/authorize")
def authorize(context: Parts, instance_id: InstanceId, request: AuthorizeRequest) -> Response:
    """Say what the holder of these credentials may do with an instance."""
    found = authorize_instance(context, instance_id, request.headers)
    return reply(
        {
            "username": found.username,
            "role": found.role.value,
            "can_read": found.access.can_read,
            "can_run": found.access.can_run,
        }
    )


@router.post("/instances/{instance_id}/activity", status_code=204)
def activity(context: Parts, instance_id: InstanceId) -> Response:
    """Note that somebody works with an instance."""
    record_activity(context, instance_id)
    return Response(status_code=204)
