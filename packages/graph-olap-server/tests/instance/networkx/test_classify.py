"""The kinds of results that NetworkX functions return."""

import math

import networkx as nx
import numpy as np
import pytest
from graph_olap_server.instance.networkx_bridge.classify import classify
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
        (iter([(A, B, 0.5)]), "pair_scores"),
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


def test_what_cannot_be_written_is_explained():
    assert "scalar" in classify(1, write=True).warning
    assert classify(1, write=False).warning is None
