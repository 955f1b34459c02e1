"""When a running instance gets more memory on its own, and how much (sections 4.5 and 5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

__all__ = ["LARGEST_GB", "Pressure", "grown_gb", "may_grow", "pressure"]

Pressure = Literal["proactive", "urgent"]

LARGEST_GB = 32
"""Memory beyond which an instance does not grow on its own."""

_PROACTIVE, _URGENT = 0.80, 0.90
_PAUSE = timedelta(seconds=300)
_MOST_TIMES = 3
_GB = 1024**3


def pressure(used_bytes: int, limit_bytes: int) -> Pressure | None:
    """Judge how much of its memory an instance uses; ``None`` is fine.

    Example:
        >>> pressure(79, 100), pressure(81, 100), pressure(91, 100)
        (None, 'proactive', 'urgent')
    """
    if used_bytes > _URGENT * limit_bytes:
        return "urgent"
    return "proactive" if used_bytes > _PROACTIVE * limit_bytes else None


def grown_gb(limit_bytes: int, largest_gb: int | None) -> int | None:
    """Return twice the limit in whole GB, cut at what is possible; ``None`` when that is not more than now.

    Args:
        limit_bytes: The limit in force.
        largest_gb: What the machine allows; ``None`` where nothing tells.

    Example:
        >>> grown_gb(4 * 1024**3, None), grown_gb(4 * 1024**3, 6), grown_gb(32 * 1024**3, None)
        (8, 6, None)
    """
    most = LARGEST_GB if largest_gb is None else min(LARGEST_GB, largest_gb)
    grown = min(2 * limit_bytes // _GB, most)
    return grown if grown * _GB > limit_bytes else None


def may_grow(now: datetime, times: int, last_try: datetime | None) -> bool:
    """Tell whether it is time: not too soon after the last try, and not too often."""
    # A try in the future was noted before the clock was set back.
    return times < _MOST_TIMES and (last_try is None or not timedelta(0) <= now - last_try < _PAUSE)
