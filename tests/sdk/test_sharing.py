"""One client in several threads, and in a child process that was forked from this one."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from graph_olap import AsyncGraphOLAPClient, GraphOLAPClient, exceptions
from graph_olap_server.platform import EmbeddedPlatform


def test_threads_share_a_client(bank: EmbeddedPlatform) -> None:
    with GraphOLAPClient(bank.url, username="ann") as client, ThreadPoolExecutor(16) as pool:
        names = [f"thread-{number}" for number in range(32)]
        made = list(pool.map(lambda name: client.mappings.create(name, "", [THING]), names))
        assert [mapping.name for mapping in made] == names
        found = list(pool.map(lambda mapping: client.mappings.get(mapping.id).name, made))
        assert found == names
        list(pool.map(lambda mapping: client.mappings.delete(mapping.id), made))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_makes_connections_of_its_own(bank: EmbeddedPlatform) -> None:
    fork = multiprocessing.get_context("fork")
    with GraphOLAPClient(bank.url, username="ann") as client:
        client.health.check()
        answers: Any = fork.SimpleQueue()
        child = fork.Process(target=_ask_again, args=(client, answers))
        before = _connections(client)
        child.start()
        assert answers.get() == ("healthy", True)
        child.join()
        assert client.health.check().status == "healthy"
        assert _connections(client) == before


def test_a_closed_client_stays_closed(bank: EmbeddedPlatform) -> None:
    async def use_closed() -> None:
        client = AsyncGraphOLAPClient(bank.url, username="ann")
        await client.health.check()
        await client.aclose()
        await client.aclose()
        assert "closed" in repr(client)
        await client.health.check()

    with GraphOLAPClient(bank.url, username="ann") as client:
        client.health.check()
    for call in (client.health.check, client.mappings.list, lambda: asyncio.run(use_closed())):
        with pytest.raises(exceptions.InvalidStateError, match="closed") as caught:
            call()
        assert caught.value.hint


def _ask_again(client: GraphOLAPClient, answers: Any) -> None:
    inherited = _connections(client)
    status = client.health.check().status
    answers.put((status, inherited.isdisjoint(_connections(client))))


def _connections(client: GraphOLAPClient) -> set[int]:
    """The local ports of the open connections."""
    transport = client._http._client._direct  # type: ignore[attr-defined]
    return {connection.sock.getsockname()[1] for kept in transport._idle.values() for _, connection in kept}


THING: dict[str, Any] = {
    "label": "Thing",
    "sql": "SELECT id FROM people",
    "primary_key": {"name": "id", "type": "INT64"},
    "properties": [],
}
