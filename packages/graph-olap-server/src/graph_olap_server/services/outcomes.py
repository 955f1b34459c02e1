"""Safe repetition of writes: what is known about a request, and its stored answer (section 1.9)."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, delete, update

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.services.context import Context
from graph_olap_server.services.holders import has_died
from graph_olap_server.store.outcomes import Claim
from graph_olap_server.store.tables import RequestOutcomeRow

__all__ = [
    "ABANDONED_KEPT",
    "KEPT",
    "Applied",
    "Busy",
    "Outcome",
    "Request",
    "begin",
    "forget_outcomes",
    "look_up",
    "release",
    "renew",
    "store",
    "take",
]

KEPT = timedelta(hours=24)
"""How long the answer to a request with a key is remembered."""

ABANDONED_KEPT = timedelta(seconds=120)
"""How long the answer to a request without a key is remembered when its client went away."""

_LEASE = timedelta(seconds=10)
"""How long the attempt of a process on another machine may be silent; one of a dead process here is over at once."""


@dataclass(frozen=True, slots=True)
class Request:
    """A write as far as repeating it matters; ``key`` is the client's, or ``None`` when it sent none."""

    principal: str
    method: str
    path: str
    key: str | None
    body_hash: str

    @property
    def key_hash(self) -> str:
        """What identifies the request; without a key of the client's, its body does."""
        name = f"body {self.body_hash}" if self.key is None else f"key {self.key}"
        return hashlib.sha256("\0".join((self.principal, self.method, self.path, name)).encode()).hexdigest()

    @property
    def collection(self) -> str:
        """The kind of resource that the path names, for example ``mappings``; ``jobs`` in ``/api/ops/jobs/trigger``."""
        parts = self.path.split("/")[2:]
        return parts[1] if parts[0] == "ops" and len(parts) > 1 else parts[0]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a request."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """A dead attempt changed this and left no answer; what has no number has a name."""

    claim: Claim
    event_type: str
    resource_type: str
    resource_id: int | None
    resource_name: str | None


@dataclass(frozen=True, slots=True)
class Busy:
    """Another attempt runs."""


def begin(context: Context, request: Request, kept: timedelta = KEPT) -> Claim | Outcome | Applied | Busy:
    """Claim a request, or say what is known of it.

    Raises:
        PlatformError: ``IDEMPOTENCY_CONFLICT``, for a key that was used with another body.
    """
    now = context.clock()
    # Whoever waits for another attempt must not take the write lock each time it looks.
    if isinstance(look_up(context, request), Busy):
        return Busy()
    claim = Claim(request.key_hash, str(uuid.uuid4()), request.collection)
    with context.database.write() as session:
        row = session.get(RequestOutcomeRow, claim.key_hash)
        if row is not None and row.expires_at <= now:
            session.delete(row)
            session.flush()
            row = None
        if row is None:
            session.add(
                RequestOutcomeRow(
                    key_hash=claim.key_hash,
                    body_hash=request.body_hash,
                    token=claim.token,
                    lease_expires_at=now + _LEASE,
                    lease_holder=context.holder,
                    created_at=now,
                    expires_at=now + kept,
                )
            )
            return claim
        if row.body_hash != request.body_hash:
            raise PlatformError(
                "IDEMPOTENCY_CONFLICT",
                f"The Idempotency-Key {request.key} was used with another body. Use a new key for a new request.",
                {"idempotency_key": request.key},
            )
        if row.status is not None:
            return _outcome(row, row.status)
        if _is_held(context, row, now):
            return Busy()
        row.token, row.lease_expires_at, row.lease_holder = claim.token, now + _LEASE, context.holder
        if row.event_type is None or row.resource_type is None:
            return claim
        return Applied(claim, row.event_type, row.resource_type, row.resource_id, row.resource_name)


def look_up(context: Context, request: Request) -> Outcome | Busy | None:
    """Say what is known of an abandoned request, without claiming it."""
    now = context.clock()
    with context.database.read() as session:
        row = session.get(RequestOutcomeRow, request.key_hash)
        if row is None or row.expires_at <= now:
            return None
        if row.status is not None:
            return _outcome(row, row.status)
        return Busy() if _is_held(context, row, now) else None


def take(context: Context, request: Request) -> bool:
    """Remove the answer of an abandoned request: it is delivered once. False when somebody else took it."""
    with context.database.write() as session:
        result = session.execute(delete(RequestOutcomeRow).where(RequestOutcomeRow.key_hash == request.key_hash))
        return _count(result) == 1


def renew(context: Context, claim: Claim) -> None:
    """Say that the attempt still runs."""
    with context.database.write() as session:
        session.execute(_held(claim).values(lease_expires_at=context.clock() + _LEASE))


def store(context: Context, claim: Claim, outcome: Outcome, kept: timedelta = KEPT) -> None:
    """Remember the answer."""
    with context.database.write() as session:
        session.execute(
            _held(claim).values(
                status=outcome.status,
                headers=outcome.headers,
                body=outcome.body,
                expires_at=context.clock() + kept,
            )
        )


def release(context: Context, claim: Claim) -> None:
    """Let the next attempt run at once: this one failed. What it has changed stays noted."""
    with context.database.write() as session:
        row = session.get(RequestOutcomeRow, claim.key_hash)
        if row is None or row.token != claim.token:
            return
        if row.resource_type is None:
            session.delete(row)
        else:
            row.lease_expires_at = context.clock()


def forget_outcomes(context: Context) -> int:
    """Delete what has expired; return how many."""
    with context.database.write() as session:
        return _count(session.execute(delete(RequestOutcomeRow).where(RequestOutcomeRow.expires_at <= context.clock())))


def _is_held(context: Context, row: RequestOutcomeRow, now: datetime) -> bool:
    """Tell whether the attempt may still run; one with a much longer lease began before the clock was set back."""
    # Twice: our time may be a little older than that of whoever wrote the row while we waited for the database.
    if not now < row.lease_expires_at <= now + 2 * _LEASE:
        return False
    return not has_died(row.lease_holder, context.settings.resolved_node_name)


def _held(claim: Claim) -> Any:
    return update(RequestOutcomeRow).where(
        RequestOutcomeRow.key_hash == claim.key_hash, RequestOutcomeRow.token == claim.token
    )


def _outcome(row: RequestOutcomeRow, status: int) -> Outcome:
    return Outcome(status, dict(row.headers or {}), row.body or b"")


def _count(result: object) -> int:
    assert isinstance(result, CursorResult)
    return int(result.rowcount)
