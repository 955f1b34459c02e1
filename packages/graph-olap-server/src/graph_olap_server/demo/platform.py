"""A platform of the demo's own: ``graph-olap serve`` in a child process, on a free port, with a temporary folder."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PlatformStartError", "running_platform"]

_READY = "Graph OLAP ready at "
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0


class PlatformStartError(Exception):
    """The platform did not become ready; the message quotes the end of its log."""


@contextmanager
def running_platform(data_dir: Path, warehouse_url: str, command: Sequence[str] | None = None) -> Iterator[str]:
    """Start a platform, yield its URL, stop it and everything it started.

    Args:
        data_dir: Folder for its state and its log.
        warehouse_url: Warehouse to serve.
        command: Another command that prints the same ready line, for tests and benchmarks.

    Raises:
        PlatformStartError: It ended or stayed silent instead of becoming ready.
    """
    log_path = data_dir / "serve.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command
            or [
                *(sys.executable, "-m", "graph_olap_server", "serve", "--host", "127.0.0.1", "--port", "0"),
                *("--data-dir", str(data_dir / "platform"), "--warehouse", warehouse_url),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env={name: value for name, value in os.environ.items() if not name.startswith("GRAPH_OLAP_")},
        )
    try:
        yield _wait_until_ready(process, log_path)
    finally:
        _stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], log_path: Path) -> str:
    assert process.stdout is not None
    output = process.stdout
    lines: queue.Queue[str] = queue.Queue()

    def read_output() -> None:
        for line in output:
            lines.put(line.decode(errors="replace").strip())
        lines.put("")

    threading.Thread(target=read_output, daemon=True).start()
    try:
        while line := lines.get(timeout=_START_SECONDS):
            if line.startswith(_READY):
                return line.removeprefix(_READY)
    except queue.Empty:
        pass
    tail = "\n".join(log_path.read_text(errors="replace").splitlines()[-10:])
    raise PlatformStartError(f"The platform did not become ready. The end of its log:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdout is not None
    process.stdout.close()
