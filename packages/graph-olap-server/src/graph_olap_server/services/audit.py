"""Use cases of the audit log: what was refused is written here, what was done in the transaction that did it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph_olap.models import AuditEntry
from sqlalchemy import ColumnElement, func, select

from graph_olap_server.services.context import Context
from graph_olap_server.store.events import record_event
from graph_olap_server.store.pages import Page
from graph_olap_server.store.tables import EventRow

__all__ = ["AuditQuery", "list_audit", "record_refusal"]


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Filters of the audit log; all that are given must match."""

    username: str | None = None
    action: str | None = None
    resource_type: str | None = None
    resource_id: int | None = None
    resource_name: str | None = None
    result: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


def list_audit(context: Context, query: AuditQuery, offset: int, limit: int) -> Page[AuditEntry]:
    """List entries, newest first."""
    where = _conditions(query)
    with context.database.read() as session:
        total = session.execute(select(func.count()).select_from(EventRow).where(*where)).scalar_one()
        rows = session.scalars(select(EventRow).where(*where).order_by(EventRow.id.desc()).offset(offset).limit(limit))
        return Page([_view(row) for row in rows], total, offset, limit)


def record_refusal(
    context: Context,
    *,
    username: str,
    action: str,
    resource_type: str,
    resource_id: int | None,
    resource_name: str | None,
    status: int,
    code: str | None,
) -> None:
    """Write down that a change was asked for and did not happen."""
    details: dict[str, Any] = {"status": status} if code is None else {"status": status, "code": code}
    with context.database.write() as session:
        record_event(
            session,
            action,
            resource_type,
            resource_id,
            now=context.clock(),
            actor=username,
            resource_name=resource_name,
            result="denied" if status in (401, 403, 429) else "failed",
            details=details,
        )


def _conditions(query: AuditQuery) -> list[ColumnElement[bool]]:
    equal = {
        EventRow.actor: query.username,
        EventRow.event_type: query.action,
        EventRow.resource_type: query.resource_type,
        EventRow.resource_id: query.resource_id,
        EventRow.resource_name: query.resource_name,
        EventRow.result: query.result,
    }
    found: list[ColumnElement[bool]] = [column == value for column, value in equal.items() if value is not None]
    if query.created_after is not None:
        found.append(EventRow.created_at >= query.created_after)
    if query.created_before is not None:
        found.append(EventRow.created_at <= query.created_before)
    return found


def _view(row: EventRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        created_at=row.created_at,
        username=row.actor,
        action=row.event_type,
        resource_type=row.resource_type,
        resource_id=row.resource_id,
        resource_name=row.resource_name,
        result=row.result,
        source=row.source,
        from_status=row.from_status,
        to_status=row.to_status,
        details=row.details or {},
        request_id=row.request_id,
    )
