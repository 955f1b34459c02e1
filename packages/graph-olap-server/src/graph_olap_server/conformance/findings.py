"""One pair asked and judged; a disagreement as a script that anybody can run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graph_olap_server.conformance.binding import is_bound
from graph_olap_server.conformance.compare import difference, readable
from graph_olap_server.conformance.graph import PropertyGraph
from graph_olap_server.conformance.minimise import minimise
from graph_olap_server.conformance.oracle import Oracle, TooMuchError
from graph_olap_server.conformance.query import Path, Query, parts_of
from graph_olap_server.conformance.render import json_parameters, render
from graph_olap_server.conformance.worker import Answer, EngineProcess

__all__ = ["Finding", "ask", "judge", "script_of", "smallest"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A disagreement: ``kind`` is ``differs``, ``error`` or ``crash``; ``detail`` says how."""

    kind: str
    detail: str
    graph: PropertyGraph
    query: Query


def judge(graph: PropertyGraph, query: Query, expected: list[list[Any]], answer: Answer) -> Finding | None:
    """Compare an engine's answer with the oracle's rows."""
    if answer.kind != "rows":
        return Finding(answer.kind, answer.message, graph, query)
    detail = difference(query, expected, answer)
    return None if detail is None else Finding("differs", detail, graph, query)


def ask(process: EngineProcess, query: Query) -> Answer:
    """Ask an engine a query about the graph that it has loaded."""
    return process.ask(render(query), json_parameters(query))


def smallest(process: EngineProcess, finding: Finding, same: Callable[[Finding], bool], seconds: float) -> Finding:
    """Return a disagreement of the same sort with as little in it as possible."""
    loaded: list[PropertyGraph] = []

    def check(graph: PropertyGraph, query: Query) -> Finding | None:
        paths = [part for part in parts_of(query.parts) if isinstance(part, Path)]
        if (
            not all(query.parts)
            or not is_bound(query)
            or any(path.variable is not None and not path.hops for path in paths)
        ):
            return None
        try:
            expected = Oracle(graph).answer(query)
            render(query)
        except (TooMuchError, LookupError, TypeError, AttributeError, AssertionError, ValueError):
            return None  # what is left makes no sense
        if loaded != [graph]:
            loaded[:] = [graph]
            if process.load(graph).kind != "rows":
                loaded.clear()
                return None
        return judge(graph, query, expected, ask(process, query))

    def fails(graph: PropertyGraph, query: Query) -> bool:
        found = check(graph, query)
        return found is not None and _sort_of(found) == _sort_of(finding) and same(found)

    graph, query = minimise(finding.graph, finding.query, fails, seconds)
    return check(graph, query) or finding


def script_of(finding: Finding, engine: str, version: str) -> str:
    """Write a disagreement as a Python script that asks the engine again."""
    expected = readable(finding.query, Oracle(finding.graph).answer(finding.query), {})
    return _SCRIPT.format(
        kind=finding.kind,
        engine=engine,
        version=version,
        detail="\n".join(f"# {line}" for line in finding.detail.splitlines()),
        graph=_graph_text(finding.graph),
        statement=render(finding.query),
        parameters=json_parameters(finding.query),
        expected=expected,
    )


_SCRIPT = """\
# {kind}: {engine} {version}
{detail}
import datetime
from decimal import Decimal

from graph_olap_server.conformance.graph import EdgeTable, NodeTable, PropertyGraph
from graph_olap_server.conformance.worker import EngineProcess

{graph}
STATEMENT = {statement!r}
PARAMETERS = {parameters!r}

if __name__ == "__main__":
    with EngineProcess({engine!r}) as process:
        process.load(GRAPH)
        answer = process.ask(STATEMENT, PARAMETERS)
    print("expected:", {expected!r})
    print("found:   ", answer.kind, answer.message or answer.rows)
"""


def _graph_text(graph: PropertyGraph) -> str:
    lines = ["GRAPH = PropertyGraph("]
    for name in ("nodes", "edges"):
        lines.append(f"    {name}=(")
        lines += [f"        {_plain(table)}," for table in getattr(graph, name)]
        lines.append("    ),")
    return "\n".join([*lines, ")"])


def _plain(table: Any) -> str:
    return repr(table)


def _sort_of(finding: Finding) -> tuple[str, str]:
    # Names and numbers change while the query shrinks.
    words = "" if finding.kind == "differs" else re.sub(r"\S*[\d(`'_]\S*", "", finding.detail)
    return finding.kind, " ".join(words.split()[:6])
