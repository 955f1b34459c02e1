"""The peers: the engine alone, in a bare script, on the same Parquet files.

Run as ``python -m benchmarks.peers load|roundtrip|result|parallel <snapshot folder> <work folder>``; prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import kuzu
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["CLIENTS", "PARALLEL_QUERIES", "PARALLEL_SECONDS", "POINT_QUERY", "WIDE_QUERY", "main", "run_peer"]

POINT_QUERY = "MATCH (a:Account {id: $id}) RETURN a.name"
WIDE_QUERY = "MATCH (a:Account) RETURN a.id, a.name, a.id + 1, a.id * 2"
# What many clients ask: a scan of all keys, one that groups what it finds, and one of all names, which takes the engine
# several times as long.
PARALLEL_QUERIES = {
    "keys": "MATCH (a:Account) WHERE a.id % 1000 = $k RETURN count(*)",
    "groups": "MATCH (a:Account) WHERE a.id % 100 = $k % 100 RETURN a.id % 7 AS rest, count(*) ORDER BY rest",
    "names": "MATCH (a:Account) WHERE a.name CONTAINS '99' AND a.id % 1000 >= $k RETURN count(*)",
}
CLIENTS = 32
PARALLEL_SECONDS = 5.0
"""How long many clients ask each of their queries in a round."""


def run_peer(job: str, folder: Path, work: Path) -> dict[str, Any]:
    """Run a peer in a process of its own and return what it measured."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers", job, str(folder), str(work)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    """Run one peer."""
    job, snapshot, work = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    result = {"load": _load, "roundtrip": _round_trip, "result": _result, "parallel": _parallel}[job](snapshot, work)
    print(json.dumps(result))


def _load(snapshot: Path, work: Path) -> dict[str, Any]:
    files = {file.name: snapshot / file.path for file in SnapshotManifest.read(snapshot).files}
    path = work / "peer.db"
    path.unlink(missing_ok=True)
    started = time.perf_counter()
    connection = kuzu.Connection(kuzu.Database(str(path), max_num_threads=os.cpu_count() or 1))
    connection.execute("CREATE NODE TABLE Account (id INT64, name STRING, PRIMARY KEY (id))")
    connection.execute("CREATE REL TABLE PAID (FROM Account TO Account, amount DOUBLE, paid_at INT64)")
    connection.execute(f"COPY Account FROM '{files['Account']}'")
    connection.execute(f"COPY PAID FROM '{files['PAID']}'")
    return {"seconds": time.perf_counter() - started}


def _open(work: Path) -> kuzu.Connection:
    return kuzu.Connection(kuzu.Database(str(work / "peer.db"), max_num_threads=os.cpu_count() or 1))


def _round_trip(_snapshot: Path, work: Path) -> dict[str, Any]:
    connection = _open(work)
    seconds = []
    for number in range(600):
        # As text: the engine types a small parameter as INT16 and then scans instead of looking the key up.
        started = time.perf_counter()
        result = connection.execute(POINT_QUERY.replace("$id", str(number * 7)))
        assert isinstance(result, kuzu.QueryResult)
        result.get_all()
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds[100:]}


def _result(_snapshot: Path, work: Path) -> dict[str, Any]:
    connection = _open(work)
    seconds = []
    for _ in range(6):
        started = time.perf_counter()
        result = connection.execute(WIDE_QUERY)
        assert isinstance(result, kuzu.QueryResult)
        rows = result.get_as_arrow().num_rows
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds[1:], "rows": rows}


def _parallel(_snapshot: Path, work: Path) -> dict[str, Any]:
    first = _open(work)
    connections = [
        first,
        *(kuzu.Connection(first.database, num_threads=os.cpu_count() or 1) for _ in range(CLIENTS - 1)),
    ]

    def ask(query: str, number: int, until: float) -> int:
        count = 0
        while time.perf_counter() < until:
            result = connections[number].execute(query, {"k": (number * 31 + count) % 1000})
            assert isinstance(result, kuzu.QueryResult)
            result.get_all()
            count += 1
        return count

    found = {}
    with ThreadPoolExecutor(CLIENTS) as pool:
        for name, query in PARALLEL_QUERIES.items():
            began = time.perf_counter()
            count = ask(query, 0, began + 1)
            alone = (time.perf_counter() - began) / count
            until = time.perf_counter() + PARALLEL_SECONDS
            together = sum(pool.map(partial(ask, query, until=until), range(CLIENTS))) / PARALLEL_SECONDS
            found[name] = {"alone": alone, "per_second": together}
    return found


if __name__ == "__main__":
    main()
