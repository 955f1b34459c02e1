"""The audit log: what happened to which object, written in the transaction that does it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from graph_olap_server.logs import client_address, request_id
from graph_olap_server.store.outcomes import mark_applied
from graph_olap_server.store.tables import EventRow

__all__ = ["SYSTEM", "record_event"]

SYSTEM = "system"
"""The actor of background jobs."""


def record_event(
    session: Session,
    event_type: str,
    resource_type: str,
    resource_id: int | None = None,
    *,
    now: datetime,
    actor: str,
    resource_name: str | None = None,
    result: str = "success",
    from_status: str | None = None,
    to_status: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Add one event; ``resource_name`` is for objects that have no number, such as users.

    Raises:
        PlatformError: A repeat of the current request took over; see :func:`store.outcomes.mark_applied`.
    """
    session.add(
        EventRow(
            created_at=now,
            actor=actor,
            event_type=event_type,
            resource_type=resource_type,
            resource_id=resource_id,
            resource_name=resource_name,
            result=result,
            source=client_address.get(),
            from_status=from_status,
            to_status=to_status,
            details=details,
            request_id=request_id.get(),
        )
    )
    if result == "success":
        # A refused change is no answer to give again when the request is repeated.
        mark_applied(session, event_type, resource_type, resource_id, resource_name)
