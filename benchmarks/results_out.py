"""Results on their way out: the server's memory while it streams, many clients at a time, compression.

Run as ``python -m benchmarks.results_out [--nodes N] [--edges N]`` to measure these alone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
from graph_olap import GraphOLAPClient
from graph_olap.instance.connection import InstanceConnection
from graph_olap_server.demo.platform import running_platform

from benchmarks.graph import EDGES, NODES, write_warehouse
from benchmarks.peers import CLIENTS, PARALLEL_QUERIES, PARALLEL_SECONDS, run_peer
from benchmarks.report import Row, say, table

__all__ = ["main", "measure_results_out"]

PARALLEL_ROUNDS = 5
SHORTEST_QUERY_MS = 5.0
"""A query that takes less time alone has no target."""

EDGE_QUERY = "MATCH (a:Account)-[p:PAID]->(b:Account) RETURN a.id, b.id, p.amount, p.paid_at"


def measure_results_out(connection: InstanceConnection, pid: int, folder: Path, work: Path) -> list[Row]:
    """Measure an instance of the benchmark graph; ``work`` holds the peer's database."""
    return [*_memory(connection, pid), *_parallel(connection, folder, work), *_compression(connection)]


def main() -> None:
    """Measure on a graph of its own and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results_out", description=__doc__)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--edges", type=int, default=10_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graph-olap-bench-") as name:
        work = Path(name)
        say("writing the warehouse")
        write_warehouse(work / "warehouse.duckdb", arguments.nodes, arguments.edges)
        with (
            running_platform(work, f"duckdb:///{work / 'warehouse.duckdb'}") as url,
            GraphOLAPClient(url, username="bench", timeout=600) as client,
        ):
            mapping = client.mappings.create("bench", "R-MAT", NODES, EDGES)
            snapshot = client.snapshots.create_and_wait(mapping.id, "bench", timeout=900, progress=False)
            folder = Path(snapshot.gcs_path.removeprefix("file://"))
            run_peer("load", folder, work)
            instance = client.instances.create_and_wait(snapshot.id, "results", timeout=900, progress=False)
            with client.instances.connect(instance.id) as connection:
                print(table(measure_results_out(connection, instance_pid(work), folder, work)))
            client.instances.terminate(instance.id)


def instance_pid(work: Path) -> int:
    """Return the process of the instance that was started last."""
    newest = max(work.rglob("endpoint.json"), key=lambda path: path.stat().st_mtime)
    return int(json.loads(newest.read_text())["pid"])


def _memory(connection: InstanceConnection, pid: int) -> list[Row]:
    rows = []
    ways: dict[str, Callable[[], int]] = {
        "conn.stream": lambda: sum(batch.num_rows for batch in connection.stream(EDGE_QUERY, timeout=600)),
        "conn.query_df": lambda: len(connection.query_df(EDGE_QUERY, backend="polars", timeout=600)),
    }
    for name, way in ways.items():
        # What the engine keeps of the graph in its buffer is not memory of the result.
        connection.query("MATCH (a:Account)-[p:PAID]->(b:Account) RETURN sum(a.id + b.id + p.paid_at), sum(p.amount)")
        say(f"memory while {name} reads all relationships")
        before, started = _pss(pid), time.perf_counter()
        with _Peak(pid) as peak:
            count = way()
        seconds = time.perf_counter() - started
        work = f"server's peak memory, {count:,} rows × 4 columns by {name} in {seconds:.1f} s (MB, not s)"
        target = "+ 300 MB" if name == "conn.stream" else "-"
        rows.append(Row(work, peak.bytes / 1e6, "before the query", before / 1e6, target, 1, "MB"))
    return rows


def _parallel(connection: InstanceConnection, folder: Path, work: Path) -> list[Row]:
    def ask(query: str, number: int, until: float) -> int:
        count = 0
        while time.perf_counter() < until:
            connection.query(query, {"k": (number * 31 + count) % 1000})
            count += 1
        return count

    rounds = []
    with ThreadPoolExecutor(CLIENTS) as pool:
        for number in range(PARALLEL_ROUNDS):
            say(f"{CLIENTS} clients at a time, round {number + 1} of {PARALLEL_ROUNDS}")
            asked = {}
            for name, query in PARALLEL_QUERIES.items():
                until = time.perf_counter() + PARALLEL_SECONDS
                asked[name] = list(pool.map(partial(ask, query, until=until), range(CLIENTS)))
            rounds.append((asked, run_peer("parallel", folder, work)))
    rows = []
    for name in PARALLEL_QUERIES:
        ours = [sum(asked[name]) / PARALLEL_SECONDS for asked, _ in rounds]
        peers = [peer[name]["per_second"] for _, peer in rounds]
        each = [count for asked, _ in rounds for count in asked[name]]
        alone = 1000 * statistics.median(peer[name]["alone"] for _, peer in rounds)
        took = f"a query that takes {alone:.1f} ms alone in the engine's process"
        work_name = f"{CLIENTS} clients, {took}: queries/s without an error, {min(each)} to {max(each)} each (not s)"
        target = "≥ 0.8" if alone >= SHORTEST_QUERY_MS else "-"
        peer_name = f"{CLIENTS} threads in the engine's process"
        rows.append(
            Row(
                work_name,
                statistics.median(ours),
                peer_name,
                statistics.median(peers),
                target,
                len(rounds),
                "queries/s",
            )
        )
    return rows


def _compression(connection: InstanceConnection) -> list[Row]:
    rows = []
    query = "MATCH (a:Account) RETURN a.id, a.name, a.id + 1, a.id * 2"
    plain = _fetch(connection, query, None)
    for codec in ("lz4", "zstd"):
        seconds, size = _fetch(connection, query, codec)
        # The bandwidth below which the bytes saved are worth the time spent.
        extra = seconds - plain[0]
        pays = "pays always" if extra <= 0 else f"pays below {(plain[1] - size) * 8 / extra / 1e6:,.0f} Mbit/s"
        work = f"all nodes × 4 columns as {codec} ({size / 1e6:.0f} for {plain[1] / 1e6:.0f} MB), {pays}"
        rows.append(Row(work, seconds, "not compressed, same machine", plain[0], "-", 3))
    return rows


def _fetch(connection: InstanceConnection, query: str, codec: str | None) -> tuple[float, int]:
    headers = {"X-Username": "bench", "Accept": "application/vnd.apache.arrow.stream"}
    if codec:
        headers["X-Arrow-Compression"] = codec
    best, size = float("inf"), 0
    for _ in range(3):
        started = time.perf_counter()
        reply = httpx.post(f"{connection.instance_url}/query", json={"query": query}, headers=headers, timeout=120)
        reply.raise_for_status()
        best, size = min(best, time.perf_counter() - started), len(reply.content)
    return best, size


class _Peak:
    """The largest proportional set size of a process while the block runs, in ``bytes``."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.bytes = 0

    def __enter__(self) -> _Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            self.bytes = max(self.bytes, _pss(self._pid))


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
