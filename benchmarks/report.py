"""One line of the table of results, and the table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Row", "say", "table"]


@dataclass(frozen=True, slots=True)
class Row:
    """Medians, ours and the peer's, in seconds unless ``unit`` says otherwise."""

    work: str
    ours: float
    peer_name: str
    peer: float
    target: str
    runs: int
    unit: str = "s"

    @property
    def ratio(self) -> float:
        """Ours over the peer's."""
        return self.ours / self.peer

    @property
    def difference(self) -> str:
        """Ours less the peer's."""
        difference = self.ours - self.peer
        return f"{difference * 1000:+.1f} ms" if self.unit == "s" else f"{difference:+.1f} {self.unit}"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| work | ours (s) | peer | peer (s) | ratio | difference | target | runs |",
        "|---|---:|---|---:|---:|---:|---|---:|",
    ]
    lines += [
        f"| {row.work} | {row.ours:.4g} | {row.peer_name} | {row.peer:.4g} | {row.ratio:.2f} "
        f"| {row.difference} | {row.target} | {row.runs} |"
        for row in rows
    ]
    return "\n".join(lines)


def say(text: str) -> None:
    """Tell how far the run is."""
    print(f"... {text}", file=sys.stderr, flush=True)
