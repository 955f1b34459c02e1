"""How many threads a statement may use, which the launcher may change while the instance runs."""

from __future__ import annotations

from pathlib import Path

from graph_olap_server.domain.instance_config import CPU_CORES_FILE

__all__ = ["ThreadsInForce"]


class ThreadsInForce:
    """The number of the start, until the launcher leaves another one in the instance's folder.

    Args:
        threads: The number of the start.
        folder: The instance's folder.
    """

    def __init__(self, threads: int, folder: Path) -> None:
        self._threads = threads
        self._file = folder / CPU_CORES_FILE
        self._read_at = -1

    def __call__(self) -> int:
        """Return the number in force; the file is read again only when it changed."""
        try:
            changed_at = self._file.stat().st_mtime_ns
            if changed_at != self._read_at:
                self._threads = max(1, int(self._file.read_text()))
                self._read_at = changed_at
        except (OSError, ValueError):
            pass
        return self._threads
