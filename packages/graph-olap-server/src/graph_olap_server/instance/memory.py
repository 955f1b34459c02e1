"""The instance's memory limit, kept by the instance itself: better one graph ends than the machine it runs on.

The engine's buffer has a limit of its own, but values under construction have none: one ``range(1, n * n)`` takes
tens of gigabytes, and the engine cannot be interrupted while it builds it.
"""

from __future__ import annotations

import ctypes
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from graph_olap_server.domain.instance_config import MEMORY_EXCEEDED_FILE, MEMORY_LIMIT_FILE
from graph_olap_server.instance import memory_watch
from graph_olap_server.instance.memory_watch import resident_bytes
from graph_olap_server.logs import event

__all__ = ["OUT_OF_MEMORY_EXIT_CODE", "MemoryGuard", "UnusedMemory", "limit_in_force", "resident_bytes"]

_log = logging.getLogger(__name__)

_EVERY_SECONDS = 0.1
_WORTH_BYTES = 128 * 1024**2
_REST_SECONDS = 0.2
_SHORT_SECONDS = 0.1
_LOOK_EVERY_SECONDS = 0.5
OUT_OF_MEMORY_EXIT_CODE = 137
"""What a shell reports for SIGKILL, and container platforms for their own memory limit."""


class MemoryGuard:
    """Watches the resident memory of this process and ends it at once when it passes the limit.

    Args:
        limit_bytes: Largest resident size.
        folder: Where the reason is left for the launcher, which cannot see why a process ended.
        end: Ends the process; tests replace it.
    """

    def __init__(self, limit_bytes: int, folder: Path, end: Callable[[int], object] = os._exit) -> None:
        self._limit = limit_bytes
        self._folder = folder
        self._end = end

    def start(self) -> None:
        """Watch in a thread of its own, and from beside; does nothing where the system does not tell (macOS)."""
        if resident_bytes() is not None:
            threading.Thread(target=self._watch, name="memory", daemon=True).start()
            self._beside = memory_watch.start(self._limit, self._folder, MEMORY_LIMIT_FILE, MEMORY_EXCEEDED_FILE)

    def check(self) -> bool:
        """Look once; true when the limit was passed."""
        used = resident_bytes() or 0
        if used <= self._limit:
            return False
        self._limit = limit_in_force(self._limit, self._folder)
        if used <= self._limit:
            return False
        event(_log, "memory_limit_passed", level=logging.ERROR, used_bytes=used, limit_bytes=self._limit)
        (self._folder / MEMORY_EXCEEDED_FILE).write_text(str(self._limit))
        self._end(OUT_OF_MEMORY_EXIT_CODE)
        return True

    def _watch(self) -> None:
        pause = threading.Event()
        while not self.check():
            pause.wait(_EVERY_SECONDS)


def limit_in_force(limit_bytes: int, folder: Path) -> int:
    """Return the limit of the start, or the higher one that the launcher has set since."""
    return memory_watch.limit_in_force(limit_bytes, folder / MEMORY_LIMIT_FILE)


class UnusedMemory:
    """Gives back to the system what queries have freed.

    The C library keeps freed memory for itself: after one large result the process would look, to its own limit and to
    whoever watches it, as if it needed gigabytes for ever.
    """

    def __init__(self) -> None:
        self._least = resident_bytes() or 0
        self._looked = time.monotonic()
        self._trimming = threading.Lock()

    def look(self, ran_seconds: float) -> None:
        """Give back, in a thread of its own, when much was taken since the last time; returns at once.

        Args:
            ran_seconds: How long the query ran that has ended. Of short ones only some are worth a look, which costs
                them more than it seems: it gives up the interpreter's lock several times.
        """
        now = time.monotonic()
        if ran_seconds < _SHORT_SECONDS and now - self._looked < _LOOK_EVERY_SECONDS:
            return
        self._looked = now
        used = resident_bytes() or 0
        self._least = min(self._least, used)
        if used - self._least >= _WORTH_BYTES and self._trimming.acquire(blocking=False):
            threading.Thread(target=self._give_back, name="trim", daemon=True).start()

    def _give_back(self) -> None:
        try:
            time.sleep(_REST_SECONDS)  # the last references to the result go after the query has ended
            pa.default_memory_pool().release_unused()
            if _malloc_trim is not None:
                _malloc_trim(0)
            self._least = resident_bytes() or 0
        finally:
            self._trimming.release()


_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Of glibc; other C libraries give back by themselves."""
