"""``POST /algo/shortest_path``: the cheapest path between two nodes given by primary key; it needs no lock."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from graph_olap.models import AlgorithmInfo, AlgorithmParameter, EdgeTable, GraphSchema

from graph_olap_server.instance.algorithms.kernels import paths
from graph_olap_server.instance.algorithms.phases import PhaseClock
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.executions import Outcome, Task
from graph_olap_server.instance.nodes import NodeFinder, NodeIndex, NodeReferences
from graph_olap_server.instance.projection import Orientation, ProjectionCache, ProjectionSpec
from graph_olap_server.instance.request_body import Fields
from graph_olap_server.instance.selection import Selection, check_weight, unknown
from graph_olap_server.instance.workers import Control, WorkerPool

__all__ = ["INFO", "ShortestPath"]

_TIMEOUT_MS = 60_000
_MAX_DEPTH = 50
_DEFAULT_DEPTH = 30
_OF_OTHERS = ("projection", "node_label", "edge_type", "result_property", "mode")

INFO = AlgorithmInfo(
    name="shortest_path",
    display_name="Shortest path",
    type="native",
    category="pathfinding",
    description="The cheapest path between two nodes, by number of relationships or by a weight.",
    long_description=(
        "Nodes are given by primary key. Ties are broken the same way every time.\n\nSource: R. Bellman: On a routing "
        "problem. Quarterly of Applied Mathematics 16, 1958; L. R. Ford: Network flow theory. RAND P-923, 1956."
    ),
    parameters=[
        AlgorithmParameter(name="source_id", type="node", required=True, description="Primary key of the start."),
        AlgorithmParameter(name="target_id", type="node", required=True, description="Primary key of the end."),
        AlgorithmParameter(name="relationship_types", type="array", description="Types to follow; all when absent."),
        AlgorithmParameter(
            name="max_depth", type="int", default=_DEFAULT_DEPTH, description="Most relationships, 1 to 50."
        ),
        AlgorithmParameter(name="source_label", type="string", description="Label of the start."),
        AlgorithmParameter(name="target_label", type="string", description="Label of the end."),
        AlgorithmParameter(name="directed", type="boolean", default=False, description="Follow directions."),
        AlgorithmParameter(name="weight_property", type="string", description="Edge property to add up."),
    ],
    returns="The path: keys, nodes, relationships and total weight",
    result_kind="node_list",
    supports_write_back=False,
    default_timeout_ms=_TIMEOUT_MS,
    weighted=True,
)
"""The description for listings."""


class ShortestPath:
    """Prepares path searches on one engine."""

    def __init__(self, engine: GraphEngine, projections: ProjectionCache, workers: WorkerPool) -> None:
        self._engine = engine
        self._projections = projections
        self._workers = workers

    def task(self, fields: Fields, user_name: str) -> Task:
        """Check a request completely and return what runs it.

        Raises:
            PlatformError: ``VALIDATION_FAILED``, or ``RESOURCE_NOT_FOUND`` for an unknown node.
        """
        fields = _with_parameters(fields)
        schema = self._engine.schema()
        labels = tuple(table.label for table in schema.node_tables)
        for name in ("source_id", "target_id"):
            fields.require(name, _is_key, "a primary key (text or number) is required")
        depth = fields.integer("max_depth", _DEFAULT_DEPTH, 1, _MAX_DEPTH) or _DEFAULT_DEPTH
        directed = bool(fields.boolean("directed"))
        weight = fields.text("weight_property")
        hints = {name: fields.text(name) for name in ("source_label", "target_label")}
        for name, label in hints.items():
            if label is not None and label not in labels:
                fields.problems.append((name, unknown("node label", label, labels)))
        tables = _edge_tables(fields, schema)
        if weight is not None and not fields.problems:
            check_weight(fields, "weight_property", weight, Selection(labels, tables))
        fields.check()
        finder = NodeFinder(self._engine, labels)
        sizes = {table.label: table.node_count for table in schema.node_tables}
        nodes = NodeIndex({label: sizes[label] for label in sorted(labels, key=self._engine.table_id)})
        source = finder.find_dense(fields.raw("source_id"), nodes, hints["source_label"], field="source_id")
        target = finder.find_dense(fields.raw("target_id"), nodes, hints["target_label"], field="target_id")
        types = tuple(table.type for table in tables)
        orientation: Orientation = "natural" if directed else "undirected"
        spec = ProjectionSpec(labels, types, orientation, weight, "once" if weight is None else "min")
        return Task(
            algorithm=INFO.name,
            algorithm_type="native",
            user_name=user_name,
            run=lambda control: self._run(spec, source, target, depth, control),
            parameters={
                "source_id": fields.raw("source_id"),
                "target_id": fields.raw("target_id"),
                "relationship_types": fields.raw("relationship_types"),
                "max_depth": depth,
                "directed": directed,
                "weight_property": weight,
                **hints,
            },
            timeout_ms=_TIMEOUT_MS,
            takes_lock=False,
        )

    def _run(self, spec: ProjectionSpec, source: int, target: int, depth: int, control: Control) -> Outcome:
        clock = PhaseClock(control)
        clock.start("project")
        projection = self._projections.get(self._engine, spec, control)
        arguments = {"source": source, "target": target, "max_depth": depth}
        clock.start("compute")
        with self._workers.worker(control) as worker:
            found = worker.call(paths.shortest_path, arguments, projection.arrays, control)
        control.check()
        clock.start("write")
        references = NodeReferences(self._engine, projection.nodes)
        dense, cost = found if found is not None else ([], None)
        nodes = [references.reference(node) for node in dense]
        relationships = [self._relationship(spec, start, end) for start, end in pairwise(nodes)]
        clock.end()
        return Outcome(
            {
                "found": found is not None,
                "source_id": references.reference(source)["key"],
                "target_id": references.reference(target)["key"],
                "path": [node["key"] for node in nodes],
                "length": len(relationships) if found is not None else None,
                "total_weight": cost if spec.weight_property is not None else None,
                "nodes": nodes,
                "relationships": relationships,
                "nodes_updated": 0,
                "node_count": projection.node_count,
                "edge_count": projection.edge_count,
                "timings_ms": clock.phases,
                "backend": "numpy",
                "threads": self._workers.threads,
                "graph_version": projection.graph_version,
            }
        )

    def _relationship(self, spec: ProjectionSpec, start: dict[str, Any], end: dict[str, Any]) -> dict[str, Any]:
        """Return the cheapest relationship between two neighbours, the one with the smallest id among equals."""
        candidates = self._relationships(spec, start, end)
        if spec.orientation == "undirected":
            candidates += self._relationships(spec, end, start)
        _, chosen = min(candidates, key=lambda candidate: (candidate[0], candidate[1]["_id"]))
        return chosen

    def _relationships(
        self, spec: ProjectionSpec, start: dict[str, Any], end: dict[str, Any]
    ) -> list[tuple[float, dict[str, Any]]]:
        schema = self._engine.schema()
        keys = {table.label: table.primary_key for table in schema.node_tables}
        found: list[tuple[float, dict[str, Any]]] = []
        for table in schema.edge_tables:
            if table.type not in spec.edge_types:
                continue
            if (table.from_node, table.to_node) != (start["_label"], end["_label"]):
                continue
            weight = "0" if spec.weight_property is None else f"CAST(r.`{spec.weight_property}` AS DOUBLE)"
            result = self._engine.query(
                f"MATCH (a:`{table.from_node}`)-[r:`{table.type}`]->(b:`{table.to_node}`) "
                f"WHERE a.`{keys[table.from_node]}` = $from_key AND b.`{keys[table.to_node]}` = $to_key "
                f"RETURN {weight} AS cost, r",
                {"from_key": start["key"], "to_key": end["key"]},
                timeout_ms=_TIMEOUT_MS,
                query_id=f"shortest_path-{id(found)}",
            )
            try:
                for cost, relationship in result.rows():
                    ends = {name: relationship[name] for name in ("_id", "_type", "_src", "_dst")}
                    found.append((float(cost), ends))
            finally:
                result.close()
        return found


def _with_parameters(fields: Fields) -> Fields:
    """Return the fields with those of ``parameters``, where other algorithms have theirs."""
    given = fields.object("parameters")
    known = {parameter.name for parameter in INFO.parameters}
    merged = Fields({**given, **{name: fields.raw(name) for name in fields.names()}})
    merged.problems.extend(fields.problems)
    for name in given:
        if name not in known:
            reason = f"{INFO.name} has no such parameter; allowed: {', '.join(sorted(known))}"
            merged.problems.append((f"parameters.{name}", reason))
    for name in _OF_OTHERS:
        if fields.raw(name) is not None:
            reason = f"{INFO.name} searches the whole graph and writes nothing; use k_shortest_paths"
            merged.problems.append((name, reason))
    return merged


def _edge_tables(fields: Fields, schema: GraphSchema) -> tuple[EdgeTable, ...]:
    wanted = fields.strings("relationship_types")
    known = [table.type for table in schema.edge_tables]
    for name in wanted or ():
        if name not in known:
            fields.problems.append(("relationship_types", unknown("edge type", name, known)))
    return tuple(table for table in schema.edge_tables if wanted is None or table.type in wanted)


def _is_key(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)
