"""Results as an Arrow IPC stream whose end tells whether it is whole.

Every field says its contract type in the metadata key ``graph_olap.type``. A whole stream ends with the format's
end-of-stream marker. After an error the stream ends without it, and its last batch has no rows and carries the error
body in the metadata key ``graph_olap.error``: no reader can take a cut result for a whole one.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pyarrow as pa

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import EngineResult
from graph_olap_server.logs import request_id

__all__ = ["ARROW_STREAM", "ERROR_KEY", "TYPE_KEY", "Compression", "accepted_compression", "arrow_stream"]

ARROW_STREAM = "application/vnd.apache.arrow.stream"
"""Media type of Arrow IPC streams."""
TYPE_KEY = b"graph_olap.type"
"""Field metadata: the column's contract type."""
ERROR_KEY = b"graph_olap.error"
"""Metadata of the last batch of a stream that failed: the JSON error body."""


Compression = Literal["lz4", "zstd"]


def accepted_compression(header: str) -> Compression | None:
    """Return the first of the codecs in a list that this server can write.

    Example:
        >>> accepted_compression("brotli, zstd, lz4")
        'zstd'
    """
    for name in header.split(","):
        for codec in _CODECS:
            if name.strip().lower() == codec:
                return codec
    return None


_CODECS: tuple[Compression, ...] = ("lz4", "zstd")


def arrow_stream(
    result: EngineResult,
    max_rows_per_batch: int = 65_536,
    *,
    compression: Compression | None = None,
    given: Callable[[int], None] = lambda rows: None,
) -> Iterator[bytes]:
    """Yield the result as the chunks of an Arrow IPC stream.

    An error before the first chunk is raised; a later one ends the stream as described above.

    Args:
        result: What to write.
        max_rows_per_batch: Most rows of a batch.
        compression: Compresses the buffers of the batches.
        given: Called with the number of rows before each batch is written; may raise to end the stream.
    """
    schema = _described(result)
    batches = result.batches(max_rows_per_batch)
    following = next(batches, None)
    sink = _Sink()
    writer = pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(compression=compression))
    yield sink.take()
    try:
        while following is not None:
            given(following.num_rows)
            writer.write_batch(pa.RecordBatch.from_arrays(following.columns, schema=schema))
            yield sink.take()
            following = next(batches, None)
    except PlatformError as error:
        # The writer is left open on purpose: closing it would write the end-of-stream marker.
        yield _error_batch(writer, sink, schema, error)
        return
    writer.close()
    yield sink.take()


def _described(result: EngineResult) -> pa.Schema:
    fields = [
        field.with_metadata({**(field.metadata or {}), TYPE_KEY: column.type.encode()})
        for field, column in zip(result.arrow_schema, result.columns, strict=True)
    ]
    return pa.schema(fields)


def _error_batch(writer: Any, sink: _Sink, schema: pa.Schema, error: PlatformError) -> bytes:
    body = {
        "error": {"code": error.code, "message": error.message, "details": error.details},
        "meta": {"request_id": request_id.get()},
    }
    empty = pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
    writer.write_batch(empty, custom_metadata={ERROR_KEY: json.dumps(body, default=str).encode()})
    return sink.take()


class _Sink(io.RawIOBase):
    """Collects what the writer emits until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def take(self) -> bytes:
        joined = b"".join(self._parts)
        self._parts = []
        return joined
