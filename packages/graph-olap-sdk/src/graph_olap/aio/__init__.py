"""The asynchronous client; the same names as the blocking one, with ``await``.

The blocking client is derived from this package, see docs/design/sync-and-async.md.
"""

from __future__ import annotations

from graph_olap.aio.client import AsyncGraphOLAPClient
from graph_olap.aio.instance.algorithms import AsyncAlgorithmManager
from graph_olap.aio.instance.connection import AsyncInstanceConnection
from graph_olap.aio.instance.networkx import AsyncNetworkXManager
from graph_olap.aio.instance.projections import AsyncProjection
from graph_olap.aio.instance.runs import AsyncAlgorithmRun

__all__ = [
    "AsyncAlgorithmManager",
    "AsyncAlgorithmRun",
    "AsyncGraphOLAPClient",
    "AsyncInstanceConnection",
    "AsyncNetworkXManager",
    "AsyncProjection",
]
