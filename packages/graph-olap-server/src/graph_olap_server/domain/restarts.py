"""When an instance whose process has died is started again, and when it is given up."""

from __future__ import annotations

from datetime import timedelta

__all__ = ["RESTARTS", "RESTART_WINDOW", "given_up", "may_restart"]

RESTARTS = 2
"""Restarts within the window; the crash after them is the last."""

RESTART_WINDOW = timedelta(hours=1)


def may_restart(restarts: int) -> bool:
    """Tell whether an instance that was started again so often within the window may be once more.

    Example:
        >>> may_restart(0), may_restart(1), may_restart(2)
        (True, True, False)
    """
    return restarts < RESTARTS


def given_up(reason: str) -> str:
    """Say that an instance has died too often, and of what."""
    return (
        f"The instance's process died {RESTARTS + 1} times within an hour and was not started again. Most likely one "
        f"query or algorithm ends it each time: leave it out in a new instance of the snapshot. Last time: {reason}"
    )
