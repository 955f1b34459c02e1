"""What an instance remembers of its runs, on disk: the newest records outlive the process.

One line per change, appended: writing all records anew with every run would take longer than many a run. Of several
lines about a run the last one counts. Now and then, and after anything went wrong, the file is written anew.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graph_olap.exceptions import GraphOLAPError
from graph_olap.models import AlgorithmExecution

from graph_olap_server.logs import event

__all__ = ["History"]

_log = logging.getLogger(__name__)

_MOST_LINES = 1_000


class History:
    """A file of records. Not safe for use by several threads at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._room = 0  # lines that may be appended; what an earlier process left may end in half a line

    def read(self) -> list[AlgorithmExecution]:
        """Return what an earlier process of this instance ran, the oldest first; what it had not ended, ended with it.

        A line that a power failure damaged is left out.
        """
        try:
            lines = self._file.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            event(_log, "history_not_read", level=logging.WARNING, reason=str(error))
            return []
        records: dict[str, AlgorithmExecution] = {}
        for record in (record for line in lines for record in _records(line)):
            records.pop(record.execution_id, None)  # in the order of their ends
            records[record.execution_id] = record
        return [_ended(record) for record in records.values()]

    def add(self, record: AlgorithmExecution, everything: Iterable[AlgorithmExecution]) -> None:
        """Write what became of a run; ``everything`` is read when the file has to be written anew."""
        try:
            if self._room <= 0 or not self._append(record):
                self._replace(everything)
        except OSError as error:
            # A full disk must not stop runs, and what they found is in memory; the next run writes all of it.
            self._room = 0
            event(_log, "history_not_written", level=logging.WARNING, reason=str(error))

    def _append(self, record: AlgorithmExecution) -> bool:
        line = _line(record)
        try:
            file = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            written = os.write(file, line)
        finally:
            os.close(file)
        self._room -= 1
        return written == len(line)

    def _replace(self, everything: Iterable[AlgorithmExecution]) -> None:
        temporary = self._file.with_suffix(".new")
        temporary.write_bytes(b"".join(map(_line, everything)))
        temporary.replace(self._file)
        self._room = _MOST_LINES


def _line(record: AlgorithmExecution) -> bytes:
    # Lists of values can be long; what outlives a restart is what was asked and how it ended.
    return json.dumps({**record.to_dict(), "result": _summary(record.result)}).encode() + b"\n"


def _records(line: bytes) -> Iterator[AlgorithmExecution]:
    try:
        found = json.loads(line)
        # Earlier versions wrote one list of all records.
        yield from [AlgorithmExecution.from_dict(entry) for entry in (found if isinstance(found, list) else [found])]
    except (ValueError, TypeError, AttributeError, GraphOLAPError) as error:
        event(_log, "history_not_read", level=logging.WARNING, reason=str(error))


def _ended(record: AlgorithmExecution) -> AlgorithmExecution:
    if record.status != "running":
        return record
    message = (
        f"The instance's process ended while {record.algorithm} was running. A property is written whole or not at all."
    )
    now = datetime.now(UTC)  # when exactly it ended nobody knows
    return record.model_copy(
        update={
            "status": "failed",
            "error_code": "ALGORITHM_FAILED",
            "error_message": message,
            "completed_at": now,
            "duration_ms": max(0, int((now - record.started_at).total_seconds() * 1000)),
            "elapsed_ms": None,
            "phase": None,
            "progress_percent": None,
        }
    )


def _summary(result: dict[str, Any] | None) -> dict[str, Any] | None:
    if result is None:
        return None
    return {key: value for key, value in result.items() if key == "timings_ms" or not isinstance(value, (list, dict))}
