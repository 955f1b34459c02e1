"""The life of an instance process: listen, say where, load, serve, and stop within seconds when asked to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Generator
from pathlib import Path

import uvicorn

from graph_olap_server import faults
from graph_olap_server.domain.instance_config import ENDPOINT_FILE, Endpoint, InstanceConfig
from graph_olap_server.instance.app import create_app
from graph_olap_server.instance.auth import HttpIdentityResolver
from graph_olap_server.instance.control_plane import ActivityReporter, ControlPlane
from graph_olap_server.instance.memory import MemoryGuard
from graph_olap_server.instance.runtime import InstanceRuntime
from graph_olap_server.logs import configure_logging, event
from graph_olap_server.web import JsonErrorProtocol

__all__ = ["serve"]

_log = logging.getLogger(__name__)

_DRAIN_SECONDS = 2
_LAST_RESORT_SECONDS = 4.5


def serve(config: InstanceConfig) -> None:
    """Run the server of one instance until SIGTERM or SIGINT."""
    configure_logging(config.log_level, "instance")
    listener = _listen(config.host, config.port)
    if config.memory_bytes is not None:
        MemoryGuard(config.memory_bytes, config.folder).start()
    control_plane = ControlPlane(config)
    runtime = InstanceRuntime(
        config, HttpIdentityResolver(control_plane, config.internal_api_key), ActivityReporter(control_plane)
    )

    def on_start() -> None:
        faults.point("instance", "before_endpoint")
        port = listener.getsockname()[1]
        host = f"[{config.host}]" if ":" in config.host else config.host
        _write_endpoint(config.folder, Endpoint(url=f"http://{host}:{port}", pid=os.getpid()))
        event(_log, "instance_listening", instance_id=config.instance_id, port=port)
        runtime.start_loading()

    server = _Server(
        uvicorn.Config(
            create_app(runtime, on_start),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            http=JsonErrorProtocol,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
            timeout_keep_alive=75,
        ),
        runtime,
    )
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(_serve(server, listener, control_plane))
    runtime.close()
    event(_log, "instance_stopped", instance_id=config.instance_id)
    # Without destructors: a load, a query or a write-back that is still under way must not keep the process.
    logging.shutdown()
    os._exit(0)


async def _serve(server: _Server, listener: socket.socket, control_plane: ControlPlane) -> None:
    await server.serve(sockets=[listener])
    await control_plane.close()


class _Server(uvicorn.Server):
    """Uvicorn that cancels running work at the moment it is told to stop, instead of waiting for it."""

    def __init__(self, config: uvicorn.Config, runtime: InstanceRuntime) -> None:
        super().__init__(config)
        self._runtime = runtime

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Stop on SIGTERM and SIGINT with exit code 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        if self.should_exit:
            return
        self.should_exit = True
        event(_log, "instance_stopping")
        # The kernel ends the process, should a library hold up the whole interpreter.
        signal.setitimer(signal.ITIMER_REAL, _LAST_RESORT_SECONDS)
        threading.Thread(target=self._runtime.stop, name="stop", daemon=True).start()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(256)
    return listener


def _write_endpoint(folder: Path, endpoint: Endpoint) -> None:
    temporary = folder / f".{ENDPOINT_FILE}.new"
    temporary.write_text(endpoint.model_dump_json())
    temporary.replace(folder / ENDPOINT_FILE)
