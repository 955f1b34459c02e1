from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
import uvicorn
from graph_olap_server.api.app import create_app
from graph_olap_server.config import Settings
from graph_olap_server.services.context import Context
from graph_olap_server.snapshots.store import LocalSnapshotStore
from graph_olap_server.store.database import Database
from graph_olap_server.warehouse.factory import open_warehouse
from graph_olap_server.web import JsonErrorProtocol

INTERNAL_KEY = "internal-secret"


class PromptServer(uvicorn.Server):
    """Ends once it is told to and nothing is under way; the original looks ten times a second, and waits once more."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.001)
        for server in self.servers:
            await server.wait_closed()

    def end(self) -> None:
        """From another thread."""
        self._loop.call_soon_threadsafe(self._told.set)


@pytest.fixture(scope="session")
def warehouse_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("warehouse") / "bank.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE accounts (acct_no VARCHAR, opened DATE, balance DOUBLE)")
        connection.execute("CREATE TABLE transfers (src VARCHAR, dst VARCHAR, amount DOUBLE, extra STRUCT(a INTEGER))")
        connection.execute("CREATE VIEW rich AS SELECT * FROM accounts WHERE balance > 100")
    return f"duckdb:///{path}"


@pytest.fixture
def make_context(
    tmp_path: Path, warehouse_url: str, make_database_url: Callable[..., str]
) -> Iterator[Callable[..., Context]]:
    opened: list[Context] = []

    def make(**settings: Any) -> Context:
        database = Database(make_database_url())
        context = Context(
            settings=Settings(data_dir=tmp_path, warehouse=warehouse_url, **settings),
            database=database,
            warehouse=open_warehouse(warehouse_url),
            snapshots=LocalSnapshotStore(tmp_path / "snapshots"),
            internal_api_key=INTERNAL_KEY,
        )
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.warehouse.close()
        context.database.close()


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    return make_context()


@pytest.fixture
def client_of() -> Iterator[Callable[..., httpx.Client]]:
    """Return a client with these headers of a real server on this context; one server per context."""
    servers: dict[int, tuple[PromptServer, threading.Thread, socket.socket]] = {}
    clients: list[httpx.Client] = []

    def client(context: Context, **headers: str) -> httpx.Client:
        if id(context) not in servers:
            listener = socket.create_server(("127.0.0.1", 0))
            server = PromptServer(
                uvicorn.Config(create_app(context), lifespan="off", log_config=None, http=JsonErrorProtocol)
            )
            thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
            thread.start()
            while not server.started:
                time.sleep(0.001)
            servers[id(context)] = server, thread, listener
        url = f"http://127.0.0.1:{servers[id(context)][2].getsockname()[1]}"
        # To load the authorities for a connection without TLS would take longer than most requests.
        clients.append(httpx.Client(base_url=url, headers=headers, trust_env=False, verify=False, timeout=60))
        return clients[-1]

    yield client
    for opened in clients:
        opened.close()
    for server, thread, listener in servers.values():
        server.end()
        thread.join()
        listener.close()


@pytest.fixture
def as_user(context: Context, client_of: Callable[..., httpx.Client]) -> Callable[..., httpx.Client]:
    """Return a client that acts as a user."""

    def client(username: str | None = "ada", role: str | None = None, **headers: str) -> httpx.Client:
        if username is not None:
            headers["X-Username"] = username
        if role is not None:
            headers["X-User-Role"] = role
        return client_of(context, **headers)

    return client


@pytest.fixture
def ada(as_user: Callable[..., httpx.Client]) -> httpx.Client:
    return as_user("ada")


@pytest.fixture
def payments() -> dict[str, Any]:
    return {
        "name": "Payments",
        "description": "Accounts and transfers",
        "node_definitions": [
            {
                "label": "Account",
                "sql": "SELECT acct_no, opened, balance FROM accounts;",
                "primary_key": {"name": "acct_no", "type": "string"},
                "properties": [{"name": "opened", "type": "DATE"}, {"name": "balance", "type": "DOUBLE"}],
            }
        ],
        "edge_definitions": [
            {
                "type": "PAID",
                "from_node": "Account",
                "to_node": "Account",
                "sql": "SELECT src, dst, amount FROM transfers",
                "from_key": "src",
                "to_key": "dst",
                "properties": [{"name": "amount", "type": "DOUBLE"}],
            }
        ],
    }
