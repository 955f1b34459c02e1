"""The instance's memory limit, kept by the instance itself: better one graph ends than the machine it runs on.

The engine's buffer has a limit of its own, but values under construction have none: one ``range(1, n * n)`` takes
tens of gigabytes, and the engine cannot be interrupted while it builds it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from graph_olap_server.domain.instance_config import MEMORY_EXCEEDED_FILE, MEMORY_LIMIT_FILE
from graph_olap_server.logs import event

__all__ = ["OUT_OF_MEMORY_EXIT_CODE", "MemoryGuard", "limit_in_force", "resident_bytes"]

_log = logging.getLogger(__name__)

_EVERY_SECONDS = 0.1
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
        """Watch in a thread of its own; does nothing where the system does not tell (macOS)."""
        if resident_bytes() is not None:
            threading.Thread(target=self._watch, name="memory", daemon=True).start()

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
    try:
        return max(limit_bytes, int((folder / MEMORY_LIMIT_FILE).read_text()))
    except (OSError, ValueError):
        return limit_bytes


def resident_bytes() -> int | None:
    """Return the resident memory of this process; ``None`` where the system does not tell."""
    try:
        with Path("/proc/self/statm").open("rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        return None
