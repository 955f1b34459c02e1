"""``CONTAINS`` with an empty text, which every text contains but for Kuzu and Ladybug."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graph_olap_server.instance.engine.clauses import call_end, closing
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["empty_text_edits"]


def empty_text_edits(statement: str, tokens: Sequence[Token], parameters: Mapping[str, Any]) -> list[Edit]:
    """Return the edits that let an empty text be contained: ``(x CONTAINS y OR (y = '' AND x IS NOT NULL))``.

    Constants need no test: ``x CONTAINS ''`` becomes ``x STARTS WITH ''``, and one that is not empty stays.
    """
    edits: list[Edit] = []
    for place, token in enumerate(tokens):
        if token.keyword != "CONTAINS" or place in (0, len(tokens) - 1) or tokens[place - 1].text in (".", ":"):
            continue
        if tokens[place + 1].text == "(" and not _ends_value(tokens, place - 1):
            continue  # the function
        known = _constant(tokens[place + 1], parameters)
        if known == "":
            edits.append(Edit(token.start, token.end, "STARTS WITH"))
        if known is not None:
            continue
        start, end = _operand_before(tokens, place), _operand_after(tokens, place + 1)
        left = statement[tokens[start].start : tokens[place - 1].end]
        right = statement[tokens[place + 1].start : tokens[end - 1].end]
        begin, finish = tokens[start].start, tokens[end - 1].end
        edits.append(Edit(begin, begin, "("))
        edits.append(Edit(finish, finish, f" OR ({right} = '' AND {left} IS NOT NULL))"))
    return edits


def _ends_value(tokens: Sequence[Token], place: int) -> bool:
    token = tokens[place]
    if token.kind is TokenKind.SYMBOL:
        return token.text in (")", "]", "}")
    is_name = place > 0 and tokens[place - 1].text in (".", ":")
    return is_name or token.keyword not in _WORDS_BEFORE_BRACKETS


def _constant(token: Token, parameters: Mapping[str, Any]) -> str | None:
    if token.kind is TokenKind.STRING:
        return token.text[1:-1]
    value = parameters.get(token.name) if token.kind is TokenKind.PARAMETER else None
    return value if isinstance(value, str) else None


def _operand_after(tokens: Sequence[Token], place: int) -> int:
    """Return the end of a value with its properties: the dialect takes no more than that after CONTAINS."""
    end = call_end(tokens, place)
    if end is None:
        if tokens[place].text in ("(", "[", "{"):
            end = closing(tokens, place) + 1
        elif tokens[place].keyword == "CASE":
            end = _case_end(tokens, place)
        else:
            end = place + 1
    while end + 1 < len(tokens) and tokens[end].text == ".":
        end += 2
    return min(end, len(tokens))


def _case_end(tokens: Sequence[Token], place: int) -> int:
    depth = 0
    for index in range(place, len(tokens)):
        named = tokens[index - 1].text in (".", ":")
        depth += (tokens[index].keyword == "CASE" and not named) - (tokens[index].keyword == "END" and not named)
        if depth == 0:
            return index + 1
    return len(tokens)


def _operand_before(tokens: Sequence[Token], place: int) -> int:
    """Return the start of the value that ends before ``place``."""
    start = place - 1
    if tokens[start].text in (")", "]", "}"):
        start = _opening(tokens, start)
        if tokens[start].text == "(" and start and tokens[start - 1].kind is TokenKind.WORD:
            start -= tokens[start - 1].keyword not in _WORDS_BEFORE_BRACKETS
    elif tokens[start].keyword == "END" and tokens[start - 1].text != ".":
        depth = 0
        while start >= 0:
            depth += (tokens[start].keyword == "END") - (tokens[start].keyword == "CASE")
            if depth == 0:
                break
            start -= 1
    while start >= 2 and tokens[start - 1].text == ".":
        start -= 2
    return start


_WORDS_BEFORE_BRACKETS = frozenset(
    {"WHERE", "AND", "OR", "XOR", "NOT", "RETURN", "WITH", "WHEN", "THEN", "ELSE", "IN", "DISTINCT", "CASE", "BY"}
)


def _opening(tokens: Sequence[Token], place: int) -> int:
    depth = 0
    for index in range(place, -1, -1):
        if tokens[index].kind is TokenKind.SYMBOL:
            depth += (tokens[index].text in ")]}") - (tokens[index].text in "([{")
            if depth == 0:
                return index
    return 0
