"""From a request for a native algorithm to a task: validate, project, compute in a worker, hand over the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms import shapes
from graph_olap_server.instance.algorithms.estimate import estimate
from graph_olap_server.instance.algorithms.kernels.results import Computed
from graph_olap_server.instance.algorithms.model import Algorithm, Parameter
from graph_olap_server.instance.algorithms.node_values import check_node_property, groups_of, numbers_of
from graph_olap_server.instance.algorithms.phases import PhaseClock
from graph_olap_server.instance.algorithms.problems import with_names
from graph_olap_server.instance.algorithms.registry import check_parameters
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.executions import Outcome, Task
from graph_olap_server.instance.nodes import NodeFinder, NodeIndex, NodeReferences
from graph_olap_server.instance.projection import ProjectionCache, ProjectionSpec
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.instance.selection import Selection, check_weight, read_selection
from graph_olap_server.instance.workers import Control, WorkerPool
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["Mode", "NativeAlgorithms"]

Mode = Literal["write", "stream", "stats", "estimate"]
_MODES = ("write", "stream", "stats", "estimate")


@dataclass(frozen=True, slots=True)
class _Request:
    algorithm: Algorithm
    selection: Selection
    parameters: dict[str, Any]
    spec: ProjectionSpec
    mode: Mode | None

    @property
    def own_parameters(self) -> dict[str, Any]:
        """Parameters that the kernel takes; the weight is in the projection."""
        left_out = {"weight_property", *self.algorithm.ignored}
        return {name: value for name, value in self.parameters.items() if name not in left_out}


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
            PlatformError: ``VALIDATION_FAILED`` with every problem, ``RESOURCE_NOT_FOUND`` for an unknown node.
        """
        request = self._read(algorithm, fields)
        selection = request.selection
        return Task(
            algorithm=algorithm.name,
            algorithm_type="native",
            user_name=user_name,
            run=lambda control: self._run(request, control),
            parameters=request.parameters,
            node_label=selection.node_label,
            edge_type=selection.edge_type,
            result_property=selection.result_property,
            timeout_ms=selection.timeout_ms,
            takes_lock=request.mode in (None, "write"),
        )

    def _read(self, algorithm: Algorithm, fields: Fields) -> _Request:
        schema = self._engine.schema()
        selection = read_selection(fields, schema, self._manifest, on_edges=algorithm.kind == "edge_map")
        mode: Mode | None = fields.choice("mode", _MODES)
        parameters = check_parameters(algorithm, fields.object("parameters"), fields.problems)
        _check_mode(fields, algorithm, mode, selection)
        if selection.orientation is not None and selection.orientation not in algorithm.orientations:
            reason = (
                f"{algorithm.name} takes projections with orientation {' or '.join(algorithm.orientations)}, "
                f"this one is {selection.orientation}; project again without it"
            )
            fields.problems.append(("projection.orientation", reason))
        weight = _weight(fields, algorithm, parameters, selection)
        for parameter in algorithm.parameters:
            name = parameters.get(parameter.name)
            if parameter.type in ("node_property", "node_group") and isinstance(name, str):
                numeric = parameter.type == "node_property"
                check_node_property(fields, parameter.name, name, selection, schema, numeric=numeric)
        fields.check()
        if not algorithm.weighted:
            selection = replace(selection, parallel=None)
        spec = selection.spec(
            orientation=algorithm.orientations[0],
            weight=weight,
            parallel=algorithm.parallel,
            self_loops=algorithm.self_loops,
            negative_weights=algorithm.negative_weights,
        )
        finder = NodeFinder(self._engine, selection.labels)
        for parameter in algorithm.parameters:
            for key in _keys(parameter, parameters[parameter.name]):
                finder.find(key, field=f"parameters.{parameter.name}")
        return _Request(algorithm, selection, parameters, spec, mode)

    def _run(self, request: _Request, control: Control) -> Outcome:
        algorithm, selection = request.algorithm, request.selection
        if request.mode == "estimate":
            return Outcome(estimate(algorithm, request.parameters, request.spec, self._engine, self._projections))
        self._workers.warm()
        expected = estimate(algorithm, request.parameters, request.spec, self._engine, self._projections)["seconds"]
        clock = PhaseClock(control)
        clock.start("project", expected["project"])
        projection = self._projections.get(self._engine, request.spec, control)
        arguments = self._arguments(request, projection.nodes)
        clock.start("compute", expected["compute"])
        references = NodeReferences(self._engine, projection.nodes)
        with self._workers.worker(control) as worker:
            try:
                computed: Computed = worker.call(algorithm.kernel, arguments, projection.arrays, control)
            except PlatformError as error:
                raise with_names(error, references) from None
        control.check()
        clock.start("write", expected.get("write", 1.0) if selection.result_property is not None else 1.0)
        nodes_updated = edges_updated = 0
        result: dict[str, Any] = {}
        table = None
        if request.mode == "stream":
            table = shapes.to_table(computed, references)
            result = {"rows": table.num_rows, "columns": table.column_names}
        elif selection.result_property is not None:
            assert algorithm.property_type is not None
            nodes_updated, edges_updated = shapes.write(
                self._engine,
                computed,
                selection.result_property,
                algorithm.property_type,
                projection,
                request.spec.edge_types or tuple(entry.type for entry in self._engine.schema().edge_tables),
                orientation=request.spec.orientation,
                check=control.check,
            )
        elif request.mode is None:
            result = shapes.to_json(computed, references)
        clock.end()
        facts = {
            "nodes_updated": nodes_updated,
            "node_count": projection.node_count,
            "edge_count": projection.edge_count,
            **({"weight_property": request.spec.weight_property} if algorithm.weighted else {}),
            **shapes.statistics(computed),
            **computed.summary,
            "timings_ms": clock.phases,
            "backend": algorithm.backend,
            "threads": self._workers.threads,
            "graph_version": projection.graph_version,
        }
        return Outcome({**facts, **result}, nodes_updated, edges_updated, table)

    def _arguments(self, request: _Request, nodes: NodeIndex) -> dict[str, Any]:
        """Return what the kernel is called with: nodes as dense ids, properties as arrays."""
        finder = NodeFinder(self._engine, request.selection.labels)
        arguments = request.own_parameters
        for parameter in request.algorithm.parameters:
            value = arguments.get(parameter.name)
            if value is None:
                continue
            if parameter.type == "node":
                arguments[parameter.name] = finder.find_dense(value, nodes)
            elif parameter.type == "nodes":
                arguments[parameter.name] = [finder.find_dense(key, nodes) for key in value]
            elif parameter.type in ("node_property", "node_group"):
                read = numbers_of if parameter.type == "node_property" else groups_of
                arguments[parameter.name] = read(self._engine, value, nodes, f"parameters.{parameter.name}")
        return arguments


def _check_mode(fields: Fields, algorithm: Algorithm, mode: Mode | None, selection: Selection) -> None:
    written = selection.result_property is not None
    if mode == "write" and not written:
        fields.problems.append(("result_property", "mode write needs the name of the property to write"))
    if mode in ("stream", "stats") and written:
        fields.problems.append(("result_property", f"mode {mode} writes nothing; leave result_property out"))
    if written and not algorithm.writable:
        reason = f"{algorithm.name} yields {algorithm.value}, which is no property; use mode stream"
        fields.problems.append(("result_property", reason))


def _weight(fields: Fields, algorithm: Algorithm, parameters: Mapping[str, Any], selection: Selection) -> str | None:
    """Return the weight property, which may stand in the parameters or in the projection."""
    own, projected = parameters.get("weight_property"), selection.weight_property
    if isinstance(own, str) and projected not in (None, own):
        reason = f"the projection is weighted by {projected}, not by {own}"
        fields.problems.append(("parameters.weight_property", reason))
    if not algorithm.weighted:
        return None  # edges of a projection that has weights count once each
    if isinstance(own, str) and not fields.problems and selection.query is None:
        check_weight(fields, "parameters.weight_property", own, selection)
    return own if isinstance(own, str) else projected


def _keys(parameter: Parameter, value: Any) -> list[Any]:
    if value is None or parameter.type not in ("node", "nodes"):
        return []
    return value if parameter.type == "nodes" else [value]
