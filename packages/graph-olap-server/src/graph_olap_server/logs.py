"""Structured logs: one JSON object a line, with the request id where there is one."""

from __future__ import annotations

import contextvars
import json
import logging
import sys
import threading
import time
from contextlib import nullcontext, suppress
from typing import Any, TextIO

import orjson

__all__ = ["client_address", "configure_logging", "event", "request_id"]

request_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("request_id", default=None)
"""Id of the request being served, for logs and replies."""

client_address: contextvars.ContextVar[str | None] = contextvars.ContextVar("client_address", default=None)
"""Where the request being served came from, for the audit log."""


def event(
    logger: logging.Logger, name: str, *, level: int = logging.INFO, may_wait: bool = False, **fields: Any
) -> None:
    """Log one event with structured fields.

    Args:
        logger: Whose event it is.
        name: What happened.
        level: How bad it is.
        may_wait: There may be thousands a second: the line may be written a moment later, together with others.
        fields: What is to know about it.

    Example:
        >>> event(logging.getLogger("doc"), "snapshot_ready", level=logging.DEBUG, snapshot_id=3)
    """
    logger.log(level, name, extra={"fields": fields, "may_wait": may_wait})


def configure_logging(level: str, service: str) -> None:
    """Send all log records to standard error as JSON lines."""
    # Lines say nothing of threads and processes, which to ask for takes longer than to write the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = _LinesHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "uvicorn.access", "alembic.runtime.migration"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _LinesHandler(logging.StreamHandler[TextIO]):
    """Writes each line at once, but those that may wait a moment later, all with one call.

    A call of the system gives up the interpreter's lock, which a busy event loop gets back only after other threads
    have had their turn. The order of lines stays.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []
        self._waiting = threading.Event()
        self._writer: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or keep it; the caller holds the handler's lock."""
        try:
            self._lines.append(self.format(record) + self.terminator)
            if not getattr(record, "may_wait", False) or len(self._lines) >= _MOST_LINES:
                self.flush()
                return
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_later, name="log", daemon=True)
                self._writer.start()
            if not self._waiting.is_set():
                self._waiting.set()
        except Exception:  # noqa: BLE001 - as every handler of the library: a line that cannot be written stops nobody
            self.handleError(record)

    def flush(self) -> None:
        """Write what waits."""
        with self.lock or nullcontext():
            lines, self._lines = self._lines, []
            if lines:
                self.stream.write("".join(lines))
            super().flush()

    def _write_later(self) -> None:
        while self._waiting.wait():
            time.sleep(_LINES_WAIT_SECONDS)
            self._waiting.clear()
            with suppress(OSError, ValueError):  # the stream is closed
                self.flush()


_LINES_WAIT_SECONDS = 0.2
_MOST_LINES = 1000


class _JsonFormatter(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "event": record.getMessage(),
        }
        if (current := request_id.get()) is not None:
            line["request_id"] = current
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        try:
            return orjson.dumps(line, default=str).decode()
        except TypeError:  # an integer of more than 64 bits
            return json.dumps(line, default=str, ensure_ascii=False)
