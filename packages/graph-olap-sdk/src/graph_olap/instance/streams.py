# Derived from graph_olap/aio/instance/streams.py; edit that file and run `make sync`.
"""A result that arrives in batches while the analyst works on those before."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Callable, Generator, Optional, Type

import httpx

from graph_olap._arrow import to_frame
from graph_olap._arrow_stream import Rebatcher, StreamDecoder
from graph_olap._optional import require
from graph_olap._request import reading_errors

__all__ = ["ResultStream", "arrow_batches"]


class ResultStream:
    """Batches of a result; :meth:`InstanceConnection.stream` makes one.

    Iterate over it once. Leaving the ``with`` block, or :meth:`close`, ends the query on the server if it still runs.

    Args:
        send: Starts the query.
        backend: ``"arrow"``, ``"polars"`` or ``"pandas"``.
        batch_size: Rows of a batch; the last one may have fewer.
    """

    def __init__(self, send: Callable[[], httpx.Response], backend: str, batch_size: int) -> None:
        # It has no reference to this object: a loop that is left drops the generator, and that ends the query.
        self._decoder = StreamDecoder()
        self._frames = _frames(send, self._decoder, backend, batch_size)

    @property
    def schema(self) -> Any:
        """The ``pyarrow.Schema`` of the result; ``None`` until the first batch or the end has arrived."""
        return self._decoder.schema

    def __enter__(self) -> ResultStream:
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __iter__(self) -> Generator[Any, None]:
        return self._frames

    def close(self) -> None:
        """End the query, if it still runs; closing twice is harmless."""
        self._frames.close()


def arrow_batches(response: httpx.Response, decoder: StreamDecoder) -> Generator[Any, None]:
    """Yield the record batches of a reply as they arrive, and close it.

    Raises:
        ConnectionError: The stream is cut; a part is never taken for the whole.
        GraphOLAPError: The server reports an error after the first rows; the class fits its code.
    """
    decoder.request_id = response.headers.get("X-Request-ID")
    try:
        with reading_errors(response.request):
            for piece in response.iter_bytes():
                decoder.feed(piece)
                while decoder.batches:
                    yield decoder.batches.popleft()
        decoder.finish()
    finally:
        response.close()


def _frames(
    send: Callable[[], httpx.Response], decoder: StreamDecoder, backend: str, batch_size: int
) -> Generator[Any, None]:
    rebatcher = Rebatcher(batch_size)
    arriving = arrow_batches(send(), decoder)
    try:
        for arrived in arriving:
            for batch in rebatcher.add(arrived):
                yield _frame(batch, backend)
        for batch in rebatcher.rest():
            yield _frame(batch, backend)
    finally:
        arriving.close()


def _frame(batch: Any, backend: str) -> Any:
    if backend == "arrow":
        return batch
    return to_frame(require("pyarrow", "dataframe").Table.from_batches([batch]), backend)
