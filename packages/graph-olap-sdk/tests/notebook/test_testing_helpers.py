"""The fixtures clean up whatever happens."""

from __future__ import annotations

import httpx
import pytest

from graph_olap import GraphOLAPWarning, exceptions, testing


@pytest.fixture
def ready(platform, wire):
    platform.on("POST", "/api/mappings", wire.data(wire.mapping()))
    platform.on("POST", "/api/instances/from-mapping", wire.data(wire.instance(status="waiting_for_snapshot")))
    platform.on("POST", "/api/snapshots", wire.data(wire.snapshot(status="pending")))
    platform.on("GET", "/api/snapshots/9/progress", wire.progress("ready", "ready", 100, 9))
    platform.on("GET", "/api/snapshots/9", wire.data(wire.snapshot()))
    platform.on("GET", "/api/instances/12/progress", wire.progress("running", "ready", 100))
    platform.on("GET", "/api/instances/12", wire.data(wire.instance()))
    platform.on("GET", "/graphs/3f0c/(ready|health)", {"status": "healthy"})
    platform.on("POST", "/api/instances/12/terminate", httpx.Response(204))
    platform.on("DELETE", "/api/(mappings/4|snapshots/9)", httpx.Response(204))
    return platform


def _removed(platform):
    return [sent.path for sent in platform.sent if sent.method == "DELETE" or sent.path.endswith("/terminate")]


def test_everything_goes_newest_first_also_after_a_failure(ready, client):
    def failing_test():
        with testing.test_context(client) as (_, fixtures):
            fixtures.create_instance(name="x")
            fixtures.create_snapshot(mapping_id=4)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing_test()
    assert _removed(ready) == ["/api/snapshots/9", "/api/instances/12/terminate", "/api/mappings/4"]


def test_an_instance_that_fails_to_start_is_removed_too(ready, wire, client):
    ready.on("GET", "/api/instances/12/progress", wire.progress("failed", "failed"))
    ready.on("GET", "/api/instances/12", wire.data(wire.instance(status="failed", error_message="no")))
    ready.on("GET", "/api/snapshots/9/load-report", wire.error(404, "RESOURCE_NOT_FOUND"))
    with pytest.raises(exceptions.InstanceFailedError), testing.test_context(client) as (_, fixtures):
        fixtures.create_instance()
    assert _removed(ready) == ["/api/instances/12/terminate", "/api/mappings/4"]


def test_what_cannot_be_removed_is_warned_about_and_the_rest_goes(ready, wire, client):
    ready.on("POST", "/api/instances/12/terminate", wire.error(500, "INTERNAL_ERROR"))
    with (
        pytest.warns(GraphOLAPWarning, match="instance 12 could not be removed"),
        testing.test_context(client) as (_, fixtures),
    ):
        fixtures.create_instance()
    assert _removed(ready)[-1] == "/api/mappings/4"


def test_what_the_test_removed_itself_is_fine(ready, wire, client):
    ready.on("DELETE", "/api/mappings/4", wire.error(404, "RESOURCE_NOT_FOUND"))
    with testing.test_context(client) as (_, fixtures):
        fixtures.create_mapping()


def test_an_instance_context_gives_a_connection(ready, client):
    with testing.instance_context("study", client=client) as conn:
        assert conn.instance_id == 12
    assert "/api/instances/12/terminate" in _removed(ready)
    bodies = [sent.body for sent in ready.sent if sent.path == "/api/instances/from-mapping"]
    assert bodies == [{"mapping_id": 4, "name": "study"}]


def test_an_own_client_is_closed(monkeypatch, ready):
    made = ready.client()
    monkeypatch.setattr(testing, "connect", lambda: made)
    with testing.test_context() as (used, _):
        assert used is made
    assert made._http.is_closed
