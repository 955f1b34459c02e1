"""A real `graph-olap serve` in its own process, and the small mapping that the end-to-end tests use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import Queue
from typing import Any

_READY = "Graph OLAP ready at "
_WORKER_READY = "Graph OLAP worker ready"

PERSON: dict[str, Any] = {
    "label": "Person",
    "sql": "SELECT id, name FROM people",
    "primary_key": {"name": "id", "type": "INT64"},
    "properties": [{"name": "name", "type": "STRING"}],
}
KNOWS: dict[str, Any] = {
    "type": "KNOWS",
    "from_node": "Person",
    "to_node": "Person",
    "sql": "SELECT a, b, since FROM knows",
    "from_key": "a",
    "to_key": "b",
    "properties": [{"name": "since", "type": "INT64"}],
}


class Serve:
    """One `graph-olap serve` process, or another command of the server."""

    def __init__(
        self, data_dir: Path, *arguments: str, env: dict[str, str] | None = None, command: str = "serve"
    ) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GRAPH_OLAP_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "graph_olap_server", command, "--data-dir", str(data_dir), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**inherited, **(env or {})},
        )
        self._lines: Queue[str | None] = Queue()
        self._errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def wait_ready(self, timeout: float = 120) -> str:
        """Return the URL that the server printed, nothing for a worker."""
        while (line := self._lines.get(timeout=timeout)) is not None:
            if line.startswith(_READY):
                return line.removeprefix(_READY).strip()
            if line.startswith(_WORKER_READY):
                return ""
        raise AssertionError("serve ended before it was ready:\n" + "".join(self._errors))

    def wait(self, timeout: float = 60) -> tuple[int, str]:
        """Wait for the end; return exit code and standard error."""
        code = self.process.wait(timeout)
        for reader in self._readers:
            reader.join(5)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.stdout.close()
        self.process.stderr.close()
        return code, "".join(self._errors)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.wait()

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._errors.append(line)
