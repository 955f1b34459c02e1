"""Nodes, groups and pairs of nodes where functions may be given some: each such argument of each function, once."""

from __future__ import annotations

import dataclasses

import pytest
from graph_olap_server.instance.networkx_bridge import parameters

from .calls import BY_NAME, call_of
from .comparison import INFOS, compared_with_the_library
from .graphs import GRAPHS

VALUES = {
    **BY_NAME,
    "ebunch": [["a", "d"], ["b", "e"]],
    "pairs": [["d", "e"], ["b", "c"]],
    "personalization": {"a": 1, "b": 2},
    "nstart": dict.fromkeys("abcdefgh", 1.0),
    "dangling": {"a": 1},
    "states": dict.fromkeys("abcdefgh", 0.5),
    "prev_cc": None,
    "top_nodes": ["a", "b", "c", "d"],
    "init_split": [["a", "b", "c", "d"], ["e", "f", "g", "h"]],
    "nodelist": ["c", "a", "b", "d", "e", "f", "g", "h"],
    "T": ["c", "d"],
    "included": ["b"],
    "restricted": ["b", "c"],
    "nbunch2": ["c", "d"],
    "start_with": "b",
    "initial_cut": ["a", "b"],
    "column_order": ["h", "g", "f", "e"],
    "top_personalization": {"a": 1},
    "bottom_personalization": {"e": 1},
    "core_number": {"a": 3, "b": 2, "c": 3, "d": 2, "e": 2, "f": 2, "g": 1},
    "topo_order": ["a", "c", "b", "d", "e", "f", "g"],
    "cliques": [["a", "b", "c"], ["c", "d"]],
    "scc": [["a", "b", "c", "d", "e", "f", "g"], ["h"]],
    "e": {"a": 3, "b": 2, "c": 2, "d": 4, "e": 3, "f": 3, "g": 3},
}
_NODES = parameters.ONE_NODE | parameters.MANY_NODES | parameters.GROUPS_OF_NODES | parameters.PAIRS_OF_NODES
VALUES_OF = {
    "find_cliques.nodes": ["a", "b"],
    "find_cliques_recursive.nodes": ["a", "b"],
    "maximal_independent_set.nodes": ["b"],
    "kernighan_lin_bisection.partition": [["a", "b", "c", "d"], ["e", "f", "g", "h"]],
}
# The library takes two ends or none.
_BOTH_ENDS = frozenset({"node_connectivity", "approximation.node_connectivity", "edge_connectivity"})
_BOTH_ENDS |= {"minimum_node_cut", "minimum_edge_cut"}


def _ends_are_optional(info):
    parameters_by_name = {parameter.name: parameter for parameter in info.parameters}
    ends = [parameters_by_name.get(name) for name in ("source", "target")]
    return all(end is not None and not isinstance(end.default, str) for end in ends)


def _cases():
    for name, info in INFOS.items():
        call = call_of(info)
        for parameter in info.parameters:
            text = isinstance(parameter.default, str)
            if text or parameter.required or parameter.name in call.given:
                continue
            if parameters.cannot_be_sent(info, parameter.name):
                continue
            if parameter.name in _NODES | parameters.KEYED_BY_NODE:
                yield pytest.param(name, parameter.name, id=f"{name}-{parameter.name}")


@pytest.mark.parametrize(("name", "parameter"), list(_cases()))
def test_an_argument_reaches_the_function(bridge, name, parameter):
    call = call_of(INFOS[name])
    value, nodes = VALUES_OF.get(f"{name}.{parameter}", VALUES[parameter]), GRAPHS[call.graph].nodes
    if isinstance(value, dict):
        value = {key: number for key, number in value.items() if key in nodes}
    elif isinstance(value, list) and not isinstance(value[0], list):
        value = [key for key in value if key in nodes]
    given = {**call.given, parameter: value}
    if name in _BOTH_ENDS:
        given |= {"s": "c", "t": "f"}
    compared_with_the_library(bridge, name, dataclasses.replace(call, given=given))


@pytest.mark.parametrize("name", sorted(name for name, info in INFOS.items() if _ends_are_optional(info)))
def test_both_ends_of_a_path(bridge, name):
    call = call_of(INFOS[name])
    given = {**call.given, "source": "b", "target": "d"}
    compared_with_the_library(bridge, name, dataclasses.replace(call, given=given))


def test_a_number_per_node_in_place_of_one(bridge):
    given = {"beta": {"a": 1.0, "b": 2.0, "c": 1.0, "d": 0.5, "e": 1.0, "f": 1.0, "g": 3.0}, "alpha": 0.05}
    for name in ("katz_centrality", "katz_centrality_numpy"):
        call = dataclasses.replace(call_of(INFOS[name]), graph="dag", numbers=(), given=given)
        compared_with_the_library(bridge, name, call)
