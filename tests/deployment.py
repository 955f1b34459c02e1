"""A deployment that can be killed at a named point, driven through HTTP, and inspected from the outside."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from graph_olap_server.store.database import Database
from graph_olap_server.store.tables import ExportJobRow, FileRemovalRow, InstanceRow, SnapshotRow
from platform_process import Serve
from sqlalchemy import select

__all__ = ["ROWS", "Deployment", "Killed"]

ROWS = 200_000
"""Enough for several batches and row groups of an export."""

_FAST = {
    "GRAPH_OLAP_RECONCILIATION_INTERVAL": "1",
    "GRAPH_OLAP_EXPORT_RECONCILIATION_INTERVAL": "1",
    "GRAPH_OLAP_LIFECYCLE_INTERVAL": "1",
    "GRAPH_OLAP_ORCHESTRATION_INTERVAL": "1",
    "GRAPH_OLAP_KEEP_INSTANCES": "true",
}


class Killed(Exception):
    """The server died in the middle of a request, as it was told to."""


@dataclass
class Deployment:
    """One data folder and its servers, one after the other or at the same time."""

    data_dir: Path
    warehouse: Path
    database_url: str
    on_postgres: bool
    servers: list[Serve] = field(default_factory=list)
    url: str = ""
    env: dict[str, str] = field(default_factory=dict)

    def start(
        self, fault: str = "", *, command: str = "serve", wait: bool = True, options: Sequence[str] = ()
    ) -> Serve:
        """Start a server that dies at a point."""
        env = {**_FAST, "GRAPH_OLAP_FAULT": fault, "GRAPH_OLAP_LOG_LEVEL": "WARNING", **self.env}
        if self.on_postgres:
            env["GRAPH_OLAP_DATABASE_URL"] = self.database_url
        arguments = (*options, *(() if command == "worker" else ("--port", "0")))
        warehouse = f"duckdb:///{self.warehouse}"
        server = Serve(self.data_dir, *arguments, "--warehouse", warehouse, env=env, command=command)
        self.servers.append(server)
        if wait:
            try:
                url = server.wait_ready()
            except AssertionError:
                if server.process.wait(60) == -signal.SIGKILL:
                    raise Killed from None
                raise
            self.url = url if command != "worker" else self.url
        return server

    def restart(self) -> None:
        """Start a server without a fault in the place of what there is; returns when it is ready."""
        self.kill_all()
        self.start()

    def kill_all(self) -> None:
        """End all servers as a power failure does; instances live on."""
        for server in self.servers:
            if server.process.poll() is None:
                server.process.send_signal(signal.SIGKILL)
            server.wait()
        self.servers.clear()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request; the data of the answer."""
        try:
            reply = httpx.request(
                method,
                f"{self.url}/api{path}",
                json=body,
                headers={"X-Username": "ada"},
                timeout=60,
                trust_env=False,
                verify=False,  # plain HTTP: to load the authorities would take longer than the request
            )
        except httpx.TransportError as error:
            raise Killed from error
        assert reply.status_code < 300, reply.text
        return reply.json().get("data") if reply.content else None

    def rows(self, model: Any) -> list[Any]:
        """Return what the database holds."""
        return self._tables(model)[0]

    def _tables(self, *models: Any) -> list[list[Any]]:
        database = Database(self.database_url)
        try:
            with database.read() as session:
                return [list(session.scalars(select(model).order_by(*model.__table__.primary_key))) for model in models]
        finally:
            database.close()

    def instance_pids(self) -> dict[int, int]:
        """Return the instance processes of this deployment: id of the instance and process id."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            root = f"{self.data_dir}/instances/"
            config = next((item for item in arguments if item.startswith(root)), None)
            if config is not None and state != "Z":
                number = int(config.removeprefix(root).split("/")[0])
                assert number not in found, f"two processes for instance {number}"
                found[number] = int(entry.name)
        return found

    def folders(self, kind: str) -> set[str]:
        """Return what lies in ``snapshots`` or ``instances``, whatever its name."""
        root = self.data_dir / kind
        return {entry.name for entry in root.iterdir() if entry.is_dir()} if root.is_dir() else set()

    def check(self) -> None:
        """Compare records, processes and files, once nothing is on its way any more."""
        deadline = time.monotonic() + 5  # the server takes a lease for a moment now and then
        while (found := self.unrest()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert found == [], found
        instances = {row.id: row for row in self.rows(InstanceRow)}
        snapshots = {row.id: row for row in self.rows(SnapshotRow)}
        running = {number for number, row in instances.items() if row.status == "running"}
        for number in running:
            url = f"{instances[number].instance_url}/status"
            body = httpx.get(url, headers={"X-Username": "ada"}, timeout=10, trust_env=False).json()
            assert (body["status"], body["instance_id"]) == ("running", str(number))
            assert (body["node_count"], body["edge_count"]) == (ROWS, ROWS - 1)
        for number, row in snapshots.items():
            folder = self.data_dir / "snapshots" / str(number)
            assert row.lease_token is None
            if row.status == "ready":
                assert (folder / "manifest.json").exists()
                names = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
                kept = [name for name in names if not name.startswith("engine/")]
                assert kept == ["edges/KNOWS.parquet", "manifest.json", "nodes/Person.parquet"], names

    def unrest(self) -> list[str]:
        """Say what is not as it must be in the end."""
        found = []
        instances, snapshots, exports, removals = self._tables(InstanceRow, SnapshotRow, ExportJobRow, FileRemovalRow)
        found += [f"instance {row.id} {row.status}" for row in instances if row.status not in ("running", "failed")]
        found += [f"instance {row.id} leased" for row in instances if row.lease_token is not None]
        found += [f"snapshot {row.id} {row.status}" for row in snapshots if row.status not in ("ready", "failed")]
        found += [f"job {row.id} {row.status}" for row in exports if row.status != "completed"]
        found += [f"removal {row.snapshot_id}" for row in removals]
        running = {row.id for row in instances if row.status == "running"}
        if (pids := self.instance_pids().keys()) != running:
            found.append(f"processes {sorted(pids)}, records {sorted(running)}")
        if (folders := self.folders("instances")) != {str(number) for number in running}:
            found.append(f"instance folders {sorted(folders)}, records {sorted(running)}")
        if (folders := self.folders("snapshots")) != {str(row.id) for row in snapshots}:
            found.append(f"snapshot folders {sorted(folders)}")
        root = self.data_dir / "snapshots"
        # Unlike rglob, walk does not mind folders that go away meanwhile.
        names = [name for _, folders, files in os.walk(root) for name in (*folders, *files)]
        partial = [name for name in names if name.startswith(".") and "check" not in name]
        if partial:
            found.append(f"leftovers {partial}")
        return found
