"""``graph-olap conformance``: the run, its progress and its result for people."""

from __future__ import annotations

import sys
import time

from graph_olap_server.conformance.known import LIMITS
from graph_olap_server.conformance.run import Outcome, run

__all__ = ["conformance"]

_EVERY_SECONDS = 10.0


def conformance(engine: str, *, pairs: int, seed: int, jobs: int) -> int:
    """Run the suite, print what it found and return the exit code: 1 when it found what is not recorded."""
    started = shown = time.monotonic()

    def progress(outcome: Outcome) -> None:
        nonlocal shown
        if time.monotonic() - shown >= _EVERY_SECONDS:
            shown = time.monotonic()
            sys.stderr.write(f"{outcome.pairs} of {pairs} pairs, {outcome.equal} equal\n")

    outcome = run(engine, pairs=pairs, seed=seed, jobs=jobs, on_progress=progress)
    for script in outcome.scripts:
        sys.stdout.write(f"{script}\n{'#' * 100}\n")
    seconds = time.monotonic() - started
    sys.stdout.write(summary(outcome, engine, seed, seconds))
    return 1 if outcome.scripts else 0


def summary(outcome: Outcome, engine: str, seed: int, seconds: float) -> str:
    """Write the counts of a run."""
    lines = [
        f"{engine}, seed {seed}: {outcome.pairs} pairs in {seconds:.0f} s",
        f"  {outcome.equal} equal ({outcome.not_empty} of them with rows)",
    ]
    for limit in LIMITS:
        count = outcome.known[limit.name]
        if count:
            lines.append(f"  {count} {'refused' if limit.refused else 'wrong, as recorded'}: {limit.name}")
    lines.append(f"  {len(outcome.scripts)} not recorded")
    return "\n".join(lines) + "\n"
