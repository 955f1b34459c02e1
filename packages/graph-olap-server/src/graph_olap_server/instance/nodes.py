"""Nodes in replies and requests: dense ids to references, primary keys to dense ids."""

from __future__ import annotations

import datetime
import uuid
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graph_olap_server.domain.errors import not_found, validation_failed
from graph_olap_server.instance.engine.base import GraphEngine, pack_id

__all__ = ["NodeFinder", "NodeReferences", "json_key"]


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


class NodeFinder:
    """Finds nodes by primary key among some labels; keys come as JSON, numbers also as text."""

    def __init__(self, engine: GraphEngine, labels: Sequence[str]) -> None:
        self._engine = engine
        self._labels = sorted(labels, key=engine.table_id)
        self._keys: dict[str, pa.Array] = {}

    def find(self, wanted: Any, label: str | None = None) -> int:
        """Return the dense id of a node, given as its key or as ``{"label": ..., "key": ...}``.

        Raises:
            PlatformError: ``RESOURCE_NOT_FOUND``, or ``VALIDATION_FAILED`` with ``candidates`` for a key that exists
                under several labels.
        """
        if isinstance(wanted, dict) and set(wanted) == {"label", "key"}:
            label, wanted = wanted["label"], wanted["key"]
        labels = self._labels if label is None else [label]
        start = 0
        found: dict[str, int] = {}
        for candidate in self._labels:
            keys = self._keys_of(candidate)
            if candidate in labels and (offset := _index(keys, wanted)) is not None:
                found[candidate] = start + offset
            start += len(keys)
        if not found:
            place = f"with label {label}" if label is not None else f"among {', '.join(self._labels)}"
            raise not_found("node", wanted, f"There is no node with key {wanted!r} {place}.")
        if len(found) > 1:
            reason = f"{wanted!r} is a key of {' and '.join(found)}; name the label"
            raise validation_failed([("node", reason)], candidates=list(found))
        return next(iter(found.values()))

    def _keys_of(self, label: str) -> pa.Array:
        if label not in self._keys:
            self._keys[label] = self._engine.node_keys(label)
        return self._keys[label]


def _index(keys: pa.Array, wanted: Any) -> int | None:
    """Return the offset of a key after converting it to the type of the keys; ``None`` when it does not fit."""
    if isinstance(wanted, bool) or not isinstance(wanted, (str, int, float)):
        return None
    try:
        value = pa.scalar(str(wanted)).cast(keys.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    index = pc.index(keys, value).as_py()
    return None if index < 0 else index


def json_key(value: Any) -> Any:
    """Return a primary key value as JSON carries it."""
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    return value
