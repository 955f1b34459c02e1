"""With which arguments, and on which graph, each NetworkX function is called in the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graph_olap.models import AlgorithmInfo

BY_NAME: dict[str, Any] = {
    "source": "a", "s": "a", "_s": "a", "u": "a", "v": "b", "n": "a", "node": "a", "root": "a", "start": "a",
    "target": "d", "t": "d", "_t": "d", "node1": "d", "node2": "e", "nodeA": "a", "nodeB": "d",
    "sources": ["a", "b"], "targets": ["c", "d"], "nodes": ["a", "b", "c", "d"], "nbunch": ["a", "c", "e"],
    "nbunch1": ["a", "b"], "S": ["a", "b"], "C": ["a", "b"], "center_nodes": ["a", "d"],
    "terminal_nodes": ["a", "d", "e"], "init_cycle": "greedy", "matching": [["a", "b"], ["c", "d"]],
    "cover": [["a", "b"], ["c", "d"]], "communities": [["a", "b", "c", "g"], ["d", "e", "f"]],
    "partition": [["a", "b", "c", "g"], ["d", "e", "f"]], "row_order": ["a", "b", "c", "d"],
    "x": ["a"], "y": ["d"], "z": ["b", "c"], "attribute": "segment", "k": 2, "l": 2, "num_colors": 8,
    "number_of_sets": 2, "max_size": 3, "sample_size": 4, "stretch": 3, "threshold": 2, "time_delta": 5,
    "distance": 2, "walk_length": 2, "edge": ["a", "g"], "node_attributes": ["segment"],
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """A call; ``graph`` names one of ``graphs.GRAPHS``, ``numbers`` are loaded for relationships.

    Attributes:
        given: Arguments as a request has them.
        directed: As in a request.
    """

    graph: str
    given: Mapping[str, Any] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    directed: bool | None = None


def call_of(info: AlgorithmInfo) -> Call:
    """The call of a function: of the table, else on the multigraph with arguments by their names."""
    own = _OWN.get(info.name, Call(_GRAPH_OF.get(info.name, "multi")))
    given = dict(own.given)
    for parameter in info.parameters:
        if parameter.name in given:
            continue
        if parameter.required:
            given[parameter.name] = BY_NAME[parameter.name]
        elif parameter.name == "seed":
            given["seed"] = 7
        elif parameter.name in ("weight", "distance", "attr") and not own.numbers and info.name not in _UNWEIGHTED:
            given[parameter.name] = "weight"
    numbers = own.numbers or (("weight",) if "weight" in given.values() else ())
    return Call(own.graph, {name: value for name, value in given.items() if value is not None}, numbers, own.directed)


# Not strongly connected or with self-loops, the multigraph does not suit them.
_ON_OTHER_GRAPHS = {
    "simple": (
        "approximation.diameter diameter approximation.k_components is_chordal complete_to_chordal_graph core_number "
        "k_core k_shell k_crust k_corona k_truss onion_layers eigenvector_centrality_numpy eccentricity radius "
        "periphery center barycenter is_aperiodic harmonic_diameter k_factor average_shortest_path_length "
        "junction_tree random_spanning_tree modularity partition_quality is_partition quotient_graph "
        "cn_soundarajan_hopcroft ra_index_soundarajan_hopcroft within_inter_cluster prominent_group global_efficiency "
        "non_randomness minimum_node_cut minimum_edge_cut wiener_index hyper_wiener_index schultz_index gutman_index"
    ),
    "dag": (
        "trophic_levels trophic_differences trophic_incoherence_parameter is_d_separator is_minimal_d_separator "
        "find_minimal_d_separator topological_sort lexicographical_topological_sort all_topological_sorts "
        "topological_generations transitive_closure_dag transitive_reduction antichains dag_longest_path "
        "dag_longest_path_length dag_to_branching all_pairs_lowest_common_ancestor lowest_common_ancestor "
        "katz_centrality"
    ),
    "tree": (
        "tree_broadcast_center tree_broadcast_time tree.center tree_all_pairs_lowest_common_ancestor to_nested_tuple "
        "centroid"
    ),
    "bipartite": (
        "bipartite.average_clustering is_bipartite_node_set color sets bipartite.clustering latapy_clustering "
        "robins_alexander_clustering bipartite.min_edge_cover maximal_extendability maximum_matching "
        "hopcroft_karp_matching eppstein_matching minimum_weight_full_matching bipartite.density degrees "
        "bipartite.degree_centrality bipartite.betweenness_centrality bipartite.closeness_centrality birank "
        "projected_graph weighted_projected_graph collaboration_weighted_projected_graph biadjacency_matrix "
        "overlap_weighted_projected_graph generic_weighted_projected_graph spectral_bipartivity"
    ),
    "cycle": "intersection_array eulerian_circuit eulerian_path is_eulerian is_distance_regular is_strongly_regular",
    "complete": "christofides",
    "two_ways": "asadpour_atsp",
    "both_ways": "greedy_tsp simulated_annealing_tsp threshold_accepting_tsp node_redundancy",
    "tournament": "tournament.is_strongly_connected hamiltonian_path is_reachable is_tournament score_sequence",
    "triad": "triad_type is_triad triads_by_type",
    "chordal": "find_induced_nodes chordal_graph_cliques chordal_graph_treewidth",
    "negative": "find_negative_cycle negative_edge_cycle",
    "labelled": "harmonic_function local_and_global_consistency",
    "dated": "cd_index",
    "threshold": "is_threshold_graph find_threshold_graph",
    "cliques": "is_perfect_graph",
    "apart": "isolates number_of_isolates",
    "spider": "find_asteroidal_triple is_at_free",
}
_GRAPH_OF = {name: graph for graph, names in _ON_OTHER_GRAPHS.items() for name in names.split()}

# Weights would make results differ in the last digit, or mean something else.
_UNWEIGHTED = frozenset({"cd_index", "max_weight_clique", "min_weighted_dominating_set", "min_weighted_vertex_cover"})

_FLOW = {"capacity": "capacity"}
_FLOWS = ("boykov_kolmogorov", "dinitz", "edmonds_karp", "preflow_push", "shortest_augmenting_path", "maximum_flow")
_FLOWS += ("maximum_flow_value", "minimum_cut", "minimum_cut_value", "gomory_hu_tree")
_PROJECTING = ("projected_graph", "weighted_projected_graph", "collaboration_weighted_projected_graph")
_PROJECTING += ("overlap_weighted_projected_graph", "generic_weighted_projected_graph")
_OWN: dict[str, Call] = {
    "numeric_assortativity_coefficient": Call("multi", {"attribute": "size"}),
    "node_attribute_xy": Call("multi", {"attribute": "size"}),
    "birank": Call("bipartite", directed=False),
    **{name: Call("bipartite", directed=False) for name in _PROJECTING},
    "find_induced_nodes": Call("chordal", {"s": "a", "t": "e"}),
    "k_corona": Call("cliques", directed=False),
    "k_crust": Call("cliques", {"k": 2}),
    "local_bridges": Call("cliques"),
    "minimum_branching": Call("negative"),
    "minimum_node_cut": Call("simple", directed=False),
    "minimum_st_node_cut": Call("path", {"t": "e"}),
    "sigma": Call("multi", {"niter": 2, "nrand": 2}),
    "omega": Call("multi", {"niter": 1, "nrand": 2}),
    "percolation_centrality": Call("simple", {"attribute": "share"}),
    "lukes_partitioning": Call("tree", {"node_weight": "size", "edge_weight": "weight"}),
    "max_weight_clique": Call("simple", {"weight": "size"}),
    "min_weighted_dominating_set": Call("simple", {"weight": "size"}),
    "min_weighted_vertex_cover": Call("simple", {"weight": "size"}),
    "cd_index": Call("dated", {"weight": "time"}),
    "to_vertex_cover": Call("bipartite", {"matching": [["a", "f"], ["b", "g"], ["c", "h"], ["d", "e"]]}),
    "bipartite.density": Call("bipartite"),
    "rich_club_coefficient": Call("simple", {"normalized": False}),
    "greedy_source_expansion": Call("simple", directed=False),
    "cut_size": Call("multi", {"T": ["c", "d"]}),
    "mixing_expansion": Call("multi", {"T": ["c", "d"]}),
    "normalized_cut_size": Call("multi", {"T": ["c", "d"]}),
    "equitable_color": Call("simple"),
    "number_of_spanning_trees": Call("simple", directed=False),
    "panther_vector_similarity": Call("simple", {"k": 3, "D": 3}),
    "panther_similarity": Call("simple", {"k": 3}),
    "min_cost_flow": Call("flow", {**_FLOW, "weight": "weight"}, ("weight", "capacity")),
    "min_cost_flow_cost": Call("flow", {**_FLOW, "weight": "weight"}, ("weight", "capacity")),
    "network_simplex": Call("flow", {**_FLOW, "weight": "weight"}, ("weight", "capacity")),
    "capacity_scaling": Call("flow", {**_FLOW, "weight": "weight"}, ("weight", "capacity")),
    "max_flow_min_cost": Call("multi", {**_FLOW, "weight": "weight"}, ("weight", "capacity")),
    "weisfeiler_lehman_graph_hash": Call("simple", {"node_attr": "segment"}, directed=False),
    "weisfeiler_lehman_subgraph_hashes": Call("simple", {"node_attr": "segment"}, directed=False),
    "k_edge_augmentation": Call("tree", {"avail": [["d", "g", 1], ["e", "g", 2], ["c", "e", 9]]}),
    "traveling_salesman_problem": Call("simple", {"method": "christofides"}, directed=False),
    **{name: Call("multi", _FLOW, ("capacity",)) for name in _FLOWS},
}  # fmt: skip
