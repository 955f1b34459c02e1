from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graph_olap_server.domain.roles import Identity, Role
from graph_olap_server.jobs.exports import ExportWorker
from graph_olap_server.services import exports
from graph_olap_server.services.configuration import update_export
from graph_olap_server.services.context import Context
from graph_olap_server.services.ops_requests import UpdateExport
from graph_olap_server.services.requests import CreateSnapshot
from graph_olap_server.services.snapshots import (
    create_snapshot,
    delete_snapshot,
    get_load_report,
    get_snapshot,
    get_snapshot_progress,
    retry_snapshot,
)
from graph_olap_server.store.tables import ExportJobRow
from graph_olap_server.warehouse.base import WarehouseError
from sqlalchemy import select

ADA = Identity("ada", Role.ANALYST)


@pytest.fixture
def worker(context: Context) -> ExportWorker:
    return ExportWorker(context, "worker", lambda: False)


@pytest.fixture
def make_snapshot(context: Context, make_mapping: Callable[..., int]) -> Callable[..., int]:
    def make(*arguments: Any, **changes: Any) -> int:
        mapping_id = make_mapping(*arguments, **changes)
        return create_snapshot(context, ADA, CreateSnapshot(name="s", mapping_id=mapping_id)).id

    return make


def drain(worker: ExportWorker) -> None:
    while worker.run() == 0:
        pass


def test_a_snapshot_becomes_ready_with_its_report(context, worker, make_snapshot):
    number = make_snapshot()
    assert worker.run() == 0
    progress = get_snapshot_progress(context, number)
    assert (progress.phase, progress.progress_percent, progress.rows) == ("exporting", 50, 100)
    drain(worker)
    snapshot = get_snapshot(context, number)
    assert snapshot.status == "ready", snapshot.error_message
    assert snapshot.node_counts == {"Account": 100}
    assert snapshot.edge_counts == {"PAID": 95}
    assert snapshot.size_bytes is not None
    assert snapshot.size_bytes > 0
    report = get_load_report(context, number)
    assert report["PAID"].rows_read == 100
    assert report["PAID"].rows_rejected == 5


def test_bad_rows_fail_the_snapshot_but_keep_the_report(context, worker, make_snapshot):
    number = make_snapshot("SELECT id FROM doubled")
    drain(worker)
    snapshot = get_snapshot(context, number)
    assert snapshot.status == "failed"
    assert "Account" in str(snapshot.error_message)
    assert get_load_report(context, number)["Account"].rows_rejected == 100
    assert retry_snapshot(context, ADA, number).status == "pending"
    assert get_snapshot_progress(context, number).jobs_pending == 2
    drain(worker)
    assert get_snapshot(context, number).status == "failed"


def test_a_permanent_error_fails_the_snapshot_at_once_and_names_the_definition(context, worker, make_snapshot):
    number = make_snapshot("SELECT id FROM accounts WHERE error('broken') IS NULL")
    drain(worker)
    snapshot = get_snapshot(context, number)
    assert snapshot.status == "failed"
    assert str(snapshot.error_message).startswith("Node Account: ")
    progress = get_snapshot_progress(context, number)
    assert [step["status"] for step in progress.steps] == ["failed", "failed"]
    assert "Account" in progress.steps[1]["error_message"]


def test_a_passing_error_is_tried_again_three_times(context, worker, make_snapshot, clock, monkeypatch):
    number = make_snapshot()

    def fail(*_: Any) -> None:
        raise WarehouseError("The warehouse is away.", retryable=True)

    monkeypatch.setattr(context.warehouse, "export", fail)
    for attempt in (1, 2, 3):
        assert get_snapshot(context, number).status in ("pending", "creating")
        worker.run()
        worker.run()
        with context.database.read() as session:
            assert {job.attempts for job in session.scalars(select(ExportJobRow))} <= {attempt, attempt - 1}
        clock.pass_by(seconds=90)
    assert get_snapshot(context, number).status == "failed"
    monkeypatch.undo()
    retry_snapshot(context, ADA, number)
    drain(worker)
    assert get_snapshot(context, number).status == "ready"


def test_a_warehouse_that_is_away_for_a_minute_is_outlasted(context, worker, make_snapshot, clock, monkeypatch):
    number = make_snapshot()

    def fail(*_: Any) -> None:
        raise WarehouseError("The warehouse is away.", retryable=True)

    monkeypatch.setattr(context.warehouse, "export", fail)
    for _ in range(60):
        drain(worker)
        clock.pass_by(seconds=1)
    assert get_snapshot(context, number).status == "creating"
    monkeypatch.undo()
    for _ in range(30):
        drain(worker)
        clock.pass_by(seconds=1)
    assert get_snapshot(context, number).status == "ready"


ENDLESS = "SELECT CAST(count(*) AS VARCHAR) AS id FROM range(100000000) a(x), range(1000000) b(y) WHERE (x * y) % 7 = 3"
"""Runs for days before its first row."""


@pytest.fixture
def endless(context, make_snapshot) -> Iterator[tuple[int, threading.Thread, threading.Event]]:
    """An export in the middle of a query without rows: its snapshot, the thread that does it, and what stops it."""
    stop = threading.Event()
    number = make_snapshot(ENDLESS)
    thread = threading.Thread(target=ExportWorker(context, "w", stop.is_set).run)
    thread.start()
    while job_statuses(context) != ["claimed", "pending"]:
        time.sleep(0.01)
    yield number, thread, stop
    stop.set()
    thread.join()


def job_statuses(context: Context) -> list[str]:
    with context.database.read() as session:
        return [job.status for job in session.scalars(select(ExportJobRow).order_by(ExportJobRow.id))]


def test_deleting_a_snapshot_ends_a_query_that_has_no_rows_yet(context, endless):
    number, thread, _ = endless
    delete_snapshot(context, ADA, number)
    thread.join(30)
    assert not thread.is_alive()
    assert job_statuses(context) == []


def test_the_time_limit_ends_a_query_that_has_no_rows_yet(context, endless, clock):
    number, thread, _ = endless
    clock.pass_by(seconds=context.settings.export_max_duration + 1)
    exports.mend_exports(context)
    thread.join(30)
    assert not thread.is_alive()
    assert "took longer" in str(get_snapshot(context, number).error_message)


def test_the_end_of_the_worker_ends_a_query_that_has_no_rows_yet(context, endless):
    _, thread, stop = endless
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert job_statuses(context) == ["pending", "pending"]


def test_a_result_under_a_lost_lease_is_rejected(context, worker, make_snapshot, clock):
    number = make_snapshot()
    task = exports.claim_export(context, "slow")
    assert task is not None
    clock.pass_by(minutes=11)
    assert exports.mend_exports(context) == 1
    clock.pass_by(seconds=10)
    drain(worker)
    assert get_snapshot(context, number).status == "ready"
    assert exports.report_rows(context, task, 7) is False
    assert exports.complete_export(context, task, None) is False  # type: ignore[arg-type]  # must not be looked at
    exports.fail_export(context, task, "late", retryable=False)
    assert get_snapshot(context, number).status == "ready"


def test_two_attempts_never_write_the_same_file(context, make_snapshot, clock):
    make_snapshot()
    first = exports.claim_export(context, "a")
    assert first is not None
    exports.fail_export(context, first, "away", retryable=True)
    clock.pass_by(minutes=1)
    second = exports.claim_export(context, "b")
    assert second is not None
    assert second.job_id == first.job_id
    assert second.path != first.path


def test_stopping_gives_the_job_back_without_counting_it(context, make_snapshot):
    number = make_snapshot()
    ExportWorker(context, "w", lambda: True).run()
    with context.database.read() as session:
        job = session.scalars(select(ExportJobRow).order_by(ExportJobRow.id)).first()
        assert job is not None
        assert (job.status, job.attempts, job.lease_token) == ("pending", 0, None)
    drain(ExportWorker(context, "w", lambda: False))
    assert get_snapshot(context, number).status == "ready"


def test_deleting_a_snapshot_cancels_its_export(context, worker, make_snapshot):
    number = make_snapshot()
    task = exports.claim_export(context, "w")
    assert task is not None
    delete_snapshot(context, ADA, number)
    assert exports.report_rows(context, task, 1) is False
    assert worker.run() > 0


def test_an_export_that_takes_too_long_fails(context, make_snapshot, clock):
    number = make_snapshot()
    assert exports.claim_export(context, "w") is not None
    clock.pass_by(seconds=context.settings.export_max_duration + 1)
    exports.mend_exports(context)
    snapshot = get_snapshot(context, number)
    assert snapshot.status == "failed"
    assert "3600 s" in str(snapshot.error_message)


def test_a_limit_that_ops_set_counts_for_exports_on_their_way(context, make_snapshot, clock):
    number = make_snapshot()
    assert exports.claim_export(context, "w") is not None
    update_export(context, Identity("olga", Role.OPS), UpdateExport(max_duration_seconds=60))
    clock.pass_by(seconds=61)
    exports.mend_exports(context)
    assert "60 s" in str(get_snapshot(context, number).error_message)


def test_claims_of_a_dead_process_are_taken_back_at_once(context, worker, make_snapshot):
    number = make_snapshot()
    node, pid, mark = context.holder.split(":")
    assert exports.claim_export(context, f"{node}:{pid}:1{mark}:0") is not None
    assert exports.release_dead_claims(context) == 1
    drain(worker)
    assert get_snapshot(context, number).status == "ready"


def test_claims_of_the_living_and_of_other_machines_stay(context, make_snapshot):
    make_snapshot()
    node, pid, mark = context.holder.split(":")
    assert exports.claim_export(context, f"{context.holder}:0") is not None
    assert exports.claim_export(context, f"not-{node}:{pid}:1{mark}:0") is not None
    assert exports.release_dead_claims(context) == 0
    assert exports.claim_export(context, "w") is None


def test_a_clock_set_back_keeps_nothing_waiting(context, worker, make_snapshot, clock):
    number = make_snapshot()
    assert exports.claim_export(context, "elsewhere") is not None
    clock.pass_by(hours=-5)
    assert exports.mend_exports(context) == 1
    drain(worker)
    clock.pass_by(seconds=10)
    drain(worker)
    assert get_snapshot(context, number).status == "ready"


def test_a_heartbeat_keeps_the_claim_of_silent_work(context, make_snapshot, clock):
    make_snapshot()
    task = exports.claim_export(context, "w")
    assert task is not None
    for _ in range(3):
        clock.pass_by(minutes=9)
        assert exports.keep_claim(context, task) is True
    assert exports.mend_exports(context) == 0
    clock.pass_by(minutes=11)
    assert exports.mend_exports(context) == 1
    assert exports.keep_claim(context, task) is False
