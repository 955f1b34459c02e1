"""Working with one running graph."""

from __future__ import annotations

from graph_olap.aio.instance.algorithms import AsyncAlgorithmManager
from graph_olap.aio.instance.connection import AsyncInstanceConnection
from graph_olap.aio.instance.networkx import AsyncNetworkXManager
from graph_olap.aio.instance.projections import AsyncProjection
from graph_olap.aio.instance.runs import AsyncAlgorithmRun

__all__ = [
    "AsyncAlgorithmManager",
    "AsyncAlgorithmRun",
    "AsyncInstanceConnection",
    "AsyncNetworkXManager",
    "AsyncProjection",
]
