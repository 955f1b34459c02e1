"""Names for what is put into a statement."""

from __future__ import annotations

__all__ = ["fresh_name"]


def fresh_name(stem: str, taken: set[str]) -> str:
    """Return a name that a statement does not have yet, and add it to those it has.

    Example:
        >>> fresh_name("found", {"n", "found_0"})
        'found_1'
    """
    number = 0
    while (name := f"{stem}_{number}") in taken:
        number += 1
    taken.add(name)
    return name
