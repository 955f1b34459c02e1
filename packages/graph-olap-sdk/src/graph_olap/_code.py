"""Writing Python that recreates a mapping."""

from __future__ import annotations

import ast
from typing import Any, Dict, List, Optional, Sequence, Union

from graph_olap.models.mapping import EdgeDefinition, IndexDefinition, NodeDefinition, PropertyDefinition

__all__ = ["create_call"]

_INDENT = "    "


def create_call(
    name: str,
    *,
    node_definitions: Sequence[NodeDefinition],
    edge_definitions: Sequence[EdgeDefinition],
    **more: Optional[str],
) -> str:
    """Return a call of ``client.mappings.create``, with the imports it needs.

    Args:
        name: Name of the mapping.
        node_definitions: Its nodes.
        edge_definitions: Its edges.
        **more: Further arguments; those that are ``None`` are left out.

    Example:
        >>> print(create_call("Empty", node_definitions=[], edge_definitions=[], ttl="P7D"))
        mapping = client.mappings.create(
            name='Empty',
            ttl='P7D',
            node_definitions=[],
            edge_definitions=[],
        )
        <BLANKLINE>
    """
    classes = [
        name for name, used in (("EdgeDefinition", edge_definitions), ("NodeDefinition", node_definitions)) if used
    ]
    lines = [f"from graph_olap import {', '.join(classes)}", ""] if classes else []
    lines += ["mapping = client.mappings.create(", f"{_INDENT}name={name!r},"]
    lines += [f"{_INDENT}{key}={value!r}," for key, value in more.items() if value is not None]
    lines += _listing("node_definitions", node_definitions)
    lines += _listing("edge_definitions", edge_definitions)
    return "\n".join([*lines, ")", ""])


def _listing(argument: str, items: Sequence[Union[NodeDefinition, EdgeDefinition]]) -> List[str]:
    if not items:
        return [f"{_INDENT}{argument}=[],"]
    lines = [f"{_INDENT}{argument}=["]
    for item in items:
        lines.append(f"{_INDENT * 2}{type(item).__name__}(")
        for field in type(item).model_fields:
            lines += _argument(field, getattr(item, field))
        lines.append(f"{_INDENT * 2}),")
    return [*lines, f"{_INDENT}],"]


def _argument(field: str, value: Any) -> List[str]:
    start = f"{_INDENT * 3}{field}="
    if isinstance(value, PropertyDefinition):
        return [f"{start}{_plain(value)!r},"]
    if isinstance(value, list):
        if not value:
            return []
        items = [f"{_INDENT * 4}{_plain(item)!r}," for item in value]
        return [f"{start}[", *items, f"{_INDENT * 3}],"]
    return [f"{start}{_text(value)},"]


def _plain(item: Union[PropertyDefinition, IndexDefinition]) -> Dict[str, Any]:
    return {key: value for key, value in item.to_dict().items() if value is not None}


def _text(text: str) -> str:
    """Spell a text; one of several lines keeps them where Python reads it back unchanged."""
    if "\n" in text:
        for spelled in (f'"""{text}"""', f"'''{text}'''"):
            try:
                if ast.literal_eval(spelled) == text and text.replace("\n", "").isprintable():
                    return spelled
            except (SyntaxError, ValueError):
                continue
    return repr(text)
