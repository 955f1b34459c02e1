"""Routes of mappings (section 2.1)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response
from graph_olap.models import DryRun, Instance, Mapping, MappingDiff, MappingVersion, Snapshot
from graph_olap.models.inference import MappingProposal

from graph_olap_server.api.dependencies import (
    Caller,
    Limit,
    MappingId,
    Offset,
    Parts,
    Version,
    list_query,
    status_filter,
)
from graph_olap_server.api.replies import ERROR_REPLIES, ListReply, Reply, page_reply, reply
from graph_olap_server.api.transport import JsonRoute
from graph_olap_server.domain.states import SNAPSHOT
from graph_olap_server.services import inference, instances, mappings, snapshots
from graph_olap_server.services.dry_run import dry_run
from graph_olap_server.services.requests import (
    CopyMapping,
    CreateMapping,
    InferMapping,
    Lifecycle,
    UpdateMapping,
    ValidateMapping,
)
from graph_olap_server.services.tree import mapping_tree
from graph_olap_server.services.views import summary_fields
from graph_olap_server.store.pages import PageQuery

__all__ = ["router"]

router = APIRouter(route_class=JsonRoute, responses=ERROR_REPLIES, prefix="/api/mappings", tags=["mappings"])
_query = list_query("name", "created_at", "updated_at", "current_version")


@router.get("", response_model=ListReply[Mapping])
def list_mappings(context: Parts, _caller: Caller, query: PageQuery = _query) -> Response:
    """List mappings."""
    page = mappings.list_mappings(context, query)
    return page_reply(page.with_items([summary_fields(mapping) for mapping in page.items]))


@router.post("", status_code=201, response_model=Reply[Mapping])
def create_mapping(context: Parts, caller: Caller, request: CreateMapping) -> Response:
    """Create a mapping."""
    checked = mappings.create_mapping(context, caller, request)
    return _with_version(reply(checked.mapping, status=201, warnings=checked.warnings), checked.mapping)


@router.post("/validate", response_model=Reply[DryRun])
def validate_mapping(context: Parts, _caller: Caller, request: ValidateMapping) -> Response:
    """Say what a mapping would find in the data, before anything is created."""
    report, warnings = dry_run(context, request)
    return reply(report, warnings=warnings)


@router.post("/infer", response_model=Reply[MappingProposal])
def infer_mapping(context: Parts, _caller: Caller, request: InferMapping) -> Response:
    """Propose a mapping from a schema's keys, names and values; nothing is stored."""
    return reply(inference.infer_mapping(context, request))


@router.get("/{mapping_id}", response_model=Reply[Mapping])
def get_mapping(context: Parts, _caller: Caller, mapping_id: MappingId) -> Response:
    """Get a mapping with its current definitions."""
    mapping = mappings.get_mapping(context, mapping_id)
    return _with_version(reply(mapping), mapping)


@router.put("/{mapping_id}", response_model=Reply[Mapping])
def update_mapping(
    context: Parts,
    caller: Caller,
    mapping_id: MappingId,
    request: UpdateMapping,
    if_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Change a mapping; new definitions make a new version."""
    checked = mappings.update_mapping(context, caller, mapping_id, request, if_match)
    return _with_version(reply(checked.mapping, warnings=checked.warnings), checked.mapping)


@router.delete("/{mapping_id}", status_code=204)
def delete_mapping(context: Parts, caller: Caller, mapping_id: MappingId) -> Response:
    """Delete a mapping that nothing depends on."""
    mappings.delete_mapping(context, caller, mapping_id)
    return Response(status_code=204)


@router.post("/{mapping_id}/copy", status_code=201, response_model=Reply[Mapping])
def copy_mapping(context: Parts, caller: Caller, mapping_id: MappingId, request: CopyMapping) -> Response:
    """Copy a mapping under a new name."""
    return reply(mappings.copy_mapping(context, caller, mapping_id, request), status=201)


@router.get("/{mapping_id}/versions", response_model=ListReply[MappingVersion])
def list_versions(
    context: Parts,
    _caller: Caller,
    mapping_id: MappingId,
    offset: Offset | None = None,
    limit: Limit | None = None,
) -> Response:
    """List versions, newest first; all of them without offset and limit."""
    return page_reply(mappings.list_versions(context, mapping_id, offset, limit))


@router.get("/{mapping_id}/versions/{version}", response_model=Reply[MappingVersion])
def get_version(context: Parts, _caller: Caller, mapping_id: MappingId, version: Version) -> Response:
    """Get one version."""
    return reply(mappings.get_mapping_version(context, mapping_id, version))


@router.get("/{mapping_id}/versions/{from_version}/diff/{to_version}", response_model=Reply[MappingDiff])
def diff_versions(
    context: Parts, _caller: Caller, mapping_id: MappingId, from_version: Version, to_version: Version
) -> Response:
    """Compare two versions."""
    return reply(mappings.diff_mapping(context, mapping_id, from_version, to_version))


@router.put("/{mapping_id}/lifecycle", response_model=Reply[Mapping])
def set_lifecycle(context: Parts, caller: Caller, mapping_id: MappingId, request: Lifecycle | None = None) -> Response:
    """Change when a mapping expires."""
    return reply(mappings.set_mapping_lifecycle(context, caller, mapping_id, request or Lifecycle()))


@router.get("/{mapping_id}/tree", response_model=Reply[dict[str, Any]])
def get_tree(
    context: Parts,
    _caller: Caller,
    mapping_id: MappingId,
    status: Annotated[str | None, Depends(status_filter(SNAPSHOT))],
    include_instances: bool = True,
) -> Response:
    """Show versions, their snapshots and the instances of those."""
    return reply(mapping_tree(context, mapping_id, include_instances=include_instances, status=status))


@router.get("/{mapping_id}/snapshots", response_model=ListReply[Snapshot])
def list_mapping_snapshots(
    context: Parts, _caller: Caller, mapping_id: MappingId, offset: Offset = 0, limit: Limit = 50
) -> Response:
    """List the snapshots of a mapping, newest first."""
    return page_reply(snapshots.list_mapping_snapshots(context, mapping_id, offset, limit))


@router.get("/{mapping_id}/instances", response_model=ListReply[Instance])
def list_mapping_instances(
    context: Parts, caller: Caller, mapping_id: MappingId, offset: Offset = 0, limit: Limit = 50
) -> Response:
    """List the instances of a mapping, newest first."""
    return page_reply(instances.list_mapping_instances(context, mapping_id, offset, limit, caller))


def _with_version(response: Response, mapping: Mapping) -> Response:
    """Add the version that ``If-Match`` compares with."""
    response.headers["ETag"] = f'"{mapping.current_version}"'
    return response
