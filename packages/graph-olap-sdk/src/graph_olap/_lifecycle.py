"""Bodies of lifecycle requests: how to leave, set and clear a lifetime."""

from __future__ import annotations

import enum
from typing import Any, Dict, Union

__all__ = ["CLEAR", "Clear", "Lifetime", "lifetimes"]


class Clear(enum.Enum):
    """Type of :data:`CLEAR`."""

    CLEAR = "clear"

    def __repr__(self) -> str:
        return "CLEAR"


CLEAR = Clear.CLEAR
"""Pass it as ``ttl`` or ``inactivity_timeout`` to remove the limit; ``None`` leaves it as it is."""

Lifetime = Union[str, Clear, None]
"""An ISO 8601 duration such as ``"P7D"``, :data:`CLEAR`, or ``None``."""


def lifetimes(ttl: Lifetime, inactivity_timeout: Lifetime) -> Dict[str, Any]:
    """Return the request body: absent leaves a limit, ``None`` removes it.

    Example:
        >>> lifetimes("P7D", CLEAR)
        {'ttl': 'P7D', 'inactivity_timeout': None}
    """
    values = {"ttl": ttl, "inactivity_timeout": inactivity_timeout}
    return {key: None if value is CLEAR else value for key, value in values.items() if value is not None}
