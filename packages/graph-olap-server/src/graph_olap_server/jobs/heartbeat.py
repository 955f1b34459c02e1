"""A thread that prolongs a lease while its holder is busy."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from graph_olap_server.logs import event

__all__ = ["Heartbeat"]

_log = logging.getLogger(__name__)


class Heartbeat:
    """Calls ``renew`` every ``interval`` seconds inside the ``with`` block, until it says that the lease is lost."""

    def __init__(self, renew: Callable[[], bool], interval: float) -> None:
        self._renew = renew
        self._interval = interval
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._done.wait(self._interval):
            try:
                if not self._renew():
                    return
            except SQLAlchemyError as error:
                # The next beat comes long before the lease ends.
                event(_log, "heartbeat_failed", level=logging.WARNING, reason=str(error).splitlines()[0])
