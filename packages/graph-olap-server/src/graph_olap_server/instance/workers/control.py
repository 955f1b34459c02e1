"""The handle on running work: its deadline and whether somebody stopped it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Cancelled", "Control", "TimedOut"]


class Cancelled(Exception):
    """Somebody stopped the work."""


class TimedOut(Exception):
    """The work reached its time limit."""


class Control:
    """Deadline and cancellation of one piece of work; ``cancel`` may be called from any thread."""

    def __init__(self, timeout_ms: int) -> None:
        self.timeout_ms = timeout_ms
        self._deadline = time.monotonic() + timeout_ms / 1000
        self._mutex = threading.Lock()
        self._cancelled = False
        self._stop: Callable[[], None] | None = None

    @property
    def cancelled(self) -> bool:
        """Whether ``cancel`` was called."""
        return self._cancelled

    @property
    def remaining_seconds(self) -> float:
        """Seconds until the deadline, at least 0."""
        return max(0.0, self._deadline - time.monotonic())

    def check(self) -> None:
        """Raise ``Cancelled`` or ``TimedOut`` when the work should end."""
        if self._cancelled:
            raise Cancelled
        if self.remaining_seconds == 0:
            raise TimedOut

    def cancel(self) -> None:
        """Stop the work: at once where something can be stopped, else at its next check."""
        with self._mutex:
            self._cancelled = True
            if self._stop is not None:
                self._stop()

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call ``stop`` when the work is cancelled inside this block."""
        with self._mutex:
            if self._cancelled:
                raise Cancelled
            self._stop = stop
        try:
            yield
        finally:
            with self._mutex:
                self._stop = None
