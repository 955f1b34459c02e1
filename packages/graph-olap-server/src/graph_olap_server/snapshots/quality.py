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
import pyarrow.parquet as pq
from graph_olap.models import DefinitionReport, EdgeDefinition, NodeDefinition, RejectedRows

from graph_olap_server.machine import memory_limit_bytes
from graph_olap_server.snapshots.store import EntityKind

__all__ = ["SAMPLE_KEYS", "Judge", "Judged"]

SAMPLE_KEYS = 10
"""Most sample keys a report shows for one reason."""

_SCRATCH = ".finalize"
_ROW = '"row number"'  # no declared column can have a blank in its name


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found in one file; ``bad`` names the table of its bad rows."""

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
        self._tables = 0

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
        key, rows = _quote(column), self._rows(("node", definition.label), column)
        keys = self._key_tables[definition.label] = self._next_table("keys")
        self._connection.execute(
            f"CREATE TEMP TABLE {keys} AS SELECT {key} AS k FROM {rows} WHERE {key} IS NOT NULL GROUP BY {key}"
        )
        ((total, present),) = self._fetch(f"SELECT count(*), count({key}) FROM {rows}")
        ((distinct,),) = self._fetch(f"SELECT count(*) FROM {keys}")
        bad = self._next_table("bad")
        if total > distinct:  # ranking the rows of each key is dear, and pointless for clean data
            self._connection.execute(
                f"CREATE TEMP TABLE {bad} AS SELECT n FROM (SELECT {_ROW} AS n, "
                f"{key} IS NULL AS missing, row_number() OVER (PARTITION BY {key} ORDER BY {_ROW}) AS nth "
                f"FROM {rows}) WHERE missing OR nth > 1"
            )
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
        return _judged(("node", definition.label), total, rejected, bad)

    def edge(self, definition: EdgeDefinition) -> Judged:
        """Judge the rows of an edge definition against the node keys."""
        rows = self._rows(("edge", definition.type), definition.from_key, definition.to_key)
        start, end = _quote(definition.from_key), _quote(definition.to_key)
        starts, ends = self._key_tables[definition.from_node], self._key_tables[definition.to_node]
        ((total,),) = self._fetch(f"SELECT count(*) FROM {rows}")
        bad = self._next_table("bad")
        # Of several reasons the first one counts; the key tables are distinct, so that joins add no rows.
        self._connection.execute(
            f"CREATE TEMP TABLE {bad} AS SELECT * FROM (SELECT e.{_ROW} AS n, CASE "
            f"WHEN e.{start} IS NULL OR e.{end} IS NULL THEN 'null_key' WHEN s.k IS NULL THEN 'dangling_from' "
            f"WHEN d.k IS NULL THEN 'dangling_to' END AS reason, e.{start} AS f, e.{end} AS t FROM {rows} AS e "
            f"LEFT JOIN {starts} AS s ON e.{start} = s.k LEFT JOIN {ends} AS d ON e.{end} = d.k) "
            "WHERE reason IS NOT NULL"
        )
        counts = dict(self._fetch(f"SELECT reason, count(*) FROM {bad} GROUP BY reason"))
        rejected = []
        for reason, column, values in (
            ("null_key", self._null_column(definition, bad), "f, t"),
            ("dangling_from", definition.from_key, "f"),
            ("dangling_to", definition.to_key, "t"),
        ):
            if count := counts.get(reason, 0):
                samples = self._samples(f"SELECT {values} FROM {bad} WHERE reason = '{reason}' GROUP BY {values}")
                rejected.append(RejectedRows(reason=reason, rows=count, column=column, sample_keys=samples))
        return _judged(("edge", definition.type), total, rejected, bad)

    def bad_rows(self, item: Judged) -> np.ndarray:
        """Return the numbers of the bad rows of a definition that has some, from 0, in order."""
        numbers = self._connection.execute(f"SELECT n FROM {item.bad} ORDER BY n").fetchnumpy()["n"]
        return np.asarray(numbers, dtype=np.int64)

    def _next_table(self, prefix: str) -> str:
        self._tables += 1
        return f"{prefix}_{self._tables}"

    def _null_column(self, definition: EdgeDefinition, bad: str) -> str | None:
        """Name the key column that holds the nulls; ``None`` when both do."""
        ((starts, ends),) = self._fetch(f"SELECT count(*) - count(f), count(*) - count(t) FROM {bad}")
        if starts and ends:
            return None
        return definition.from_key if starts else definition.to_key

    def _rows(self, key: tuple[EntityKind, str], *columns: str) -> str:
        """Return SQL for the key columns of a file with the number of each row, from 0."""
        file = self._files[key]
        path = "".join(f"[{char}]" if char in "*?[" else char for char in str(file)).replace("'", "''")
        names = ", ".join(map(_quote, columns))
        if any(name.lower() == "file_row_number" for name in pq.read_schema(file).names):
            # The reader's own numbering needs that name; counting in file order is slower.
            return f"(SELECT {names}, row_number() OVER () - 1 AS {_ROW} FROM read_parquet('{path}'))"
        return f"(SELECT {names}, file_row_number AS {_ROW} FROM read_parquet('{path}', file_row_number = true))"

    def _fetch(self, sql: str) -> list[Any]:
        return self._connection.execute(sql).fetchall()

    def _samples(self, sql: str) -> list[Any]:
        """Return the first keys of a query in order; a pair of keys comes as a list."""
        rows = self._fetch(f"{sql} ORDER BY ALL NULLS FIRST LIMIT {SAMPLE_KEYS}")
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
