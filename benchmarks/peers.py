"""The peers: the engine alone, in a bare script, on the same Parquet files.

Run as ``python -m benchmarks.peers load|roundtrip|result <snapshot folder> <work folder>``; prints seconds as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import kuzu
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["POINT_QUERY", "WIDE_QUERY", "main"]

POINT_QUERY = "MATCH (a:Account {id: $id}) RETURN a.name"
WIDE_QUERY = "MATCH (a:Account) RETURN a.id, a.name, a.id + 1, a.id * 2"


def main() -> None:
    """Run one peer."""
    job, snapshot, work = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    result = {"load": _load, "roundtrip": _round_trip, "result": _result}[job](snapshot, work)
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


if __name__ == "__main__":
    main()
