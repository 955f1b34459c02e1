"""The launcher port: start, stop and poll the server of one instance.

The contract, for every adapter:

* ``start`` returns as soon as the engine process exists. Started is not reachable: readiness is asked over HTTP at the
  endpoint that ``poll`` reports.
* ``start`` either returns a handle or raises ``LauncherError`` and leaves nothing behind.
* A handle is a small JSON object; it is stored with the instance and is all that a restarted control plane needs to
  poll or stop the instance (adoption).
* ``stop`` of something that is already gone succeeds. It returns when the instance is gone and its folder removed.
* ``start`` of an instance that runs already returns its handle: the one who started it may have died before storing it.
* A handle may lie out of reach, on another machine; ``reaches`` tells, and nothing else is asked about it. Where an
  engine lives and dies with a machine, its handle names that machine as ``node``.
* ``suspend`` ends the process and keeps its work; ``start`` with ``resumes`` goes on with it, or raises
  ``LauncherError`` when the work is not here. Both may be repeated after a crash.
* ``list_running`` finds every instance of this deployment, also those no record knows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Handle", "InstanceSpec", "InstanceState", "Launcher", "LauncherError", "PollResult", "RunningInstance"]

Handle = Mapping[str, Any]


class LauncherError(Exception):
    """An instance could not be started or stopped; the message is fit for an analyst."""


class InstanceState(StrEnum):
    """What ``poll`` found: the process is on its way, listening, or gone."""

    STARTING = "starting"
    LISTENING = "listening"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """What to start.

    Attributes:
        instance_id, snapshot_id, mapping_id: Ids of the records.
        owner: User name of the owner.
        engine: Engine name (``kuzu``, ``ladybug``).
        snapshot_uri: Where the snapshot's folder is.
        cpu_cores: Threads the engine may use.
        memory_gb: Limit in GB, or ``None`` for the launcher's default.
        resumes: Go on with what :meth:`Launcher.suspend` kept.
    """

    instance_id: int
    snapshot_id: int
    mapping_id: int
    owner: str
    engine: str
    snapshot_uri: str
    cpu_cores: int
    memory_gb: int | None = None
    resumes: bool = False


@dataclass(frozen=True, slots=True)
class PollResult:
    """State, the base URL once listening, and for a gone instance why (exit code or signal, last log lines).

    ``out_of_memory`` is true where the cause is known to be a memory limit; ``trace`` is the end of a gone process's
    log as it was written.
    """

    state: InstanceState
    url: str | None = None
    reason: str | None = None
    out_of_memory: bool = False
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class RunningInstance:
    """An instance that the launcher found running."""

    instance_id: int
    handle: Handle


class Launcher(ABC):
    """Starts, polls and stops instances."""

    @abstractmethod
    def start(self, spec: InstanceSpec) -> Handle:
        """Start an instance and return its handle."""

    @abstractmethod
    def poll(self, handle: Handle) -> PollResult:
        """Say what became of an instance; never raises for one that is gone."""

    @abstractmethod
    def stop(self, handle: Handle, *, grace_seconds: float = 5.0) -> None:
        """Stop an instance: ask, then force after ``grace_seconds``; remove its folder."""

    @abstractmethod
    def suspend(self, handle: Handle, *, grace_seconds: float = 5.0) -> None:
        """End an instance as :meth:`stop` does, but keep what was made in it for a ``start`` that resumes it."""

    @abstractmethod
    def discard(self, instance_id: int) -> None:
        """Remove what a suspended instance left here, if anything."""

    def largest_memory_gb(self, used_bytes: int) -> int | None:
        """Return how far an instance that uses so much now can grow on this machine; ``None`` where nothing tells."""
        return None

    @abstractmethod
    def resize(self, handle: Handle, *, cpu_cores: int, memory_gb: int | None) -> Sequence[str]:
        """Give a running instance other resources without a restart.

        Returns:
            Sentences that say what does not take effect while it runs; empty when everything does.

        Raises:
            LauncherError: It is gone or not on this machine, or the machine has not that much; nothing was changed.
        """

    @abstractmethod
    def list_running(self) -> Sequence[RunningInstance]:
        """Return all running instances of this deployment."""

    def reaches(self, handle: Handle) -> bool:
        """Tell whether this launcher can poll and stop the instance; one on another machine is out of reach."""
        return True

    @abstractmethod
    def remove_leftovers(self, known: Callable[[], Collection[int]]) -> Sequence[int]:
        """Remove what is left of instances that neither run nor are known; return their ids.

        ``known`` is called after what lies there was listed: a record always exists before anything of its instance.
        """

    @abstractmethod
    def announce(self, control_plane_url: str) -> None:
        """Tell running and future instances where the control plane listens now."""

    @abstractmethod
    def check(self) -> None:
        """Touch the runtime; raises ``LauncherError`` when it cannot be used."""
