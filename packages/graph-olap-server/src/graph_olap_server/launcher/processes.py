"""Operating-system processes by identity: process id and start together, so that a reused id is never touched."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

__all__ = [
    "end_session",
    "find_by_argument",
    "find_session_leaders",
    "is_alive",
    "session_threads",
    "start_mark",
    "wait_until_gone",
]

_PROC = Path("/proc")
_POLL_SECONDS = 0.02


def start_mark(pid: int) -> str | None:
    """Return a text that is the same for the life of a process and differs for the next one of that id.

    ``None`` when there is no such process, or only its remains that nobody has collected yet.
    """
    if (_PROC / "self" / "stat").exists():
        fields = _stat(pid)
        if fields is None or fields[0] in ("Z", "X"):
            return None
        return f"{fields[19]}@{_boot_id()}"  # field 22 of the file: start in ticks since boot
    result = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = result.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else " ".join(started.split())


def is_alive(pid: int, mark: str) -> bool:
    """Tell whether the process that had this start mark still runs."""
    return start_mark(pid) == mark


def wait_until_gone(pid: int, mark: str, seconds: float) -> bool:
    """Wait until a process has ended, at most so long; return whether it has. Its remains are not collected."""
    deadline = time.monotonic() + seconds
    try:
        descriptor = os.pidfd_open(pid)
    except (OSError, AttributeError):  # gone, or no such call on this platform
        while is_alive(pid, mark) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return not is_alive(pid, mark)
    try:
        if is_alive(pid, mark):
            poller = select.poll()
            poller.register(descriptor, select.POLLIN)
            poller.poll(max(deadline - time.monotonic(), 0) * 1000)
    finally:
        os.close(descriptor)
    return not is_alive(pid, mark)


def end_session(pid: int, mark: str, sign: signal.Signals) -> None:
    """Signal a process that leads its own session and all that it started.

    When the leader is gone its id cannot be in use again while members of the session live, so that they are signalled
    only if no other process has the id.
    """
    current = start_mark(pid)
    if current not in (mark, None):
        return
    if current == mark:
        with suppress(ProcessLookupError):
            os.killpg(pid, sign)
        if sign == signal.SIGTERM:
            return  # servers take a second SIGTERM for impatience
    for member in _session_members(pid):
        with suppress(ProcessLookupError):
            os.kill(member, sign)


def find_by_argument(argument: str) -> int | None:
    """Return the id of a process of ours that was started with this argument; ``None`` also without ``/proc``."""
    wanted = os.fsencode(argument)
    for entry in _numbered():
        with suppress(OSError):
            if (_PROC / str(entry)).stat().st_uid == os.getuid() and wanted in (
                _PROC / str(entry) / "cmdline"
            ).read_bytes().split(b"\0"):
                return entry
    return None


def find_session_leaders(prefix: str) -> list[tuple[int, str, str]]:
    """Return our processes that lead a session and have an argument that begins so: id, start mark, argument."""
    wanted = os.fsencode(prefix)
    found = []
    for pid in _numbered():
        fields, mark = _stat(pid), start_mark(pid)
        if fields is None or mark is None or fields[3] != str(pid):
            continue
        with suppress(OSError):
            folder = _PROC / str(pid)
            if folder.stat().st_uid == os.getuid():
                arguments = (folder / "cmdline").read_bytes().split(b"\0")
                found += [(pid, mark, os.fsdecode(item)) for item in arguments if item.startswith(wanted)][:1]
    return found


def session_threads(pid: int) -> list[int]:
    """Return the ids of all threads of a process that leads its session and of all that it started."""
    threads = []
    for member in (pid, *_session_members(pid)):
        with suppress(OSError):
            threads += [int(entry.name) for entry in (_PROC / str(member) / "task").iterdir()]
    return threads


def _session_members(session: int) -> list[int]:
    members = []
    for pid in _numbered():
        fields = _stat(pid)
        if pid != session and fields is not None and fields[3] == str(session) and fields[0] != "Z":
            members.append(pid)
    return members


def _numbered() -> list[int]:
    try:
        return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    except OSError:
        return []


def _stat(pid: int) -> list[str] | None:
    """Return the fields of ``/proc/<pid>/stat`` from the third (the state) on; names may hold blanks and brackets."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _boot_id() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return ""
