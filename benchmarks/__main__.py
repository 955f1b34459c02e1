"""``make bench``: measure the platform against the engine alone, print ratios and write ``benchmarks/results.md``."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
from graph_olap import GraphOLAPClient
from graph_olap.instance.connection import InstanceConnection
from graph_olap_server.demo.platform import running_platform

from benchmarks import algorithms, networkx_calls
from benchmarks.control_plane import measure_control_plane
from benchmarks.graph import EDGES, NODES, SMALL_EDGES, SMALL_NODES, write_warehouse
from benchmarks.peers import POINT_QUERY, WIDE_QUERY, run_peer
from benchmarks.report import Row, say, table
from benchmarks.results_out import instance_pid, measure_results_out

RESULTS = Path(__file__).parent / "results.md"
HEADINGS = {"data-plane": "## From the warehouse to answers", "control-plane": "## The control plane under load"}


PAGES = {"algorithms": algorithms.main, "networkx-calls": networkx_calls.main}
"""Parts with a page of their own."""


def main() -> None:
    """Run all benchmarks, or one part of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--edges", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5, help="runs of each measurement (the load: at most 3)")
    parser.add_argument("--load-seconds", type=float, default=60, help="how long many clients ask at a time")
    parser.add_argument("--only", choices=(*HEADINGS, *PAGES), help="measure one part and leave the others")
    arguments = parser.parse_args()
    parts: dict[str, Callable[[Path], list[Row]]] = {
        "data-plane": lambda work: _measure(work, arguments),
        "control-plane": lambda work: measure_control_plane(work, arguments.load_seconds),
    }
    for page in PAGES if arguments.only is None else {arguments.only} & PAGES.keys():
        PAGES[page]([])
    if arguments.only in PAGES:
        return
    measured = {}
    for part in parts if arguments.only is None else [arguments.only]:
        with tempfile.TemporaryDirectory(prefix="graph-olap-bench-") as work:
            measured[part] = _section(part, parts[part](Path(work)), arguments)
            print(measured[part], flush=True)
    if arguments.only == "control-plane" or (arguments.nodes, arguments.edges) == (1_000_000, 10_000_000):
        kept = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() and arguments.only is not None else ""
        RESULTS.write_text(_page(measured, kept), encoding="utf-8")


def _measure(work: Path, arguments: argparse.Namespace) -> list[Row]:
    database = work / "warehouse.duckdb"
    say("writing the warehouse")
    write_warehouse(database, arguments.nodes, arguments.edges)
    with (
        running_platform(work, f"duckdb:///{database}") as url,
        GraphOLAPClient(url, username="bench", timeout=600) as client,
    ):
        mapping = client.mappings.create("bench", "R-MAT", NODES, EDGES)
        say("exporting a snapshot")
        started = time.perf_counter()
        snapshot = client.snapshots.create_and_wait(mapping.id, "bench", timeout=900, progress=False)
        say(f"export took {time.perf_counter() - started:.1f} s")
        folder = Path(snapshot.gcs_path.removeprefix("file://"))
        rows = [_first_answer(client, database, arguments.runs)]
        rows += _load(client, snapshot.id, folder, work, min(arguments.runs, 3))
        instance = client.instances.create_and_wait(snapshot.id, "queries", timeout=900, progress=False)
        with client.instances.connect(instance.id) as connection:
            rows += [
                _round_trip(connection, folder, work),
                _result(connection, folder, work, arguments.runs),
                *measure_results_out(connection, instance_pid(work), folder, work),
                _projection(connection, arguments.runs),
                *_algorithms(connection, arguments.runs),
            ]
        client.instances.terminate(instance.id)
    return rows


def _first_answer(client: GraphOLAPClient, database: Path, runs: int) -> Row:
    say("mapping to first answer")
    mapping = client.mappings.create("small", "", SMALL_NODES, SMALL_EDGES)
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        instance = client.instances.create_from_mapping_and_wait(mapping.id, "small", progress=False)
        with client.instances.connect(instance.id) as connection:
            assert connection.query_scalar("MATCH ()-[p:PAID]->() RETURN count(p)") == 5000
            seconds.append(time.perf_counter() - started)
        client.instances.terminate(instance.id)

    def run_sql() -> None:
        with duckdb.connect(str(database), read_only=True) as warehouse:
            for definition in (*SMALL_NODES, *SMALL_EDGES):
                warehouse.sql(definition.sql).to_arrow_table()

    return Row(
        "mapping → first answer, 1,000 nodes, 5,000 edges",
        statistics.median(seconds),
        "the warehouse's own time for the SQL",
        statistics.median([_timed(run_sql) for _ in range(runs)]),
        "+ 1 s",
        runs,
    )


def _load(client: GraphOLAPClient, snapshot_id: int, folder: Path, work: Path, runs: int) -> list[Row]:
    first, again, peer = [], [], []
    for run in range(runs):
        say(f"load {run + 1}/{runs}: the engine alone")
        peer.append(run_peer("load", folder, work)["seconds"])
        shutil.rmtree(folder / "engine", ignore_errors=True)
        say(f"load {run + 1}/{runs}: platform, first instance of the snapshot")
        first.append(_timed_instance(client, snapshot_id, folder))
        say(f"load {run + 1}/{runs}: platform, second instance")
        again.append(_timed_instance(client, snapshot_id, folder))
    median = statistics.median
    return [
        Row("snapshot → running", median(first), "engine's COPY in a bare script", median(peer), "≤ 1.25", runs),
        Row("second instance of a loaded snapshot", median(again), "the first instance", median(first), "≤ 0.15", runs),
    ]


def _timed_instance(client: GraphOLAPClient, snapshot_id: int, folder: Path) -> float:
    started = time.perf_counter()
    instance = client.instances.create_and_wait(snapshot_id, "load", timeout=900, progress=False)
    seconds = time.perf_counter() - started
    deadline = time.monotonic() + 60
    while not list((folder / "engine").glob("*.db")) and time.monotonic() < deadline:
        time.sleep(0.2)  # the loaded database is published after the instance runs; not part of the measurement
    client.instances.terminate(instance.id)
    time.sleep(2)
    return seconds


def _round_trip(connection: InstanceConnection, folder: Path, work: Path) -> Row:
    say("small queries")
    seconds = []
    for number in range(600):
        started = time.perf_counter()
        connection.query(POINT_QUERY, {"id": number * 7})
        seconds.append(time.perf_counter() - started)
    peer = run_peer("roundtrip", folder, work)["seconds"]
    return Row(
        "small query round trip (SDK, HTTP)",
        statistics.median(seconds[100:]),
        "the same query in the engine's process",
        statistics.median(peer),
        "+ 2 ms",
        500,
    )


def _result(connection: InstanceConnection, folder: Path, work: Path, runs: int) -> Row:
    say("large results")
    seconds = [_timed(lambda: connection.query_df(WIDE_QUERY, backend="polars")) for _ in range(runs + 1)][1:]
    peer = run_peer("result", folder, work)["seconds"]
    return Row(
        "all nodes × 4 columns into polars",
        statistics.median(seconds),
        "get_as_arrow in the engine's process",
        statistics.median(peer),
        "≤ 1.5",
        runs,
    )


def _projection(connection: InstanceConnection, runs: int) -> Row:
    say("projection")
    ends = "MATCH (a:Account)-[p:PAID]->(b:Account) RETURN id(a) AS source, id(b) AS target"
    seconds, peer, size = [], [], 0.0
    for _ in range(runs):
        started = time.perf_counter()
        graph = connection.project(["Account"], ["PAID"])
        seconds.append(time.perf_counter() - started)
        size = graph.memory_bytes / graph.edge_count
        graph.drop()
        peer.append(_timed(lambda: connection.query_df(ends, backend="polars")))
    return Row(
        f"first projection, {size:.1f} bytes per edge",
        statistics.median(seconds),
        "the ends of all edges into polars",
        statistics.median(peer),
        "≤ 4 s at 10M",
        runs,
    )


def _algorithms(connection: InstanceConnection, runs: int) -> list[Row]:
    rows = []
    for name in ("pagerank", "wcc", "louvain", "kcore"):
        say(name)
        run: Callable[..., Any] = getattr(connection.algo, name)
        run("Account", f"bench_{name}", edge_type="PAID")  # the first run projects the graph
        seconds, kernel = [], []
        for _ in range(runs):
            started = time.perf_counter()
            execution = run("Account", f"bench_{name}", edge_type="PAID")
            seconds.append(time.perf_counter() - started)
            assert execution.result is not None
            kernel.append(execution.result["timings_ms"]["compute"] / 1000)
        rows.append(
            Row(
                f"{name} with write-back, projection cached",
                statistics.median(seconds),
                "its kernel alone, same run",
                statistics.median(kernel),
                "+ 2 s",
                runs,
            )
        )
    return rows


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _section(part: str, rows: list[Row], arguments: argparse.Namespace) -> str:
    where = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    what = "on SQLite, with instances that are rows only"
    if part == "data-plane":
        where += f", kuzu {version('kuzu')}, icebug {version('icebug')}"
        what = f"{arguments.nodes:,} nodes, {arguments.edges:,} edges with two properties, R-MAT, seed fixed"
    return f"{HEADINGS[part]}\n\n{date.today().isoformat()}: {where}; {what}.\n\n{table(rows)}\n"


def _page(measured: dict[str, str], kept: str) -> str:
    """Put what was measured in the place of the sections of an earlier page."""
    sections = {section.partition("\n")[0]: section for section in f"\n{kept}".split("\n## ")[1:]}
    sections |= {text.partition("\n")[0].removeprefix("## "): text.removeprefix("## ") for text in measured.values()}
    title = (
        "# Benchmark results\n\nBy `make bench`. Seconds are medians; the ratio is what counts. "
        "[Where the time goes](../docs/design/speed.md) explains them.\n"
    )
    return title + "".join(f"\n## {section.strip()}\n" for section in sections.values())


if __name__ == "__main__":
    main()
