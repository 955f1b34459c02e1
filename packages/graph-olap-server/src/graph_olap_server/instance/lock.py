"""The one lock of an instance: at most one algorithm runs at a time; queries never take it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from graph_olap.models import LockStatus

from graph_olap_server.domain.errors import PlatformError

__all__ = ["InstanceLock"]

_FREE = LockStatus(locked=False)


class InstanceLock:
    """Taken at once or not at all; held by an execution, named after the user who started it."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._status = _FREE

    @property
    def status(self) -> LockStatus:
        """Who holds the lock, and for what."""
        return self._status

    def acquire(self, *, username: str, algorithm: str, algorithm_type: str, execution_id: str) -> None:
        """Take the lock.

        Raises:
            PlatformError: ``RESOURCE_LOCKED``, naming the holder.
        """
        with self._mutex:
            if self._status.locked:
                raise _locked(self._status)
            now = datetime.now(UTC)
            self._status = LockStatus(
                locked=True,
                holder_id=username,
                holder_name=username,
                holder_username=username,
                algorithm=algorithm,
                algorithm_name=algorithm,
                algorithm_type=algorithm_type,
                execution_id=execution_id,
                acquired_at=now,
                locked_at=now,
            )

    def release(self, execution_id: str) -> None:
        """Give the lock back; does nothing when another execution holds it."""
        with self._mutex:
            if self._status.execution_id == execution_id:
                self._status = _FREE


def _locked(status: LockStatus) -> PlatformError:
    facts = status.to_dict()
    names = (
        "holder_id",
        "holder_name",
        "holder_username",
        "algorithm",
        "algorithm_name",
        "execution_id",
        "acquired_at",
    )
    return PlatformError(
        "RESOURCE_LOCKED",
        f"{status.holder_name} is running {status.algorithm} on this instance, since {_time(status)}. "
        "Wait for it to end or cancel it.",
        {name: facts[name] for name in names},
    )


def _time(status: LockStatus) -> str:
    return "just now" if status.acquired_at is None else f"{status.acquired_at:%Y-%m-%d %H:%M:%S} UTC"
