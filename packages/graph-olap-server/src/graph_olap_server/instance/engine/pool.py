"""Connections to one open database, handed out one per query, and the interruption of what runs on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ConnectionPool", "RunningQuery"]

_INTERRUPT_EVERY_SECONDS = 0.02
_INTERRUPT_FOR_SECONDS = 5.0


@dataclass(slots=True)
class RunningQuery:
    """A query that holds a connection; ``cancelled`` tells an interruption from a time limit."""

    connection: Any
    cancelled: bool = False
    begun: bool = False
    finished: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class ConnectionPool:
    """Connections of one database; as many as were ever needed at the same time.

    Args:
        connect: Opens a connection.
        threads: Tells how many threads a statement may use; asked before each one.
    """

    def __init__(self, connect: Callable[[], Any], threads: Callable[[], int]) -> None:
        self._connect = connect
        self._threads = threads
        self._idle: list[Any] = []
        self._running: dict[str, RunningQuery] = {}
        self._mutex = threading.Lock()
        self._closed = False

    @contextmanager
    def reading(self, query_id: str | None = None) -> Iterator[RunningQuery]:
        """Lend a connection inside a read-only transaction, which ends with the block."""
        with self._lend() as connection:
            running = RunningQuery(connection)
            if query_id is not None:
                with self._mutex:
                    self._running[query_id] = running
            try:
                connection.execute("BEGIN TRANSACTION READ ONLY")
                with running.lock:
                    running.begun = True  # from here on an interruption meets the statement, not the transaction
                try:
                    yield running
                finally:
                    # A failed statement has ended its transaction already; then there is nothing to roll back.
                    with running.lock:
                        running.finished = True
                    with suppress(RuntimeError):
                        connection.execute("ROLLBACK")
            finally:
                if query_id is not None:
                    with self._mutex:
                        self._running.pop(query_id, None)

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """Lend a connection inside a transaction that commits when the block succeeds and leaves no trace otherwise."""
        with self._lend() as connection:
            connection.set_query_timeout(0)
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
        with self._lend() as connection:
            connection.set_query_timeout(0)
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
        for connection in idle:
            connection.close()

    @contextmanager
    def _lend(self) -> Iterator[Any]:
        with self._mutex:
            if self._closed:
                raise RuntimeError("The database is closed.")
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            connection.set_max_threads_for_exec(self._threads())
            yield connection
        finally:
            with self._mutex:
                keep = not self._closed
                if keep:
                    self._idle.append(connection)
            if not keep:
                connection.close()
