"""The jobs around instances: start them, follow their start, stop them."""

from __future__ import annotations

import logging
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx

from graph_olap_server import faults
from graph_olap_server.jobs.deaths import died, fail_and_stop, load_failed, reachable
from graph_olap_server.launcher.base import InstanceState, Launcher, LauncherError
from graph_olap_server.logs import event
from graph_olap_server.services.context import Context
from graph_olap_server.services.orchestration import (
    InstanceRecord,
    StartTask,
    claim_start,
    fail_instance,
    file_removal_done,
    file_removal_failed,
    finish_stopping,
    list_file_removals,
    list_records,
    mark_running,
    store_handle,
    store_report,
    wake_waiting,
)
from graph_olap_server.services.restarts import restart_crashed
from graph_olap_server.services.suspension import end_engine, list_ending

__all__ = ["Orchestrator", "Remover"]

_log = logging.getLogger(__name__)
_FAST_POLL = 0.025
_SLOW_POLL = 0.25
_FAST_POLL_SECONDS = 5.0
_STATUS_TIMEOUT = 2.0
_STOP_RETRY = 5.0
_REMOVAL_RETRY = 60.0


class Orchestrator:
    """Starts instances whose snapshot is ready and follows them until they run or fail."""

    def __init__(self, context: Context, launcher: Launcher) -> None:
        self._context = context
        self._launcher = launcher
        self._client = httpx.Client(
            timeout=_STATUS_TIMEOUT, trust_env=False, headers={"X-Internal-Api-Key": context.internal_api_key}
        )
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="poll")
        self._reports: dict[int, Any] = {}

    def run(self) -> float:
        """One pass; comes again soon while something starts."""
        wake_waiting(self._context)
        while (task := claim_start(self._context)) is not None:
            self._start(task)
        starting = reachable(self._launcher, list_records(self._context, "starting", "resuming"))
        list(self._pool.map(self._follow, starting))
        self._reports = {record.id: self._reports.get(record.id) for record in starting}
        if not starting:
            return self._context.settings.orchestration_interval
        newest = max(record.starting_at for record in starting if record.starting_at is not None)
        young = self._context.clock() - newest < timedelta(seconds=_FAST_POLL_SECONDS)
        return _FAST_POLL if young else _SLOW_POLL

    def close(self) -> None:
        """Release connections and threads."""
        self._pool.shutdown(wait=True)
        self._client.close()

    def _start(self, task: StartTask) -> None:
        faults.point("start", "claimed")
        try:
            handle = self._launcher.start(task.spec)
        except LauncherError as error:
            if restart_crashed(self._context, task.instance_id, None, str(error)):
                return
            trace = "".join(traceback.format_exception(error))
            fail_instance(self._context, task.instance_id, "STARTUP_FAILED", str(error), trace)
            event(_log, "start_failed", level=logging.WARNING, instance_id=task.instance_id, reason=str(error))
            return
        faults.point("start", "before_handle_stored")
        if store_handle(self._context, task, handle):
            event(_log, "instance_launched", instance_id=task.instance_id, engine=task.spec.engine)
        else:
            self._launcher.stop(handle)

    def _follow(self, record: InstanceRecord) -> None:
        if record.handle is None:
            self._check_deadline(record)
            return
        result = self._launcher.poll(record.handle)
        if result.state is InstanceState.GONE:
            died(self._context, self._launcher, record, result)
        elif result.state is InstanceState.LISTENING and result.url is not None and self._ask(record, result.url):
            return
        else:
            self._check_deadline(record)

    def _ask(self, record: InstanceRecord, url: str) -> bool:
        """Read the instance's own status; true when it runs or has failed."""
        try:
            reply = self._client.get(f"{url}/status")
            body = reply.json() if reply.status_code == 200 else None
        except (httpx.HTTPError, ValueError):
            return False
        if not isinstance(body, dict):
            return False
        reported = body.get("progress")
        progress: dict[str, Any] = dict(reported) if isinstance(reported, dict) else {}
        trace = progress.pop("stack_trace", None)
        if body.get("status") == "failed":
            message = progress.get("error_message") or "The graph could not be loaded."
            code = progress.get("error_code") or "STARTUP_FAILED"
            store_report(self._context, record.id, progress, body)
            load_failed(self._context, self._launcher, record, str(code), str(message), trace)
            return True
        if body.get("ready"):
            faults.point("start", "before_running")
            mark_running(self._context, record.id, url, body)
            started = None if record.starting_at is None else self._context.clock() - record.starting_at
            event(
                _log,
                "instance_running",
                instance_id=record.id,
                start_ms=None if started is None else round(started.total_seconds() * 1000),
            )
            return True
        if progress != self._reports.get(record.id):
            store_report(self._context, record.id, progress, body)
            self._reports[record.id] = progress
        return False

    def _check_deadline(self, record: InstanceRecord) -> None:
        limit = self._context.settings.instance_startup_timeout
        if record.starting_at is None or self._context.clock() - record.starting_at < timedelta(seconds=limit):
            return
        message = f"The graph was not loaded within {limit:.0f} s. Try again, or load a smaller graph."
        fail_and_stop(self._context, self._launcher, record, "STARTUP_FAILED", message)


class Remover:
    """Ends the processes of instances that stop, and deletes the files of removed snapshots."""

    def __init__(self, context: Context, launcher: Launcher) -> None:
        self._context = context
        self._launcher = launcher
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="stop")

    def run(self) -> float:
        """One pass; comes again when something could not be stopped or deleted."""
        stopping = reachable(self._launcher, list_records(self._context, "stopping"))
        left = [record for record, gone in zip(stopping, self._pool.map(self._stop, stopping), strict=True) if not gone]
        ending = [(number, handle) for number, handle in list_ending(self._context) if self._launcher.reaches(handle)]
        suspended = [end_engine(self._context, self._launcher, number, handle) for number, handle in ending]
        failed = [snapshot_id for snapshot_id in list_file_removals(self._context) if not self._delete(snapshot_id)]
        if left or not all(suspended):
            return _STOP_RETRY
        return _REMOVAL_RETRY if failed else self._context.settings.lifecycle_interval

    def close(self) -> None:
        """Release threads."""
        self._pool.shutdown(wait=True)

    def _stop(self, record: InstanceRecord) -> bool:
        if record.handle is None and record.leased:
            # Somebody is starting it right now and will store its handle.
            return False
        try:
            faults.point("stop", "begun")
            if record.handle is not None:
                self._launcher.stop(record.handle)
            else:
                self._launcher.discard(record.id)
        except LauncherError as error:
            event(_log, "stop_failed", level=logging.WARNING, instance_id=record.id, reason=str(error))
            return False
        faults.point("stop", "before_record_removed")
        finish_stopping(self._context, record.id)
        event(_log, "instance_stopped", instance_id=record.id)
        return True

    def _delete(self, snapshot_id: int) -> bool:
        try:
            self._context.snapshots.delete(snapshot_id)
        except OSError as error:
            self._context.metrics.count("snapshot_gcs_cleanup_failures_total")
            file_removal_failed(self._context, snapshot_id, str(error))
            event(_log, "file_removal_failed", level=logging.WARNING, snapshot_id=snapshot_id, reason=str(error))
            return False
        faults.point("removal", "before_done")
        file_removal_done(self._context, snapshot_id)
        return True
