"""Running Cypher: a bounded pool of threads, a bounded queue, a deadline and a way to stop each query."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any, Literal, TypeVar

import orjson
import pyarrow as pa
from graph_olap.models import QueryInfo

from graph_olap_server.domain.errors import PlatformError, not_found, unavailable
from graph_olap_server.domain.instance_config import InstanceConfig
from graph_olap_server.instance.encoding.arrow_ipc import Compression, arrow_stream
from graph_olap_server.instance.engine.base import EngineResult, GraphEngine, RowTooLargeError
from graph_olap_server.instance.memory import UnusedMemory

__all__ = ["ArrowReply", "Query", "QueryService"]

_ROWS_PER_CHUNK = 8192
_CANCEL_SECONDS = 2.0

Reply = TypeVar("Reply")

_random = random.Random()


def _new_id() -> str:
    """Return a random UUID; it is no secret, and asking the system for each one gives up the interpreter's lock."""
    return str(uuid.UUID(int=_random.getrandbits(128), version=4))


@dataclass(frozen=True, slots=True)
class Query:
    """One guarded statement with decoded parameters and the limits that apply to it.

    ``spill`` lets the engine write the result to the instance's disk instead of keeping it in memory.
    """

    statement: str
    parameters: Mapping[str, Any]
    timeout_ms: int
    max_rows: int | None
    user_name: str
    query_id: str = field(default_factory=_new_id)
    compression: Compression | None = None
    spill: bool = False


@dataclass(slots=True)
class ArrowReply:
    """A finished query as an Arrow IPC stream; ``close`` frees the rows, ``begun`` says whether somebody reads them."""

    chunks: Iterator[bytes]
    row_count: int
    execution_time_ms: int
    truncated: bool
    close: Callable[[], None]
    begun: bool = False


@dataclass(slots=True)
class _Running:
    query: Query
    started_at: datetime
    started: float
    began: float | None = None
    state: Literal["queued", "running", "encoding", "streaming"] = "queued"
    rows: int | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    instance_stops: int | None = None

    @property
    def elapsed_ms(self) -> int:
        return int((time.monotonic() - self.started) * 1000)


class QueryService:
    """Runs queries beside each other; never on the event loop's thread."""

    def __init__(self, config: InstanceConfig) -> None:
        self._config = config
        self._pool = ThreadPoolExecutor(config.query_concurrency, thread_name_prefix="query")
        self._mutex = threading.Lock()
        self._running: dict[str, _Running] = {}
        self._engine: GraphEngine | None = None
        self._unused = UnusedMemory()
        self._closed = False

    @property
    def active(self) -> int:
        """Queries that run or wait."""
        return len(self._running)

    def submit_json(self, engine: GraphEngine, query: Query) -> Future[bytes]:
        """Start a query whose reply is the JSON body of section 3.14."""
        return self._submit(engine, query, self._json_body)

    def submit_arrow(self, engine: GraphEngine, query: Query) -> Future[ArrowReply]:
        """Start a query whose reply is an Arrow stream."""
        return self._submit(engine, query, self._arrow_reply)

    def running(self) -> list[QueryInfo]:
        """Return the queries that run or wait, oldest first."""
        with self._mutex:
            entries = sorted(self._running.values(), key=lambda entry: entry.started)
        return [
            QueryInfo(
                query_id=entry.query.query_id,
                user_name=entry.query.user_name,
                query=entry.query.statement,
                started_at=entry.started_at,
                elapsed_ms=entry.elapsed_ms,
                state=entry.state,
                row_count=entry.rows,
            )
            for entry in entries
        ]

    def owner_of(self, query_id: str) -> str:
        """Return who started a query; raises 404 when it is not there (any more)."""
        entry = self._running.get(query_id)
        if entry is None:
            raise not_found("query", query_id, f"Query {query_id} is not running; it may have ended.")
        return entry.query.user_name

    def cancel(self, query_id: str) -> bool:
        """Stop a query that runs or waits, and wait for its thread to be free; false when there is none."""
        with self._mutex:
            entry = self._running.get(query_id)
            if entry is None:
                return False
            entry.cancelled.set()
            engine = self._engine
        # An interruption that comes just before the engine starts on the query is lost: repeat it until the query ends.
        patience = time.monotonic() + _CANCEL_SECONDS
        while self._running.get(query_id) is entry and time.monotonic() < patience:
            if engine is not None and entry.state == "running":
                engine.cancel(query_id)
            elif entry.state in ("queued", "streaming"):
                break  # it sees the mark before it reaches the engine, or with its next batch
            time.sleep(0.005)
        return True

    def close(self) -> None:
        """Stop everything, as the instance stops."""
        with self._mutex:
            self._closed = True
            entries = list(self._running.values())
            for entry in entries:
                entry.instance_stops = self._config.instance_id
                entry.cancelled.set()
        for entry in entries:
            self.cancel(entry.query.query_id)
        self._pool.shutdown(wait=False)

    def _submit(
        self, engine: GraphEngine, query: Query, encode: Callable[[_Running, EngineResult], Reply]
    ) -> Future[Reply]:
        limit = self._config.query_concurrency + self._config.query_queue
        with self._mutex:
            if self._closed:
                raise _stopping(self._config.instance_id)
            self._engine = engine
            if query.query_id in self._running:
                raise PlatformError(
                    "ALREADY_EXISTS",
                    f"A query with id {query.query_id} is running. Choose another X-Query-Id.",
                    {"resource_type": "query", "resource_id": query.query_id},
                )
            if len(self._running) >= limit:
                raise unavailable(
                    "queries", f"{limit} queries are running or waiting on this instance. Try again soon."
                )
            entry = _Running(query, datetime.now(UTC), time.monotonic())
            self._running[query.query_id] = entry
            return self._pool.submit(self._run, engine, entry, encode)

    def _run(self, engine: GraphEngine, entry: _Running, encode: Callable[[_Running, EngineResult], Reply]) -> Reply:
        query = entry.query
        try:
            if entry.cancelled.is_set():
                raise _cancelled(entry)
            remaining_ms = query.timeout_ms - entry.elapsed_ms
            if remaining_ms <= 0:
                raise _timed_out_in_queue(entry)
            entry.state, entry.began = "running", time.monotonic()
            result = engine.query(
                query.statement,
                query.parameters,
                timeout_ms=remaining_ms,
                query_id=query.query_id,
                spill=query.spill,
            )
            entry.state, entry.rows = "encoding", 0
            if entry.cancelled.is_set():
                result.close()
                raise _cancelled(entry)
            return encode(entry, result)
        except PlatformError as error:
            if error.code == "QUERY_TIMEOUT" and entry.state == "running":
                # The engine knows what was left of the limit when it began, not the limit.
                raise _timed_out(entry) from None
            if error.code == "REQUEST_TIMEOUT" and entry.cancelled.is_set():
                raise _cancelled(entry) from None
            raise
        finally:
            if entry.state != "streaming":
                self._end(entry)

    def _end(self, entry: _Running) -> None:
        with self._mutex:
            if self._running.get(entry.query.query_id) is entry:
                del self._running[entry.query.query_id]
        self._unused.look(0 if entry.began is None else time.monotonic() - entry.began)

    def _json_body(self, entry: _Running, result: EngineResult) -> bytes:
        query = entry.query
        try:
            rows_limit = self._config.query_max_rows
            shown = result.row_count if query.max_rows is None else min(query.max_rows, result.row_count)
            if shown > rows_limit:
                raise self._too_large(result.row_count)
            body = _encode(result, shown, self._config.query_max_bytes, partial(_goes_on, entry))
            if body is None:
                raise self._too_large(result.row_count)
            return body
        finally:
            result.close()

    def _arrow_reply(self, entry: _Running, result: EngineResult) -> ArrowReply:
        query = entry.query
        truncated = query.max_rows is not None and query.max_rows < result.row_count
        shown = _FirstRows(result, query.max_rows) if truncated and query.max_rows is not None else result

        def close() -> None:
            result.close()
            self._end(entry)

        entry.state = "streaming"
        try:
            chunks = arrow_stream(shown, compression=query.compression, given=partial(_given, entry))
            # What is wrong with the first rows is an error reply, not a stream that breaks off.
            first = next(chunks)
        except BaseException:
            close()
            raise
        return ArrowReply(chain([first], chunks), shown.row_count, result.execution_time_ms, truncated, close)

    def _too_large(self, rows: int) -> PlatformError:
        return PlatformError(
            "RESULT_TOO_LARGE",
            f"The result has {rows} rows and exceeds {self._config.query_max_rows} rows or "
            f"{self._config.query_max_bytes} bytes. Aggregate, add a LIMIT, or fetch it as a DataFrame.",
            {"max_rows": self._config.query_max_rows, "max_bytes": self._config.query_max_bytes, "rows_seen": rows},
        )


class _FirstRows(EngineResult):
    """The first rows of a result; columns and types stay."""

    __slots__ = ("_inner",)

    def __init__(self, inner: EngineResult, limit: int) -> None:
        super().__init__(inner.columns, limit, inner.execution_time_ms, inner.warnings)
        self._inner = inner

    @property
    def arrow_schema(self) -> pa.Schema:
        return self._inner.arrow_schema

    def batches(self, max_rows_per_batch: int = 65_536) -> Iterator[pa.RecordBatch]:
        left = self.row_count
        for batch in self._inner.batches(max_rows_per_batch):
            yield batch.slice(0, left)
            left -= min(left, batch.num_rows)
            if left == 0:
                return

    def rows(self) -> Iterator[list[Any]]:
        for _, row in zip(range(self.row_count), self._inner.rows(), strict=False):
            yield row

    def close(self) -> None:
        self._inner.close()


def _given(entry: _Running, rows: int) -> None:
    """Count rows on their way out; raises when the query was cancelled meanwhile."""
    if entry.cancelled.is_set():
        raise _cancelled(entry)
    entry.rows = (entry.rows or 0) + rows


def _goes_on(entry: _Running) -> None:
    """Raise when the query was cancelled, or its time is over, while its rows are being encoded."""
    if entry.cancelled.is_set():
        raise _cancelled(entry)
    if entry.elapsed_ms > entry.query.timeout_ms:
        raise _timed_out(entry)


def _encode(result: EngineResult, shown: int, max_bytes: int, check: Callable[[], None]) -> bytes | None:
    """Return the JSON body, or ``None`` once it is known to be larger than ``max_bytes``."""
    parts: list[bytes] = []
    size = 0
    rows = result.rows()
    left = shown
    while left > 0:
        check()
        try:
            chunk = [row for _, row in zip(range(min(left, _ROWS_PER_CHUNK)), rows, strict=False)]
        except RowTooLargeError:
            return None
        left -= len(chunk)
        encoded = _dumps(chunk)[1:-1]
        size += len(encoded) + 1
        if size > max_bytes:
            return None
        parts.append(encoded)
        if not chunk:
            break
    head = {
        "columns": [column.name for column in result.columns],
        "column_types": [column.type for column in result.columns],
        "row_count": shown,
        "execution_time_ms": result.execution_time_ms,
        "truncated": shown < result.row_count,
        "warnings": result.warnings,
    }
    return b"".join([orjson.dumps(head)[:-1], b',"rows":[', b",".join(parts), b"]}"])


def _dumps(rows: list[list[Any]]) -> bytes:
    try:
        return orjson.dumps(rows)
    except TypeError:
        import json  # 128-bit integers: exact digits, which orjson refuses to write

        return json.dumps(rows, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _cancelled(entry: _Running) -> PlatformError:
    if entry.instance_stops is not None:
        return _stopping(entry.instance_stops)
    details = {"reason": "cancelled", "timeout_ms": entry.query.timeout_ms}
    return PlatformError("REQUEST_TIMEOUT", f"Query {entry.query.query_id} was cancelled.", details)


def _stopping(instance_id: int) -> PlatformError:
    message = f"Instance {instance_id} is stopping, and the query with it. Connect again once it runs again."
    return PlatformError("INSTANCE_NOT_READY", message, {"status": "stopping"})


def _timed_out(entry: _Running) -> PlatformError:
    timeout_ms = entry.query.timeout_ms
    seconds = f"{timeout_ms / 1000:g}"
    message = f"The query was stopped at its time limit of {seconds} s. Filter or aggregate more, or raise timeout."
    return PlatformError("QUERY_TIMEOUT", message, {"timeout_ms": timeout_ms, "elapsed_ms": entry.elapsed_ms})


def _timed_out_in_queue(entry: _Running) -> PlatformError:
    timeout_ms = entry.query.timeout_ms
    waited = f"The query waited {timeout_ms / 1000:g} s for its turn behind other queries."
    details = {"timeout_ms": timeout_ms, "elapsed_ms": entry.elapsed_ms}
    return PlatformError("QUERY_TIMEOUT", f"{waited} Raise timeout or try again later.", details)
