"""Bulk delete (section 2.10): many objects by filter, each through the way of a single delete."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from graph_olap.models import BulkDeleteResult
from sqlalchemy import ColumnElement, func, select

from graph_olap_server.domain.errors import PlatformError, validation_failed
from graph_olap_server.domain.roles import Identity
from graph_olap_server.domain.states import INSTANCE, SNAPSHOT, VISIBLE_INSTANCE_STATUSES
from graph_olap_server.services.context import Context
from graph_olap_server.services.instances import terminate_instance
from graph_olap_server.services.mappings import delete_mapping
from graph_olap_server.services.ops_requests import BulkDelete
from graph_olap_server.services.snapshots import delete_snapshot
from graph_olap_server.store.events import record_event
from graph_olap_server.store.tables import InstanceRow, MappingRow, SnapshotRow

__all__ = ["MAX_MATCHES", "bulk_delete"]

MAX_MATCHES = 100
"""More matches than this are refused: it is most likely a mistake."""

_Delete = Callable[[Context, Identity, int], None]
_MODELS: dict[str, type[MappingRow | SnapshotRow | InstanceRow]] = {
    "mapping": MappingRow,
    "snapshot": SnapshotRow,
    "instance": InstanceRow,
}
_DELETES: dict[str, _Delete] = {
    "mapping": delete_mapping,
    "snapshot": delete_snapshot,
    "instance": terminate_instance,
}
_MACHINES = {"snapshot": SNAPSHOT, "instance": INSTANCE}


def bulk_delete(context: Context, caller: Identity, request: BulkDelete) -> BulkDeleteResult:
    """Delete everything that matches all filters; one failure does not stop the rest."""
    now = context.clock()
    ids = _matches(context, request, now)
    if len(ids) > MAX_MATCHES:
        reason = f"{len(ids)} match; at most {MAX_MATCHES} can be deleted at once, so narrow the filters"
        raise validation_failed([("filters", reason)], matched_count=len(ids))
    if request.expected_count is not None and request.expected_count != len(ids):
        reason = f"{len(ids)} match, {request.expected_count} were expected; nothing was deleted"
        raise validation_failed([("expected_count", reason)], matched_count=len(ids))
    errors: dict[str, str] = {}
    if not request.dry_run:
        for number in ids:
            try:
                _DELETES[request.resource_type](context, caller, number)
            except PlatformError as error:
                errors[str(number)] = error.message
    failed = [number for number in ids if str(number) in errors]
    deleted = [] if request.dry_run else [number for number in ids if str(number) not in errors]
    result = BulkDeleteResult(
        dry_run=request.dry_run,
        matched_count=len(ids),
        matched_ids=ids,
        deleted_count=len(deleted),
        deleted_ids=deleted,
        failed_count=len(failed),
        failed_ids=failed,
        errors=errors,
    )
    _record(context, caller, request, result)
    return result


def _matches(context: Context, request: BulkDelete, now: datetime) -> list[int]:
    model, filters = _MODELS[request.resource_type], request.filters
    where: list[ColumnElement[bool]] = []
    if filters.name_prefix is not None:
        # No LIKE: it has wildcards, and SQLite's does not tell cases apart.
        where.append(func.substr(model.name, 1, len(filters.name_prefix)) == filters.name_prefix)
    if filters.created_by is not None:
        where.append(model.owner_username == filters.created_by)
    if filters.older_than_hours is not None:
        where.append(model.created_at < now - timedelta(hours=filters.older_than_hours))
    if filters.status is not None:
        where.append(_status_condition(request.resource_type, filters.status))
    if not where:
        raise validation_failed([("filters", "give at least one of name_prefix, created_by, older_than_hours, status")])
    if model is InstanceRow:
        where.append(InstanceRow.status.in_(VISIBLE_INSTANCE_STATUSES))
    with context.database.read() as session:
        return list(session.scalars(select(model.id).where(*where).order_by(model.id)))


def _status_condition(resource_type: str, status: str) -> ColumnElement[bool]:
    machine = _MACHINES.get(resource_type)
    if machine is None:
        raise validation_failed([("filters.status", "mappings have no status")])
    if status not in machine.statuses:
        known = ", ".join(machine.statuses)
        raise validation_failed([("filters.status", f"unknown status {status!r}; use one of {known}")])
    return SnapshotRow.status == status if resource_type == "snapshot" else InstanceRow.status == status


def _record(context: Context, caller: Identity, request: BulkDelete, result: BulkDeleteResult) -> None:
    details = {
        "filters": request.filters.model_dump(exclude_none=True),
        "reason": request.reason,
        "dry_run": request.dry_run,
        "matched": result.matched_ids,
        "deleted": result.deleted_ids,
        "errors": result.errors,
    }
    with context.database.write() as session:
        record_event(
            session,
            "bulk_deleted",
            request.resource_type,
            now=context.clock(),
            actor=caller.username,
            result="failed" if result.failed_ids else "success",
            details=details,
        )
