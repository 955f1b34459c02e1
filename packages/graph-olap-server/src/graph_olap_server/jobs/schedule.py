"""All jobs of one process, built from the platform's parts."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

from graph_olap_server.jobs.deaths import Watcher
from graph_olap_server.jobs.exports import ExportWorker
from graph_olap_server.jobs.hosts import HostKeeper, HostReconciler
from graph_olap_server.jobs.instances import Orchestrator, Remover
from graph_olap_server.jobs.lifecycle import apply_lifetimes
from graph_olap_server.jobs.reconciliation import reconcile
from graph_olap_server.jobs.resource_monitor import ResourceMonitor
from graph_olap_server.jobs.runs import FollowedJob, NamedJob
from graph_olap_server.jobs.supervisor import Job, Supervisor
from graph_olap_server.launcher.base import Launcher
from graph_olap_server.logs import event
from graph_olap_server.services.catalog import refresh_catalog
from graph_olap_server.services.context import Context
from graph_olap_server.services.exports import mend_exports, release_dead_claims
from graph_olap_server.services.hosts import request_reconciliation
from graph_olap_server.services.job_runs import register_jobs

__all__ = ["Jobs"]

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0


class Jobs:
    """The background work of a platform.

    Args:
        context: The platform's parts.
        launcher: Where instances run.
        shared: Whether other processes work on the same database.

    Attributes:
        schema_read: Set once the first refresh of the schema cache has ended, well or badly.
    """

    def __init__(self, context: Context, launcher: Launcher, *, shared: bool = False) -> None:
        self._context = context
        self._launcher = launcher
        # Signals stay within a process: what another one queued is found by looking.
        look = _LOOK_SECONDS if shared else math.inf
        self._orchestrator = Orchestrator(context, launcher)
        self._remover = Remover(context, launcher)
        self.schema_read = threading.Event()
        settings, signals = context.settings, context.signals
        pace = settings.orchestration_interval
        orchestration = FollowedJob(context, "instance_orchestration", self._orchestrator.run, pace)
        # The platform reconciles before it starts any job.
        named = [
            NamedJob(context, "reconciliation", self._reconcile, at_start=False),
            NamedJob(context, "lifecycle", lambda: apply_lifetimes(context)),
            NamedJob(context, "export_reconciliation", lambda: _mend(context)),
        ]
        schema = NamedJob(context, "schema_cache", self._refresh_schema)
        jobs = [
            Job("instance_orchestration", _at_least_every(look, orchestration.run), signals.instances.subscribe()),
            Job("instance_watch", Watcher(context, launcher).run, threading.Event()),
            Job("removal", _at_least_every(look, self._remover.run), signals.removals.subscribe()),
            *(Job(job.name, job.run, signals.jobs.subscribe()) for job in named),
            Job(schema.name, lambda: self._read_schema(schema), signals.jobs.subscribe()),
        ]
        self._monitor = ResourceMonitor(context, launcher)
        if settings.resource_monitor:
            every = settings.resource_monitor_interval
            monitor = FollowedJob(context, "resource_monitor", self._monitor.run, every, paced=True)
            jobs.append(Job("resource_monitor", monitor.run, signals.jobs.subscribe()))
        for number in range(settings.export_workers):
            worker = ExportWorker(context, f"{context.holder}:{number}", self._is_stopping)
            jobs.append(Job(f"export-{number}", _at_least_every(look, worker.run), signals.exports.subscribe()))
        if shared:
            keeper, reconciler = HostKeeper(context), HostReconciler(context, launcher)
            jobs.append(Job("host", keeper.run, threading.Event()))
            jobs.append(Job("host-reconciliation", reconciler.run, threading.Event()))
        self._supervisor = Supervisor(jobs)

    def start(self) -> None:
        """Start all jobs."""
        settings = self._context.settings
        intervals = {
            "export_reconciliation": settings.export_reconciliation_interval,
            "instance_orchestration": settings.orchestration_interval,
            "lifecycle": settings.lifecycle_interval,
            "reconciliation": settings.reconciliation_interval,
            "schema_cache": settings.schema_cache_interval,
        }
        if settings.resource_monitor:
            intervals["resource_monitor"] = settings.resource_monitor_interval
        register_jobs(self._context, intervals)
        self._supervisor.start()

    def stop(self, timeout: float) -> None:
        """Let running passes end, then release what the jobs hold."""
        if self._supervisor.stop(timeout):
            self._orchestrator.close()
            self._remover.close()
            self._monitor.close()

    def _is_stopping(self) -> bool:
        return self._supervisor.stopping

    def _reconcile(self) -> None:
        # Each machine sees its own engines only.
        request_reconciliation(self._context)
        reconcile(self._context, self._launcher)

    def _read_schema(self, job: NamedJob) -> float:
        try:
            return job.run()
        finally:
            # Also when another process reads it right now: nobody waits for more than one pass.
            self.schema_read.set()

    def _refresh_schema(self) -> None:
        tables = refresh_catalog(self._context)
        event(_log, "schema_refreshed", tables=tables)


def _at_least_every(seconds: float, run: Callable[[], float]) -> Callable[[], float]:
    return lambda: min(run(), seconds)


def _mend(context: Context) -> None:
    if mended := release_dead_claims(context) + mend_exports(context):
        event(_log, "exports_mended", level=logging.WARNING, count=mended)
