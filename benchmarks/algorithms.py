"""``python -m benchmarks.algorithms``: every native algorithm against igraph and NetworkX; writes ``algorithms.md``.

With ``--only`` the rows of these algorithms are replaced and the others stay.

Ours goes end to end through the SDK: from the call, without a projection in the cache, to the whole result in a table.
The others start from two arrays of edge ends and build their graph, which counts, in a process of their own with a time
limit.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
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
from graph_olap.models import EdgeDefinition, NodeDefinition, PrimaryKey, PropertyDefinition
from graph_olap_server.demo.platform import running_platform

from benchmarks.algorithm_peers import COMMUNITIES, ENTRIES, Entry, igraph_of, networkx_of, start_and_end
from benchmarks.graph import rmat
from benchmarks.report import say

RESULTS = Path(__file__).parent / "algorithms.md"
PEERS = ("igraph", "networkx")
_SHORT = 2.0
"""Seconds after which a measurement is not repeated."""

# As an instance starts its workers.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"}

_NODE_COLUMNS = (("x", "DOUBLE"), ("y", "DOUBLE"), ("community", "INT64"))


class Measured(NamedTuple):
    """Seconds from end to end, and of them in the kernel."""

    whole: float | None
    kernel: float | None = None


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.algorithms", description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--limit", type=float, default=15, help="seconds after which a run is given up")
    parser.add_argument("--runs", type=int, default=3, help="runs of each measurement that ends within two seconds")
    parser.add_argument("--only", nargs="*", choices=tuple(ENTRIES), help="names of algorithms")
    parser.add_argument("--one", nargs=3, metavar=("NAME", "PEER", "EDGES"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(_peer_seconds(*arguments.one, arguments.nodes))
        return
    wanted = list(ENTRIES) if arguments.only is None else arguments.only
    rows = _known_rows()
    for part in sorted({ENTRIES[name].part for name in wanted}):
        names = [name for name in wanted if ENTRIES[name].part == part]
        with _Bench(arguments, part) as bench:
            for name in names:
                rows[name] = bench.row(name)
                RESULTS.write_text(_page(arguments, rows), encoding="utf-8")  # what was measured stays
    print(RESULTS.read_text(encoding="utf-8"))


def _page(arguments: argparse.Namespace, rows: Mapping[str, str]) -> str:
    lines = [
        "# Algorithms against igraph and NetworkX",
        "",
        "Written by `python -m benchmarks.algorithms`. R-MAT, 2 cores; seconds, medians. Ours is end to end through "
        "the SDK: from the call, without a projection in the cache, to the whole result as a table; the kernel is the "
        "part of it spent computing. The peers' seconds go from two arrays of edge ends to the result; building their "
        f"graph counts. `> {arguments.limit:g}`: given up. A dash: the tool has no such function. "
        "The target is 3 times igraph and 20 times NetworkX.",
        "",
        "| algorithm | nodes / edges | ours (s) | kernel (s) | igraph (s) | times igraph | NetworkX (s) "
        "| times NetworkX | remark |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
        *(rows[name] for name in ENTRIES if name in rows),
    ]
    return "\n".join([*lines, ""])


def _known_rows() -> dict[str, str]:
    """Return the rows of the page as it is, by algorithm."""
    rows = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    return {row.split(" | ")[0].removeprefix("| "): row for row in rows if row.count(" | ") == 8}


class _Bench:
    """A graph of one size: in a running instance for ours, in a file for the peers."""

    def __init__(self, arguments: argparse.Namespace, part: int) -> None:
        self._limit, self._runs = arguments.limit, arguments.runs
        self._nodes, self._edges = arguments.nodes // part, arguments.edges // part
        self._ends = rmat(np.random.default_rng(7), self._nodes, self._edges)

    def __enter__(self) -> _Bench:
        self._open = self._opened()
        self._work, self._connection = self._open.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Path, InstanceConnection]]:
        with tempfile.TemporaryDirectory(prefix="graph-olap-bench-") as folder:
            work = Path(folder)
            np.save(work / "any.npy", np.stack(self._ends))
            np.save(work / "acyclic.npy", np.stack(_acyclic(self._ends)))
            say(f"an instance with {self._nodes:,} nodes and {self._edges:,} edges")
            nodes, edges = _write_warehouse(work / "warehouse.duckdb", self._nodes, self._ends)
            with (
                running_platform(work, f"duckdb:///{work / 'warehouse.duckdb'}") as url,
                GraphOLAPClient(url, username="bench", timeout=600) as client,
            ):
                mapping = client.mappings.create("bench", "R-MAT", nodes, edges)
                instance = client.instances.create_from_mapping_and_wait(mapping.id, "bench", progress=False)
                with client.instances.connect(instance.id) as connection:
                    connection.algo.stats("pagerank", "Account", "PAID")  # the worker has started and loaded libraries
                    yield work, connection
                client.instances.terminate(instance.id)

    def row(self, name: str) -> str:
        """Measure one algorithm."""
        say(name)
        entry = ENTRIES[name]
        ours = self._ours(name, entry)
        cells = [name, f"{_short(self._nodes)} / {_short(self._edges)}"]
        cells += [as_text(ours.whole, self._limit), as_text(ours.kernel, self._limit)]
        for peer in PEERS:
            theirs = self._peer(name, peer, entry)
            cells += [as_text(theirs, self._limit), ratio(theirs, ours.whole, self._limit)]
        return f"| {' | '.join([*cells, entry.note])} |"

    def _ours(self, name: str, entry: Entry) -> Measured:
        edge_type = "LATER" if entry.acyclic else "PAID"
        keys = dict(zip(("start", "end"), start_and_end(self._nodes, *self._ends), strict=True))
        parameters = {key: _with_keys(value, keys) for key, value in entry.parameters.items()}
        whole, kernel = [], []
        for _ in range(self._runs):
            self._connection.project(["Account"], [edge_type]).drop()  # whatever was projected of the selection
            started = time.perf_counter()
            try:
                run = self._connection.algo.run(
                    name, "Account", None, edge_type, parameters, self._limit, mode="stream", progress=False
                )
            except AlgorithmTimeoutError:
                for left in self._connection.algo.executions("running"):
                    left.cancel()
                return Measured(float("inf"))
            run.to_arrow()
            whole.append(time.perf_counter() - started)
            assert run.result is not None
            kernel.append(run.result["timings_ms"]["compute"] / 1000)
            if whole[-1] > _SHORT:
                break
        return Measured(statistics.median(whole), statistics.median(kernel))

    def _peer(self, name: str, peer: str, entry: Entry) -> float | None:
        if getattr(entry, peer) is None:
            return None
        file = self._work / ("acyclic.npy" if entry.acyclic else "any.npy")
        command = [sys.executable, "-m", "benchmarks.algorithms", "--nodes", str(self._nodes)]
        return repeated([*command, "--one", name, peer, str(file)], self._limit, self._runs)


def repeated(command: list[str], limit: float, runs: int) -> float:
    """Return the median of the seconds that a command prints, or infinity when it exceeds the limit."""
    found: list[float] = []
    for _ in range(runs):
        try:
            # What the command prints is without the start of Python and the reading of the edges.
            done = subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=limit + 3, env=ENVIRONMENT
            )
        except subprocess.TimeoutExpired:
            return float("inf")
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"{' '.join(command)} failed:\n{error.stderr}") from None
        found.append(float(done.stdout))
        if found[-1] > _SHORT:
            break
    median = statistics.median(found)
    return median if median <= limit else float("inf")


def _peer_seconds(name: str, peer: str, file: str, nodes: int) -> float:
    source, target = np.load(file)
    build: Callable[..., Any] = {"igraph": igraph_of, "networkx": networkx_of}[peer]
    work: Callable[[Any], object] = getattr(ENTRIES[name], peer)
    build(3, np.array([0, 1, 2]), np.array([1, 2, 0]))  # imports its libraries
    started = time.perf_counter()
    work(build(nodes, source, target))
    return time.perf_counter() - started


def _acyclic(ends: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    kept = ends[0] != ends[1]
    return np.minimum(*ends)[kept], np.maximum(*ends)[kept]


def _write_warehouse(
    path: Path, nodes: int, ends: tuple[np.ndarray, np.ndarray]
) -> tuple[list[NodeDefinition], list[EdgeDefinition]]:
    """Write the tables and return the definitions of a mapping of them."""
    random = np.random.default_rng(7)
    # Coordinates less than an edge apart, so that A* finds shortest paths.
    place = random.random((2, nodes)) * 0.7
    accounts = pa.table(
        {"id": np.arange(nodes), "x": place[0], "y": place[1], "community": np.arange(nodes) % COMMUNITIES}
    )
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


def _with_keys(value: Any, keys: Mapping[str, int]) -> Any:
    if isinstance(value, list):
        return [_with_keys(entry, keys) for entry in value]
    return keys.get(value, value) if isinstance(value, str) else value


def _short(count: int) -> str:
    return f"{count / 1_000_000:g}M" if count >= 1_000_000 else f"{count / 1000:g}k"


def as_text(seconds: float | None, limit: float) -> str:
    """Write seconds for the table."""
    if seconds is None:
        return "-"
    return f"> {limit:g}" if seconds == float("inf") else f"{seconds:.3g}"


def ratio(theirs: float | None, ours: float | None, limit: float) -> str:
    """Write how many times longer the other one takes."""
    if theirs is None or ours is None or ours == float("inf"):
        return "-"
    return f"> {limit / ours:.3g}" if theirs == float("inf") else f"{theirs / ours:.3g}"


if __name__ == "__main__":
    main()
