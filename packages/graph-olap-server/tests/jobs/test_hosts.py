"""Machines that share a database: a silent one is given up, a living one never, a returning one clears up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from graph_olap_server.jobs import hosts
from graph_olap_server.jobs.hosts import HostKeeper, HostReconciler
from graph_olap_server.jobs.reconciliation import reconcile
from graph_olap_server.services import exports
from graph_olap_server.services.hosts import beat, give_up_host, request_reconciliation
from graph_olap_server.services.job_runs import begin_run, register_jobs
from graph_olap_server.store.leases import START_LEASE, claim_row
from graph_olap_server.store.tables import ExportJobRow, HostRow, InstanceRow, SnapshotRow
from sqlalchemy import select


@pytest.fixture
def steady(monkeypatch):
    """The steady clock that the keeper measures silence by; the test sets ``steady[0]``."""
    now = [1000.0]
    monkeypatch.setattr(hosts.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def on(context):
    """The platform's parts as a machine of this name has them."""

    def machine(name: str):
        return replace(context, settings=context.settings.model_copy(update={"node_name": name, "host_timeout": 60.0}))

    return machine


@pytest.fixture
def make_running(context, make_instance):
    """An instance whose engine runs on a machine."""

    def make(host: str, status: str = "running") -> int:
        number = make_instance(starting=True)
        with context.database.write() as session:
            row = session.get_one(InstanceRow, number)
            row.status, row.host, row.handle = status, host, {"instance_id": number, "node": host}
        return number

    return make


def watch(keeper: HostKeeper, steady: list[float], seconds: float) -> None:
    for _ in range(int(seconds // 10)):
        steady[0] += 10
        keeper.run()


def names(context) -> list[str]:
    with context.database.read() as session:
        return list(session.scalars(select(HostRow.name).order_by(HostRow.name)))


def test_a_silent_machine_is_given_up_with_its_instances_and_work(
    context, on, steady, clock, make_running, make_instance, instance_row
):
    a, b = on("a"), on("b")
    running, starting, stopping = make_running("b"), make_running("b", "starting"), make_running("b", "stopping")
    suspended, ours = make_running("b", "suspended"), make_running("a")
    launched = make_instance(starting=True)
    task = exports.claim_export(b, f"{b.holder}:0")
    register_jobs(context, {"lifecycle": 300})
    assert begin_run(b, "lifecycle", forced=True) is not None
    with context.database.write() as session:
        assert claim_row(session, session.get_one(InstanceRow, launched), clock(), START_LEASE, b.holder)
        assert claim_row(session, session.get_one(SnapshotRow, 1), clock(), START_LEASE, b.holder)
    keeper = HostKeeper(a)
    beat(b)
    keeper.run()

    watch(keeper, steady, 50)
    assert instance_row(running).status == "running"
    watch(keeper, steady, 20)

    for number in (running, starting):
        row = instance_row(number)
        assert (row.status, row.error_code, row.handle) == ("failed", "UNEXPECTED_TERMINATION", None)
        assert row.error_message.startswith(
            "The machine b, on which the instance ran, has given no sign of life for 60"
        )
    assert instance_row(stopping) is None
    assert (instance_row(ours).status, instance_row(suspended).status) == ("running", "suspended")
    assert (instance_row(launched).status, instance_row(launched).lease_token) == ("starting", None)
    assert begin_run(a, "lifecycle", forced=True) is not None
    with context.database.read() as session:
        assert session.get_one(ExportJobRow, task.job_id).status == "pending"
        assert session.get_one(SnapshotRow, 1).lease_token is None
    assert names(context) == ["a"]
    assert exports.complete_export(b, task, None) is False  # must not be looked at


def test_claims_of_machines_with_longer_names_stay(context, on, make_instance):
    make_instance()
    b10 = on("b10")
    task = exports.claim_export(b10, f"{b10.holder}:0")
    beat(on("b"))
    assert give_up_host(on("a"), "b", 1, 60) == []
    assert exports.has_claim(context, task)


def test_a_machine_that_lives_is_not_given_up_however_the_clocks_go(context, on, steady, clock, make_running):
    make_running("b")
    a, b = HostKeeper(on("a")), HostKeeper(on("b"))
    for step in range(30):
        steady[0] += 10
        a.run()
        clock.pass_by(hours=-50 if step % 2 else 70)
        b.run()
    assert names(context) == ["a", "b"]


def test_a_sign_of_life_at_the_last_moment_counts(on, make_running, instance_row):
    number = make_running("b")
    for _ in range(2):
        beat(on("b"))
    assert give_up_host(on("a"), "b", 1, 60) is None
    assert instance_row(number).status == "running"


def test_nobody_is_given_up_for_the_time_in_which_we_were_away(context, on, steady, make_running):
    make_running("b")
    keeper = HostKeeper(on("a"))
    beat(on("b"))
    watch(keeper, steady, 50)
    steady[0] += 300  # the database was away, or this process was stopped
    keeper.run()
    watch(keeper, steady, 50)
    assert names(context) == ["a", "b"]
    watch(keeper, steady, 20)
    assert names(context) == ["a"]


def test_a_machine_that_comes_back_ends_the_engines_that_were_given_up(
    context, on, launcher, make_running, instance_row
):
    lost, kept, moved = make_running("b"), make_running("b"), make_running("a")
    launcher.engines = {number: {"instance_id": number, "node": "b"} for number in (lost, kept, moved)}
    launcher.elsewhere = {moved}  # the record's engine; the one here is of a start that was given up
    with context.database.write() as session:
        row = session.get_one(InstanceRow, lost)
        row.status, row.handle = "failed", None
    reconcile(on("b"), launcher)
    assert sorted(launcher.stopped) == [lost, moved]
    assert (instance_row(moved).status, instance_row(kept).status) == ("running", "running")


def test_each_machine_looks_at_its_own_engines_when_the_job_runs_on_one(on, launcher):
    a, b = on("a"), on("b")
    beat(a)
    beat(b)
    launcher.engines = {77: {"instance_id": 77, "node": "b"}}
    reconciler = HostReconciler(b, launcher)
    reconciler.run()
    request_reconciliation(a)
    HostReconciler(a, launcher).run()
    assert launcher.stopped == []
    for _ in range(2):
        reconciler.run()
    assert launcher.stopped == [77]


def test_the_claims_of_a_process_that_died_here_are_taken_back_with_the_next_sign(context, on, make_instance):
    make_instance()
    a = on("a")
    task = exports.claim_export(a, f"a:{a.holder.split(':')[1]}:earlier:0")
    HostKeeper(a).run()
    assert not exports.has_claim(context, task)
