"""Threads that run jobs: woken by events or by the clock, stopped cleanly, never killed by one failure."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graph_olap_server.logs import event

__all__ = ["Job", "Supervisor"]

logger = logging.getLogger(__name__)
_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """One background job.

    Attributes:
        name: For logs and thread names.
        run: One pass; returns the seconds until the next pass that no event asks for. 0 asks for one at once.
        wake: Set by whoever has work for the job.
    """

    name: str
    run: Callable[[], float]
    wake: threading.Event


class Supervisor:
    """Runs each job in its own thread."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start all jobs."""
        for job in self._jobs:
            thread = threading.Thread(target=self._loop, args=(job,), name=f"job-{job.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float) -> bool:
        """Let the current passes end and start no more; false when one is still busy after ``timeout`` seconds."""
        self._stopping.set()
        for job in self._jobs:
            job.wake.set()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        busy = [thread.name for thread in self._threads if thread.is_alive()]
        if busy:
            event(logger, "jobs_still_busy", level=logging.WARNING, jobs=busy)
        return not busy

    @property
    def stopping(self) -> bool:
        """Whether jobs should come to an end."""
        return self._stopping.is_set()

    def _loop(self, job: Job) -> None:
        backoff = _FIRST_BACKOFF
        while not self._stopping.is_set():
            # Cleared before the pass: an event that comes during it starts another one.
            job.wake.clear()
            try:
                delay = job.run()
                backoff = _FIRST_BACKOFF
            except Exception:
                logger.exception("job_failed", extra={"fields": {"job": job.name, "retry_in_s": backoff}})
                delay, backoff = backoff, min(_LONGEST_BACKOFF, backoff * 2)
            if delay > 0 and not self._stopping.is_set():
                job.wake.wait(delay)
