"""What is repeated, how often, and with which keys."""

from __future__ import annotations

import asyncio
import email.utils
import time

import httpx
import pytest

from graph_olap import exceptions
from graph_olap._request import Call, Repeat


def _refused(sent):
    return httpx.ConnectError("refused")


def _cut(sent):
    return httpx.ReadTimeout("slow")


def test_a_read_is_repeated_until_it_succeeds(platform, wire, client):
    platform.on("GET", "/api/mappings/4", _cut, _refused, wire.data(wire.mapping()))
    assert client.mappings.get(4).name == "Payments"
    assert len(platform.sent) == 3


def test_max_retries_is_honoured(platform):
    platform.on("GET", "/health", _refused)
    for max_retries in (0, 2):
        platform.sent.clear()
        with platform.client(max_retries=max_retries) as client, pytest.raises(exceptions.ConnectionError):
            client.health.check()
        assert len(platform.sent) == max_retries + 1


def test_waits_grow_from_one_to_ten_seconds(platform):
    platform.on("GET", "/health", _refused)
    with platform.client(max_retries=6) as client, pytest.raises(exceptions.ConnectionError):
        client.health.check()
    assert len(platform.slept) == 6
    assert 1 <= platform.slept[0] <= 1.5
    assert platform.slept == sorted(platform.slept)
    assert platform.slept[-1] <= 10


def test_repeats_of_a_write_carry_the_same_key_and_new_writes_a_new_one(platform, wire, client):
    platform.on("POST", "/api/mappings", _cut, wire.data(wire.mapping()))
    client.mappings.create("Payments")
    client.mappings.create("Payments")
    keys = [sent.headers["Idempotency-Key"] for sent in platform.sent]
    assert keys[0] == keys[1] != keys[2]
    platform.on("PUT", "/api/mappings/4", wire.data(wire.mapping()))
    client.mappings.update(4, "why")
    assert platform.sent[-1].headers["Idempotency-Key"] not in keys


def test_reads_and_deletes_carry_no_idempotency_key(platform, client):
    platform.on("GET", "/health", {"status": "healthy"})
    client.health.check()
    assert "Idempotency-Key" not in platform.sent[0].headers


@pytest.mark.parametrize("lost", [httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError])
def test_a_query_that_may_have_arrived_is_never_repeated(platform, conn, lost):
    platform.on("POST", "/graphs/3f0c/query", lost("gone"))
    with pytest.raises((exceptions.TimeoutError, exceptions.ConnectionError)):
        conn.query("RETURN 1")
    assert platform.paths("POST") == ["/graphs/3f0c/query"]


@pytest.mark.parametrize("run", ["query", "algorithm"])
def test_a_query_that_was_not_sent_is_repeated(platform, wire, conn, run):
    platform.on("POST", "/graphs/3f0c/query", _refused, wire.result(["x"], ["INT64"], [[1]]))
    platform.on("POST", "/graphs/3f0c/algo/wcc", _refused, wire.execution())
    conn.query_scalar("RETURN 1") if run == "query" else conn.algo.wcc()
    assert len(platform.paths("POST")) == 2
    assert platform.paths("GET") == ["/api/instances/12"]


def test_a_query_waits_for_an_instance_that_is_loading_but_not_for_a_full_queue(platform, wire, conn):
    loading = wire.error(503, "INSTANCE_NOT_READY", retry_after="2")
    platform.on("POST", "/graphs/3f0c/query", loading, wire.result(["x"], ["INT64"], [[1]]))
    assert conn.query_scalar("RETURN 1") == 1
    assert platform.slept == [2.0]
    platform.on("POST", "/graphs/3f0c/query", wire.error(503, "SERVICE_UNAVAILABLE", retry_after="2"))
    platform.sent.clear()
    with pytest.raises(exceptions.ServiceUnavailableError):
        conn.query("RETURN 1")
    assert len(platform.sent) == 1


def test_retry_after_is_read_as_seconds_and_as_a_date(platform, wire, client):
    soon = email.utils.formatdate(time.time() + 20, usegmt=True)
    platform.on(
        "GET",
        "/api/mappings/4",
        wire.error(503, "SERVICE_UNAVAILABLE", retry_after="7"),
        wire.error(503, "SERVICE_UNAVAILABLE", retry_after=soon),
        wire.data(wire.mapping()),
    )
    client.mappings.get(4)
    assert platform.slept[0] == 7
    assert 15 < platform.slept[1] <= 20


@pytest.mark.parametrize(
    "reply",
    [
        {"status": 503, "code": "SERVICE_UNAVAILABLE"},
        {"status": 503, "code": "SERVICE_UNAVAILABLE", "retry_after": "3600"},
        {"status": 429, "code": "RATE_LIMIT_EXCEEDED", "retry_after": "1"},
        {"status": 500, "code": "INTERNAL_ERROR"},
        {"status": 409, "code": "INVALID_STATE"},
        {"status": 404, "code": "RESOURCE_NOT_FOUND"},
    ],
)
def test_other_errors_are_raised_at_once(platform, wire, client, reply):
    platform.on("GET", "/api/mappings/4", wire.error(**reply))
    with pytest.raises(exceptions.GraphOLAPError):
        client.mappings.get(4)
    assert len(platform.sent) == 1


def test_a_delete_whose_answer_was_lost_has_succeeded_when_the_object_is_gone(platform, wire, client):
    gone = wire.error(404, "RESOURCE_NOT_FOUND")
    platform.on("DELETE", "/api/mappings/4", _cut, gone)
    client.mappings.delete(4)
    platform.on("DELETE", "/api/mappings/4", gone)
    with pytest.raises(exceptions.NotFoundError):
        client.mappings.delete(4)
    platform.on("DELETE", "/api/mappings/4", _refused, gone)  # nothing was sent before, so nothing was deleted
    with pytest.raises(exceptions.NotFoundError):
        client.mappings.delete(4)


def test_probes_are_never_repeated(platform, client):
    platform.on("GET", "/ready", _refused)
    with pytest.raises(exceptions.ConnectionError):
        client.health._http.call(Call("GET", "/ready", repeat=Repeat.NEVER))
    assert len(platform.sent) == 1


def test_the_asynchronous_client_repeats_in_the_same_way(platform, wire):
    platform.on("POST", "/api/mappings", _cut, wire.data(wire.mapping()))

    async def run():
        async with platform.async_client() as client:
            return await client.mappings.create("Payments")

    assert asyncio.run(run()).id == 4
    assert platform.sent[0].headers["Idempotency-Key"] == platform.sent[1].headers["Idempotency-Key"]
    assert len(platform.slept) == 1
