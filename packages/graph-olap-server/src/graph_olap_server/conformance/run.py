"""A run of the suite: graphs by number, each reproducible by seed and number."""

from __future__ import annotations

import atexit
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from random import Random

from graph_olap_server.conformance.findings import Finding, ask, judge, script_of, smallest
from graph_olap_server.conformance.generate import random_query
from graph_olap_server.conformance.graph import random_graph
from graph_olap_server.conformance.known import known_limit
from graph_olap_server.conformance.oracle import Oracle, TooMuchError
from graph_olap_server.conformance.worker import EngineProcess

__all__ = ["PAIRS_PER_GRAPH", "Outcome", "run"]

PAIRS_PER_GRAPH = 50
_GRAPHS_PER_TASK = 4
_MINIMISED = 3
_MINIMISE_SECONDS = 15.0


@dataclass(slots=True)
class Outcome:
    """What a run found.

    Attributes:
        pairs: Pairs of graph and query that were asked.
        equal: Of those, how many were answered as the oracle does.
        not_empty: Of the equal ones, how many had rows.
        known: Recorded limits (docs/reference/engines.md) that were met, by name.
        scripts: A minimised script for each other disagreement; only the first few are minimised.
    """

    pairs: int = 0
    equal: int = 0
    not_empty: int = 0
    known: Counter[str] = field(default_factory=Counter)
    scripts: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Add what another part of the run found."""
        self.pairs += other.pairs
        self.equal += other.equal
        self.not_empty += other.not_empty
        self.known += other.known
        self.scripts += other.scripts


def run(
    engine: str,
    *,
    pairs: int,
    seed: int,
    jobs: int = 1,
    on_progress: Callable[[Outcome], None] = lambda _outcome: None,
) -> Outcome:
    """Ask an engine random queries about random graphs and compare with the oracle.

    Args:
        engine: Name of the engine.
        pairs: How many pairs at least; whole graphs of :data:`PAIRS_PER_GRAPH` are asked.
        seed: The same seed gives the same pairs, with any number of jobs.
        jobs: Processes to use.
        on_progress: Called with all that was found so far, now and then.
    """
    numbers = range(-(-pairs // PAIRS_PER_GRAPH))
    tasks = [numbers[start : start + _GRAPHS_PER_TASK] for start in numbers[::_GRAPHS_PER_TASK]]
    total = Outcome()
    for outcome in _outcomes(engine, seed, tasks, jobs):
        total.add(outcome)
        on_progress(total)
    return total


def _outcomes(engine: str, seed: int, tasks: list[range], jobs: int) -> Iterator[Outcome]:
    if jobs == 1:
        with EngineProcess(engine) as process:
            for numbers in tasks:
                yield _check_graphs(process, engine, seed, numbers)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context) as pool:
        for future in as_completed([pool.submit(_in_pool, engine, seed, numbers) for numbers in tasks]):
            yield future.result()


_processes: dict[str, EngineProcess] = {}


def _in_pool(engine: str, seed: int, numbers: range) -> Outcome:
    if engine not in _processes:
        _processes[engine] = EngineProcess(engine)
        atexit.register(_processes[engine].stop)
    return _check_graphs(_processes[engine], engine, seed, numbers)


def _check_graphs(process: EngineProcess, engine: str, seed: int, numbers: range) -> Outcome:
    outcome = Outcome()
    for number in numbers:
        for finding in _check_graph(process, Random(f"{seed}:{number}"), outcome):
            limit = known_limit(engine, finding)
            if limit is not None:
                outcome.known[limit] += 1
                continue
            if len(outcome.scripts) < _MINIMISED:
                with EngineProcess(engine) as other:
                    finding = smallest(
                        other, finding, lambda found: known_limit(engine, found) is None, _MINIMISE_SECONDS
                    )
            outcome.scripts.append(script_of(finding, engine, process.version()))
    return outcome


def _check_graph(process: EngineProcess, random: Random, outcome: Outcome) -> Iterator[Finding]:
    graph = random_graph(random)
    loaded = process.load(graph)
    oracle = Oracle(graph)
    asked = 0
    while asked < PAIRS_PER_GRAPH:
        query = random_query(random, graph)
        try:
            expected = oracle.answer(query)
        except TooMuchError:
            continue
        asked += 1
        outcome.pairs += 1
        finding = judge(graph, query, expected, loaded if loaded.kind != "rows" else ask(process, query))
        if finding is None:
            outcome.equal += 1
            outcome.not_empty += bool(expected)
        else:
            yield finding
