from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.roles import Identity, Role
from graph_olap_server.services import mappings, outcomes
from graph_olap_server.services.context import Context, utc_now
from graph_olap_server.services.outcomes import Applied, Busy, Outcome, Request, begin, forget_outcomes, release
from graph_olap_server.services.requests import CreateMapping
from graph_olap_server.store.outcomes import Claim, current_claim
from graph_olap_server.store.tables import RequestOutcomeRow
from sqlalchemy import func, select

KEY = {"Idempotency-Key": "k-1"}


def later(context: Context, **delta: float) -> Context:
    return replace(context, clock=lambda: utc_now() + timedelta(**delta))


def count_mappings(client: httpx.Client) -> int:
    return client.get("/api/mappings").json()["meta"]["total"]


def test_the_same_key_gives_the_same_answer(ada: httpx.Client, payments: dict[str, Any]):
    first = ada.post("/api/mappings", json=payments, headers=KEY)
    second = ada.post("/api/mappings", json=payments, headers=KEY)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert "Idempotent-Replay" not in first.headers
    assert second.headers["Idempotent-Replay"] == "true"
    assert count_mappings(ada) == 1


def test_another_body_is_a_conflict(ada: httpx.Client, payments: dict[str, Any]):
    ada.post("/api/mappings", json=payments, headers=KEY)
    reply = ada.post("/api/mappings", json=payments | {"name": "Other"}, headers=KEY)
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert reply.json()["error"]["details"] == {"idempotency_key": "k-1"}


def test_keys_belong_to_a_user_a_method_and_a_path(ada: httpx.Client, as_user: Any, payments: dict[str, Any]):
    created = ada.post("/api/mappings", json=payments, headers=KEY).json()["data"]
    other = as_user("bob").post("/api/mappings", json=payments, headers=KEY)
    assert other.json()["data"]["owner_username"] == "bob"
    body = {"change_description": "again", "node_definitions": payments["node_definitions"]}
    versions = [ada.put(f"/api/mappings/{created['id']}", json=body, headers=KEY) for _ in range(2)]
    assert [reply.json()["data"]["current_version"] for reply in versions] == [2, 2]


def test_an_error_of_the_request_is_an_answer_too(ada: httpx.Client, payments: dict[str, Any]):
    body = payments | {"name": ""}
    replies = [ada.post("/api/mappings", json=body, headers=KEY) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [400, 400]
    assert replies[1].headers["Idempotent-Replay"] == "true"


@pytest.mark.parametrize("key", ["", "x" * 129, "a b"])
def test_a_key_has_a_form(ada: httpx.Client, payments: dict[str, Any], key: str):
    reply = ada.post("/api/mappings", json=payments, headers={"Idempotency-Key": key})
    assert (reply.status_code, reply.json()["error"]["details"]["field"]) == (400, "Idempotency-Key")


def test_a_key_of_a_stranger_is_not_looked_up(as_user: Any, ada: httpx.Client, payments: dict[str, Any]):
    ada.post("/api/mappings", json=payments, headers=KEY)
    assert as_user(None).post("/api/mappings", json=payments, headers=KEY).status_code == 401


def test_repeats_at_the_same_time_wait_for_the_first(ada: httpx.Client, payments: dict[str, Any]):
    barrier = threading.Barrier(8)

    def post(_: int) -> httpx.Response:
        barrier.wait()
        return ada.post("/api/mappings", json=payments, headers=KEY)

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(post, range(8)))
    assert {reply.status_code for reply in replies} == {201}, [reply.text for reply in replies]
    assert len({reply.content for reply in replies}) == 1
    assert sum("Idempotent-Replay" in reply.headers for reply in replies) == 7
    assert count_mappings(ada) == 1


def test_the_answer_survives_a_restart(
    context: Context, client_of: Callable[..., httpx.Client], payments: dict[str, Any]
):
    first = client_of(context, **{"X-Username": "ada"}).post("/api/mappings", json=payments, headers=KEY)
    restarted = client_of(replace(context), **{"X-Username": "ada"})
    assert restarted.post("/api/mappings", json=payments, headers=KEY).content == first.content


def test_answers_are_forgotten_after_a_day(context: Context, ada: httpx.Client, payments: dict[str, Any]):
    ada.post("/api/mappings", json=payments, headers=KEY)
    assert forget_outcomes(later(context, hours=23)) == 0
    assert forget_outcomes(later(context, hours=25)) == 1


class TestAttemptsThatDie:
    """Two attempts of one request against the database, the first of them cut off at each point."""

    @pytest.fixture
    def request_of_ada(self, payments: dict[str, Any]) -> Request:
        body = orjson.dumps(payments)
        return Request("ada", "POST", "/api/mappings", "k-1", hashlib.sha256(b"\0" + body).hexdigest())

    @pytest.fixture
    def create(self, payments: dict[str, Any]) -> Callable[[Context, Claim], int]:
        def run(context: Context, claim: Claim) -> int:
            token = current_claim.set(claim)
            try:
                request = CreateMapping.model_validate(payments)
                return mappings.create_mapping(context, Identity("ada", Role.ANALYST), request).mapping.id
            finally:
                current_claim.reset(token)

        return run

    def test_before_the_work(self, context: Context, request_of_ada: Request):
        assert isinstance(begin(context, request_of_ada), Claim)
        assert isinstance(begin(context, request_of_ada), Busy)
        assert isinstance(begin(later(context, seconds=30), request_of_ada), Claim)

    def test_after_the_work(
        self, context: Context, client_of: Any, request_of_ada: Request, payments: dict[str, Any], create: Any
    ):
        claim = begin(context, request_of_ada)
        created = create(context, claim)
        restarted = client_of(later(context, seconds=30), **{"X-Username": "ada"})
        content = orjson.dumps(payments)
        headers = KEY | {"Content-Type": "application/json"}
        replies = [restarted.post("/api/mappings", content=content, headers=headers) for _ in range(2)]
        assert [reply.status_code for reply in replies] == [201, 201]
        assert [reply.json()["data"]["id"] for reply in replies] == [created, created]
        assert replies[0].headers["Idempotent-Replay"] == "true"
        assert count_mappings(restarted) == 1

    def test_one_whose_process_has_died_is_not_waited_for(self, context: Context, request_of_ada: Request):
        begin(context, request_of_ada)
        with context.database.write() as session:
            row = session.get_one(RequestOutcomeRow, request_of_ada.key_hash)
            # This process with another start: its id was used again.
            row.lease_holder = f"{row.lease_holder}-earlier"
        assert isinstance(begin(context, request_of_ada), Claim)
        assert isinstance(begin(context, request_of_ada), Busy)

    def test_one_on_another_machine_is_waited_for(self, context: Context, request_of_ada: Request):
        elsewhere = replace(context, settings=context.settings.model_copy(update={"node_name": "elsewhere"}))
        begin(elsewhere, request_of_ada)
        assert isinstance(begin(context, request_of_ada), Busy)
        assert isinstance(begin(later(context, seconds=11), request_of_ada), Claim)

    def test_a_clock_that_is_set_back_frees_it(self, context: Context, request_of_ada: Request):
        begin(later(context, hours=1), request_of_ada)
        assert isinstance(begin(context, request_of_ada), Claim)

    def test_one_that_only_seemed_dead_cannot_commit(self, context: Context, request_of_ada: Request, create: Any):
        slow = begin(context, request_of_ada)
        fast = begin(later(context, seconds=30), request_of_ada)
        assert create(context, fast)
        with pytest.raises(PlatformError, match="took over"):
            create(context, slow)

    def test_one_that_failed_lets_the_next_run_at_once(self, context: Context, request_of_ada: Request, create: Any):
        claim = begin(context, request_of_ada)
        assert isinstance(claim, Claim)
        release(context, claim)
        again = begin(context, request_of_ada)
        assert isinstance(again, Claim)
        create(context, again)
        release(context, again)
        assert isinstance(begin(context, request_of_ada), Applied)


class TestAbandonedRequests:
    def post_and_leave(self, client: httpx.Client, body: bytes, path: str = "/api/mappings") -> None:
        url = urlsplit(str(client.base_url))
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {url.hostname}\r\nX-Username: ada\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((str(url.hostname), int(url.port or 0))) as connection:
            connection.sendall(head.encode() + body)

    @pytest.fixture
    def held(self, context: Context, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
        """Creating a mapping waits for this event, until the server has seen that its client went away."""
        go = threading.Event()
        create = mappings.create_mapping

        def slow(*arguments: Any) -> Any:
            go.wait(10)
            return create(*arguments)

        monkeypatch.setattr(mappings, "create_mapping", slow)
        return go

    def wait_for_row(self, context: Context) -> None:
        for _ in range(500):
            with context.database.read() as session:
                if session.execute(select(func.count()).select_from(RequestOutcomeRow)).scalar_one():
                    return
            threading.Event().wait(0.01)
        raise AssertionError("the server did not notice that the client went away")

    def test_the_next_equal_request_takes_the_outcome(
        self, context: Context, ada: httpx.Client, payments: dict[str, Any], held: threading.Event
    ):
        body = orjson.dumps(payments)
        headers = {"Content-Type": "application/json"}
        self.post_and_leave(ada, body)
        self.wait_for_row(context)
        threading.Timer(0.1, held.set).start()
        second = ada.post("/api/mappings", content=body, headers=headers)
        assert second.status_code == 201
        assert second.headers["Idempotent-Replay"] == "true"
        assert count_mappings(ada) == 1
        third = ada.post("/api/mappings", content=body, headers=headers)
        assert third.json()["data"]["id"] != second.json()["data"]["id"]

    def test_a_repeat_at_once_takes_it_too(self, context: Context, ada: httpx.Client, payments: dict[str, Any]):
        """The repeat is here while the first attempt is at work."""
        source = ada.post("/api/mappings", json=payments).json()["data"]["id"]
        path = f"/api/mappings/{source}/copy"
        for round in range(20):
            body = orjson.dumps({"name": f"copy {round}"})
            self.post_and_leave(ada, body, path)
            time.sleep(0.01)  # on its way; it takes another connection and must not overtake the first attempt
            second = ada.post(path, content=body, headers={"Content-Type": "application/json"})
            assert second.headers.get("Idempotent-Replay") == "true"
            assert count_mappings(ada) == 2 + round

    def test_equal_requests_at_the_same_time_create_each_their_own(self, ada: httpx.Client, payments: dict[str, Any]):
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: ada.post("/api/mappings", json=payments), range(8)))
        assert len({reply.json()["data"]["id"] for reply in replies}) == count_mappings(ada) == 8

    def test_it_is_forgotten_after_two_minutes(self, context: Context):
        request = Request("ada", "POST", "/api/mappings", None, "b")
        claim = begin(context, request, outcomes.ABANDONED_KEPT)
        assert isinstance(claim, Claim)
        outcomes.store(context, claim, Outcome(201, {}, b"{}"), outcomes.ABANDONED_KEPT)
        assert outcomes.look_up(later(context, seconds=110), request) == Outcome(201, {}, b"{}")
        assert outcomes.look_up(later(context, seconds=130), request) is None

    def test_two_deliberate_equal_requests_create_two(self, ada: httpx.Client, payments: dict[str, Any]):
        assert {ada.post("/api/mappings", json=payments).status_code for _ in range(2)} == {201}
        assert count_mappings(ada) == 2
