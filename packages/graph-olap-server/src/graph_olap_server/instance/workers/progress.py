"""How far a function in a worker process is: it counts, and the process tells the server now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

__all__ = ["Steps", "counted", "reporting"]

_Item = TypeVar("_Item")

_EVERY_SECONDS = 0.5
_SHORTEST_SECONDS = 1.0
"""A loop that lasts less is a preparation, and says nothing about how long the whole takes."""


class Steps:
    """The loop that is counted: the outermost one of those that go over something as a whole."""

    def __init__(self) -> None:
        self._total = 0
        self._done = 0
        self._since = 0.0

    def over(self, items: Iterator[_Item], total: int) -> Iterator[_Item]:
        """Count a loop; loops within it are not looked at and cost nothing."""
        return items if self._total else self._count(items, total)

    @property
    def fraction(self) -> float | None:
        """How much of the loop is done; ``None`` without one that lasts."""
        total, done = self._total, self._done
        if not total or time.monotonic() - self._since < _SHORTEST_SECONDS:
            return None
        return min(1.0, done / total)

    def _count(self, items: Iterator[_Item], total: int) -> Iterator[_Item]:
        if self._total:  # another loop began after this one was made
            yield from items
            return
        self._done, self._since, self._total = 0, time.monotonic(), total
        try:
            for item in items:
                yield item
                self._done += 1
        finally:
            self._total = 0


_running: Steps | None = None


def counted(items: Iterator[_Item], total: int) -> Iterator[_Item]:
    """Count a loop of the function that this process runs inside :func:`reporting`."""
    return items if _running is None else _running.over(items, total)


@contextmanager
def reporting(report: Callable[[float], None]) -> Iterator[None]:
    """Call ``report`` now and then inside this block, from a thread of its own, and never after it."""
    global _running
    steps = _running = Steps()
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(_EVERY_SECONDS):
            if (fraction := steps.fraction) is not None:
                report(fraction)

    thread = threading.Thread(target=run, daemon=True)
    with suppress(RuntimeError):  # no memory for one more: then nothing is told
        thread.start()
    try:
        yield
    finally:
        _running = None
        ended.set()
        if thread.ident is not None:
            thread.join()
