"""What one instance process consists of, and how it comes up: states, load progress, engine, services."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graph_olap.models import GraphSchema

from graph_olap_server import __version__, faults
from graph_olap_server.domain.errors import PlatformError, cypher_error
from graph_olap_server.domain.indexes import index_step
from graph_olap_server.domain.instance_config import InstanceConfig
from graph_olap_server.instance.auth import IdentityResolver
from graph_olap_server.instance.control_plane import ActivityReporter
from graph_olap_server.instance.engine.base import EngineLimits, GraphEngine, LoadProgress
from graph_olap_server.instance.engine.threads import ThreadsInForce
from graph_olap_server.instance.executions import ExecutionService
from graph_olap_server.instance.memory import limit_in_force, resident_bytes
from graph_olap_server.instance.projection import ProjectionCache
from graph_olap_server.instance.queries import QueryService
from graph_olap_server.instance.samples import SchemaSamples
from graph_olap_server.instance.workers import WorkerPool
from graph_olap_server.logs import event
from graph_olap_server.machine import memory_limit_bytes
from graph_olap_server.snapshots.manifest import SnapshotManifest

if TYPE_CHECKING:
    # A sixth of what a start imports, and no query needs it: loaded by the first request about algorithms.
    from graph_olap_server.instance.algorithms.native import NativeAlgorithms
    from graph_olap_server.instance.algorithms.shortest_path import ShortestPath
    from graph_olap_server.instance.networkx_bridge.bridge import NetworkxBridge

__all__ = ["InstanceRuntime", "InstanceStatus"]

_log = logging.getLogger(__name__)

InstanceStatus = Literal["starting", "loading", "running", "stopping", "failed"]

_MIN_WORKER_BYTES = 4 * 1024**3
_DATABASE_FILE = "graph.db"
_REASONS = {"dangling_from", "dangling_to"}


class InstanceRuntime:
    """One instance: its configuration, its engine once loaded, and the services on top of it."""

    def __init__(self, config: InstanceConfig, identities: IdentityResolver, activity: ActivityReporter) -> None:
        self.config = config
        self.identities = identities
        self.activity = activity
        self.status: InstanceStatus = "starting"
        self.started_at = datetime.now(UTC)
        self.queries = QueryService(config)
        self.samples = SchemaSamples()
        self.threads = ThreadsInForce(config.threads, config.folder)
        self.executions = ExecutionService(config.folder)
        self._workers = WorkerPool(
            threads=config.threads, memory_bytes=max(_MIN_WORKER_BYTES, memory_limit_bytes() * 3 // 4)
        )
        self._networkx_workers = WorkerPool(
            threads=config.threads, memory_bytes=max(_MIN_WORKER_BYTES, config.buffer_bytes)
        )
        self.projections = ProjectionCache()
        self._native: NativeAlgorithms | None = None
        self._networkx: NetworkxBridge | None = None
        self._stopping = threading.Event()
        self._started = time.monotonic()
        self._engine: GraphEngine | None = None
        self._manifest: SnapshotManifest | None = None
        self._progress = _Progress()
        self._trace: str | None = None
        self._thread = threading.Thread(target=self.load, name="load", daemon=True)

    @property
    def uptime_seconds(self) -> int:
        """Seconds since the process was set up."""
        return int(time.monotonic() - self._started)

    def engine(self) -> GraphEngine:
        """Return the loaded engine; raises 503 ``INSTANCE_NOT_READY`` until there is one."""
        if self._engine is None or self.status != "running":
            raise PlatformError(
                "INSTANCE_NOT_READY", f"Instance {self.config.instance_id} is {self.status}.", {"status": self.status}
            )
        return self._engine

    def native(self) -> NativeAlgorithms:
        """Return the native algorithms on the loaded graph; raises 503 until there is one."""
        from graph_olap_server.instance.algorithms.native import NativeAlgorithms

        engine = self.engine()
        if self._native is None:
            assert self._manifest is not None
            self._native = NativeAlgorithms(engine, self._manifest, self.projections, self._workers)
        return self._native

    def shortest_path(self) -> ShortestPath:
        """Return the path search on the loaded graph; raises 503 until there is one."""
        from graph_olap_server.instance.algorithms.shortest_path import ShortestPath

        return ShortestPath(self.engine(), self.projections, self._workers)

    def networkx(self) -> NetworkxBridge:
        """Return the NetworkX bridge on the loaded graph; raises 503 until there is one."""
        from graph_olap_server.instance.networkx_bridge.bridge import NetworkxBridge

        engine = self.engine()
        if self._networkx is None:
            assert self._manifest is not None
            self._networkx = NetworkxBridge(engine, self._manifest, self.projections, self._networkx_workers)
        return self._networkx

    def start_loading(self) -> None:
        """Load the snapshot in a thread of its own."""
        self._thread.start()

    def load(self) -> None:
        """Open the engine and load the snapshot; a failure is kept for :meth:`describe` and does not end the server."""
        self.status = "loading"
        faults.point("instance", "loading")
        try:
            self._manifest = SnapshotManifest.read(self.config.snapshot_folder)
        except (OSError, ValueError) as error:
            _log.exception("manifest_not_read")
            self._fail("STARTUP_FAILED", f"Snapshot {self.config.snapshot_id} could not be read: {error}")
            return
        try:
            engine = self._load(self._manifest)
        except PlatformError as error:
            event(_log, "load_failed", level=logging.ERROR, reason=error.message)
            self._fail("DATA_LOAD_ERROR", error.message)
        except (OSError, ValueError) as error:
            _log.exception("load_failed")
            self._fail("DATA_LOAD_ERROR", f"Snapshot {self.config.snapshot_id} could not be loaded: {error}")
        except BaseException:
            # The thread is about to die: without this the control plane would wait for its start-up time limit.
            self._fail("DATABASE_ERROR", "The graph engine failed while loading; the instance's log has the cause.")
            raise
        else:
            if self._stopping.is_set():
                engine.close()
                return
            self._engine = engine
            self._progress.phase = "ready"
            self.status = "running"
            event(_log, "instance_ready", seconds=round(time.monotonic() - self._started, 3))
            faults.point("instance", "loaded")
            self.activity.prepare()
            self._publish()

    def stop(self) -> None:
        """Cancel what runs; :meth:`close` follows."""
        self._stopping.set()
        self.status = "stopping"
        self.queries.close()
        self.executions.close()

    def close(self) -> None:
        """End the workers. The engine stays open until the process is gone.

        Its file is private and made anew by the next start, so a checkpoint would be work for nothing; and closing
        waits for running queries and was seen to crash the engine's library now and then.
        """
        self._workers.close()
        self._networkx_workers.close()

    def describe(self, *, trace: bool = False) -> dict[str, Any]:
        """Return the body of ``GET /status``; ``trace`` adds where a load failed, for the control plane only."""
        config, engine = self.config, self._engine
        limit = config.memory_bytes
        schema = engine.schema() if engine is not None and self.status == "running" else None
        return {
            "status": self.status,
            "instance_id": str(config.instance_id),
            "snapshot_id": str(config.snapshot_id),
            "mapping_id": str(config.mapping_id),
            "owner_id": config.owner,
            "engine": config.engine,
            "engine_version": None if engine is None else engine.version(),
            "version": __version__,
            "threads": self.threads(),
            "ready": self.status == "running",
            "started_at": self.started_at,
            "uptime_seconds": self.uptime_seconds,
            **_counts(schema),
            "memory_usage_bytes": resident_bytes(),
            "memory_limit_bytes": None if limit is None else limit_in_force(limit, config.folder),
            "disk_usage_bytes": _disk_usage(config.folder),
            "dangling_edges": self._dangling_edges(),
            "active_queries": self.queries.active,
            "lock": self.executions.lock.status.to_dict(),
            "progress": {**self._progress.describe(), **({"stack_trace": self._trace} if trace else {})},
        }

    def _load(self, manifest: SnapshotManifest) -> GraphEngine:
        from graph_olap_server.instance.engine import cache
        from graph_olap_server.instance.engine.registry import engine_class

        config = self.config
        self._progress.plan(manifest)
        adapter = engine_class(config.engine)
        database = config.folder / _DATABASE_FILE
        # One more than queries: an algorithm reads and writes beside them.
        limits = EngineLimits(config.threads, config.buffer_bytes, config.query_concurrency + 1)
        if config.resumes:
            return self._reopen(adapter, database, limits, manifest)
        for leftover in config.folder.glob(f"{_DATABASE_FILE}*"):
            leftover.unlink()  # of a process that ended before it was loaded, or with properties nobody asked for
        if cache.restore(adapter, config.snapshot_folder, database):
            engine = adapter.open(database, limits)
            self._progress.complete(manifest)
            event(_log, "loaded_from_cache")
            return engine
        engine = adapter.open(database, limits)
        try:
            engine.load(config.snapshot_folder, manifest, self._progress.update)
        except BaseException:
            engine.close()
            raise
        return engine

    def _reopen(
        self, adapter: type[GraphEngine], database: Path, limits: EngineLimits, manifest: SnapshotManifest
    ) -> GraphEngine:
        """Open what a suspended instance left: the loaded file, and the log with the results of its algorithms."""
        if not database.exists():
            message = "The graph that was kept is gone. Create a new instance of the snapshot."
            raise cypher_error("engine", message, "")
        engine = adapter.open(database, limits)
        self._progress.complete(manifest)
        event(_log, "reopened")
        return engine

    def _publish(self) -> None:
        from graph_olap_server.instance.engine import cache

        assert self._engine is not None
        cache.publish(type(self._engine), self.config.folder / _DATABASE_FILE, self.config.snapshot_folder)

    def _fail(self, code: str, message: str) -> None:
        self._trace = traceback.format_exc()
        self._progress.fail(code, message)
        self.status = "failed"

    def _dangling_edges(self) -> dict[str, int]:
        if self._manifest is None:
            return {}
        return {
            definition.name: sum(part.rows for part in definition.rejected if part.reason in _REASONS)
            for definition in self._manifest.load_report.definitions
            if definition.type == "edge"
        }


class _Progress:
    """The steps of a load, known in full before the first one starts."""

    def __init__(self) -> None:
        self.phase = "loading_schema"
        self._error_code: str | None = None
        self._error_message: str | None = None
        self._steps: dict[str, dict[str, Any]] = {}
        self._add("loading_schema", "schema")

    def plan(self, manifest: SnapshotManifest) -> None:
        for node in manifest.node_definitions:
            self._add(node.label, "node")
        for edge in manifest.edge_definitions:
            self._add(edge.type, "edge")
        for node in manifest.node_definitions:
            for index in node.indexes:
                self._add(index_step(node.label, index), "index")

    def update(self, progress: LoadProgress) -> None:
        faults.point("instance", "load_step")
        name = "loading_schema" if progress.kind == "schema" else progress.name
        if name != "loading_schema":
            self.phase = "loading_data"
        step = self._steps[name]
        now = datetime.now(UTC)
        step["started_at"] = step["started_at"] or now
        step["status"] = "completed" if progress.done else "in_progress"
        if progress.done:
            step["row_count"], step["completed_at"] = progress.rows, now

    def complete(self, manifest: SnapshotManifest) -> None:
        now = datetime.now(UTC)
        rows = {file.name: file.rows for file in manifest.files}
        for name, step in self._steps.items():
            step.update(status="completed", row_count=rows.get(name), started_at=now, completed_at=now)

    def fail(self, code: str, message: str) -> None:
        self.phase, self._error_code, self._error_message = "failed", code, message
        for step in self._steps.values():
            if step["status"] == "in_progress":
                step["status"] = "failed"

    def describe(self) -> dict[str, Any]:
        return {
            "phase": self.phase,
            "steps": [dict(step) for step in self._steps.values()],
            "error_code": self._error_code,
            "error_message": self._error_message,
        }

    def _add(self, name: str, kind: str) -> None:
        self._steps[name] = {
            "name": name,
            "type": kind,
            "status": "pending",
            "row_count": None,
            "started_at": None,
            "completed_at": None,
        }


def _counts(schema: GraphSchema | None) -> dict[str, Any]:
    if schema is None:
        return {"node_count": None, "edge_count": None, "node_tables": [], "edge_tables": [], "graph_stats": None}
    return {
        "node_count": schema.total_nodes,
        "edge_count": schema.total_edges,
        "node_tables": [table.label for table in schema.node_tables],
        "edge_tables": [table.type for table in schema.edge_tables],
        "graph_stats": {"node_count": schema.total_nodes, "edge_count": schema.total_edges},
    }


def _disk_usage(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # a temporary file of the engine
            continue
    return total
