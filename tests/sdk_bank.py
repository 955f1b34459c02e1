"""A real platform over a small bank, and the names that the examples of the SDK use."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
from graph_olap import AsyncGraphOLAPClient, GraphOLAPClient
from graph_olap_server.config import Settings
from graph_olap_server.platform import EmbeddedPlatform

ACCOUNT: dict[str, Any] = {
    "label": "Account",
    "sql": "SELECT id, name, city, balance, habits FROM accounts",
    "primary_key": {"name": "id", "type": "STRING"},
    "properties": [
        {"name": "name", "type": "STRING"},
        {"name": "city", "type": "STRING"},
        {"name": "balance", "type": "DOUBLE"},
        {"name": "habits", "type": "ARRAY<FLOAT,2>"},
    ],
    "indexes": [
        {"name": "by_name", "type": "fulltext", "properties": ["name"], "stemmer": "none"},
        {"name": "by_habits", "type": "vector", "properties": ["habits"]},
    ],
}
PAID: dict[str, Any] = {
    "type": "PAID",
    "from_node": "Account",
    "to_node": "Account",
    "sql": "SELECT src, dst, amount FROM transfers",
    "from_key": "src",
    "to_key": "dst",
    "properties": [{"name": "amount", "type": "DOUBLE"}],
}


@contextmanager
def bank_platform(folder: Path, **settings: Any) -> Iterator[EmbeddedPlatform]:
    """A platform whose warehouse holds four accounts, four transfers and some people."""
    file = folder / "bank.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE accounts AS FROM (VALUES ('A1', 'Ada', 'Oslo', 80.0::DOUBLE, [0.7, 0.3]), "
            "('B4', 'Bob', 'Rome', 120.0, [0.1, 0.9]), ('C9', 'Cyd', 'Oslo', 15.5, [0.8, 0.1]), "
            "('D2', 'Dee', 'Bern', 0.0, NULL)) AS t (id, name, city, balance, habits)"
        )
        connection.execute(
            "CREATE TABLE transfers AS FROM (VALUES ('A1', 'B4', 100.0::DOUBLE), ('B4', 'C9', 60.0), "
            "('C9', 'D2', 40.0), ('D2', 'B4', 5.0)) AS t (src, dst, amount)"
        )
        connection.execute("CREATE TABLE people AS SELECT i AS id, 'p' || i AS name FROM range(3) t(i)")
    with EmbeddedPlatform(Settings(data_dir=folder / "data", warehouse=f"duckdb:///{file}", **settings)) as platform:
        yield platform


@contextmanager
def sync_scene(url: str) -> Iterator[SimpleNamespace]:
    """The names that the examples of the blocking client use; its first user is made by an example itself."""
    with GraphOLAPClient(url, username="ada") as client:
        yield SimpleNamespace(url=url, client=client, GraphOLAPClient=GraphOLAPClient, run=lambda value: value)


@contextmanager
def async_scene(url: str) -> Iterator[SimpleNamespace]:
    """The same for the asynchronous client."""
    with asyncio.Runner() as runner:

        async def connect() -> AsyncGraphOLAPClient:
            return AsyncGraphOLAPClient(url, username="ada")

        client = runner.run(connect())
        yield SimpleNamespace(url=url, client=client, AsyncGraphOLAPClient=AsyncGraphOLAPClient, run=runner.run)
        runner.run(client.aclose())


def furnish(scene: SimpleNamespace) -> None:
    """Make the mapping, the snapshot, the instance and the connection that the examples speak of."""
    client, run = scene.client, scene.run
    scene.mapping = run(client.mappings.create("Payments", "", [ACCOUNT], [PAID]))
    scene.snapshot = run(client.snapshots.create_and_wait(scene.mapping.id, "march", progress=False))
    scene.instance = run(client.instances.create_and_wait(scene.snapshot.id, "study", progress=False))
    scene.conn = run(client.instances.connect(scene.instance.id))
