"""Jobs of each machine that shares its database with others: signs of life, and a look at its own engines."""

from __future__ import annotations

import logging
import time

from graph_olap_server.jobs.reconciliation import reconcile
from graph_olap_server.launcher.base import Launcher
from graph_olap_server.logs import event
from graph_olap_server.services.context import Context
from graph_olap_server.services.exports import release_dead_claims
from graph_olap_server.services.hosts import beat, give_up_host, take_reconciliation

__all__ = ["HostKeeper", "HostReconciler"]

_log = logging.getLogger(__name__)
_BEATS_PER_TIMEOUT = 6
_MISSED_BEATS = 3


class HostKeeper:
    """Gives signs of life for this machine and gives machines up that have given none for long.

    Silence is measured by this process's own steady clock, as the time in which it has itself seen no new sign: clocks
    that differ, jump or sleep cannot make a living machine look lost, and neither can a database that was away.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._timeout = context.settings.host_timeout
        self._interval = self._timeout / _BEATS_PER_TIMEOUT
        self._seen: dict[str, tuple[int, float]] = {}
        self._last: float | None = None

    def run(self) -> float:
        """Give one sign; also takes back the claims of processes on this machine that have died."""
        others = beat(self._context)
        now = time.monotonic()
        if self._last is None or now - self._last > _MISSED_BEATS * self._interval:
            # We were away ourselves: nobody's silence before this moment counts.
            self._seen.clear()
        self._last = now
        self._seen = {
            name: known if (known := self._seen.get(name)) is not None and known[0] == beats else (beats, now)
            for name, beats in others.items()
        }
        for name, (beats, since) in self._seen.items():
            if now - since >= self._timeout:
                self._give_up(name, beats, now - since)
        release_dead_claims(self._context)
        return self._interval

    def _give_up(self, name: str, beats: int, seconds: float) -> None:
        failed = give_up_host(self._context, name, beats, seconds)
        if failed is not None:
            event(_log, "machine_lost", level=logging.WARNING, machine=name, silent_s=round(seconds), instances=failed)


class HostReconciler:
    """Compares this machine's engines with the records whenever the reconciliation job runs on another machine."""

    def __init__(self, context: Context, launcher: Launcher) -> None:
        self._context = context
        self._launcher = launcher
        self._interval = context.settings.host_timeout / _BEATS_PER_TIMEOUT

    def run(self) -> float:
        """Reconcile if it was asked for."""
        if take_reconciliation(self._context):
            reconcile(self._context, self._launcher)
        return self._interval
