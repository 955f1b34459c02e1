# Generated from the server's catalog of algorithms; run `make sync`.
"""A method for every native algorithm that is not written by hand."""

from __future__ import annotations

from graph_olap.aio.instance.methods.centrality import CentralityMethods
from graph_olap.aio.instance.methods.clustering import ClusteringMethods
from graph_olap.aio.instance.methods.community import CommunityMethods

__all__ = ["AlgorithmMethods"]


class AlgorithmMethods(CentralityMethods, ClusteringMethods, CommunityMethods):
    """All of them."""
