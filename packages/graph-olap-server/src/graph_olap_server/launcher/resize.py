"""What changes about a running process when its instance gets other resources, and what cannot."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from graph_olap_server.domain.instance_config import InstanceConfig
from graph_olap_server.launcher.processes import session_threads

__all__ = ["resized"]

_GB = 1024**3


def resized(pid: int, config: InstanceConfig, cpu_cores: int, memory_gb: int | None) -> Sequence[str]:
    """Bind the process to so many cores and return what does not take effect while it runs."""
    notes = []
    if hasattr(os, "sched_setaffinity"):
        _bind(pid, cpu_cores)
        available = len(os.sched_getaffinity(0))
        if cpu_cores > available:
            notes.append(f"This machine has {available} cores for {cpu_cores}.")
    else:
        notes.append("This operating system cannot bind a process to cores; the number is recorded only.")
    if memory_gb is not None:
        notes.append(
            f"The engine keeps the buffer of {config.buffer_bytes / _GB:.1f} GB that it was started with; "
            "the rest is for algorithms and results."
        )
    return notes


def _bind(pid: int, cpu_cores: int) -> None:
    ours = sorted(os.sched_getaffinity(0))
    # Instances start at different cores, so that two small ones do not share one.
    first = pid % len(ours)
    chosen = {ours[(first + step) % len(ours)] for step in range(min(cpu_cores, len(ours)))}
    for thread in session_threads(pid):
        with suppress(ProcessLookupError):  # threads come and go
            os.sched_setaffinity(thread, chosen)
