"""Where snapshots lie: one folder per snapshot, found by its id."""

from __future__ import annotations

import fcntl
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Literal

from graph_olap_server import faults

__all__ = ["ATTEMPTS_FOLDER", "ENGINE_FOLDER", "EntityKind", "LocalSnapshotStore", "SnapshotStore"]

EntityKind = Literal["node", "edge"]

ATTEMPTS_FOLDER = "attempts"
"""Folder within a snapshot for the files of export attempts; gone once the snapshot is ready."""


ENGINE_FOLDER = "engine"
"""Folder within a snapshot for the loaded database files that instances keep for the next ones.

Hidden files in it are copies on their way, locked by who writes them.
"""

_DELETED = ".deleted-"


class SnapshotStore(ABC):
    """Keeps the files of snapshots."""

    @abstractmethod
    def uri(self, snapshot_id: int) -> str:
        """Return where the snapshot is, in the form that the instance launcher takes."""

    @abstractmethod
    def folder(self, snapshot_id: int) -> Path:
        """Return the local folder in which the snapshot is built and read; it need not exist."""

    @abstractmethod
    def attempt_file(self, snapshot_id: int, kind: EntityKind, name: str, attempt: int) -> Path:
        """Return the file that one attempt of an export job writes; its folder need not exist.

        Every attempt has its own file, so the leftovers of one never mix with the next.
        """

    @abstractmethod
    def delete(self, snapshot_id: int) -> None:
        """Remove everything of the snapshot; one that is already gone is fine."""

    @abstractmethod
    def remove_leftovers(self, known: Callable[[], Collection[int]]) -> Sequence[str]:
        """Remove what crashes left: files of unknown snapshots and half-written copies; return their names.

        ``known`` is called after what lies there was listed: a record always exists before its files.
        """

    @abstractmethod
    def size_bytes(self, snapshot_id: int) -> int:
        """Return the size of the snapshot's files, 0 when there are none."""

    @abstractmethod
    def check(self) -> None:
        """Touch the store; raises ``OSError`` when it cannot be written."""


class LocalSnapshotStore(SnapshotStore):
    """Snapshots on a local disk: ``root/<snapshot_id>/``.

    Args:
        root: Folder of all snapshots; made when it is missing.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def uri(self, snapshot_id: int) -> str:
        """Return the folder as a ``file://`` URI."""
        return self.folder(snapshot_id).as_uri()

    def folder(self, snapshot_id: int) -> Path:
        """Return ``root/<snapshot_id>``."""
        return self._root / str(int(snapshot_id))

    def attempt_file(self, snapshot_id: int, kind: EntityKind, name: str, attempt: int) -> Path:
        """Return ``attempts/<kind>-<name>-<attempt>.parquet`` within the snapshot's folder."""
        if "/" in name or "\\" in name or "\0" in name:
            raise ValueError(f"{name!r} cannot be part of a file name")
        return self.folder(snapshot_id) / ATTEMPTS_FOLDER / f"{kind}-{name}-{attempt}.parquet"

    def delete(self, snapshot_id: int) -> None:
        """Remove the snapshot's folder.

        The folder is renamed first: a crash in between leaves a name that no reader looks for.
        """
        folder = self.folder(snapshot_id)
        doomed = self._root / f"{_DELETED}{snapshot_id}"
        shutil.rmtree(doomed, ignore_errors=True)
        try:
            folder.rename(doomed)
        except FileNotFoundError:
            return
        faults.point("removal", "renamed")
        shutil.rmtree(doomed)

    def remove_leftovers(self, known: Callable[[], Collection[int]]) -> Sequence[str]:
        """Remove folders of unknown snapshots and copies of engine files whose writer is gone."""
        entries = [entry for entry in self._root.iterdir() if entry.is_dir()] if self._root.is_dir() else []
        wanted = known()
        removed = []
        for entry in entries:
            number = entry.name.removeprefix(_DELETED)
            if number.isdigit() and int(number) not in wanted:
                shutil.rmtree(entry, ignore_errors=True)
                removed.append(entry.name)
            elif entry.name.isdigit():
                copies = _hidden_files(entry / ENGINE_FOLDER)
                removed += [str(file.relative_to(self._root)) for file in copies if _remove_unlocked(file)]
        return removed

    def size_bytes(self, snapshot_id: int) -> int:
        """Return the bytes of all Parquet files; the engine's cache is not counted."""
        folder = self.folder(snapshot_id)
        return sum(file.stat().st_size for file in folder.rglob("*.parquet")) if folder.is_dir() else 0

    def check(self) -> None:
        """Create the root folder and write a file to it."""
        self._root.mkdir(parents=True, exist_ok=True)
        probe = self._root / ".write-check"
        probe.write_bytes(b"")
        probe.unlink(missing_ok=True)


def _hidden_files(folder: Path) -> list[Path]:
    try:
        return [file for file in folder.iterdir() if file.name.startswith(".")]
    except FileNotFoundError:  # no engine has loaded it yet, or it is being removed
        return []


def _remove_unlocked(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.unlink()
    except OSError:
        return False  # still being written, or finished meanwhile
    return True
