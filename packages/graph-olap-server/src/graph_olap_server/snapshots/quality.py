"""Which rows of exported files cannot become nodes or edges, and why.

A node row is bad when its key is null or an earlier row has the same key. An edge row is bad when a key is null or an
end is not among the node keys, which are the distinct keys that are not null: exactly those that stay in any mode.
"""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
from graph_olap.models import DefinitionReport, EdgeDefinition, NodeDefinition, RejectedRows

from graph_olap_server.machine import memory_limit_bytes
from graph_olap_server.snapshots.store import EntityKind

__all__ = ["SAMPLE_KEYS", "Judge", "Judged"]

SAMPLE_KEYS = 10
"""Most sample keys a report shows for one reason."""

_SCRATCH = ".finalize"


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found in one file; ``bad`` is SQL for the numbers of its bad rows."""

    key: tuple[EntityKind, str]
    report: DefinitionReport
    bad: str

    @property
    def rejected_rows(self) -> int:
        """Number of bad rows."""
        return self.report.rows_rejected


class Judge:
    """A private DuckDB over the exported files, with bounded memory; use as a context manager.

    Nodes must be judged before the edges that refer to them.
    """

    def __init__(self, folder: Path, files: Mapping[tuple[EntityKind, str], Path]) -> None:
        self._files = files
        self._scratch = folder / _SCRATCH
        self._key_tables: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Open the database."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{max(memory_limit_bytes() // 4, 256 * 1024**2)}B",
                "temp_directory": str(self._scratch),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        self._connection.execute("SET TimeZone = 'UTC'")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the database and remove its scratch folder."""
        self._connection.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def node(self, definition: NodeDefinition) -> Judged:
        """Judge the rows of a node definition and keep its keys for the edges."""
        column = definition.primary_key.name
        key, rows = _quote(column), self._rows(("node", definition.label))
        table = _quote(f"keys_{len(self._key_tables)}")
        # One pass fills the table of distinct keys; the counts follow from it.
        self._connection.execute(
            f"CREATE TEMP TABLE {table} AS SELECT {key} AS k FROM {rows} WHERE {key} IS NOT NULL GROUP BY {key}"
        )
        self._key_tables[definition.label] = table
        total, present = self._one(f"SELECT count(*), count({key}) FROM {rows}")
        (distinct,) = self._one(f"SELECT count(*) FROM {table}")
        rejected = []
        if total > present:
            rejected.append(RejectedRows(reason="null_key", rows=total - present, column=column))
        if present > distinct:
            samples = self._samples(
                f"SELECT {key} FROM {rows} WHERE {key} IS NOT NULL GROUP BY {key} HAVING count(*) > 1"
            )
            rejected.append(
                RejectedRows(reason="duplicate_key", rows=present - distinct, column=column, sample_keys=samples)
            )
        bad = (
            f"SELECT n FROM (SELECT file_row_number AS n, {key} IS NULL AS missing, "
            f"row_number() OVER (PARTITION BY {key} ORDER BY file_row_number) AS nth FROM {rows}) "
            "WHERE missing OR nth > 1"
        )
        return _judged(("node", definition.label), total, rejected, bad)

    def edge(self, definition: EdgeDefinition) -> Judged:
        """Judge the rows of an edge definition against the node keys."""
        rows = self._rows(("edge", definition.type))
        start, end = _quote(definition.from_key), _quote(definition.to_key)
        starts, ends = self._key_tables[definition.from_node], self._key_tables[definition.to_node]
        # Of several reasons the first one counts; the key tables are distinct, so that joins add no rows.
        reasons = (
            f"SELECT e.file_row_number AS n, e.{start} AS f, e.{end} AS t, CASE "
            f"WHEN e.{start} IS NULL OR e.{end} IS NULL THEN 'null_key' WHEN s.k IS NULL THEN 'dangling_from' "
            f"WHEN d.k IS NULL THEN 'dangling_to' END AS reason FROM {rows} AS e "
            f"LEFT JOIN {starts} AS s ON e.{start} = s.k LEFT JOIN {ends} AS d ON e.{end} = d.k"
        )
        total, nulls, no_start, no_end, null_starts, null_ends = self._one(
            "SELECT count(*), count(*) FILTER (WHERE reason = 'null_key'), "
            "count(*) FILTER (WHERE reason = 'dangling_from'), count(*) FILTER (WHERE reason = 'dangling_to'), "
            f"count(*) FILTER (WHERE f IS NULL), count(*) FILTER (WHERE t IS NULL) FROM ({reasons})"
        )
        rejected = []
        if nulls:
            column = definition.from_key if not null_ends else definition.to_key if not null_starts else None
            samples = self._samples(f"SELECT f, t FROM ({reasons}) WHERE reason = 'null_key' GROUP BY f, t")
            rejected.append(RejectedRows(reason="null_key", rows=nulls, column=column, sample_keys=samples))
        for reason, column, count, value in (
            ("dangling_from", definition.from_key, no_start, "f"),
            ("dangling_to", definition.to_key, no_end, "t"),
        ):
            if count:
                samples = self._samples(f"SELECT {value} FROM ({reasons}) WHERE reason = '{reason}' GROUP BY {value}")
                rejected.append(RejectedRows(reason=reason, rows=count, column=column, sample_keys=samples))
        return _judged(
            ("edge", definition.type), total, rejected, f"SELECT n FROM ({reasons}) WHERE reason IS NOT NULL"
        )

    def bad_rows(self, item: Judged) -> np.ndarray:
        """Return the numbers of the bad rows, from 0, in order."""
        numbers = self._connection.execute(f"{item.bad} ORDER BY n").fetchnumpy()["n"]
        return np.asarray(numbers, dtype=np.int64)

    def _rows(self, key: tuple[EntityKind, str]) -> str:
        path = "".join(f"[{char}]" if char in "*?[" else char for char in str(self._files[key]))
        return f"read_parquet('{path.replace(chr(39), chr(39) * 2)}', file_row_number = true)"

    def _one(self, sql: str) -> tuple[int, ...]:
        return self._connection.execute(sql).fetchall()[0]

    def _samples(self, sql: str) -> list[Any]:
        """Return the first keys of a query in order; a pair of keys comes as a list."""
        rows = self._connection.execute(f"{sql} ORDER BY ALL NULLS FIRST LIMIT {SAMPLE_KEYS}").fetchall()
        return [_json_ready(row[0]) if len(row) == 1 else [_json_ready(value) for value in row] for row in rows]


def _judged(key: tuple[EntityKind, str], total: int, rejected: Sequence[RejectedRows], bad: str) -> Judged:
    count = sum(item.rows for item in rejected)
    report = DefinitionReport(
        name=key[1],
        type=key[0],
        rows_read=total,
        rows_loaded=total - count,
        rows_rejected=count,
        rejected=list(rejected),
    )
    return Judged(key, report, bad)


def _json_ready(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime.date) else value


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
