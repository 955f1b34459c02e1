"""Routes of ops and admins: cluster, jobs, state, audit, bulk delete and metrics (sections 2.7 to 2.10)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from graph_olap.models import (
    AuditEntry,
    BulkDeleteResult,
    ClusterHealth,
    ClusterInstances,
    ExportJob,
    JobStatus,
    SystemState,
)
from pydantic import BaseModel

from graph_olap_server.api.dependencies import (
    AdminCaller,
    Caller,
    Limit,
    Number,
    Offset,
    OpsCaller,
    Parts,
    RecordFilter,
    Scraper,
    read_timestamp,
    status_filter,
)
from graph_olap_server.api.profiles import is_legacy
from graph_olap_server.api.replies import ERROR_REPLIES, ListReply, Reply, page_reply, reply
from graph_olap_server.api.transport import JsonRoute
from graph_olap_server.domain.states import EXPORT_JOB
from graph_olap_server.services import cluster
from graph_olap_server.services.audit import AuditQuery, list_audit
from graph_olap_server.services.bulk import bulk_delete
from graph_olap_server.services.job_runs import list_jobs, trigger_job
from graph_olap_server.services.metrics import render_metrics
from graph_olap_server.services.ops_requests import BulkDelete, TriggerJob

__all__ = ["router"]

router = APIRouter(route_class=JsonRoute, responses=ERROR_REPLIES, tags=["operations"])
JobLimit = Annotated[Number, Query(ge=1, le=1000)]
Text = Annotated[str | None, Query(min_length=1, max_length=255)]


class JobList(BaseModel):
    """All background jobs."""

    jobs: list[JobStatus]


class ExportJobList(BaseModel):
    """Export jobs in the form that older clients read."""

    jobs: list[ExportJob]


@router.get("/api/cluster/health", response_model=Reply[ClusterHealth])
def cluster_health(context: Parts, _caller: OpsCaller) -> Response:
    """Probe every component."""
    return reply(cluster.cluster_health(context))


@router.get("/api/cluster/instances", response_model=Reply[ClusterInstances])
def cluster_instances(context: Parts, _caller: OpsCaller) -> Response:
    """Count instances by status and owner."""
    return reply(cluster.cluster_instances(context))


@router.post("/api/ops/jobs/trigger", response_model=Reply[dict[str, Any]])
def trigger(context: Parts, caller: OpsCaller, request: TriggerJob) -> Response:
    """Run a background job now; each at most once a minute."""
    return reply(trigger_job(context, caller, request))


@router.get("/api/ops/jobs/status", response_model=Reply[JobList])
def job_status(context: Parts, _caller: OpsCaller) -> Response:
    """Describe all background jobs."""
    return reply({"jobs": [job.to_dict() for job in list_jobs(context)]})


@router.get("/api/ops/state", response_model=Reply[SystemState])
def state(context: Parts, _caller: OpsCaller) -> Response:
    """Count records by status."""
    return reply(cluster.system_state(context))


@router.get("/api/ops/export-jobs", response_model=Reply[list[ExportJob] | ExportJobList])
def export_jobs(
    context: Parts,
    _caller: OpsCaller,
    http: Request,
    status: Annotated[str | None, Depends(status_filter(EXPORT_JOB))],
    limit: JobLimit = 100,
) -> Response:
    """List export jobs, newest first."""
    found = cluster.list_export_jobs(context, status=status, limit=limit)
    return reply({"jobs": [job.to_dict() for job in found]}) if is_legacy(http) else reply(found)


@router.get("/api/export-jobs", response_model=Reply[ExportJobList])
def own_export_jobs(
    context: Parts,
    caller: Caller,
    status: Annotated[str | None, Depends(status_filter(EXPORT_JOB))],
    limit: JobLimit = 100,
) -> Response:
    """List export jobs of the caller's own snapshots, newest first."""
    found = cluster.list_export_jobs(context, status=status, limit=limit, owner=caller.username)
    return reply({"jobs": [job.to_dict() for job in found]})


@router.get("/api/ops/audit", response_model=ListReply[AuditEntry])
def audit(
    context: Parts,
    _caller: OpsCaller,
    username: Text = None,
    action: Text = None,
    resource_type: Text = None,
    resource_id: RecordFilter = None,
    resource_name: Text = None,
    result: Literal["success", "denied", "failed"] | None = None,
    created_after: str | None = None,
    created_before: str | None = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> Response:
    """List who did what to which object, when, from where and with which result; newest first."""
    query = AuditQuery(
        username=username,
        action=action,
        resource_type=resource_type,
        resource_id=resource_id,
        resource_name=resource_name,
        result=result,
        created_after=read_timestamp("created_after", created_after),
        created_before=read_timestamp("created_before", created_before),
    )
    return page_reply(list_audit(context, query, offset, limit))


@router.delete("/api/admin/resources/bulk", response_model=Reply[BulkDeleteResult])
def delete_many(context: Parts, caller: AdminCaller, request: BulkDelete) -> Response:
    """Delete up to 100 objects that match all filters."""
    return reply(bulk_delete(context, caller, request))


@router.get("/metrics", dependencies=[Scraper], response_class=Response)
def metrics(context: Parts, http: Request) -> Response:
    """Return the platform's metrics in Prometheus text format."""
    body, content_type = render_metrics(context, http.headers.get("accept", ""))
    return Response(body, media_type=content_type)
