"""The demo's self-check: answers of the graph, computed again in plain SQL on the warehouse file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

__all__ = ["Check", "Checker"]

_EDGES = """
SELECT DISTINCT origin AS source, dest AS target
FROM flights JOIN airports AS o ON origin = o.faa JOIN airports AS d ON dest = d.faa
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One answer, twice."""

    question: str
    graph: str
    sql: str

    @property
    def equal(self) -> bool:
        """Whether graph and SQL agree."""
        return self.graph == self.sql


class Checker:
    """Collects pairs of answers; the second of each pair comes from DuckDB."""

    def __init__(self, database: Path) -> None:
        self._connection = duckdb.connect(str(database), read_only=True)
        self.checks: list[Check] = []

    def compare(self, question: str, graph_rows: Sequence[Sequence[Any]], sql: str) -> None:
        """Compare the graph's rows with those of a SQL query, floats to nine digits."""
        self._add(question, graph_rows, self._connection.execute(sql).fetchall())

    def compare_degree_centrality(self, rows: Sequence[tuple[str, float]]) -> None:
        """Degree centrality in SQL: in and out neighbours over n - 1; ``rows`` are (airport, value)."""
        expected = self._connection.execute(
            f"""
            WITH edges AS ({_EDGES}),
            ends AS (SELECT source AS faa FROM edges UNION ALL SELECT target FROM edges)
            SELECT faa, count(*) / ((SELECT count(*) FROM airports) - 1.0) AS value
            FROM ends GROUP BY faa ORDER BY value DESC, faa LIMIT {len(rows)}
            """
        ).fetchall()
        self._add(f"Degree centrality, first {len(rows)} airports", rows, expected)

    def compare_page_rank(self, scores: Sequence[tuple[str, float]], damping: float) -> None:
        """PageRank in SQL: one more round of the equation must not move the scores of the graph."""
        self._load_scores("score", scores)
        change = self._connection.execute(
            f"""
            WITH edges AS ({_EDGES}),
            degree AS (SELECT source, count(*) AS out_degree FROM edges GROUP BY source),
            total AS (SELECT count(*) AS n, sum(value) AS mass FROM score),
            dangling AS (
                SELECT coalesce(sum(value), 0) AS mass FROM score WHERE faa NOT IN (SELECT source FROM degree)
            ),
            incoming AS (
                SELECT target AS faa, sum(value / out_degree) AS mass
                FROM edges JOIN degree USING (source) JOIN score ON source = score.faa GROUP BY target
            )
            SELECT max(abs(
                value - ((1 - {damping}) / n + {damping} * (coalesce(incoming.mass, 0) + dangling.mass / n))
            )), max(abs(total.mass - 1))
            FROM score CROSS JOIN total CROSS JOIN dangling LEFT JOIN incoming USING (faa)
            """
        ).fetchone()
        assert change is not None
        moved = "yes" if change[0] > 1e-6 or change[1] > 1e-6 else "no"
        self.checks.append(Check("Would another round of PageRank in SQL move a score?", "no", moved))

    def compare_modularity(self, communities: Sequence[tuple[str, int]], reported: float) -> None:
        """Modularity in SQL, of the communities that the graph now holds, on the undirected simple graph."""
        self._load_scores("community", communities)
        row = self._connection.execute(
            f"""
            WITH directed AS ({_EDGES}),
            edges AS (
                SELECT DISTINCT least(source, target) AS a, greatest(source, target) AS b FROM directed
            ),
            labelled AS (
                SELECT ca.value AS ca, cb.value AS cb FROM edges
                JOIN community AS ca ON a = ca.faa JOIN community AS cb ON b = cb.faa
            ),
            m AS (SELECT count(*) AS m FROM labelled),
            inside AS (SELECT count(*) AS inside FROM labelled WHERE ca = cb),
            degrees AS (
                SELECT c, count(*) AS degree FROM (SELECT ca AS c FROM labelled UNION ALL SELECT cb FROM labelled)
                GROUP BY c
            )
            SELECT any_value(inside) / any_value(m) - sum((degree / (2.0 * m)) ** 2)
            FROM degrees CROSS JOIN m CROSS JOIN inside
            """
        ).fetchone()
        assert row is not None
        self._add("Modularity of the Louvain communities", [(reported,)], [row])

    def close(self) -> None:
        """Close the warehouse file."""
        self._connection.close()

    def _load_scores(self, table: str, rows: Sequence[tuple[str, float]]) -> None:
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} (faa VARCHAR, value DOUBLE)")
        self._connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)

    def _add(self, question: str, graph: Sequence[Sequence[Any]], sql: Sequence[Sequence[Any]]) -> None:
        self.checks.append(Check(question, _text(graph), _text(sql)))


def _text(rows: Sequence[Sequence[Any]]) -> str:
    return "; ".join(", ".join(_cell(cell) for cell in row) for row in rows)


def _cell(cell: Any) -> str:
    if isinstance(cell, float):
        return "null" if math.isnan(cell) else f"{cell:.9g}"
    return "null" if cell is None else str(cell)
