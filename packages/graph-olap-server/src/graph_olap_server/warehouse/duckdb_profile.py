"""What a snapshot would find in the data, counted by DuckDB without exporting anything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from graph_olap_server.warehouse.base import (
    BadRows,
    Misfit,
    Profile,
    ProfileTarget,
    WarehouseError,
    WarehouseTimeoutError,
)
from graph_olap_server.warehouse.duckdb_errors import to_warehouse_error
from graph_olap_server.warehouse.duckdb_export import BoundColumn, bind_column, quote
from graph_olap_server.warehouse.sql_check import trimmed
from graph_olap_server.warehouse.types import duckdb_type

__all__ = ["deadline", "profile_targets"]

_SAMPLES = 10
# Names that an analyst's own columns will not have.
_START, _END = '"graph olap start"', '"graph olap end"'

_Bind = Callable[[str], duckdb.DuckDBPyRelation]


def profile_targets(
    connection: duckdb.DuckDBPyConnection, bind: _Bind, targets: Sequence[ProfileTarget], seconds: float
) -> list[Profile]:
    """Profile all targets on one connection, nodes before edges.

    Raises:
        WarehouseTimeoutError: The queries took longer than ``seconds``.
        WarehouseError: A query is wrong or fails.
    """
    keys: dict[str, str] = {}
    profiles = []
    with deadline(connection, seconds) as run:
        for number, target in enumerate(targets):
            relation = bind(target.sql)
            columns = [bind_column(relation, column) for column in target.columns]
            if target.ends is None:
                keys[target.name] = f"temp.profile_keys_{number}"
                profiles.append(_node(run, target, columns, keys[target.name]))
            else:
                profiles.append(_edge(run, target, columns, keys[target.ends[0]], keys[target.ends[1]]))
    return profiles


class _Run:
    """Runs statements until the time is up."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self._ends = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, connection.interrupt)
        self._timer.daemon = True
        self._timer.start()

    def __call__(self, sql: str) -> list[Any]:
        # The timer interrupts what runs at that moment; whatever comes after it is not begun.
        if time.monotonic() >= self._ends:
            raise self._timeout()
        try:
            rows: list[Any] = self._connection.execute(sql).fetchall()
        except duckdb.InterruptException as error:
            raise self._timeout() from error
        except duckdb.Error as error:
            raise to_warehouse_error(error, own_text=False) from error
        return rows

    def close(self) -> None:
        self._timer.cancel()

    def _timeout(self) -> WarehouseError:
        return WarehouseTimeoutError(f"The warehouse did not answer within {self._seconds:g} s.")


@contextmanager
def deadline(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[_Run]:
    """Give what runs statements on a connection until the time is up, then interrupts and refuses them."""
    run = _Run(connection, seconds)
    try:
        yield run
    finally:
        run.close()


def _node(run: _Run, target: ProfileTarget, columns: Sequence[BoundColumn], keys: str) -> Profile:
    key = columns[0]
    source = quote(key.source)
    rows, nulls, *found = run(
        f"SELECT count(*), count(*) FILTER (WHERE {source} IS NULL), {_misfit_counts(columns)} FROM {_source(target)}"
    )[0]
    run(
        f"CREATE TEMP TABLE {keys.removeprefix('temp.')} AS SELECT {_value(key)} AS k, count(*) AS n "
        f"FROM {_source(target)} GROUP BY 1 HAVING k IS NOT NULL"
    )
    ((duplicates,),) = run(f"SELECT coalesce(sum(n) - count(*), 0)::BIGINT FROM {keys}")
    bad = []
    if nulls:
        bad.append(BadRows("null_key", nulls, key.name))
    if duplicates:
        samples = run(f"SELECT k FROM {keys} WHERE n > 1 ORDER BY k LIMIT {_SAMPLES}")
        bad.append(BadRows("duplicate_key", duplicates, key.name, tuple(_plain(value) for (value,) in samples)))
    return Profile(target.name, rows, tuple(bad), _misfits(columns, found))


def _edge(run: _Run, target: ProfileTarget, columns: Sequence[BoundColumn], starts: str, ends: str) -> Profile:
    start, end = columns[0], columns[1]
    missing = f"(e.{quote(start.source)} IS NULL OR e.{quote(end.source)} IS NULL)"
    no_start = f"(NOT {missing} AND e.{_START} IS NOT NULL AND s.k IS NULL)"
    no_end = f"(NOT {missing} AND s.k IS NOT NULL AND e.{_END} IS NOT NULL AND d.k IS NULL)"
    rows, nulls, froms, from_samples, tos, to_samples, *found = run(
        f"SELECT count(*), count(*) FILTER (WHERE {missing}), "
        f"count(*) FILTER (WHERE {no_start}), min(e.{_START}, {_SAMPLES}) FILTER (WHERE {no_start}), "
        f"count(*) FILTER (WHERE {no_end}), min(e.{_END}, {_SAMPLES}) FILTER (WHERE {no_end}), "
        f"{_misfit_counts(columns)} "
        f"FROM (SELECT *, {_value(start)} AS {_START}, {_value(end)} AS {_END} FROM {_source(target)}) AS e "
        f"LEFT JOIN {starts} AS s ON e.{_START} = s.k LEFT JOIN {ends} AS d ON e.{_END} = d.k"
    )[0]
    bad = []
    if nulls:
        bad.append(BadRows("null_key", nulls, None))
    if froms:
        bad.append(BadRows("dangling_from", froms, start.name, _distinct(from_samples)))
    if tos:
        bad.append(BadRows("dangling_to", tos, end.name, _distinct(to_samples)))
    return Profile(target.name, rows, tuple(bad), _misfits(columns, found))


def _source(target: ProfileTarget) -> str:
    # The line break ends a comment at the end of the analyst's text.
    return f"({trimmed(target.sql, 'duckdb')}\n)"


def _value(column: BoundColumn) -> str:
    """Return SQL of a key in its declared type; null where it does not fit."""
    cast = f"TRY_CAST({quote(column.source)} AS {duckdb_type(column.declared)})"
    return f"CASE WHEN {column.bad} THEN NULL ELSE {cast} END"


def _misfit_counts(columns: Sequence[BoundColumn]) -> str:
    return ", ".join(
        f"count(*) FILTER (WHERE {column.bad}), "
        f"min(CAST({quote(column.source)} AS VARCHAR)) FILTER (WHERE {column.bad})"
        for column in columns
    )


def _misfits(columns: Sequence[BoundColumn], found: Sequence[Any]) -> tuple[Misfit, ...]:
    return tuple(
        Misfit(column.name, str(column.declared), count, sample[:100])
        for column, count, sample in zip(columns, found[::2], found[1::2], strict=True)
        if count
    )


def _distinct(samples: Sequence[Any] | None) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(map(_plain, samples or ())))


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)
