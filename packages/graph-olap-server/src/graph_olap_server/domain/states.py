"""Every legal change of status, one table per resource, and the one function that judges a change.

The store applies what this module allows as one conditional write and writes the event in the same transaction
(:func:`graph_olap_server.store.transitions.change_status`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graph_olap_server.domain.errors import invalid_state

__all__ = [
    "COUNTED_INSTANCE_STATUSES",
    "EXPORT_JOB",
    "INSTANCE",
    "SNAPSHOT",
    "VISIBLE_INSTANCE_STATUSES",
    "StateMachine",
    "check_transition",
    "require_status",
]


@dataclass(frozen=True, slots=True)
class StateMachine:
    """Statuses of a resource and where each may go.

    Attributes:
        resource: Plain name, for messages and events.
        initial: Statuses in which a row may be created.
        targets: Status → statuses it may change to.
    """

    resource: str
    initial: frozenset[str]
    targets: Mapping[str, frozenset[str]]

    @property
    def statuses(self) -> tuple[str, ...]:
        """All statuses in the order of the contract."""
        return tuple(self.targets)


SNAPSHOT = StateMachine(
    "snapshot",
    frozenset({"pending"}),
    {
        "pending": frozenset({"creating", "failed", "cancelled"}),
        "creating": frozenset({"ready", "failed", "cancelled"}),
        "ready": frozenset(),
        "failed": frozenset({"pending"}),
        "cancelled": frozenset({"pending"}),
    },
)

INSTANCE = StateMachine(
    "instance",
    frozenset({"waiting_for_snapshot", "starting"}),
    {
        "waiting_for_snapshot": frozenset({"starting", "failed", "stopping"}),
        "starting": frozenset({"running", "failed", "stopping"}),
        "running": frozenset({"failed", "stopping", "suspended", "resuming"}),
        "stopping": frozenset(),
        "failed": frozenset({"stopping"}),
        "suspended": frozenset({"resuming", "stopping"}),
        "resuming": frozenset({"running", "failed", "stopping", "starting"}),
    },
)
"""``running`` → ``resuming`` after a crash; → ``starting`` where what was kept does not open (services/restarts.py)."""

EXPORT_JOB = StateMachine(
    "export_job",
    frozenset({"pending"}),
    {
        "pending": frozenset({"claimed", "failed"}),
        "claimed": frozenset({"submitted", "completed", "pending", "failed"}),
        "submitted": frozenset({"completed", "pending", "failed"}),
        "completed": frozenset(),
        "failed": frozenset({"pending"}),
    },
)
"""``failed`` → ``pending`` is the retry of the snapshot (section 2.2.3)."""

COUNTED_INSTANCE_STATUSES = ("waiting_for_snapshot", "starting", "running", "resuming")
"""Statuses that count against the concurrency limits."""

VISIBLE_INSTANCE_STATUSES = tuple(status for status in INSTANCE.statuses if status != "stopping")
"""Statuses that clients see; an instance is gone for them once it stops."""


def check_transition(machine: StateMachine, resource_id: int, current: str, target: str) -> None:
    """Raise 409 ``INVALID_STATE`` unless the change is in the machine's table."""
    if target in machine.targets[current]:
        return
    sources = [status for status, targets in machine.targets.items() if target in targets]
    name = machine.resource.replace("_", " ")
    raise invalid_state(
        machine.resource,
        resource_id,
        current,
        ", ".join(sources),
        f"{name.capitalize()} {resource_id} is {current}; it cannot become {target}.",
    )


def require_status(machine: StateMachine, resource_id: int, current: str, *required: str) -> None:
    """Raise 409 ``INVALID_STATE`` unless the status is one of the required ones."""
    if current in required:
        return
    raise invalid_state(
        machine.resource,
        resource_id,
        current,
        ", ".join(required),
        f"{machine.resource.replace('_', ' ').capitalize()} {resource_id} is {current}; "
        f"it must be {' or '.join(required)}.",
    )
