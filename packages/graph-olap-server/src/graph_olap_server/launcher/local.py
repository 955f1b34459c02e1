"""The local launcher: one operating-system process per instance on this machine.

A process leads a session of its own and survives the control plane. Everything about it lies in ``root/<instance id>``,
so that a control plane that starts anew finds it again.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from graph_olap_server import faults
from graph_olap_server.config import Settings
from graph_olap_server.domain.instance_config import (
    CONFIG_FILE,
    CONTROL_PLANE_URL_FILE,
    CPU_CORES_FILE,
    ENDPOINT_FILE,
    LOG_FILE,
    MEMORY_EXCEEDED_FILE,
    MEMORY_LIMIT_FILE,
    Endpoint,
    InstanceConfig,
)
from graph_olap_server.launcher.base import (
    Handle,
    InstanceSpec,
    InstanceState,
    Launcher,
    LauncherError,
    PollResult,
    RunningInstance,
)
from graph_olap_server.launcher.log_tail import last_lines, last_text
from graph_olap_server.launcher.processes import (
    end_session,
    find_by_argument,
    find_session_leaders,
    is_alive,
    start_mark,
    wait_until_gone,
)
from graph_olap_server.launcher.resize import resized
from graph_olap_server.logs import event
from graph_olap_server.machine import (
    available_memory_bytes,
    default_instance_memory_bytes,
    memory_limit_bytes,
)

__all__ = ["LocalLauncher", "buffer_bytes"]

_logger = logging.getLogger(__name__)

_HANDLE_FILE = "process.json"
_REAP_SECONDS = 2.0
_KILL_SECONDS = 5.0
_MIN_BUFFER = 256 * 1024**2
_GB = 1024**3

# What a process needs to run at all. The rest of our environment, secrets among it, stays with us.
_INHERITED = ("PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SYSTEMROOT")
_INHERITED_PREFIXES = ("LC_", "PYTHON", faults.VARIABLE)


class LocalLauncher(Launcher):
    """Runs instances as processes on this machine.

    Args:
        root: Folder of all instances; made when it is missing.
        settings: Settings that every instance takes over.
        internal_api_key: Shared secret, handed over in a file that only this user can read.
        command: Command of the instance server, to which ``--config FILE`` is added.
    """

    def __init__(
        self, root: Path, *, settings: Settings, internal_api_key: str, command: Sequence[str] | None = None
    ) -> None:
        self._root = root.absolute()
        self._settings = settings
        self._node = settings.resolved_node_name
        self._internal_api_key = internal_api_key
        self._command = list(command or (sys.executable, "-P", "-m", "graph_olap_server.instance"))
        self._children: dict[tuple[int, str], subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def start(self, spec: InstanceSpec) -> Handle:
        """Start the process and return its handle; on failure nothing is left behind."""
        folder = self._root / str(spec.instance_id)
        if (running := self._running_in(folder)) is not None:
            return running
        if spec.resumes and not folder.is_dir():
            raise LauncherError(
                f"What instance {spec.instance_id} kept when it was suspended is not in {folder} any more. "
                "Create a new instance of its snapshot."
            )
        self._end_leftovers(folder)
        try:
            _clear(folder, keep_work=spec.resumes)
            self._root.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=spec.resumes)
            faults.point("launcher", "folder_made")
            self._write_config(spec, folder)
            faults.point("launcher", "before_spawn")
            child = self._spawn(folder)
            faults.point("launcher", "spawned")
        except OSError as error:
            if not spec.resumes:
                shutil.rmtree(folder, ignore_errors=True)
            raise LauncherError(
                f"Instance {spec.instance_id} could not be started in {folder}: {error.strerror or error}."
            ) from error
        mark = start_mark(child.pid) or ""
        with self._lock:
            self._children[child.pid, mark] = child
        handle = self._handle(child.pid, mark, folder)
        try:
            _write_atomically(folder / _HANDLE_FILE, json.dumps(handle))
        except OSError as error:
            self._end(handle, 0)
            if not spec.resumes:
                shutil.rmtree(folder, ignore_errors=True)
            raise LauncherError(
                f"Instance {spec.instance_id} could not be recorded in {folder}: {error.strerror or error}."
            ) from error
        event(_logger, "instance_process_started", instance_id=spec.instance_id, pid=child.pid)
        return handle

    def poll(self, handle: Handle) -> PollResult:
        """Look at the process and at the endpoint that it wrote."""
        pid, mark, folder = _parts(handle)
        exit_code = self._exit_code(pid, mark)
        if exit_code is None and is_alive(pid, mark):
            endpoint = _read_endpoint(folder)
            if endpoint is None or endpoint.pid != pid:
                return PollResult(InstanceState.STARTING)
            return PollResult(InstanceState.LISTENING, url=endpoint.url)
        if exit_code is None:
            # A killed process shows as a zombie while its threads still end; how it ended is known only after them.
            exit_code = self._exit_code(pid, mark, wait_seconds=_REAP_SECONDS)
        limit = _exceeded_limit(folder)
        reason = _reason(exit_code, folder, limit)
        trace = last_text(folder / LOG_FILE)
        return PollResult(InstanceState.GONE, reason=reason, out_of_memory=limit is not None, trace=trace)

    def stop(self, handle: Handle, *, grace_seconds: float = 5.0) -> None:
        """End the process and all it started, then remove its folder."""
        folder = self._end(handle, grace_seconds)
        shutil.rmtree(folder, ignore_errors=True)

    def suspend(self, handle: Handle, *, grace_seconds: float = 5.0) -> None:
        """End the process and all it started; its folder stays, without the files of the process."""
        folder = self._end(handle, grace_seconds)
        try:
            _clear(folder, keep_work=True)
        except OSError as error:
            raise LauncherError(f"The folder {folder} cannot be tidied: {error.strerror or error}.") from error

    def discard(self, instance_id: int) -> None:
        """Remove the folder, unless a process runs in it."""
        folder = self._root / str(instance_id)
        if folder.is_dir() and self._running_in(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)

    def largest_memory_gb(self, used_bytes: int) -> int | None:
        """Return what the instance has now and four fifths of what nobody uses, within what the machine has."""
        spare = available_memory_bytes()
        limit = memory_limit_bytes()
        return (limit if spare is None else min(limit, used_bytes + spare * 4 // 5)) // _GB

    def _end_leftovers(self, folder: Path) -> None:
        """End what a process that died here has started, so that it keeps no memory."""
        handle = _read_handle(folder)
        if handle is not None and self.reaches(handle):
            pid, mark, _ = _parts(handle)
            end_session(pid, mark, signal.SIGKILL)
            self._collect(pid, mark)

    def _end(self, handle: Handle, grace_seconds: float) -> Path:
        pid, mark, folder = _parts(handle)
        if folder.parent != self._root:
            raise LauncherError(f"The folder {folder} does not belong to this deployment; its instance was left alone.")
        if is_alive(pid, mark):
            end_session(pid, mark, signal.SIGTERM)
            wait_until_gone(pid, mark, grace_seconds)
            faults.point("launcher", "asked_to_stop")
        end_session(pid, mark, signal.SIGKILL)
        if not wait_until_gone(pid, mark, _KILL_SECONDS):
            raise LauncherError(f"Process {pid} of an instance cannot be stopped. Try again.")
        self._collect(pid, mark)
        faults.point("launcher", "process_gone")
        event(_logger, "instance_process_stopped", folder=folder.name, pid=pid)
        return folder

    def resize(self, handle: Handle, *, cpu_cores: int, memory_gb: int | None) -> Sequence[str]:
        """Bind the process to so many cores, give its engine as many threads, raise its limit; its buffer stays."""
        pid, mark, folder = _parts(handle)
        if folder.parent != self._root or not is_alive(pid, mark):
            raise LauncherError("The instance's process does not run on this machine.")
        limit = memory_limit_bytes()
        if memory_gb is not None and memory_gb * _GB > limit:
            raise LauncherError(f"This machine has {limit / _GB:.1f} GB; an instance cannot have {memory_gb} GB.")
        config = _read_config(folder)
        try:
            if memory_gb is not None:
                _write_atomically(folder / MEMORY_LIMIT_FILE, str(memory_bytes(memory_gb)))
            _write_atomically(folder / CPU_CORES_FILE, str(cpu_cores))
        except OSError as error:
            raise LauncherError(f"The new limit could not be written: {error.strerror or error}.") from error
        return resized(pid, config, cpu_cores, memory_gb)

    def list_running(self) -> Sequence[RunningInstance]:
        """Return the instances whose process runs, by id."""
        return [
            RunningInstance(int(folder.name), handle)
            for folder in self._folders()
            if (handle := self._running_in(folder)) is not None
        ]

    def reaches(self, handle: Handle) -> bool:
        """Tell whether the process is on this machine; handles of earlier versions name none and are."""
        return bool(handle.get("node", self._node) == self._node)

    def remove_leftovers(self, known: Callable[[], Collection[int]]) -> Sequence[int]:
        """Remove the folders of instances that neither run nor are known, and end processes that no folder knows."""
        self._end_strays()
        folders = list(self._folders())
        wanted = known()
        removed = []
        for folder in folders:
            handle = _read_handle(folder)
            if int(folder.name) in wanted or self._running_in(folder) is not None:
                continue
            if handle is not None and not self.reaches(handle):
                continue
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(int(folder.name))
        return removed

    def _end_strays(self) -> None:
        """End instances of ours in whose folder another process is recorded, or whose folder is gone.

        A start removes the record of the last process before it spawns the next and makes the folder before both, so
        that no process on its way is taken for a stray.
        """
        for pid, mark, argument in find_session_leaders(f"{self._root}{os.sep}"):
            folder = Path(argument).parent
            if folder.parent != self._root or not folder.name.isdigit():
                continue
            handle = _read_handle(folder)
            if (handle is None and folder.is_dir()) or (handle is not None and _parts(handle)[:2] == (pid, mark)):
                continue
            event(_logger, "stray_process_ended", level=logging.WARNING, instance_id=int(folder.name), pid=pid)
            end_session(pid, mark, signal.SIGKILL)

    def announce(self, control_plane_url: str) -> None:
        """Write the address where running and future instances look for it."""
        self._root.mkdir(parents=True, exist_ok=True)
        for folder in (self._root, *self._folders()):
            with suppress(FileNotFoundError):  # an instance may be stopped meanwhile
                _write_atomically(folder / CONTROL_PLANE_URL_FILE, control_plane_url)

    def check(self) -> None:
        """Write to the root folder."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            probe = self._root / ".write-check"
            probe.write_bytes(b"")
            probe.unlink(missing_ok=True)
        except OSError as error:
            raise LauncherError(
                f"The folder for instances {self._root} cannot be used: {error.strerror or error}."
            ) from error

    def _handle(self, pid: int, mark: str, folder: Path) -> dict[str, Any]:
        return {"node": self._node, "pid": pid, "process_started": mark, "folder": str(folder)}

    def _write_config(self, spec: InstanceSpec, folder: Path) -> None:
        settings = self._settings
        config = InstanceConfig(
            instance_id=spec.instance_id,
            snapshot_id=spec.snapshot_id,
            mapping_id=spec.mapping_id,
            owner=spec.owner,
            engine=spec.engine,
            folder=folder,
            resumes=spec.resumes,
            snapshot_folder=_local_path(spec.snapshot_uri),
            threads=spec.cpu_cores,
            buffer_bytes=buffer_bytes(spec.memory_gb),
            memory_bytes=memory_bytes(spec.memory_gb),
            internal_api_key=self._internal_api_key,
            auth_mode=settings.auth_mode or "dev",
            visibility=settings.instance_visibility,
            query_default_timeout_ms=settings.query_default_timeout_ms,
            query_max_timeout_ms=settings.query_max_timeout_ms,
            query_max_rows=settings.query_max_rows,
            query_max_bytes=settings.query_max_bytes,
            query_concurrency=settings.query_concurrency,
            query_queue=settings.query_queue,
            log_level=settings.log_level,
        )
        descriptor = os.open(folder / CONFIG_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(config.model_dump_json())
        with suppress(FileNotFoundError):
            shutil.copyfile(self._root / CONTROL_PLANE_URL_FILE, folder / CONTROL_PLANE_URL_FILE)

    def _spawn(self, folder: Path) -> subprocess.Popen[bytes]:
        with (folder / LOG_FILE).open("ab") as log:
            child = subprocess.Popen(
                [*self._command, "--config", str(folder / CONFIG_FILE)],
                cwd=folder,
                env=_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                close_fds=True,
            )
        # When memory runs out the kernel shall end an instance, not the control plane.
        with suppress(OSError):
            Path(f"/proc/{child.pid}/oom_score_adj").write_text("500")
        return child

    def _exit_code(self, pid: int, mark: str, wait_seconds: float = 0) -> int | None:
        """Return how a process of ours ended; ``None`` while it runs and for those that we did not start."""
        with self._lock:
            child = self._children.get((pid, mark))
        if child is None:
            return None
        with suppress(subprocess.TimeoutExpired):
            return child.wait(wait_seconds) if wait_seconds else child.poll()
        return None

    def _collect(self, pid: int, mark: str) -> None:
        with self._lock:
            child = self._children.pop((pid, mark), None)
        if child is not None:
            child.wait()

    def _folders(self) -> Iterator[Path]:
        if self._root.is_dir():
            yield from sorted(
                (entry for entry in self._root.iterdir() if entry.name.isdigit() and entry.is_dir()),
                key=lambda entry: int(entry.name),
            )

    def _running_in(self, folder: Path) -> Handle | None:
        handle = _read_handle(folder)
        if handle is not None and not self.reaches(handle):
            return None
        if handle is None:
            # A control plane that died just after the start left no record of the process.
            pid = find_by_argument(str(folder / CONFIG_FILE))
            mark = None if pid is None else start_mark(pid)
            if pid is None or mark is None:
                return None
            handle = self._handle(pid, mark, folder)
        pid, mark, _ = _parts(handle)
        return handle if self._exit_code(pid, mark) is None and is_alive(pid, mark) else None


def memory_bytes(memory_gb: int | None) -> int:
    """Return the memory of an instance; without a size of its own, half of what the machine or container has."""
    return default_instance_memory_bytes() if memory_gb is None else min(memory_gb * _GB, memory_limit_bytes())


def buffer_bytes(memory_gb: int | None) -> int:
    """Return the engine's buffer memory for an instance: most of its memory, the rest is for algorithms and results."""
    return max(int(memory_bytes(memory_gb) * 0.6), _MIN_BUFFER)


def _parts(handle: Handle) -> tuple[int, str, Path]:
    return int(handle["pid"]), str(handle["process_started"]), Path(str(handle["folder"]))


def _clear(folder: Path, *, keep_work: bool) -> None:
    """Remove what an earlier process left: all of it, or only what was about the process itself."""
    if not keep_work:
        shutil.rmtree(folder, ignore_errors=True)
        return
    # The handle goes first: as long as it is there, it is believed to be that of the process in this folder.
    for name in (_HANDLE_FILE, CONFIG_FILE, ENDPOINT_FILE, CPU_CORES_FILE, MEMORY_LIMIT_FILE, MEMORY_EXCEEDED_FILE):
        (folder / name).unlink(missing_ok=True)


def _exceeded_limit(folder: Path) -> int | None:
    """Return the memory limit at which an instance ended itself, if that is how it ended."""
    try:
        return int((folder / MEMORY_EXCEEDED_FILE).read_text())
    except (OSError, ValueError):
        return None


def _reason(exit_code: int | None, folder: Path, exceeded: int | None) -> str:
    if exceeded is not None:
        return (
            f"The instance used more than its memory of {exceeded / _GB:.1f} GB and ended itself. "
            "Start it with more memory, or ask for less at a time: filter or aggregate earlier."
        )
    if exit_code is None:
        text = "The instance's process has ended."
    elif exit_code == -signal.SIGKILL:
        text = (
            "The instance's process was killed (SIGKILL), most likely because memory ran out. "
            "Start it with more memory or a smaller snapshot."
        )
    elif exit_code < 0:
        text = f"The instance's process ended by signal {signal.Signals(-exit_code).name}."
    else:
        text = f"The instance's process ended with exit code {exit_code}."
    lines = last_lines(folder / LOG_FILE)
    return f"{text} Last log lines: {' | '.join(lines)}" if lines else text


def _read_endpoint(folder: Path) -> Endpoint | None:
    try:
        return Endpoint.model_validate_json((folder / ENDPOINT_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def _read_config(folder: Path) -> InstanceConfig:
    try:
        return InstanceConfig.model_validate_json((folder / CONFIG_FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise LauncherError("The instance's configuration cannot be read; replace it by a new one.") from error


def _read_handle(folder: Path) -> Handle | None:
    try:
        handle = json.loads((folder / _HANDLE_FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return handle if isinstance(handle, dict) and {"pid", "process_started", "folder"} <= handle.keys() else None


def _local_path(uri: str) -> Path:
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if parts.scheme:
        raise LauncherError(f"The snapshot at {uri} is not on this machine; the local launcher needs a local folder.")
    return Path(uri)


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in ours.items() if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)}


def _write_atomically(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.partial")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(file)
