"""What each function returns, where only the function knows: an empty list may be no nodes, no edges or no sets."""

from __future__ import annotations

from typing import Literal

__all__ = ["IN_ORDER", "KINDS", "PARTS", "WRITTEN", "Kind", "kind_of", "parts_of", "shown_kind"]

Kind = Literal[
    "node_map", "scalar", "node_sets", "node_layers", "node_list", "paths", "edge_map", "edge_list", "pair_scores",
    "node_matrix", "mapping", "sequence", "graph", "tuple",
]  # fmt: skip

_NAMES: dict[Kind, str] = {
    "node_map": """
        approximate_current_flow_betweenness_centrality average_neighbor_degree betweenness_centrality
        betweenness_centrality_subset bipartite.betweenness_centrality bipartite.closeness_centrality
        bipartite.clustering bipartite.degree_centrality birank closeness_centrality closeness_vitality
        clustering color communicability_betweenness_centrality constraint core_number
        current_flow_betweenness_centrality current_flow_betweenness_centrality_subset
        current_flow_closeness_centrality degree_centrality dfs_predecessors dfs_successors eccentricity
        effective_size eigenvector_centrality eigenvector_centrality_numpy eppstein_matching equitable_color
        generalized_degree greedy_color harmonic_centrality harmonic_function hopcroft_karp_matching
        immediate_dominators in_degree_centrality incremental_closeness_centrality information_centrality
        katz_centrality katz_centrality_numpy laplacian_centrality latapy_clustering load_centrality
        local_and_global_consistency maximum_matching
        minimum_weight_full_matching multi_source_dijkstra_path multi_source_dijkstra_path_length
        node_clique_number node_redundancy number_of_cliques onion_layers out_degree_centrality pagerank
        panther_similarity panther_vector_similarity percolation_centrality predecessor second_order_centrality
        single_source_bellman_ford_path single_source_bellman_ford_path_length single_source_dijkstra_path
        single_source_dijkstra_path_length single_source_shortest_path single_source_shortest_path_length
        single_target_shortest_path single_target_shortest_path_length square_clustering subgraph_centrality
        subgraph_centrality_exp triangles trophic_levels weisfeiler_lehman_subgraph_hashes
        """,
    "scalar": """
        approximation.average_clustering approximation.diameter approximation.node_connectivity
        astar_path_length attribute_assortativity_coefficient average_clustering average_node_connectivity
        average_shortest_path_length bellman_ford_path_length bipartite.average_clustering bipartite.density
        boundary_expansion branching_weight cd_index chordal_graph_treewidth conductance
        connectivity.local_node_connectivity cut_size dag_longest_path_length degree_assortativity_coefficient
        degree_pearson_correlation_coefficient diameter dijkstra_path_length edge_connectivity edge_expansion
        effective_graph_resistance efficiency estrada_index flow_hierarchy girth global_efficiency
        global_reaching_centrality group_betweenness_centrality group_closeness_centrality
        group_degree_centrality group_in_degree_centrality group_out_degree_centrality gutman_index
        harmonic_diameter has_bridges has_eulerian_path has_path hyper_wiener_index is_aperiodic is_arborescence
        is_at_free is_attracting_component is_biconnected is_bipartite is_bipartite_node_set is_branching
        is_chordal is_connected is_connected_dominating_set is_d_separator is_directed_acyclic_graph
        is_distance_regular is_dominating_set is_edge_cover is_eulerian is_forest is_isolate is_k_edge_connected
        is_k_regular is_kl_connected is_locally_k_edge_connected is_matching is_maximal_matching
        is_minimal_d_separator is_partition is_perfect_graph is_perfect_matching is_planar is_reachable
        is_regular is_semiconnected is_semieulerian is_simple_path is_strongly_connected is_strongly_regular
        is_threshold_graph is_tournament is_tree is_triad is_weakly_connected kemeny_constant large_clique_size
        local_constraint local_edge_connectivity local_efficiency local_node_connectivity
        local_reaching_centrality maximal_extendability maximum_flow_value min_cost_flow_cost minimum_cut_value
        mixing_expansion modularity negative_edge_cycle node_connectivity node_expansion normalized_cut_size
        number_attracting_components number_connected_components number_of_isolates number_of_spanning_trees
        number_strongly_connected_components number_weakly_connected_components
        numeric_assortativity_coefficient omega overall_reciprocity radius reciprocity
        robins_alexander_clustering s_metric schultz_index sigma spectral_bipartivity
        tournament.is_strongly_connected transitivity tree_broadcast_time triad_type
        trophic_incoherence_parameter volume weisfeiler_lehman_graph_hash wiener_index
        """,
    "node_sets": """
        all_node_cuts all_triangles antichains asyn_fluidc asyn_lpa_communities attracting_components
        biconnected_components bridge_components chordal_graph_cliques connected_components
        edge_betweenness_partition edge_current_flow_betweenness_partition enumerate_all_cliques
        fast_label_propagation_communities find_cliques find_cliques_recursive greedy_modularity_communities
        greedy_node_swap_bipartition k_clique_communities k_edge_components k_edge_subgraphs
        kernighan_lin_bisection kosaraju_strongly_connected_components label_propagation_communities
        louvain_communities lukes_partitioning naive_greedy_modularity_communities ramsey_R2 sets
        spectral_modularity_bipartition strongly_connected_components weakly_connected_components
        """,
    "node_layers": """
        bfs_layers topological_generations
        """,
    "node_list": """
        ancestors articulation_points asadpour_atsp astar_path barycenter bellman_ford_path
        bidirectional_shortest_path center centroid christofides connected_dominating_set dag_longest_path
        descendants descendants_at_distance dfs_postorder_nodes dfs_preorder_nodes dijkstra_path dominating_set
        find_asteroidal_triple find_induced_nodes find_minimal_d_separator find_negative_cycle
        greedy_source_expansion greedy_tsp hamiltonian_path isolates lexicographical_topological_sort
        lowest_common_ancestor max_clique maximal_independent_set maximum_independent_set
        min_weighted_dominating_set min_weighted_vertex_cover minimum_node_cut minimum_st_node_cut node_boundary
        node_connected_component periphery simulated_annealing_tsp threshold_accepting_tsp to_vertex_cover
        topological_sort traveling_salesman_problem tree.center voterank
        """,
    "paths": """
        all_shortest_paths all_simple_paths all_topological_sorts chordless_cycles cycle_basis
        edge_disjoint_paths generate_random_paths minimum_cycle_basis node_disjoint_paths
        recursive_simple_cycles shortest_simple_paths simple_cycles
        """,
    "edge_map": """
        edge_betweenness_centrality edge_betweenness_centrality_subset edge_current_flow_betweenness_centrality
        edge_current_flow_betweenness_centrality_subset edge_load_centrality trophic_differences
        """,
    "edge_list": """
        bfs_edges bfs_labeled_edges bfs_predecessors bipartite.min_edge_cover bridges dfs_edges
        dfs_labeled_edges edge_bfs edge_boundary edge_dfs eulerian_circuit eulerian_path find_cycle
        generic_bfs_edges k_edge_augmentation max_weight_matching maximal_matching maximum_spanning_edges
        min_edge_cover min_edge_dominating_set min_maximal_matching min_weight_matching minimum_edge_cut
        minimum_spanning_edges minimum_st_edge_cut
        """,
    "pair_scores": """
        adamic_adar_index cn_soundarajan_hopcroft common_neighbor_centrality jaccard_coefficient local_bridges
        preferential_attachment ra_index_soundarajan_hopcroft resource_allocation_index within_inter_cluster
        """,
    "node_matrix": """
        all_pairs_all_shortest_paths all_pairs_bellman_ford_path all_pairs_bellman_ford_path_length
        all_pairs_dijkstra_path all_pairs_dijkstra_path_length all_pairs_node_connectivity
        all_pairs_shortest_path all_pairs_shortest_path_length approximation.all_pairs_node_connectivity
        communicability communicability_exp dispersion dominance_frontiers floyd_warshall johnson
        max_flow_min_cost min_cost_flow number_of_walks resistance_distance shortest_path shortest_path_length
        simrank_similarity
        """,
    "mapping": """
        approximation.k_components attribute_mixing_dict average_degree_connectivity degree_mixing_dict
        k_components rich_club_coefficient triadic_census triads_by_type voronoi_cells
        """,
    "sequence": """
        all_pairs_dijkstra all_pairs_lowest_common_ancestor all_simple_edge_paths all_triads
        attribute_mixing_matrix bfs_successors biadjacency_matrix biconnected_component_edges
        chain_decomposition degree_mixing_matrix floyd_warshall_numpy girvan_newman google_matrix
        louvain_partitions node_attribute_xy node_degree_xy
        score_sequence single_source_all_shortest_paths tournament_matrix tree_all_pairs_lowest_common_ancestor
        """,
    "graph": """
        bfs_tree boykov_kolmogorov collaboration_weighted_projected_graph condensation dag_to_branching dfs_tree
        dinitz edmonds_karp eulerize find_threshold_graph generic_weighted_projected_graph gomory_hu_tree
        greedy_branching junction_tree k_core k_corona k_crust k_factor k_shell k_truss kl_connected_subgraph
        lattice_reference make_clique_bipartite make_max_clique_graph maximum_branching
        maximum_spanning_arborescence maximum_spanning_tree metric_closure minimal_branching minimum_branching
        minimum_spanning_arborescence minimum_spanning_tree moral_graph overlap_weighted_projected_graph
        partition_spanning_tree power preflow_push projected_graph quotient_graph random_reference
        random_spanning_tree shortest_augmenting_path snap_aggregation spanner steiner_tree transitive_closure
        transitive_closure_dag transitive_reduction weighted_projected_graph
        """,
    "tuple": """
        bellman_ford_predecessor_and_distance bidirectional_dijkstra capacity_scaling check_planarity
        clique_removal complete_to_chordal_graph dedensify degrees densest_subgraph
        dijkstra_predecessor_and_distance floyd_warshall_predecessor_and_distance goldberg_radzik hits
        intersection_array max_weight_clique maximum_flow minimum_cut multi_source_dijkstra network_simplex
        non_randomness one_exchange partition_quality prominent_group randomized_partitioning
        single_source_bellman_ford single_source_dijkstra stoer_wagner to_nested_tuple tree_broadcast_center
        treewidth_min_degree treewidth_min_fill_in
        """,
}

KINDS: dict[Kind, frozenset[str]] = {kind: frozenset(names.split()) for kind, names in _NAMES.items()}
"""Kind → the functions that return it, called with nothing but what they require."""

PARTS: dict[str, tuple[Kind, ...]] = {
    "bellman_ford_predecessor_and_distance": ("node_map", "node_map"),
    "bidirectional_dijkstra": ("scalar", "node_list"),
    "capacity_scaling": ("scalar", "node_matrix"),
    "check_planarity": ("scalar", "graph"),
    "clique_removal": ("node_list", "node_sets"),
    "complete_to_chordal_graph": ("graph", "node_map"),
    "dedensify": ("graph", "sequence"),
    "degrees": ("sequence", "sequence"),
    "densest_subgraph": ("scalar", "node_list"),
    "dijkstra_predecessor_and_distance": ("node_map", "node_map"),
    "floyd_warshall_predecessor_and_distance": ("node_matrix", "node_matrix"),
    "goldberg_radzik": ("node_map", "node_map"),
    "hits": ("node_map", "node_map"),
    "intersection_array": ("sequence", "sequence"),
    "max_weight_clique": ("node_list", "scalar"),
    "maximum_flow": ("scalar", "node_matrix"),
    "minimum_cut": ("scalar", "node_sets"),
    "multi_source_dijkstra": ("node_map", "node_map"),
    "network_simplex": ("scalar", "node_matrix"),
    "non_randomness": ("scalar", "scalar"),
    "one_exchange": ("scalar", "node_sets"),
    "partition_quality": ("scalar", "scalar"),
    "prominent_group": ("scalar", "node_list"),
    "randomized_partitioning": ("scalar", "node_sets"),
    "single_source_bellman_ford": ("node_map", "node_map"),
    "single_source_dijkstra": ("node_map", "node_map"),
    "stoer_wagner": ("scalar", "node_sets"),
    "to_nested_tuple": ("node_sets", "tuple"),
    "tree_broadcast_center": ("scalar", "node_list"),
    "treewidth_min_degree": ("scalar", "graph"),
    "treewidth_min_fill_in": ("scalar", "graph"),
}
"""The parts of what comes as a tuple."""

IN_ORDER = frozenset({"harmonic_function", "local_and_global_consistency"})
"""Functions that return a list with a value per node, in the order of the graph."""

WRITTEN: frozenset[Kind] = frozenset(
    {"node_map", "node_sets", "node_layers", "node_list", "paths", "edge_map", "edge_list"}
)
"""Kinds that can become a property; of a tuple its parts of kind ``node_map`` can."""

_KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}


def kind_of(name: str) -> Kind | None:
    """Return what a function returns, for as far as its arguments do not decide it."""
    return _KIND_OF.get(name)


def shown_kind(kind: Kind) -> str:
    """Return the kind as a result names it: layers and paths are sets of nodes whose order means something."""
    return "node_sets" if kind in ("node_layers", "paths") else kind


def parts_of(name: str) -> tuple[Kind, ...]:
    """Return the kinds of the parts of a function's result."""
    return PARTS.get(name, ())
