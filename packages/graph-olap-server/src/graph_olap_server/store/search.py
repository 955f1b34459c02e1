"""Substring search in names and descriptions, the same on every database.

Databases disagree about what "case-insensitive" means beyond ASCII, so rows keep a folded copy of their texts
(Unicode's full case folding), and what is searched for is folded in the same way. Trigram indexes (FTS5 of SQLite,
pg_trgm of PostgreSQL) find rare texts quickly; where one is missing, and for texts under three characters, rows are
looked at one by one. The answer is the same either way.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Integer, Table, column, func, select, table, text
from sqlalchemy.orm import Session

__all__ = ["matching", "search_text", "trigram_matches"]

# Case folding leaves no capital letter of ASCII, so these two occur in no folded text.
_BETWEEN = "A"
_NUL = "B"
_TRIGRAM = 3
_MOST_FETCHED = 5000
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


def trigram_matches(session: Session, rows: Table, searched: str) -> ColumnElement[bool] | None:
    """Return the same condition by SQLite's trigram index, or ``None`` where rows should be looked at one by one.

    Frequent texts are met soon in any order, and fetching all their rows would take longer. PostgreSQL decides that
    itself, from its statistics.
    """
    index = f"{rows.name}_search"
    if session.get_bind().dialect.name == "postgresql" or len(_folded(searched)) < _TRIGRAM:
        return None
    if session.scalar(text("SELECT 1 FROM sqlite_master WHERE name = :name"), {"name": index}) is None:
        return None
    phrase = '"{}"'.format(_folded(searched).replace('"', '""'))
    found = select(column("rowid", Integer)).select_from(table(index)).where(column(index).op("MATCH")(phrase))
    few = select(func.count()).select_from(found.limit(_MOST_FETCHED + 1).subquery())
    if session.execute(few).scalar_one() > _MOST_FETCHED:
        return None
    return rows.c.id.in_(found)


def _folded(given: str) -> str:
    # PostgreSQL cannot keep NUL, and FTS5 takes it for the end of a text.
    return given.casefold().replace("\0", _NUL)
