"""Writing Arrow batches to one Parquet file: streaming, atomic, durable."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from graph_olap_server import faults

__all__ = ["COMPRESSION", "ROW_GROUP_ROWS", "ExportCancelledError", "WrittenFile", "sync_folder", "write_parquet"]

COMPRESSION = "snappy"
"""Codec of snapshot files; docs/design/snapshots.md has the measurements."""

ROW_GROUP_ROWS = 122_880
"""Rows of a row group; the engine reads row groups in parallel."""

_ROW_GROUP_BYTES = 64 * 1024 * 1024


class ExportCancelledError(Exception):
    """The export was asked to stop; nothing of it is left on disk."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """Rows and bytes of a finished Parquet file."""

    rows: int
    size_bytes: int


def write_parquet(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    path: Path,
    *,
    on_rows: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> WrittenFile:
    """Write batches to ``path``, which appears only when it is complete.

    Memory is bounded by one row group (rows or bytes, whichever is reached first). Without any row the file still has
    its columns.

    Args:
        schema: Columns of the file.
        batches: Rows; an error raised while iterating leaves no file behind.
        path: Target; replaced when it exists. Its folder must exist.
        on_rows: Called with the rows received so far, after every batch.
        cancelled: Asked before every batch; when true the export stops.

    Raises:
        ExportCancelledError: ``cancelled`` returned true.
    """
    temporary = path.with_name(f".{path.name}.partial")
    try:
        with temporary.open("wb") as file:
            rows = _write(schema, batches, file, on_rows, cancelled)
            file.flush()
            os.fsync(file.fileno())
        size = temporary.stat().st_size
        faults.point("parquet", "before_rename")
        temporary.replace(path)
        faults.point("parquet", "renamed")
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return WrittenFile(rows, size)


def sync_folder(folder: Path) -> None:
    """Make renames within a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    file: Any,
    on_rows: Callable[[int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> int:
    rows = 0
    pending: list[pa.RecordBatch] = []
    pending_rows = pending_bytes = 0
    with pq.ParquetWriter(file, schema, compression=COMPRESSION, version="2.6") as writer:
        for batch in batches:
            if cancelled is not None and cancelled():
                raise ExportCancelledError("The export was cancelled.")
            faults.point("parquet", "writing")
            pending.append(batch)
            rows += batch.num_rows
            pending_rows += batch.num_rows
            pending_bytes += batch.nbytes
            if pending_rows >= ROW_GROUP_ROWS or pending_bytes >= _ROW_GROUP_BYTES:
                _write_group(writer, pending, schema)
                pending, pending_rows, pending_bytes = [], 0, 0
            if on_rows is not None:
                on_rows(rows)
        if cancelled is not None and cancelled():
            raise ExportCancelledError("The export was cancelled.")
        if pending:
            _write_group(writer, pending, schema)
    return rows


def _write_group(writer: pq.ParquetWriter, batches: list[pa.RecordBatch], schema: pa.Schema) -> None:
    writer.write_table(pa.Table.from_batches(batches, schema), row_group_size=ROW_GROUP_ROWS)
