"""How far a running function of NetworkX is: what it goes over in its outermost loop is counted."""

import threading
import time

import numpy as np
import pytest
from graph_olap_server.instance.networkx_bridge import remote
from graph_olap_server.instance.networkx_bridge.values import Handle
from graph_olap_server.instance.projection import build_csr
from graph_olap_server.instance.workers import Control, SharedArray, WorkerPool
from graph_olap_server.instance.workers import progress as counting

LONG = 600_000
_NODES = [Handle(dense) for dense in range(800)]


@pytest.fixture(scope="module")
def pool():
    pool = WorkerPool(threads=1)
    yield pool
    pool.close()


def watched(pool, name, nodes, edges, **arguments):
    """Run a function on a random graph; return what was shown meanwhile, with the seconds that had passed."""
    rng = np.random.default_rng(5)
    csr = build_csr(nodes, rng.integers(0, nodes, edges), rng.integers(0, nodes, edges), directed=True)
    call = {"name": name, "arguments": arguments, "directed": False, "edge_count": edges, "write": False}
    control, shown, begun = Control(LONG), [], time.monotonic()
    ended = threading.Event()
    control.enter("compute", None)

    def look():
        while not ended.wait(0.05):
            shown.append((time.monotonic() - begun, control.progress_percent))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        with pool.worker(control) as worker:
            worker.call(remote.run, call, {key: SharedArray(part) for key, part in csr.items()}, control)
    finally:
        ended.set()
        thread.join()
    return shown


@pytest.mark.parametrize(
    ("name", "nodes", "edges", "arguments"),
    [
        ("closeness_vitality", 130, 900, {}),
        ("all_pairs_shortest_path", 1_500, 5_000, {}),
        ("betweenness_centrality_subset", 900, 5_000, {"sources": _NODES, "targets": _NODES[:3]}),
    ],
)
def test_a_function_that_goes_over_the_nodes_shows_how_many_are_done(pool, name, nodes, edges, arguments):
    shown = watched(pool, name, nodes, edges, **arguments)
    percent = [value for _, value in shown]
    assert percent[0] == 20
    assert percent == sorted(percent)
    assert max(percent) <= 85
    seconds = shown[-1][0]
    assert len(set(percent)) >= min(4, int((seconds - 1.5) / 0.5))  # it is told twice a second, after the first one
    assert seconds < 3 or max(percent) > 40


def test_only_the_outermost_loop_is_counted_and_only_when_it_lasts(monkeypatch):
    monkeypatch.setattr(counting, "_SHORTEST_SECONDS", 0.0)
    steps = counting.Steps()
    seen = []
    for _ in steps.over(iter(range(4)), 4):
        assert list(steps.over(iter("abc"), 3)) == ["a", "b", "c"]
        seen.append(steps.fraction)
    assert seen == [0.0, 0.25, 0.5, 0.75]
    assert steps.fraction is None
    monkeypatch.setattr(counting, "_SHORTEST_SECONDS", 60.0)
    assert [steps.fraction for _ in steps.over(iter(range(4)), 4)] == [None] * 4


def test_what_was_shown_never_goes_back():
    control = Control(LONG)
    control.enter("compute", None)
    shown = []
    for fraction in (0.1, 0.6, 0.3, 0.9, 2.0):
        control.report(fraction)
        shown.append(control.progress_percent)
    assert shown == [26, 59, 59, 78, 85]
    control.enter("write", None)
    assert control.progress_percent == 85
