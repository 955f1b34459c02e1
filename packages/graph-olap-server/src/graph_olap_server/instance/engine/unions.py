"""UNION, part by part: the engines lose and add rows, or mix columns up, when they join the parts themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.engine.clauses import is_clause_word
from graph_olap_server.instance.tokens import Token

__all__ = ["UnionParts", "UnionResult", "union_parts"]


@dataclass(frozen=True, slots=True)
class UnionParts:
    """The parts of a statement, each at its place in it: what is not of the part is blank."""

    texts: tuple[str, ...]
    distinct: bool


def union_parts(statement: str, tokens: Sequence[Token]) -> UnionParts:
    """Split a statement at UNION.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``binder``: UNION and UNION ALL in one statement.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> text = "RETURN 1 AS a UNION ALL RETURN 2 AS a"
        >>> union_parts(text, tokenise(text)).texts
        ('RETURN 1 AS a                        ', '                        RETURN 2 AS a')
    """
    places = list(_unions(tokens))
    if not places:
        return UnionParts((statement,), distinct=False)
    kinds = {place + 1 < len(tokens) and tokens[place + 1].keyword == "ALL" for place in places}
    if len(kinds) > 1:
        message = "UNION and UNION ALL cannot be used in one query. Use one of them, or run the parts as own queries."
        raise cypher_error("binder", message, statement, tokens[places[-1]].start)
    keeps_all = kinds == {True}
    starts = [0, *(tokens[place + keeps_all].end for place in places)]
    ends = [*(tokens[place].start for place in places), len(statement)]
    texts = tuple(
        _blank(statement[:start]) + statement[start:end] + _blank(statement[end:])
        for start, end in zip(starts, ends, strict=True)
    )
    return UnionParts(texts, distinct=not keeps_all)


def _unions(tokens: Sequence[Token]) -> Iterator[int]:
    for place in range(len(tokens)):
        if is_clause_word(tokens, place, "UNION"):
            yield place


def _blank(text: str) -> str:
    return "".join(character if character == "\n" else " " for character in text)


class UnionResult:
    """Results of the parts as one, with the methods of an engine's result that are read."""

    def __init__(self, sources: Sequence[Any], places: Sequence[tuple[int, ...] | None]) -> None:
        self._sources = sources
        self._places = places
        self._table: pa.Table | None = None

    @classmethod
    def join(
        cls, sources: Sequence[Any], places: Sequence[tuple[int, ...] | None], statement: str, *, distinct: bool
    ) -> UnionResult:
        """Put results together; ``places`` tells where in a part's result each column is.

        Raises:
            PlatformError: ``RYUGRAPH_ERROR`` of kind ``binder``: the parts differ in the number or types of columns.
        """
        result = cls(sources, places)
        result._check(statement)
        if distinct:
            result._table = _distinct(result._joined(65_536, statement))
        else:
            result._table = result._joined(65_536, statement)
        return result

    def get_column_names(self) -> list[str]:
        """Names of the first part's columns."""
        return self._ordered(0, self._sources[0].get_column_names())

    def get_column_data_types(self) -> list[str]:
        """Types of the columns, as the engine writes them."""
        return self._ordered(0, self._sources[0].get_column_data_types())

    def get_num_tuples(self) -> int:
        """Rows."""
        assert self._table is not None
        return int(self._table.num_rows)

    def get_execution_time(self) -> float:
        """Milliseconds that the parts took together."""
        return float(sum(source.get_execution_time() for source in self._sources))

    def get_compiling_time(self) -> float:
        """Milliseconds that planning the parts took."""
        return float(sum(source.get_compiling_time() for source in self._sources))

    def get_as_arrow(self, _rows: int) -> pa.Table:
        """Rows of all parts."""
        assert self._table is not None
        return self._table

    def close(self) -> None:
        """Free the rows."""
        self._table = None
        for source in self._sources:
            source.close()

    def _ordered(self, part: int, values: Sequence[str]) -> list[str]:
        places = self._places[part]
        return list(values) if places is None else [values[place] for place in places]

    def _check(self, statement: str) -> None:
        names = self.get_column_names()
        first = self.get_column_data_types()
        for part in range(1, len(self._sources)):
            types = self._ordered(part, self._sources[part].get_column_data_types())
            if len(types) != len(first):
                message = (
                    f"The parts of UNION must have the same columns: the first has {len(first)}, part {part + 1} "
                    f"has {len(types)}."
                )
                raise cypher_error("binder", message, statement)
            for name, wanted, found in zip(names, first, types, strict=True):
                if wanted != found:
                    raise cypher_error("binder", _TYPES.format(name=name, a=wanted, b=found, n=part + 1), statement)

    def _joined(self, rows: int, statement: str) -> pa.Table:
        names = [str(number) for number in range(len(self.get_column_names()))]
        tables = []
        for source, places in zip(self._sources, self._places, strict=True):
            table = source.get_as_arrow(rows)
            tables.append((table if places is None else table.select(list(places))).rename_columns(names))
        try:
            return pa.concat_tables(tables, promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            raise cypher_error("binder", _STRUCTS, statement) from None


_TYPES = (
    "In UNION, the column {name} is {a} in the first part and {b} in part {n}. Convert one with CAST(value AS TYPE)."
)
_STRUCTS = (
    "In UNION, nodes or relationships with different properties of one name cannot be one column. Return single "
    "properties instead."
)


def _distinct(table: pa.Table) -> pa.Table:
    """Return the rows without repetitions; the first of each stays."""
    seen: set[Any] = set()
    kept = []
    number = 0
    for batch in table.to_batches():
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            key = _key(row)
            if key not in seen:
                seen.add(key)
                kept.append(number)
            number += 1
    return table.take(pa.array(kept, pa.int64()))


def _key(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(map(_key, value))
    if isinstance(value, dict):
        return tuple((name, _key(item)) for name, item in value.items())
    return ("NaN",) if isinstance(value, float) and value != value else (type(value).__name__, value)
