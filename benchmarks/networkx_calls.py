"""``python -m benchmarks.networkx_calls``: accelerated NetworkX functions against NetworkX itself; writes a page.

Both start from the arrays of a cached projection and end with the same classified result, as a worker has it: NetworkX
builds its graph from them, a kernel does not. Every measurement runs in a process of its own with a time limit.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.algorithms import ENVIRONMENT, as_text, ratio
from benchmarks.graph import rmat
from benchmarks.report import say

RESULTS = Path(__file__).parent / "networkx_calls.md"
TOOLS = ("ours", "networkx")


def main() -> None:
    """Measure every accelerated function."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networkx_calls", description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--limit", type=float, default=30, help="seconds after which a run is given up")
    parser.add_argument("--runs", type=int, default=3, help="runs of what ends within a second")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "TOOL"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(_seconds(*arguments.one, arguments.nodes, arguments.edges)))
        return
    RESULTS.write_text(_page(arguments), encoding="utf-8")


def _page(arguments: argparse.Namespace) -> str:
    from graph_olap_server.instance.networkx_bridge.accelerated import ACCELERATED

    lines = [
        "# Accelerated NetworkX functions against NetworkX",
        "",
        f"Written by `python -m benchmarks.networkx_calls`: R-MAT, {arguments.nodes:,} nodes, {arguments.edges:,} "
        "edges, 2 cores; seconds from a cached projection to the result, the construction of NetworkX's "
        "graph included; medians. The target is 20 times.",
        "",
        "| function | graph | computed by | ours (s) | NetworkX (s) | times |",
        "|---|---|---|---:|---:|---:|",
    ]
    for name, entry in ACCELERATED.items():
        say(name)
        ours, theirs = (_median(name, tool, arguments) for tool in TOOLS)
        times = " | ".join((as_text(ours, arguments.limit), as_text(theirs, arguments.limit)))
        kind = "directed" if "digraph" in entry.graphs else "undirected"
        lines.append(f"| `{name}` | {kind} | {entry.backend} | {times} | {ratio(theirs, ours, arguments.limit)} |")
    return "\n".join([*lines, ""])


def _median(name: str, tool: str, arguments: argparse.Namespace) -> float:
    size = ["--nodes", str(arguments.nodes), "--edges", str(arguments.edges)]
    command = [sys.executable, "-m", "benchmarks.networkx_calls", "--one", name, tool, *size]
    found: list[float] = []
    for _ in range(arguments.runs):
        try:
            done = subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=arguments.limit + 10, env=ENVIRONMENT
            )
        except subprocess.TimeoutExpired:
            return float("inf")
        found.append(float(done.stdout))
        if found[-1] > 1:
            break
    return statistics.median(found)


def _seconds(name: str, tool: str, nodes: int, edges: int) -> float:
    from graph_olap_server.instance.networkx_bridge import run as worker
    from graph_olap_server.instance.networkx_bridge.accelerated import ACCELERATED, NotAccelerated
    from graph_olap_server.instance.networkx_bridge.values import Handle
    from graph_olap_server.instance.projection import build_csr

    source, target = rmat(np.random.default_rng(7), nodes, edges)
    entry = ACCELERATED[name]
    hub, other = int(np.bincount(source).argmax()), int(np.bincount(target).argmax())
    nodes_of = {"source": hub, "target": other, "n": hub}
    given = {key: Handle(nodes_of[key]) for key in entry.arguments if key in nodes_of}
    if name == "katz_centrality":
        given["alpha"] = 1e-4  # below the inverse of the largest eigenvalue
    loops = name == "core_number"  # NetworkX refuses self-loops there
    arrays = build_csr(nodes, source, target, directed=True, self_loops=not loops)
    call: dict[str, Any] = {
        "name": name,
        "directed": "digraph" in entry.graphs,
        "edge_count": edges,
        "write": False,
    }
    # A worker has loaded its libraries long before.
    worker.run(np.array([0, 1, 2]), np.array([1, 0]), **{**call, "name": "pagerank"}, arguments={})
    worker.run(
        np.array([0, 1, 2]), np.array([1, 0]), **{**call, "name": "core_number", "directed": False}, arguments={}
    )
    refused = mock.patch.object(worker, "accelerated_answer", side_effect=NotAccelerated("measured"))
    with refused if tool == "networkx" else mock.MagicMock():
        started = time.perf_counter()
        worker.run(**arrays, **call, arguments=given)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
