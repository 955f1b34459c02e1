"""Nodes, relationships and paths as Cypher writes them, for tables that people read."""

from __future__ import annotations

from typing import Any, Mapping

__all__ = ["value_text"]


def value_text(value: Any) -> str:
    """Return a value of a result as text; graph elements look like the patterns that match them.

    Example:
        >>> value_text({"_id": 0, "_label": "Person", "id": 1, "name": "Ada"})
        "(:Person {id: 1, name: 'Ada'})"
        >>> value_text({"_id": 7, "_type": "KNOWS", "_src": 0, "_dst": 1})
        '[:KNOWS]'
        >>> value_text([1, None])
        '[1, null]'
    """
    return value if isinstance(value, str) else _inner(value)


def _inner(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_inner, value))}]"
    if not isinstance(value, Mapping):
        return str(value)
    if "_nodes" in value and "_rels" in value:
        return _path(value)
    if "_label" in value and "_id" in value:
        return f"(:{value['_label']}{_properties(value)})"
    if "_type" in value and "_src" in value:
        return f"[:{value['_type']}{_properties(value)}]"
    return f"{{{', '.join(f'{name}: {_inner(item)}' for name, item in value.items())}}}"


def _path(path: Mapping[str, Any]) -> str:
    nodes = path["_nodes"]
    text = _inner(nodes[0]) if nodes else "()"
    for before, relationship, node in zip(nodes, path["_rels"], nodes[1:]):
        forwards = relationship.get("_src") == before.get("_id")
        left, right = ("-", "->") if forwards else ("<-", "-")
        text += f"{left}{_inner(relationship)}{right}{_inner(node)}"
    return text


def _properties(element: Mapping[str, Any]) -> str:
    known = {name: item for name, item in element.items() if not name.startswith("_") and item is not None}
    return f" {_inner(known)}" if known else ""
