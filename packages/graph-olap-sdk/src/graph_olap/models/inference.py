"""A proposed mapping, and why each part of it is proposed."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from pydantic import Field

from graph_olap.models.common import WireModel
from graph_olap.models.mapping import EdgeDefinition, NodeDefinition

__all__ = ["Evidence", "LeftOut", "MappingProposal"]


class Evidence(WireModel):
    """Why a table is proposed as nodes, or a reference between tables as edges.

    Attributes:
        definition: The node label or relationship type it speaks for.
        kind: ``"key"`` (these columns identify a row) or ``"reference"`` (they hold another table's key).
        table: The table.
        columns: Its columns.
        refers_to: The table that a reference leads to.
        refers_to_columns: That table's key.
        basis: What speaks for it: ``"declared"`` (a constraint), ``"unique"`` (each row looked at has its own value),
            ``"name"``, ``"overlap"`` (the values are found in the other table's key).
        looked_at: Rows (of a key) or different values (of a reference) that were looked at; ``None`` when declared.
        overlap: Share of these values that the other table holds, 0 to 1; ``None`` for keys and declared references.
        also_fits: Other tables that the values fit as well, so look twice.
    """

    definition: str
    kind: str
    table: str
    columns: List[str]
    refers_to: Optional[str] = None
    refers_to_columns: List[str] = Field(default_factory=list)
    basis: List[str]
    looked_at: Optional[int] = None
    overlap: Optional[float] = None
    also_fits: List[str] = Field(default_factory=list)

    def __str__(self) -> str:
        text = f"{self.definition}: {self.table} ({', '.join(self.columns)})"
        if self.refers_to is not None:
            text += f" -> {self.refers_to} ({', '.join(self.refers_to_columns)})"
        text += f"; {' and '.join(self.basis)}"
        if self.overlap is not None and self.looked_at:
            text += f", {self.overlap:.1%} of {self.looked_at:,} values"
        elif self.looked_at is not None:
            text += f", {self.looked_at:,} {'rows' if self.kind == 'key' else 'values'} looked at"
        if self.also_fits:
            text += f"; fits {', '.join(self.also_fits)} too"
        return text


class LeftOut(WireModel):
    """A table or column that the proposal does not use, and why."""

    table: str
    column: Optional[str] = None
    reason: str


class MappingProposal(WireModel):
    """Definitions to start from, with the evidence for each; nothing is stored until you create a mapping of them.

    Attributes:
        catalog_name: The catalog looked at.
        schema_name: The schema looked at.
        node_definitions: Proposed nodes; edit them as you like.
        edge_definitions: Proposed edges.
        evidence: Why, in the order of the definitions.
        left_out: What is not used, and why.
        complete: Whether everything was looked at within the server's time limit.
        elapsed_ms: How long it took.
    """

    catalog_name: str
    schema_name: str
    node_definitions: List[NodeDefinition] = Field(default_factory=list)
    edge_definitions: List[EdgeDefinition] = Field(default_factory=list)
    evidence: List[Evidence] = Field(default_factory=list)
    left_out: List[LeftOut] = Field(default_factory=list)
    complete: bool = True
    elapsed_ms: int = 0

    @property
    def definitions(self) -> Dict[str, Any]:
        """What ``client.mappings.create(name, **proposal.definitions)`` and ``dry_run`` take."""
        return {"node_definitions": self.node_definitions, "edge_definitions": self.edge_definitions}

    def to_code(self, name: str = "My graph") -> str:
        """Return the Python that creates this mapping, to paste into a cell and edit.

        Args:
            name: Name of the mapping.
        """
        from graph_olap._code import create_call

        return create_call(name, **self.definitions)

    def __str__(self) -> str:
        lines = [
            f"Proposal for {self.catalog_name}.{self.schema_name}: {len(self.node_definitions)} node labels, "
            f"{len(self.edge_definitions)} relationship types."
        ]
        lines += [f"  {found}" for found in self.evidence]
        if self.left_out:
            lines.append("Left out:")
            lines += [
                f"  {item.table}{'.' + item.column if item.column else ''}: {item.reason}" for item in self.left_out
            ]
        if not self.complete:
            lines.append("The time limit was reached before everything was looked at; name the tables that matter.")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from graph_olap.display import proposal_html

        return proposal_html(self)
