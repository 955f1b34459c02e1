"""Small graphs for the engine suite: Parquet files and manifest from Python rows, in the form the exporter writes.

The suite runs on the engine that ``GRAPH_OLAP_TEST_ENGINE`` names; two engines cannot share a process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graph_olap.models import (
    EdgeDefinition,
    IndexDefinition,
    LoadReport,
    NodeDefinition,
    PrimaryKey,
    PropertyDefinition,
    parse_type,
)
from graph_olap_server.instance.engine.base import EngineLimits, GraphEngine
from graph_olap_server.instance.engine.registry import engine_class
from graph_olap_server.snapshots.manifest import EntityFile, SnapshotManifest
from graph_olap_server.warehouse.types import arrow_type


@dataclass
class SnapshotFiles:
    folder: Path
    nodes: list[NodeDefinition] = field(default_factory=list)
    edges: list[EdgeDefinition] = field(default_factory=list)
    files: list[EntityFile] = field(default_factory=list)

    def node(
        self,
        label: str,
        key: tuple[str, str],
        properties: Mapping[str, str],
        rows: Sequence[Sequence[Any]],
        indexes: Sequence[Mapping[str, Any]] = (),
    ):
        self.nodes.append(
            NodeDefinition(
                label=label,
                sql="SELECT 1",
                primary_key=PrimaryKey(name=key[0], type=key[1]),
                properties=_definitions(properties),
                indexes=[IndexDefinition(**index) for index in indexes],
            )
        )
        self._write("node", label, {key[0]: key[1], **properties}, rows)
        return self

    def edge(self, name: str, ends: tuple[str, str], properties: Mapping[str, str], rows: Sequence[Sequence[Any]]):
        self.edges.append(
            EdgeDefinition(
                type=name,
                from_node=ends[0],
                to_node=ends[1],
                sql="SELECT 1",
                from_key="a",
                to_key="b",
                properties=_definitions(properties),
            )
        )
        keys = {node.label: node.primary_key.type for node in self.nodes}
        self._write("edge", name, {"a": keys[ends[0]], "b": keys[ends[1]], **properties}, rows)
        return self

    def manifest(self) -> SnapshotManifest:
        return SnapshotManifest(
            snapshot_id=1,
            mapping_id=1,
            mapping_version=1,
            node_definitions=self.nodes,
            edge_definitions=self.edges,
            files=self.files,
            load_report=LoadReport(snapshot_id=1, on_bad_rows="report"),
        )

    def _write(self, kind: str, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        arrays = [
            pa.array([row[index] for row in rows], arrow_type(parse_type(type_name)))
            for index, type_name in enumerate(columns.values())
        ]
        path = self.folder / f"{name}.parquet"
        pq.write_table(pa.table(arrays, names=list(columns)), path)
        size = path.stat().st_size
        self.files.append(EntityFile(kind=kind, name=name, path=path.name, rows=len(rows), size_bytes=size))


def _definitions(properties: Mapping[str, str]) -> list[PropertyDefinition]:
    return [PropertyDefinition(name=name, type=type_name) for name, type_name in properties.items()]


ENGINE = os.environ.get("GRAPH_OLAP_TEST_ENGINE", "kuzu")
LIMITS = EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024)


@dataclass
class Graph:
    """An open engine with the shortest way to ask it something."""

    engine: GraphEngine
    engine_name: ClassVar[str] = ENGINE

    def result(self, statement: str, parameters: Mapping[str, Any] | None = None, timeout_ms: int = 20_000):
        return self.engine.query(statement, parameters or {}, timeout_ms=timeout_ms, query_id="test")

    def rows(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[list[Any]]:
        result = self.result(statement, parameters)
        try:
            return list(result.rows())
        finally:
            result.close()

    def value(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Any:
        (row,) = self.rows(statement, parameters)
        return row[0]

    def arrow(self, statement: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        result = self.result(statement, parameters)
        table = pa.Table.from_batches(result.batches(), result.arrow_schema)
        table.validate(full=True)
        return table


@pytest.fixture(scope="session")
def engine_name() -> str:
    return ENGINE


@pytest.fixture(scope="session")
def snapshot_files() -> type[SnapshotFiles]:
    return SnapshotFiles


@pytest.fixture(scope="session")
def graph_class() -> type[Graph]:
    return Graph


@pytest.fixture
def files(tmp_path: Path) -> SnapshotFiles:
    folder = tmp_path / "snapshot"
    folder.mkdir()
    return SnapshotFiles(folder)


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Callable[[SnapshotFiles], Graph]]:
    """Load files into a fresh engine, which is closed after the test."""
    opened: list[GraphEngine] = []

    def _load(files: SnapshotFiles) -> Graph:
        engine = engine_class(ENGINE).open(tmp_path / f"graph{len(opened)}.db", LIMITS)
        opened.append(engine)
        engine.load(files.folder, files.manifest(), lambda _progress: None)
        return Graph(engine)

    yield _load
    for engine in opened:
        engine.close()


@pytest.fixture(scope="module")
def social(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """A small graph that no test changes: two labels, parallel edges, a self-loop, an isolated node, nulls, Unicode."""
    folder = tmp_path_factory.mktemp("social")
    files = SnapshotFiles(folder)
    people = [[1, "Ann", 34], [2, "Böb", None], [3, None, 51], [4, "Dž", 20]]
    files.node("Person", ("id", "INT64"), {"name": "STRING", "age": "INT32"}, people)
    files.node("City", ("code", "STRING"), {"name": "STRING"}, [["x", "Xanten"], ["y", None]])
    knows = [[1, 2, 1], [1, 2, 2], [2, 3, 3], [3, 3, None]]
    files.edge("KNOWS", ("Person", "Person"), {"since": "INT64"}, knows)
    files.edge("LIVES_IN", ("Person", "City"), {}, [[1, "x"], [3, "y"]])
    engine = engine_class(ENGINE).open(folder / "graph.db", LIMITS)
    engine.load(folder, files.manifest(), lambda _progress: None)
    yield Graph(engine)
    engine.close()
