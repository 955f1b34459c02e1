"""What this machine, or the container around us, has to offer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["available_memory_bytes", "default_instance_memory_bytes", "memory_limit_bytes"]


def memory_limit_bytes() -> int:
    """Return the memory that all processes here may use together: the tightest limit around us, or the machine's."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *(group.limit for group in _memory_groups())])


def default_instance_memory_bytes() -> int:
    """Return the memory of an instance without a size of its own: half of what there is."""
    return memory_limit_bytes() // 2


def available_memory_bytes() -> int | None:
    """Return the memory that a process could take now without others losing theirs; ``None`` where nobody tells."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    machine = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
    spare = [max(group.limit - group.used, 0) for group in _memory_groups()]
    return min(spare, default=None) if machine is None else min([machine, *spare])


@dataclass(frozen=True, slots=True)
class _MemoryGroup:
    """A control group with a memory limit, in bytes; ``used`` leaves out files that the kernel can drop."""

    limit: int
    used: int


@dataclass(frozen=True, slots=True)
class _Names:
    limit: str
    used: str
    droppable: str


_V1 = _Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_V2 = _Names("memory.max", "memory.current", "inactive_file")


def _memory_groups(
    membership: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")
) -> list[_MemoryGroup]:
    """Return every limited group that we are in, directly or by one around it."""
    groups = []
    for folder, names in _folders(membership, root):
        limit = _number(folder / names.limit)
        if limit is not None:
            used = (_number(folder / names.used) or 0) - _droppable(folder, names)
            groups.append(_MemoryGroup(limit, max(used, 0)))
    return groups


def _folders(membership: Path, root: Path) -> Iterator[tuple[Path, _Names]]:
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        lines = []
    # Where the path is that of another namespace, only the root of what is mounted here is ours.
    paths = {"": "/", "memory": "/"}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            if controller in paths:
                paths[controller] = path
    for mounted, names, controller in ((root, _V2, ""), (root / "unified", _V2, ""), (root / "memory", _V1, "memory")):
        group = mounted / paths[controller].strip("/")
        yield from ((folder, names) for folder in (group, *group.parents) if folder.is_relative_to(mounted))


def _number(file: Path) -> int | None:
    """Return a number; ``None`` for no limit (``max``) and where there is no such file."""
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _droppable(folder: Path, names: _Names) -> int:
    try:
        lines = (folder / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.split()[:1] == [names.droppable]), 0)
