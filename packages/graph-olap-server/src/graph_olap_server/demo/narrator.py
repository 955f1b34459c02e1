"""The voice of the demo: numbered steps with their times, on standard output."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["Narrator"]


class Narrator:
    """Writes the steps of the demo, with the time each took."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._number = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step and say afterwards how long it took."""
        self._number += 1
        self.say(f"\n{self._number}. {title}")
        started = time.perf_counter()
        yield
        self.say(f"   [{time.perf_counter() - started:.1f} s]")

    def say(self, text: str) -> None:
        """Write a line."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def show(self, value: object) -> None:
        """Write a value, indented."""
        for line in str(value).splitlines():
            self.say(f"   {line}")
