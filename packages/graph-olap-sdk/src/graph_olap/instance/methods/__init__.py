# Derived from graph_olap/aio/instance/methods/__init__.py; edit that file and run `make sync`.
# Generated from the server's catalog of algorithms; run `make sync`.
"""A method for every native algorithm that is not written by hand."""

from __future__ import annotations

from graph_olap.instance.methods.centrality import CentralityMethods
from graph_olap.instance.methods.clustering import ClusteringMethods
from graph_olap.instance.methods.community import CommunityMethods
from graph_olap.instance.methods.link_prediction import LinkPredictionMethods
from graph_olap.instance.methods.other import OtherMethods
from graph_olap.instance.methods.pathfinding import PathfindingMethods
from graph_olap.instance.methods.similarity import SimilarityMethods
from graph_olap.instance.methods.traversal import TraversalMethods

__all__ = ["AlgorithmMethods"]


class AlgorithmMethods(
    CentralityMethods,
    ClusteringMethods,
    CommunityMethods,
    LinkPredictionMethods,
    OtherMethods,
    PathfindingMethods,
    SimilarityMethods,
    TraversalMethods,
):
    """All of them."""
