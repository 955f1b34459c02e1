from __future__ import annotations

import pytest
from graph_olap_server.domain.roles import Identity, Role
from graph_olap_server.jobs.exports import ExportWorker
from graph_olap_server.jobs.instances import Orchestrator, Remover
from graph_olap_server.jobs.reconciliation import reconcile
from graph_olap_server.jobs.shutdown import stop_instances
from graph_olap_server.launcher.base import InstanceState, PollResult
from graph_olap_server.services import orchestration
from graph_olap_server.services.expiry import expire_instances
from graph_olap_server.services.instances import get_instance, get_instance_progress, terminate_instance
from graph_olap_server.services.snapshots import delete_snapshot, get_snapshot
from graph_olap_server.warehouse.base import WarehouseError

ADA = Identity("ada", Role.ANALYST)


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


def test_from_snapshot_to_running(context, launcher, orchestrator, make_instance, status_server):
    number = make_instance()
    assert orchestrator.run() > 1
    assert launcher.started == []
    worker = ExportWorker(context, "w", lambda: False)
    while worker.run() == 0:
        pass
    launcher.url = status_server.url
    assert orchestrator.run() < 1
    assert get_instance(context, number).status == "starting"
    assert launcher.started[0].snapshot_uri.startswith("file://")
    loaded = {"name": "Account", "type": "node", "status": "completed", "row_count": 100}
    status_server.status = {"status": "loading", "progress": {"phase": "loading_data", "steps": [loaded]}}
    orchestrator.run()
    assert get_instance_progress(context, number).phase == "loading_data"
    assert get_instance_progress(context, number).rows == 100
    status_server.status = {"status": "running", "ready": True, "memory_usage_bytes": 5}
    orchestrator.run()
    instance = get_instance(context, number)
    assert (instance.status, instance.instance_url) == ("running", status_server.url)
    assert instance.memory_usage_bytes == 5
    assert set(status_server.keys) == {"internal-secret"}
    assert orchestrator.run() > 1
    assert len(launcher.started) == 1


def test_a_failed_snapshot_fails_its_instance(context, launcher, orchestrator, make_instance, monkeypatch):
    number = make_instance()
    snapshot_id = get_instance(context, number).snapshot_id

    def refuse(*_: object) -> None:
        raise WarehouseError("The table accounts is gone.")

    monkeypatch.setattr(context.warehouse, "export", refuse)
    ExportWorker(context, "w", lambda: False).run()
    orchestrator.run()
    instance = get_instance(context, number)
    assert (instance.status, instance.error_code) == ("failed", "SNAPSHOT_FAILED")
    assert instance.error_message == get_snapshot(context, snapshot_id).error_message
    assert "The table accounts is gone." in str(instance.error_message)
    assert launcher.started == []


def test_a_start_that_is_refused(context, launcher, orchestrator, make_instance):
    number = make_instance(starting=True)
    launcher.start_error = "There is no room left."
    orchestrator.run()
    instance = get_instance(context, number)
    assert (instance.status, instance.error_code) == ("failed", "STARTUP_FAILED")
    assert instance.error_message == "There is no room left."


def test_an_engine_that_never_listens(context, launcher, orchestrator, make_instance, clock):
    number = make_instance(starting=True)
    orchestrator.run()
    assert get_instance(context, number).status == "starting"
    clock.pass_by(seconds=context.settings.instance_startup_timeout + 1)
    orchestrator.run()
    assert get_instance(context, number).error_code == "STARTUP_FAILED"
    assert launcher.stopped == [number]


def test_a_start_that_crashes_is_tried_again_until_its_time_is_over(
    context, launcher, orchestrator, make_instance, clock
):
    number = make_instance(starting=True)

    def crash(_spec: object) -> None:
        raise ZeroDivisionError

    launcher.on_start = crash
    with pytest.raises(ZeroDivisionError):
        orchestrator.run()
    orchestrator.run()
    assert get_instance(context, number).status == "starting"
    assert len(launcher.started) == 1
    clock.pass_by(seconds=61)
    with pytest.raises(ZeroDivisionError):
        orchestrator.run()
    assert len(launcher.started) == 2
    clock.pass_by(seconds=30)
    context.settings.instance_startup_timeout = 60
    orchestrator.run()
    assert get_instance(context, number).error_code == "STARTUP_FAILED"


def test_a_load_that_fails_keeps_its_words(context, launcher, orchestrator, make_instance, status_server):
    number = make_instance(starting=True)
    launcher.url = status_server.url
    status_server.status = {
        "status": "failed",
        "progress": {"phase": "failed", "steps": [], "error_code": "DATA_LOAD_ERROR", "error_message": "Bad file."},
    }
    orchestrator.run()
    orchestrator.run()
    instance = get_instance(context, number)
    assert (instance.error_code, instance.error_message) == ("DATA_LOAD_ERROR", "Bad file.")
    assert launcher.stopped == [number]


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (PollResult(InstanceState.GONE, reason="exit 1"), "STARTUP_FAILED"),
        (PollResult(InstanceState.GONE, reason="killed", out_of_memory=True), "OOM_KILLED"),
    ],
)
def test_an_engine_that_dies_while_starting(context, launcher, orchestrator, make_instance, result, code):
    number = make_instance(starting=True)
    orchestrator.run()
    launcher.gone[number] = result
    orchestrator.run()
    instance = get_instance(context, number)
    assert (instance.status, instance.error_code, instance.error_message) == ("failed", code, result.reason)


def running(context, launcher, orchestrator, make_instance, status_server) -> int:
    number = make_instance(starting=True)
    launcher.url = status_server.url
    status_server.status = {"status": "running", "ready": True}
    orchestrator.run()
    orchestrator.run()
    assert get_instance(context, number).status == "running"
    return number


def test_terminating_stops_the_engine_and_forgets_the_record(
    context, launcher, orchestrator, remover, make_instance, status_server, instance_row
):
    number = running(context, launcher, orchestrator, make_instance, status_server)
    terminate_instance(context, ADA, number)
    launcher.stop_error = "It does not listen."
    assert remover.run() < 10
    assert instance_row(number).status == "stopping"
    launcher.stop_error = None
    remover.run()
    assert instance_row(number) is None
    assert launcher.engines == {}


def test_terminated_during_its_start(context, launcher, orchestrator, remover, make_instance, instance_row):
    number = make_instance(starting=True)
    launcher.on_start = lambda spec: terminate_instance(context, ADA, spec.instance_id)
    orchestrator.run()
    remover.run()
    assert launcher.stopped == [number]
    assert instance_row(number) is None


def test_reconciliation_adopts_and_removes(context, launcher, make_instance, instance_row):
    number = make_instance(starting=True)
    launcher.engines = {number: {"instance_id": number}, 99: {"instance_id": 99}}
    reconcile(context, launcher)
    assert instance_row(number).handle == {"instance_id": number}
    assert launcher.stopped == [99]
    reconcile(context, launcher)
    assert launcher.stopped == [99]


def test_an_engine_that_is_being_started_is_left_alone(context, launcher, make_instance, instance_row):
    number = make_instance(starting=True)
    assert orchestration.claim_start(context) is not None
    launcher.engines = {number: {"instance_id": number}}
    reconcile(context, launcher)
    assert instance_row(number).handle is None
    assert launcher.stopped == []


def test_two_orchestrators_start_one_engine(context, make_instance, clock):
    number = make_instance(starting=True)
    first = orchestration.claim_start(context)
    assert first is not None
    assert orchestration.claim_start(context) is None
    clock.pass_by(seconds=61)
    second = orchestration.claim_start(context)
    assert second is not None
    assert orchestration.store_handle(context, first, {"instance_id": number}) is False
    assert orchestration.store_handle(context, second, {"instance_id": number}) is True


def test_what_expires(context, launcher, orchestrator, make_instance, status_server, clock):
    number = running(context, launcher, orchestrator, make_instance, status_server)
    assert expire_instances(context, lambda _idle: False) == 0
    clock.pass_by(hours=4)
    assert expire_instances(context, lambda _idle: False) == 1
    waiting = make_instance()
    clock.pass_by(hours=5)
    assert expire_instances(context, lambda _idle: False) == 0
    clock.pass_by(hours=20)
    assert expire_instances(context, lambda _idle: False) == 1
    for gone in (number, waiting):
        assert [record.id for record in orchestration.list_records(context, "stopping")].count(gone) == 1


def test_files_of_removed_snapshots_go_when_nobody_reads_them(
    context, launcher, orchestrator, remover, make_instance, status_server
):
    number = running(context, launcher, orchestrator, make_instance, status_server)
    snapshot_id = get_instance(context, number).snapshot_id
    folder = context.snapshots.folder(snapshot_id)
    folder.mkdir(parents=True)
    terminate_instance(context, ADA, number)
    delete_snapshot(context, ADA, snapshot_id)
    assert orchestration.list_file_removals(context) == []
    remover.run()
    assert not folder.exists()
    assert orchestration.list_file_removals(context) == []


def test_a_clean_shutdown_leaves_true_records(context, launcher, orchestrator, make_instance, status_server):
    number = running(context, launcher, orchestrator, make_instance, status_server)
    launcher.url = None
    other = make_instance(starting=True)
    orchestrator.run()
    stop_instances(context, launcher)
    assert launcher.engines == {}
    assert get_instance(context, number).error_code == "UNEXPECTED_TERMINATION"
    assert "Create a new one" in str(get_instance(context, number).error_message)
    assert get_instance(context, other).status == "starting"
    orchestrator.run()
    assert launcher.started[-1].instance_id == other
