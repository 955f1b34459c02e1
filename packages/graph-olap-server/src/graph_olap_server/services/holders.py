"""Who holds a lease: a process by machine, id and start, so that the leases of a dead one are free at once."""

from __future__ import annotations

import os
from functools import lru_cache

from graph_olap_server.launcher.processes import is_alive, start_mark

__all__ = ["has_died", "this_process"]


@lru_cache(maxsize=4)
def this_process(node: str) -> str:
    """Return the name under which this process holds leases on a machine of that name."""
    pid = os.getpid()
    return f"{node}:{pid}:{start_mark(pid)}"


def has_died(holder: str | None, node: str) -> bool:
    """Tell whether a holder is known to be dead; false for one on another machine, whose leases run out instead."""
    parts = (holder or "").split(":")
    if len(parts) < 3 or parts[0] != node or not parts[1].isdigit():
        return False
    return not is_alive(int(parts[1]), parts[2])
