from __future__ import annotations

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.roles import Identity, Role
from graph_olap_server.jobs.instances import Orchestrator, Remover
from graph_olap_server.jobs.reconciliation import reconcile
from graph_olap_server.jobs.shutdown import stop_instances
from graph_olap_server.launcher.base import InstanceState, PollResult
from graph_olap_server.services.expiry import expire_instances
from graph_olap_server.services.instances import get_instance, get_instance_progress, terminate_instance
from graph_olap_server.services.snapshots import delete_snapshot
from graph_olap_server.services.suspension import resume_instance, suspend_instance
from graph_olap_server.store.tables import InstanceRow

ADA, OLGA = Identity("ada", Role.ANALYST), Identity("olga", Role.OPS)


@pytest.fixture
def orchestrator(context, launcher):
    orchestrator = Orchestrator(context, launcher)
    yield orchestrator
    orchestrator.close()


@pytest.fixture
def remover(context, launcher):
    remover = Remover(context, launcher)
    yield remover
    remover.close()


@pytest.fixture
def running(make_instance, orchestrator, launcher, status_server):
    """The number of a running instance."""
    number = make_instance(starting=True)
    launcher.url = status_server.url
    status_server.status = {"status": "running", "ready": True}
    orchestrator.run()
    return number


def status_of(context, number):
    return get_instance(context, number).status


def test_suspend_ends_the_process_and_resume_starts_it_with_its_work(
    context, launcher, orchestrator, remover, running, instance_row
):
    suspend_instance(context, ADA, running)
    assert status_of(context, running) == "suspended"
    assert get_instance_progress(context, running).progress_percent == 100
    remover.run()
    assert (launcher.suspended, launcher.stopped) == ([running], [])
    assert instance_row(running).handle is None
    assert not launcher.started[-1].resumes

    assert resume_instance(context, ADA, running).status == "resuming"
    assert get_instance(context, running).progress is not None
    orchestrator.run()
    assert status_of(context, running) == "running"
    assert launcher.started[-1].resumes
    assert len(launcher.started) == 2


def test_a_process_that_does_not_end_is_tried_again_and_not_resumed_before(
    context, launcher, orchestrator, remover, running, instance_row
):
    launcher.stop_error = "It does not listen."
    suspend_instance(context, ADA, running)
    assert remover.run() <= 5
    assert instance_row(running).handle is not None
    with pytest.raises(PlatformError, match="still being suspended") as refused:
        resume_instance(context, ADA, running)
    assert (refused.value.status, refused.value.retry_after) == (503, 1)
    reconcile(context, launcher)
    orchestrator.run()
    assert status_of(context, running) == "suspended"
    launcher.stop_error = None
    remover.run()
    assert instance_row(running).handle is None
    assert resume_instance(context, ADA, running).status == "resuming"


@pytest.mark.parametrize("status", ["waiting_for_snapshot", "starting", "failed", "resuming"])
def test_only_a_running_instance_is_suspended(context, make_instance, status):
    number = make_instance()
    with context.database.write() as session:
        session.get_one(InstanceRow, number).status = status
    with pytest.raises(PlatformError) as refused:
        suspend_instance(context, ADA, number)
    assert (refused.value.code, refused.value.details["current_state"]) == ("INVALID_STATE", status)
    assert status_of(context, number) == status


@pytest.mark.parametrize("status", ["waiting_for_snapshot", "starting", "failed"])
def test_only_a_suspended_instance_is_resumed(context, make_instance, status):
    number = make_instance()
    with context.database.write() as session:
        session.get_one(InstanceRow, number).status = status
    with pytest.raises(PlatformError) as refused:
        resume_instance(context, ADA, number)
    assert (refused.value.code, refused.value.details["required_state"]) == ("INVALID_STATE", "suspended")


def test_reconciliation_leaves_a_process_alone_that_is_being_suspended(context, launcher, remover, running):
    # The record was changed and the server died before it ended the process.
    launcher.stop_error = "The server died."
    suspend_instance(context, ADA, running)
    launcher.stop_error = None
    reconcile(context, launcher)
    assert launcher.stopped == []
    remover.run()
    assert launcher.suspended == [running]


def test_a_resume_that_fails_says_why_and_leaves_nothing(context, launcher, orchestrator, remover, running):
    suspend_instance(context, ADA, running)
    remover.run()
    resume_instance(context, ADA, running)
    launcher.start_error = "What it kept is gone."
    orchestrator.run()
    failed = get_instance(context, running)
    assert (failed.status, failed.error_code, failed.error_message) == (
        "failed",
        "STARTUP_FAILED",
        "What it kept is gone.",
    )


def test_a_process_that_dies_while_it_resumes(context, launcher, orchestrator, remover, running):
    suspend_instance(context, ADA, running)
    remover.run()
    resume_instance(context, ADA, running)
    launcher.gone[running] = PollResult(InstanceState.GONE, reason="Killed.", trace="Traceback: it was killed")
    orchestrator.run()
    failed = get_instance(context, running, OLGA)
    assert (failed.status, failed.error_code, failed.stack_trace) == (
        "failed",
        "STARTUP_FAILED",
        "Traceback: it was killed",
    )
    assert get_instance(context, running, ADA).stack_trace is None


def test_a_resume_that_nobody_takes_up_fails_in_time(context, orchestrator, remover, running, clock):
    suspend_instance(context, ADA, running)
    remover.run()
    with context.database.write() as session:
        session.get_one(InstanceRow, running).host = "a-machine-that-is-gone"
    resume_instance(context, ADA, running)
    orchestrator.run()
    assert status_of(context, running) == "resuming"
    clock.pass_by(seconds=context.settings.instance_startup_timeout + 1)
    orchestrator.run()
    assert get_instance(context, running).error_code == "STARTUP_FAILED"


def test_a_server_that_takes_its_instances_along_keeps_what_suspended_ones_made(
    context, launcher, orchestrator, remover, running
):
    suspend_instance(context, ADA, running)
    remover.run()
    resume_instance(context, ADA, running)
    launcher.url = None
    orchestrator.run()
    launcher.suspended.clear()
    stop_instances(context, launcher)
    assert (launcher.suspended, launcher.stopped) == ([running], [])
    assert status_of(context, running) == "resuming"
    orchestrator.run()
    assert launcher.started[-1].resumes
    assert len(launcher.started) == 3


def test_terminate_removes_what_a_suspended_instance_left(context, launcher, remover, running, instance_row):
    suspend_instance(context, ADA, running)
    remover.run()
    terminate_instance(context, ADA, running)
    remover.run()
    assert launcher.discarded == [running]
    assert instance_row(running) is None


def test_a_snapshot_of_a_suspended_instance_is_kept(context, running):
    snapshot_id = get_instance(context, running).snapshot_id
    suspend_instance(context, ADA, running)
    with pytest.raises(PlatformError) as refused:
        delete_snapshot(context, ADA, snapshot_id)
    assert refused.value.code == "RESOURCE_HAS_DEPENDENCIES"


@pytest.mark.parametrize(("setting", "status"), [("terminate", None), ("suspend", "suspended")])
def test_what_becomes_of_an_unused_instance(context, clock, running, instance_row, monkeypatch, setting, status):
    monkeypatch.setattr(context.settings, "inactive_instances", setting)
    clock.pass_by(hours=5)
    assert expire_instances(context, lambda idle: False) == 1
    row = instance_row(running)
    assert (None if row.status == "stopping" else row.status) == status
    terminated = context.metrics.registry.get_sample_value("inactive_instances_terminated_total")
    assert terminated == (1 if status is None else 0)
    # Not twice: a suspended one has its lifetime only.
    assert expire_instances(context, lambda idle: False) == 0
    clock.pass_by(hours=24)
    expire_instances(context, lambda idle: False)
    assert instance_row(running).status == "stopping"
