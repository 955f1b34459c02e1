"""Entry points that the server names and a worker runs: NetworkX is imported inside them only."""

from __future__ import annotations

from typing import Any

from graph_olap_server.instance.networkx_bridge.parameters import DEFAULT_SEED
from graph_olap_server.instance.networkx_bridge.values import Classified

__all__ = ["describe_all", "run"]


def describe_all() -> list[dict[str, Any]]:
    """Describe every function on the allow-list."""
    from graph_olap_server.instance.networkx_bridge import catalog

    return catalog.describe_all()


def run(**call: Any) -> Classified:
    """Run one function of the allow-list; those that draw at random without a seed of their own do as before, too."""
    import random

    import numpy as np

    from graph_olap_server.instance.networkx_bridge.run import run as run_here

    random.seed(DEFAULT_SEED)
    np.random.seed(DEFAULT_SEED)
    return run_here(**call)
