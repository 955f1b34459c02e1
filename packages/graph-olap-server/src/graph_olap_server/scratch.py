"""A folder for temporary files that lives as long as its process, however that ends.

``root/<name>`` belongs to whoever holds the lock on ``root/<name>.lock``. The kernel gives the lock back when a process
dies, so that the next one can tell the folders of the dead from those of its neighbours.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from pathlib import Path
from types import TracebackType
from typing import IO, Self

__all__ = ["ScratchFolder"]

_LOCK = ".lock"


class ScratchFolder:
    """A context manager: entering removes what dead processes left and makes the folder, leaving removes it.

    Args:
        root: Folder of all processes; made when it is missing.

    Attributes:
        path: The folder; it is known, but not made, before entering.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.path = root / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Make the folder."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for lock_file in self._root.glob(f"*{_LOCK}"):
            _remove_abandoned(lock_file)
        lock_file = self.path.with_name(f"{self.path.name}{_LOCK}")
        while self._lock is None:
            lock = lock_file.open("wb")
            fcntl.flock(lock, fcntl.LOCK_EX)
            if lock_file.exists():  # else a neighbour took the new file for an abandoned one
                self._lock = lock
            else:
                lock.close()
        self.path.mkdir()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.with_name(f"{self.path.name}{_LOCK}").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _remove_abandoned(lock_file: Path) -> None:
    try:
        with lock_file.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock_file.with_name(lock_file.name.removesuffix(_LOCK)), ignore_errors=True)
            lock_file.unlink()
    except OSError:
        return  # its process lives, or another one was faster
