"""Nodes in replies and requests: dense ids to references, primary keys to dense ids."""

from __future__ import annotations

import datetime
import uuid
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from graph_olap_server.instance.engine.base import GraphEngine, pack_id

__all__ = ["NodeReferences", "json_key"]


class NodeReferences:
    """Turns the dense ids of a projection into ``{"_id", "_label", "key"}``; keys are read when first needed."""

    def __init__(self, engine: GraphEngine, starts: Mapping[str, int]) -> None:
        self._engine = engine
        self._labels = list(starts)
        self._starts = [starts[label] for label in self._labels]
        self._keys: dict[str, Any] = {}

    def label_and_offset(self, dense: int) -> tuple[str, int]:
        """Return where a node lies."""
        position = bisect_right(self._starts, dense) - 1
        # Labels without nodes share their start with the next one, which bisect_right skips to.
        return self._labels[position], dense - self._starts[position]

    def reference(self, dense: int) -> dict[str, Any]:
        """Return a node as JSON names it."""
        label, offset = self.label_and_offset(dense)
        if label not in self._keys:
            self._keys[label] = self._engine.node_keys(label)
        return {
            "_id": pack_id(self._engine.table_id(label), offset),
            "_label": label,
            "key": json_key(self._keys[label][offset].as_py()),
        }


def json_key(value: Any) -> Any:
    """Return a primary key value as JSON carries it."""
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    return value
