"""The server's part of a NetworkX call: validate, project, have a worker run it, name the nodes, write back."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from graph_olap.models import AlgorithmInfo

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.registry import algorithm_not_found
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.executions import Outcome, Task
from graph_olap_server.instance.networkx_bridge import remote
from graph_olap_server.instance.networkx_bridge.parameters import DEFAULT_SEED, bind
from graph_olap_server.instance.networkx_bridge.properties import (
    WEIGHT,
    PropertyUse,
    node_attributes,
    read_properties,
    takes_negative_weights,
)
from graph_olap_server.instance.networkx_bridge.values import JSON_TEXT, Classified, EdgeValues, Handle, NodeValues
from graph_olap_server.instance.nodes import NodeFinder, NodeIndex, NodeReferences
from graph_olap_server.instance.projection import Parallel, Projection, ProjectionCache
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.instance.selection import Selection, read_selection
from graph_olap_server.instance.workers import Control, WorkerPool
from graph_olap_server.instance.writeback import write_edge_values, write_values
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["NetworkxBridge", "NetworkxCatalog"]

MAX_NODES = 5_000_000
MAX_EDGES = 20_000_000
_CATALOG_TIMEOUT_MS = 60_000
_HANDLE = re.compile(r"<node (\d+)>")
_ARROW_TYPES = {
    "BOOL": pa.bool_(),
    "INT64": pa.int64(),
    "DOUBLE": pa.float64(),
    "STRING": pa.string(),
    "LIST<DOUBLE>": pa.list_(pa.float64()),
}


class NetworkxCatalog:
    """What the library offers, asked from a worker once."""

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers
        self._mutex = threading.Lock()
        self._infos: dict[str, AlgorithmInfo] = {}

    def infos(self) -> dict[str, AlgorithmInfo]:
        """Return all descriptions by name."""
        with self._mutex:
            if not self._infos:
                control = Control(_CATALOG_TIMEOUT_MS)
                with self._workers.worker(control) as worker:
                    described = worker.call(remote.describe_all, {}, {}, control)
                self._infos = {entry["name"]: AlgorithmInfo.from_dict(entry) for entry in described}
            return self._infos

    def find(self, name: str) -> AlgorithmInfo:
        """Return a description by name, in any case; raises ``ALGORITHM_NOT_FOUND``."""
        infos = self.infos()
        if (exact := infos.get(name)) is not None:
            return exact
        by_case = {known.lower(): info for known, info in infos.items()}
        if (found := by_case.get(name.lower())) is None:
            raise algorithm_not_found(name, "networkx", by_case)
        return found


class NetworkxBridge:
    """Prepares runs of NetworkX functions on one engine."""

    def __init__(
        self, engine: GraphEngine, manifest: SnapshotManifest, projections: ProjectionCache, workers: WorkerPool
    ) -> None:
        self.catalog = NetworkxCatalog(workers)
        self._engine = engine
        self._manifest = manifest
        self._projections = projections
        self._workers = workers

    def task(self, name: str, fields: Fields, user_name: str) -> Task:
        """Check a request completely and return what runs it.

        Raises:
            PlatformError: ``ALGORITHM_NOT_FOUND``, ``VALIDATION_FAILED``, ``RESOURCE_NOT_FOUND`` for an unknown node,
                ``RESULT_TOO_LARGE`` for a graph over the size guard.
        """
        info = self.catalog.find(name)
        selection = read_selection(fields, self._engine.schema(), self._manifest)
        given = fields.object("parameters")
        if given.get("seed") is None and any(parameter.name == "seed" for parameter in info.parameters):
            given = {**given, "seed": DEFAULT_SEED}
        weight = fields.text("weight_property") or selection.weight_property
        directed = fields.boolean("directed")
        if directed is None and selection.orientation == "undirected":
            directed = False
        if fields.raw("subgraph_query") is not None:
            fields.problems.append(
                ("subgraph_query", "not offered by this server; select with node_label and edge_type")
            )
        use = read_properties(info, given, weight, selection, self._node_properties(selection), fields)
        fields.check()
        finder = NodeFinder(self._engine, selection.labels)
        everything = NodeIndex(self._sizes(selection))
        named = {**given, **use.arguments}
        arguments = bind(info, named, lambda key: finder.find_dense(key, everything), fields.problems)
        fields.check()
        self._check_size(selection)
        call = {
            "name": info.name,
            "arguments": arguments,
            "directed": directed,
            "integers": _integers(use.edges, selection),
            "write": selection.result_property is not None,
        }
        return Task(
            algorithm=info.name,
            algorithm_type="networkx",
            user_name=user_name,
            run=lambda control: self._run(call, selection, use, control),
            parameters=given,
            node_label=selection.node_label,
            edge_type=selection.edge_type,
            result_property=selection.result_property,
            timeout_ms=selection.timeout_ms,
        )

    def _run(self, call: dict[str, Any], selection: Selection, use: PropertyUse, control: Control) -> Outcome:
        self._workers.warm()
        negative = takes_negative_weights(call["name"], call["arguments"])
        projection = self._project(selection, use.edges.get(WEIGHT), control, negative=negative)
        arrays = dict(projection.arrays)
        for attribute, name in use.edges.items():
            if attribute != WEIGHT:
                arrays[attribute] = self._project(selection, name, control, negative=negative).arrays["weights"]
        call |= {
            "edge_count": projection.edge_count,
            "combine": _combining(selection),
            "node_attributes": node_attributes(self._engine, projection.nodes, use.nodes),
        }
        references = NodeReferences(self._engine, projection.nodes)
        with self._workers.worker(control) as worker:
            try:
                classified: Classified = worker.call(remote.run, call, arrays, control)
            except PlatformError as error:
                raise _with_keys(error, references) from None
        control.check()
        updated = edges_updated = 0
        if (written := selection.result_property) is not None:
            updated = self._write(written, classified, projection, references)
            if classified.edges is not None:
                ends = [np.asarray(part, np.int64) for part in (classified.edges.source, classified.edges.target)]
                if selection.orientation == "reverse":
                    ends.reverse()
                edges_updated = write_edge_values(
                    self._engine,
                    written,
                    _type_name(classified.edges),
                    selection.edge_types,
                    (ends[0], ends[1]),
                    _column(classified.edges, references),
                    projection.nodes,
                    undirected=not classified.result["graph"]["directed"],
                    check=control.check,
                )
        result = {
            "nodes_updated": updated,
            "edges_updated": edges_updated,
            "node_count": projection.node_count,
            "edge_count": projection.edge_count,
            **_named(classified.result, references),
        }
        if classified.warning is not None:
            result["warning"] = classified.warning
        return Outcome(result, nodes_updated=updated, edges_updated=edges_updated)

    def _write(self, name: str, classified: Classified, projection: Projection, references: NodeReferences) -> int:
        return sum(
            write_values(
                self._engine,
                f"{name}{part.suffix}",
                _type_name(part),
                np.asarray(part.dense, np.int64),
                _column(part, references),
                projection.nodes,
            )
            for part in classified.nodes
        )

    def _project(self, selection: Selection, weight: str | None, control: Control, *, negative: bool) -> Projection:
        """Project with directions and without parallel edges, as the library's simple graphs are."""
        simple = dataclasses.replace(
            selection,
            orientation="reverse" if selection.orientation == "reverse" else "natural",
            parallel=None if weight is None and selection.parallel != "count" else _combining(selection),
        )
        spec = simple.spec(orientation="natural", weight=weight, parallel="sum", negative_weights=negative)
        return self._projections.get(self._engine, spec, control)

    def _node_properties(self, selection: Selection) -> dict[str, dict[str, str]]:
        tables = self._engine.schema().node_tables
        return {table.label: table.properties for table in tables if table.label in selection.labels}

    def _sizes(self, selection: Selection) -> dict[str, int]:
        sizes = {table.label: table.node_count for table in self._engine.schema().node_tables}
        return {label: sizes[label] for label in sorted(selection.labels, key=self._engine.table_id)}

    def _check_size(self, selection: Selection) -> None:
        nodes = sum(self._sizes(selection).values())
        edges = sum(table.edge_count for table in selection.edge_tables)
        if nodes > MAX_NODES or edges > MAX_EDGES:
            raise PlatformError(
                "RESULT_TOO_LARGE",
                f"The selection has {nodes} nodes and {edges} edges; NetworkX takes at most {MAX_NODES} and "
                f"{MAX_EDGES} here. Select one label or type, or use a native algorithm.",
                {"max_nodes": MAX_NODES, "max_edges": MAX_EDGES, "nodes": nodes, "edges": edges},
            )


def _with_keys(error: PlatformError, references: NodeReferences) -> PlatformError:
    """Return an error of the library with primary keys in place of handles."""

    def named(text: str) -> str:
        return _HANDLE.sub(lambda found: repr(references.reference(int(found[1]))["key"]), text)

    details = {name: named(value) if isinstance(value, str) else value for name, value in (error.details or {}).items()}
    return PlatformError(error.code, named(error.message), details)


def _type_name(part: NodeValues | EdgeValues) -> str:
    return "STRING" if part.type_name == JSON_TEXT else part.type_name


def _column(part: NodeValues | EdgeValues, references: NodeReferences) -> pa.Array:
    if part.type_name != JSON_TEXT:
        return pa.array(part.values, _ARROW_TYPES[part.type_name])
    texts = [None if value is None else json.dumps(_named(value, references)) for value in part.values]
    return pa.array(texts, pa.string())


def _named(value: Any, references: NodeReferences) -> Any:
    """Replace handles by node references."""
    if isinstance(value, Handle):
        return references.reference(value.dense)
    if isinstance(value, dict):
        return {key: _named(entry, references) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_named(entry, references) for entry in value]
    return value


def _combining(selection: Selection) -> Parallel:
    """Return how parallel edges become one; the library's graphs cannot keep them."""
    return "sum" if selection.parallel in (None, "once", "keep") else selection.parallel


def _integers(edges: Mapping[str, str], selection: Selection) -> list[str]:
    """Return the attributes that hold whole numbers, which the library adds up exactly."""
    types = {
        attribute: {table.properties.get(name, "") for table in selection.edge_tables}
        for attribute, name in edges.items()
    }
    return [
        attribute
        for attribute, found in types.items()
        if found and all(kind.startswith(("INT", "UINT")) for kind in found)
    ]
