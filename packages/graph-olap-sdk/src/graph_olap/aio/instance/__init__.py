"""Working with one running graph."""

from __future__ import annotations

from graph_olap.aio.instance.algorithms import AsyncAlgorithmManager
from graph_olap.aio.instance.connection import AsyncInstanceConnection
from graph_olap.aio.instance.networkx import AsyncNetworkXManager

__all__ = ["AsyncAlgorithmManager", "AsyncInstanceConnection", "AsyncNetworkXManager"]
