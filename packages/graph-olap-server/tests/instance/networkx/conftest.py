"""A real engine that holds all sample graphs, each under a label of its own, and the bridge on it."""

from __future__ import annotations

import pytest
from graph_olap_server.instance.engine.registry import engine_class
from graph_olap_server.instance.networkx_bridge.bridge import NetworkxBridge
from graph_olap_server.instance.projection import ProjectionCache
from graph_olap_server.instance.workers import WorkerPool

from ..engine.conftest import ENGINE, LIMITS, SnapshotFiles
from .graphs import GRAPHS

_TYPES = {str: "STRING", int: "INT64", float: "DOUBLE"}


@pytest.fixture(scope="session")
def bridge(tmp_path_factory):
    files = SnapshotFiles(tmp_path_factory.mktemp("samples"))
    for label, sample in GRAPHS.items():
        types = {name: _TYPES[type(next(iter(values.values())))] for name, values in sample.attributes.items()}
        files.node(
            label,
            ("name", "STRING"),
            types,
            [[node, *(sample.attributes[name].get(node) for name in types)] for node in sample.nodes],
        )
    for label, sample in GRAPHS.items():
        files.edge(f"in_{label}", (label, label), {"weight": "INT64", "capacity": "INT64"}, sample.edges)
    engine = engine_class(ENGINE).open(tmp_path_factory.mktemp("engine") / "graph.db", LIMITS)
    engine.load(files.folder, files.manifest(), lambda progress: None)
    workers = WorkerPool(threads=1)
    yield NetworkxBridge(engine, files.manifest(), ProjectionCache(), workers)
    workers.close()
    engine.close()
