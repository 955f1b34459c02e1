"""What a caller reads when a function of NetworkX fails: the reason and what to do next."""

import logging

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.registry import engine_class
from graph_olap_server.instance.networkx_bridge.bridge import NetworkxBridge
from graph_olap_server.instance.projection import ProjectionCache
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.instance.workers import Control, WorkerPool

from ..engine.conftest import ENGINE, LIMITS, SnapshotFiles


@pytest.fixture
def looped(tmp_path):
    """Two nodes, a relationship between them and one from a node to itself."""
    files = SnapshotFiles(tmp_path)
    files.node("N", ("id", "INT64"), {}, [[1], [2]])
    files.edge("E", ("N", "N"), {}, [[1, 2], [1, 1]])
    engine = engine_class(ENGINE).open(tmp_path / "graph.db", LIMITS)
    engine.load(files.folder, files.manifest(), lambda progress: None)
    workers = WorkerPool(threads=1)
    yield NetworkxBridge(engine, files.manifest(), ProjectionCache(), workers)
    workers.close()
    engine.close()


def failure(bridge, name, parameters, **body):
    fields = Fields({"node_label": "dag", "parameters": parameters} | body)
    with pytest.raises(PlatformError) as caught:
        bridge.task(name, fields, "ann").run(Control(60_000))
    return caught.value


@pytest.mark.parametrize(
    ("name", "parameters", "reason", "hint"),
    [
        (
            "diameter",
            {},
            "NetworkXError: Found infinite path length because the digraph is not strongly connected",
            "With directed=False directions do not count. Select one connected part with subgraph_query, for example "
            "by a component that conn.algo.wcc wrote.",
        ),
        (
            "pagerank",
            {"max_iter": 1, "tol": 1e-300},
            "PowerIterationFailedConvergence: power iteration failed to converge within 1 iterations",
            "Raise max_iter or tol.",
        ),
        (
            "greedy_color",
            {"strategy": "nope"},
            "NetworkXError: strategy must be callable or a valid string. nope not valid.",
            "conn.networkx.algorithm_info('greedy_color') describes the graph and the arguments it takes.",
        ),
        (
            "node_degree_xy",
            {"x": "zz"},
            "KeyError: zz",
            "It got a graph with directions; with directed=False these do not count. "
            "conn.networkx.algorithm_info('node_degree_xy') describes the graph and the arguments it takes.",
        ),
    ],
)
def test_the_reason_and_the_next_step_are_named(bridge, name, parameters, reason, hint):
    error = failure(bridge, name, parameters)
    assert (error.code, error.details["reason"], error.details["hint"]) == ("ALGORITHM_FAILED", reason, hint)
    assert error.message == f"{name} failed: {reason.rstrip('.')}. {hint}"


def test_a_graph_without_directions_is_not_told_to_drop_them(bridge):
    error = failure(bridge, "intersection_array", {}, directed=False)
    assert "directed=False" not in error.message


def test_a_function_that_directions_stop_says_so(bridge):
    left = list("abcd")
    error = failure(bridge, "birank", {"nodes": left}, node_label="bipartite")
    assert error.message.startswith("birank failed: ValueError: not enough values to unpack")
    assert "with directed=False these do not count" in error.message
    fields = Fields({"node_label": "bipartite", "parameters": {"nodes": left}, "directed": False})
    assert bridge.task("birank", fields, "ann").run(Control(60_000)).result["count"] == 8


def test_what_made_the_library_fail_is_in_the_log(bridge, caplog):
    with caplog.at_level(logging.INFO):
        failure(bridge, "node_degree_xy", {"x": "zz"})
    (record,) = [record for record in caplog.records if record.message == "worker_function_refused"]
    assert "Traceback" in str(record.__dict__)
    assert "node_degree_xy" in str(record.__dict__)


@pytest.mark.parametrize("name", ["core_number", "onion_layers", "k_core"])
def test_self_loops_come_with_the_query_that_leaves_them_out(looped, name):
    with pytest.raises(PlatformError, match="self loops which is not permitted") as caught:
        looped.task(name, Fields({}), "ann").run(Control(60_000))
    assert "selfloop_edges" not in caught.value.message
    query = caught.value.details["hint"].split("'")[1]
    assert looped.task(name, Fields({"subgraph_query": query}), "ann").run(Control(60_000)).result["node_count"] == 2
