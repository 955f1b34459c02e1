"""Snapshot, its progress and its load report."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from pydantic import Field

from graph_olap.models.common import Timestamp, WireModel

__all__ = ["DefinitionReport", "LoadReport", "Progress", "RejectedRows", "Snapshot", "SnapshotProgress"]


class Progress(WireModel):
    """What snapshot and instance progress have in common."""

    id: int
    status: str
    phase: str
    started_at: Optional[Timestamp] = None
    steps: List[Dict[str, Any]] = Field(default_factory=list)
    current_step: Optional[str] = None
    progress_percent: int = 0
    estimated_remaining_seconds: Optional[int] = None
    error_message: Optional[str] = None

    @property
    def completed_steps(self) -> int:
        """Number of completed steps."""
        return sum(1 for step in self.steps if step.get("status") == "completed")

    @property
    def total_steps(self) -> int:
        """Total number of steps."""
        return len(self.steps)

    @property
    def rows(self) -> int:
        """Rows handled so far, over all steps."""
        return sum(step.get("row_count") or 0 for step in self.steps)


class SnapshotProgress(Progress):
    """Detailed progress of a snapshot's creation.

    ``phase`` is ``queued``, ``exporting``, ``uploading``, ``importing``, ``ready`` or ``failed``.
    """

    jobs_total: int = 0
    jobs_pending: int = 0
    jobs_claimed: int = 0
    jobs_submitted: int = 0
    jobs_completed: int = 0
    jobs_failed: int = 0
    jobs: List[Dict[str, Any]] = Field(default_factory=list)


class RejectedRows(WireModel):
    """Rows of one definition that did not become nodes or edges, for one reason.

    ``reason`` is ``null_key``, ``duplicate_key``, ``dangling_from`` or ``dangling_to``. An edge is counted under the
    first reason that fits, in the order null key, missing start, missing end.
    """

    reason: str
    rows: int
    column: Optional[str] = None
    sample_keys: List[Any] = Field(default_factory=list)


class DefinitionReport(WireModel):
    """Rows in and rows out of one node or edge definition."""

    name: str
    type: str
    rows_read: int
    rows_loaded: int
    rows_rejected: int
    rejected: List[RejectedRows] = Field(default_factory=list)


class LoadReport(WireModel):
    """Rows read, loaded and rejected per definition: nothing is dropped silently.

    ``rows_read == rows_loaded + rows_rejected`` holds for every definition.
    """

    snapshot_id: int
    on_bad_rows: str
    definitions: List[DefinitionReport] = Field(default_factory=list)

    @property
    def rows_rejected(self) -> int:
        """Rejected rows over all definitions."""
        return sum(definition.rows_rejected for definition in self.definitions)

    def __getitem__(self, name: str) -> DefinitionReport:
        """Return the report of one label or relationship type."""
        for definition in self.definitions:
            if definition.name == name:
                return definition
        raise KeyError(name)

    def to_polars(self) -> Any:
        """Return a ``polars.DataFrame`` with one row a definition and rejection reason."""
        from graph_olap._optional import require
        from graph_olap.display import load_report_rows

        return require("polars", "dataframe").DataFrame(load_report_rows(self), infer_schema_length=None)

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with one row a definition and rejection reason."""
        from graph_olap._optional import require
        from graph_olap.display import load_report_rows

        return require("pandas", "dataframe").DataFrame(load_report_rows(self))

    def __str__(self) -> str:
        from graph_olap.display import load_report_text

        return load_report_text(self)

    def _repr_html_(self) -> str:
        from graph_olap.display import load_report_html

        return load_report_html(self)


class Snapshot(WireModel):
    """An exported, immutable copy of a mapping's data."""

    id: int
    mapping_id: int
    mapping_version: int
    mapping_name: Optional[str] = None
    owner_username: str
    name: str
    description: Optional[str] = None
    gcs_path: str = ""
    status: str
    size_bytes: Optional[int] = None
    node_counts: Optional[Dict[str, int]] = None
    edge_counts: Optional[Dict[str, int]] = None
    progress: Optional[Dict[str, Any]] = None
    error_message: Optional[str] = None
    created_at: Timestamp
    updated_at: Timestamp
    ready_at: Optional[Timestamp] = None
    expires_at: Optional[Timestamp] = None
    last_used_at: Optional[Timestamp] = None
    ttl: Optional[str] = None
    inactivity_timeout: Optional[str] = None
    instance_count: int = 0
    implicit: bool = False

    def _repr_html_(self) -> str:
        from graph_olap.display import snapshot_html

        return snapshot_html(self)
