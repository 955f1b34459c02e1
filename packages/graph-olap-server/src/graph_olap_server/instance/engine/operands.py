"""Where the values on both sides of ``IN``, ``CONTAINS`` and ``+`` begin and end."""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap_server.instance.engine.clauses import call_end, closing
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["ends_value", "operand_after", "operand_before"]


def operand_after(tokens: Sequence[Token], place: int) -> int:
    """Return the end of the value that starts at ``place``, with its properties and subscripts.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> operand_after(tokenise("x IN nodes(p)[1].ids AND y"), 2)
        11
    """
    end = call_end(tokens, place)
    if end is None:
        if tokens[place].text in ("(", "[", "{"):
            end = closing(tokens, place) + 1
        elif tokens[place].keyword == "CASE":
            end = _case_end(tokens, place)
        else:
            end = place + 1
    while end + 1 < len(tokens) and tokens[end].text in (".", "["):
        end = end + 2 if tokens[end].text == "." else closing(tokens, end) + 1
    return min(end, len(tokens))


def operand_before(tokens: Sequence[Token], place: int) -> int:
    """Return the start of the value that ends before ``place``.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> operand_before(tokenise("WHERE split(n.name, ' ')[1] IN x"), 12)
        1
    """
    start = place - 1
    while True:
        if tokens[start].text in (")", "]", "}"):
            start = _opening(tokens, start)
            before = tokens[start - 1] if start else None
            if before is None:
                return start
            if tokens[start].text == "[" and ends_value(tokens, start - 1):
                start -= 1
                continue
            if tokens[start].text in "({" and before.kind is TokenKind.WORD and before.keyword not in _BEFORE_VALUES:
                start -= 1
        elif tokens[start].keyword == "END" and tokens[start - 1].text != ".":
            start = _case_start(tokens, start)
        if start < 2 or tokens[start - 1].text != ".":
            return start
        start -= 2


def ends_value(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether a value ends with the token at ``place``, so that an operator or a subscript may follow."""
    token = tokens[place]
    if token.kind is TokenKind.SYMBOL:
        return token.text in (")", "]", "}")
    is_name = place > 0 and tokens[place - 1].text in (".", ":")
    return is_name or token.keyword not in _BEFORE_VALUES


def _case_end(tokens: Sequence[Token], place: int) -> int:
    depth = 0
    for index in range(place, len(tokens)):
        named = tokens[index - 1].text in (".", ":")
        depth += (tokens[index].keyword == "CASE" and not named) - (tokens[index].keyword == "END" and not named)
        if depth == 0:
            return index + 1
    return len(tokens)


def _case_start(tokens: Sequence[Token], place: int) -> int:
    depth = 0
    for start in range(place, -1, -1):
        depth += (tokens[start].keyword == "END") - (tokens[start].keyword == "CASE")
        if depth == 0:
            return start
    return 0


_BEFORE_VALUES = frozenset(
    {"WHERE", "AND", "OR", "XOR", "NOT", "RETURN", "WITH", "WHEN", "THEN", "ELSE", "IN", "DISTINCT", "CASE", "BY"}
    | {"UNWIND", "CONTAINS"}
)


def _opening(tokens: Sequence[Token], place: int) -> int:
    depth = 0
    for index in range(place, -1, -1):
        if tokens[index].kind is TokenKind.SYMBOL:
            depth += (tokens[index].text in ")]}") - (tokens[index].text in "([{")
            if depth == 0:
                return index
    return 0
