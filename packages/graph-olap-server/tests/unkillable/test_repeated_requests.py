"""Kill the server in the middle of a request with a key: the repeat finds it done once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from deployment import Deployment
from graph_olap_server.store.tables import MappingRow, RequestOutcomeRow
from platform_process import PERSON

MAPPING: dict[str, Any] = {"name": "people", "node_definitions": [PERSON]}
KEY = {"X-Username": "ada", "Idempotency-Key": "k-1"}


def post(deployment: Deployment) -> httpx.Response:
    return httpx.post(f"{deployment.url}/api/mappings", json=MAPPING, headers=KEY, timeout=60, trust_env=False)


@pytest.mark.slow
@pytest.mark.parametrize("on_postgres", [False, True], ids=["sqlite", "postgres"])
@pytest.mark.parametrize(("fault", "done"), [("request.claimed", 0), ("request.done", 1), ("request.stored", 1)])
def test_a_repeat_after_a_crash_is_done_once(
    make_deployment: Callable[..., Deployment], fault: str, done: int, on_postgres: bool
):
    deployment = make_deployment(on_postgres=on_postgres)
    deployment.start(fault)
    with pytest.raises(httpx.TransportError):
        post(deployment)
    assert deployment.servers[0].process.wait(10) == -signal.SIGKILL
    assert len(deployment.rows(MappingRow)) == done
    deployment.restart()
    replies = [post(deployment) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [201, 201]
    assert [("Idempotent-Replay" in reply.headers) for reply in replies] == [bool(done), True]
    assert {reply.json()["data"]["id"] for reply in replies} == {row.id for row in deployment.rows(MappingRow)}
    assert len(deployment.rows(MappingRow)) == len(deployment.rows(RequestOutcomeRow)) == 1
