"""Instances whose process has died: noticed within seconds, started again, given up when it happens too often."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from graph_olap_server.domain.restarts import given_up
from graph_olap_server.launcher.base import InstanceState, Launcher, LauncherError, PollResult
from graph_olap_server.logs import event
from graph_olap_server.services.context import Context
from graph_olap_server.services.orchestration import InstanceRecord, fail_instance, forget_handle, list_records
from graph_olap_server.services.restarts import restart_crashed, was_restarted

__all__ = ["Watcher", "died", "fail_and_stop", "load_failed", "reachable"]

_log = logging.getLogger(__name__)


class Watcher:
    """Looks at the processes of running instances; it asks the operating system, never the instance."""

    def __init__(self, context: Context, launcher: Launcher) -> None:
        self._context = context
        self._launcher = launcher

    def run(self) -> float:
        """One pass; returns the seconds until the next."""
        for record in reachable(self._launcher, list_records(self._context, "running")):
            if record.handle is None:
                continue
            result = self._launcher.poll(record.handle)
            if result.state is InstanceState.GONE:
                died(self._context, self._launcher, record, result)
        return self._context.settings.instance_watch_interval


def reachable(launcher: Launcher, records: Sequence[InstanceRecord]) -> list[InstanceRecord]:
    """Leave out instances on other machines: a worker over there follows and stops them."""
    return [record for record in records if record.handle is None or launcher.reaches(record.handle)]


def died(context: Context, launcher: Launcher, record: InstanceRecord, result: PollResult) -> None:
    """Start an instance again whose process is gone; where that is over, record why and clean up after it."""
    reason = result.reason or "The instance's process ended without a word."
    if restart_crashed(context, record.id, record.handle, reason, out_of_memory=result.out_of_memory):
        event(_log, "instance_died", level=logging.WARNING, instance_id=record.id, reason=reason)
        return
    code = "OOM_KILLED" if result.out_of_memory else "UNEXPECTED_TERMINATION"
    if record.status in ("starting", "resuming") and not result.out_of_memory:
        code = "STARTUP_FAILED"
    message = given_up(reason) if record.status == "running" else reason
    fail_and_stop(context, launcher, record, code, message, result.trace)


def load_failed(
    context: Context, launcher: Launcher, record: InstanceRecord, code: str, message: str, trace: str | None
) -> None:
    """Load the snapshot when a restarted instance cannot go on with what it had; otherwise record why it failed."""
    # Only with its process gone can the next one start in its folder; should we die now, its death is noticed.
    if record.status == "resuming" and was_restarted(context, record.id):
        try:
            if record.handle is not None:
                launcher.stop(record.handle)
        except LauncherError as error:
            event(_log, "stop_failed", level=logging.WARNING, instance_id=record.id, reason=str(error))
            return
        if restart_crashed(context, record.id, record.handle, message):
            return
    fail_and_stop(context, launcher, record, code, message, trace)


def fail_and_stop(
    context: Context, launcher: Launcher, record: InstanceRecord, code: str, message: str, trace: str | None = None
) -> None:
    """Store the error first, so that it survives; then stop what is left of the engine."""
    if not fail_instance(context, record.id, code, message, trace):
        return
    event(_log, "instance_failed", level=logging.WARNING, instance_id=record.id, code=code, reason=message)
    if record.handle is None:
        return
    try:
        launcher.stop(record.handle)
    except LauncherError as error:
        # Reconciliation finds it again: an engine whose record has failed is an orphan.
        event(_log, "stop_failed", level=logging.WARNING, instance_id=record.id, reason=str(error))
        return
    forget_handle(context, record.id)
