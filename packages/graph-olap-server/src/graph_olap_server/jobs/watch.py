"""A thread that ends work which does not look itself whether it is still wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Watch"]

_INTERVAL = 0.25


class Watch:
    """Asks ``unwanted`` several times a second inside the ``with`` block; calls ``cancel`` as long as it is true."""

    def __init__(self, unwanted: Callable[[], bool], cancel: Callable[[], None]) -> None:
        self._unwanted = unwanted
        self._cancel = cancel
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(_INTERVAL):
            if self._unwanted():
                self._cancel()
