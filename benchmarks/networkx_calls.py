"""``python -m benchmarks.networkx_calls``: accelerated NetworkX functions against NetworkX itself; writes a page.

Ours goes end to end through the SDK, to the whole result in a table: once without a projection in the cache, once with.
NetworkX runs in a process of its own with a time limit, from two arrays of edge ends to its result, as in a script.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from graph_olap_server.instance.networkx_bridge.accelerated import ACCELERATED

from benchmarks.algorithm_peers import END, START, start_and_end
from benchmarks.report import say
from benchmarks.running import RunningGraph, Timed, as_text, give_up_after, known_rows, ratio, repeated, running_graph

RESULTS = Path(__file__).parent / "networkx_calls.md"
TARGET = 20
_PARTS = {"betweenness_centrality": 50, "closeness_centrality": 50, "harmonic_centrality": 50}
"""By how much the graph is smaller for functions that search from every node."""
_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "ancestors": {"source": END},
    "descendants": {"source": START},
    "has_path": {"source": START, "target": END},
    "katz_centrality": {"alpha": 1e-4},  # below the inverse of the largest eigenvalue
    "node_connected_component": {"n": START},
    "single_source_shortest_path_length": {"source": START},
    "single_target_shortest_path_length": {"target": END},
}
_WITHOUT_LOOPS = ("core_number",)  # NetworkX refuses them there
_COLUMNS = (
    "function",
    "graph",
    "nodes / edges",
    "computed by",
    "ours (s)",
    "times",
    "projected before (s)",
    "times",
    "NetworkX (s)",
    "remark",
)


def main(given: Sequence[str] | None = None) -> None:
    """Measure every accelerated function, or those asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networkx_calls", description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--limit", type=float, default=15, help="seconds after which a run is given up")
    parser.add_argument("--runs", type=int, default=3, help="runs of each measurement that ends within two seconds")
    parser.add_argument("--only", nargs="*", choices=tuple(ACCELERATED), help="names of functions")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "EDGES"), help=argparse.SUPPRESS)
    arguments = parser.parse_args(given)
    if arguments.one:
        print(_peer_seconds(*arguments.one, arguments.nodes, arguments.limit))
        return
    wanted = list(ACCELERATED) if arguments.only is None else arguments.only
    rows = known_rows(RESULTS, len(_COLUMNS))
    for part in sorted({_PARTS.get(name, 1) for name in wanted}):
        with running_graph(arguments.nodes // part, arguments.edges // part) as graph:
            for name in (name for name in wanted if _PARTS.get(name, 1) == part):
                rows[f"`{name}`"] = _row(graph, name, arguments)
                RESULTS.write_text(_page(arguments, rows), encoding="utf-8")  # what was measured stays
    print(RESULTS.read_text(encoding="utf-8"))


def _page(arguments: argparse.Namespace, rows: Mapping[str, str]) -> str:
    lines = [
        "# Accelerated NetworkX functions against NetworkX",
        "",
        "Written by `python -m benchmarks.networkx_calls`. R-MAT, 2 cores; seconds, medians. Ours is end to end "
        "through the SDK, to the whole result as a table: without a projection in the cache, and with one, as from the "
        "second call on. NetworkX's seconds go from two arrays of edge ends to the result; building its graph counts. "
        f"`> {arguments.limit:g}`: given up. The target is {TARGET} times.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|---|---|---:|---|---:|---:|---:|---:|---:|---|",
        *(rows[f"`{name}`"] for name in ACCELERATED if f"`{name}`" in rows),
    ]
    return "\n".join([*lines, ""])


def _row(graph: RunningGraph, name: str, arguments: argparse.Namespace) -> str:
    say(name)
    limit = arguments.limit
    first, again = _ours(graph, name, arguments, cached=False), _ours(graph, name, arguments, cached=True)
    command = [sys.executable, "-m", "benchmarks.networkx_calls", "--nodes", str(graph.nodes), "--limit", str(limit)]
    file = str(graph.file(name in _WITHOUT_LOOPS))
    theirs = repeated([*command, "--one", name, file], limit, arguments.runs)
    cells = [f"`{name}`", "directed" if _directed(name) else "undirected", graph.size, ACCELERATED[name].backend]
    for ours in (first, again):
        whole = float("inf") if ours is None else ours.whole
        cells += [as_text(whole, limit), ratio(theirs, whole, limit)]
    return f"| {' | '.join([*cells, as_text(theirs, limit), _remark(theirs, first, limit)])} |"


def _remark(theirs: float, ours: Timed | None, limit: float) -> str:
    """Say where the time goes when the target is missed without a projection."""
    if ours is None or min(theirs, limit) >= TARGET * ours.whole:
        return ""
    rest = ours.whole - ours.project - ours.kernel
    return f"projecting {ours.project:.2g} s, kernel {ours.kernel:.2g} s, table and HTTP {rest:.2g} s"


def _ours(graph: RunningGraph, name: str, arguments: argparse.Namespace, *, cached: bool) -> Timed | None:
    edge_type = "LATER" if name in _WITHOUT_LOOPS else "PAID"
    parameters = graph.with_keys(_ARGUMENTS.get(name, {}))

    def measure() -> Timed | None:
        if not cached:
            graph.drop(edge_type)
        return graph.timed(
            lambda: graph.connection.networkx.run(
                *(name, "Account", None, parameters, arguments.limit),
                edge_type=edge_type,
                directed=_directed(name),
                mode="stream",
                progress=False,
            )
        )

    found = graph.medians(measure, arguments.runs)
    assert found is None or found.result["backend"] == ACCELERATED[name].backend, found.result
    return found


def _directed(name: str) -> bool:
    return "digraph" in ACCELERATED[name].graphs


def _peer_seconds(name: str, file: str, nodes: int, limit: float) -> float:
    source, target = np.load(file)
    keys = dict(zip((START, END), start_and_end(nodes, *np.load(Path(file).with_name("any.npy"))), strict=True))
    given = {key: keys.get(value, value) for key, value in _ARGUMENTS.get(name, {}).items()}
    give_up_after(limit)
    started = time.perf_counter()
    graph: Any = nx.DiGraph() if _directed(name) else nx.Graph()
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(zip(source.tolist(), target.tolist(), strict=True))
    found = getattr(nx, name)(graph, **given)
    if hasattr(found, "__next__"):
        list(found)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
