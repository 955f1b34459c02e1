"""The whole platform in one process: parts, jobs and API, built from one settings object.

``graph-olap serve`` and :class:`EmbeddedPlatform` run the same :class:`Platform`.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import secrets
import socket
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import uvicorn
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from graph_olap_server.api.app import create_app
from graph_olap_server.config import Settings
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.jobs.reconciliation import reconcile
from graph_olap_server.jobs.schedule import Jobs
from graph_olap_server.jobs.shutdown import stop_instances
from graph_olap_server.launcher.base import Launcher, LauncherError
from graph_olap_server.launcher.local import LocalLauncher
from graph_olap_server.logs import event
from graph_olap_server.scratch import ScratchFolder
from graph_olap_server.services.context import Context
from graph_olap_server.services.instances import ENGINES
from graph_olap_server.snapshots.store import LocalSnapshotStore
from graph_olap_server.store.database import Database
from graph_olap_server.warehouse.base import Warehouse, WarehouseError
from graph_olap_server.warehouse.factory import open_warehouse
from graph_olap_server.web import JsonErrorProtocol

__all__ = ["EmbeddedPlatform", "Platform", "StartupError"]

_log = logging.getLogger(__name__)
_START_SECONDS = 30.0
_DATABASE_SECONDS = 30.0
_DATABASE_RETRY_SECONDS = 1.0
_SCHEMA_SECONDS = 10.0
_API_SECONDS = 2
_JOB_SECONDS = 3.0


class StartupError(Exception):
    """The platform cannot start; the message is one sentence for the person at the terminal."""


class Platform:
    """Control plane, jobs and local instances.

    A context manager: entering starts everything and returns when requests are answered, leaving stops everything.

    Args:
        settings: All settings.
        api: Answer requests.
        jobs: Do the background work.
        shared: Whether other processes work on the same data folder; they always may with PostgreSQL.
        launcher: Another launcher than the local one; for tests.

    Attributes:
        url: Where the API listens, once started.
        failed: Set when the API ended without being asked to.

    Raises:
        StartupError: On entering; nothing is left behind.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        api: bool = True,
        jobs: bool = True,
        shared: bool = False,
        launcher: Launcher | None = None,
    ) -> None:
        self.settings = settings
        self.url = ""
        self._has_api = api
        self._has_jobs = jobs
        self._shared = shared or not settings.has_local_database
        self._lock: IO[str] | None = None
        self.failed = threading.Event()
        self._given_launcher = launcher
        self._parts = ExitStack()
        self._stopped = True

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Start everything; returns when ``/ready`` answers 200."""
        self._stopped = False
        try:
            self._start()
        except SQLAlchemyError as error:
            self.stop()
            raise self._database_problem(error) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop API, jobs and instances; may be called twice.

        Instances live on with ``keep_instances``, and while another process works on the data folder.
        """
        if not self._stopped:
            self._stopped = True
            self._parts.close()

    def _start(self) -> None:
        settings = self.settings
        if settings.engine not in ENGINES:
            raise StartupError(f"Unknown engine {settings.engine!r}. Use one of {', '.join(ENGINES)}.")
        # What can be wrong is tried before anything is created.
        scratch = ScratchFolder(settings.data_dir / "scratch")
        warehouse = self._open_warehouse(scratch.path)
        if settings.data_dir.is_dir():
            self._lock_folder()
        listener = self._listen() if self._has_api else None
        if not settings.data_dir.is_dir():
            self._lock_folder()
        self._enter_scratch(scratch)
        internal_key = self._internal_key()
        database = self._open_database()
        launcher = self._given_launcher or LocalLauncher(
            settings.data_dir / "instances", settings=settings, internal_api_key=internal_key
        )
        context = Context(
            settings=settings,
            database=database,
            warehouse=warehouse,
            snapshots=LocalSnapshotStore(settings.resolved_snapshot_dir),
            internal_api_key=internal_key,
            launcher=launcher,
        )
        self._recover(context, launcher)
        jobs = self._start_jobs(context, launcher) if self._has_jobs else None
        if listener is not None:
            self._serve(context, listener)
        if jobs is not None:
            jobs.schema_read.wait(_SCHEMA_SECONDS)
        event(_log, "platform_ready", url=self.url or None, auth_mode=settings.auth_mode, jobs=self._has_jobs)
        if listener is not None and settings.auth_mode == "dev":
            event(_log, "identity_headers_are_believed", level=logging.WARNING, auth_mode="dev")

    def _start_jobs(self, context: Context, launcher: Launcher) -> Jobs:
        if not self.settings.keep_instances:
            self._parts.callback(self._stop_instances, context, launcher)
        jobs = Jobs(context, launcher, shared=self._shared)
        self._parts.callback(jobs.stop, _JOB_SECONDS)
        jobs.start()
        return jobs

    def _stop_instances(self, context: Context, launcher: Launcher) -> None:
        assert self._lock is not None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            event(_log, "instances_left_to_others")
            return
        stop_instances(context, launcher)

    def _open_warehouse(self, scratch: Path) -> Warehouse:
        try:
            warehouse = open_warehouse(self.settings.warehouse, scratch)
            self._parts.callback(warehouse.close)
            warehouse.check()
        except WarehouseError as error:
            raise StartupError(str(error)) from error
        return warehouse

    def _lock_folder(self) -> None:
        folder = self.settings.data_dir
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = self._lock = (folder / "serve.lock").open("a")
        except OSError as error:
            raise StartupError(
                f"The data folder {folder} cannot be written ({error.strerror}). Choose another with --data-dir."
            ) from error
        self._parts.callback(lock.close)
        try:
            fcntl.flock(lock, (fcntl.LOCK_SH if self._shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            raise StartupError(
                f"Another server already works on the data folder {folder}. Stop it, or choose another with --data-dir."
            ) from error

    def _enter_scratch(self, scratch: ScratchFolder) -> None:
        try:
            self._parts.enter_context(scratch)
        except OSError as error:
            raise StartupError(
                f"The data folder {self.settings.data_dir} cannot be written ({error.strerror}). "
                "Check its rights, or choose another with --data-dir."
            ) from error

    def _listen(self) -> socket.socket:
        host, port = self.settings.host, self.settings.port
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        except OSError as error:
            raise StartupError(f"The address {host} is not known. Use --host 127.0.0.1.") from error
        listener = socket.socket(family, kind, protocol)
        self._parts.callback(listener.close)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(512)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                message = f"Port {port} on {host} is in use. Stop the other program, or choose another with --port."
            else:
                message = f"Cannot listen on {host}:{port} ({error.strerror}). Choose others with --host and --port."
            raise StartupError(message) from error
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{listener.getsockname()[1]}"
        return listener

    def _internal_key(self) -> str:
        if self.settings.internal_api_key is not None:
            return self.settings.internal_api_key.get_secret_value()
        path = self.settings.data_dir / "internal-api-key"
        try:
            return _read_or_make_key(path)
        except OSError as error:
            raise StartupError(f"The key file {path} cannot be used ({error.strerror}). Check its rights.") from error

    def _open_database(self) -> Database:
        database = Database(self.settings.resolved_database_url, connections=self.settings.database_connections)
        self._parts.callback(database.close)
        deadline = time.monotonic() + (0.0 if self.settings.has_local_database else _DATABASE_SECONDS)
        while True:
            try:
                database.migrate()
            except PlatformError as error:
                raise StartupError(error.message) from error
            except OperationalError as error:
                # A server that starts at the same time, or again, is waited for.
                if time.monotonic() > deadline:
                    raise
                event(_log, "database_away", level=logging.WARNING, reason=_cause(error))
                time.sleep(_DATABASE_RETRY_SECONDS)
            else:
                return database

    def _database_problem(self, error: SQLAlchemyError) -> StartupError:
        if self.settings.has_local_database:
            return StartupError(
                f"The database of {self.settings.data_dir} cannot be opened ({_cause(error)}). "
                "Check the file, or choose another folder with --data-dir."
            )
        shown = make_url(self.settings.resolved_database_url).render_as_string(hide_password=True)
        return StartupError(
            f"The database {shown} cannot be used ({_cause(error)}). Check GRAPH_OLAP_DATABASE_URL and the server."
        )

    def _recover(self, context: Context, launcher: Launcher) -> None:
        """Mend what a crash left, before any work is accepted."""
        try:
            context.snapshots.check()
            launcher.check()
            if (url := self.settings.control_plane_url or self._local_url()) != "":
                launcher.announce(url)
            if self._has_jobs:
                reconcile(context, launcher)
        except LauncherError as error:
            raise StartupError(str(error)) from error
        except OSError as error:
            raise StartupError(
                f"The data folder {self.settings.data_dir} cannot be used ({error.strerror or error}). "
                "Check its rights, or choose another with --data-dir."
            ) from error

    def _local_url(self) -> str:
        return self.url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")

    def _serve(self, context: Context, listener: socket.socket) -> None:
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(context),
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                http=JsonErrorProtocol,
                timeout_graceful_shutdown=_API_SECONDS,
            )
        )
        thread = threading.Thread(target=self._run_server, args=(server, listener), name="api", daemon=True)
        self._parts.callback(_stop_server, server, thread)
        thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise StartupError("The API did not start; the log has the cause.")
            time.sleep(0.005)
        context.database.check()

    def _run_server(self, server: uvicorn.Server, listener: socket.socket) -> None:
        try:
            server.run(sockets=[listener])
        finally:
            if not server.should_exit:
                self.failed.set()


class EmbeddedPlatform(Platform):
    """A platform inside a Python process, on a free port of this machine.

    Example::

        with EmbeddedPlatform(Settings(data_dir=folder, warehouse="duckdb:///data.duckdb")) as platform:
            client = GraphOLAPClient(api_url=platform.url, username="ada")
    """

    def __init__(self, settings: Settings, *, launcher: Launcher | None = None) -> None:
        super().__init__(settings.model_copy(update={"host": "127.0.0.1", "port": 0}), launcher=launcher)


def _cause(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _stop_server(server: uvicorn.Server, thread: threading.Thread) -> None:
    server.should_exit = True
    thread.join(_API_SECONDS + 2)


def _read_or_make_key(path: Path) -> str:
    if not path.exists() or not path.read_text().strip():
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(descriptor)
        if path.exists() and not path.read_text().strip():
            path.unlink()  # from a power failure or by hand: it would be no secret
        with suppress(FileExistsError):  # a neighbour was faster: its key counts
            os.link(temporary, path)
        temporary.unlink()
    return path.read_text().strip()
