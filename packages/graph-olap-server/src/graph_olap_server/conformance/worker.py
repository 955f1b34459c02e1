"""The engine in a child process: a crash is an answer, not the end of the run, and two engines never meet."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, Self

from graph_olap_server.conformance.graph import PropertyGraph, write_snapshot
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.encoding import decode_parameters
from graph_olap_server.instance.engine.base import EngineLimits, GraphEngine
from graph_olap_server.instance.engine.registry import engine_class
from graph_olap_server.instance.guard import check_statement
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["Answer", "EngineProcess"]

_PATIENCE_SECONDS = 120.0
_TIMEOUT_MS = 60_000
_LIMITS = EngineLimits(threads=1, buffer_bytes=512 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine made of a statement.

    Attributes:
        kind: ``rows``; ``error`` with what the analyst would read; ``crash`` when the process died or hung.
        rows: JSON-ready rows.
        ids: Node id → (label, key), to tell the ends of relationships.
        message: Text of the error, or how the process ended.
    """

    kind: Literal["rows", "error", "crash"]
    rows: list[list[Any]] = field(default_factory=list)
    ids: Mapping[int, tuple[str, Any]] = field(default_factory=dict)
    message: str = ""


class EngineProcess:
    """A child process with one engine, which is started again when it dies."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._process: Any = None
        self._pipe: Any = None
        self._graph: Any = None
        self._ids: Mapping[int, tuple[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def load(self, graph: PropertyGraph | Path) -> Answer:
        """Load a graph, or the snapshot in a folder, through the whole data plane."""
        self._graph = graph
        kind, value = self._call("load", graph)
        if kind != "loaded":
            return Answer("crash" if kind == "crash" else "error", message=f"load: {value}")
        self._ids = value
        return Answer("rows", ids=value)

    def ask(self, statement: str, parameters: Mapping[str, Any]) -> Answer:
        """Run a statement on the graph that was loaded last."""
        kind, value = self._call("ask", (statement, dict(parameters)))
        if kind == "rows":
            return Answer("rows", value, self._ids)
        if kind == "crash":
            self.load(self._graph)
        return Answer(kind, message=value)

    def version(self) -> str:
        """Return the version of the engine's library."""
        version: str = self._call("version", None)[1]
        return version

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._pipe.close()
            self._process.join(5)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process = None

    def _call(self, command: str, value: Any) -> Any:
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, other = context.Pipe()
            self._process = context.Process(target=_serve, args=(self._engine, other), daemon=True)
            self._process.start()
            other.close()
        with suppress(EOFError, OSError):
            self._pipe.send((command, value))
            if self._pipe.poll(_PATIENCE_SECONDS):
                return self._pipe.recv()
            self._process.kill()
        self._process.join()
        code = self._process.exitcode
        self._process = None
        return "crash", f"the engine's process ended with code {code}"


def _serve(engine: str, pipe: Connection) -> None:
    with tempfile.TemporaryDirectory(prefix="graph-olap-conformance-") as folder:
        session = _Session(engine, Path(folder))
        with suppress(EOFError, KeyboardInterrupt):
            while True:
                command, value = pipe.recv()
                pipe.send(getattr(session, command)(value))
        session.close()


class _Session:
    """One engine at a time in the child process."""

    def __init__(self, engine: str, folder: Path) -> None:
        self._class = engine_class(engine)
        self._folder = folder
        self._engine: GraphEngine | None = None

    def version(self, _: None) -> tuple[str, str]:
        return "version", self._class.version()

    def load(self, graph: PropertyGraph | Path) -> tuple[str, Any]:
        self.close()
        folder = graph if isinstance(graph, Path) else self._folder / "snapshot"
        manifest = SnapshotManifest.read(folder) if isinstance(graph, Path) else write_snapshot(graph, folder)
        self._engine = self._class.open(self._folder / "graph.db", _LIMITS)
        try:
            self._engine.load(folder, manifest, lambda _progress: None)
        except PlatformError as error:
            self.close()
            return "error", error.message
        return "loaded", {} if isinstance(graph, Path) else self._ids(graph)

    def ask(self, request: tuple[str, dict[str, Any]]) -> tuple[str, Any]:
        if self._engine is None:
            return "error", "no graph is loaded"
        statement, parameters = request
        try:
            guarded = check_statement(statement)
            result = self._engine.query(
                guarded.text, decode_parameters(parameters), timeout_ms=_TIMEOUT_MS, query_id="conformance"
            )
            try:
                return "rows", list(result.rows())
            finally:
                result.close()
        except PlatformError as error:
            return "error", error.message

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        for path in self._folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _ids(self, graph: PropertyGraph) -> dict[int, tuple[str, Any]]:
        found = {}
        for table in graph.nodes:
            _, rows = self.ask((f"MATCH (n:`{table.label}`) RETURN id(n), n.`{table.key}`", {}))
            found.update({row[0]: (table.label, row[1]) for row in rows})
        return found
