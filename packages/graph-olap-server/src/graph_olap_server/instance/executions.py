"""Runs of algorithms: started under the lock, observed, cancelled, remembered."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from graph_olap.models import AlgorithmExecution

from graph_olap_server.domain.errors import PlatformError, invalid_state, not_found
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.history import History
from graph_olap_server.instance.kept_results import KeptResults
from graph_olap_server.instance.lock import InstanceLock
from graph_olap_server.instance.workers import Cancelled, Control, TimedOut
from graph_olap_server.logs import event

__all__ = ["Execution", "ExecutionService", "Outcome", "Task"]

_log = logging.getLogger(__name__)

_HISTORY_FILE = "executions.json"
_RESULTS_FOLDER = "results"
_KEPT = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished run found and wrote."""

    result: dict[str, Any]
    nodes_updated: int = 0
    edges_updated: int = 0
    table: pa.Table | None = None
    """The whole result, for mode ``stream``."""


@dataclass(frozen=True, slots=True)
class Task:
    """A validated request to run an algorithm; ``run`` does the work in a thread of its own."""

    algorithm: str
    algorithm_type: str
    user_name: str
    run: Callable[[Control], Outcome]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    node_label: str | None = None
    edge_type: str | None = None
    result_property: str | None = None
    timeout_ms: int = 1_800_000
    takes_lock: bool = True


class Execution:
    """One run: its record, the handle to stop it, and a future that is done when it is."""

    def __init__(self, task: Task) -> None:
        self.control = Control(task.timeout_ms)
        self.done: Future[None] = Future()
        self.error: PlatformError | None = None
        self._started = time.monotonic()
        self._record = AlgorithmExecution(
            execution_id=str(uuid.uuid4()),
            algorithm_name=task.algorithm,
            algorithm=task.algorithm,
            algorithm_type=task.algorithm_type,
            status="running",
            started_at=datetime.now(UTC),
            result_property=task.result_property,
            node_label=task.node_label,
            edge_type=task.edge_type,
            user_name=task.user_name,
            parameters=dict(task.parameters),
        )

    @property
    def id(self) -> str:
        """The execution id."""
        return self._record.execution_id

    @property
    def record(self) -> AlgorithmExecution:
        """The record as of now."""
        if self._record.status != "running":
            return self._record
        control = self.control
        return self._record.model_copy(
            update={
                "elapsed_ms": self._elapsed_ms,
                "phase": control.phase,
                "progress_percent": control.progress_percent,
            }
        )

    def complete(self, outcome: Outcome) -> None:
        """Record success."""
        self._finish(
            status="completed",
            progress_percent=100,
            result=outcome.result,
            nodes_updated=outcome.nodes_updated,
            edges_updated=outcome.edges_updated,
        )

    def fail(self, status: str, code: str, error: PlatformError) -> None:
        """Record a failure or a cancellation; nothing was written."""
        error.details.setdefault("algorithm", self._record.algorithm)
        error.details.setdefault("execution_id", self.id)
        self.error = error
        self._finish(status=status, error_code=code, error_message=error.message, nodes_updated=0, edges_updated=0)

    @property
    def _elapsed_ms(self) -> int:
        return int((time.monotonic() - self._started) * 1000)

    def _finish(self, **fields: Any) -> None:
        self._record = self._record.model_copy(
            update={"completed_at": datetime.now(UTC), "duration_ms": self._elapsed_ms, **fields}
        )


class ExecutionService:
    """All runs of one instance and the lock they take turns on."""

    def __init__(self, folder: Path) -> None:
        self.lock = InstanceLock()
        self.results = KeptResults(folder / _RESULTS_FOLDER)
        self._history = History(folder / _HISTORY_FILE)
        self._mutex = threading.Lock()
        self._running: OrderedDict[str, Execution] = OrderedDict()
        self._finished: OrderedDict[str, AlgorithmExecution] = OrderedDict(
            (record.execution_id, record) for record in self._history.read()[-_KEPT:]
        )

    def start(self, task: Task) -> Execution:
        """Start a run in a thread of its own.

        Raises:
            PlatformError: ``RESOURCE_LOCKED``.
        """
        execution = Execution(task)
        if task.takes_lock:
            self.lock.acquire(
                username=task.user_name,
                algorithm=task.algorithm,
                algorithm_type=task.algorithm_type,
                execution_id=execution.id,
            )
        with self._mutex:
            self._running[execution.id] = execution
            self._remember(execution.record)
        thread = threading.Thread(target=self._run, args=(execution, task), name=task.algorithm, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            message = f"{task.algorithm} could not be started: this machine has no threads left. Try again later."
            execution.fail("failed", "ALGORITHM_FAILED", PlatformError("ALGORITHM_FAILED", f"{message} ({error})"))
            self._retire(execution, task)
        return execution

    def get(self, execution_id: str) -> AlgorithmExecution:
        """Return a record; raises 404 when it is unknown or forgotten."""
        with self._mutex:
            if (running := self._running.get(execution_id)) is not None:
                return running.record
            if (finished := self._finished.get(execution_id)) is not None:
                return finished
        raise not_found("execution", execution_id)

    def recent(self, status: str | None, limit: int) -> tuple[list[AlgorithmExecution], int]:
        """Return the newest records and how many there are."""
        with self._mutex:
            records = [*self._finished.values(), *(execution.record for execution in self._running.values())]
        records = [record for record in records if status is None or record.status == status]
        records.sort(key=lambda record: record.started_at, reverse=True)
        return records[:limit], len(records)

    def cancel(self, execution_id: str) -> AlgorithmExecution:
        """Stop a run and return its record once it is over."""
        with self._mutex:
            execution = self._running.get(execution_id)
        if execution is None:
            record = self.get(execution_id)
            raise invalid_state(
                "execution",
                execution_id,
                record.status,
                "running",
                f"Execution {execution_id} is {record.status}; only a running one can be cancelled.",
            )
        execution.control.cancel()
        execution.done.result()
        return execution.record

    def drop_property(self, engine: GraphEngine, label: str, name: str, user_name: str) -> None:
        """Remove a property that an algorithm wrote, under the lock."""
        turn = str(uuid.uuid4())
        self.lock.acquire(username=user_name, algorithm="drop_property", algorithm_type="native", execution_id=turn)
        try:
            engine.drop_node_property(label, name)
        finally:
            self.lock.release(turn)

    def close(self) -> None:
        """Cancel every run; returns at once."""
        with self._mutex:
            running = [*self._running.values()]
        for execution in running:
            execution.control.cancel()

    def _run(self, execution: Execution, task: Task) -> None:
        try:
            outcome = task.run(execution.control)
            if outcome.table is not None:
                self.results.keep(execution.id, outcome.table)
            execution.complete(outcome)
        except Cancelled:
            execution.fail(
                "cancelled",
                "CANCELLED",
                PlatformError("ALGORITHM_FAILED", f"{task.algorithm} was cancelled.", {"reason": "cancelled"}),
            )
        except TimedOut:
            message = f"{task.algorithm} exceeded its time limit of {task.timeout_ms} ms and was stopped."
            details = {"timeout_ms": task.timeout_ms}
            execution.fail("failed", "ALGORITHM_TIMEOUT", PlatformError("ALGORITHM_TIMEOUT", message, details))
        except PlatformError as error:
            execution.fail("failed", error.code, error)
        except Exception as error:  # noqa: BLE001 - the boundary of the thread: logged in full, told to the caller in words
            _log.exception("execution_failed")
            message = f"{task.algorithm} failed unexpectedly; the instance's log has the cause."
            if (cause := _cannot_write(error)) is not None:
                message = (
                    f"{task.algorithm} could not write to the instance's folder: {cause}. "
                    "Free space there, or ask your operator to."
                )
            execution.fail("failed", "ALGORITHM_FAILED", PlatformError("ALGORITHM_FAILED", message))
        finally:
            self._retire(execution, task)

    def _retire(self, execution: Execution, task: Task) -> None:
        record = execution.record
        with self._mutex:
            del self._running[execution.id]
            self._finished[execution.id] = record
            while len(self._finished) > _KEPT:
                self._finished.popitem(last=False)
            self._remember(record)
        if task.takes_lock:
            self.lock.release(execution.id)
        event(
            _log,
            "execution_finished",
            execution_id=record.execution_id,
            algorithm=record.algorithm,
            status=record.status,
            duration_ms=record.duration_ms,
            error_code=record.error_code,
        )
        execution.done.set_result(None)

    def _remember(self, record: AlgorithmExecution) -> None:
        running = (execution.record for execution in self._running.values())
        self._history.add(record, (known for part in (self._finished.values(), running) for known in part))


def _cannot_write(error: Exception) -> str | None:
    """Return the system's words when a file could not be written, by us or by the engine."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    full = os.strerror(errno.ENOSPC)
    return full if full in str(error) else None
