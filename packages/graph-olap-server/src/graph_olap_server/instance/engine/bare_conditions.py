"""``CASE WHEN n.active THEN``: Kuzu takes rows for others where a condition is a boolean and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graph_olap_server.instance.engine.clauses import Clause, closing
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["bare_condition_edits"]


def bare_condition_edits(_statement: str, tokens: Sequence[Token], _clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that compare such conditions with true: ``CASE WHEN (n.active) = true THEN``.

    What holds an operator outside of brackets is left alone.
    """
    edits: list[Edit] = []
    for start, end in _conditions(tokens):
        if not _has_operator(tokens, start, end):
            first, last = tokens[start].start, tokens[end - 1].end
            edits += [Edit(first, first, "("), Edit(last, last, ") = true")]
    return edits


_OPERATORS = frozenset({"AND", "OR", "XOR", "NOT", "IS", "IN", "STARTS", "ENDS", "CONTAINS", "EXISTS"})
_COMPARISONS = frozenset("=<>~")


def _conditions(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield start and end of the conditions of ``CASE WHEN``; ``CASE x WHEN`` compares already."""
    searched: list[bool] = []
    begun: list[int] = []
    for place, token in enumerate(tokens):
        if place and tokens[place - 1].text in (".", ":"):
            continue
        following = tokens[place + 1].keyword if place + 1 < len(tokens) else ""
        if token.keyword == "CASE" and (following == "WHEN" or _starts_value(tokens, place + 1)):
            searched.append(following == "WHEN")
        elif token.keyword == "WHEN" and searched:
            begun.append(place + 1)
        elif token.keyword == "THEN" and begun:
            start = begun.pop()
            if searched and searched[-1] and start < place:
                yield start, place
        elif token.keyword == "END" and searched:
            searched.pop()


def _starts_value(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether a value can start here, so that the word before it is CASE and no name."""
    return place < len(tokens) and (tokens[place].kind is not TokenKind.SYMBOL or tokens[place].text in "([{-")


def _has_operator(tokens: Sequence[Token], start: int, end: int) -> bool:
    # Brackets around the whole are none: Kuzu sees through them.
    while tokens[start].text == "(" and closing(tokens, start) == end - 1:
        start, end = start + 1, end - 1
    depth = 0
    for place in range(start, end):
        token = tokens[place]
        if token.kind is TokenKind.SYMBOL:
            depth += (token.text in "([{") - (token.text in ")]}")
            if depth == 0 and token.text in _COMPARISONS:
                return True
        elif depth == 0 and token.keyword in _OPERATORS and not _is_name(tokens, place):
            return True
    return False


def _is_name(tokens: Sequence[Token], place: int) -> bool:
    return place > 0 and tokens[place - 1].text in (".", ":")
