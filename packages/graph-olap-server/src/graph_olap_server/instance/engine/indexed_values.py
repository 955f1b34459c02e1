"""``collect(n)[1].name`` and ``list[1] CONTAINS 'x'``, where the engines' grammar wants brackets around the value."""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap_server.instance.engine.clauses import call_end, closing
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["indexed_value_edits"]


def indexed_value_edits(tokens: Sequence[Token]) -> list[Edit]:
    """Return the edits that add the brackets of one value; another one may be left.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> indexed_value_edits(tokenise("RETURN nodes(p)[1].id"))
        [Edit(start=7, end=7, text='('), Edit(start=18, end=18, text=')')]
    """
    for place in range(1, len(tokens)):
        if tokens[place].text != "[":
            continue
        start, end = _start(tokens, place), closing(tokens, place)
        if start is not None and end + 1 < len(tokens) and _goes_on(tokens, end + 1):
            return [Edit(tokens[start].start, tokens[start].start, "("), Edit(tokens[end].end, tokens[end].end, ")")]
    return []


_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
_OPERATORS = ("CONTAINS", "STARTS", "ENDS", "IS")
_KEYWORDS = frozenset(
    {"IN", "RETURN", "WITH", "WHERE", "UNWIND", "AND", "OR", "XOR", "NOT", "THEN", "ELSE", "WHEN", "BY"}
)


def _goes_on(tokens: Sequence[Token], place: int) -> bool:
    if tokens[place].text == ".":
        return place + 1 < len(tokens) and tokens[place + 1].kind in _NAMES
    matches = tokens[place].text == "=" and place + 1 < len(tokens) and tokens[place + 1].text == "~"
    return matches or tokens[place].keyword in _OPERATORS


def _start(tokens: Sequence[Token], index: int) -> int | None:
    """Return where the value starts whose element is taken at ``index``; None where none is taken."""
    place = index - 1
    while place >= 0:
        token = tokens[place]
        if token.text in (")", "]"):
            place = _opening(tokens, place)
            if tokens[place].text == "[":
                before = tokens[place - 1] if place else None
                if before is None or not (_ends_value(before)):
                    return place  # a list that is written out
                place -= 1
                continue
            if place and call_end(tokens, place - 1) is not None:
                place -= 1
        elif not _ends_value(token):
            return None
        if place < 2 or tokens[place - 1].text != ".":
            return place
        place -= 2
    return None


def _ends_value(token: Token) -> bool:
    named = token.kind in (*_NAMES, TokenKind.PARAMETER) and token.keyword not in _KEYWORDS
    return named or token.text in (")", "]")


def _opening(tokens: Sequence[Token], place: int) -> int:
    depth = 0
    for index in range(place, -1, -1):
        if tokens[index].kind is TokenKind.SYMBOL:
            depth += (tokens[index].text in ")]}") - (tokens[index].text in "([{")
            if depth == 0:
                return index
    return 0
