"""Algorithms: what is sent, how the end is waited for, how failures are raised."""

from __future__ import annotations

from datetime import date

import httpx
import pytest

from graph_olap import exceptions
from graph_olap.models import AlgorithmExecution

PAGERANK = {"damping_factor": 0.9, "max_iterations": 100, "tolerance": 1e-6}


@pytest.mark.parametrize(
    ("call", "path", "body"),
    [
        (
            lambda c: c.algo.pagerank("Account", "pr", "PAID", damping=0.9),
            "algo/pagerank",
            {"node_label": "Account", "result_property": "pr", "edge_type": "PAID", "parameters": PAGERANK},
        ),
        (
            lambda c: c.algo.pagerank(damping=0.9, source_nodes=["A1", date(2024, 5, 1), {"label": "X", "key": 1}]),
            "algo/pagerank",
            {
                "parameters": {
                    **PAGERANK,
                    "source_nodes": ["A1", {"$type": "DATE", "value": "2024-05-01"}, {"label": "X", "key": 1}],
                }
            },
        ),
        (lambda c: c.algo.louvain("Account"), "algo/louvain", {"node_label": "Account", "parameters": {}}),
        (
            lambda c: c.algo.louvain(resolution=2.0, seed=7),
            "algo/louvain",
            {"parameters": {"resolution": 2.0, "seed": 7}},
        ),
        (lambda c: c.algo.wcc(), "algo/wcc", {"parameters": {}}),
        (lambda c: c.algo.connected_components(), "algo/wcc", {"parameters": {}}),
        (lambda c: c.algo.scc(), "algo/scc", {"parameters": {}}),
        (lambda c: c.algo.scc_kosaraju(), "algo/scc_kosaraju", {"parameters": {}}),
        (lambda c: c.algo.kcore(), "algo/kcore", {"parameters": {}}),
        (lambda c: c.algo.triangle_count(), "algo/triangle_count", {"parameters": {}}),
        (lambda c: c.algo.label_propagation(), "algo/label_propagation", {"parameters": {"max_iterations": 100}}),
        (
            lambda c: c.algo.label_propagation(seed=3),
            "algo/label_propagation",
            {"parameters": {"max_iterations": 100, "seed": 3}},
        ),
        (
            lambda c: c.algo.shortest_path(1, "C9", ["PAID"], 5, weight_property="w"),
            "algo/shortest_path",
            {
                "source_id": "1",
                "target_id": "C9",
                "directed": False,
                "relationship_types": ["PAID"],
                "max_depth": 5,
                "weight_property": "w",
            },
        ),
        (
            lambda c: c.networkx.betweenness_centrality("Account", "b", k=10),
            "networkx/betweenness_centrality",
            {"node_label": "Account", "result_property": "b", "parameters": {"k": 10}},
        ),
        (lambda c: c.networkx.degree_centrality(), "networkx/degree_centrality", {"parameters": {}}),
        (lambda c: c.networkx.closeness_centrality(), "networkx/closeness_centrality", {"parameters": {}}),
        (lambda c: c.networkx.eigenvector_centrality(), "networkx/eigenvector_centrality", {"parameters": {}}),
        (lambda c: c.networkx.clustering_coefficient(), "networkx/clustering", {"parameters": {}}),
        (
            lambda c: c.networkx.run("bridges", directed=False, subgraph_query="MATCH ..."),
            "networkx/bridges",
            {"directed": False, "subgraph_query": "MATCH ...", "parameters": {}},
        ),
    ],
)
def test_each_algorithm_sends_its_request(platform, wire, conn, call, path, body):
    platform.on("POST", ".*", wire.execution())
    assert call(conn).status == "completed"
    (sent,) = platform.sent
    assert sent.path == f"/graphs/3f0c/{path}"
    assert sent.body == body
    assert "Prefer" not in sent.headers


def test_a_running_execution_is_polled_until_it_ends(platform, wire, conn):
    platform.on("POST", "/graphs/3f0c/algo/pagerank", wire.execution(status="running"))
    running = wire.execution(status="running")
    platform.on("GET", "/graphs/3f0c/algo/status/e-1", running, running, wire.execution(nodes_updated=5))
    assert conn.algo.pagerank().nodes_updated == 5
    assert len(platform.slept) == 3
    assert platform.slept[0] == 0.02
    assert platform.slept == sorted(platform.slept)


def test_without_waiting_the_call_returns_at_once(platform, wire, conn):
    platform.on("POST", "/graphs/3f0c/networkx/bridges", wire.execution(status="running"))
    platform.on("GET", "/graphs/3f0c/networkx/status/e-1", wire.execution())
    execution = conn.networkx.run("bridges", wait=False)
    assert execution.status == "running"
    assert platform.sent[0].headers["Prefer"] == "respond-async"
    assert conn.networkx.wait(execution.execution_id).status == "completed"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("failed", "ALGORITHM_FAILED", "AlgorithmFailedError"),
        ("failed", "ALGORITHM_TIMEOUT", "AlgorithmTimeoutError"),
        ("cancelled", "CANCELLED", "AlgorithmFailedError"),
    ],
)
def test_a_failure_after_the_start_is_raised(platform, wire, conn, status, code, expected):
    platform.on("POST", "/graphs/3f0c/algo/wcc", wire.execution(status="running"))
    ended = wire.execution(status=status, error_code=code, error_message="out of memory")
    platform.on("GET", "/graphs/3f0c/algo/status/e-1", ended)
    with pytest.raises(getattr(exceptions, expected), match="out of memory") as caught:
        conn.algo.wcc()
    assert type(caught.value).__name__ == expected
    assert caught.value.details["execution_id"] == "e-1"


def test_a_wait_that_takes_too_long_says_how_to_go_on(platform, wire, conn):
    platform.on("POST", "/graphs/3f0c/algo/wcc", wire.execution(status="running"))
    with pytest.raises(exceptions.AlgorithmTimeoutError) as caught:
        conn.algo.wcc(timeout=0)
    assert "conn.algo.wait('e-1')" in str(caught.value)
    assert "conn.algo.cancel('e-1')" in str(caught.value)


def test_the_lock_holder_is_named(platform, wire, conn):
    locked = wire.error(409, "RESOURCE_LOCKED", "Busy.", holder_name="bob", algorithm="louvain")
    platform.on("POST", "/graphs/3f0c/algo/wcc", locked)
    with pytest.raises(exceptions.ResourceLockedError) as caught:
        conn.algo.wcc()
    assert (caught.value.holder_name, caught.value.algorithm) == ("bob", "louvain")


def test_descriptions_executions_and_cancelling(platform, wire, conn):
    platform.on("GET", "/graphs/3f0c/algo/algorithms", {"algorithms": [{"name": "wcc"}], "total_count": 1})
    platform.on("GET", "/graphs/3f0c/networkx/algorithms/bridges", {"name": "bridges"})
    platform.on("GET", "/graphs/3f0c/algo/executions", {"executions": [wire.execution()], "total_count": 1})
    platform.on("DELETE", "/graphs/3f0c/algo/executions/e-1", wire.execution(status="cancelled"))
    assert conn.algo.algorithms("community") == [{"name": "wcc"}]
    assert platform.sent[0].params == {"category": "community"}
    assert conn.networkx.algorithm_info("bridges")["name"] == "bridges"
    assert conn.algo.executions()[0].execution_id == "e-1"
    assert conn.algo.cancel("e-1").status == "cancelled"


def test_a_run_is_followed_through_its_handle(platform, wire, conn):
    platform.on("POST", "/graphs/3f0c/algo/wcc", wire.execution(status="running"))
    half = wire.execution(status="running", phase="compute", progress_percent=43)
    platform.on("GET", "/graphs/3f0c/algo/status/e-1", half, half, wire.execution(result={"component_count": 2}))
    run = conn.algo.wcc(wait=False)
    assert (run.done, run.progress, run.result) == (False, 0, None)
    assert run.refresh() is run
    assert (run.phase, run.progress) == ("compute", 43)
    assert "running, compute, 43 %" in repr(run)
    assert run.wait(60) is run
    assert (run.done, run.progress, run.result) == (True, 100, {"component_count": 2})
    assert "completed" in repr(run)
    assert isinstance(run, AlgorithmExecution)


def test_a_handle_cancels_its_run(platform, wire, conn):
    platform.on("POST", "/graphs/3f0c/networkx/bridges", wire.execution(status="running"))
    platform.on("DELETE", "/graphs/3f0c/algo/executions/e-1", wire.execution(status="cancelled"))
    run = conn.networkx.run("bridges", wait=False)
    assert run.cancel().status == run.status == "cancelled"


def test_who_watches_sees_progress_after_a_second(platform, wire, conn, capsys):
    platform.on("POST", "/graphs/3f0c/algo/wcc", wire.execution(status="running"))
    half = wire.execution(status="running", phase="compute", progress_percent=43)
    platform.on("GET", "/graphs/3f0c/algo/status/e-1", half, wire.execution())
    assert conn.algo.run("wcc", progress=True).status == "completed"
    assert platform.sent[0].headers["Prefer"] == "wait=1"
    shown = capsys.readouterr().err
    assert "wcc, compute" in shown or "wcc: compute" in shown  # the bar, or a line of text without tqdm
    assert "43%" in shown


@pytest.mark.parametrize("starting", [False, True])
def test_ctrl_c_says_that_it_goes_on_and_how_to_cancel(platform, wire, conn, monkeypatch, starting):
    def interrupt(*_):
        raise KeyboardInterrupt

    platform.on("POST", "/graphs/3f0c/algo/wcc", wire.execution(status="running"))
    platform.on("GET", "/graphs/3f0c/algo/status/e-1", wire.execution(status="running"))
    if starting:
        monkeypatch.setattr(conn, "_request", interrupt)
    else:
        monkeypatch.setattr(conn._http, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        conn.algo.wcc()
    text = str(caught.value)
    assert "goes on" in text
    assert ("conn.algo.executions('running')" if starting else "conn.algo.cancel('e-1')") in text


PROJECTION = {
    "projection_id": "p1",
    "node_labels": ["Account"],
    "relationship_types": ["PAID"],
    "node_count": 4,
    "edge_count": 5,
    "memory_bytes": 2048,
    "graph_version": 0,
}


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda c: c.algo.run(None), "name"),
        (lambda c: c.algo.run(" "), "name"),
        (lambda c: c.algo.algorithm_info(""), "name"),
        (lambda c: c.networkx.run(""), "name"),
        (lambda c: c.algo.run("wcc", graph=5), "graph"),
        (lambda c: c.algo.louvain(graph="p1"), "graph"),
        (lambda c: c.networkx.run("bridges", graph={"node_labels": ["Account"]}), "graph"),
        (lambda c: c.algo.shortest_path(None, "C9"), "source_id"),
        (lambda c: c.algo.shortest_path("A1", ["C9"]), "target_id"),
    ],
)
def test_arguments_of_another_kind_are_named_and_never_sent(platform, conn, call, field):
    with pytest.raises(exceptions.ValidationError) as caught:
        call(conn)
    assert caught.value.details["field"] == field
    assert str(caught.value).startswith(f"{field}: ")
    assert platform.sent == []


def test_a_projection_stands_in_for_label_and_type(platform, wire, conn):
    platform.on("POST", ".*", wire.execution(result={"rows": 4}))
    platform.on("POST", "/graphs/3f0c/projections", PROJECTION)
    platform.on("DELETE", "/graphs/3f0c/projections/p1", httpx.Response(204), wire.error(404, "RESOURCE_NOT_FOUND"))
    graph = conn.project("Account", ["PAID"], weight_property="amount", orientation="undirected")
    selection = {
        "node_labels": ["Account"],
        "relationship_types": ["PAID"],
        "weight_property": "amount",
        "orientation": "undirected",
    }
    assert platform.sent[0].body == selection
    assert (graph.node_count, graph.edge_count, graph.memory_bytes) == (4, 5, 2048)
    assert "4 nodes, 5 relationships, 2,048 bytes; Account, PAID, orientation='undirected'" in repr(graph)
    conn.algo.run("wcc", graph=graph)
    conn.algo.louvain(graph=graph, seed=3)
    conn.algo.scc(graph=conn.project())
    conn.networkx.run("bridges", graph=graph)
    conn.networkx.degree_centrality(graph=graph)
    bodies = [sent.body for sent in platform.sent if sent.path.split("/")[3] in ("algo", "networkx")]
    assert [body["projection"] for body in bodies] == [
        selection,
        selection,
        {"node_labels": ["Account"]},
        selection,
        selection,
    ]
    graph.drop()
    graph.drop()


def test_modes_are_sent_and_answered_with_what_they_give(platform, wire, conn):
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    sink = pa.BufferOutputStream()
    table = pa.table({"key": ["A1"], "value": [0.5]})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    platform.on(
        "GET", "/graphs/3f0c/algo/executions/e-1/result", httpx.Response(200, content=sink.getvalue().to_pybytes())
    )
    platform.on("POST", ".*", wire.execution(result={"node_count": 4}))
    assert conn.algo.stream("pagerank", "Account", params={"damping_factor": 0.5}, backend="polars").rows() == [
        ("A1", 0.5)
    ]
    assert conn.algo.stream("pagerank", backend="pandas")["value"].tolist() == [0.5]
    assert conn.algo.stats("wcc") == {"node_count": 4}
    assert conn.algo.estimate("wcc", edge_type="PAID") == {"node_count": 4}
    posts = [sent.body for sent in platform.sent if sent.method == "POST"]
    assert [body["mode"] for body in posts] == ["stream", "stream", "stats", "estimate"]
    assert posts[0] == {"mode": "stream", "node_label": "Account", "parameters": {"damping_factor": 0.5}}
    assert posts[3]["edge_type"] == "PAID"


@pytest.mark.parametrize("name", ["a/b", "../query"])
def test_a_name_that_no_address_can_hold_is_unknown(platform, conn, name):
    calls = [
        lambda: conn.algo.run(name, "Account"),
        lambda: conn.algo.stream(name),
        lambda: conn.networkx.run(name),
        lambda: conn.networkx.algorithm_info(name),
    ]
    for call in calls:
        with pytest.raises(exceptions.AlgorithmNotFoundError, match=f"no algorithm called '{name}'"):
            call()
    assert platform.sent == []
