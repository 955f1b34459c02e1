from __future__ import annotations

import threading

from graph_olap_server.jobs.supervisor import Job, Supervisor


def test_a_job_runs_at_the_start_and_at_every_event():
    passes = threading.Semaphore(0)
    wake = threading.Event()

    def run() -> float:
        passes.release()
        return 60

    supervisor = Supervisor([Job("counts", run, wake)])
    supervisor.start()
    assert passes.acquire(timeout=30)
    wake.set()
    assert passes.acquire(timeout=30)
    assert not passes.acquire(timeout=0.05)
    assert supervisor.stop(5)


def test_an_event_during_a_pass_starts_another():
    entered, leave, passes = threading.Event(), threading.Event(), []
    wake = threading.Event()

    def run() -> float:
        passes.append(1)
        entered.set()
        leave.wait(5)
        return 60

    supervisor = Supervisor([Job("slow", run, wake)])
    supervisor.start()
    assert entered.wait(5)
    entered.clear()
    wake.set()
    leave.set()
    assert entered.wait(5)
    assert supervisor.stop(5)
    assert len(passes) == 2


def test_a_failure_is_logged_and_survived(caplog):
    passes, done = [], threading.Event()
    wake = threading.Event()

    def run() -> float:
        passes.append(1)
        if len(passes) == 1:
            raise ZeroDivisionError
        done.set()
        return 60

    supervisor = Supervisor([Job("fails", run, wake)])
    supervisor.start()
    while not caplog.records:
        done.wait(0.01)
    wake.set()
    assert done.wait(5)
    assert supervisor.stop(5)
    assert caplog.records[0].getMessage() == "job_failed"


def test_a_pass_that_does_not_end_is_reported(caplog):
    leave = threading.Event()

    def run() -> float:
        leave.wait(5)
        return 60

    supervisor = Supervisor([Job("busy", run, threading.Event())])
    supervisor.start()
    assert supervisor.stop(0.05) is False
    assert supervisor.stopping
    leave.set()
