"""Instance, its progress, lock and graph schema."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Sequence

from pydantic import Field

from graph_olap.models.common import Timestamp, WireModel
from graph_olap.models.snapshot import Progress

__all__ = ["EdgeTable", "GraphSchema", "Instance", "InstanceProgress", "LockStatus", "NodeTable", "QueryInfo", "Schema"]


class InstanceProgress(Progress):
    """Detailed progress of an instance's start.

    ``phase`` is ``waiting_for_snapshot``, ``pod_scheduled``, ``downloading``, ``loading_schema``, ``loading_data``,
    ``ready`` or ``failed``.
    """


class Instance(WireModel):
    """A private, running graph."""

    id: int
    mapping_id: int
    mapping_version: int
    snapshot_id: int
    snapshot_name: Optional[str] = None
    owner_username: str
    wrapper_type: str
    name: str
    description: Optional[str] = None
    status: str
    instance_url: Optional[str] = None
    explorer_url: Optional[str] = None
    pod_name: Optional[str] = None
    progress: Optional[Dict[str, Any]] = None
    error_code: Optional[str] = None
    error_message: Optional[str] = None
    stack_trace: Optional[str] = None
    created_at: Timestamp
    updated_at: Timestamp
    started_at: Optional[Timestamp] = None
    last_activity_at: Optional[Timestamp] = None
    expires_at: Optional[Timestamp] = None
    ttl: Optional[str] = None
    inactivity_timeout: Optional[str] = None
    memory_usage_bytes: Optional[int] = None
    disk_usage_bytes: Optional[int] = None
    cpu_cores: Optional[int] = None
    memory_gb: Optional[int] = None

    def _repr_html_(self) -> str:
        from graph_olap.display import instance_html

        return instance_html(self)


class LockStatus(WireModel):
    """Instance lock status for algorithm execution; all fields but ``locked`` are ``None`` when it is free."""

    locked: bool
    holder_id: Optional[str] = None
    holder_name: Optional[str] = None
    holder_username: Optional[str] = None
    algorithm: Optional[str] = None
    algorithm_name: Optional[str] = None
    algorithm_type: Optional[str] = None
    execution_id: Optional[str] = None
    acquired_at: Optional[Timestamp] = None
    locked_at: Optional[Timestamp] = None


class NodeTable(WireModel):
    """One node label of a running graph; ``properties`` (name → type) includes the key and algorithm results.

    ``samples`` holds up to three different values of each property, as JSON has them.
    """

    label: str
    primary_key: str
    primary_key_type: str
    properties: Dict[str, str] = Field(default_factory=dict)
    node_count: int = 0
    samples: Dict[str, List[Any]] = Field(default_factory=dict)


class EdgeTable(WireModel):
    """One relationship type of a running graph; ``samples`` as for nodes."""

    type: str
    from_node: str
    to_node: str
    properties: Dict[str, str] = Field(default_factory=dict)
    edge_count: int = 0
    samples: Dict[str, List[Any]] = Field(default_factory=dict)


class GraphSchema(WireModel):
    """Reply of ``GET /schema``."""

    node_tables: List[NodeTable] = Field(default_factory=list)
    edge_tables: List[EdgeTable] = Field(default_factory=list)
    total_nodes: int = 0
    total_edges: int = 0


class Schema(WireModel):
    """What a graph holds, as ``conn.get_schema()`` returns it.

    Attributes:
        node_labels: Label → names of its properties.
        relationship_types: Relationship type → names of its properties.
        node_count: Nodes over all labels.
        relationship_count: Relationships over all types.
        tables: The full reply, with property types, keys and end labels.
    """

    node_labels: Dict[str, List[str]]
    relationship_types: Dict[str, List[str]]
    node_count: int
    relationship_count: int
    tables: GraphSchema

    @classmethod
    def from_graph_schema(cls, schema: GraphSchema) -> Schema:
        """Derive the view from the wire shape."""
        return cls(
            node_labels={table.label: list(table.properties) for table in schema.node_tables},
            relationship_types={table.type: list(table.properties) for table in schema.edge_tables},
            node_count=schema.total_nodes,
            relationship_count=schema.total_edges,
            tables=schema,
        )

    @property
    def samples(self) -> Dict[str, Dict[str, List[Any]]]:
        """Up to three different values of each property: label or relationship type → property → values."""
        nodes = {table.label: table.samples for table in self.tables.node_tables}
        return {**nodes, **{table.type: table.samples for table in self.tables.edge_tables}}

    def show(self, **options: Any) -> None:
        """Show labels and relationship types: as a picture in notebooks, as a text table elsewhere.

        Args:
            **options: How the picture looks, as for :meth:`QueryResult.show`.

        Raises:
            ValueError: An option is out of range.

        Example:
            >>> Schema.from_graph_schema(GraphSchema()).show()
            pattern  count  properties
            -------  -----  ----------
            0 nodes, 0 relationships
        """
        from graph_olap._show import show_schema

        show_schema(self, **options)

    def __str__(self) -> str:
        from graph_olap.display import schema_text

        return schema_text(self)

    def _repr_html_(self) -> str:
        from graph_olap.display import schema_html

        return schema_html(self)


class QueryInfo(WireModel):
    """One running query, as ``GET /queries`` lists it.

    ``state`` is ``queued``, ``running``, ``encoding`` or ``streaming``; ``row_count`` is the number of rows given so
    far, ``None`` until the engine has the result.
    """

    query_id: str
    user_name: str
    query: str
    started_at: Timestamp
    elapsed_ms: int
    state: str = "running"
    row_count: Optional[int] = None
    details: Dict[str, Any] = Field(default_factory=dict)


class QueryPlan(str):
    """A plan as the engine draws it; its ``repr`` is the drawing."""

    __slots__ = ()

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]]) -> QueryPlan:
        """Put the plans of an answer together, one for each part of a UNION."""
        return cls("\n".join(str(row[0]) for row in rows))

    def __repr__(self) -> str:
        return str(self)
