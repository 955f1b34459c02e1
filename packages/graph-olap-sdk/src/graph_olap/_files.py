"""Results as files: they appear under their name when they are whole."""

from __future__ import annotations

import csv
import errno
import json
import os
import secrets
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Union

from graph_olap._optional import require
from graph_olap._parameters import format_interval
from graph_olap.exceptions import ValidationError

if TYPE_CHECKING:
    from graph_olap.models.result import QueryResult

__all__ = ["FilePath", "ParquetSink", "check_compression", "whole_file", "write_csv"]

_COMPRESSIONS = ("zstd", "snappy", "gzip", "lz4", "brotli", "none")

FilePath = Union[str, "os.PathLike[str]"]


def check_compression(compression: Any) -> str:
    """Return the name of a way to compress Parquet files.

    Raises:
        ValidationError: There is no such way.
    """
    if not (isinstance(compression, str) and compression.lower() in _COMPRESSIONS):
        allowed = ", ".join(map(repr, _COMPRESSIONS))
        raise ValidationError(f"compression must be one of {allowed}, not {compression!r}.", {"field": "compression"})
    return compression.lower()


@contextmanager
def whole_file(path: FilePath) -> Iterator[str]:
    """Lend the name of a temporary file beside ``path``, which takes its place when the block succeeds."""
    target = Path(path).expanduser()
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "There is no such folder to write into", str(target.parent))
    # Not a file of the tempfile module: those are for their owner only, and the result is a file as any other.
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        yield str(partial)
        partial.replace(target)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


class ParquetSink:
    """A Parquet file that takes its schema from the first batch.

    Args:
        path: The file to write.
        compression: ``"zstd"``, ``"snappy"``, ``"gzip"``, ``"lz4"`` or ``"none"``.
    """

    def __init__(self, path: str, compression: str) -> None:
        self._parquet = require("pyarrow.parquet", "dataframe")
        self._path = path
        self._compression = check_compression(compression)
        self._writer: Any = None
        self.rows = 0

    def write(self, batch: Any) -> None:
        """Append a batch as a row group."""
        self._open(batch.schema).write_batch(batch)
        self.rows += batch.num_rows

    def finish(self, schema: Any) -> None:
        """Write the end of the file; ``schema`` is used when there was no batch."""
        self._open(schema).close()

    def abandon(self) -> None:
        """Close the file if it is open."""
        if self._writer is not None:
            self._writer.close()

    def _open(self, schema: Any) -> Any:
        if self._writer is None:
            self._writer = self._parquet.ParquetWriter(self._path, schema, compression=self._compression)
        return self._writer


def write_csv(result: QueryResult, path: FilePath) -> None:
    """Write a result as :meth:`QueryResult.to_csv` describes it."""
    with whole_file(path) as partial, Path(partial).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(result.columns)
        for row in result.rows:
            writer.writerow([_cell(value) for value in row])


def _cell(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=_text)
    if isinstance(value, timedelta):
        return format_interval(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _text(value: Any) -> str:
    return str(_cell(value))
