"""Random walks, all of them one step further at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.kernels.graphs import Floats, Ints
from graph_olap_server.instance.algorithms.kernels.results import Paths
from graph_olap_server.instance.algorithms.kernels.walk_steps import WalkSteps

__all__ = ["random_walks"]

_MOST_NODES = 200_000_000


def random_walks(
    indptr: Ints,
    indices: Ints,
    weights: Floats | None = None,
    *,
    source_nodes: Sequence[int] | None,
    walks_per_node: int,
    walk_length: int,
    return_factor: float,
    in_out_factor: float,
    seed: int,
) -> Paths:
    """Walks of ``walk_length`` steps, shorter where no edge leads on, in the order of the nodes that they start at."""
    starts = np.arange(len(indptr) - 1) if source_nodes is None else np.unique(np.asarray(source_nodes, np.int64))
    if len(starts) * walks_per_node * (walk_length + 1) > _MOST_NODES:
        reason = (
            f"{len(starts)} nodes with {walks_per_node} walks of {walk_length} steps are more than {_MOST_NODES} "
            "steps. Choose fewer source_nodes, fewer walks or shorter ones."
        )
        raise PlatformError("ALGORITHM_FAILED", reason, {"reason": "too many walks", "limit": _MOST_NODES})
    random = np.random.default_rng(seed)
    steps = WalkSteps(indptr, indices, weights, return_factor, in_out_factor)
    walks = np.full((len(starts) * walks_per_node, walk_length + 1), -1, np.int32)
    walks[:, 0] = np.repeat(starts, walks_per_node)
    going = np.arange(len(walks))
    for step in range(1, walk_length + 1):
        here = walks[going, step - 1]
        leads_on = steps.leads_on(here)
        going, here = going[leads_on], here[leads_on]
        if not len(going):
            break
        before = walks[going, step - 2] if step > 1 else None
        walks[going, step] = steps.first(random, here) if before is None else steps.next(random, before, here)
    lengths = (walks >= 0).sum(axis=1)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    facts = {"walks": len(walks), "mean_length": float(lengths.mean() - 1) if len(walks) else None}
    return Paths(offsets, walks[walks >= 0].astype(np.int64), None, facts)
