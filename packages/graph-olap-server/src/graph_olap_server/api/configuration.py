"""Routes of the configuration, for ops (section 2.6)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from graph_olap.models import ConcurrencyConfig, ExportConfig, LifecycleConfig, MaintenanceMode
from graph_olap.models.common import format_timestamp

from graph_olap_server.api.dependencies import OpsCaller, Parts
from graph_olap_server.api.replies import ERROR_REPLIES, Reply, reply
from graph_olap_server.api.transport import JsonRoute
from graph_olap_server.services import configuration
from graph_olap_server.services.ops_requests import (
    UpdateConcurrency,
    UpdateExport,
    UpdateLifecycle,
    UpdateMaintenance,
)

__all__ = ["router"]

router = APIRouter(route_class=JsonRoute, responses=ERROR_REPLIES, prefix="/api/config", tags=["configuration"])


@router.get("/lifecycle", response_model=Reply[LifecycleConfig])
def get_lifecycle(context: Parts, _caller: OpsCaller) -> Response:
    """Get default and largest lifetimes."""
    return reply(configuration.get_lifecycle(context))


@router.put("/lifecycle", response_model=Reply[dict[str, Any]])
def update_lifecycle(context: Parts, caller: OpsCaller, request: UpdateLifecycle) -> Response:
    """Change lifetimes of what is created from now on."""
    lifecycle, updated_at = configuration.update_lifecycle(context, caller, request)
    return reply({"updated": True, "updated_at": format_timestamp(updated_at), "lifecycle": lifecycle.to_dict()})


@router.get("/concurrency", response_model=Reply[ConcurrencyConfig])
def get_concurrency(context: Parts, _caller: OpsCaller) -> Response:
    """Get the limits of instances."""
    return reply(configuration.get_concurrency(context))


@router.put("/concurrency", response_model=Reply[ConcurrencyConfig])
def update_concurrency(context: Parts, caller: OpsCaller, request: UpdateConcurrency) -> Response:
    """Change the limits of instances."""
    return reply(configuration.update_concurrency(context, caller, request))


@router.get("/maintenance", response_model=Reply[MaintenanceMode])
def get_maintenance(context: Parts, _caller: OpsCaller) -> Response:
    """Get whether creating is switched off."""
    return reply(configuration.get_maintenance(context))


@router.put("/maintenance", response_model=Reply[MaintenanceMode])
def update_maintenance(context: Parts, caller: OpsCaller, request: UpdateMaintenance) -> Response:
    """Switch creating off or on."""
    return reply(configuration.update_maintenance(context, caller, request))


@router.get("/export", response_model=Reply[ExportConfig])
def get_export(context: Parts, _caller: OpsCaller) -> Response:
    """Get how long an export may take."""
    return reply(configuration.get_export(context))


@router.put("/export", response_model=Reply[ExportConfig])
def update_export(context: Parts, caller: OpsCaller, request: UpdateExport) -> Response:
    """Change how long an export may take."""
    return reply(configuration.update_export(context, caller, request))
