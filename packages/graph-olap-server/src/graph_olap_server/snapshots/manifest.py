"""What a snapshot holds: definitions, files and counts, written as ``manifest.json`` beside the Parquet files.

The manifest is all an instance needs to load a graph: it never asks the control plane for definitions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from graph_olap.models import EdgeDefinition, LoadReport, NodeDefinition
from pydantic import BaseModel

__all__ = ["MANIFEST_NAME", "EntityFile", "SnapshotManifest"]

MANIFEST_NAME = "manifest.json"


class EntityFile(BaseModel):
    """The Parquet file of one definition.

    Columns of a node file: primary key, then properties, in definition order. Columns of an edge file: start key, end
    key, then properties. All have the names that the definition gives them. Keys are never null; node keys are unique;
    both ends of every edge exist.
    """

    kind: Literal["node", "edge"]
    name: str
    path: str
    rows: int
    size_bytes: int


class SnapshotManifest(BaseModel):
    """Everything about one snapshot that does not change once it is ready; paths are relative to its folder."""

    format_version: int = 1
    snapshot_id: int
    mapping_id: int
    mapping_version: int
    node_definitions: list[NodeDefinition]
    edge_definitions: list[EdgeDefinition]
    files: list[EntityFile]
    load_report: LoadReport

    def file_of(self, name: str) -> EntityFile:
        """Return the file of a label or relationship type."""
        return next(file for file in self.files if file.name == name)

    @classmethod
    def read(cls, folder: Path) -> SnapshotManifest:
        """Read the manifest of a snapshot folder."""
        return cls.model_validate_json((folder / MANIFEST_NAME).read_bytes())
