"""Reading an Arrow IPC stream piece by piece, as it arrives, and proving that it arrived whole.

Format: https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format. Every message is copied once, from the
pieces that the network gives into the memory in which its columns then live.
"""

from __future__ import annotations

import json
import struct
from collections import deque
from typing import Any, Deque, Generator, Iterator, List, Optional

from graph_olap._optional import require
from graph_olap.exceptions import ConnectionError, GraphOLAPError, ServerError, error_from_response

__all__ = ["Rebatcher", "StreamDecoder"]

_ERROR_KEY = b"graph_olap.error"
_CONTINUATION = 0xFFFFFFFF
_PREFIX_BYTES = 8
_BODY_LENGTH_ENTRY = 10  # of the field bodyLength in the table of a message


class StreamDecoder:
    """Turns pieces of a stream into record batches.

    Attributes:
        batches: What is complete, in order; the reader takes it away.
        schema: Schema of the batches, ``None`` until it has arrived.
        request_id: Goes into errors.
    """

    def __init__(self) -> None:
        self._pa = require("pyarrow", "dataframe")
        self._ipc = require("pyarrow.ipc", "dataframe")
        self._first_message: Any = None
        self._rooms = self._read_messages()
        self._room: Optional[memoryview] = next(self._rooms)
        self.batches: Deque[Any] = deque()
        self.schema: Any = None
        self.request_id: Optional[str] = None

    def feed(self, piece: bytes) -> None:
        """Take the next piece; what it completes is added to ``batches``.

        Raises:
            ConnectionError: This is no Arrow stream.
            GraphOLAPError: The server reports an error; the class fits its code.
        """
        left = memoryview(piece)
        while len(left) and self._room is not None:
            count = min(len(left), len(self._room))
            self._room[:count] = left[:count]
            self._room, left = self._room[count:], left[count:]
            if not len(self._room):
                self._room = next(self._rooms, None)

    def finish(self) -> None:
        """Check that nothing is missing: only the end marker proves it.

        Raises:
            ConnectionError: The end marker did not arrive.
        """
        if self._room is not None or self.schema is None:
            raise self._cut()

    def _read_messages(self) -> Generator[memoryview, None, None]:
        """Yield one room for bytes after the other; each is full when the next one is asked for."""
        while True:
            prefix = bytearray(_PREFIX_BYTES)
            yield memoryview(prefix)
            marker, length = struct.unpack("<Ii", prefix)
            if marker != _CONTINUATION or length < 0:
                raise self._cut()
            if length == 0:
                return
            head = bytearray(length)
            yield memoryview(head)
            try:
                message = self._pa.allocate_buffer(_PREFIX_BYTES + length + _body_length(head))
                room = memoryview(message).cast("B")
                room[: _PREFIX_BYTES + length] = prefix + head
            except (struct.error, ValueError, OverflowError, MemoryError):
                raise self._cut() from None
            if len(room) > _PREFIX_BYTES + length:
                yield room[_PREFIX_BYTES + length :]
            self._take(message)

    def _take(self, message: Any) -> None:
        reported = batch = None
        try:
            if self.schema is None:
                schema = self._ipc.read_schema(message)
                reported = _reported(schema.metadata)
                self._first_message, self.schema = message, schema.remove_metadata()
            else:
                batch = self._ipc.read_record_batch(message, self.schema)
                if batch.num_rows == 0:  # only such a one may carry an error, and only a reader tells
                    reader = self._ipc.open_stream(self._pa.py_buffer(b"".join([self._first_message, message])))
                    reported = _reported(reader.read_next_batch_with_custom_metadata()[1])
        except (self._pa.ArrowException, OSError):  # OSError is how the library names a message that is too short
            raise self._cut() from None
        if reported is not None:
            _raise_reported(reported, self.request_id)
        if batch is not None:
            self.batches.append(batch)

    def _cut(self) -> ConnectionError:
        return ConnectionError(
            "The result is cut: the connection ended before all rows arrived.",
            request_id=self.request_id,
            hint="Run the query again.",
        )


class Rebatcher:
    """Cuts batches, and joins them, into batches of one size; only the last one may be smaller.

    Args:
        rows: Rows of a batch.
    """

    def __init__(self, rows: int) -> None:
        self._pa = require("pyarrow", "dataframe")
        self._rows = rows
        self._waiting: List[Any] = []
        self._count = 0

    def add(self, batch: Any) -> Iterator[Any]:
        """Take a batch and yield those that are full now."""
        start = 0
        while batch.num_rows - start >= self._rows - self._count:
            part = batch.slice(start, self._rows - self._count)
            start += part.num_rows
            self._waiting.append(part)
            yield from self.rest()
        if start < batch.num_rows:
            self._waiting.append(batch.slice(start))
            self._count += batch.num_rows - start

    def rest(self) -> Iterator[Any]:
        """Yield what waits, if anything does."""
        parts, self._waiting, self._count = self._waiting, [], 0
        if len(parts) == 1:
            yield parts[0]
        elif parts:
            yield self._pa.Table.from_batches(parts).combine_chunks().to_batches()[0]


def _body_length(head: bytearray) -> int:
    """Return the field ``bodyLength`` of a message's metadata, which is a FlatBuffers table."""
    (root,) = struct.unpack_from("<I", head, 0)
    (distance,) = struct.unpack_from("<i", head, root)
    entries = root - distance
    (size,) = struct.unpack_from("<H", head, entries)
    if size <= _BODY_LENGTH_ENTRY:
        return 0
    (place,) = struct.unpack_from("<H", head, entries + _BODY_LENGTH_ENTRY)
    if not place:
        return 0
    (length,) = struct.unpack_from("<q", head, root + place)
    if length < 0:
        raise ValueError("negative length")
    return int(length)


def _reported(metadata: Any) -> Optional[bytes]:
    return dict(metadata).get(_ERROR_KEY) if metadata is not None else None


def _raise_reported(text: bytes, request_id: Optional[str]) -> None:
    try:
        body = json.loads(text)
    except ValueError:
        raise ServerError(
            "The server stopped in the middle of the result without a readable reason.", request_id=request_id
        ) from None
    status = body.get("status") if isinstance(body, dict) else None
    error: GraphOLAPError = error_from_response(status if isinstance(status, int) else 500, body, request_id)
    raise error
