"""Connections to one open database, handed out one per query, and the interruption of what runs on them.

A connection keeps its read-only transaction from one query to the next while nobody writes: to begin and to end one
takes the engine as long as a small query does. No such transaction is idle while something is written.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from graph_olap_server.instance.engine.threads import share

__all__ = ["ConnectionPool", "RunningQuery"]

_INTERRUPT_EVERY_SECONDS = 0.02
_INTERRUPT_FOR_SECONDS = 5.0


@dataclass(slots=True)
class _Pooled:
    """A connection, and the state of the graph that its open read-only transaction sees; ``None`` without one."""

    connection: Any
    sees: int | None = None

    def end_reading(self) -> None:
        """End the transaction; a failed statement has ended it already, then there is nothing to roll back."""
        self.sees = None
        with suppress(RuntimeError):
            self.connection.execute("ROLLBACK")


@dataclass(slots=True)
class RunningQuery:
    """A query that holds a connection; ``cancelled`` tells an interruption from a time limit."""

    connection: Any
    cancelled: bool = False
    failed: bool = False
    begun: bool = False
    finished: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def execute(self, text: str, values: Mapping[str, Any] | None = None) -> Any:
        """Run a statement; after one that fails, the transaction is not used again."""
        try:
            return self.connection.execute(text, values) if values else self.connection.execute(text)
        except BaseException:
            self.failed = True
            raise


class ConnectionPool:
    """Connections of one database; as many as were ever needed at the same time.

    Args:
        connect: Opens a connection.
        threads: Tells how many threads there are for statements; asked before each one, which gets its share.
    """

    def __init__(self, connect: Callable[[], Any], threads: Callable[[], int]) -> None:
        self._connect = connect
        self._threads = threads
        self._idle: list[_Pooled] = []
        self._running: dict[str, RunningQuery] = {}
        self._mutex = threading.Lock()
        self._closed = False
        self._lent = 0
        self._writers = 0
        self._writes = 0  # ever ended; the number of the graph's state

    @contextmanager
    def reading(self, query_id: str | None = None) -> Iterator[RunningQuery]:
        """Lend a connection inside a read-only transaction that sees all that was written before."""
        with self._lend() as pooled:
            running = RunningQuery(pooled.connection)
            if query_id is not None:
                with self._mutex:
                    self._running[query_id] = running
            try:
                self._begin_reading(pooled)
                with running.lock:
                    running.begun = True  # from here on an interruption meets the statement, not the transaction
                try:
                    yield running
                except BaseException:
                    running.failed = True
                    raise
                finally:
                    with running.lock:
                        running.finished = True
                    if running.failed or running.cancelled:
                        pooled.end_reading()
            finally:
                if query_id is not None:
                    with self._mutex:
                        self._running.pop(query_id, None)

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """Lend a connection inside a transaction that commits when the block succeeds and leaves no trace otherwise."""
        with self._lend_alone() as connection:
            connection.execute("BEGIN TRANSACTION")
            try:
                yield connection
            except BaseException:
                with suppress(RuntimeError):
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def plain(self) -> Iterator[Any]:
        """Lend a connection on which each statement commits by itself."""
        with self._lend_alone() as connection:
            yield connection

    def cancel(self, query_id: str) -> bool:
        """Interrupt a query and wait until it stopped; false when none has this id.

        The engine forgets an interruption that comes before its statement starts, so it is repeated until it took.
        """
        with self._mutex:
            running = self._running.get(query_id)
        if running is None:
            return False
        running.cancelled = True
        deadline = time.monotonic() + _INTERRUPT_FOR_SECONDS
        while time.monotonic() < deadline:
            with running.lock:
                if running.finished:
                    return True
                if running.begun:
                    running.connection.interrupt()
            time.sleep(_INTERRUPT_EVERY_SECONDS)
        return True

    def close(self) -> None:
        """Close every idle connection; those in use close when they come back."""
        with self._mutex:
            self._closed = True
            idle, self._idle = self._idle, []
        for pooled in idle:
            pooled.connection.close()

    def _begin_reading(self, pooled: _Pooled) -> None:
        with self._mutex:
            current = self._writes
        if pooled.sees == current:
            return
        if pooled.sees is not None:
            pooled.end_reading()
        pooled.connection.execute("BEGIN TRANSACTION READ ONLY")
        pooled.sees = current

    @contextmanager
    def _lend_alone(self) -> Iterator[Any]:
        """Lend a connection without a transaction, for writing; none that is idle has one until it comes back."""
        with self._mutex:
            self._writers += 1
            ending = [pooled for pooled in self._idle if pooled.sees is not None]
            self._idle = [pooled for pooled in self._idle if pooled.sees is None]
        for pooled in ending:
            self._give_back(pooled)
        try:
            with self._lend() as pooled:
                pooled.connection.set_query_timeout(0)
                yield pooled.connection
        finally:
            with self._mutex:
                self._writers -= 1
                self._writes += 1

    @contextmanager
    def _lend(self) -> Iterator[_Pooled]:
        with self._mutex:
            if self._closed:
                raise RuntimeError("The database is closed.")
            pooled = self._idle.pop() if self._idle else None
            others = self._lent
            self._lent += 1
        try:
            if pooled is None:
                pooled = _Pooled(self._connect())
            try:
                pooled.connection.set_max_threads_for_exec(share(self._threads(), others))
                yield pooled
            finally:
                self._give_back(pooled)
        finally:
            with self._mutex:
                self._lent -= 1

    def _give_back(self, pooled: _Pooled) -> None:
        with self._mutex:
            may_read_on = pooled.sees == self._writes and not self._writers
            if may_read_on and not self._closed:
                self._idle.append(pooled)
                return
        if pooled.sees is not None:
            pooled.end_reading()
        with self._mutex:
            keep = not self._closed
            if keep:
                self._idle.append(pooled)
        if not keep:
            pooled.connection.close()
