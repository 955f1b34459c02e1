"""What a run would take, before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph_olap_server.instance.algorithms.model import Algorithm
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.projection import ProjectionCache, ProjectionSpec
from graph_olap_server.instance.writeback import expected_seconds

__all__ = ["estimate"]

_PROJECT_SECONDS_PER_EDGE = 2.2e-7
_LEAST_SECONDS = 0.002  # to reach a worker and come back
_BUILD_BYTES_PER_EDGE = 44
_BUILD_BYTES_PER_WEIGHTED_EDGE = 76


def estimate(
    algorithm: Algorithm,
    parameters: Mapping[str, Any],
    spec: ProjectionSpec,
    engine: GraphEngine,
    projections: ProjectionCache,
) -> dict[str, Any]:
    """Return expected memory (bytes) and time (seconds, on two cores) of a run, from the counts in the schema.

    ``seconds`` says what writing a property would take as well; the total is without it. A projection that a query
    selects is sized from the whole graph unless it is in the cache, so its numbers are upper limits.
    """
    known = projections.known(engine, spec)
    if known is not None:
        nodes, relationships, stored = known.node_count, known.edge_count, known.arrays["indices"].length
        arrays = known.nbytes
    else:
        nodes, relationships = _counts(spec, engine)
        stored = relationships * (2 if spec.orientation == "undirected" else 1)
        arrays = 8 * (nodes + 1) + stored * (4 if spec.parallel == "once" else 12)
    compute = _LEAST_SECONDS + algorithm.cost.seconds(nodes, stored, parameters)
    project = 0.0 if known is not None else _PROJECT_SECONDS_PER_EDGE * stored
    extra = algorithm.cost.bytes(nodes, stored, parameters)
    building = (
        0
        if known is not None
        else stored * (_BUILD_BYTES_PER_EDGE if spec.parallel == "once" else _BUILD_BYTES_PER_WEIGHTED_EDGE)
    )
    peak = arrays + max(extra, building)
    seconds = {"project": project, "compute": compute}
    if algorithm.writable:
        on_edges = algorithm.kind == "edge_map"
        seconds["write"] = expected_seconds(0 if on_edges else nodes, relationships if on_edges else 0)
    return {
        "node_count": nodes,
        "edge_count": relationships,
        "projection_cached": known is not None,
        "projection_bytes": int(arrays),
        "memory_bytes": int(peak),
        "seconds": {phase: round(expected, 6) for phase, expected in seconds.items()},
        "total_seconds": round(project + compute, 6),
        "complexity": algorithm.complexity,
    }


def _counts(spec: ProjectionSpec, engine: GraphEngine) -> tuple[int, int]:
    schema = engine.schema()
    if spec.query is not None:
        return schema.total_nodes, schema.total_edges
    nodes = sum(table.node_count for table in schema.node_tables if table.label in spec.labels)
    edges = sum(table.edge_count for table in schema.edge_tables if table.type in spec.edge_types)
    return nodes, edges
