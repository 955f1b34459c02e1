"""The engine port: one embedded property-graph engine holding one snapshot.

Everything above this port speaks in labels, relationship types, contract types (``INT64``, ``LIST<STRING>``) and Arrow;
nothing above it knows how an engine spells its types, ids or errors. Every adapter passes the same suite
(``tests/instance/engine``).

Node and relationship ids: ``_id`` is one integer of at most 53 bits, unique over all labels (types), stable for the
life of the instance, and equal to ``id(x)`` in Cypher. Adapters build it from table number and offset with
:func:`pack_id`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from graph_olap.models import GraphSchema

from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = [
    "OFFSET_BITS",
    "EdgeWrite",
    "EngineLimits",
    "EngineResult",
    "GraphEngine",
    "LoadProgress",
    "NodeWrite",
    "ResultColumn",
    "pack_id",
]

OFFSET_BITS = 40
"""Bits of the offset within a table; 13 bits above it number the table."""


def pack_id(table: int, offset: int) -> int:
    """Pack an engine's (table, offset) into the contract's integer id.

    Example:
        >>> pack_id(1, 2) == (1 << 40) + 2
        True
    """
    return (table << OFFSET_BITS) | offset


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """Threads a statement may use, buffer memory (bytes), and how many statements run at a time.

    An engine whose statements share its worker threads needs enough of them for all that run beside each other: with
    fewer, long statements keep short ones, and even their own cancellation, waiting (``threads.py``).
    """

    threads: int
    buffer_bytes: int
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """One step of a load: ``name`` is a label, a relationship type or ``schema``; ``rows`` is set when it is done."""

    name: str
    kind: str
    done: bool
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """Name as in the query (duplicates already suffixed) and contract type name (section 6.4: ``NODE``, ``INT64``)."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class NodeWrite:
    """Values of one property for nodes of one label, given by offset."""

    label: str
    name: str
    type_name: str
    offsets: pa.Array
    values: pa.Array


@dataclass(frozen=True, slots=True)
class EdgeWrite:
    """Values of one property for all relationships between pairs of nodes.

    ``ends`` has ``_src`` and ``_dst`` (offsets within their labels), each pair once. ``relationships`` says how many
    there are between these pairs, if that is known; where these are all of the type, no old value needs to be kept.
    """

    edge_type: str
    name: str
    type_name: str
    ends: pa.Table
    values: pa.Array
    relationships: int | None = None


class RowTooLargeError(ValueError):
    """A single row holds more values than can be shown as JSON."""


@dataclass(slots=True)
class EngineResult(ABC):
    """A finished query: columns known, rows converted batch by batch on demand.

    The engine keeps the rows until ``close``. ``arrow_schema`` and ``batches`` carry contract values: ids packed, nodes
    as structs ``_id, _label, properties...`` of the columns' own label set, no engine-specific struct left.
    """

    columns: list[ResultColumn]
    row_count: int
    execution_time_ms: int
    warnings: list[str] = field(default_factory=list)

    @property
    @abstractmethod
    def arrow_schema(self) -> pa.Schema:
        """Schema of the batches."""

    @abstractmethod
    def batches(self, max_rows_per_batch: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield the rows as Arrow batches; may be called once."""

    @abstractmethod
    def rows(self) -> Iterator[list[Any]]:
        """Yield the rows as lists of JSON-ready values in the encoding of section 6.4; may be called once.

        Raises:
            RowTooLargeError: A list of a row has too many values.
        """

    @abstractmethod
    def close(self) -> None:
        """Free the rows; may be called twice."""


class GraphEngine(ABC):
    """One open graph database.

    Thread safety: ``query``, ``cancel``, ``schema``, ``edges`` and ``node_keys`` may be called from several threads;
    ``write_*`` and ``load`` are called by one thread at a time (the caller holds the instance lock).
    """

    name: ClassVar[str]
    """Name in settings and replies: ``kuzu``, ``ladybug``."""

    buffer_bytes: int
    """Memory for pages of the graph and for what is being written."""

    @classmethod
    @abstractmethod
    def version(cls) -> str:
        """Return the engine library's version (without opening a database)."""

    @classmethod
    @abstractmethod
    def open(cls, path: Path, limits: EngineLimits) -> GraphEngine:
        """Open (or create) the database file at ``path``."""

    @abstractmethod
    def load(self, folder: Path, manifest: SnapshotManifest, on_progress: Callable[[LoadProgress], None]) -> None:
        """Create the schema and load all files of the snapshot in ``folder``; then checkpoint.

        Raises:
            PlatformError: ``VALIDATION_FAILED``-free, plain words in ``message``; the engine's own text never leaks.
        """

    @abstractmethod
    def query(
        self,
        statement: str,
        parameters: Mapping[str, Any],
        *,
        timeout_ms: int,
        query_id: str,
        spill: bool = False,
    ) -> EngineResult:
        """Run one guarded, read-only statement inside a read-only transaction.

        ``spill`` asks for a large result to be kept on disk in place of memory, where the engine can do that rightly.

        ``parameters`` are decoded Python values (section 6.5 already applied); those that the statement does not use
        are ignored.

        Raises:
            PlatformError: ``RYUGRAPH_ERROR`` with its ``kind``, ``QUERY_TIMEOUT``; ``REQUEST_TIMEOUT`` when cancelled.
        """

    @abstractmethod
    def cancel(self, query_id: str) -> bool:
        """Interrupt a running query; false when none has this id."""

    @abstractmethod
    def schema(self) -> GraphSchema:
        """Return labels, types, properties (contract type names) and counts; cached until a write."""

    @abstractmethod
    def table_id(self, name: str) -> int:
        """Return the table number used in the ids of this label or relationship type."""

    @abstractmethod
    def node_keys(self, label: str) -> pa.Array:
        """Return the primary keys of a label in offset order: element i belongs to offset i."""

    @abstractmethod
    def node_values(self, label: str, name: str) -> pa.Array:
        """Return a property of a label in offset order: element i belongs to offset i."""

    @abstractmethod
    def edges(self, edge_type: str, properties: Sequence[str] = ()) -> pa.Table:
        """Return all relationships of a type with the asked properties.

        Columns: ``_src``, ``_dst`` (int64 offsets within their labels), then the properties.
        """

    @abstractmethod
    def write_properties(
        self, writes: Sequence[NodeWrite | EdgeWrite], check: Callable[[], None] = lambda: None
    ) -> None:
        """Set result properties in one transaction: all of them or, after any failure, none.

        A property is created when it is missing and re-created when its type differs; nodes and relationships that are
        not named keep their value. ``check`` is called now and then; what it raises undoes everything.
        """

    def write_node_property(self, label: str, name: str, type_name: str, offsets: pa.Array, values: pa.Array) -> int:
        """Set one property on nodes of one label; return how many were set."""
        self.write_properties([NodeWrite(label, name, type_name, offsets, values)])
        return len(offsets)

    @abstractmethod
    def drop_edge_property(self, edge_type: str, name: str) -> None:
        """Remove a property that an algorithm wrote."""

    @property
    @abstractmethod
    def graph_version(self) -> int:
        """A number that grows with every change of the graph."""

    @abstractmethod
    def written_properties(self) -> frozenset[str]:
        """Return the names of relationship properties that algorithms wrote."""

    @abstractmethod
    def drop_node_property(self, label: str, name: str) -> None:
        """Remove a property that an algorithm wrote."""

    @abstractmethod
    def close(self) -> None:
        """Close the database; may be called twice."""
