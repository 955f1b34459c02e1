"""The end of an instance's log in words for an analyst."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

__all__ = ["last_lines", "last_text"]

_READ_BYTES = 16_384
_LINE_CHARS = 240
_SKIPPED_FIELDS = frozenset({"time", "service", "logger", "event", "level", "request_id", "exception"})


def last_lines(file: Path, count: int = 3) -> list[str]:
    """Return the last lines of a log, structured records as plain text and of a traceback only the last line."""
    lines = (last_text(file) or "").splitlines()
    kept = [line for line in lines if line.strip() and not line.startswith((" ", "\t", "Traceback "))]
    return [_plain(line)[:_LINE_CHARS] for line in kept[-count:]]


def last_text(file: Path) -> str | None:
    """Return the end of a log as it is; ``None`` when there is none."""
    try:
        with file.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(stream.tell() - _READ_BYTES, 0))
            return stream.read().decode("utf-8", "replace") or None
    except OSError:
        return None


def _plain(line: str) -> str:
    try:
        record: Any = json.loads(line)
    except ValueError:
        return line.strip()
    if not isinstance(record, dict) or "event" not in record:
        return line.strip()
    fields = [f"{key}={value}" for key, value in record.items() if key not in _SKIPPED_FIELDS]
    if record.get("exception"):
        fields.append(str(record["exception"]).strip().splitlines()[-1])
    return " ".join([str(record["event"]), *fields])
