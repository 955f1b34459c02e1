"""Writes that may be repeated: one attempt at a time, and what it changed is noted in its own transaction.

The attempt that runs holds a token. Every event it records (see :mod:`graph_olap_server.store.events`) checks that the
token is still its own, so an attempt that was given up cannot commit behind the back of the one that followed.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from graph_olap_server.domain.errors import unavailable
from graph_olap_server.store.tables import RequestOutcomeRow

__all__ = ["Claim", "current_claim", "mark_applied"]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do a repeatable write; ``collection`` is the kind of resource that its path names."""

    key_hash: str
    token: str
    collection: str


current_claim: ContextVar[Claim | None] = ContextVar("current_claim", default=None)
"""The claim of the request that is being served."""


def mark_applied(
    session: Session, event_type: str, resource_type: str, resource_id: int | None, resource_name: str | None
) -> None:
    """Note in this transaction that the current request changed something: an object with a number or with a name.

    Raises:
        PlatformError: Another attempt of the same request took over; the transaction must not commit.
    """
    claim = current_claim.get()
    if claim is None:
        return
    changed: dict[str, str | int | None] = {"token": claim.token}
    if claim.collection == f"{resource_type}s":
        changed |= {
            "event_type": event_type,
            "resource_type": resource_type,
            "resource_id": resource_id,
            "resource_name": resource_name,
        }
    result = session.execute(
        update(RequestOutcomeRow)
        .where(RequestOutcomeRow.key_hash == claim.key_hash, RequestOutcomeRow.token == claim.token)
        .values(**changed)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        raise unavailable("control-plane", "This request took so long that a repeat of it took over. Repeat it.")
