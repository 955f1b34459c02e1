"""The server's side of a worker process."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from typing import Any

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.workers.control import Cancelled, Control, TimedOut
from graph_olap_server.instance.workers.shared import SharedArray, receive_parts
from graph_olap_server.logs import event

__all__ = ["Worker", "WorkerPool"]

_log = logging.getLogger(__name__)

_MOST_AT_A_TIME = 3
"""Runs that read only need no lock; more of them than this wait for memory's sake."""


class Worker:
    """A child process that runs functions of this code base, one at a time.

    ``memory_bytes`` limits its address space; a function that needs more fails with a plain message.
    """

    def __init__(self, *, threads: int, memory_bytes: int | None = None) -> None:
        ours, theirs = socket.socketpair()
        arguments = [str(theirs.fileno()), str(os.getpid()), str(memory_bytes or 0)]
        count = str(threads)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "graph_olap_server.instance.workers", *arguments],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count, "OMP_WAIT_POLICY": "PASSIVE"},
        )
        self._killed = False
        theirs.close()
        self._connection: Connection[Any, Any] = Connection(ours.detach())

    @property
    def alive(self) -> bool:
        """Whether the process runs and was not told to end; one that was killed takes a moment to die."""
        return not self._killed and self._process.poll() is None

    def call(
        self,
        function: Callable[..., Any],
        arguments: Mapping[str, Any],
        arrays: Mapping[str, SharedArray],
        control: Control,
    ) -> Any:
        """Run an importable function in the worker and return its result.

        ``arrays`` reach the function as NumPy arrays under their names.

        Raises:
            PlatformError: As the function raised it, or ``ALGORITHM_FAILED`` for any other end.
            Cancelled, TimedOut: The worker was killed.
        """
        with control.stopping(self.kill):
            try:
                shapes = {name: (array.dtype.str, array.length) for name, array in arrays.items()}
                self._connection.send((function, dict(arguments), shapes))
                for array in arrays.values():
                    send_handle(self._connection, array.fd, self._process.pid)
                kind, value = self._answer(control)
            except (EOFError, OSError) as error:
                self.kill()
                if control.cancelled:
                    raise Cancelled from None
                raise self._died() from error
        if kind == "result":
            return value
        if kind == "refused":
            code, message, details, trace = value
            if trace is not None:
                event(_log, "worker_function_refused", function=function.__qualname__, traceback=trace)
            raise PlatformError(code, message, details)
        reason, trace = value
        event(_log, "worker_function_failed", level=logging.ERROR, function=function.__qualname__, traceback=trace)
        message = (
            f"The algorithm failed in a way that nobody foresaw: {reason}. Nothing was written. Try other parameters "
            "or a smaller selection; if that does not help, give your operator the execution id: the instance's log "
            "has the details."
        )
        raise PlatformError("ALGORITHM_FAILED", message, {"reason": reason})

    def _answer(self, control: Control) -> tuple[str, Any]:
        while True:
            if not self._connection.poll(control.remaining_seconds):
                self.kill()
                raise TimedOut
            kind, value = self._connection.recv()
            if kind != "progress":
                return kind, receive_parts(self._connection, *value)
            control.report(value)

    def kill(self) -> None:
        """End the process at once; may be called twice and from any thread."""
        self._killed = True
        if self._process.poll() is None:
            self._process.kill()

    def close(self) -> None:
        """End the process and release what it held."""
        self.kill()
        self._process.wait()
        self._connection.close()

    def _died(self) -> PlatformError:
        code = self._process.wait()
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        event(_log, "worker_died", level=logging.ERROR, cause=cause)
        hint = "it probably ran out of memory" if code == -signal.SIGKILL else f"its process ended with {cause}"
        message = (
            f"The algorithm was stopped: {hint}. Nothing was written. Select fewer nodes or relationships, or give the "
            "instance more memory; mode estimate says how much a native algorithm takes."
        )
        return PlatformError("ALGORITHM_FAILED", message, {"reason": cause})


class WorkerPool:
    """Keeps one worker warm between calls and ends it after a while without any."""

    def __init__(self, *, threads: int, memory_bytes: int | None = None, idle_seconds: float = 120.0) -> None:
        self.threads = threads
        self._memory_bytes = memory_bytes
        self._idle_seconds = idle_seconds
        self._places = threading.BoundedSemaphore(_MOST_AT_A_TIME)
        self._mutex = threading.Lock()
        self._idle: Worker | None = None
        self._timer: threading.Timer | None = None

    def warm(self) -> None:
        """Start a worker now, so that it is up when it is needed."""
        with self._mutex:
            self._stop_timer()
            if self._idle is None or not self._idle.alive:
                self._idle = Worker(threads=self.threads, memory_bytes=self._memory_bytes)

    @contextlib.contextmanager
    def worker(self, control: Control) -> Iterator[Worker]:
        """Lend a worker once one of a few places is free; one that was killed meanwhile is not kept.

        Raises:
            Cancelled, TimedOut: While waiting.
        """
        while not self._places.acquire(timeout=0.1):
            control.check()
        try:
            worker = self._take()
            try:
                yield worker
            finally:
                self._give_back(worker)
        finally:
            self._places.release()

    def close(self) -> None:
        """End the idle worker."""
        with self._mutex:
            self._stop_timer()
            worker, self._idle = self._idle, None
        if worker is not None:
            worker.close()

    def _take(self) -> Worker:
        with self._mutex:
            self._stop_timer()
            worker, self._idle = self._idle, None
        if worker is not None and worker.alive:
            return worker
        return Worker(threads=self.threads, memory_bytes=self._memory_bytes)

    def _give_back(self, worker: Worker) -> None:
        with self._mutex:
            if worker.alive and self._idle is None:
                self._idle = worker
                self._timer = threading.Timer(self._idle_seconds, self.close)
                self._timer.daemon = True
                self._timer.start()
                return
        worker.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
