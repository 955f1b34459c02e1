"""Claims with lease tokens: claim in one transaction, work outside any, apply only if the token is still ours."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, CursorResult, or_, select, update
from sqlalchemy.orm import Session

from graph_olap_server.store.tables import ExportJobRow, InstanceRow, SnapshotRow
from graph_olap_server.store.transitions import change_status

__all__ = [
    "EXPORT_LEASE",
    "START_LEASE",
    "claim_export_job",
    "claim_row",
    "held_row",
    "is_held",
    "is_over",
    "lasts",
    "release",
    "renew",
]

EXPORT_LEASE = timedelta(minutes=10)
"""How long an export may be silent before another worker takes it."""

START_LEASE = timedelta(seconds=60)
"""How long starting an engine process or finalising a snapshot may be silent."""

_FAR = 2 * EXPORT_LEASE
"""No lease ends later than this from now; one that does was given before the clock was set back, and counts as over."""

Leased = SnapshotRow | ExportJobRow | InstanceRow
Row = TypeVar("Row", SnapshotRow, ExportJobRow, InstanceRow)


def claim_export_job(session: Session, worker: str, now: datetime) -> ExportJobRow | None:
    """Take the oldest export job that may run now, or none."""
    row = session.scalars(
        select(ExportJobRow)
        .where(
            ExportJobRow.status == "pending",
            or_(
                ExportJobRow.not_before.is_(None), ExportJobRow.not_before <= now, ExportJobRow.not_before > now + _FAR
            ),
        )
        .order_by(ExportJobRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    change_status(
        session,
        row,
        "claimed",
        now=now,
        actor=worker,
        attempts=row.attempts + 1,
        claims=row.claims + 1,
        claimed_by=worker,
        claimed_at=now,
        not_before=None,
        row_count=None,
        size_bytes=None,
        error_message=None,
        lease_token=str(uuid.uuid4()),
        lease_expires_at=now + EXPORT_LEASE,
    )
    return row


def claim_row(
    session: Session, row: SnapshotRow | InstanceRow, now: datetime, lease: timedelta, holder: str
) -> str | None:
    """Take the lease of a row that nobody holds; return the token, or ``None`` when somebody works on it."""
    if is_held(row, now):
        return None
    row.lease_token = str(uuid.uuid4())
    row.lease_expires_at = now + lease
    row.lease_holder = holder
    session.flush()
    return row.lease_token


def is_held(row: Leased, now: datetime) -> bool:
    """Tell whether somebody works on a row."""
    return lasts(row.lease_expires_at, now)


def lasts(lease_end: datetime | None, now: datetime) -> bool:
    """Tell whether a lease that ends then has not ended yet."""
    return lease_end is not None and now < lease_end <= now + _FAR


def is_over(model: type[Leased], now: datetime) -> ColumnElement[bool]:
    """Return the condition that a lease was given and has ended without being given back."""
    return or_(model.lease_expires_at <= now, model.lease_expires_at > now + _FAR)


def held_row(session: Session, model: type[Row], row_id: int, token: str) -> Row | None:
    """Return the row if the lease is still ours."""
    return session.scalars(select(model).where(model.id == row_id, model.lease_token == token)).first()


def renew(session: Session, model: type[Leased], row_id: int, token: str, expires: datetime) -> bool:
    """Prolong a lease; false when it was lost."""
    result = session.execute(
        update(model).where(model.id == row_id, model.lease_token == token).values(lease_expires_at=expires)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def release(rows: Sequence[Leased]) -> None:
    """Give leases back."""
    for row in rows:
        row.lease_token = None
        row.lease_expires_at = None
        if not isinstance(row, ExportJobRow):
            row.lease_holder = None
