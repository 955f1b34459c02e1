"""The reference page of the native algorithms, written from the registry.

``python -m graph_olap_server.instance.algorithms.reference docs/reference/algorithms.md`` writes it; with ``--check``
it exits with 1 when the page is out of date.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from graph_olap_server.instance.algorithms.model import Algorithm
from graph_olap_server.instance.algorithms.registry import ALGORITHMS

__all__ = ["main", "render"]

_HEAD = """# Native algorithms

Written from the registry; edit `instance/algorithms/catalog/` and run
`python -m graph_olap_server.instance.algorithms.reference docs/reference/algorithms.md`.

All of them work on the selected nodes and the selected edges between them. Isolated nodes are included. Parallel edges
count once, unless a weight property is given: then their weights add up. Results do not depend on the timing of
threads. Component and community ids are dense from 0: larger groups first, of equal ones the one with the smallest
`_id` first. Weights must be present on every selected edge, finite and not negative; anything else is refused before
the run. `shortest_path` has its own request body and takes no lock.
"""


def render() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *(_section(algorithm) for algorithm in ALGORITHMS)])


def _section(algorithm: Algorithm) -> str:
    info = algorithm.info()
    lines = [f"## {info.display_name}: `{info.name}`", "", info.description, "", algorithm.long_description, ""]
    if info.aliases:
        lines += [f"Also called: {', '.join(f'`{alias}`' for alias in info.aliases)}.", ""]
    same = "always gives the same result" if algorithm.deterministic else "can give results that differ by timing"
    lines += [
        f"Edges are used as {' or '.join(algorithm.orientations)}. Yields {info.returns} (`{info.result_kind}`). "
        f"Takes {algorithm.complexity}, done by {algorithm.backend}; the same input {same}.",
        "",
    ]
    if info.parameters:
        lines += ["| Parameter | Type | Default | Meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{parameter.name}` | {parameter.type} | `{json.dumps(parameter.default)}` | {parameter.description} |"
            for parameter in info.parameters
        ]
        lines.append("")
    return "\n".join([*lines, f"Source: {algorithm.source}", ""])


def main() -> None:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description="Write or check the reference page of the native algorithms.")
    parser.add_argument("page", type=Path)
    parser.add_argument("--check", action="store_true", help="exit with 1 when the page is out of date")
    arguments = parser.parse_args()
    page: Path = arguments.page
    wanted = render()
    if not arguments.check:
        page.write_text(wanted)
    elif not page.exists() or page.read_text() != wanted:
        parser.exit(1, f"{page} is out of date; run this command without --check.\n")


if __name__ == "__main__":
    main()
