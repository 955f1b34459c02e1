"""A platform whose instances are rows without a process, to measure the control plane alone.

Run as ``python -m benchmarks.rows_only <data folder> <warehouse URL>``; prints the ready line of ``graph-olap serve``.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from graph_olap_server.config import Settings
from graph_olap_server.launcher.base import Handle, InstanceSpec, InstanceState, Launcher, PollResult, RunningInstance
from graph_olap_server.logs import configure_logging
from graph_olap_server.platform import EmbeddedPlatform

__all__ = ["main"]


class RowsOnlyLauncher(Launcher):
    """Says of every instance that it is on its way; each poll costs what a look at the process table costs."""

    def start(self, spec: InstanceSpec) -> Handle:
        """Start nothing."""
        return {"instance_id": spec.instance_id}

    def poll(self, handle: Handle) -> PollResult:
        """Look at a process, this one."""
        Path("/proc/self/stat").read_bytes()
        return PollResult(InstanceState.STARTING)

    def stop(self, handle: Handle, *, grace_seconds: float = 5.0) -> None:
        """Stop nothing."""

    def suspend(self, handle: Handle, *, grace_seconds: float = 5.0) -> None:
        """Stop nothing and keep nothing."""

    def discard(self, instance_id: int) -> None:
        """Remove nothing."""

    def resize(self, handle: Handle, *, cpu_cores: int, memory_gb: int | None) -> Sequence[str]:
        """Resize nothing."""
        return []

    def list_running(self) -> Sequence[RunningInstance]:
        """Find nothing."""
        return []

    def remove_leftovers(self, known: Callable[[], Collection[int]]) -> Sequence[int]:
        """Remove nothing."""
        return []

    def announce(self, control_plane_url: str) -> None:
        """Tell nobody."""

    def check(self) -> None:
        """Always there."""


def main() -> None:
    """Serve until SIGTERM."""
    settings = Settings(
        data_dir=Path(sys.argv[1]),
        warehouse=sys.argv[2],
        per_analyst_limit=100,
        cluster_limit=1000,
        log_level="WARNING",
    )
    configure_logging(settings.log_level, "rows-only")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with EmbeddedPlatform(settings, launcher=RowsOnlyLauncher()) as platform:
        print(f"Graph OLAP ready at {platform.url}", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
