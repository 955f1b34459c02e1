"""The kinds of results that NetworkX functions return."""

import itertools
import math
from collections.abc import Iterator
from typing import get_args

import networkx as nx
import numpy as np
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.networkx_bridge.classify import classify
from graph_olap_server.instance.networkx_bridge.kinds import Kind, shown_kind
from graph_olap_server.instance.networkx_bridge.values import JSON_TEXT, Handle

A, B, C = (Handle(dense) for dense in range(3))


@pytest.mark.parametrize(
    ("returned", "kind"),
    [
        ({A: 1, B: 2}, "node_map"),
        ({}, "node_map"),
        ({A: [1.0, 2.0], B: [3.0]}, "node_map"),
        (3, "scalar"),
        (None, "scalar"),
        ("text", "scalar"),
        (np.float64(2.5), "scalar"),
        (True, "scalar"),
        ([{A, B}, {C}], "node_sets"),
        (({A}, {B, C}), "node_sets"),
        (iter([[A, B, C], [C]]), "node_sets"),
        ([A, B], "node_list"),
        ((A, B), "node_list"),
        ({A, B}, "node_list"),
        ({(A, B): 0.5}, "edge_map"),
        ([(A, B), (B, C)], "edge_list"),
        (iter([(A, B, {"weight": 1})]), "edge_list"),
        (iter([(A, B, "tree")]), "edge_list"),
        (iter([(A, B, 0.5)]), "pair_scores"),
        ({1: [A], 2: [B]}.values(), "node_sets"),
        ({A: {B: 1}}, "node_matrix"),
        (iter([(A, {B: 1, C: 2})]), "node_matrix"),
        ({2: 0.5}, "mapping"),
        ([1, 2, 3], "sequence"),
        (np.array([[1, 2], [3, 4]]), "sequence"),
        (nx.DiGraph([(A, B)]), "graph"),
        (({A: 1.0}, {A: 2.0}), "tuple"),
        ((3, [A]), "tuple"),
    ],
)
def test_kinds(returned, kind):
    assert classify(returned, write=False).result["kind"] == kind


@pytest.mark.parametrize(
    ("values", "type_name", "stored"),
    [
        ([1, 2], "INT64", [1, 2]),
        ([1, 2.5], "DOUBLE", [1.0, 2.5]),
        ([True, False], "BOOL", [True, False]),
        (["x", "y"], "STRING", ["x", "y"]),
        ([[1, 2], [3.5]], "LIST<DOUBLE>", [[1.0, 2.0], [3.5]]),
        ([math.nan, math.inf], "DOUBLE", [None, None]),
        ([True, 1], "STRING", None),
        ([2**70, 1], "STRING", None),
    ],
)
def test_property_types_are_the_narrowest_that_fit(values, type_name, stored):
    (part,) = classify(dict(zip((A, B), values, strict=True)), write=True).nodes
    if stored is None:
        assert part.type_name == JSON_TEXT
    else:
        assert (part.type_name, part.values) == (type_name, stored)


def test_node_maps_carry_statistics_of_finite_numbers():
    result = classify({A: 1, B: 3, C: math.inf}, write=False).result
    assert (result["min"], result["max"], result["mean"]) == (1, 3, 2.0)
    assert result["values"][2]["value"] is None
    assert "values" not in classify({A: 1}, write=True).result


def test_sets_are_numbered_larger_first_and_the_first_wins():
    classified = classify([{C}, {A, B}, {B, C}], write=True)
    (part,) = classified.nodes
    assert (part.dense, part.values) == ([0, 1, 2], [0, 0, 1])
    assert classified.result["overlapping"] is True
    assert classified.result["sizes"] == [2, 2, 1]


def test_sequences_of_nodes_are_numbered_and_sets_are_marked():
    assert classify([C, A], write=True).nodes[0].values == [1, 0]
    assert classify({C, A}, write=True).nodes[0].values == [1, 1]


def test_parts_of_a_tuple_get_numbered_properties():
    classified = classify(({A: 1.0}, 5, {A: 2.0}), write=True)
    assert [part.suffix for part in classified.nodes] == ["_1", "_3"]
    assert [item["kind"] for item in classified.result["items"]] == ["node_map", "scalar", "node_map"]


def test_pairs_are_ranked():
    pairs = classify(iter([(A, B, 0.1), (B, C, 0.9)]), write=False).result["pairs"]
    assert [pair["score"] for pair in pairs] == [0.9, 0.1]


def test_long_results_are_cut_and_say_so():
    result = classify(list(range(10_001)), write=False).result
    assert (len(result["values"]), result["count"], result["result_truncated"]) == (10_000, 10_001, True)


@pytest.mark.parametrize("kind", sorted(set(get_args(Kind)) - {"scalar", "graph", "tuple"}))
@pytest.mark.parametrize("empty", [[], (), set(), {}, iter(())], ids=["list", "tuple", "set", "dict", "iterator"])
def test_nothing_is_of_the_kind_that_the_function_returns(kind, empty):
    empty = iter(()) if isinstance(empty, Iterator) else empty
    classified = classify(empty, write=True, kind=kind)
    assert classified.result["kind"] == shown_kind(kind)
    assert classified.result.get("count", classified.result.get("length")) == 0
    assert [part.dense for part in classified.nodes] in ([], [[]])
    assert bool(classified.warning) == (not classified.nodes and classified.edges is None)


def test_paths_keep_the_order_of_nodes_and_layers_theirs():
    paths = classify(iter([[C, A], [B]]), write=False, kind="paths")
    assert paths.result["paths"] == [{"nodes": [C, A], "length": 1}, {"nodes": [B], "length": 0}]
    assert {key: paths.result[key] for key in ("kind", "count", "sizes", "overlapping", "sets")} == {
        "kind": "node_sets",
        "count": 2,
        "sizes": [2, 1],
        "overlapping": False,
        "sets": [[C, A], [B]],
    }
    layers = classify(iter([[C], [A, B]]), write=True, kind="node_layers")
    assert layers.nodes[0].values == [1, 1, 0]


def test_values_of_edges_are_for_writing():
    scores = classify({(B, A): 0.5, (A, C): 1}, write=True)
    assert (scores.edges.source, scores.edges.target) == ([1, 0], [0, 2])
    assert (scores.edges.type_name, scores.edges.values) == ("DOUBLE", [0.5, 1.0])
    assert "values" not in scores.result
    assert classify([(A, B)], write=True).edges.values == [1]


def test_endless_iterators_are_stopped_and_say_so():
    classified = classify(itertools.repeat([A, B]), write=False, kind="paths", consumed_limit=30_000)
    assert (classified.result["count"], classified.result["stopped_after"]) == (10_000, 10_000)
    assert classified.result["result_truncated"] is True
    assert "more than 10000" in classified.warning


def test_the_best_of_many_pairs_are_kept():
    result = classify(((A, B, number) for number in range(20_000)), write=False, kind="pair_scores").result
    assert (result["count"], len(result["pairs"]), result["result_truncated"]) == (20_000, 10_000, True)
    assert (result["pairs"][0]["score"], result["pairs"][-1]["score"]) == (19_999, 10_000)


def test_graphs_show_nodes_and_attributes():
    graph = nx.Graph([(A, B, {"weight": 2, "distance": 3.5})])
    graph.add_node(7, members={C})
    result = classify(graph, write=False).result
    assert result["node_list"] == [{"node": A}, {"node": B}, {"node": 7, "attributes": {"members": [C]}}]
    assert result["edge_list"] == [{"source": A, "target": B, "weight": 2, "attributes": {"distance": 3.5}}]


def test_nested_values_are_bounded_together():
    result = classify([[0] * 60_000, [1] * 60_000], write=False).result
    assert (result["count"], len(result["values"]), result["result_truncated"]) == (2, 1, True)


def test_objects_without_a_form_are_refused():
    with pytest.raises(PlatformError, match="returned a object, which cannot be part of a result"):
        classify(object(), write=False)


def test_what_cannot_be_written_is_explained():
    assert "scalar" in classify(1, write=True).warning
    assert classify(1, write=False).warning is None
