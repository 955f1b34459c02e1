"""``python -m benchmarks.algorithms``: every native algorithm against igraph and NetworkX; writes ``algorithms.md``.

With ``--only`` the rows of these algorithms are replaced and the others stay.

Each tool starts from the same two arrays of edge ends and builds its own graph, which counts: ours are the rows of a
projection and the kernel. Every measurement runs in a process of its own with a time limit, and is repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.algorithm_peers import IGRAPH, NETWORKX, PARAMETERS
from benchmarks.graph import rmat
from benchmarks.report import say

RESULTS = Path(__file__).parent / "algorithms.md"
TOOLS = ("ours", "igraph", "networkx")

# As an instance starts its workers.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"}


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.algorithms", description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--limit", type=float, default=60, help="seconds after which a run is given up")
    parser.add_argument("--runs", type=int, default=3, help="runs of each measurement that ends within a few seconds")
    parser.add_argument("--only", nargs="*", help="names of algorithms")
    parser.add_argument("--tools", nargs="*", choices=TOOLS, default=TOOLS, help="what to measure, without the others")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "TOOL"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(_seconds(*arguments.one, arguments.nodes, arguments.edges)))
        return
    page = _page(arguments)
    print(page)
    RESULTS.write_text(page, encoding="utf-8")


def names() -> list[str]:
    """Return the names of everything that is measured: the whole registry."""
    from graph_olap_server.instance.algorithms.registry import ALGORITHMS

    return [algorithm.name for algorithm in ALGORITHMS]


def _page(arguments: argparse.Namespace) -> str:
    lines = [
        "# Algorithms against igraph and NetworkX",
        "",
        f"Written by `python -m benchmarks.algorithms`: R-MAT, {arguments.nodes:,} nodes, {arguments.edges:,} edges, "
        "2 cores; seconds from two arrays of edge ends to the result, graph construction included; medians. "
        "A dash: the tool has no such function, or none with this meaning.",
        "",
        "| algorithm | ours (s) | igraph (s) | times igraph | NetworkX (s) | times NetworkX |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    known = _known_rows()
    for name in names():
        if arguments.only is not None and name not in arguments.only:
            lines += [known[name]] if name in known else []
            continue
        say(name)
        seconds = {tool: _median(name, tool, arguments) for tool in arguments.tools}
        ours = seconds.get("ours")
        cells = [as_text(ours, arguments.limit)]
        for tool in TOOLS[1:]:
            theirs = seconds.get(tool)
            shown = as_text(theirs, arguments.limit) if tool in seconds else "not run"
            cells += [shown, ratio(theirs, ours, arguments.limit)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
        later = [known[other] for other in names() if other > name and other in known]
        # What was measured stays when the rest is not.
        RESULTS.write_text("\n".join([*lines, *later, ""]), encoding="utf-8")
    return "\n".join([*lines, ""])


def _known_rows() -> dict[str, str]:
    """Return the rows of the page as it is, by algorithm."""
    rows = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    return {row.split(" | ")[0].removeprefix("| "): row for row in rows if row.startswith("| ")}


def _median(name: str, tool: str, arguments: argparse.Namespace) -> float | None:
    """Return seconds, infinity when it took too long, or ``None`` when the tool does not have the algorithm."""
    table: dict[str, Any] = {"igraph": IGRAPH, "networkx": NETWORKX}.get(tool, {})
    if tool != "ours" and name not in table:
        return None
    size = ["--nodes", str(arguments.nodes), "--edges", str(arguments.edges)]
    command = [sys.executable, "-m", "benchmarks.algorithms", "--one", name, tool, *size]
    found: list[float] = []
    for _ in range(arguments.runs):
        try:
            done = subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=arguments.limit + 10, env=ENVIRONMENT
            )
        except subprocess.TimeoutExpired:
            return float("inf")
        except subprocess.CalledProcessError as error:
            say(f"{name} by {tool} failed: {error.stderr[-300:]}")
            return None
        found.append(float(done.stdout))
        if found[-1] > 5:
            break
    return statistics.median(found)


def _seconds(name: str, tool: str, nodes: int, edges: int) -> float:
    source, target = rmat(np.random.default_rng(7), nodes, edges)
    if tool == "ours":
        work = _ours(name, nodes, source, target)
    elif tool == "igraph":
        work = _igraph(name, nodes, source, target)
    else:
        work = _networkx(name, nodes, source, target)
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _ours(name: str, nodes: int, source: np.ndarray, target: np.ndarray) -> Callable[[], object]:
    from graph_olap_server.instance.algorithms.registry import check_parameters, find
    from graph_olap_server.instance.projection import build_csr

    algorithm = find(name)
    parameters = check_parameters(algorithm, {}, [])
    left_out = {"weight_property", *algorithm.ignored}
    own = {key: value for key, value in parameters.items() if key not in left_out}

    def run(nodes: int, source: np.ndarray, target: np.ndarray) -> object:
        directed = algorithm.orientations[0] != "undirected"
        arrays = build_csr(nodes, source, target, directed=directed, self_loops=algorithm.self_loops)
        extra = {key: value(nodes) if callable(value) else value for key, value in PARAMETERS.get(name, {}).items()}
        return algorithm.kernel(**arrays, **own | extra)

    run(3, np.array([0, 1, 2]), np.array([1, 2, 0]))  # a worker has loaded its libraries long before
    return lambda: run(nodes, source, target)


def _igraph(name: str, nodes: int, source: np.ndarray, target: np.ndarray) -> Callable[[], object]:
    import igraph

    return lambda: IGRAPH[name](igraph.Graph(nodes, np.column_stack([source, target]), directed=True))


def _networkx(name: str, nodes: int, source: np.ndarray, target: np.ndarray) -> Callable[[], object]:
    import networkx as nx

    def run() -> object:
        graph: Any = nx.DiGraph()
        graph.add_nodes_from(range(nodes))
        graph.add_edges_from(zip(source.tolist(), target.tolist(), strict=True))
        return NETWORKX[name](graph)

    return run


def as_text(seconds: float | None, limit: float) -> str:
    """Write seconds for the table."""
    if seconds is None:
        return "-"
    return f"> {limit:g}" if seconds == float("inf") else f"{seconds:.3g}"


def ratio(theirs: float | None, ours: float | None, limit: float) -> str:
    """Write how many times longer the other one takes."""
    if theirs is None or ours is None or ours == float("inf"):
        return "-"
    return f"> {limit / ours:.0f}" if theirs == float("inf") else f"{theirs / ours:.1f}"


if __name__ == "__main__":
    main()
