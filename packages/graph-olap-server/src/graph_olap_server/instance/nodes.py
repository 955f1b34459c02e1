"""Nodes in replies and requests: dense ids to references, primary keys to dense ids."""

from __future__ import annotations

import datetime
import uuid
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph_olap_server.domain.errors import not_found, validation_failed
from graph_olap_server.instance.engine.base import GraphEngine, pack_id

__all__ = ["TYPED_KEY", "NodeFinder", "NodeIndex", "NodeReferences", "json_key"]


TYPED_KEY = frozenset({"$type", "value"})
"""Fields of a value that JSON has no type for: a date, a UUID, a decimal."""


class NodeIndex:
    """The nodes of a projection: dense ids from 0 in the order of ``_id``.

    Args:
        sizes: Label → number of its nodes, in dense order.
        members: Label → offsets of its nodes, ascending; without it a label takes part with all nodes.
    """

    def __init__(self, sizes: Mapping[str, int], members: Mapping[str, NDArray[np.int64]] | None = None) -> None:
        self.sizes = dict(sizes)
        self.starts: dict[str, int] = {}
        self._members = members
        self._count = 0
        for label, size in self.sizes.items():
            self.starts[label] = self._count
            self._count += size
        self._labels = list(self.starts)
        self._bounds = list(self.starts.values())

    def __len__(self) -> int:
        return self._count

    @property
    def labels(self) -> list[str]:
        """Labels in dense order."""
        return self._labels

    def locate(self, dense: int) -> tuple[str, int]:
        """Return the label of a node and its offset there."""
        # Labels without nodes share their start with the next one, which bisect_right skips to.
        label = self._labels[bisect_right(self._bounds, dense) - 1]
        place = dense - self.starts[label]
        return label, place if self._members is None else int(self._members[label][place])

    def dense(self, label: str, offset: int) -> int | None:
        """Return the dense id of a node, or ``None`` when it is not among them."""
        if label not in self.starts:
            return None
        if self._members is None:
            return self.starts[label] + offset
        place = int(np.searchsorted(self._members[label], offset))
        found = place < self.sizes[label] and int(self._members[label][place]) == offset
        return self.starts[label] + place if found else None

    def dense_of(self, label: str, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the dense ids of nodes of one label, -1 for those that are not among them."""
        if label not in self.starts:
            return np.full(len(offsets), -1, np.int64)
        if self._members is None:
            return offsets + self.starts[label]
        members = self._members[label]
        place = np.minimum(np.searchsorted(members, offsets), len(members) - 1)
        return np.where(members[place] == offsets, place + self.starts[label], -1)

    def split(self, dense: NDArray[np.int64]) -> Iterator[tuple[str, slice, NDArray[np.int64]]]:
        """Yield per label the part of ``dense`` (ascending) that has it, and the offsets of these nodes."""
        for label, start in self.starts.items():
            first, last = np.searchsorted(dense, [start, start + self.sizes[label]])
            yield label, slice(int(first), int(last)), self.offsets(label, dense[first:last])

    def offsets(self, label: str, dense: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the offsets of nodes that all have one label, in any order."""
        places = dense - self.starts[label] if self.starts[label] else dense
        return places if self._members is None else self._members[label][places]


class NodeReferences:
    """Turns the dense ids of a projection into ``{"_id", "_label", "key"}``; keys are read when first needed."""

    def __init__(self, engine: GraphEngine, nodes: NodeIndex) -> None:
        self._engine = engine
        self._nodes = nodes
        self._keys: dict[str, Any] = {}

    def reference(self, dense: int) -> dict[str, Any]:
        """Return a node as JSON names it."""
        label, offset = self._nodes.locate(dense)
        return {
            "_id": pack_id(self._engine.table_id(label), offset),
            "_label": label,
            "key": json_key(self._keys_of(label)[offset].as_py()),
        }

    def columns(self, dense: NDArray[np.int64]) -> tuple[pa.Array, pa.Array, pa.Array]:
        """Return ``_id``, label and key of nodes in any order; keys of several types become text."""
        present = [label for label, size in self._nodes.sizes.items() if size]
        if len(present) == 1:
            (label,) = present
            offsets = self._nodes.offsets(label, dense)
            ids = pack_id(self._engine.table_id(label), 0) + offsets
            return pa.array(ids), pa.repeat(label, len(dense)), self._keys_of(label).take(pa.array(offsets))
        order = np.argsort(dense, kind="stable")
        ids = np.empty(len(dense), np.int64)
        numbers = np.zeros(len(dense), np.int32)
        parts: list[pa.Array] = []
        for number, (label, part, offsets) in enumerate(self._nodes.split(dense[order])):
            ids[order[part]] = pack_id(self._engine.table_id(label), 0) + offsets
            numbers[order[part]] = number
            if len(offsets):
                parts.append(self._keys_of(label).take(pa.array(offsets)))
        if len({part.type for part in parts}) > 1:
            parts = [pc.cast(part, pa.string()) for part in parts]
        keys = pa.concat_arrays(parts) if parts else pa.array([], pa.string())
        back = np.empty(len(dense), np.int64)
        back[order] = np.arange(len(dense))
        labels = pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(self._nodes.labels, pa.string()))
        return pa.array(ids), labels.cast(pa.string()), keys.take(pa.array(back))

    def _keys_of(self, label: str) -> Any:
        if label not in self._keys:
            self._keys[label] = self._engine.node_keys(label)
        return self._keys[label]


class NodeFinder:
    """Finds nodes by primary key among some labels; keys come as JSON, numbers also as text."""

    def __init__(self, engine: GraphEngine, labels: Sequence[str]) -> None:
        self._engine = engine
        self._labels = sorted(labels, key=engine.table_id)
        self._keys: dict[str, pa.Array] = {}

    def find(self, wanted: Any, label: str | None = None, *, field: str = "node") -> tuple[str, int]:
        """Return label and offset of a node, given as its key or as ``{"label": ..., "key": ...}``.

        Raises:
            PlatformError: ``RESOURCE_NOT_FOUND``, or ``VALIDATION_FAILED`` about ``field`` for a label that is not
                among those, and with ``candidates`` for a key that exists under several of them.
        """
        if isinstance(wanted, dict) and set(wanted) == {"label", "key"}:
            label, wanted = wanted["label"], wanted["key"]
            if label not in self._labels:
                reason = f"there is no node label {label!r} here; use one of {', '.join(self._labels)}"
                raise validation_failed([(field, reason)])
        if isinstance(wanted, dict) and set(wanted) == TYPED_KEY:
            wanted = wanted["value"]  # the type of the key is known
        found: dict[str, int] = {}
        for candidate in self._labels:
            if label in (None, candidate) and (offset := _index(self._keys_of(candidate), wanted)) is not None:
                found[candidate] = offset
        if not found:
            place = f"with label {label}" if label is not None else f"among {', '.join(self._labels)}"
            raise not_found("node", wanted, f"There is no node with key {wanted!r} {place}.")
        if len(found) > 1:
            reason = f"{wanted!r} is a key of {' and '.join(found)}; name the label"
            raise validation_failed([(field, reason)], candidates=list(found))
        return next(iter(found.items()))

    def find_dense(self, wanted: Any, nodes: NodeIndex, label: str | None = None, *, field: str = "node") -> int:
        """Return the dense id of a node in a projection; raises as :meth:`find` does."""
        found, offset = self.find(wanted, label, field=field)
        dense = nodes.dense(found, offset)
        if dense is None:
            raise not_found("node", wanted, f"{found} {wanted!r} is not among the nodes of the projection.")
        return dense

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
