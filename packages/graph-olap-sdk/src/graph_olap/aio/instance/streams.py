"""A result that arrives in batches while the analyst works on those before."""

from __future__ import annotations

from types import TracebackType
from typing import Any, AsyncGenerator, Awaitable, Callable, Optional, Type

import httpx

from graph_olap._arrow import to_frame
from graph_olap._arrow_stream import Rebatcher, StreamDecoder
from graph_olap._optional import require
from graph_olap._request import reading_errors

__all__ = ["AsyncResultStream", "arrow_batches"]


class AsyncResultStream:
    """Batches of a result; :meth:`AsyncInstanceConnection.stream` makes one.

    Iterate over it once. Leaving the ``with`` block, or :meth:`aclose`, ends the query on the server if it still runs.

    Args:
        send: Starts the query.
        backend: ``"arrow"``, ``"polars"`` or ``"pandas"``.
        batch_size: Rows of a batch; the last one may have fewer.
    """

    def __init__(self, send: Callable[[], Awaitable[httpx.Response]], backend: str, batch_size: int) -> None:
        # It has no reference to this object: a loop that is left drops the generator, and that ends the query.
        self._decoder = StreamDecoder()
        self._frames = _frames(send, self._decoder, backend, batch_size)

    @property
    def schema(self) -> Any:
        """The ``pyarrow.Schema`` of the result; ``None`` until the first batch or the end has arrived."""
        return self._decoder.schema

    async def __aenter__(self) -> AsyncResultStream:
        return self

    async def __aexit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncGenerator[Any, None]:
        return self._frames

    async def aclose(self) -> None:
        """End the query, if it still runs; closing twice is harmless."""
        await self._frames.aclose()


async def arrow_batches(response: httpx.Response, decoder: StreamDecoder) -> AsyncGenerator[Any, None]:
    """Yield the record batches of a reply as they arrive, and close it.

    Raises:
        ConnectionError: The stream is cut; a part is never taken for the whole.
        GraphOLAPError: The server reports an error after the first rows; the class fits its code.
    """
    decoder.request_id = response.headers.get("X-Request-ID")
    try:
        with reading_errors(response.request):
            async for piece in response.aiter_bytes():
                decoder.feed(piece)
                while decoder.batches:
                    yield decoder.batches.popleft()
        decoder.finish()
    finally:
        await response.aclose()


async def _frames(
    send: Callable[[], Awaitable[httpx.Response]], decoder: StreamDecoder, backend: str, batch_size: int
) -> AsyncGenerator[Any, None]:
    rebatcher = Rebatcher(batch_size)
    arriving = arrow_batches(await send(), decoder)
    try:
        async for arrived in arriving:
            for batch in rebatcher.add(arrived):
                yield _frame(batch, backend)
        for batch in rebatcher.rest():
            yield _frame(batch, backend)
    finally:
        await arriving.aclose()


def _frame(batch: Any, backend: str) -> Any:
    if backend == "arrow":
        return batch
    return to_frame(require("pyarrow", "dataframe").Table.from_batches([batch]), backend)
