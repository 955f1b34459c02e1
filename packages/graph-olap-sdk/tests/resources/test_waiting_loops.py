"""Waiting: quick first looks, progress, failures with their cause, time limits, Ctrl-C."""

from __future__ import annotations

import asyncio
import io
import re

import pytest

from graph_olap import exceptions
from graph_olap._progress import ProgressReporter
from graph_olap._waiting import Deadline
from graph_olap.models import InstanceProgress, SnapshotProgress


def _starting(platform, wire, *steps):
    platform.on("POST", "/api/instances/from-mapping", wire.data(wire.instance(status="waiting_for_snapshot")))
    platform.on("GET", "/api/instances/12/progress", *steps)
    platform.on("GET", "/api/instances/12", wire.data(wire.instance()))
    platform.on("GET", "/graphs/3f0c/ready", {"status": "healthy"})
    platform.on("GET", "/graphs/3f0c/health", {"status": "healthy"})


def test_an_instance_is_returned_when_its_own_process_accepts_queries(platform, wire, client):
    _starting(
        platform,
        wire,
        wire.progress("waiting_for_snapshot", "waiting_for_snapshot"),
        wire.progress("starting", "loading_data", 40),
        wire.progress("running", "ready", 100),
    )
    not_yet = wire.error(503, "INSTANCE_NOT_READY", retry_after="5")
    platform.on("GET", "/graphs/3f0c/ready", not_yet, {"status": "healthy"})
    seen = []
    instance = client.instances.create_from_mapping_and_wait(4, "study", on_progress=lambda *state: seen.append(state))
    assert instance.status == "running"
    assert [phase for phase, _, _ in seen] == ["waiting_for_snapshot", "loading_data", "ready", "ready"]
    assert len(platform.slept) == 3
    assert platform.slept[0] == 0.02


def test_quick_start_connects(platform, wire, client):
    _starting(platform, wire, wire.progress("running", "ready", 100))
    conn = client.quick_start(4)
    assert conn.instance_id == 12
    body = platform.sent[0].body
    assert (body["name"], body["snapshot_name"]) == ("Quick Instance", "Quick Snapshot")


def test_in_cluster_mode_instances_are_reached_by_their_service_name(platform, wire, monkeypatch):
    import httpx

    from graph_olap import GraphOLAPClient

    monkeypatch.setenv("GRAPH_OLAP_IN_CLUSTER_MODE", "true")
    monkeypatch.setenv("GRAPH_OLAP_NAMESPACE", "team")
    platform.on("GET", "/api/instances/12", wire.data(wire.instance(pod_name="wrapper-3f0c")))
    platform.on("GET", "/health", {"status": "healthy"})
    with GraphOLAPClient.from_env(transport=httpx.MockTransport(platform)) as client:
        assert client.instances.connect(12).instance_url == "http://wrapper-3f0c.team.svc.cluster.local:8000"
        assert "control-plane.team.svc:8000" in repr(client)


def test_delays_grow_to_the_poll_interval_and_stop_at_the_limit():
    now = [0.0]
    deadline = Deadline(60, poll_interval=1, clock=lambda: now[0])
    delays = []
    while not deadline.passed:
        delays.append(deadline.next_delay())
        assert delays[-1] <= 0.0201 + now[0] / 20  # what ends meanwhile is noticed within a twentieth of the wait
        now[0] += delays[-1]
    assert delays[0] == 0.02
    assert max(delays) == 1
    assert sum(delays) == pytest.approx(60)
    assert delays[:-1] == sorted(delays[:-1])


def test_a_failed_instance_tells_the_cause_and_brings_the_load_report(platform, wire, client):
    _starting(platform, wire, wire.progress("failed", "failed"))
    failed = wire.instance(
        status="failed", error_code="SNAPSHOT_FAILED", error_message="Definition PAID: column dst is missing"
    )
    platform.on("GET", "/api/instances/12", wire.data(failed))
    platform.on("GET", "/api/snapshots/9/load-report", wire.data(wire.load_report()))
    with pytest.raises(exceptions.InstanceFailedError) as caught:
        client.instances.create_from_mapping_and_wait(4, "study")
    error = caught.value
    assert str(error) == "Instance 12 ('study') failed: Definition PAID: column dst is missing."
    assert error.code == error.details["error_code"] == "SNAPSHOT_FAILED"
    assert error.details["load_report"]["PAID"].rows_rejected == 3


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_failed_snapshot_tells_the_cause_even_without_a_report(platform, wire, client, status):
    platform.on("GET", "/api/snapshots/9/progress", wire.progress(status, "failed", number=9))
    platform.on("GET", "/api/snapshots/9", wire.data(wire.snapshot(status=status, error_message="no table t")))
    platform.on("GET", "/api/snapshots/9/load-report", wire.error(404, "RESOURCE_NOT_FOUND"))
    with pytest.raises(exceptions.SnapshotFailedError, match="no table t") as caught:
        client.snapshots.wait_until_ready(9)
    assert "load_report" not in caught.value.details
    assert "client.snapshots.retry(9)" in str(caught.value)


def test_a_snapshot_is_waited_for(platform, wire, client):
    platform.on("POST", "/api/snapshots", wire.data(wire.snapshot(status="pending")))
    platform.on(
        "GET",
        "/api/snapshots/9/progress",
        wire.progress("creating", "exporting", 50, 9, [{"status": "completed"}, {"status": "pending"}]),
        wire.progress("ready", "ready", 100, 9, [{"status": "completed"}, {"status": "completed"}]),
    )
    platform.on("GET", "/api/snapshots/9", wire.data(wire.snapshot()))
    seen = []
    snapshot = client.snapshots.create_and_wait(4, "march", on_progress=lambda *state: seen.append(state))
    assert snapshot.status == "ready"
    assert seen == [("exporting", 1, 2), ("ready", 2, 2)]


def test_taking_too_long_says_what_goes_on_and_how_to_look_and_cancel(platform, wire, client):
    _starting(platform, wire, wire.progress("starting", "loading_data", 40))
    with pytest.raises(exceptions.TimeoutError) as caught:
        client.instances.wait_until_running(12, timeout=0)
    text = str(caught.value)
    assert "Instance 12 was not running within 0 s. It is starting (phase loading_data, 40%)." in text
    for call in ("get_progress(12)", "wait_until_running(12)", "terminate(12)"):
        assert f"client.instances.{call}" in text


def test_ctrl_c_stops_only_the_waiting(platform, wire, client):
    _starting(platform, wire, wire.progress("starting", "loading_data", 40))

    def interrupt(seconds):
        raise KeyboardInterrupt

    client._http.sleep = interrupt
    with pytest.raises(KeyboardInterrupt, match=r"instance 12 goes on.*client\.instances\.terminate\(12\)"):
        client.instances.wait_until_running(12)


def test_the_bar_shows_the_snapshot_while_the_instance_waits_for_it(platform, wire, client, monkeypatch):
    pytest.importorskip("tqdm")
    _starting(
        platform,
        wire,
        wire.progress("waiting_for_snapshot", "waiting_for_snapshot", 5),
        wire.progress("running", "ready", 100),
    )
    rows = [{"name": "PAID", "status": "in_progress", "row_count": 12345}]
    platform.on("GET", "/api/snapshots/9/progress", wire.progress("creating", "exporting", 60, 9, rows))
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    client.instances.create_from_mapping_and_wait(4, "study", progress=True)
    shown = screen.getvalue()
    assert "instance study, snapshot exporting:  30%" in shown  # the snapshot is the first half of the way
    percents = [int(number) for number in re.findall(r"(\d+)%", shown)]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert "12,345 rows" in shown
    assert "100%" in shown


def test_without_tqdm_progress_is_lines_of_text(monkeypatch):
    monkeypatch.setattr("graph_olap._progress.installed", lambda package: False)
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    with ProgressReporter("snapshot s", True, None) as reporter:
        for percent in (10, 20):
            reporter.update(SnapshotProgress(id=1, status="creating", phase="exporting", progress_percent=percent))
        reporter.update(SnapshotProgress(id=1, status="ready", phase="ready", progress_percent=100))
    assert screen.getvalue().splitlines() == ["snapshot s: exporting, 10%", "snapshot s: ready, 100%"]


def test_nothing_is_shown_by_itself_outside_notebooks_and_terminals(capsys):
    with ProgressReporter("instance i", None, None) as reporter:
        assert reporter.shows is False
        reporter.update(InstanceProgress(id=1, status="running", phase="ready"))
    assert capsys.readouterr() == ("", "")


def test_the_asynchronous_client_waits_in_the_same_way(platform, wire):
    _starting(platform, wire, wire.progress("starting", "loading_data", 40), wire.progress("running", "ready", 100))

    async def run():
        async with platform.async_client() as client:
            return await client.instances.create_from_mapping_and_wait(4, "study")

    assert asyncio.run(run()).id == 12
    assert platform.slept == [0.02]
