"""Waiting for long work: when to look again, and what to say when it fails, takes too long or is interrupted."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, Optional

from graph_olap.exceptions import InstanceFailedError, SnapshotFailedError, TimeoutError
from graph_olap.models import Instance, LoadReport, Progress, Snapshot

__all__ = [
    "FAILED_SNAPSHOT",
    "Deadline",
    "instance_failed",
    "interrupted",
    "lost_hint",
    "not_running_hint",
    "snapshot_failed",
    "still_working",
]

FAILED_SNAPSHOT = ("failed", "cancelled")
"""Snapshot statuses that end a wait without a snapshot."""

_FIRST_DELAY = 0.02
_GROWTH = 1.05  # so a change is noticed within about a twentieth of the time waited so far


class Deadline:
    """A time limit on the monotonic clock, and the growing delays between looks until then.

    Delays start at 0.02 s, so that short work is noticed at once, and grow up to ``poll_interval``.

    Args:
        timeout: Seconds until :attr:`passed` becomes true; ``None`` means never.
        poll_interval: Longest delay in seconds.
        clock: Replaces the monotonic clock; for tests.
    """

    def __init__(
        self,
        timeout: Optional[float],
        poll_interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.timeout = timeout
        self._clock = clock
        self._start = clock()
        self._longest = max(poll_interval, 0.0)
        self._delay = min(_FIRST_DELAY, self._longest)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start

    @property
    def passed(self) -> bool:
        """Whether the time limit is over."""
        return self.timeout is not None and self.elapsed >= self.timeout

    def next_delay(self) -> float:
        """Return the seconds to sleep before the next look; never beyond the limit."""
        delay = self._delay
        self._delay = min(self._delay * _GROWTH, self._longest)
        return delay if self.timeout is None else max(0.0, min(delay, self.timeout - self.elapsed))


def snapshot_failed(snapshot: Snapshot, report: Optional[LoadReport]) -> SnapshotFailedError:
    """Build the error for a snapshot that failed or was cancelled."""
    cause = snapshot.error_message or "no cause was given"
    return SnapshotFailedError(
        f"Snapshot {snapshot.id} ({snapshot.name!r}) {_past(snapshot.status)}: {_sentence(cause)}",
        _details(snapshot_id=snapshot.id, status=snapshot.status, load_report=report),
        hint=f"client.snapshots.retry({snapshot.id}) tries the export again.",
    )


def instance_failed(instance: Instance, report: Optional[LoadReport]) -> InstanceFailedError:
    """Build the error for an instance that failed, or whose snapshot did."""
    cause = instance.error_message or "no cause was given"
    return InstanceFailedError(
        f"Instance {instance.id} ({instance.name!r}) failed: {_sentence(cause)}",
        _details(
            instance_id=instance.id,
            snapshot_id=instance.snapshot_id,
            mapping_id=instance.mapping_id,
            error_code=instance.error_code,
            load_report=report,
        ),
        code=instance.error_code,
    )


def still_working(kind: str, number: int, deadline: Deadline, progress: Optional[Progress]) -> TimeoutError:
    """Build the error for a wait that took too long: what goes on, how to look, how to cancel."""
    done = "ready" if kind == "snapshot" else "running"
    state = (
        f" It is {progress.status} (phase {progress.phase}, {progress.progress_percent}%)."
        if progress is not None
        else ""
    )
    return TimeoutError(
        f"{kind.capitalize()} {number} was not {done} within {deadline.timeout:g} s.{state}",
        _details(
            **{f"{kind}_id": number},
            timeout_seconds=deadline.timeout,
            status=progress.status if progress else None,
            phase=progress.phase if progress else None,
        ),
        hint=f"The work goes on: {_next_steps(kind, number)}",
    )


def interrupted(kind: str, number: int) -> KeyboardInterrupt:
    """Build the answer to Ctrl-C during a wait: only the waiting stops."""
    return KeyboardInterrupt(f"Stopped waiting; {kind} {number} goes on. {_next_steps(kind, number)}")


def not_running_hint(instance_id: int, status: str) -> Optional[str]:
    """Say what makes an instance in this status run, if anything does."""
    if status == "suspended":
        return f"client.instances.resume({instance_id}) starts it again, with everything that was made in it."
    if status == "resuming":
        return (
            f"It is on its way, after a suspension or a crash: client.instances.wait_until_running({instance_id}) "
            f"waits for it, then connect again with client.instances.connect({instance_id})."
        )
    return None if status == "failed" else f"client.instances.wait_until_running({instance_id}) waits for it."


def lost_hint(instance_id: int) -> str:
    """Say what to do when the process of an instance cannot be reached and nobody knows why yet."""
    return (
        f"Instance {instance_id} may have ended; after a crash it is started again within seconds: "
        f"client.instances.wait_until_running({instance_id}) waits for it, client.instances.get({instance_id}) tells "
        "its status and why."
    )


def _next_steps(kind: str, number: int) -> str:
    wait, cancel = ("wait_until_ready", "delete") if kind == "snapshot" else ("wait_until_running", "terminate")
    resource = f"client.{kind}s"
    return (
        f"{resource}.get_progress({number}) shows how far it is, {resource}.{wait}({number}) waits again, "
        f"{resource}.{cancel}({number}) cancels it."
    )


def _past(status: str) -> str:
    return "was cancelled" if status == "cancelled" else "failed"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _details(**facts: Any) -> Dict[str, Any]:
    return {key: value for key, value in facts.items() if value is not None}
