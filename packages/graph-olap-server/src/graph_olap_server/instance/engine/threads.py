"""How many threads a statement may use: what the launcher allows at the time, shared by what runs beside each other.

A statement keeps its threads to its end, so those that run already leave one to each that may still come.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from graph_olap_server.domain.instance_config import CPU_CORES_FILE

__all__ = ["ThreadsInForce", "giving_way", "share", "workers"]

_Made = TypeVar("_Made")

_NICE = 3
"""How much they give way; beside five long queries a small one took 10 ms with 0, 6 to 9 with 2, 3 to 7 with 5."""


def giving_way(make: Callable[[], _Made]) -> _Made:
    """Call ``make`` so that the threads it starts give way to those that read requests and write replies.

    Linux only, where threads have priorities of their own, which those they start inherit.

    Example:
        >>> giving_way(lambda: 7)
        7
    """
    if sys.platform != "linux":
        return make()
    with ThreadPoolExecutor(1, thread_name_prefix="opening", initializer=_give_way) as pool:
        return pool.submit(make).result()


def share(threads: int, others: int) -> int:
    """Return how many of the threads a statement gets that starts beside ``others``: two get all, more their part.

    Example:
        >>> [share(4, others) for others in range(9)]
        [4, 4, 2, 2, 1, 1, 1, 1, 1]
    """
    return max(1, min(threads, 2 * threads // (others + 1)))


def workers(threads: int, concurrency: int) -> int:
    """Return how many threads an engine needs so that none of ``concurrency`` statements ever waits for one.

    Each of them wakes for every statement, so more of them only take time from those that work.

    Example:
        >>> workers(2, 9)
        11
    """
    # Whoever started beside n others has at least n older ones, so no more than this is taken at a time.
    return sum(share(threads, others) for others in range(concurrency))


def _give_way() -> None:
    own = threading.get_native_id()
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, own, os.getpriority(os.PRIO_PROCESS, own) + _NICE)


class ThreadsInForce:
    """The number of the start, until the launcher leaves another one in the instance's folder.

    Args:
        threads: The number of the start.
        folder: The instance's folder.
    """

    def __init__(self, threads: int, folder: Path) -> None:
        self._threads = threads
        self._file = folder / CPU_CORES_FILE
        self._read_at = -1

    def __call__(self) -> int:
        """Return the number in force; the file is read again only when it changed."""
        try:
            changed_at = self._file.stat().st_mtime_ns
            if changed_at != self._read_at:
                self._threads = max(1, int(self._file.read_text()))
                self._read_at = changed_at
        except (OSError, ValueError):
            pass
        return self._threads
