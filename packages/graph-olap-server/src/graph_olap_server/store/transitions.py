"""The one way a status changes: checked against its table, one conditional write, one event, one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from graph_olap_server import faults
from graph_olap_server.domain.errors import invalid_state
from graph_olap_server.domain.states import EXPORT_JOB, INSTANCE, SNAPSHOT, StateMachine, check_transition
from graph_olap_server.store.events import SYSTEM, record_event
from graph_olap_server.store.tables import ExportJobRow, InstanceRow, SnapshotRow

__all__ = ["change_status"]

_MACHINES: dict[type, StateMachine] = {SnapshotRow: SNAPSHOT, InstanceRow: INSTANCE, ExportJobRow: EXPORT_JOB}


def change_status(
    session: Session,
    row: SnapshotRow | InstanceRow | ExportJobRow,
    target: str,
    *,
    now: datetime,
    actor: str = SYSTEM,
    details: dict[str, Any] | None = None,
    **values: Any,
) -> None:
    """Change the status of a row together with other columns; the row object shows the new state afterwards.

    Raises:
        PlatformError: ``INVALID_STATE`` when the change is not in the table, or the row changed meanwhile.
    """
    model = type(row)
    machine = _MACHINES[model]
    current = row.status
    check_transition(machine, row.id, current, target)
    faults.point("status", machine.resource, target, "before")
    result = session.execute(
        update(model)
        .where(model.id == row.id, model.status == current)
        .values(status=target, updated_at=now, **values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        raise invalid_state(
            machine.resource,
            row.id,
            "changed",
            current,
            f"{machine.resource.replace('_', ' ').capitalize()} {row.id} changed meanwhile; read it again.",
        )
    session.refresh(row)
    record_event(
        session,
        "status_changed",
        machine.resource,
        row.id,
        now=now,
        actor=actor,
        from_status=current,
        to_status=target,
        details=details,
    )
    session.flush()
    faults.point("status", machine.resource, target, "written")
