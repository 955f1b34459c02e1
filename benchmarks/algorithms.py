"""``python -m benchmarks.algorithms``: every native algorithm against igraph and NetworkX; writes ``algorithms.md``.

With ``--only`` the rows of these algorithms are replaced and the others stay.

Ours goes end to end through the SDK: from the call, without a projection in the cache, to the whole result in a table.
The others start from two arrays of edge ends and build their graph, which counts, in a process of their own with a time
limit.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.algorithm_peers import ENTRIES, igraph_of, networkx_of
from benchmarks.report import say
from benchmarks.running import RunningGraph, Timed, as_text, give_up_after, known_rows, ratio, repeated, running_graph

RESULTS = Path(__file__).parent / "algorithms.md"
PEERS = ("igraph", "networkx")
_COLUMNS = (
    "algorithm",
    "nodes / edges",
    "ours (s)",
    "kernel (s)",
    "igraph (s)",
    "times igraph",
    "NetworkX (s)",
    "times NetworkX",
    "remark",
)


def main(given: Sequence[str] | None = None) -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.algorithms", description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--limit", type=float, default=15, help="seconds after which a run is given up")
    parser.add_argument("--runs", type=int, default=3, help="runs of each measurement that ends within two seconds")
    parser.add_argument("--only", nargs="*", choices=tuple(ENTRIES), help="names of algorithms")
    parser.add_argument("--one", nargs=3, metavar=("NAME", "PEER", "EDGES"), help=argparse.SUPPRESS)
    arguments = parser.parse_args(given)
    if arguments.one:
        print(_peer_seconds(*arguments.one, arguments.nodes, arguments.limit))
        return
    wanted = list(ENTRIES) if arguments.only is None else arguments.only
    rows = known_rows(RESULTS, len(_COLUMNS))
    for part in sorted({ENTRIES[name].part for name in wanted}):
        with running_graph(arguments.nodes // part, arguments.edges // part) as graph:
            for name in (name for name in wanted if ENTRIES[name].part == part):
                rows[name] = _row(graph, name, arguments)
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
        f"| {' | '.join(_COLUMNS)} |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
        *(rows[name] for name in ENTRIES if name in rows),
    ]
    return "\n".join([*lines, ""])


def _row(graph: RunningGraph, name: str, arguments: argparse.Namespace) -> str:
    say(name)
    entry, limit = ENTRIES[name], arguments.limit
    ours = _ours(graph, name, arguments)
    whole = float("inf") if ours is None else ours.whole
    cells = [name, graph.size, as_text(whole, limit), as_text(None if ours is None else ours.kernel, limit)]
    for peer in PEERS:
        theirs = None
        if getattr(entry, peer) is not None:
            command = [
                sys.executable,
                "-m",
                "benchmarks.algorithms",
                "--nodes",
                str(graph.nodes),
                "--limit",
                str(limit),
            ]
            theirs = repeated([*command, "--one", name, peer, str(graph.file(entry.acyclic))], limit, arguments.runs)
        cells += [as_text(theirs, limit), ratio(theirs, whole, limit)]
    return f"| {' | '.join([*cells, entry.note])} |"


def _ours(graph: RunningGraph, name: str, arguments: argparse.Namespace) -> Timed | None:
    entry = ENTRIES[name]
    edge_type = "LATER" if entry.acyclic else "PAID"
    parameters = graph.with_keys(entry.parameters)

    def measure() -> Timed | None:
        graph.drop(edge_type)
        return graph.timed(
            lambda: graph.connection.algo.run(
                name, "Account", None, edge_type, parameters, arguments.limit, mode="stream", progress=False
            )
        )

    return graph.medians(measure, arguments.runs)


def _peer_seconds(name: str, peer: str, file: str, nodes: int, limit: float) -> float:
    source, target = np.load(file)
    build: Callable[..., Any] = {"igraph": igraph_of, "networkx": networkx_of}[peer]
    work: Callable[[Any], object] = getattr(ENTRIES[name], peer)
    build(3, np.array([0, 1, 2]), np.array([1, 2, 0]))  # imports its libraries
    give_up_after(limit)
    started = time.perf_counter()
    work(build(nodes, source, target))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
