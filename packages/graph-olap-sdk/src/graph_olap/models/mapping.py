"""Mapping, its versions and definitions, and the diff and tree views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Union
from typing import Mapping as MappingType

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from graph_olap.models.common import Timestamp, WireModel, WrittenModel

__all__ = [
    "EdgeDefinition",
    "IndexDefinition",
    "Mapping",
    "MappingDiff",
    "MappingVersion",
    "NodeDefinition",
    "OnBadRows",
    "PrimaryKey",
    "PropertyDefinition",
]

OnBadRows = str
"""``strict``, ``report`` (default) or ``skip``: what the export does with rows that cannot become nodes or edges."""


class PropertyDefinition(WrittenModel):
    """One property: the column it is read from has the same name.

    Example:
        >>> PropertyDefinition(name="balance", type="DOUBLE").to_dict()
        {'name': 'balance', 'type': 'DOUBLE'}
    """

    name: str
    type: str


class PrimaryKey(PropertyDefinition):
    """The column that identifies a node, and its type."""


class IndexDefinition(WrittenModel):
    """A search index on a node label, built when an instance loads the graph.

    Attributes:
        name: Name of the index, unique within the label.
        type: ``fulltext`` (words in texts, ranked) or ``vector`` (nearest neighbours).
        properties: ``STRING`` properties for ``fulltext``; one ``ARRAY<FLOAT,n>`` or ``ARRAY<DOUBLE,n>`` for
            ``vector``.
        stemmer: Language whose word endings ``fulltext`` ignores, or ``none``; English by default.
        metric: Distance of ``vector``: ``cosine`` (default), ``l2``, ``l2sq`` or ``dotproduct``.

    Example:
        >>> IndexDefinition(name="words", type="fulltext", properties=["bio"]).to_dict()
        {'name': 'words', 'type': 'fulltext', 'properties': ['bio'], 'stemmer': None, 'metric': None}
    """

    name: str
    type: str
    properties: List[str]
    stemmer: Optional[str] = None
    metric: Optional[str] = None


class NodeDefinition(WrittenModel):
    """A node label and the SQL that yields its nodes.

    Columns are bound by name, case-insensitively; their order does not matter and extra columns are ignored.

    Example:
        >>> node = NodeDefinition(
        ...     label="Account",
        ...     sql="SELECT acct_no, balance FROM bank.core.accounts",
        ...     primary_key={"name": "acct_no", "type": "STRING"},
        ...     properties=[{"name": "balance", "type": "DOUBLE"}],
        ... )
        >>> node.primary_key.name
        'acct_no'
    """

    label: str
    sql: str
    primary_key: PrimaryKey
    properties: List[PropertyDefinition] = Field(default_factory=list)
    indexes: List[IndexDefinition] = Field(default_factory=list)

    if TYPE_CHECKING:  # dictionaries are as welcome as objects

        def __init__(
            self,
            *,
            label: str,
            sql: str,
            primary_key: Union[PrimaryKey, MappingType[str, Any]],
            properties: Sequence[Union[PropertyDefinition, MappingType[str, Any]]] = (),
            indexes: Sequence[Union[IndexDefinition, MappingType[str, Any]]] = (),
        ) -> None: ...

    # Without a return annotation the JSON schema stays that of the fields.
    @model_serializer(mode="wrap")
    def _serialize(self, handler: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]  # noqa: ANN202
        """Leave ``indexes`` out where there are none, as clients expect that never heard of them."""
        data = handler(self)
        if not self.indexes:
            data.pop("indexes", None)
        return data


class EdgeDefinition(WrittenModel):
    """A relationship type and the SQL that yields its edges: one row, one edge.

    ``from_key`` and ``to_key`` are the columns that hold the primary key values of the end nodes. They take the type
    of those keys and are not stored as edge properties.

    Example:
        >>> EdgeDefinition(
        ...     type="PAID", from_node="Account", to_node="Account",
        ...     sql="SELECT src, dst, amount FROM bank.core.transfers",
        ...     from_key="src", to_key="dst",
        ...     properties=[{"name": "amount", "type": "DOUBLE"}],
        ... ).type
        'PAID'
    """

    type: str
    from_node: str
    to_node: str
    sql: str
    from_key: str
    to_key: str
    properties: List[PropertyDefinition] = Field(default_factory=list)

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            type: str,
            from_node: str,
            to_node: str,
            sql: str,
            from_key: str,
            to_key: str,
            properties: Sequence[Union[PropertyDefinition, MappingType[str, Any]]] = (),
        ) -> None: ...


class MappingVersion(WireModel):
    """One immutable version of a mapping."""

    mapping_id: int
    version: int
    change_description: Optional[str] = None
    node_definitions: List[NodeDefinition] = Field(default_factory=list)
    edge_definitions: List[EdgeDefinition] = Field(default_factory=list)
    on_bad_rows: OnBadRows = "report"
    created_at: Timestamp
    created_by: str


class Mapping(WireModel):
    """A mapping: how warehouse tables become a graph.

    Lists carry the summary only; definitions and the fields of the current version are then ``None``.
    """

    id: int
    owner_username: str
    name: str
    description: Optional[str] = None
    current_version: int
    created_at: Timestamp
    updated_at: Timestamp
    ttl: Optional[str] = None
    inactivity_timeout: Optional[str] = None
    expires_at: Optional[Timestamp] = None
    snapshot_count: int = 0
    instance_count: int = 0
    node_count: int = 0
    edge_type_count: int = 0
    on_bad_rows: OnBadRows = "report"
    data_source_id: Optional[int] = None
    node_definitions: Optional[List[NodeDefinition]] = None
    edge_definitions: Optional[List[EdgeDefinition]] = None
    change_description: Optional[str] = None
    version_created_at: Optional[Timestamp] = None
    version_created_by: Optional[str] = None
    version: Optional[MappingVersion] = None

    def to_code(self) -> str:
        """Return the Python that creates this mapping again, to keep, to share or to change.

        Raises:
            ValueError: It came from a list, which carries no definitions.

        Example:
            >>> now = "2025-03-01T08:15:00Z"
            >>> empty = Mapping(
            ...     id=1, owner_username="ada", name="Empty", current_version=1, created_at=now, updated_at=now,
            ...     node_definitions=[],
            ... )
            >>> print(empty.to_code())
            mapping = client.mappings.create(
                name='Empty',
                node_definitions=[],
                edge_definitions=[],
            )
            <BLANKLINE>
        """
        if self.node_definitions is None:
            raise ValueError(
                f"Mapping {self.id} came from a list, without its definitions; client.mappings.get({self.id}) has them."
            )
        from graph_olap._code import create_call

        return create_call(
            self.name,
            description=self.description,
            ttl=self.ttl,
            inactivity_timeout=self.inactivity_timeout,
            on_bad_rows=None if self.on_bad_rows == "report" else self.on_bad_rows,
            node_definitions=self.node_definitions,
            edge_definitions=self.edge_definitions or [],
        )

    def _repr_html_(self) -> str:
        from graph_olap.display import mapping_html

        return mapping_html(self)


class MappingDiff(WireModel):
    """What changed between two versions of a mapping."""

    mapping_id: int
    from_version: int
    to_version: int
    summary: Dict[str, int]
    changes: Dict[str, List[Dict[str, Any]]]

    def __str__(self) -> str:
        from graph_olap.utils.diff import render_diff

        return render_diff(self)

    def _repr_html_(self) -> str:
        from graph_olap.display import diff_html

        return diff_html(self)
