"""Who may do what on an instance, and what happens when the control plane is away."""

import asyncio

import httpx
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.auth import SERVICE, HttpIdentityResolver
from graph_olap_server.instance.control_plane import ActivityReporter, ControlPlaneUnreachable, Reply

KEY = "internal-test-key"


def test_unknown_callers_get_the_control_planes_answer(instance):
    with httpx.Client(base_url=instance.url, trust_env=False) as anonymous:
        reply = anonymous.get("/schema")
        assert reply.status_code == 401
        assert reply.json()["error"]["message"] == "Who are you?"


def test_strangers_may_neither_read_nor_run(instance):
    with instance.client("stranger") as stranger:
        for reply in (
            stranger.get("/schema"),
            stranger.get("/status"),
            stranger.get("/lock"),
            stranger.get("/queries"),
            stranger.get("/algo/algorithms"),
            stranger.post("/query", json={"query": "RETURN 1"}),
            stranger.post("/algo/wcc", json={}),
            stranger.post("/networkx/pagerank", json={}),
        ):
            assert (reply.status_code, reply.json()["error"]["code"]) == (403, "PERMISSION_DENIED")


def test_readers_may_query_but_not_run(instance):
    with instance.client("guest") as guest:
        assert guest.post("/query", json={"query": "RETURN 1 AS one"}).json()["rows"] == [[1]]
        assert guest.post("/algo/wcc", json={}).status_code == 403
        assert guest.delete("/algo/properties/Person/x").status_code == 403


def test_the_control_plane_may_read_the_status_only(instance):
    with httpx.Client(base_url=instance.url, headers={"X-Internal-Api-Key": KEY}, trust_env=False) as service:
        assert service.get("/status").status_code == 200
        assert service.get("/schema").status_code == 403
        wrong = service.get("/status", headers={"X-Internal-Api-Key": "guess"})
        assert wrong.status_code == 401


def test_use_is_reported_once_an_interval(client, control_plane, until):
    before = control_plane.activity_calls
    for _ in range(5):
        client.post("/query", json={"query": "RETURN 1"})
    until(lambda: control_plane.activity_calls >= 1)
    assert control_plane.activity_calls - before <= 1


class Line:
    """A control plane that answers from a list."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.calls = []

    async def post(self, path, body=None):
        self.calls.append((path, body))
        reply = self.replies.pop(0)
        if reply is None:
            raise ControlPlaneUnreachable("away")
        return reply


ANN = Reply(200, {"data": {"username": "ann", "role": "analyst", "can_read": True, "can_run": True}})


def resolve(resolver, headers):
    return asyncio.run(resolver.resolve(headers))


def test_answers_are_remembered_per_credential():
    line = Line(ANN, Reply(200, {"data": {"username": "bob", "role": "admin", "can_read": True, "can_run": False}}))
    resolver = HttpIdentityResolver(line, KEY)
    assert resolve(resolver, {"x-username": "ann", "accept": "x"}).username == "ann"
    assert resolve(resolver, {"x-username": "ann", "accept": "y"}).username == "ann"
    assert resolve(resolver, {"x-username": "bob"}).username == "bob"
    assert [body["headers"] for _, body in line.calls] == [{"x-username": "ann"}, {"x-username": "bob"}]


def test_stale_answers_serve_while_the_control_plane_is_away():
    resolver = HttpIdentityResolver(Line(ANN, None, None), KEY, fresh_seconds=0)
    assert resolve(resolver, {"x-username": "ann"}).username == "ann"
    assert resolve(resolver, {"x-username": "ann"}).username == "ann"
    with pytest.raises(PlatformError) as failure:
        resolve(resolver, {"x-username": "bob"})
    assert failure.value.status == 503


def test_too_old_answers_do_not_serve():
    resolver = HttpIdentityResolver(Line(ANN, None), KEY, fresh_seconds=0, stale_seconds=0)
    resolve(resolver, {"x-username": "ann"})
    with pytest.raises(PlatformError) as failure:
        resolve(resolver, {"x-username": "ann"})
    assert failure.value.code == "SERVICE_UNAVAILABLE"


def test_too_many_failed_logins_are_told_as_such():
    details = {"resource": "login", "retry_after_seconds": 28}
    limited = Reply(429, {"error": {"code": "RATE_LIMIT_EXCEEDED", "message": "Too many.", "details": details}})
    with pytest.raises(PlatformError) as failure:
        resolve(HttpIdentityResolver(Line(limited), KEY), {"authorization": "Bearer guess"})
    assert (failure.value.code, failure.value.retry_after) == ("RATE_LIMIT_EXCEEDED", 28)


def test_a_refusal_forgets_the_answer():
    refused = Reply(403, {"error": {"code": "USER_DISABLED", "message": "Off.", "details": {"username": "ann"}}})
    resolver = HttpIdentityResolver(Line(ANN, refused, None), KEY, fresh_seconds=0)
    resolve(resolver, {"x-username": "ann"})
    with pytest.raises(PlatformError) as failure:
        resolve(resolver, {"x-username": "ann"})
    assert (failure.value.status, failure.value.code) == (403, "USER_DISABLED")
    with pytest.raises(PlatformError) as failure:
        resolve(resolver, {"x-username": "ann"})
    assert failure.value.status == 503


def test_the_memory_is_bounded():
    resolver = HttpIdentityResolver(Line(*[ANN] * 6), KEY, max_entries=2)
    for name in ("a", "b", "c", "a"):
        resolve(resolver, {"x-username": name})
    assert len(resolver._known) == 2


def test_the_internal_key_is_known_without_asking():
    assert resolve(HttpIdentityResolver(Line(), KEY), {"x-internal-api-key": KEY}) is SERVICE


def test_activity_never_blocks_and_survives_failure():
    async def scenario():
        line = Line(None, Reply(204, None))
        reporter = ActivityReporter(line, interval_seconds=0)
        reporter.touch()
        reporter.touch()
        await asyncio.sleep(0)
        await reporter._task
        reporter.touch()
        await reporter._task
        await reporter.close()
        return line.calls

    assert asyncio.run(scenario()) == [("/activity", None), ("/activity", None)]
