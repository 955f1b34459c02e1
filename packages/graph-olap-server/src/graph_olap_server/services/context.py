"""What every use case needs, passed in: settings, database, ports, the clock and the signals to the jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from graph_olap_server.config import Settings
from graph_olap_server.launcher.base import Launcher
from graph_olap_server.metrics import Metrics
from graph_olap_server.services.credentials import Credentials
from graph_olap_server.services.holders import this_process
from graph_olap_server.snapshots.store import SnapshotStore
from graph_olap_server.store.database import Database
from graph_olap_server.warehouse.base import Warehouse

__all__ = ["Context", "Signal", "Signals", "utc_now"]


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


class Signal:
    """Wakes everybody who waits for one kind of work; set after the commit, so that the woken find the row."""

    def __init__(self) -> None:
        self._events: list[threading.Event] = []

    def subscribe(self) -> threading.Event:
        """Return an event of one's own, set by every later :meth:`set`."""
        event = threading.Event()
        self._events.append(event)
        return event

    @property
    def is_heard(self) -> bool:
        """Whether somebody in this process waits for this work."""
        return bool(self._events)

    def set(self) -> None:
        """Wake all subscribers."""
        for event in self._events:
            event.set()


@dataclass(frozen=True, slots=True)
class Signals:
    """What use cases tell the jobs."""

    exports: Signal = field(default_factory=Signal)
    instances: Signal = field(default_factory=Signal)
    removals: Signal = field(default_factory=Signal)
    jobs: Signal = field(default_factory=Signal)


@dataclass(frozen=True, slots=True)
class Context:
    """The parts that use cases work with; without a launcher no engine can be reached from this process."""

    settings: Settings
    database: Database
    warehouse: Warehouse
    snapshots: SnapshotStore
    internal_api_key: str = field(repr=False)
    signals: Signals = field(repr=False, default_factory=Signals)
    credentials: Credentials = field(repr=False, default_factory=Credentials)
    clock: Callable[[], datetime] = utc_now
    launcher: Launcher | None = None
    metrics: Metrics = field(repr=False, default_factory=Metrics)

    @property
    def holder(self) -> str:
        """The name under which this process holds leases."""
        return this_process(self.settings.resolved_node_name)
