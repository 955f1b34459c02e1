"""Engines against brute force on random graphs and queries; the same as ``graph-olap conformance``."""

from __future__ import annotations

import multiprocessing

import pytest
from graph_olap_server.cli import main
from graph_olap_server.conformance.findings import Finding, judge, script_of, smallest
from graph_olap_server.conformance.graph import EdgeTable, NodeTable, PropertyGraph
from graph_olap_server.conformance.minimise import minimise
from graph_olap_server.conformance.oracle import Oracle
from graph_olap_server.conformance.query import (
    Aggregate,
    Binary,
    Hop,
    Item,
    Length,
    Literal_,
    Match,
    NodePattern,
    Path,
    Projection,
    Property,
    Query,
)
from graph_olap_server.conformance.render import render
from graph_olap_server.conformance.run import run
from graph_olap_server.conformance.worker import Answer, EngineProcess
from graph_olap_server.instance.engine.registry import available_engines

PAIRS = 2_000
LOOP = PropertyGraph(
    nodes=(NodeTable("N", {"id": "INT64", "x": "INT64"}, ((1, 5), (2, None), (3, 7))),),
    edges=(EdgeTable("R", "N", "N", {"w": "INT64"}, ((1, 2, 1), (1, 2, 2), (2, 2, 3), (2, 3, 4), (3, 9, 5))),),
)


def test_the_default_engine_agrees_with_brute_force():
    outcome = run("kuzu", pairs=PAIRS, seed=20261124)
    assert outcome.scripts == [], "\n".join(outcome.scripts[:3])
    assert outcome.pairs >= PAIRS
    assert outcome.equal > 0.9 * PAIRS
    assert outcome.not_empty > 0.3 * PAIRS


@pytest.mark.slow
@pytest.mark.skipif("ladybug" not in available_engines(), reason="the extra 'ladybug' is not installed")
def test_ladybug_differs_only_where_it_is_recorded():
    outcome = run("ladybug", pairs=500, seed=20261124)
    assert outcome.scripts == [], "\n".join(outcome.scripts[:3])


def two_hops(kind: str | None = None) -> Query:
    length = None if kind is None else Length(1, 2, kind)
    hops = (Hop("r", ("R",)), Hop("q", ("R",))) if kind is None else (Hop(None, ("R",), length=length),)
    nodes = tuple(NodePattern(name, ("N",)) for name in "abc"[: len(hops) + 1])
    items = (Item(Property("a", "id"), "c0"), Item(Aggregate("count"), "c1"))
    return Query(((Match((Path(nodes, hops),)), Projection(items)),))


def counts(query: Query) -> dict[int, int]:
    return {row[0]: row[1] for row in Oracle(LOOP).answer(query)}


def test_the_oracle_counts_what_one_counts_by_hand():
    # 1 has two ways to 2, from where the loop and 3 follow; the edge to 9 has no end.
    assert counts(two_hops()) == {1: 4, 2: 2}
    assert counts(two_hops("WALK")) == {1: 6, 2: 4}
    assert counts(two_hops("TRAIL")) == {1: 6, 2: 3}
    assert counts(two_hops("SHORTEST")) == {1: 2, 2: 1}
    assert counts(two_hops("ALL SHORTEST")) == {1: 4, 2: 1}


def test_a_wrong_answer_is_found_and_made_small():
    query = two_hops()
    right = Oracle(LOOP).answer(query)
    assert judge(LOOP, query, right, Answer("rows", [[1, 4], [2, 2]])) is None
    finding = judge(LOOP, query, right, Answer("rows", [[1, 4], [2, 1]]))
    assert finding is not None
    assert (finding.kind, "missing (2, 2), not expected (2, 1)" in finding.detail) == ("differs", True)

    def fails(graph: PropertyGraph, smaller: Query) -> bool:
        try:
            return any(row[-1] > 1 for row in Oracle(graph).answer(smaller))
        except (LookupError, TypeError, AttributeError, AssertionError):
            return False

    graph, small = minimise(LOOP, query, fails, 10)
    assert len(render(small)) < len(render(query)) / 2
    assert fails(graph, small)
    assert sum(len(table.rows) for table in (*graph.nodes, *graph.edges)) < 8


def test_a_crash_is_an_answer_and_its_script_runs(tmp_path):
    where = Binary("=", Property("a", "x"), Literal_(5))
    query = Query(
        ((Match((Path((NodePattern("a", ("N",)),)),), where), Projection((Item(Property("a", "id"), "c0"),))),)
    )
    with EngineProcess("kuzu") as process:
        process.load(LOOP)
        assert process.ask(render(query), {}).rows == [[1]]
        (child,) = multiprocessing.active_children()
        child.kill()
        assert process.ask(render(query), {}).kind == "crash"
        assert process.ask(render(query), {}).rows == [[1]]
        finding = Finding("differs", "made up", LOOP, query)
        assert smallest(process, finding, lambda _: True, 5) == finding  # it does not fail, so nothing is taken away
        script = script_of(finding, "kuzu", process.version())
    path = tmp_path / "script.py"
    path.write_text(script, encoding="utf-8")
    compile(script, str(path), "exec")
    assert render(query) in script


def test_command_says_how_it_went(capsys):
    code = main(["conformance", "--engine", "kuzu", "--pairs", "50", "--seed", "3"])
    shown = capsys.readouterr().out
    assert "kuzu, seed 3: 50 pairs" in shown
    assert (code == 0) is ("\n  0 not recorded" in shown)


def test_command_refuses_what_is_not_there(capsys):
    assert main(["conformance", "--engine", "neo4j"]) == 2
    assert "--engine: 'neo4j' is not installed" in capsys.readouterr().err
