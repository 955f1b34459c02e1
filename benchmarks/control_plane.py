"""The control plane under load: many clients, many rows, many instances. Each number beside its own small twin."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from graph_olap import AsyncGraphOLAPClient, GraphOLAPClient
from graph_olap_server.demo.platform import running_platform

from benchmarks.report import Row, say

__all__ = ["measure_control_plane"]

_CLIENTS = 200
_INSTANCES = 10_000
_NODES = [
    {
        "label": "T",
        "sql": "SELECT id FROM t",
        "primary_key": {"name": "id", "type": "INT64"},
        "properties": [],
    }
]


def measure_control_plane(work: Path, seconds: float) -> list[Row]:
    """Measure lists, concurrency, reconciliation and memory on SQLite."""
    warehouse = work / "small.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("CREATE TABLE t AS SELECT range AS id FROM range(10)")
    command = [sys.executable, "-m", "benchmarks.rows_only", str(work / "platform"), f"duckdb:///{warehouse}"]
    with (
        running_platform(work, "", command=command) as url,
        GraphOLAPClient(url, username="ops", role="ops", timeout=120) as client,
    ):
        mapping = client.mappings.create("seed mapping", "what the others are copies of", _NODES, [])
        database = work / "platform" / "control-plane.db"
        rows = [*_lists(client, database), _clients(url, seconds)]
        rows += [_memory(client, mapping.id, url), _reconciliation(client, database)]
    return rows


def _lists(client: GraphOLAPClient, database: Path) -> list[Row]:
    say("lists over 1,000 and 100,000 mappings")
    numbers = itertools.count()
    lists: dict[str, Callable[[], object]] = {
        "list with filters": lambda: client.mappings.list(owner="ops", created_after="2020-01-01", sort_by="name"),
        "list with filters, other ones each time": lambda: client.mappings.list(
            owner="ops", created_after=f"2020-01-01T00:00:{next(numbers) % 60:02d}.{next(numbers):06d}Z"
        ),
        "list with a rare text": lambda: client.mappings.list(owner="ops", search="copy 99"),
        "list with a rare text, another one each time": lambda: client.mappings.list(
            search=f"copy {next(numbers) % 900 + 100}"
        ),
        "list with a frequent text": lambda: client.mappings.list(owner="ops", search="copy"),
        "list with a text of one character": lambda: client.mappings.list(search="7"),
        "list from the middle": lambda: client.mappings.list(owner="ops", sort_order="asc", offset=400),
    }
    _copy_mappings(database, 1_000)
    small = [_median(ask, 100) for ask in lists.values()]
    _copy_mappings(database, 99_000)
    large = [_median(ask, 40) for ask in lists.values()]
    return [
        Row(f"{name}, 100,000 mappings", ours, "the same over 1,000", peer, "≤ 3", 40)
        for name, ours, peer in zip(lists, large, small, strict=True)
    ]


def _copy_mappings(database: Path, count: int) -> None:
    with sqlite3.connect(database, timeout=30) as connection:
        (last,) = connection.execute("SELECT max(id) FROM mappings").fetchone()
        changed = {
            "id": f"{last} + i",
            "name": f"'copy ' || ({last} + i)",
            "search_text": f"'copy ' || ({last} + i) || 'A' || description",
            "created_at": "strftime('%Y-%m-%d %H:%M:%f000', created_at, '-' || i || ' minutes')",
        }
        names = [row[1] for row in connection.execute("PRAGMA table_info(mappings)")]
        columns = ", ".join(changed.get(name, name) for name in names)
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
        connection.execute(
            f"{numbers} INSERT INTO mappings ({', '.join(names)}) "
            f"SELECT {columns} FROM mappings, n WHERE mappings.id = 1"
        )
        names = [row[1] for row in connection.execute("PRAGMA table_info(mapping_versions)") if row[1] != "mapping_id"]
        columns = ", ".join(names)
        connection.execute(
            f"{numbers} INSERT INTO mapping_versions (mapping_id, {columns}) "
            f"SELECT {last} + i, {columns} FROM mapping_versions, n WHERE mapping_versions.mapping_id = 1"
        )


def _clients(url: str, seconds: float) -> Row:
    say(f"{_CLIENTS} clients for {seconds:.0f} s")
    times = asyncio.run(_ask_together(url, seconds))
    p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
    work = f"p99 of a list, {_CLIENTS} clients at a time, {len(times):,} calls without an error"
    return Row(work, p99, "its p50", p50, "< 10", 1)


async def _ask_together(url: str, seconds: float) -> list[float]:
    times: list[float] = []
    end = time.monotonic() + seconds

    async def one(number: int) -> None:
        async with AsyncGraphOLAPClient(url, username=f"user{number}", timeout=60) as client:
            while time.monotonic() < end:
                started = time.perf_counter()
                await client.mappings.list(limit=10)
                times.append(time.perf_counter() - started)

    await asyncio.gather(*(one(number) for number in range(_CLIENTS)))
    return times


def _memory(client: GraphOLAPClient, mapping_id: int, url: str) -> Row:
    say("1,000 instances, rows only")
    snapshot = client.snapshots.create_and_wait(mapping_id, "seed snapshot", progress=False)
    before = _resident_megabytes(client, url)
    for number in range(10):
        with GraphOLAPClient(url, username=f"owner{number}", timeout=120) as owner:
            for _ in range(100):
                owner.instances.create(snapshot.id, "row")
    after = _resident_megabytes(client, url)
    return Row("memory after 1,000 instances (MB, not s)", after, "before them", before, "< 400 MB", 1, "MB")


def _resident_megabytes(client: GraphOLAPClient, url: str) -> float:
    client.health.check()
    port = url.rpartition(":")[2]
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or b"benchmarks.rows_only" not in _read(folder / "cmdline"):
            continue
        status = _read(folder / "status").decode()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024
    raise RuntimeError(f"no server listens on port {port}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _reconciliation(client: GraphOLAPClient, database: Path) -> Row:
    say(f"reconciliation of {_INSTANCES:,} instances")
    small = _pass_seconds(client)
    with sqlite3.connect(database, timeout=30) as connection:
        (last, count) = connection.execute("SELECT max(id), count(*) FROM instances").fetchone()
        names = [row[1] for row in connection.execute("PRAGMA table_info(instances)") if row[1] != "id"]
        columns = ", ".join(names)
        connection.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {_INSTANCES - count}) "
            f"INSERT INTO instances (id, {columns}) SELECT {last} + i, {columns} "
            f"FROM (SELECT * FROM instances WHERE handle IS NOT NULL LIMIT 1), n"
        )
        connection.execute("UPDATE instances SET status = 'running'")
    time.sleep(61)  # a job may be triggered once a minute
    large = _pass_seconds(client)
    return Row(f"reconciliation of {_INSTANCES:,} instances", large, f"of {count:,}", small, "< 2 s", 1)


def _pass_seconds(client: GraphOLAPClient) -> float:
    client.ops.trigger_job("reconciliation", "benchmark")
    started = time.monotonic()
    while time.monotonic() - started < 60:
        job = next(job for job in client.ops.get_job_status()["jobs"] if job["name"] == "reconciliation")
        if not job["running"] and job["last_started_at"] is not None and time.monotonic() - started > 2:
            return float(job["last_duration_ms"]) / 1000
        time.sleep(0.2)
    raise RuntimeError("the reconciliation job did not finish")


def _median(work: Callable[[], object], runs: int) -> float:
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
