"""What was made of the last statements, so that the same one with other numbers is not rewritten again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, TypeVar

from graph_olap_server.instance.engine.catalog import Catalog
from graph_olap_server.instance.engine.looked_up import long_list_of

__all__ = ["Recent", "parameter_traits"]

_Made = TypeVar("_Made")

_SIZE = 256
_LONGEST = 10_000
"""Characters of the longest statement, and of the longest text parameter, that is remembered."""


class Recent(Generic[_Made]):
    """The last few results by key, for one state of the catalog."""

    def __init__(self) -> None:
        self._catalog: Catalog | None = None
        self._made: OrderedDict[Hashable, _Made] = OrderedDict()
        self._mutex = threading.Lock()

    def get(self, catalog: Catalog, statement: str, key: Hashable, make: Callable[[], _Made]) -> _Made:
        """Return what was made for a key, or make it; a long statement, or a key of None, is made each time."""
        if key is None or len(statement) > _LONGEST:
            return make()
        key = (statement, key)
        with self._mutex:
            if self._catalog is not catalog:
                self._catalog = catalog
                self._made.clear()
            found = self._made.get(key)
            if found is not None:
                self._made.move_to_end(key)
                return found
        made = make()
        with self._mutex:
            if self._catalog is catalog:
                self._made[key] = made
                if len(self._made) > _SIZE:
                    self._made.popitem(last=False)
        return made


def parameter_traits(parameters: Mapping[str, Any]) -> Hashable:
    """Return what rewriting may look at in parameters: texts, what is null, and what lists hold.

    None where that is too much to remember.
    """
    if any(isinstance(value, str) and len(value) > _LONGEST for value in parameters.values()):
        return None
    return tuple((name, _trait(value)) for name, value in sorted(parameters.items()))


def _trait(value: Any) -> Hashable:
    if isinstance(value, str):
        return ("text", value)
    if isinstance(value, list):
        return ("list", None in value, any(isinstance(item, str) for item in value), long_list_of(value))
    return value is None
