from __future__ import annotations

import itertools

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.states import (
    EXPORT_JOB,
    INSTANCE,
    SNAPSHOT,
    StateMachine,
    check_transition,
    require_status,
)

# Written out again from the contract (4.1-4.3), so that a slip in the table shows.
LEGAL = {
    "snapshot": {
        ("pending", "creating"),
        ("pending", "failed"),
        ("creating", "failed"),
        ("creating", "ready"),
        ("pending", "cancelled"),
        ("creating", "cancelled"),
        ("failed", "pending"),
        ("cancelled", "pending"),
    },
    "instance": {
        ("waiting_for_snapshot", "starting"),
        ("waiting_for_snapshot", "failed"),
        ("starting", "running"),
        ("starting", "failed"),
        ("running", "failed"),
        ("running", "suspended"),
        # Revived after a crash, which 4.2 leaves open: with what was kept, or without.
        ("running", "resuming"),
        ("resuming", "starting"),
        ("suspended", "resuming"),
        ("resuming", "running"),
        ("resuming", "failed"),
        *(
            (status, "stopping")
            for status in ("waiting_for_snapshot", "starting", "running", "failed", "suspended", "resuming")
        ),
    },
    "export_job": {
        ("pending", "claimed"),
        ("claimed", "submitted"),
        ("claimed", "completed"),
        ("submitted", "completed"),
        ("claimed", "pending"),
        ("submitted", "pending"),
        ("claimed", "failed"),
        ("submitted", "failed"),
        ("pending", "failed"),
        ("failed", "pending"),
    },
}

PAIRS = [
    pytest.param(machine, current, target, id=f"{machine.resource}:{current}->{target}")
    for machine in (SNAPSHOT, INSTANCE, EXPORT_JOB)
    for current, target in itertools.product(machine.statuses, repeat=2)
]


@pytest.mark.parametrize(("machine", "current", "target"), PAIRS)
def test_every_pair_of_states(machine: StateMachine, current: str, target: str):
    if (current, target) in LEGAL[machine.resource]:
        check_transition(machine, 7, current, target)
        return
    with pytest.raises(PlatformError) as raised:
        check_transition(machine, 7, current, target)
    assert raised.value.code == "INVALID_STATE"
    assert raised.value.details["current_state"] == current
    assert "7" in raised.value.message


@pytest.mark.parametrize("machine", [SNAPSHOT, INSTANCE, EXPORT_JOB], ids=lambda machine: machine.resource)
def test_tables_are_closed(machine: StateMachine):
    assert machine.initial <= set(machine.statuses)
    assert set().union(*machine.targets.values()) <= set(machine.statuses)


def test_required_status_names_what_is_needed():
    require_status(SNAPSHOT, 1, "ready", "ready")
    with pytest.raises(PlatformError, match="Snapshot 1 is pending; it must be ready"):
        require_status(SNAPSHOT, 1, "pending", "ready")
