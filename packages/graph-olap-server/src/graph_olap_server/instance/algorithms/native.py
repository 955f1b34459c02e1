"""From a request for a native algorithm to a task: validate, project, compute in a worker, write back."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph_olap_server.instance.algorithms.kernels import Computed
from graph_olap_server.instance.algorithms.registry import Algorithm, check_parameters
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.executions import Outcome, Task
from graph_olap_server.instance.nodes import NodeReferences
from graph_olap_server.instance.projection import Projection, ProjectionCache, ProjectionSpec
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.instance.selection import Selection, check_weight, read_selection
from graph_olap_server.instance.workers import Control, WorkerPool
from graph_olap_server.instance.writeback import write_values
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["NativeAlgorithms"]

_MAX_VALUES = 10_000


class NativeAlgorithms:
    """Prepares runs of native algorithms on one engine."""

    def __init__(
        self, engine: GraphEngine, manifest: SnapshotManifest, projections: ProjectionCache, workers: WorkerPool
    ) -> None:
        self._engine = engine
        self._manifest = manifest
        self._projections = projections
        self._workers = workers

    def task(self, algorithm: Algorithm, fields: Fields, user_name: str) -> Task:
        """Check a request completely and return what runs it.

        Raises:
            PlatformError: ``VALIDATION_FAILED`` with every problem.
        """
        selection = read_selection(fields, self._engine.schema(), self._manifest)
        parameters = check_parameters(algorithm, fields.object("parameters"), fields.problems)
        weight = parameters.get("weight_property")
        if isinstance(weight, str) and not fields.problems:
            check_weight(fields, "parameters.weight_property", weight, selection)
        fields.check()
        return Task(
            algorithm=algorithm.name,
            algorithm_type="native",
            user_name=user_name,
            run=lambda control: self._run(algorithm, selection, parameters, control),
            parameters=parameters,
            node_label=selection.node_label,
            edge_type=selection.edge_type,
            result_property=selection.result_property,
            timeout_ms=selection.timeout_ms,
        )

    def _run(self, algorithm: Algorithm, selection: Selection, parameters: dict[str, Any], control: Control) -> Outcome:
        self._workers.warm()
        clock = _PhaseClock()
        weight = parameters.get("weight_property")
        spec = ProjectionSpec(
            labels=selection.labels,
            edge_types=selection.edge_types,
            directed=algorithm.directed,
            weight_property=weight,
            parallel="once" if weight is None else "sum",
            self_loops=algorithm.self_loops,
        )
        projection = self._projections.get(self._engine, spec, control)
        clock.end("project")
        own = {key: value for key, value in parameters.items() if key != "weight_property"}
        arguments = {key: value for key, value in own.items() if key not in algorithm.ignored}
        with self._workers.worker() as worker:
            computed: Computed = worker.call(algorithm.kernel, arguments, projection.arrays, control)
        control.check()
        clock.end("compute")
        updated = 0
        result: dict[str, Any] = {}
        if selection.result_property is not None:
            updated = write_values(
                self._engine,
                selection.result_property,
                algorithm.property_type,
                np.arange(projection.node_count),
                pa.array(computed.values),
                projection.starts,
                projection.sizes,
            )
        else:
            result = _node_map(computed.values, projection, NodeReferences(self._engine, projection.starts))
        clock.end("write")
        counts = {
            "nodes_updated": updated,
            "node_count": projection.node_count,
            "edge_count": projection.edge_count,
        }
        return Outcome({**counts, **computed.summary, "timings_ms": clock.phases, **result}, nodes_updated=updated)


class _PhaseClock:
    """Milliseconds spent in each phase of a run."""

    def __init__(self) -> None:
        self.phases: dict[str, float] = {}
        self._last = time.perf_counter()

    def end(self, phase: str) -> None:
        now = time.perf_counter()
        self.phases[phase] = round((now - self._last) * 1000, 1)
        self._last = now


def _node_map(values: NDArray[Any], projection: Projection, references: NodeReferences) -> dict[str, Any]:
    """Return the values as section 7.6 shows a ``node_map`` that is not written back."""
    count = len(values)
    shown = [
        {"node": references.reference(dense), "value": value}
        for dense, value in enumerate(values[:_MAX_VALUES].tolist())
    ]
    statistics = {"min": values.min().item(), "max": values.max().item(), "mean": float(values.mean())} if count else {}
    return {
        "kind": "node_map",
        "count": projection.node_count,
        **statistics,
        "values": shown,
        **({"result_truncated": True} if count > _MAX_VALUES else {}),
    }
