from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest
from graph_olap.models import EdgeDefinition, NodeDefinition
from graph_olap_server.config import Settings
from graph_olap_server.domain.roles import Identity, Role
from graph_olap_server.launcher.base import (
    Handle,
    InstanceSpec,
    InstanceState,
    Launcher,
    LauncherError,
    PollResult,
    RunningInstance,
)
from graph_olap_server.services.context import Context, utc_now
from graph_olap_server.services.instances import create_instance
from graph_olap_server.services.mappings import create_mapping
from graph_olap_server.services.requests import CreateInstance, CreateMapping
from graph_olap_server.snapshots.store import LocalSnapshotStore
from graph_olap_server.store.database import Database
from graph_olap_server.store.tables import InstanceRow, SnapshotRow
from graph_olap_server.warehouse.factory import open_warehouse

ADA = Identity("ada", Role.ANALYST)


@dataclass
class LauncherDouble(Launcher):
    """A launcher whose engines behave as told.

    Attributes:
        url: What engines that listen report; ``None`` never listens.
        start_error: Refuse to start with this message.
        gone: Instances whose process has died, and how.
        stop_error: Refuse to stop with this message.
        elsewhere: Instances on another machine.
        resize_error: Refuse to resize with this message.
        largest_gb: Most memory that an instance can have here.
    """

    url: str | None = None
    start_error: str | None = None
    stop_error: str | None = None
    gone: dict[int, PollResult] = field(default_factory=dict)
    engines: dict[int, Handle] = field(default_factory=dict)
    elsewhere: set[int] = field(default_factory=set)
    started: list[InstanceSpec] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)
    suspended: list[int] = field(default_factory=list)
    discarded: list[int] = field(default_factory=list)
    resized: list[tuple[int, int | None]] = field(default_factory=list)
    resize_error: str | None = None
    largest_gb: int | None = None
    on_start: Callable[[InstanceSpec], None] | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self, spec: InstanceSpec) -> Handle:
        self.started.append(spec)
        if self.start_error is not None:
            raise LauncherError(self.start_error)
        handle = {"instance_id": spec.instance_id, "number": next(self._numbers)}
        self.engines[spec.instance_id] = handle
        if self.on_start is not None:
            self.on_start(spec)
        return handle

    def poll(self, handle: Handle) -> PollResult:
        if handle["instance_id"] in self.gone:
            return self.gone[handle["instance_id"]]
        if handle["instance_id"] not in self.engines:
            return PollResult(InstanceState.GONE, reason="It is not there.")
        if self.url is None:
            return PollResult(InstanceState.STARTING)
        return PollResult(InstanceState.LISTENING, url=self.url)

    def stop(self, handle: Handle, *, grace_seconds: float = 5.0) -> None:
        if self.stop_error is not None:
            raise LauncherError(self.stop_error)
        self.stopped.append(handle["instance_id"])
        self.engines.pop(handle["instance_id"], None)

    def suspend(self, handle: Handle, *, grace_seconds: float = 5.0) -> None:
        if self.stop_error is not None:
            raise LauncherError(self.stop_error)
        self.suspended.append(handle["instance_id"])
        self.engines.pop(handle["instance_id"], None)

    def discard(self, instance_id: int) -> None:
        self.discarded.append(instance_id)

    def largest_memory_gb(self, used_bytes: int) -> int | None:
        return self.largest_gb

    def resize(self, handle: Handle, *, cpu_cores: int, memory_gb: int | None) -> Sequence[str]:
        if self.resize_error is not None:
            raise LauncherError(self.resize_error)
        self.resized.append((handle["instance_id"], memory_gb))
        return []

    def list_running(self) -> Sequence[RunningInstance]:
        return [RunningInstance(number, handle) for number, handle in self.engines.items() if number not in self.gone]

    def reaches(self, handle: Handle) -> bool:
        return handle["instance_id"] not in self.elsewhere

    def remove_leftovers(self, known: Callable[[], Collection[int]]) -> Sequence[int]:
        return []

    def announce(self, control_plane_url: str) -> None:
        self.announced = control_plane_url

    def check(self) -> None:
        pass


class StatusServer:
    """The HTTP side of an instance: answers ``/status`` as told."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {"status": "loading", "ready": False, "progress": {"steps": []}}
        self.keys: list[str | None] = []
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                double.keys.append(self.headers.get("X-Internal-Api-Key"))
                body = json.dumps(double.status).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@dataclass
class Clock:
    """A clock that the test moves."""

    now: datetime = field(default_factory=utc_now)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def launcher() -> LauncherDouble:
    return LauncherDouble()


@pytest.fixture
def status_server() -> Iterator[StatusServer]:
    server = StatusServer()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def context(tmp_path: Path, clock: Clock, database: Database) -> Iterator[Context]:
    path = tmp_path / "bank.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE accounts AS SELECT 'A' || i AS id FROM range(100) t(i)")
        connection.execute("CREATE TABLE paid AS SELECT 'A' || i AS src, 'A' || (i + 5) AS dst FROM range(100) t(i)")
        connection.execute("CREATE TABLE doubled AS SELECT * FROM accounts UNION ALL SELECT * FROM accounts")
    context = Context(
        settings=Settings(data_dir=tmp_path, warehouse=f"duckdb:///{path}"),
        database=database,
        warehouse=open_warehouse(f"duckdb:///{path}"),
        snapshots=LocalSnapshotStore(tmp_path / "snapshots"),
        internal_api_key="internal-secret",
        clock=clock,
    )
    yield context
    context.warehouse.close()


@pytest.fixture
def make_mapping(context: Context) -> Callable[..., int]:
    def make(accounts: str = "SELECT id FROM accounts", **changes: Any) -> int:
        node = NodeDefinition.model_validate(
            {"label": "Account", "sql": accounts, "primary_key": {"name": "id", "type": "STRING"}}
        )
        edge = EdgeDefinition(
            type="PAID", from_node="Account", to_node="Account", sql="SELECT * FROM paid", from_key="src", to_key="dst"
        )
        request = CreateMapping(name="m", node_definitions=[node], edge_definitions=[edge], **changes)
        return create_mapping(context, ADA, request).mapping.id

    return make


@pytest.fixture
def make_instance(context: Context, make_mapping: Callable[..., int]) -> Callable[..., int]:
    """Create an instance from a mapping; with ``starting`` its snapshot is taken as ready."""

    def make(*, starting: bool = False) -> int:
        request = CreateInstance(name="i", mapping_id=make_mapping())
        number = create_instance(context, ADA, request).id
        if starting:
            with context.database.write() as session:
                row = session.get_one(InstanceRow, number)
                row.status, row.starting_at = "starting", context.clock()
                session.get_one(SnapshotRow, row.snapshot_id).status = "ready"
        return number

    return make


@pytest.fixture
def instance_row(context: Context) -> Callable[[int], InstanceRow | None]:
    def get(number: int) -> InstanceRow | None:
        with context.database.read() as session:
            return session.get(InstanceRow, number)

    return get
