"""A finished query of the shared dialect: its rows as contract Arrow and as JSON-ready lists."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.encoding import Encoder, PropertyLists, ValueType, contract_name
from graph_olap_server.instance.encoding.intervals import is_plain_interval
from graph_olap_server.instance.encoding.types import contains
from graph_olap_server.instance.engine.base import EngineResult, ResultColumn, RowTooLargeError
from graph_olap_server.instance.engine.conflicts import Conflicts
from graph_olap_server.instance.engine.convert import BrokenColumnError, shown_type, to_contract
from graph_olap_server.instance.engine.types import parse_engine_type
from graph_olap_server.logs import event

__all__ = ["CypherResult", "unique_names"]

_log = logging.getLogger(__name__)

_ROWS_PER_CHUNK = 65_536
_VALUES_AT_A_TIME = 1_000_000
_VALUES_OF_A_ROW = 10_000_000
"""As Python objects they take 40 bytes and more each."""
_NOT_FINITE = "NaN and infinite numbers are shown as null; Arrow results keep them."
_INTERVAL = (
    "Intervals are counted in days: the engine hands out a month as 30 of them. CAST(... AS STRING) keeps months."
)


@dataclass(slots=True)
class CypherResult(EngineResult):
    """Rows that the engine keeps until they are read; they are converted once, a chunk at a time."""

    _source: Any = None
    _types: list[ValueType] = field(default_factory=list)
    _conflicts: Conflicts = field(default_factory=Conflicts.none)
    _lists: PropertyLists | None = None
    _places: tuple[int, ...] | None = None
    _chunks: list[pa.RecordBatch] | None = None
    _schema: pa.Schema | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(
        cls,
        source: Any,
        names: list[str] | None,
        conflicts: Conflicts,
        lists: PropertyLists,
        places: tuple[int, ...] | None = None,
    ) -> CypherResult:
        """Take over an engine's result; refuses columns whose values cannot be read rightly, before reading them.

        ``places`` tells where in the engine's result each column is, when the engine was given another order.
        """
        types = [parse_engine_type(text) for text in source.get_column_data_types()]
        engine_names = source.get_column_names()
        if places is not None:
            types, engine_names = [types[place] for place in places], [engine_names[place] for place in places]
        shown = unique_names(names if names is not None and len(names) == len(engine_names) else engine_names)
        conflicts.refuse_unreadable(shown, types)
        milliseconds = round(source.get_execution_time() + source.get_compiling_time())
        columns = [ResultColumn(name, contract_name(kind)) for name, kind in zip(shown, types, strict=True)]
        result = cls(columns, source.get_num_tuples(), milliseconds, [], source, types, conflicts, lists, places)
        if any(contains(kind, _INTERVALS) for kind in types):
            result._name_intervals()
        return result

    @property
    def arrow_schema(self) -> pa.Schema:
        """Schema of the batches."""
        self._load()
        assert self._schema is not None
        return self._schema

    def batches(self, max_rows_per_batch: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield the rows as Arrow batches."""
        for chunk in self._load():
            self._refuse_too_wide(chunk)
            for start in range(0, chunk.num_rows, max_rows_per_batch):
                yield chunk.slice(start, max_rows_per_batch)

    def rows(self) -> Iterator[list[Any]]:
        """Yield the rows as JSON-ready lists."""
        assert self._lists is not None
        encoder, types = Encoder(self._lists), [shown_type(kind) for kind in self._types]
        for chunk in (piece for whole in self._load() for piece in _pieces(whole)):
            columns = [encoder.encode(array, kind) for array, kind in zip(chunk.columns, types, strict=True)]
            if encoder.not_finite and _NOT_FINITE not in self.warnings:
                self.warnings.append(_NOT_FINITE)
            yield from map(list, zip(*columns, strict=True))

    def close(self) -> None:
        """Free the rows."""
        with self._lock:
            source, self._source = self._source, None
            self._chunks = []
        if source is not None:
            source.close()

    def _load(self) -> list[pa.RecordBatch]:
        with self._lock:
            if self._chunks is None:
                table = self._source.get_as_arrow(_ROWS_PER_CHUNK)
                self._source.close()
                self._source = None
                self._convert(table if self._places is None else table.select(list(self._places)))
            assert self._chunks is not None
            return self._chunks

    def _convert(self, table: pa.Table) -> None:
        assert self._lists is not None
        names = [column.name for column in self.columns]
        columns = []
        for column, kind in zip(table.columns, self._types, strict=True):
            chunks = column.chunks or [pa.array([], column.type)]
            columns.append([self._checked(chunk, kind) for chunk in chunks])
        self._schema = pa.schema([(name, arrays[0].type) for name, arrays in zip(names, columns, strict=True)])
        batches = [pa.RecordBatch.from_arrays(list(row), schema=self._schema) for row in zip(*columns, strict=True)]
        self._chunks = [batch for batch in batches if batch.num_rows]

    def _checked(self, chunk: pa.Array, kind: ValueType) -> pa.Array:
        assert self._lists is not None
        try:
            converted = to_contract(chunk, kind, self._lists.types)
            converted.validate()
        except (BrokenColumnError, pa.ArrowInvalid, pa.ArrowIndexError) as error:
            event(_log, "result_broken", level=logging.ERROR, type=contract_name(kind), error=str(error))
            message = f"The engine gave a broken {contract_name(kind)} column. Return single values, without null."
            raise cypher_error("engine", message, self._conflicts.statement) from error
        return converted

    def _refuse_too_wide(self, chunk: pa.RecordBatch) -> None:
        for name, array in zip(chunk.schema.names, chunk.columns, strict=True):
            if not _has_widest(array.type):
                continue
            try:
                array.validate(full=True)
            except pa.ArrowInvalid:
                message = (
                    f"The column {name} holds whole numbers of more than 38 digits, for which Arrow and "
                    "DataFrames have no type. Ask for rows (query), or return CAST(... AS STRING)."
                )
                raise cypher_error("runtime", message, self._conflicts.statement) from None

    def _name_intervals(self) -> None:
        months = False
        for position, kind in enumerate(self._types):
            if kind.name != "INTERVAL":
                months |= contains(kind, _INTERVALS)
                continue
            chunks = pa.chunked_array([chunk.column(position) for chunk in self._load()], pa.duration("us"))
            micros = pc.unique(chunks.cast(pa.int64())).drop_null().to_pylist()
            months |= any(abs(value) >= _SHORTEST_MONTH for value in micros)
            if not all(map(is_plain_interval, micros)):
                self.columns[position] = ResultColumn(self.columns[position].name, "INTERVAL_ISO")
        if months and self._may_hold_months():
            self.warnings.append(_INTERVAL)

    def _may_hold_months(self) -> bool:
        """Tell whether a month can have come into the result: as text, as a parameter or from a property."""
        if _MONTHS.search(self._conflicts.statement):
            return True
        assert self._lists is not None
        kinds = {"node": self._lists.nodes, "edge": self._lists.edges}
        return any(
            contains(self._lists.types(kind, name, pa.null()), _INTERVALS)
            for kind, labels in kinds.items()
            for names in labels.values()
            for name in names
        )


_INTERVALS = frozenset({"INTERVAL"})
_SHORTEST_MONTH = 28 * 86_400 * 1_000_000
_MONTHS = re.compile(r"interval|duration|month|year|\$", re.IGNORECASE)


def _pieces(chunk: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Split a chunk where its lists hold more values than should become Python objects at a time."""
    values = sum(map(_values_in, chunk.columns))
    if values <= _VALUES_AT_A_TIME or chunk.num_rows <= 1:
        if values > _VALUES_OF_A_ROW and chunk.num_rows == 1:
            raise RowTooLargeError(f"{values} values in a row")
        yield chunk
        return
    half = chunk.num_rows // 2
    yield from _pieces(chunk.slice(0, half))
    yield from _pieces(chunk.slice(half))


def _values_in(array: pa.Array) -> int:
    kind = array.type
    if pa.types.is_fixed_size_list(kind):
        return len(array) * int(kind.list_size)
    if pa.types.is_map(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
        first, last = (int(array.offsets[place].as_py()) for place in (0, -1))
        children = (array.keys, array.items) if pa.types.is_map(kind) else (array.values,)
        return len(array) + sum(_values_in(child.slice(first, last - first)) for child in children)
    if pa.types.is_struct(kind):
        return sum(map(_values_in, array.flatten()))
    return len(array)


def _has_widest(kind: pa.DataType) -> bool:
    """Tell whether a type is, or holds, the decimal in which the engines hand out INT128."""
    if pa.types.is_decimal(kind):
        return bool(kind.precision == 38)
    return any(_has_widest(kind.field(index).type) for index in range(kind.num_fields))


def unique_names(names: list[str]) -> list[str]:
    """Give repeated names a suffix, so that a row can become a dictionary.

    Example:
        >>> unique_names(["a", "a", "a_1"])
        ['a', 'a_2', 'a_1']
    """
    taken = set(names)
    seen: set[str] = set()
    unique = []
    for name in names:
        candidate, number = name, 0
        while candidate in seen or (number and candidate in taken):
            number += 1
            candidate = f"{name}_{number}"
        seen.add(candidate)
        unique.append(candidate)
    return unique
