"""Named jobs: one run in the whole deployment, recorded, triggered, and due again in time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from graph_olap_server.domain.errors import PlatformError, unavailable
from graph_olap_server.domain.roles import Identity, Role
from graph_olap_server.jobs.runs import FollowedJob, NamedJob
from graph_olap_server.services.job_runs import (
    JOB_LEASE,
    begin_run,
    end_run,
    keep_run,
    list_jobs,
    register_jobs,
    seconds_until_run,
    trigger_job,
)
from graph_olap_server.services.ops_requests import TriggerJob
from graph_olap_server.store.tables import JobRow

OLGA = Identity("olga", Role.OPS)
NAME = "lifecycle"


@pytest.fixture
def registered(context):
    register_jobs(context, {NAME: 300})
    return context


def status(context, name=NAME):
    return next(job for job in list_jobs(context) if job.name == name)


def test_only_one_of_many_processes_runs_a_job(registered):
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: begin_run(registered, NAME, forced=True), range(8)))
    assert sum(run is not None for run in runs) == 1
    assert status(registered).running


def test_a_job_runs_when_it_is_due_and_not_before(registered, clock):
    passes = []
    job = NamedJob(registered, NAME, lambda: passes.append(1), at_start=False)
    assert 0 < job.run() <= 5
    clock.pass_by(seconds=299)
    job.run()
    assert passes == []
    clock.pass_by(seconds=2)
    job.run()
    assert passes == [1]
    assert status(registered).last_success_at == clock.now
    job.run()
    assert passes == [1]


def test_a_trigger_during_a_run_asks_for_one_more(registered, clock):
    run = begin_run(registered, NAME, forced=True)
    clock.pass_by(seconds=1)
    trigger_job(registered, OLGA, TriggerJob(job_name=NAME))
    assert begin_run(registered, NAME) is None
    end_run(registered, run, 1.0, None)
    assert seconds_until_run(registered, NAME) == 0
    assert begin_run(registered, NAME) is not None
    with pytest.raises(PlatformError) as refused:
        trigger_job(registered, OLGA, TriggerJob(job_name=NAME))
    assert refused.value.details == {"resource": NAME, "retry_after_seconds": 60}
    clock.pass_by(seconds=45.5)
    with pytest.raises(PlatformError) as refused:
        trigger_job(registered, OLGA, TriggerJob(job_name=NAME))
    assert (refused.value.retry_after, refused.value.status) == (15, 429)
    clock.pass_by(seconds=15)
    assert trigger_job(registered, OLGA, TriggerJob(job_name=NAME))["status"] == "queued"


def test_a_run_that_fell_silent_is_taken_over_and_cannot_report(registered, clock):
    lost = begin_run(registered, NAME, forced=True)
    clock.pass_by(seconds=JOB_LEASE.total_seconds() - 1)
    assert keep_run(registered, lost)
    clock.pass_by(seconds=JOB_LEASE.total_seconds() + 1)
    assert begin_run(registered, NAME, forced=True) is not None
    assert not keep_run(registered, lost)
    end_run(registered, lost, 1.0, "too late")
    assert status(registered).last_failure_at is None


def test_the_job_of_a_process_that_died_runs_at_once(registered):
    run = begin_run(registered, NAME, forced=True)
    with registered.database.write() as session:
        row = session.get_one(JobRow, NAME)
        # This process with another start: its id was used again.
        row.lease_holder = f"{row.lease_holder}-earlier"
    assert not status(registered).running
    assert begin_run(registered, NAME, forced=True) is not None
    assert not keep_run(registered, run)


def test_failures_are_counted_and_tried_again_within_a_minute(registered, clock):
    def fail() -> None:
        raise unavailable("warehouse", "The warehouse is asleep.")

    job = NamedJob(registered, NAME, fail)
    for number in range(1, 4):
        job.run()
        found = status(registered)
        assert (found.consecutive_failures, found.last_error) == (number, "The warehouse is asleep.")
        assert found.health_status == ("unhealthy" if number == 3 else "healthy")
        assert (found.next_run - clock.now).total_seconds() == 60
        clock.pass_by(seconds=61)
    NamedJob(registered, NAME, lambda: None).run()
    assert (status(registered).health_status, status(registered).consecutive_failures) == ("healthy", 0)
    value = registered.metrics.registry.get_sample_value
    assert value("background_job_execution_total", {"job_name": NAME, "status": "failed"}) == 3
    assert value("lifecycle_passes_total") == 4


def test_a_crash_is_recorded_without_its_words(registered, caplog):
    def crash() -> None:
        raise ZeroDivisionError("secret")

    NamedJob(registered, NAME, crash).run()
    assert "secret" not in str(status(registered).last_error)
    assert caplog.records[-1].getMessage() == "job_failed"


def test_a_clock_that_is_set_back_stops_no_job(registered, clock):
    end_run(registered, begin_run(registered, NAME, forced=True), 1.0, None)
    clock.pass_by(days=-30)
    assert begin_run(registered, NAME) is not None


def test_without_a_process_that_runs_jobs_a_trigger_is_refused(context, clock):
    with pytest.raises(PlatformError) as refused:
        trigger_job(context, OLGA, TriggerJob(job_name=NAME))
    assert (refused.value.status, refused.value.details) == (503, {"service": "scheduler"})
    register_jobs(context, {NAME: 300})
    trigger_job(context, OLGA, TriggerJob(job_name=NAME))
    clock.pass_by(seconds=600)
    with pytest.raises(PlatformError) as refused:
        trigger_job(context, OLGA, TriggerJob(job_name=NAME))
    assert refused.value.status == 503
    assert status(context, "schema_cache").health_status == "unknown"


def test_after_the_machine_slept_a_trigger_is_accepted(registered, clock):
    registered.signals.jobs.subscribe()
    clock.pass_by(hours=9)
    assert trigger_job(registered, OLGA, TriggerJob(job_name=NAME))["status"] == "queued"


def test_a_machine_whose_clock_is_a_little_behind_does_not_run_a_job_twice(registered, clock):
    run = begin_run(registered, NAME, forced=True)
    clock.pass_by(seconds=-2)
    assert begin_run(registered, NAME, forced=True) is None
    clock.pass_by(seconds=2)
    end_run(registered, run, 1.0, None)
    clock.pass_by(seconds=-2)
    assert begin_run(registered, NAME) is None


def test_a_job_that_passes_often_is_recorded_seldom_but_its_failures_at_once(context, monkeypatch):
    register_jobs(context, {"instance_orchestration": 15})
    writes = []
    monkeypatch.setattr("graph_olap_server.jobs.runs.record_pass", lambda *arguments: writes.append(arguments[3]))
    broken = False

    def work() -> float:
        if broken:
            raise ZeroDivisionError
        return 0.05

    job = FollowedJob(context, "instance_orchestration", work, interval=15)
    for _ in range(5):
        assert job.run() == 0.05
    assert writes == [None]
    broken = True
    with pytest.raises(ZeroDivisionError):
        job.run()
    broken = False
    job.run()
    assert [write is None for write in writes] == [True, False, True]
