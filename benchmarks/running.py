"""A graph of one size, for ours in a running instance and for peers in files; and how both are timed and shown."""

from __future__ import annotations

import math
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from graph_olap import AlgorithmTimeoutError, GraphOLAPClient
from graph_olap.instance.connection import InstanceConnection
from graph_olap.instance.runs import AlgorithmRun
from graph_olap.models import EdgeDefinition, NodeDefinition, PrimaryKey, PropertyDefinition
from graph_olap_server.demo.platform import running_platform

from benchmarks.algorithm_peers import COMMUNITIES, END, START, start_and_end
from benchmarks.graph import rmat
from benchmarks.report import say

__all__ = [
    "RunningGraph",
    "Timed",
    "as_text",
    "give_up_after",
    "known_rows",
    "ratio",
    "repeated",
    "running_graph",
    "short",
]

_SHORT = 2.0
"""Seconds after which a measurement is not repeated."""

# As an instance starts its workers.
_ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"}
_NODE_COLUMNS = (("x", "DOUBLE"), ("y", "DOUBLE"), ("community", "INT64"))
Ends = tuple[np.ndarray, np.ndarray]


class Timed(NamedTuple):
    """Seconds of a run through the SDK: from end to end, in the kernel, projecting; and its result."""

    whole: float
    kernel: float
    project: float
    result: Mapping[str, Any]


class RunningGraph(NamedTuple):
    """An instance with ``Account`` nodes, ``PAID`` edges, and the same from lower to higher ids as ``LATER``."""

    connection: InstanceConnection
    work: Path
    nodes: int
    edges: int
    keys: Mapping[str, int]

    @property
    def size(self) -> str:
        """Numbers of nodes and edges, for a table."""
        return f"{short(self.nodes)} / {short(self.edges)}"

    def file(self, acyclic: bool) -> Path:
        """Return where the ends of the edges are."""
        return self.work / ("acyclic.npy" if acyclic else "any.npy")

    def drop(self, edge_type: str) -> None:
        """Have the instance forget what it projected of these edges."""
        self.connection.project(["Account"], [edge_type]).drop()

    def with_keys(self, value: Any) -> Any:
        """Return arguments with keys of nodes in place of what stands for them."""
        if isinstance(value, Mapping):
            return {key: self.with_keys(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [self.with_keys(entry) for entry in value]
        return self.keys.get(value, value) if isinstance(value, str) else value

    def timed(self, run: Callable[[], AlgorithmRun]) -> Timed | None:
        """Time a run up to its whole result as a table; ``None`` when it exceeded its limit."""
        started = time.perf_counter()
        try:
            done = run()
        except AlgorithmTimeoutError:
            for left in self.connection.algo.executions("running"):
                left.cancel()
            return None
        done.to_arrow()
        seconds = time.perf_counter() - started
        assert done.result is not None
        phases = done.result["timings_ms"]
        return Timed(seconds, phases["compute"] / 1000, phases["project"] / 1000, done.result)

    def medians(self, measure: Callable[[], Timed | None], runs: int) -> Timed | None:
        """Repeat what is short; return the median of each number."""
        found: list[Timed] = []
        while len(found) < runs and (not found or found[-1].whole < _SHORT):
            if (one := measure()) is None:
                return None
            found.append(one)
        whole, kernel, project = (statistics.median(numbers) for numbers in list(zip(*found, strict=True))[:3])
        return Timed(whole, kernel, project, found[-1].result)


@contextmanager
def running_graph(nodes: int, edges: int) -> Iterator[RunningGraph]:
    """Start a platform and an instance with an R-MAT graph."""
    ends = rmat(np.random.default_rng(7), nodes, edges)
    with tempfile.TemporaryDirectory(prefix="graph-olap-bench-") as folder:
        work = Path(folder)
        np.save(work / "any.npy", np.stack(ends))
        np.save(work / "acyclic.npy", np.stack(_acyclic(ends)))
        say(f"an instance with {nodes:,} nodes and {edges:,} edges")
        definitions = _write_warehouse(work / "warehouse.duckdb", nodes, ends)
        with (
            running_platform(work, f"duckdb:///{work / 'warehouse.duckdb'}") as url,
            GraphOLAPClient(url, username="bench", timeout=600) as client,
        ):
            mapping = client.mappings.create("bench", "R-MAT", *definitions)
            instance = client.instances.create_from_mapping_and_wait(mapping.id, "bench", progress=False)
            with client.instances.connect(instance.id) as connection:
                connection.algo.stats("pagerank", "Account", "PAID")  # the worker has started and loaded its libraries
                connection.networkx.run("pagerank", "Account", edge_type="PAID")
                keys = dict(zip((START, END), start_and_end(nodes, *ends), strict=True))
                yield RunningGraph(connection, work, nodes, edges, keys)
            client.instances.terminate(instance.id)


def repeated(command: list[str], limit: float, runs: int) -> float:
    """Return the median of the seconds that a command prints.

    Infinity when :func:`give_up_after` ended it, not a number when it failed; the others are measured all the same.
    """
    found: list[float] = []
    while len(found) < runs and (not found or found[-1] < _SHORT):
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=_ENVIRONMENT)
        if done.returncode == -signal.SIGALRM:
            return float("inf")
        if done.returncode:
            say(f"{' '.join(command)} failed:\n{done.stderr}")
            return float("nan")
        found.append(float(done.stdout))
    return statistics.median(found)


def give_up_after(limit: float) -> None:
    """Have the system end this process after some seconds, wherever it is; what came before does not count."""
    signal.setitimer(signal.ITIMER_REAL, limit)


def known_rows(page: Path, columns: int) -> dict[str, str]:
    """Return the rows of a page as it is, by what they are about."""
    rows = page.read_text(encoding="utf-8").splitlines() if page.exists() else []
    return {row.split(" | ")[0].removeprefix("| "): row for row in rows if row.count(" | ") == columns - 1}


def short(count: int) -> str:
    """Write a number of thousands or millions."""
    return f"{count / 1_000_000:g}M" if count >= 1_000_000 else f"{count / 1000:g}k"


def as_text(seconds: float | None, limit: float) -> str:
    """Write seconds for the table."""
    if seconds is None or math.isnan(seconds):
        return "-" if seconds is None else "failed"
    return f"> {limit:g}" if seconds == float("inf") else f"{seconds:.3g}"


def ratio(theirs: float | None, ours: float | None, limit: float) -> str:
    """Write how many times longer the other one takes."""
    if theirs is None or math.isnan(theirs) or ours is None or ours == float("inf"):
        return "-"
    return f"> {limit / ours:.3g}" if theirs == float("inf") else f"{theirs / ours:.3g}"


def _acyclic(ends: Ends) -> Ends:
    kept = ends[0] != ends[1]
    return np.minimum(*ends)[kept], np.maximum(*ends)[kept]


def _write_warehouse(path: Path, nodes: int, ends: Ends) -> tuple[list[NodeDefinition], list[EdgeDefinition]]:
    """Write the tables and return the definitions of a mapping of them."""
    # Coordinates less than an edge apart, so that A* finds shortest paths.
    x, y = np.random.default_rng(7).random((2, nodes)) * 0.7
    accounts = pa.table({"id": np.arange(nodes), "x": x, "y": y, "community": np.arange(nodes) % COMMUNITIES})
    with duckdb.connect(str(path)) as connection:
        connection.register("accounts_data", accounts)
        connection.execute("CREATE TABLE accounts AS SELECT * FROM accounts_data")
        for table, (source, target) in (("paid", ends), ("later", _acyclic(ends))):
            connection.register(f"{table}_data", pa.table({"src": source, "dst": target}))
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM {table}_data")
    account = NodeDefinition(
        label="Account",
        sql="SELECT id, x, y, community FROM accounts",
        primary_key=PrimaryKey(name="id", type="INT64"),
        properties=[PropertyDefinition(name=name, type=kind) for name, kind in _NODE_COLUMNS],
    )
    edges = [
        EdgeDefinition(
            type=table.upper(),
            from_node="Account",
            to_node="Account",
            sql=f"SELECT src, dst FROM {table}",
            from_key="src",
            to_key="dst",
            properties=[],
        )
        for table in ("paid", "later")
    ]
    return [account], edges
