"""How long each phase of a run takes."""

from __future__ import annotations

import time

from graph_olap_server.instance.workers import Control

__all__ = ["PhaseClock"]


class PhaseClock:
    """Milliseconds spent in each phase of a run; the phase is shown while it lasts."""

    def __init__(self, control: Control) -> None:
        self.phases: dict[str, float] = {}
        self._control = control
        self._phase: str | None = None
        self._last = time.perf_counter()

    def start(self, phase: str, expected_seconds: float | None = 1.0) -> None:
        """End the phase before and begin one."""
        self.end()
        self._phase = phase
        self._control.enter(phase, expected_seconds)

    def end(self) -> None:
        """End the phase."""
        now = time.perf_counter()
        if self._phase is not None:
            self.phases[self._phase] = round((now - self._last) * 1000, 1)
        self._last = now
