# Derived from graph_olap/aio/instance/__init__.py; edit that file and run `make sync`.
"""Working with one running graph."""

from __future__ import annotations

from graph_olap.instance.algorithms import AlgorithmManager
from graph_olap.instance.connection import InstanceConnection
from graph_olap.instance.networkx import NetworkXManager
from graph_olap.instance.projections import Projection
from graph_olap.instance.runs import AlgorithmRun

__all__ = [
    "AlgorithmManager",
    "AlgorithmRun",
    "InstanceConnection",
    "NetworkXManager",
    "Projection",
]
