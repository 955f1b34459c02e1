"""Named jobs: each pass is a recorded run, one at a time in the whole deployment."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.jobs.heartbeat import Heartbeat
from graph_olap_server.logs import event
from graph_olap_server.services.context import Context
from graph_olap_server.services.job_runs import (
    JOB_LEASE,
    JobRun,
    begin_run,
    end_run,
    keep_run,
    record_pass,
    seconds_until_run,
    take_request,
)

__all__ = ["FollowedJob", "NamedJob"]

logger = logging.getLogger(__name__)
_BEAT_SECONDS = JOB_LEASE.total_seconds() / 3
_LOOK_SECONDS = 5.0
_CRASHED = "The pass failed inside the platform; the server's log has the cause."


class NamedJob:
    """A job that runs when it is due or asked for, unless another process runs it.

    Args:
        context: The platform's parts.
        name: Name of the job.
        work: One pass.
        at_start: Run once as soon as the process starts, also when it is not due.
    """

    def __init__(self, context: Context, name: str, work: Callable[[], object], *, at_start: bool = True) -> None:
        self._context = context
        self.name = name
        self._work = work
        self._forced = at_start

    def run(self) -> float:
        """Work if it is time, and return the seconds until the next look."""
        run = begin_run(self._context, self.name, forced=self._forced)
        self._forced = False
        if run is not None:
            self._do(run)
        return seconds_until_run(self._context, self.name)

    def _do(self, run: JobRun) -> None:
        error: str | None = None
        started = time.monotonic()
        try:
            with Heartbeat(lambda: keep_run(self._context, run), _BEAT_SECONDS):
                self._work()
        except PlatformError as problem:
            error = problem.message
            event(logger, "job_failed", level=logging.WARNING, job=self.name, reason=error)
        except Exception:
            error = _CRASHED
            logger.exception("job_failed", extra={"fields": {"job": self.name}})
        seconds = time.monotonic() - started
        end_run(self._context, run, seconds, error)
        self._context.metrics.job_ran(self.name, seconds, ok=error is None)


class FollowedJob:
    """A job that any number of processes run at once: what it works on is claimed row by row.

    Its passes are recorded once an interval, and at once when one was asked for, fails or works again.

    Args:
        context: The platform's parts.
        name: Name of the job.
        work: One pass; returns the seconds until the next.
        interval: Seconds between records.
        paced: Pass once an interval or when asked, whatever wakes the job; else whenever it is woken.
    """

    def __init__(
        self, context: Context, name: str, work: Callable[[], float], interval: float, *, paced: bool = False
    ) -> None:
        self._context = context
        self._name = name
        self._work = work
        self._interval = interval
        self._paced = paced
        self._next = 0.0
        self._recorded_at: float | None = None
        self._failed = False

    def run(self) -> float:
        """One pass."""
        started = time.monotonic()
        asked = take_request(self._context, self._name)
        if self._paced and not asked and started < self._next:
            return min(self._next - started, _LOOK_SECONDS)
        try:
            delay = self._work()
        except Exception as problem:
            error = problem.message if isinstance(problem, PlatformError) else _CRASHED
            self._record(time.monotonic() - started, error)
            raise
        self._record(time.monotonic() - started, None, asked=asked)
        self._next = started + delay
        return min(delay, _LOOK_SECONDS) if self._paced else delay

    def _record(self, seconds: float, error: str | None, *, asked: bool = False) -> None:
        self._context.metrics.job_ran(self._name, seconds, ok=error is None)
        now = time.monotonic()
        fresh = self._recorded_at is not None and now - self._recorded_at < self._interval
        if fresh and error is None and not self._failed and not asked:
            return
        record_pass(self._context, self._name, seconds, error)
        self._recorded_at, self._failed = now, error is not None
