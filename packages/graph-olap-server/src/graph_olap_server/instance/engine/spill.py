"""Large results by way of the disk, where the engine would keep all rows in memory.

Kuzu and Ladybug hold a finished result in memory, and copy it once more when it is read: 10 million rows of four
columns take 0.5 GB and then 0.4 GB. ``COPY (...) TO`` a Parquet file takes 60 MB for the same rows. But rows that a
statement repeats without showing what tells them apart (``MATCH (a)-[]->() RETURN a.id``) it writes only once, so its
file is used only when it has as many rows as the engine counts. Column types that it would change are never written.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from graph_olap_server.instance.encoding import Encoder, PropertyLists, contract_name
from graph_olap_server.instance.encoding.types import ValueType
from graph_olap_server.instance.engine.base import EngineResult, ResultColumn
from graph_olap_server.instance.engine.clauses import AGGREGATES
from graph_olap_server.instance.engine.conflicts import Conflicts
from graph_olap_server.instance.engine.results import unique_names
from graph_olap_server.instance.engine.types import parse_engine_type
from graph_olap_server.instance.tokens import Token, TokenKind, strip_comments, tokenise

__all__ = ["SpilledResult", "spilled_result"]

_MIN_ROWS = 200_000
"""Smaller results are quicker from memory."""

_EXACT = {
    "BOOL": pa.bool_(),
    **{f"INT{bits}": getattr(pa, f"int{bits}")() for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": getattr(pa, f"uint{bits}")() for bits in (8, 16, 32, 64)},
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "STRING": pa.string(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}
_OTHER_CLAUSES = frozenset(
    {"WITH", "OPTIONAL", "UNWIND", "UNION", "CALL", "EXISTS", "DISTINCT", "ORDER", "SKIP", "LIMIT", "LOAD", "SHORTEST"}
)


def spilled_result(
    database: Path,
    text: str,
    names: list[str],
    conflicts: Conflicts,
    lists: PropertyLists,
    run: Callable[[str], Any],
) -> SpilledResult | None:
    """Run a statement by way of the disk; ``None`` when it has to run in memory.

    Args:
        database: The database file; the result is written beside it.
        text: The statement.
        names: What its columns are called.
        conflicts: Refuses columns that cannot be read rightly.
        lists: The properties of the graph.
        run: Executes a statement inside one read-only transaction, under the query's time limit.
    """
    parts = _spillable(text)
    if parts is None or len(parts.items) != len(names):
        return None
    started = time.monotonic()
    # A new start of the instance removes what is called like its database.
    file = database.with_name(f"{database.name}.result-{uuid.uuid4().hex}.parquet")
    spilled = _spill(parts, file, run)
    if spilled is None:
        return None
    types, rows = spilled
    shown = unique_names(names)
    conflicts.refuse_unreadable(shown, types)
    return SpilledResult(file, shown, types, rows, round((time.monotonic() - started) * 1000), lists)


class SpilledResult(EngineResult):
    """Rows in a file that is gone with the result."""

    __slots__ = ("_file", "_lists", "_types")

    def __init__(
        self, file: Path, names: list[str], types: list[ValueType], rows: int, milliseconds: int, lists: PropertyLists
    ) -> None:
        columns = [ResultColumn(name, contract_name(kind)) for name, kind in zip(names, types, strict=True)]
        super().__init__(columns, rows, milliseconds)
        self._types = types
        self._lists = lists
        self._file = pq.ParquetFile(file, memory_map=False, pre_buffer=False)
        file.unlink()  # stays readable until it is closed, and cannot be left behind

    @property
    def arrow_schema(self) -> pa.Schema:
        """Schema of the batches."""
        names = [column.name for column in self.columns]
        return pa.schema([(name, _EXACT[kind.name]) for name, kind in zip(names, self._types, strict=True)])

    def batches(self, max_rows_per_batch: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield the rows as Arrow batches."""
        for batch in self._file.iter_batches(max_rows_per_batch, use_threads=False):
            yield pa.RecordBatch.from_arrays(batch.columns, schema=self.arrow_schema)

    def rows(self) -> Iterator[list[Any]]:
        """Yield the rows as JSON-ready lists."""
        encoder = Encoder(self._lists)
        for batch in self.batches():
            columns = [encoder.encode(array, kind) for array, kind in zip(batch.columns, self._types, strict=True)]
            yield from map(list, zip(*columns, strict=True))

    def close(self) -> None:
        """Free the file."""
        with suppress(OSError):
            self._file.close(force=True)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A statement of one MATCH and one RETURN: what stands before RETURN, and the returned expressions."""

    head: str
    items: tuple[str, ...]

    def returning(self, end: str) -> str:
        """Return the statement with other words after RETURN."""
        return f"{self.head}RETURN {end}"

    @property
    def columns(self) -> str:
        """The expressions under names of our own: the file takes no name twice."""
        return ", ".join(f"{item} AS c{number}" for number, item in enumerate(self.items))


def _spillable(text: str) -> _Parts | None:
    """Take a statement apart when its rows are written as they are found: no groups, order, limits or subqueries."""
    text = strip_comments(text)
    tokens = tokenise(text)
    words = [token.keyword for token in tokens]
    starts_or_ends = {"STARTS", "ENDS"}
    clauses = {word for before, word in zip(["", *words], words, strict=False) if before not in starts_or_ends}
    if not words or words[0] != "MATCH" or words.count("MATCH") != 1 or words.count("RETURN") != 1:
        return None
    if clauses & _OTHER_CLAUSES or any(
        word in AGGREGATES and following.text in "({" for word, following in zip(words, tokens[1:], strict=False)
    ):
        return None
    place = words.index("RETURN")
    if any(
        token.text == "{" and before in ("COUNT", "EXISTS") for before, token in zip(words, tokens[1:], strict=False)
    ):
        return None
    items = list(_split(tokens[place + 1 :]))
    if any(not item or item[-1].text == "*" for item in items):
        return None
    return _Parts(text[: tokens[place].start], tuple(_expression(text, item) for item in items))


def _spill(parts: _Parts, file: Path, run: Callable[[str], Any]) -> tuple[list[ValueType], int] | None:
    """Write a result to a file; ``None``, and no file, when it is small or the file would not be the result.

    Args:
        parts: The statement.
        file: Where it goes.
        run: Executes a statement inside one read-only transaction, under the query's time limit.

    Returns:
        The column types and the number of rows.
    """
    with closing(run(parts.returning(f"{parts.columns} LIMIT 0"))) as probe:
        types = [parse_engine_type(name) for name in probe.get_column_data_types()]
    if any(kind.name not in _EXACT for kind in types):
        return None
    with closing(run(parts.returning("count(*)"))) as counted:
        rows = int(counted.get_next()[0])
    if rows < _MIN_ROWS:
        return None
    try:
        run(f"COPY ({parts.returning(parts.columns)}) TO '{_quoted(file)}'").close()
        written = pq.read_metadata(file)
        if written.num_rows == rows and written.schema.to_arrow_schema().types == [_EXACT[kind.name] for kind in types]:
            return types, rows
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    file.unlink()
    return None


def _split(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the tokens of each item of a RETURN."""
    item: list[Token] = []
    depth = 0
    for token in tokens:
        if token.kind is TokenKind.SYMBOL:
            depth += (token.text in "([{") - (token.text in ")]}")
            if token.text == "," and depth == 0:
                yield item
                item = []
                continue
            if token.text == ";":
                continue
        item.append(token)
    yield item


def _expression(text: str, item: list[Token]) -> str:
    """Return the text of an item without its alias."""
    if len(item) > 2 and item[-2].keyword == "AS":
        item = item[:-2]
    return text[item[0].start : item[-1].end]


def _quoted(file: Path) -> str:
    return str(file).replace("\\", "\\\\").replace("'", "\\'")
