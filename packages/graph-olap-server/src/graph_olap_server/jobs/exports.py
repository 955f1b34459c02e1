"""The export worker: SQL → Parquet for one definition at a time, then the last step of the snapshot."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from graph_olap_server import faults
from graph_olap_server.jobs.heartbeat import Heartbeat
from graph_olap_server.jobs.watch import Watch
from graph_olap_server.logs import event
from graph_olap_server.services.context import Context
from graph_olap_server.services.exports import (
    ExportTask,
    FinalizeTask,
    claim_export,
    claim_finalization,
    complete_export,
    complete_finalization,
    fail_export,
    fail_finalization,
    has_claim,
    keep_claim,
    release_export,
    report_rows,
)
from graph_olap_server.snapshots.finalize import BadRowsError, finalize_snapshot
from graph_olap_server.snapshots.writer import ExportCancelledError, write_parquet
from graph_olap_server.warehouse.base import WarehouseError

__all__ = ["ExportWorker"]

logger = logging.getLogger(__name__)
_Result = TypeVar("_Result")
_REPORT_INTERVAL = 0.5
_CLAIM_INTERVAL = 1.0
_HEARTBEAT_INTERVAL = 60.0
_FIRST_STORE_DELAY = 0.2
_LONGEST_STORE_DELAY = 5.0
_LOOK_INTERVAL = 5.0
"""A job that failed for a passing reason waits a few seconds; nobody sends an event when its time has come."""


class ExportWorker:
    """Does export jobs and finalises snapshots until nothing is left.

    Args:
        context: The platform's parts.
        name: Under which jobs are claimed.
        stopping: Says when to give the current job back.
    """

    def __init__(self, context: Context, name: str, stopping: Callable[[], bool]) -> None:
        self._context = context
        self._name = name
        self._stopping = stopping

    def run(self) -> float:
        """Do one export and every snapshot that is ready for its last step."""
        worked = False
        if (task := claim_export(self._context, self._name)) is not None:
            self._export(task)
            worked = True
        while not self._stopping() and (last := claim_finalization(self._context)) is not None:
            self._finalize(last)
            worked = True
        return 0 if worked else _LOOK_INTERVAL

    def _export(self, task: ExportTask) -> None:
        faults.point("export", "claimed")
        reporter = _Reporter(self._context, task, self._stopping)
        started = time.monotonic()
        try:
            task.path.parent.mkdir(parents=True, exist_ok=True)
            with (
                Heartbeat(lambda: keep_claim(self._context, task), _HEARTBEAT_INTERVAL),
                self._context.warehouse.export(task.sql, task.columns) as stream,
                # A query may be silent for long before its first rows.
                Watch(reporter.look, stream.cancel),
            ):
                written = write_parquet(
                    stream.schema, stream, task.path, on_rows=reporter.on_rows, cancelled=reporter.cancelled
                )
        except ExportCancelledError:
            self._cancelled(task)
        except WarehouseError as error:
            if reporter.cancelled():
                self._cancelled(task)
                return
            self._failed(task, str(error), retryable=error.retryable)
        except OSError as error:
            self._failed(task, _not_written(error), retryable=True)
        except Exception:
            logger.exception("export_crashed", extra={"fields": {"snapshot_id": task.snapshot_id, "entity": task.name}})
            message = "The export failed inside the platform; the server's log has the cause."
            self._store(lambda: fail_export(self._context, task, message, retryable=False))
        else:
            faults.point("export", "before_complete")
            kept = self._store(lambda: complete_export(self._context, task, written))
            faults.point("export", "completed")
            event(
                logger,
                "export_completed" if kept else "export_lease_lost",
                snapshot_id=task.snapshot_id,
                entity=task.name,
                rows=written.rows,
                size_bytes=written.size_bytes,
                duration_ms=round((time.monotonic() - started) * 1000),
            )

    def _cancelled(self, task: ExportTask) -> None:
        self._store(lambda: release_export(self._context, task))
        event(logger, "export_cancelled", snapshot_id=task.snapshot_id, entity=task.name)

    def _failed(self, task: ExportTask, message: str, *, retryable: bool) -> None:
        self._store(lambda: fail_export(self._context, task, message, retryable=retryable))
        event(
            logger,
            "export_failed",
            level=logging.WARNING,
            snapshot_id=task.snapshot_id,
            entity=task.name,
            attempt=task.attempts,
            retryable=retryable,
            reason=message,
        )

    def _finalize(self, task: FinalizeTask) -> None:
        count = self._context.metrics.count
        count("snapshots_ready_to_finalize_total")
        started = time.monotonic()
        faults.point("finalize", "claimed")
        try:
            with Heartbeat(lambda: keep_claim(self._context, task), _HEARTBEAT_INTERVAL):
                manifest = finalize_snapshot(
                    task.folder,
                    snapshot_id=task.snapshot_id,
                    mapping_id=task.mapping_id,
                    mapping_version=task.mapping_version,
                    node_definitions=task.nodes,
                    edge_definitions=task.edges,
                    on_bad_rows=task.on_bad_rows,
                    exported=task.exported,
                )
        except BadRowsError as error:
            count("snapshots_finalization_failures_total")
            message, report = error.message, error.load_report
            self._store(lambda: fail_finalization(self._context, task, message, report))
            event(
                logger, "snapshot_has_bad_rows", level=logging.WARNING, snapshot_id=task.snapshot_id, reason=str(error)
            )
        except OSError as error:
            count("snapshots_finalization_failures_total")
            text = f"{_not_written(error)} Make room or mend the folder, then retry the snapshot."
            self._store(lambda: fail_finalization(self._context, task, text, None))
            event(logger, "finalization_failed", level=logging.WARNING, snapshot_id=task.snapshot_id, reason=text)
        except Exception:
            count("snapshots_finalization_failures_total")
            logger.exception("finalization_crashed", extra={"fields": {"snapshot_id": task.snapshot_id}})
            crashed = "The snapshot could not be finished; the server's log has the cause. Retry it."
            self._store(lambda: fail_finalization(self._context, task, crashed, None))
        else:
            faults.point("finalize", "before_complete")
            self._store(lambda: complete_finalization(self._context, task, manifest))
            faults.point("finalize", "completed")
            count("snapshots_finalized_total")
            event(
                logger,
                "snapshot_ready",
                snapshot_id=task.snapshot_id,
                rows=sum(file.rows for file in manifest.files),
                rows_rejected=manifest.load_report.rows_rejected,
                duration_ms=round((time.monotonic() - started) * 1000),
            )

    def _store(self, work: Callable[[], _Result]) -> _Result:
        """Store an outcome, however long the database is away: the lease would keep everybody else from the work."""
        delay = _FIRST_STORE_DELAY
        while True:
            try:
                return work()
            except OperationalError as error:
                if self._stopping():
                    raise
                reason = str(error.orig).splitlines()[0]
                event(logger, "outcome_not_stored", level=logging.WARNING, retry_in_s=delay, reason=reason)
            time.sleep(delay)
            delay = min(2 * delay, _LONGEST_STORE_DELAY)


class _Reporter:
    """Stores progress at most twice a second; the same write prolongs the lease and tells whether it is lost.

    Between rows :meth:`look` tells the same, from another thread.
    """

    def __init__(self, context: Context, task: ExportTask, stopping: Callable[[], bool]) -> None:
        self._context = context
        self._task = task
        self._stopping = stopping
        self._last = self._looked = time.monotonic()
        self._ours = True

    def on_rows(self, rows: int) -> None:
        if time.monotonic() - self._last >= _REPORT_INTERVAL:
            try:
                self._ours &= report_rows(self._context, self._task, rows)
            except OperationalError as error:
                # The rows keep flowing; the next report tells whether the job is still ours.
                reason = str(error.orig).splitlines()[0]
                event(logger, "progress_not_stored", level=logging.WARNING, reason=reason)
            self._last = time.monotonic()

    def look(self) -> bool:
        """Tell whether the export is to stop; asks the database once a second."""
        if time.monotonic() - self._looked >= _CLAIM_INTERVAL:
            self._looked = time.monotonic()
            with suppress(SQLAlchemyError):  # the next look tells
                self._ours &= has_claim(self._context, self._task)
        return self.cancelled()

    def cancelled(self) -> bool:
        return self._stopping() or not self._ours


def _not_written(error: OSError) -> str:
    return f"The snapshot's files could not be written: {error.strerror or error}."
