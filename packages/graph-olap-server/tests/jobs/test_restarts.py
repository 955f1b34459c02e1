from __future__ import annotations

import pytest
from graph_olap_server.domain.restarts import RESTARTS
from graph_olap_server.domain.roles import Identity, Role
from graph_olap_server.jobs.deaths import Watcher
from graph_olap_server.jobs.instances import Orchestrator
from graph_olap_server.jobs.reconciliation import reconcile
from graph_olap_server.launcher.base import InstanceState, PollResult
from graph_olap_server.services.instances import get_instance, terminate_instance
from graph_olap_server.services.resizing import list_instance_events

ADA = Identity("ada", Role.ANALYST)
KILLED = PollResult(InstanceState.GONE, reason="It was killed by signal 9.", trace="the end of the log")
TOO_LARGE = PollResult(InstanceState.GONE, reason="It passed its memory of 2.0 GB.", out_of_memory=True)


@pytest.fixture
def orchestrator(context, launcher):
    orchestrator = Orchestrator(context, launcher)
    yield orchestrator
    orchestrator.close()


@pytest.fixture
def watcher(context, launcher):
    return Watcher(context, launcher)


@pytest.fixture
def running(make_instance, orchestrator, launcher, status_server):
    """The number of a running instance."""
    number = make_instance(starting=True)
    launcher.url = status_server.url
    status_server.status = {"status": "running", "ready": True}
    orchestrator.run()
    return number


def die(launcher, number, how=KILLED):
    """End the process that the instance has now, and only that."""
    launcher.engines.pop(number)
    launcher.gone[number] = how


def notice(launcher, watcher):
    assert watcher.run() == 1.0
    launcher.gone.clear()


def events(context, number):
    return [(event.event_type, event.details) for event in list_instance_events(context, number, 0, 50).items]


def test_a_crashed_instance_goes_on_with_its_work_under_its_number(
    context, launcher, orchestrator, watcher, running, status_server
):
    die(launcher, running)
    notice(launcher, watcher)
    between = get_instance(context, running)
    assert (between.status, between.instance_url, between.error_code) == ("resuming", None, None)
    orchestrator.run()
    after = get_instance(context, running)
    assert (after.status, after.instance_url) == ("running", status_server.url)
    assert [spec.resumes for spec in launcher.started] == [False, True]
    assert launcher.stopped == []
    ((kind, details),) = events(context, running)
    assert kind == "restarted"
    assert (details["reason"], details["results"], details["restart"]) == (KILLED.reason, "kept", 1)


@pytest.mark.parametrize(("how", "code"), [(KILLED, "UNEXPECTED_TERMINATION"), (TOO_LARGE, "OOM_KILLED")])
def test_the_third_death_within_an_hour_is_the_last(context, launcher, orchestrator, watcher, running, how, code):
    for _ in range(RESTARTS):
        die(launcher, running, how)
        notice(launcher, watcher)
        orchestrator.run()
        assert get_instance(context, running).status == "running"
    die(launcher, running, how)
    notice(launcher, watcher)
    failed = get_instance(context, running)
    assert (failed.status, failed.error_code) == ("failed", code)
    assert "died 3 times within an hour" in str(failed.error_message)
    assert str(failed.error_message).endswith(how.reason)
    assert launcher.stopped == [running]
    kind = "oom_recovered" if how.out_of_memory else "restarted"
    assert [(name, details["restart"]) for name, details in events(context, running)] == [(kind, 2), (kind, 1)]


def test_deaths_long_ago_do_not_count(context, launcher, orchestrator, watcher, running, clock):
    for _ in range(RESTARTS + 2):
        die(launcher, running)
        notice(launcher, watcher)
        orchestrator.run()
        assert get_instance(context, running).status == "running"
        clock.pass_by(minutes=31)


@pytest.mark.parametrize("trouble", ["dies", "fails", "refuses"])
def test_what_cannot_go_on_with_its_work_loads_the_snapshot(
    context, launcher, orchestrator, watcher, running, status_server, trouble
):
    die(launcher, running)
    notice(launcher, watcher)
    if trouble == "dies":
        launcher.on_start = lambda spec: die(launcher, spec.instance_id) if spec.resumes else None
    elif trouble == "fails":
        broken = {"error_code": "DATA_LOAD_ERROR", "error_message": "The log is damaged."}
        status_server.status = {"status": "failed", "progress": broken}
    else:
        launcher.start_error = "What it kept is gone."
        launcher.on_start = None
    if trouble == "refuses":
        # The claim of the next start comes in the same pass: only the first one is refused.
        start = launcher.start

        def refuse_once(spec):
            try:
                return start(spec)
            finally:
                launcher.start_error = None

        launcher.start = refuse_once
    orchestrator.run()
    launcher.gone.clear()
    status_server.status = {"status": "running", "ready": True}
    orchestrator.run()
    assert get_instance(context, running).status == "running"
    assert [spec.resumes for spec in launcher.started] == [False, True, False]
    assert launcher.stopped == ([running] if trouble == "fails" else [])
    latest, first = events(context, running)
    assert (first[1]["results"], latest[1]["results"]) == ("kept", "lost")
    assert "run the algorithms again" in latest[1]["note"]


def test_a_restart_that_never_comes_up_fails_in_words(context, launcher, orchestrator, watcher, running):
    die(launcher, running)
    notice(launcher, watcher)
    launcher.on_start = lambda spec: die(launcher, spec.instance_id)
    orchestrator.run()
    orchestrator.run()
    failed = get_instance(context, running)
    assert (failed.status, failed.error_code, failed.error_message) == ("failed", "STARTUP_FAILED", KILLED.reason)
    assert len(launcher.started) == 3


def test_reconciliation_and_the_watcher_restart_it_once(context, launcher, orchestrator, watcher, running):
    die(launcher, running)
    reconcile(context, launcher)
    watcher.run()
    reconcile(context, launcher)
    launcher.gone.clear()
    orchestrator.run()
    watcher.run()
    assert get_instance(context, running).status == "running"
    assert len(events(context, running)) == 1


def test_what_is_terminated_or_on_another_machine_is_not_restarted(context, launcher, watcher, running):
    launcher.elsewhere.add(running)
    launcher.gone[running] = KILLED
    watcher.run()
    assert get_instance(context, running).status == "running"
    launcher.elsewhere.clear()
    terminate_instance(context, ADA, running)
    watcher.run()
    assert len(launcher.started) == 1
