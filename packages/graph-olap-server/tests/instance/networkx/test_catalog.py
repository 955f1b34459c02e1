"""The allow-list of NetworkX functions, and that what it lists can be run."""

import networkx as nx
import numpy as np
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.registry import CATEGORIES
from graph_olap_server.instance.networkx_bridge.catalog import describe_all, entries
from graph_olap_server.instance.networkx_bridge.run import run
from graph_olap_server.instance.networkx_bridge.values import Handle
from graph_olap_server.instance.projection import build_csr

DESCRIBED = {entry["name"]: entry for entry in describe_all()}
WITHOUT_ARGUMENTS = sorted(
    name for name, entry in DESCRIBED.items() if not any(parameter["required"] for parameter in entry["parameters"])
)

SOURCE = np.array([0, 0, 1, 2, 3, 3, 4])
TARGET = np.array([1, 1, 2, 0, 4, 4, 3])


def call(name, *, write=False, directed=None, weights=None, **arguments):
    if weights is None:
        arrays = build_csr(6, SOURCE, TARGET, directed=True)
    else:
        arrays = build_csr(6, SOURCE, TARGET, np.array(weights, float), directed=True, parallel="sum")
    return run(**arrays, name=name, arguments=arguments, directed=directed, edge_count=7, write=write)


def test_the_list_is_wide_and_holds_the_well_known():
    assert len(DESCRIBED) > 400
    for name in ("pagerank", "betweenness_centrality", "louvain_communities", "shortest_path", "bridges"):
        assert entries()[name].function is getattr(nx, name, None) or name == "louvain_communities"
    assert entries()["bipartite.degree_centrality"].function is nx.bipartite.degree_centrality
    assert "density" not in entries()


def test_functions_that_cannot_run_here_are_not_listed():
    refused = {
        "union",
        "compose",
        "is_isomorphic",
        "write_edgelist",
        "double_edge_swap",
        "contracted_nodes",
        "read_gml",
    }
    assert not refused & set(DESCRIBED)


def test_descriptions_fit_the_listing():
    for entry in DESCRIBED.values():
        assert entry["category"] in CATEGORIES.values()
        assert entry["directed"] in ("directed", "undirected", "both")
        for parameter in entry["parameters"]:
            kinds = ("int", "float", "string", "boolean", "array", "object", "node", "any")
            assert parameter["type"] in kinds
            assert parameter["name"] not in ("backend", "backend_kwargs", "G")
    assert DESCRIBED["core_number"]["category"] == "clustering"
    assert DESCRIBED["jaccard_coefficient"]["directed"] == "undirected"
    assert DESCRIBED["strongly_connected_components"]["directed"] == "directed"
    pagerank = {parameter["name"]: parameter for parameter in DESCRIBED["pagerank"]["parameters"]}
    assert (pagerank["alpha"]["type"], pagerank["alpha"]["default"]) == ("float", 0.85)
    assert (pagerank["max_iter"]["type"], pagerank["max_iter"]["required"]) == ("int", False)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", WITHOUT_ARGUMENTS)
def test_every_function_runs_or_says_why_not(name):
    failure, classified = None, None
    try:
        classified = call(name)
    except PlatformError as refusal:
        failure = refusal
    if failure is not None:
        assert (failure.code, failure.message.startswith(f"{name} failed: ")) == ("ALGORITHM_FAILED", True)
    else:
        assert classified.result["kind"]
        assert classified.result["graph"]["nodes"] == 6


def test_graphs_are_undirected_where_the_function_asks_for_it():
    assert call("jaccard_coefficient").result["graph"] == {
        "directed": False,
        "nodes": 6,
        "edges": 4,
        "parallel_edges_merged": 3,
    }
    assert call("pagerank").result["graph"]["directed"] is True
    assert call("pagerank", directed=False).result["graph"]["edges"] == 4


def test_undirected_weights_add_up_over_both_directions():
    weights = [1, 2, 4, 8, 16, 32, 64]
    length = call("shortest_path_length", directed=False, weights=weights, source=Handle(3), target=Handle(4))
    assert length.result["value"] == 1
    weighted = call(
        "shortest_path_length", directed=False, weights=weights, source=Handle(3), target=Handle(4), weight="weight"
    )
    assert weighted.result["value"] == 16 + 32 + 64


def test_results_equal_the_librarys():
    graph = nx.DiGraph(zip(SOURCE.tolist(), TARGET.tolist(), strict=True))
    graph.add_node(5)
    for name in ("pagerank", "harmonic_centrality", "closeness_centrality", "clustering"):
        (values,) = call(name).nodes
        expected = getattr(nx, name)(graph)
        assert list(values.dense) == list(range(6))
        assert values.values == pytest.approx([expected[node] for node in range(6)])
