"""The handle on running work: its deadline and whether somebody stopped it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Cancelled", "Control", "TimedOut"]

_PHASES = {"project": (0, 20), "compute": (20, 85), "write": (85, 100)}


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
        self._stop: Callable[[], object] | None = None
        self._phase: str | None = None
        self._phase_started = 0.0
        self._phase_seconds: float | None = 1.0
        self._reported = 0.0

    @property
    def cancelled(self) -> bool:
        """Whether ``cancel`` was called."""
        return self._cancelled

    @property
    def remaining_seconds(self) -> float:
        """Seconds until the deadline, at least 0."""
        return max(0.0, self._deadline - time.monotonic())

    @property
    def phase(self) -> str | None:
        """What is being done: ``project``, ``compute`` or ``write``."""
        return self._phase

    @property
    def progress_percent(self) -> int:
        """How far the work is, from the phases and the time that was expected for this one; below 100.

        Where no time was expected it is what was reported of this phase.
        """
        if self._phase not in _PHASES:
            return 0
        first, last = _PHASES[self._phase]
        if self._phase_seconds is None:
            return int(first + (last - first) * self._reported)
        passed = (time.monotonic() - self._phase_started) / self._phase_seconds
        return min(99, int(first + (last - first) * (1 - math.exp(-2 * passed))))

    def enter(self, phase: str, expected_seconds: float | None = 1.0) -> None:
        """Say what is being done from now on and how long it should take, if anybody knows."""
        self._phase, self._phase_started, self._reported = phase, time.monotonic(), 0.0
        self._phase_seconds = None if expected_seconds is None else max(expected_seconds, 0.001)

    def report(self, fraction: float) -> None:
        """Say how much of the phase is done, between 0 and 1; what is less than was said before is passed over."""
        self._reported = max(self._reported, min(1.0, fraction))

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
    def stopping(self, stop: Callable[[], object]) -> Iterator[None]:
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
