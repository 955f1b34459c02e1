# Generated from the server's catalog of algorithms; run `make sync`.
"""A method for every native algorithm that is not written by hand."""

from __future__ import annotations

from graph_olap.aio.instance.methods.centrality import CentralityMethods
from graph_olap.aio.instance.methods.clustering import ClusteringMethods
from graph_olap.aio.instance.methods.community import CommunityMethods
from graph_olap.aio.instance.methods.link_prediction import LinkPredictionMethods
from graph_olap.aio.instance.methods.other import OtherMethods
from graph_olap.aio.instance.methods.pathfinding import PathfindingMethods
from graph_olap.aio.instance.methods.similarity import SimilarityMethods
from graph_olap.aio.instance.methods.traversal import TraversalMethods

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
