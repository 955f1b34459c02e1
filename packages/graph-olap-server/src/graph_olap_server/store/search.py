"""Substring search in names and descriptions, the same on every database.

Databases disagree about what "case-insensitive" means beyond ASCII, so rows keep a folded copy of their texts
(Unicode's full case folding), and what is searched for is folded in the same way. Trigram indexes (FTS5 of SQLite,
pg_trgm of PostgreSQL) find rare texts quickly; where one is missing, and for texts under three characters, rows are
looked at one by one. The answer is the same either way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Table,
    any_,
    column,
    func,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.orm import Session

__all__ = ["FEW", "matching", "one_of", "rare_matches", "search_text"]

FEW = 1000
"""So many rows are fetched and sorted sooner than a page of them is met along an index."""

# Case folding leaves no capital letter of ASCII, so these two occur in no folded text.
_BETWEEN = "A"
_NUL = "B"
_TRIGRAM = 3
_ESCAPED = str.maketrans({character: f"\\{character}" for character in "\\%_"})


def search_text(name: str | None, description: str | None) -> str:
    """Return what a row keeps for the search.

    Example:
        >>> search_text("Größe", None)
        'grösseA'
    """
    return f"{_folded(name or '')}{_BETWEEN}{_folded(description or '')}"


def matching(session: Session, rows: Table, searched: str) -> ColumnElement[bool]:
    """Return the condition that a row's name or description holds a text."""
    if session.get_bind().dialect.name == "postgresql":
        return rows.c.search_text.like(f"%{_folded(searched).translate(_ESCAPED)}%")
    return func.instr(rows.c.search_text, _folded(searched)) > 0


def rare_matches(session: Session, rows: Table, searched: str) -> list[int] | None:
    """Return the ids of the rows that hold a text, by SQLite's trigram index, or ``None`` when there may be many.

    PostgreSQL decides itself, from its statistics, how to use its index.
    """
    index = f"{rows.name}_search"
    if session.get_bind().dialect.name == "postgresql" or len(_folded(searched)) < _TRIGRAM:
        return None
    if session.scalar(text("SELECT 1 FROM sqlite_master WHERE name = :name"), {"name": index}) is None:
        return None
    phrase = '"{}"'.format(_folded(searched).replace('"', '""'))
    found = select(column("rowid", Integer)).select_from(table(index)).where(column(index).op("MATCH")(phrase))
    ids = list(session.scalars(found.limit(FEW + 1)))
    return None if len(ids) > FEW else ids


def one_of(session: Session, number: ColumnElement[int], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that a number is one of a list, which is passed as one value."""
    if session.get_bind().dialect.name == "postgresql":
        return number == any_(literal(list(numbers), ARRAY(BigInteger)))
    value = func.json_each(json.dumps(list(numbers))).table_valued("value")
    return number.in_(select(value.c.value))


def _folded(given: str) -> str:
    # PostgreSQL cannot keep NUL, and FTS5 takes it for the end of a text.
    return given.casefold().replace("\0", _NUL)
