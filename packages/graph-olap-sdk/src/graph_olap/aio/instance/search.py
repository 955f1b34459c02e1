"""Searching nodes by words and by nearness, through the indexes that a mapping declares."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, cast

from graph_olap.exceptions import ValidationError
from graph_olap.models import QueryResult

if TYPE_CHECKING:
    from graph_olap.aio.instance.connection import AsyncInstanceConnection

__all__ = ["AsyncSearches"]

_IDENTIFIER = re.compile(r"\w+")
# What separates words for the engine; a run of it would count as an empty word that no text has.
_GAPS = re.compile(r"[\s\d!-/:-@\[-`{-~]+")


class AsyncSearches:
    """The part of a connection that searches."""

    async def search_text(
        self,
        label: str,
        index: str,
        words: str,
        *,
        limit: int = 10,
        all_words: bool = False,
        timeout: Optional[float] = None,
    ) -> QueryResult:
        """Find nodes by words in their texts, the best first (Okapi BM25).

        Args:
            label: Node label.
            index: Name of a ``fulltext`` index of this label, declared in the mapping.
            words: What to look for; case, word endings (as the index's stemmer knows them) and stop words do not count.
            limit: Largest number of nodes.
            all_words: Whether a node must have every word; one is enough by default.
            timeout: Seconds until the server stops the search.

        Returns:
            Columns ``node`` and ``score``; :meth:`query` with ``CALL QUERY_FTS_INDEX(...)`` goes on from the nodes.

        Raises:
            ValidationError: ``limit``, ``words``, label or index cannot be right.
            RyugraphError: There is no such label or index.

        Example:
            >>> found = await conn.search_text("Account", "by_name", "ada")
            >>> [row["node"]["id"] for row in found]
            ['A1']
        """
        _check(label, index, "limit", limit)
        if not isinstance(words, str):
            raise ValidationError(f"words must be a text, not {words!r}.", {"field": "words"})
        conjunctive = ", conjunctive := true" if all_words else ""
        return await cast("AsyncInstanceConnection", self).query(
            f"CALL QUERY_FTS_INDEX('{label}', '{index}', $words{conjunctive}) "
            f"RETURN node, score ORDER BY score DESC, offset(id(node)) LIMIT {limit}",
            {"words": _GAPS.sub(" ", words).strip()},
            timeout=timeout,
        )

    async def search_vector(
        self,
        label: str,
        index: str,
        vector: Sequence[float],
        *,
        k: int = 10,
        effort: Optional[int] = None,
        timeout: Optional[float] = None,
    ) -> QueryResult:
        """Find the nodes whose vectors are nearest, the nearest first (HNSW; nearly always the true ones).

        Args:
            label: Node label.
            index: Name of a ``vector`` index of this label, declared in the mapping.
            vector: As many numbers as the indexed property has.
            k: Largest number of nodes.
            effort: How many candidates to look at, at least ``k``; more find the true ones more surely. 200 by default.
            timeout: Seconds until the server stops the search.

        Returns:
            Columns ``node`` and ``distance`` (in the index's metric).

        Raises:
            ValidationError: ``k``, ``effort``, label, index or ``vector`` cannot be right.
            RyugraphError: There is no such label or index, or the vector has another length.

        Example:
            >>> found = await conn.search_vector("Account", "by_habits", [0.9, 0.1], k=2)
            >>> [row["node"]["id"] for row in found]
            ['C9', 'A1']
        """
        _check(label, index, "k", k)
        if effort is not None:
            _check(label, index, "effort", effort)
        numbers = _numbers(vector)
        looked_at = f", efs := {max(effort, k)}" if effort is not None else ""
        return await cast("AsyncInstanceConnection", self).query(
            f"CALL QUERY_VECTOR_INDEX('{label}', '{index}', $vector, {k}{looked_at}) "
            "RETURN node, distance ORDER BY distance, offset(id(node))",
            {"vector": numbers},
            timeout=timeout,
        )


# The engine squares and adds them up in 32 bits: beyond, every distance comes out as 0.
_LARGEST = 1e15


def _numbers(vector: Sequence[float]) -> List[float]:
    try:
        items = [] if isinstance(vector, (str, bytes)) else list(vector)
    except TypeError:
        items = []
    if not items:
        raise ValidationError(f"vector must be a list of numbers, not {vector!r}.", {"field": "vector"})
    return [_number(place, item) for place, item in enumerate(items)]


def _number(place: int, item: Any) -> float:
    field = f"vector[{place}]"
    try:
        number = math.nan if isinstance(item, (str, bytes, bool)) else float(item)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) <= _LARGEST:  # neither is NaN
        raise ValidationError(f"{field} must be a number from -1e15 to 1e15, not {item!r}.", {"field": field})
    return number


def _check(label: str, index: str, field: str, number: int) -> None:
    for name, value in (("label", label), ("index", index)):
        # Both stand in the statement as text, where no parameter may stand.
        if not (isinstance(value, str) and _IDENTIFIER.fullmatch(value)):
            raise ValidationError(f"{value!r} cannot be the name of a {name}.", {"field": name})
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 1_000_000:
        raise ValidationError(f"{field} must be a whole number from 1 to 1,000,000, not {number!r}.", {"field": field})
