"""Properties that are no numbers: texts, truth values and times, of nodes and relationships."""

import datetime

import networkx as nx
import numpy as np
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.registry import engine_class
from graph_olap_server.instance.networkx_bridge.bridge import NetworkxBridge
from graph_olap_server.instance.projection import ProjectionCache
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.instance.workers import Control, WorkerPool

from ..engine.conftest import ENGINE, LIMITS, SnapshotFiles

COUNT, EDGES = 12, 40
DAY = datetime.date(2024, 1, 1)


@pytest.fixture(scope="module")
def workers():
    pool = WorkerPool(threads=1)
    yield pool
    pool.close()


@pytest.fixture(params=range(3))
def graph(request, tmp_path, workers):
    """A bridge on a random multigraph, and its rows: kinds of parallel relationships differ."""
    rng = np.random.default_rng(request.param)
    nodes = [
        [f"n{key}", "abc"[rng.integers(3)], bool(rng.integers(2)), DAY + datetime.timedelta(int(rng.integers(4))), None]
        for key in range(COUNT)
    ]
    for node in nodes[1:]:
        node[4] = int(rng.integers(50))
    edges = [
        [
            f"n{rng.integers(COUNT)}",
            f"n{rng.integers(COUNT)}",
            "xyz"[rng.integers(3)],
            bool(rng.integers(2)),
            DAY + datetime.timedelta(int(rng.integers(3))),
            None if number == 0 else "k",
        ]
        for number in range(EDGES)
    ]
    files = SnapshotFiles(tmp_path)
    files.node("N", ("id", "STRING"), {"team": "STRING", "boss": "BOOL", "since": "DATE", "age": "INT64"}, nodes)
    files.edge("E", ("N", "N"), {"kind": "STRING", "ok": "BOOL", "day": "DATE", "some": "STRING"}, edges)
    engine = engine_class(ENGINE).open(tmp_path / "graph.db", LIMITS)
    engine.load(files.folder, files.manifest(), lambda progress: None)
    yield NetworkxBridge(engine, files.manifest(), ProjectionCache(), workers), nodes, edges
    engine.close()


def run(bridge, name, directed=None, query=None, **parameters):
    body = {"parameters": parameters, **({} if directed is None else {"directed": directed})}
    body |= {} if query is None else {"subgraph_query": query}
    return bridge.task(name, Fields(body), "ann").run(Control(60_000)).result


def local(nodes, edges, *, directed):
    """The same graph: of parallel relationships, and of both directions, the smallest value counts."""
    built = nx.DiGraph() if directed else nx.Graph()
    for key, team, boss, since, age in nodes:
        built.add_node(key, team=team, boss=boss, since=since.isoformat(), **({} if age is None else {"age": age}))
    for start, end, kind, ok, day, _ in edges:
        new = {"kind": kind, "ok": ok, "day": day.isoformat()}
        old = built.get_edge_data(start, end, new)
        built.add_edge(start, end, **{name: min(new[name], old[name]) for name in new})
    return built


@pytest.mark.filterwarnings("ignore:The hashes produced for directed graphs changed")
@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("attribute", ["kind", "ok", "day"])
def test_what_tells_relationships_apart_need_not_be_a_number(graph, attribute, directed):
    bridge, nodes, edges = graph
    found = run(bridge, "weisfeiler_lehman_graph_hash", directed, edge_attr=attribute, node_attr="team")
    expected = nx.weisfeiler_lehman_graph_hash(local(nodes, edges, directed=directed), attribute, "team")
    assert found["value"] == expected


@pytest.mark.parametrize("attributes", [["kind"], ["kind", "ok"]])
def test_several_attributes_of_relationships(graph, attributes):
    bridge, nodes, edges = graph
    found = run(bridge, "snap_aggregation", False, node_attributes=["boss"], edge_attributes=attributes)
    expected = nx.snap_aggregation(local(nodes, edges, directed=False), ["boss"], attributes)
    assert (found["nodes"], found["edges"]) == (expected.number_of_nodes(), expected.number_of_edges())


@pytest.mark.parametrize("attribute", ["team", "boss", "since"])
def test_what_tells_nodes_apart_is_shown_as_it_is(graph, attribute):
    bridge, nodes, edges = graph
    here = local(nodes, edges, directed=True)
    found = run(bridge, "attribute_assortativity_coefficient", attribute=attribute)["value"]
    assert found == pytest.approx(nx.attribute_assortativity_coefficient(here, attribute))
    rows = run(bridge, "attribute_mixing_dict", attribute=attribute)["values"]
    assert {row["key"]: {cell["key"]: cell["value"] for cell in row["value"]} for row in rows} == (
        nx.attribute_mixing_dict(here, attribute)
    )


def test_times_are_numbers_where_they_are_calculated_with(graph):
    bridge, nodes, edges = graph
    here = local(nodes, edges, directed=True)
    for key, _, _, since, _ in nodes:
        here.nodes[key]["since"] = (since - DAY).days
    found = run(bridge, "numeric_assortativity_coefficient", attribute="since")["value"]
    assert found == pytest.approx(nx.numeric_assortativity_coefficient(here, "since"), rel=1e-4)


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("numeric_assortativity_coefficient", {"attribute": "team"}, "N.team is STRING; it must be a number or a time"),
        ("percolation_centrality", {"attribute": "team"}, "N.team is STRING"),
        ("min_weighted_dominating_set", {"weight": "team"}, "N.team is STRING"),
        ("network_simplex", {"demand": "team"}, "N.team is STRING"),
        ("dijkstra_path", {"source": "n0", "target": "n1", "weight": "kind"}, "a weight must be a number"),
        ("maximum_branching", {"attr": "kind"}, "a weight must be a number"),
        ("weisfeiler_lehman_graph_hash", {"edge_attr": "kin"}, "E has no property kin; its properties are kind, ok"),
        ("weisfeiler_lehman_graph_hash", {"edge_attr": "some"}, "edge_attr: 1 of 40 E relationships have no some"),
        ("snap_aggregation", {"node_attributes": "boss"}, "node_attributes: an array of names of properties"),
        ("snap_aggregation", {"node_attributes": ["boss"], "edge_attributes": "ok"}, "edge_attributes: an array"),
        ("snap_aggregation", {"node_attributes": ["boss"], "edge_attributes": ["kin"]}, "E has no property kin"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(graph, name, parameters, words):
    with pytest.raises(PlatformError) as caught:
        run(graph[0], name, **parameters)
    assert caught.value.code == "VALIDATION_FAILED"
    assert words in str(caught.value.message) + str(caught.value.details)


@pytest.mark.parametrize("name", ["numeric_assortativity_coefficient", "max_weight_clique"])
def test_a_failure_says_how_many_nodes_have_no_value(graph, name):
    parameters = {"weight" if name == "max_weight_clique" else "attribute": "age"}
    with pytest.raises(PlatformError) as caught:
        run(graph[0], name, **parameters)
    assert caught.value.code == "ALGORITHM_FAILED"
    assert "1 of 12 nodes have no age: leave them out with subgraph_query" in caught.value.message


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("weisfeiler_lehman_graph_hash", {"edge_attr": "k"}, "parameters.edge_attr: weights must be numbers, found"),
        ("weisfeiler_lehman_graph_hash", {"edge_attr": "k"}, "with a query only numbers can be used"),
        ("snap_aggregation", {"node_attributes": ["boss"], "edge_attributes": ["k"]}, "parameters.edge_attributes"),
        (
            "dijkstra_path",
            {"source": "n0", "target": "n1", "weight": "k"},
            "parameters.weight: weights must be numbers",
        ),
    ],
)
def test_of_a_query_only_numbers_can_be_used(graph, name, parameters, words):
    query = "MATCH (a:N)-[e:E]->(b:N) RETURN a AS source, b AS target, e.kind AS k"
    with pytest.raises(PlatformError) as caught:
        run(graph[0], name, query=query, **parameters)
    assert caught.value.code == "VALIDATION_FAILED"
    assert words in caught.value.message
