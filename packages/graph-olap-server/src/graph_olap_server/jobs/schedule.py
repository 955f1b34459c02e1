"""All jobs of one process, built from the platform's parts."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.jobs.exports import ExportWorker
from graph_olap_server.jobs.instances import Orchestrator, Remover
from graph_olap_server.jobs.reconciliation import reconcile
from graph_olap_server.jobs.supervisor import Job, Supervisor
from graph_olap_server.launcher.base import Launcher
from graph_olap_server.logs import event
from graph_olap_server.services.catalog import refresh_catalog
from graph_olap_server.services.context import Context
from graph_olap_server.services.exports import mend_exports
from graph_olap_server.services.orchestration import expire_instances, expire_snapshots

__all__ = ["Jobs"]

_log = logging.getLogger(__name__)
_SCHEMA_RETRY = 60.0


class Jobs:
    """The background work of a platform.

    Attributes:
        schema_read: Set once the first refresh of the schema cache has ended, well or badly.
    """

    def __init__(self, context: Context, launcher: Launcher) -> None:
        self._context = context
        self._launcher = launcher
        self._orchestrator = Orchestrator(context, launcher)
        self._remover = Remover(context, launcher)
        self.schema_read = threading.Event()
        settings, signals = context.settings, context.signals
        jobs = [
            Job("instance_orchestration", self._orchestrator.run, signals.instances.subscribe()),
            Job("removal", self._remover.run, signals.removals.subscribe()),
            _every(
                "reconciliation", settings.reconciliation_interval, lambda: reconcile(context, launcher), later=True
            ),
            _every("lifecycle", settings.lifecycle_interval, self._expire),
            _every("export_reconciliation", settings.export_reconciliation_interval, lambda: _mend(context)),
            Job("schema_cache", self._refresh_schema, signals.schema_refresh.subscribe()),
        ]
        for number in range(settings.export_workers):
            worker = ExportWorker(context, f"{socket.gethostname()}:{os.getpid()}:{number}", self._is_stopping)
            jobs.append(Job(f"export-{number}", worker.run, signals.exports.subscribe()))
        self._supervisor = Supervisor(jobs)

    def start(self) -> None:
        """Start all jobs."""
        self._supervisor.start()

    def stop(self, timeout: float) -> None:
        """Let running passes end, then release what the jobs hold."""
        if self._supervisor.stop(timeout):
            self._orchestrator.close()
            self._remover.close()

    def _is_stopping(self) -> bool:
        return self._supervisor.stopping

    def _reconcile(self) -> None:
        reconcile(self._context, self._launcher)

    def _expire(self) -> None:
        instances, snapshots = expire_instances(self._context), expire_snapshots(self._context)
        if instances or snapshots:
            event(_log, "expired", instances=instances, snapshots=snapshots)

    def _refresh_schema(self) -> float:
        try:
            tables = refresh_catalog(self._context)
        except PlatformError as error:
            event(_log, "schema_refresh_failed", level=logging.WARNING, reason=error.message)
            return _SCHEMA_RETRY
        finally:
            self.schema_read.set()
        event(_log, "schema_refreshed", tables=tables)
        return self._context.settings.schema_cache_interval


def _every(name: str, interval: float, work: Callable[[], object], *, later: bool = False) -> Job:
    """Return a job that works each ``interval`` seconds; ``later`` lets the first pass wait too."""
    waiting = later

    def run() -> float:
        nonlocal waiting
        if not waiting:
            work()
        waiting = False
        return interval

    return Job(name, run, threading.Event())


def _mend(context: Context) -> None:
    if mended := mend_exports(context):
        event(_log, "exports_mended", level=logging.WARNING, count=mended)
