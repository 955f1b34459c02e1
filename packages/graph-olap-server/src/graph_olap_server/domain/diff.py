"""What changed between two versions of a mapping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graph_olap.models import MappingDiff, MappingVersion, WireModel

__all__ = ["diff_versions"]


def diff_versions(mapping_id: int, old: MappingVersion, new: MappingVersion) -> MappingDiff:
    """Compare definitions by label and type; a rename is a removal and an addition."""
    nodes = _changes("label", old.node_definitions, new.node_definitions)
    edges = _changes("type", old.edge_definitions, new.edge_definitions)
    summary = {
        f"{kind}_{change}": sum(1 for item in items if item["change_type"] == change)
        for kind, items in (("nodes", nodes), ("edges", edges))
        for change in ("added", "removed", "modified")
    }
    return MappingDiff(
        mapping_id=mapping_id,
        from_version=old.version,
        to_version=new.version,
        summary=summary,
        changes={"nodes": nodes, "edges": edges},
    )


def _changes(key: str, old: Sequence[WireModel], new: Sequence[WireModel]) -> list[dict[str, Any]]:
    before = {item[key]: item for item in (definition.to_dict() for definition in old)}
    after = {item[key]: item for item in (definition.to_dict() for definition in new)}
    changes = []
    for name in sorted(before.keys() | after.keys()):
        source, target = before.get(name), after.get(name)
        if source == target:
            continue
        change = "added" if source is None else "removed" if target is None else "modified"
        fields = None
        if source is not None and target is not None:
            fields = sorted(field for field in source | target if source.get(field) != target.get(field))
        changes.append({key: name, "change_type": change, "fields_changed": fields, "from": source, "to": target})
    return changes
