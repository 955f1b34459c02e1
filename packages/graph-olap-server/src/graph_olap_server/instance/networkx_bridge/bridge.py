"""The server's part of a NetworkX call: validate, project, have a worker run it, name the nodes, write back."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any

from graph_olap.models import AlgorithmInfo

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.phases import PhaseClock
from graph_olap_server.instance.algorithms.registry import algorithm_not_found
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.executions import Outcome, Task
from graph_olap_server.instance.networkx_bridge import remote
from graph_olap_server.instance.networkx_bridge.labels import edge_labels
from graph_olap_server.instance.networkx_bridge.named import (
    named,
    table_of,
    with_keys,
)
from graph_olap_server.instance.networkx_bridge.parameters import DEFAULT_SEED, bind, check_types
from graph_olap_server.instance.networkx_bridge.properties import (
    WEIGHT,
    PropertyUse,
    effective_parameters,
    node_attributes,
    read_properties,
    takes_negative_weights,
)
from graph_olap_server.instance.networkx_bridge.values import Classified
from graph_olap_server.instance.networkx_bridge.written import write_edges, write_nodes
from graph_olap_server.instance.nodes import NodeFinder, NodeIndex, NodeReferences
from graph_olap_server.instance.projection import Parallel, Projection, ProjectionCache
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.instance.selection import Selection, read_selection
from graph_olap_server.instance.workers import Control, WorkerPool
from graph_olap_server.instance.writeback import expected_seconds
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["NetworkxBridge", "NetworkxCatalog"]

MAX_NODES = 5_000_000
MAX_EDGES = 20_000_000
_CATALOG_TIMEOUT_MS = 60_000
_PROJECT_SECONDS = 1.0


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
        fields = _with_projection(fields)
        selection = read_selection(fields, self._engine.schema(), self._manifest)
        given = fields.object("parameters")
        if given.get("seed") is None and any(parameter.name == "seed" for parameter in info.parameters):
            given = {**given, "seed": DEFAULT_SEED}
        weight = fields.text("weight_property") or selection.weight_property
        directed = fields.boolean("directed")
        mode = fields.choice("mode", ("write", "stream"))
        if mode == "stream" and selection.result_property is not None:
            fields.problems.append(("result_property", "mode stream writes nothing; leave it out"))
        if mode == "write" and selection.result_property is None:
            fields.problems.append(("result_property", "mode write needs the name of a property"))
        if directed is None and selection.orientation == "undirected":
            directed = False
        check_types(info, given, fields.problems)
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
            "stream": mode == "stream",
        }
        return Task(
            algorithm=info.name,
            algorithm_type="networkx",
            user_name=user_name,
            run=lambda control: self._run(call, selection, use, control),
            parameters=effective_parameters(info, given, use),
            node_label=selection.node_label,
            edge_type=selection.edge_type,
            result_property=selection.result_property,
            timeout_ms=selection.timeout_ms,
            takes_lock=mode != "stream",
        )

    def _run(self, call: dict[str, Any], selection: Selection, use: PropertyUse, control: Control) -> Outcome:
        self._workers.warm()
        clock = PhaseClock(control)
        clock.start("project", _PROJECT_SECONDS)
        negative = takes_negative_weights(call["name"], call["arguments"])
        with use.named_by(WEIGHT):
            projection = self._project(selection, use.edges.get(WEIGHT), control, negative=negative)
        arrays = dict(projection.arrays)
        for attribute, name in use.edges.items():
            if attribute != WEIGHT:
                with use.named_by(attribute):
                    arrays[attribute] = self._project(selection, name, control, negative=negative).arrays["weights"]
        call |= {
            "edge_count": projection.edge_count,
            "combine": _combining(selection),
            "node_attributes": node_attributes(self._engine, projection.nodes, use.nodes, use.numbers),
        }
        if use.labels:
            call["labels"], places = edge_labels(self._engine, projection, selection, use.labels)
            arrays |= places
        references = NodeReferences(self._engine, projection.nodes)
        clock.start("compute", None)
        with self._workers.worker(control) as worker:
            try:
                classified: Classified = worker.call(remote.run, call, arrays, control)
            except PlatformError as error:
                raise with_keys(error, references) from None
        control.check()
        relationships = 0 if classified.edges is None else len(classified.edges.source)
        clock.start("write", expected_seconds(projection.node_count, relationships))
        updated = edges_updated = 0
        table = None
        if call["stream"]:
            table = table_of(classified.columns, references)
            classified.result |= {"rows": table.num_rows, "columns": table.column_names}
        if (written := selection.result_property) is not None:
            if classified.nodes:
                updated = write_nodes(self._engine, written, classified.nodes, projection, references, control.check)
            if classified.edges is not None:
                edges_updated = write_edges(
                    self._engine,
                    written,
                    classified.edges,
                    selection.edge_types,
                    projection,
                    references,
                    undirected=not classified.result["graph"]["directed"],
                    reverse=selection.orientation == "reverse",
                    check=control.check,
                )
        result = {
            "nodes_updated": updated,
            "edges_updated": edges_updated,
            "node_count": projection.node_count,
            "edge_count": projection.edge_count,
            **named(classified.result, references),
            "weight_property": use.edges.get(WEIGHT),
            "threads": self._workers.threads,
            "graph_version": projection.graph_version,
        }
        clock.end()
        result["timings_ms"] = clock.phases
        if classified.warning is not None:
            result["warning"] = classified.warning
        return Outcome(result, updated, edges_updated, table)

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


def _with_projection(fields: Fields) -> Fields:
    """Read ``subgraph_query`` as what it stands for, a projection that replaces label and type."""
    if (query := fields.raw("subgraph_query")) is None:
        return fields
    if fields.raw("projection") is not None:
        fields.problems.append(("subgraph_query", "give either a projection or a subgraph_query"))
        fields.check()
    left = {
        name: fields.raw(name) for name in fields.names() if name not in ("subgraph_query", "node_label", "edge_type")
    }
    return Fields({**left, "projection": {"query": query}})


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
