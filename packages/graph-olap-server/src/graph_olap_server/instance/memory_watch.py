"""A small process beside an instance that ends it at its memory limit when it cannot do so itself.

The engine hands out results with the interpreter's lock held: for as long as that takes, no thread of the instance can
look at anything, and a list of a hundred million values takes sixteen gigabytes.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from graph_olap_server.logs import configure_logging, event

__all__ = ["limit_in_force", "resident_bytes", "start"]

_log = logging.getLogger(__name__)

_EVERY_SECONDS = 0.1
_PATIENCE_SECONDS = 0.5
"""How long the instance may be beyond its limit: it ends itself more politely, if it can."""


def start(limit_bytes: int, folder: Path, limit_file: str, exceeded_file: str) -> subprocess.Popen[bytes]:
    """Start to watch this process; the watcher ends when this process does, or closes the pipe to it.

    Args:
        limit_bytes: The limit.
        folder: The instance's folder. It is no argument of the watcher, which would pass for another instance.
        limit_file: Name of the file in it with a higher limit.
        exceeded_file: Name of the file in it that says that the limit was passed.
    """
    arguments = [str(os.getpid()), str(limit_bytes), limit_file, exceeded_file]
    return subprocess.Popen([sys.executable, "-P", "-m", __name__, *arguments], stdin=subprocess.PIPE, cwd=folder)


def resident_bytes(pid: int | str = "self") -> int | None:
    """Return the resident memory of a process; ``None`` where the system does not tell, or the process is gone."""
    try:
        with Path(f"/proc/{pid}/statm").open("rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (FileNotFoundError, ProcessLookupError):
        return None


def limit_in_force(limit_bytes: int, limit_file: Path) -> int:
    """Return the limit of the start, or the higher one that the launcher has set since."""
    try:
        return max(limit_bytes, int(limit_file.read_text()))
    except (OSError, ValueError):
        return limit_bytes


def _watch(pid: int, limit: int, limit_file: Path, exceeded_file: Path) -> None:
    beyond_since: float | None = None
    # The pipe ends with the process, however that ends.
    while not select.select([sys.stdin], [], [], _EVERY_SECONDS)[0]:
        used = resident_bytes(pid) or 0
        if used > limit:
            limit = limit_in_force(limit, limit_file)
        now = time.monotonic()
        beyond_since = None if used <= limit else beyond_since or now
        if beyond_since is not None and now - beyond_since >= _PATIENCE_SECONDS:
            exceeded_file.write_text(str(limit))
            event(_log, "memory_limit_passed", level=logging.ERROR, used_bytes=used, limit_bytes=limit)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return


if __name__ == "__main__":
    configure_logging("INFO", "instance")
    _watch(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
