"""What a mapping would find in the warehouse, before anything is created."""

from __future__ import annotations

from typing import List, Optional

from pydantic import Field

from graph_olap.models.common import WireModel
from graph_olap.models.snapshot import DefinitionReport

__all__ = ["DefinitionCheck", "DryRun", "TypeClash"]


class TypeClash(WireModel):
    """Values of one column that do not fit the declared type; ``sample`` is one of them as text."""

    column: str
    type: str
    rows: int
    sample: str


class DefinitionCheck(DefinitionReport):
    """What would become of the rows of one definition.

    ``estimated_bytes`` is the size of its snapshot file, from a sample; ``None`` when values clash with their types.
    """

    clashes: List[TypeClash] = Field(default_factory=list)
    estimated_bytes: Optional[int] = None


class DryRun(WireModel):
    """Counts, key problems, missing ends and type clashes of a mapping, with estimates of its size and load time.

    ``valid`` tells whether a snapshot would succeed with this data; ``problems`` says in words why not.
    ``estimated_load_seconds`` is the time an instance takes to load the snapshot, not the export before it.
    """

    valid: bool
    on_bad_rows: str
    problems: List[str] = Field(default_factory=list)
    definitions: List[DefinitionCheck] = Field(default_factory=list)
    estimated_nodes: int = 0
    estimated_edges: int = 0
    estimated_bytes: Optional[int] = None
    estimated_load_seconds: float = 0.0
    elapsed_ms: int = 0

    @property
    def rows_rejected(self) -> int:
        """Rows that would not become nodes or edges."""
        return sum(definition.rows_rejected for definition in self.definitions)

    def __getitem__(self, name: str) -> DefinitionCheck:
        """Return the check of one label or relationship type."""
        for definition in self.definitions:
            if definition.name == name:
                return definition
        raise KeyError(name)

    def __str__(self) -> str:
        from graph_olap.display import dry_run_text

        return dry_run_text(self)

    def _repr_html_(self) -> str:
        from graph_olap.display import dry_run_html

        return dry_run_html(self)
