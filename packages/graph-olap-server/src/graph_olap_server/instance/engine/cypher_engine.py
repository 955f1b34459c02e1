"""What Kuzu and Ladybug have in common: one dialect, one Python interface, two libraries."""

from __future__ import annotations

import logging
import re
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import pyarrow as pa
import pyarrow.compute as pc
from graph_olap.models import GraphSchema

from graph_olap_server.domain.errors import PlatformError, cypher_error, not_found
from graph_olap_server.instance.encoding import ValueType
from graph_olap_server.instance.engine.base import (
    EdgeWrite,
    EngineLimits,
    EngineResult,
    GraphEngine,
    LoadProgress,
    NodeWrite,
)
from graph_olap_server.instance.engine.cache import mark_loaded
from graph_olap_server.instance.engine.catalog import Catalog, TableEntry, read_catalog
from graph_olap_server.instance.engine.conflicts import Conflicts, property_lists
from graph_olap_server.instance.engine.convert import to_contract, value_type_of
from graph_olap_server.instance.engine.cycles import has_parallel, hops_of, intersects
from graph_olap_server.instance.engine.errors import is_interruption, translate, write_failed
from graph_olap_server.instance.engine.hidden import ShownPlan, hide, shown_columns
from graph_olap_server.instance.engine.loader import load_snapshot
from graph_olap_server.instance.engine.pool import ConnectionPool, RunningQuery
from graph_olap_server.instance.engine.prepare import Prepared, Rewritten, plan_prefix, prepare
from graph_olap_server.instance.engine.recent import Recent
from graph_olap_server.instance.engine.results import CypherResult
from graph_olap_server.instance.engine.spill import spilled_result
from graph_olap_server.instance.engine.threads import ThreadsInForce, giving_way, workers
from graph_olap_server.instance.engine.types import HIDDEN_PREFIX, quote
from graph_olap_server.instance.engine.unions import UnionParts, UnionResult, union_parts
from graph_olap_server.instance.engine.writeback import (
    PreparedWrite,
    check_writable,
    drop_property,
    remove_unfinished,
    write_all,
)
from graph_olap_server.instance.tokens import TokenError, by_statement, result_names, tokenise
from graph_olap_server.logs import event
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["CypherEngine"]

_log = logging.getLogger(__name__)


class CypherEngine(GraphEngine):
    """An embedded engine of the Kuzu family."""

    can_index: ClassVar[bool] = True
    """Whether the library has full-text and vector indexes built in."""

    connection_settings: ClassVar[tuple[str, ...]] = ()
    """Statements that every new connection runs first."""

    def __init__(self, database: Any, limits: EngineLimits, path: Path) -> None:
        self.buffer_bytes = limits.buffer_bytes
        self._database = database
        self._path = path
        library = self._library()
        threads = ThreadsInForce(limits.threads, path.parent)

        def connect() -> Any:
            connection = library.Connection(database, num_threads=threads())
            for setting in self.connection_settings:
                connection.execute(setting)
            return connection

        self._pool = ConnectionPool(connect, threads)
        self._catalog: Catalog | None = None
        self._catalog_lock = threading.Lock()
        self._graph_version = 0
        self._parallel: dict[str, bool] = {}
        self._recent: Recent[Rewritten] = Recent()
        self._keys: dict[str, pa.Array] = {}
        self._closed = False
        self._filling = False
        with self._pool.plain() as connection:
            connection.execute("CALL force_checkpoint_on_close=false")
            remove_unfinished(connection)

    @classmethod
    @abstractmethod
    def _library(cls) -> Any:
        """Import and return the engine's Python module."""

    @classmethod
    def version(cls) -> str:
        """Return the library's version."""
        return str(cls._library().__version__)

    @classmethod
    def storage_version(cls) -> int:
        """Return the version of the library's file format."""
        return int(cls._library().storage_version)

    @classmethod
    def open(cls, path: Path, limits: EngineLimits) -> Self:
        """Open (or create) the database file."""
        try:
            make = partial(
                cls._library().Database,
                str(path),
                buffer_pool_size=limits.buffer_bytes,
                max_num_threads=workers(limits.threads, limits.concurrency),
                # Results of algorithms stay in the log: the file may be shared (cache.py), and Kuzu 0.11.3 crashes in
                # a checkpoint after a property was dropped.
                auto_checkpoint=False,
            )
            database = giving_way(make)
        except RuntimeError as error:
            event(_log, "engine_open_failed", level=logging.ERROR, path=str(path), error=str(error))
            message = (
                f"The graph file {path.name} cannot be opened by {cls.name}. Start a new instance of the snapshot."
            )
            raise cypher_error("engine", message, "") from error
        return cls(database, limits, path)

    def load(self, folder: Path, manifest: SnapshotManifest, on_progress: Callable[[LoadProgress], None]) -> None:
        """Create the schema and load all files of the snapshot."""
        with self._pool.plain() as connection:
            load_snapshot(connection, folder, manifest, on_progress, can_index=self.can_index)
        mark_loaded(self._path)
        self._forget()

    def query(
        self,
        statement: str,
        parameters: Mapping[str, Any],
        *,
        timeout_ms: int,
        query_id: str,
        spill: bool = False,
    ) -> EngineResult:
        """Run one guarded, read-only statement."""
        deadline = time.monotonic() + timeout_ms / 1000  # planning, which nothing interrupts, counts as well
        try:
            parts, names, explained = _parts(statement)
        except TokenError as error:
            raise cypher_error("syntax", str(error), statement, error.position) from None
        catalog = self._current()
        prepared = [self._prepared(text, parameters, catalog, explained=explained) for text in parts.texts]
        conflicts = Conflicts(catalog.conflicts("node"), catalog.conflicts("edge"), statement)
        with self._pool.reading(query_id) as running:
            if spill and names is not None and len(prepared) == 1 and prepared[0].columns is None:

                def run(text: str) -> Any:
                    part = replace(prepared[0], text=text)
                    return self._execute(running, part, statement, catalog, timeout_ms, deadline)

                lists = property_lists(catalog, conflicts)
                spilled = spilled_result(self._path, prepared[0].text, names, conflicts, lists, run)
                if spilled is not None:
                    return spilled
            sources = [self._execute(running, part, statement, catalog, timeout_ms, deadline) for part in prepared]
        columns = [
            shown_columns(each.get_column_names(), part.columns) for each, part in zip(sources, prepared, strict=True)
        ]
        source, places = ShownPlan(sources[0]) if explained else sources[0], columns[0]
        if len(sources) > 1:
            source, places = UnionResult.join(sources, columns, statement, distinct=parts.distinct), None
        result = CypherResult.read(source, names, conflicts, property_lists(catalog, conflicts), places)
        result.warnings += [warning for part in prepared for warning in part.warnings]
        return result

    def cancel(self, query_id: str) -> bool:
        """Interrupt a running query."""
        return self._pool.cancel(query_id)

    def schema(self) -> GraphSchema:
        """Return labels, types, properties and counts."""
        return self._current().schema()

    def table_id(self, name: str) -> int:
        """Return the table number of a label or relationship type."""
        return self._table(name).number

    def node_keys(self, label: str) -> pa.Array:
        """Return the primary keys of a label in offset order; they never change, and those read last are kept."""
        kept = self._keys.get(label)
        if kept is None:
            key = self._table(label).primary_key
            assert key is not None
            kept = self.node_values(label, key)
            if kept.nbytes + sum(keys.nbytes for keys in list(self._keys.values())) > _MOST_KEY_BYTES:
                self._keys = {}
            if kept.nbytes <= _MOST_KEY_BYTES:
                self._keys[label] = kept
        return kept

    def node_values(self, label: str, name: str) -> pa.Array:
        """Return a property of a label in offset order."""
        columns = {"_offset": "offset(id(n))", name: f"n.{quote(name)}"}
        table = self._arrow(f"MATCH (n:{quote(label)})", columns, self._table(label))
        offsets = table.column("_offset").combine_chunks()
        values = table.column(name).combine_chunks()
        return values.take(pc.sort_indices(offsets)) if len(values) else values

    def edges(self, edge_type: str, properties: Sequence[str] = ()) -> pa.Table:
        """Return all relationships of a type with the asked properties."""
        entry = self._table(edge_type)
        assert entry.ends is not None
        start, end = entry.ends
        # Both ends in one number: the engine hands out rows value by value, which takes longer than to find them.
        bits = self._table(end).rows.bit_length()
        columns = {"_ends": f"offset(id(a)) * {1 << bits} + offset(id(b))"}
        columns |= {name: f"r.{quote(name)}" for name in properties}
        pattern = f"MATCH (a:{quote(start)})-[r:{quote(edge_type)}]->(b:{quote(end)})"
        table = self._arrow(pattern, columns, entry)
        ends = table["_ends"].to_numpy()
        parts = {"_src": pa.array(ends >> bits), "_dst": pa.array(ends & ((1 << bits) - 1))}
        return pa.table(parts | {name: table[name] for name in properties})

    def write_properties(
        self, writes: Sequence[NodeWrite | EdgeWrite], check: Callable[[], None] = lambda: None
    ) -> None:
        """Set result properties, all of them or none."""
        prepared = []
        for write in writes:
            entry = self._table(write.label if isinstance(write, NodeWrite) else write.edge_type)
            check_writable(entry, write.name)
            if isinstance(write, NodeWrite):
                prepared.append(PreparedWrite(entry, write, (self._keys_of(entry.name, write.offsets),)))
            else:
                assert entry.ends is not None
                start, end = (self._table(label) for label in entry.ends)
                keys = (self._keys_of(start.name, write.ends["_src"]), self._keys_of(end.name, write.ends["_dst"]))
                prepared.append(PreparedWrite(entry, write, keys, (start, end)))
            check()
        self._filling = True
        try:
            with self._pool.plain() as connection:
                write_all(connection, prepared, check)
        except RuntimeError as error:
            if (failure := write_failed(str(error))) is None:
                raise
            event(_log, "write_failed", level=logging.ERROR, error=str(error))
            raise failure from error
        finally:
            self._filling = False
        self._forget()

    def drop_node_property(self, label: str, name: str) -> None:
        """Remove a property that an algorithm wrote."""
        entry = self._table(label)
        if name not in entry.properties:
            raise not_found("property", f"{label}.{name}")
        check_writable(entry, name)
        with self._pool.writing() as connection:
            drop_property(connection, entry, name)
        self._forget()

    def drop_edge_property(self, edge_type: str, name: str) -> None:
        """Remove a property that an algorithm wrote."""
        self.drop_node_property(edge_type, name)

    @property
    def graph_version(self) -> int:
        """A number that grows with every change of the graph."""
        return self._graph_version

    def written_properties(self) -> frozenset[str]:
        """Return the names of relationship properties that algorithms wrote."""
        edges = self._current().edges.values()
        return frozenset(name for entry in edges for name in entry.properties if name not in entry.defined)

    def close(self) -> None:
        """Close the database."""
        if not self._closed:
            self._closed = True
            self._pool.close()
            self._database.close()

    def _prepared(
        self, statement: str, parameters: Mapping[str, Any], catalog: Catalog, *, explained: bool
    ) -> Prepared:
        """Prepare a statement, with its cycles open where the engine would lose parallel relationships.

        What is being written meanwhile is kept out of sight.
        """
        prepared = self._opened(statement, parameters, catalog, explained=explained)
        if not self._filling and HIDDEN_PREFIX not in statement.lower() and "table_info" not in statement.lower():
            return prepared

        def refuse(owner: str, name: str) -> PlatformError:
            text = f"Binder exception: Cannot find property {name} for {owner}."
            return translate(text, statement, catalog, prepared.original_position)

        hiding = hide(prepared.text, refuse)
        position = prepared.original_position
        return replace(
            prepared, text=hiding.text, original_position=lambda place: position(hiding.original_position(place))
        )

    def _opened(self, statement: str, parameters: Mapping[str, Any], catalog: Catalog, *, explained: bool) -> Prepared:
        prepared = prepare(statement, parameters, catalog, self._refusal, self._recent, explained=explained)
        if not prepared.may_have_cycle or not self._intersects(prepared):
            return prepared
        hops = hops_of(statement, list(catalog.edges))
        if not hops.mixed and not any(map(self._has_parallel, hops.types & set(catalog.edges))):
            return prepared
        opened = prepare(statement, parameters, catalog, self._refusal, self._recent, explained=False, acyclic=True)
        if self._intersects(opened):
            raise cypher_error("statement_not_allowed", _CYCLE, statement)
        return opened

    def _intersects(self, prepared: Prepared) -> bool:
        with self._reading() as connection:
            try:
                plan = connection.execute(f"EXPLAIN {prepared.text}", prepared.values)
            except (RuntimeError, ValueError, TypeError, OverflowError):
                return False  # it fails when it runs, with the right message
            try:
                return intersects(str(plan.get_next()[0]))
            finally:
                plan.close()

    def _refusal(self, text: str, values: Mapping[str, Any]) -> str | None:
        with self._reading() as connection:
            try:
                connection.execute(f"EXPLAIN {text}", dict(values)).close()
            except (RuntimeError, ValueError, TypeError, OverflowError) as error:
                return str(error)
        return None

    def _has_parallel(self, edge_type: str) -> bool:
        found = self._parallel.get(edge_type)
        if found is None:
            found = self._parallel[edge_type] = has_parallel(self.edges(edge_type))
        return found

    def _execute(
        self,
        running: RunningQuery,
        prepared: Prepared,
        statement: str,
        catalog: Catalog,
        timeout_ms: int,
        deadline: float,
    ) -> Any:
        # The parts of a UNION share one time limit; 0 is none.
        left = round((deadline - time.monotonic()) * 1000) if timeout_ms else 0
        if running.cancelled:
            raise _cancelled()
        if timeout_ms and left < 1:
            raise _timed_out(timeout_ms)
        running.connection.set_query_timeout(left)
        try:
            with _without_masks(running, prepared.text):
                return running.execute(prepared.text, prepared.values)
        except RuntimeError as error:
            text = str(error)
            if is_interruption(text):
                raise _cancelled() if running.cancelled else _timed_out(timeout_ms) from None
            failure = translate(text, statement, catalog, prepared.original_position)
            if failure.details["kind"] == "engine":
                event(_log, "engine_failed", level=logging.ERROR, error=text)
            raise failure from None
        except (ValueError, TypeError, OverflowError) as error:
            event(_log, "parameter_refused", level=logging.WARNING, error=str(error))
            message = "A parameter cannot be given to the engine. Check that lists hold values of one type."
            raise cypher_error("parameter", message, statement) from None

    def _arrow(self, pattern: str, columns: Mapping[str, str], entry: TableEntry) -> pa.Table:
        """Read columns of one label or type as contract Arrow."""
        returned = ", ".join(f"{expression} AS {quote(name)}" for name, expression in columns.items())
        with self._reading() as connection:
            source = connection.execute(f"{pattern} RETURN {returned}")
            table = source.get_as_arrow(0) if source.get_num_tuples() else source.get_as_arrow(1)
            source.close()
        arrays = []
        for name, column in zip(columns, table.columns, strict=True):
            kind = entry.properties.get(name)
            chunks = column.chunks if kind is None else [to_contract(chunk, kind, _unknown) for chunk in column.chunks]
            arrays.append(pa.chunked_array(chunks, None if chunks else column.type))
        return pa.table(arrays, names=list(columns))

    def _keys_of(self, label: str, offsets: Any) -> pa.Array:
        chosen = offsets.combine_chunks() if isinstance(offsets, pa.ChunkedArray) else offsets
        return self.node_keys(label).take(chosen)

    @contextmanager
    def _reading(self) -> Iterator[RunningQuery]:
        with self._pool.reading() as running:
            running.connection.set_query_timeout(0)
            yield running

    def _table(self, name: str) -> TableEntry:
        try:
            return self._current().table(name)
        except KeyError:
            raise not_found("label", name, f"The graph has no label or relationship type {name}.") from None

    def _current(self) -> Catalog:
        with self._catalog_lock:
            if self._catalog is None:
                with self._reading() as connection:
                    self._catalog = read_catalog(connection)
            return self._catalog

    def _forget(self) -> None:
        with self._catalog_lock:
            self._catalog = None
            self._graph_version += 1


@by_statement
def _parts(statement: str) -> tuple[UnionParts, list[str] | None, bool]:
    """Return the parts of a statement, the names of its columns and whether it asks for its plan."""
    tokens = tokenise(statement)
    parts = union_parts(statement, tokens)
    if tokens[0].keyword not in ("EXPLAIN", "PROFILE"):
        return parts, result_names(tokens, statement), False
    # Parts of a UNION run one by one, so there is a plan of each.
    prefix = statement[: plan_prefix(tokens)]
    return UnionParts(tuple(prefix + text[len(prefix) :] for text in parts.texts), distinct=False), None, True


@contextmanager
def _without_masks(running: RunningQuery, text: str) -> Iterator[None]:
    """Keep the engine from crashing: ALL SHORTEST to ends that a filter has emptied reads a mask that is not there."""
    if not _ALL_SHORTEST.search(text):
        yield
        return
    running.execute("CALL enable_semi_mask=false")
    try:
        yield
    finally:
        with suppress(RuntimeError):
            running.execute("CALL enable_semi_mask=true")


_MOST_KEY_BYTES = 64 * 1024**2

_CYCLE = (
    "A pattern of OPTIONAL MATCH, EXISTS { } or COUNT { } comes back to a node over parallel relationships: the engine "
    "would count them once. Match the last relationship of the cycle in a MATCH of its own after WITH."
)
_ALL_SHORTEST = re.compile(r"\bALL\s+SHORTEST\b", re.IGNORECASE)


def _unknown(_kind: str, _name: str, arrow_type: pa.DataType) -> ValueType:
    return value_type_of(arrow_type)


def _cancelled() -> PlatformError:
    return PlatformError("REQUEST_TIMEOUT", "The query was cancelled.", {"reason": "cancelled"})


def _timed_out(timeout_ms: int) -> PlatformError:
    seconds = f"{timeout_ms / 1000:g}"
    message = f"The query was stopped at its time limit of {seconds} s. Filter or aggregate more, or raise timeout."
    return PlatformError("QUERY_TIMEOUT", message, {"timeout_ms": timeout_ms})
