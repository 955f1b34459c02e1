"""Substring search in names and descriptions, the same on every database.

Databases disagree about what "case-insensitive" means beyond ASCII, so rows keep a folded copy of their texts
(Unicode's full case folding), and what is searched for is folded in the same way. Trigram indexes (FTS5 of SQLite,
pg_trgm of PostgreSQL) find rare texts quickly; where one is missing, and for texts under three characters, rows are
looked at one by one. The answer is the same either way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Text, any_, bindparam, func, select, text
from sqlalchemy.orm import Session

__all__ = ["FEW", "holds_text", "is_one_of", "list_value", "rare_matches", "search_text", "text_value"]

FEW = 2500
"""So many rows are fetched and sorted sooner than a page of them is met along an index."""

# Case folding leaves no capital letter of ASCII, so these two occur in no folded text.
_BETWEEN = "A"
_NUL = "B"
_TRIGRAM = 3
_ESCAPED = str.maketrans({character: f"\\{character}" for character in "\\%_"})
_HAS_INDEX = text("SELECT 1 FROM sqlite_master WHERE name = :name")


def search_text(name: str | None, description: str | None) -> str:
    """Return what a row keeps for the search.

    Example:
        >>> search_text("Größe", None)
        'grösseA'
    """
    return f"{_folded(name or '')}{_BETWEEN}{_folded(description or '')}"


def holds_text(dialect: str, column: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that kept texts hold the parameter ``search``, which :func:`text_value` makes."""
    wanted = bindparam("search", type_=Text)
    return column.like(wanted) if dialect == "postgresql" else func.instr(column, wanted) > 0


def text_value(dialect: str, searched: str) -> str:
    """Return the value of the parameter of :func:`holds_text`."""
    wanted = _folded(searched)
    return f"%{wanted.translate(_ESCAPED)}%" if dialect == "postgresql" else wanted


def is_one_of(dialect: str, column: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a number is in the parameter ``few``, which :func:`list_value` makes."""
    if dialect == "postgresql":
        return column == any_(bindparam("few", type_=ARRAY(BigInteger)))
    value = func.json_each(bindparam("few", type_=Text)).table_valued("value")
    return column.in_(select(value.c.value))


def list_value(dialect: str, numbers: Sequence[int]) -> object:
    """Return the value of the parameter of :func:`is_one_of`: one value, however many numbers."""
    return list(numbers) if dialect == "postgresql" else json.dumps(list(numbers))


def rare_matches(session: Session, dialect: str, table: str, searched: str) -> list[int] | None:
    """Return the ids of the rows that hold a text, by SQLite's trigram index, or ``None`` when there may be many.

    PostgreSQL decides itself, from its statistics, how to use its index.
    """
    wanted, index = _folded(searched), f"{table}_search"
    if dialect == "postgresql" or len(wanted) < _TRIGRAM or session.scalar(_HAS_INDEX, {"name": index}) is None:
        return None
    phrase = '"{}"'.format(wanted.replace('"', '""'))
    found = text(f"SELECT rowid FROM {index} WHERE {index} MATCH :phrase LIMIT :most")
    ids = list(session.scalars(found, {"phrase": phrase, "most": FEW + 1}))
    return None if len(ids) > FEW else ids


def _folded(given: str) -> str:
    # PostgreSQL cannot keep NUL, and FTS5 takes it for the end of a text.
    return given.casefold().replace("\0", _NUL)
