"""What this machine, or the container around us, has to offer."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["available_memory_bytes", "default_instance_memory_bytes", "memory_limit_bytes"]

_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory_limit_bytes() -> int:
    """Return the memory that all processes here may use together: the container's limit or the machine's memory."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for file in _CGROUP_LIMITS:
        try:
            text = file.read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            limits.append(int(text))
    return min(limits)


def default_instance_memory_bytes() -> int:
    """Return the memory of an instance without a size of its own: half of what there is."""
    return memory_limit_bytes() // 2


def available_memory_bytes() -> int | None:
    """Return the memory that a process could take now without others losing theirs; ``None`` where nobody tells."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
