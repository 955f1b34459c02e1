"""A limit on failed logins per client address, counted in the database for all processes together.

Whoever guesses credentials is slowed down; who shares the address with such a client and has a good credential that
was used before is not. A login that succeeds writes nothing, one that is refused for too many failures neither.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.store.database import Database
from graph_olap_server.store.tables import FailedLoginRow

__all__ = ["LoginGuard"]

_MOST_GOOD = 10_000
_ADDRESS_LENGTH = 64
_WRITE_PAUSE = 0.02

Failure = tuple[str, datetime]


class LoginGuard:
    """Counts failed logins of each address in a sliding window; safe to use from several threads and processes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._good: OrderedDict[bytes, None] = OrderedDict()
        self._waiting: list[Failure] = []
        self._writing = threading.Lock()

    def check(
        self, database: Database, address: str, credential: str, *, limit: int, window: timedelta, now: datetime
    ) -> None:
        """Refuse a credential of an address with too many failures, unless it was good there before.

        Raises:
            PlatformError: ``RATE_LIMIT_EXCEEDED``.
        """
        with self._lock:
            if _digest(address, credential) in self._good:
                return
        # What lies in the future was written before the clock was set back.
        failures = (
            select(FailedLoginRow.failed_at)
            .where(
                FailedLoginRow.address == address[:_ADDRESS_LENGTH],
                FailedLoginRow.failed_at > now - window,
                FailedLoginRow.failed_at <= now + window,
            )
            .order_by(FailedLoginRow.failed_at.desc())
            .limit(limit)
        )
        with database.read() as session:
            found = session.scalars(failures).all()
        if len(found) < limit:
            return
        wait = max(1, math.ceil((found[-1] + window - now).total_seconds()))
        raise PlatformError(
            "RATE_LIMIT_EXCEEDED",
            f"Too many failed logins from this address. Check the credential and try again in {wait} s.",
            {"resource": "login", "retry_after_seconds": wait},
            retry_after=wait,
        )

    def failed(self, database: Database, address: str, *, window: timedelta, now: datetime) -> None:
        """Count a failure.

        One thread of a process writes at a time, all that has come up meanwhile in one transaction: however many
        addresses an attack comes from, it cannot fill the queue of writers.
        """
        with self._lock:
            self._waiting.append((address[:_ADDRESS_LENGTH], now))
        # Asked again after each round: what another thread leaves while we write is ours.
        while self._waiting and self._writing.acquire(blocking=False):
            try:
                with self._lock:
                    batch, self._waiting = self._waiting, []
                _store(database, batch, now, window)
                if self._waiting:
                    time.sleep(_WRITE_PAUSE)
            finally:
                self._writing.release()

    def succeeded(self, address: str, credential: str) -> None:
        """Remember a credential that is good."""
        digest = _digest(address, credential)
        with self._lock:
            self._good[digest] = None
            self._good.move_to_end(digest)
            while len(self._good) > _MOST_GOOD:
                self._good.popitem(last=False)


def _store(database: Database, batch: Sequence[Failure], now: datetime, window: timedelta) -> None:
    over = or_(FailedLoginRow.failed_at <= now - window, FailedLoginRow.failed_at > now + window)
    with database.write() as session:
        session.execute(delete(FailedLoginRow).where(over))
        session.execute(insert(FailedLoginRow), [{"address": address, "failed_at": at} for address, at in batch])


def _digest(address: str, credential: str) -> bytes:
    return hashlib.sha256(f"{address}\0{credential}".encode()).digest()
