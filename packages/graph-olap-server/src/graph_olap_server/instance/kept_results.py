"""Whole results of runs, kept on disk for a while so that they can be fetched as Arrow."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

import pyarrow as pa

from graph_olap_server.domain.errors import not_found

__all__ = ["KeptResults"]

_MOST = 20
_MOST_BYTES = 4 * 1024**3


class KeptResults:
    """The newest results, at most 20 of them and 4 GiB; those of an earlier process of the instance are found again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        self._sizes: OrderedDict[str, int] = OrderedDict()
        for leftover in folder.glob("*.new"):
            leftover.unlink()  # its writer died
        for path in sorted(folder.glob("*.arrow"), key=lambda path: path.stat().st_mtime_ns):
            self._sizes[path.stem] = path.stat().st_size

    def keep(self, execution_id: str, table: pa.Table) -> None:
        """Write a result; the oldest ones make room for it."""
        self._folder.mkdir(exist_ok=True)
        path = self._path(execution_id)
        unfinished = path.with_suffix(".new")
        with pa.OSFile(str(unfinished), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        unfinished.replace(path)
        with self._mutex:
            self._sizes[execution_id] = path.stat().st_size
            while len(self._sizes) > 1 and (len(self._sizes) > _MOST or sum(self._sizes.values()) > _MOST_BYTES):
                oldest, _ = self._sizes.popitem(last=False)
                self._path(oldest).unlink(missing_ok=True)

    def path(self, execution_id: str) -> Path:
        """Return the file with a result as an Arrow IPC stream.

        Raises:
            PlatformError: ``RESOURCE_NOT_FOUND``.
        """
        with self._mutex:
            if execution_id in self._sizes:
                return self._path(execution_id)
        raise not_found(
            "result",
            execution_id,
            f"There is no result of execution {execution_id} to fetch. Run it again in mode stream.",
        )

    def _path(self, execution_id: str) -> Path:
        return self._folder / f"{execution_id}.arrow"
