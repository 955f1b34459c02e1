"""A limit on failed logins per client address, kept in the memory of one process.

Whoever guesses credentials is slowed down; who shares the address with such a client and has a good credential that
was used before is not.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict, deque

from graph_olap_server.domain.errors import PlatformError

__all__ = ["LoginGuard"]

_MOST_ADDRESSES = 10_000
_MOST_GOOD = 10_000


class LoginGuard:
    """Counts failed logins of each address in a sliding window; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._good: OrderedDict[bytes, None] = OrderedDict()

    def check(self, address: str, credential: str, limit: int, window: float) -> None:
        """Refuse a credential of an address with too many failures, unless it was good there before.

        Raises:
            PlatformError: ``RATE_LIMIT_EXCEEDED``.
        """
        now = time.monotonic()
        with self._lock:
            failures = self._failures.get(address)
            while failures and failures[0] <= now - window:
                failures.popleft()
            if not failures:
                self._failures.pop(address, None)
                return
            if len(failures) < limit or _digest(address, credential) in self._good:
                return
            wait = max(1, math.ceil(failures[-limit] + window - now))
        raise PlatformError(
            "RATE_LIMIT_EXCEEDED",
            f"Too many failed logins from this address. Check the credential and try again in {wait} s.",
            {"resource": "login", "retry_after_seconds": wait},
            retry_after=wait,
        )

    def failed(self, address: str, limit: int) -> None:
        """Count a failure."""
        with self._lock:
            failures = self._failures.setdefault(address, deque())
            failures.append(time.monotonic())
            while len(failures) > limit:
                failures.popleft()
            self._failures.move_to_end(address)
            while len(self._failures) > _MOST_ADDRESSES:
                self._failures.popitem(last=False)

    def succeeded(self, address: str, credential: str) -> None:
        """Remember a credential that is good."""
        digest = _digest(address, credential)
        with self._lock:
            self._good[digest] = None
            self._good.move_to_end(digest)
            while len(self._good) > _MOST_GOOD:
                self._good.popitem(last=False)


def _digest(address: str, credential: str) -> bytes:
    return hashlib.sha256(f"{address}\0{credential}".encode()).digest()
