"""The loaded database file of a snapshot, kept beside the snapshot for its next instance.

Starting from a kept file copies nothing: the instance takes it by hard link. That is safe because an engine appends
what it writes to a log of its own and leaves the file as it is until a checkpoint, and adapters make none after the
load. Two engines cannot have one file open, so a taken file is not taken twice: the next instance copies it, unless the
first has put a copy in its place by then, which it does in the background once it runs.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from graph_olap_server import faults
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.logs import event
from graph_olap_server.snapshots.store import ENGINE_FOLDER

__all__ = ["cached_file", "mark_loaded", "publish", "restore"]

_log = logging.getLogger(__name__)

_FORMAT = 1
"""Goes up when the loader creates other tables, functions or comments for the same snapshot."""


def cached_file(adapter: type[GraphEngine], snapshot_folder: Path) -> Path:
    """Return where the loaded file of this engine in this version lies."""
    return snapshot_folder / ENGINE_FOLDER / f"{adapter.name}-{adapter.version()}-{_FORMAT}.db"


def mark_loaded(database: Path) -> None:
    """Remember the state of a database file that holds the snapshot and nothing else."""
    _mark_of(database).write_text(_state(database))


def publish(adapter: type[GraphEngine], database: Path, snapshot_folder: Path) -> bool:
    """Leave a kept file for the next instance, by copying; false when one waits already or none can be left.

    Call it in the background after :func:`restore` or a load: it puts a copy in the place of a file that was taken.
    """
    kept = cached_file(adapter, snapshot_folder)
    if _waits(kept):
        return False
    source = kept if _is_as_marked(kept) else database
    if not _is_as_marked(source):
        return False
    try:
        kept.parent.mkdir(exist_ok=True)
        _copy(source, kept)
        faults.point("instance", "cache_copied")
        mark_loaded(kept)
        _taken(kept).unlink(missing_ok=True)
    except OSError as error:
        # The cache only saves time; without space or permission every instance loads for itself.
        event(_log, "cache_not_written", level=logging.WARNING, path=str(kept), error=str(error))
        return False
    event(_log, "cache_written", path=str(kept), size_bytes=kept.stat().st_size)
    return True


def restore(adapter: type[GraphEngine], snapshot_folder: Path, database: Path) -> bool:
    """Put the kept file at ``database``; false when there is none, or it is not what was kept."""
    kept = cached_file(adapter, snapshot_folder)
    if not _is_as_marked(kept):
        return False
    try:
        if _take(kept):
            os.link(kept, database)
        else:
            _copy(kept, database)
    except OSError as error:
        event(_log, "cache_not_read", level=logging.WARNING, path=str(kept), error=str(error))
        return False
    mark_loaded(database)
    return True


def _take(kept: Path) -> bool:
    """Claim the kept file; false when somebody has it, or the file system knows no links."""
    try:
        os.link(kept, _taken(kept))
    except OSError:
        return False
    return True


def _waits(kept: Path) -> bool:
    return _is_as_marked(kept) and not _taken(kept).exists()


def _is_as_marked(database: Path) -> bool:
    mark = _mark_of(database)
    return database.exists() and mark.exists() and mark.read_text() == _state(database)


def _copy(source: Path, target: Path) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    temporary = Path(name)
    try:
        with source.open("rb") as reading, os.fdopen(descriptor, "wb") as writing:
            # Ends with the process: reconciliation knows by it which copies will never be finished.
            fcntl.flock(writing, fcntl.LOCK_EX)
            # Clones blocks where the file system can, copies inside the kernel elsewhere.
            while os.copy_file_range(reading.fileno(), writing.fileno(), 1 << 30):
                pass
        faults.point("instance", "cache_copying")
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _mark_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.loaded")


def _taken(kept: Path) -> Path:
    return kept.with_name(f"{kept.name}.taken")


def _state(database: Path) -> str:
    status = database.stat()
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}"
