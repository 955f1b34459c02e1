"""What lists found lately: how many rows a filter matches, and which ones when they are few."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

__all__ = ["Found", "Totals"]

_MOST_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Found:
    """The number of matches; ``ids`` in no order, where they were looked up as well."""

    total: int
    ids: Sequence[int] | None = None


class Totals:
    """What this process found, each with the state of the table that it was found in.

    A state is replaced by a trigger in the transaction that changes what filters look at, and is read in the
    transaction that reads the page: what is remembered is never older or newer than the page.

    Example:
        >>> totals = Totals()
        >>> totals.put("all", "state 1", Found(3))
        >>> totals.get("all", "state 1").total, totals.get("all", "state 2")
        (3, None)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, tuple[str, Found]] = OrderedDict()

    def get(self, key: Hashable, state: str) -> Found | None:
        """Return what was found in this state."""
        with self._lock:
            kept = self._found.get(key)
            if kept is None or kept[0] != state:
                return None
            self._found.move_to_end(key)
            return kept[1]

    def put(self, key: Hashable, state: str, found: Found) -> None:
        """Remember what was found in this state."""
        with self._lock:
            self._found[key] = state, found
            self._found.move_to_end(key)
            while len(self._found) > _MOST_KEPT:
                self._found.popitem(last=False)
