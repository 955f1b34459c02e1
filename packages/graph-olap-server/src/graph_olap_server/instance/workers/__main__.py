"""The worker process: receives functions by name with their arguments, runs them, sends back what they return.

Its only peer is the server that started it, over an inherited socket.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import Any

import numpy as np

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.workers.progress import reporting
from graph_olap_server.instance.workers.shared import map_array, send_in_parts


def main() -> None:
    """Serve calls until the server closes the connection."""
    fd, parent, memory_bytes = map(int, sys.argv[1:4])
    threading.Thread(target=_exit_with, args=(parent,), daemon=True).start()
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    connection: Connection[Any, Any] = Connection(fd)
    while True:
        try:
            function, arguments, shapes = connection.recv()
            arrays = {name: _receive_array(connection, *shape) for name, shape in shapes.items()}
        except EOFError:
            return
        with reporting(lambda fraction: connection.send(("progress", fraction))):
            answer = _run(function, arguments, arrays)
        send_in_parts(connection, *answer, parent)
        del arrays, answer


def _receive_array(connection: Connection[Any, Any], dtype: str, length: int) -> np.ndarray[Any, Any]:
    fd = recv_handle(connection)
    try:
        return map_array(fd, np.dtype(dtype), length)
    finally:
        os.close(fd)


def _run(function: Any, arguments: dict[str, Any], arrays: dict[str, Any]) -> tuple[str, Any]:
    try:
        return "result", function(**arrays, **arguments)
    except PlatformError as error:
        # What made a library refuse is for the log.
        trace = traceback.format_exc() if error.__cause__ is not None else None
        return "refused", (error.code, error.message, error.details, trace)
    except MemoryError:
        return "refused", (
            "ALGORITHM_FAILED",
            "The algorithm needs more memory than this instance allows. Nothing was written. Select fewer nodes or "
            "relationships, or give the instance more memory.",
            {"reason": "out of memory"},
            None,
        )
    except Exception as error:  # noqa: BLE001 - whatever a library raises is this call's failure, not the worker's end
        return "failed", (f"{type(error).__name__}: {error}", traceback.format_exc())


def _exit_with(parent: int) -> None:
    """End when the server is gone, also in the middle of a computation."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    main()
