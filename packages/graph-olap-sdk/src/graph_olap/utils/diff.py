"""Mapping diffs as text, HTML and dictionaries."""

from __future__ import annotations

import difflib
import json
from typing import Any, Dict, Iterator, List, Mapping, Union

from graph_olap.models.mapping import MappingDiff

__all__ = ["diff_to_dict", "render_diff", "render_diff_html"]

_SIGNS = {"added": "+", "removed": "-", "modified": "~"}


def render_diff(diff: Union[MappingDiff, Mapping[str, Any]]) -> str:
    """Return the changes between two versions of a mapping as readable text.

    Args:
        diff: What ``client.mappings.diff`` or ``client.mappings.diff_versions`` returned.

    Example:
        >>> print(render_diff({
        ...     "mapping_id": 4, "from_version": 1, "to_version": 2,
        ...     "summary": {"nodes_added": 1},
        ...     "changes": {"nodes": [{"label": "Branch", "change_type": "added"}], "edges": []},
        ... }))
        Mapping 4, version 1 → 2: 1 nodes added
        + node Branch
    """
    model = _model(diff)
    counts = [f"{count} {name.replace('_', ' ')}" for name, count in model.summary.items() if count]
    lines = [
        f"Mapping {model.mapping_id}, version {model.from_version} → {model.to_version}: "
        f"{', '.join(counts) or 'no changes'}"
    ]
    for kind, group in (("node", "nodes"), ("edge", "edges")):
        for change in model.changes.get(group, []):
            lines.extend(_change_lines(kind, change))
    return "\n".join(lines)


def render_diff_html(diff: Union[MappingDiff, Mapping[str, Any]]) -> str:
    """Return the changes between two versions as HTML, everything in it escaped; notebooks show a diff like this.

    Args:
        diff: What ``client.mappings.diff`` or ``client.mappings.diff_versions`` returned.

    Example:
        >>> same = {"mapping_id": 4, "from_version": 1, "to_version": 2, "summary": {}, "changes": {}}
        >>> "no changes" in render_diff_html(same)
        True
    """
    from graph_olap.display import diff_html

    return diff_html(_model(diff))


def diff_to_dict(diff: Union[MappingDiff, Mapping[str, Any]]) -> Dict[str, Any]:
    """Return the changes between two versions as a dictionary that JSON can hold.

    Args:
        diff: What ``client.mappings.diff`` or ``client.mappings.diff_versions`` returned.

    Example:
        >>> same = {"mapping_id": 4, "from_version": 1, "to_version": 2, "summary": {}, "changes": {}}
        >>> diff_to_dict(same) == same
        True
    """
    return _model(diff).to_dict()


def _model(diff: Union[MappingDiff, Mapping[str, Any]]) -> MappingDiff:
    return diff if isinstance(diff, MappingDiff) else MappingDiff.from_dict(diff)


def _change_lines(kind: str, change: Dict[str, Any]) -> Iterator[str]:
    name = change.get("label") or change.get("type")
    yield f"{_SIGNS.get(change['change_type'], '?')} {kind} {name}"
    for field in change.get("fields_changed") or ():
        yield f"    {field}"
        before, after = (change.get(side) or {} for side in ("from", "to"))
        for line in _compare(before.get(field), after.get(field)):
            yield f"      {line}"


def _compare(before: Any, after: Any) -> List[str]:
    lines = difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=1)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def _lines(value: Any) -> List[str]:
    if isinstance(value, str):
        return value.splitlines()
    if isinstance(value, list):
        return [json.dumps(item, sort_keys=True, ensure_ascii=False) for item in value]
    return [] if value is None else [json.dumps(value, sort_keys=True, ensure_ascii=False)]
