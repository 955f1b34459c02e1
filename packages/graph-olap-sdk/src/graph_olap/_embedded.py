"""The embedded platform's process: start it, wait until it is ready, stop it at exit.

The process is a child of this one in a session of its own, so that Ctrl-C in a terminal or a notebook's stop button
does not reach it. It ends by itself when this process is gone.
"""

from __future__ import annotations

import atexit
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import List, Optional

from graph_olap.exceptions import ConnectionError

__all__ = ["EmbeddedProcess"]

_READY = "Graph OLAP ready at "
_FAILED = "Failed: "
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_LOG_LINES = 1


class EmbeddedProcess:
    """One running platform.

    Args:
        warehouse: Warehouse URL, or ``None`` for one without tables.
        data_dir: Folder that is kept; by default a temporary one that goes with the platform.
        folder: The temporary folder, made by :meth:`make_folder`, if the caller put something in it already.

    Attributes:
        url: Where it listens.
        folder: The temporary folder that goes with it.

    Raises:
        ConnectionError: It did not start; the message is its own sentence.
    """

    def __init__(
        self, warehouse: Optional[str], data_dir: Optional[Path] = None, folder: Optional[Path] = None
    ) -> None:
        self.folder = folder or self.make_folder()
        self.owner = os.getpid()
        self.log = self.folder / "platform.log"
        command = [sys.executable, "-m", "graph_olap_server.embedded", "--parent", str(self.owner)]
        command += ["--data-dir", str(data_dir or self.folder / "data"), "--remove", str(self.folder)]
        if warehouse is not None:
            command += ["--warehouse", warehouse]
        # Settings of a platform elsewhere (its database, its keys) must not leak into this one.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GRAPH_OLAP_")}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        atexit.register(self.stop)
        try:
            self.url = self._wait_until_ready()
        except BaseException:  # Ctrl-C included: nothing half-started stays
            self.stop()
            raise

    @staticmethod
    def make_folder() -> Path:
        """Make the temporary folder of a platform, readable by this user only."""
        return Path(tempfile.mkdtemp(prefix="graph-olap-local-"))

    @property
    def is_running(self) -> bool:
        """Whether the platform runs and is this process's own, not one inherited by a fork."""
        return self.owner == os.getpid() and self._process.poll() is None

    def stop(self) -> None:
        """Stop the platform with all its instances and remove its temporary folder; may be called twice."""
        if self.owner != os.getpid():
            return  # a forked child must not stop the platform of its parent
        atexit.unregister(self.stop)
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_until_ready(self) -> str:
        output = self._process.stdout
        assert output is not None
        lines: queue.Queue[str] = queue.Queue()

        def read_output() -> None:
            for line in output:
                text = line.decode(errors="replace").strip()
                lines.put(text)
                if text.startswith(_READY):
                    return
            lines.put("")

        reader = threading.Thread(target=read_output, daemon=True)
        reader.start()
        cause = ""
        try:
            while line := lines.get(timeout=_START_SECONDS):
                if line.startswith(_READY):
                    reader.join()
                    return line[len(_READY) :]
                if line.startswith(_FAILED):
                    cause = line[len(_FAILED) :]
        except queue.Empty:
            cause = f"It was not ready within {_START_SECONDS:g} s."
        raise ConnectionError(f"The embedded platform did not start. {cause or self._end_of_log()}")

    def _end_of_log(self) -> str:
        lines: List[str] = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return "The end of its log: " + " ".join(lines)
