"""``python -m graph_olap_server.embedded``: the platform that ``graph_olap.local()`` starts beside a notebook.

It prints the same ready line as ``graph-olap serve``, and ends when the process that started it is gone, however that
one ended, so that a killed kernel leaves nothing running.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import threading
from pathlib import Path

import duckdb

from graph_olap_server.config import Settings
from graph_olap_server.logs import configure_logging
from graph_olap_server.platform import EmbeddedPlatform, StartupError

__all__ = ["main"]

_LOOK_SECONDS = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM, or until the parent process is another one than at the start; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m graph_olap_server.embedded", description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="Process to end with.")
    parser.add_argument("--data-dir", type=Path, required=True, help="Folder for state, snapshots and instances.")
    parser.add_argument("--warehouse", help="Warehouse URL.")
    parser.add_argument("--remove", type=Path, help="Folder to remove at the end.")
    options = parser.parse_args(arguments)
    wanted = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: wanted.set())
    try:
        return _serve(options, wanted)
    finally:
        if options.remove is not None:
            shutil.rmtree(options.remove, ignore_errors=True)


def _serve(options: argparse.Namespace, wanted: threading.Event) -> int:
    settings = Settings(data_dir=options.data_dir, warehouse=options.warehouse or _empty_warehouse(options.data_dir))
    configure_logging(settings.log_level, "control-plane")
    platform = EmbeddedPlatform(settings)
    try:
        platform.start()
    except StartupError as error:
        _say(f"Failed: {error}")
        return 1
    try:
        _say(f"Graph OLAP ready at {platform.url}")
        while os.getppid() == options.parent and not platform.failed.is_set():
            if wanted.wait(_LOOK_SECONDS):
                return 0
    finally:
        platform.stop()
    return 1 if platform.failed.is_set() else 0


def _empty_warehouse(folder: Path) -> str:
    """Make a database without tables, so that a mapping's SQL may hold its own values."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / "warehouse.duckdb"
    duckdb.connect(str(file)).close()
    return f"duckdb://{file}"


def _say(text: str) -> None:
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:  # the parent is gone; the loop notices
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - or the interpreter complains at its end


if __name__ == "__main__":
    sys.exit(main())
