"""Names: which labels, types and properties are allowed, and texts within their limits."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = [
    "MAX_DESCRIPTION",
    "MAX_NAME",
    "RESERVED_PREFIXES",
    "RESERVED_WORDS",
    "edge_type_problem",
    "element_name_problem",
    "resource_name_problem",
    "result_property_problem",
    "text_problem",
]

MAX_NAME = 255
MAX_DESCRIPTION = 4000
_MAX_ELEMENT_NAME = 64

RESERVED_WORDS = frozenset(
    {"NODE", "RELATIONSHIP", "MATCH", "WHERE", "RETURN", "CREATE", "DELETE", "SET"}
    | {"REMOVE", "WITH", "ORDER", "LIMIT", "SKIP", "UNION", "CALL", "YIELD"}
)
"""Words that no label, type, property or key may be, in any case."""

RESERVED_PREFIXES = ("_internal_", "_system_", "_ryugraph_")
"""Prefixes kept for the platform, in any case."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_EDGE_TYPE = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def element_name_problem(name: str) -> str | None:
    """Say what is wrong with a label, property or key name; ``None`` when it is fine.

    Example:
        >>> element_name_problem("Account"), element_name_problem("match")
        (None, "'match' is a reserved word; choose another name")
    """
    return _problem(name, _NAME, "start with a letter and hold only letters, digits and _")


def edge_type_problem(name: str) -> str | None:
    """Say what is wrong with an edge type.

    Example:
        >>> edge_type_problem("paid")
        "'paid' must start with a capital letter and hold only capital letters, digits and _"
    """
    return _problem(name, _EDGE_TYPE, "start with a capital letter and hold only capital letters, digits and _")


def resource_name_problem(name: str) -> str | None:
    """Say what is wrong with the name of a mapping, snapshot or instance (already trimmed)."""
    if not name.strip():
        return "must not be blank"
    if len(name) > MAX_NAME:
        return f"must have at most {MAX_NAME} characters, has {len(name)}"
    if _CONTROL.search(name):
        return "must not contain control characters"
    return None


def text_problem(text: str, maximum: int, *, required: bool = False) -> str | None:
    """Say what is wrong with a free text of at most ``maximum`` characters."""
    if required and not text.strip():
        return "must not be blank"
    if len(text) > maximum:
        return f"must have at most {maximum} characters, has {len(text)}"
    return None


def _problem(name: str, pattern: re.Pattern[str], rule: str) -> str | None:
    if not name:
        return "must not be empty"
    if len(name) > _MAX_ELEMENT_NAME:
        return f"must have at most {_MAX_ELEMENT_NAME} characters, has {len(name)}"
    if name.lower().startswith(RESERVED_PREFIXES):
        return f"{name!r} starts with a reserved prefix; choose another name"
    if not pattern.fullmatch(name):
        return f"{name!r} must {rule}"
    if name.upper() in RESERVED_WORDS:
        return f"{name!r} is a reserved word; choose another name"
    return None


def result_property_problem(owner: str, name: str, defined: Iterable[str], existing: Iterable[str]) -> str | None:
    """Say why an algorithm cannot write this property of a label or type; ``None`` when it can.

    The engines' property names ignore case.

    Example:
        >>> result_property_problem("Person", "NAME", ["name"], ["name"])
        'Person.name comes from the mapping and cannot be changed; choose another name'
    """
    for known in defined:
        if known.lower() == name.lower():
            return f"{owner}.{known} comes from the mapping and cannot be changed; choose another name"
    for known in existing:
        if known.lower() == name.lower() and known != name:
            return f"{owner} has a property {known}, and names ignore case; write {known}, or remove it first"
    return None
