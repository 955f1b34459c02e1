"""``CONTAINS`` with an empty text, which every text contains but for Kuzu and Ladybug."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.operands import ends_value, operand_after, operand_before
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
        if tokens[place + 1].text == "(" and not ends_value(tokens, place - 1):
            continue  # the function
        known = _constant(tokens[place + 1], parameters)
        if known == "":
            edits.append(Edit(token.start, token.end, "STARTS WITH"))
        if known is not None:
            continue
        start, end = operand_before(tokens, place), operand_after(tokens, place + 1)
        left = statement[tokens[start].start : tokens[place - 1].end]
        right = statement[tokens[place + 1].start : tokens[end - 1].end]
        begin, finish = tokens[start].start, tokens[end - 1].end
        edits.append(Edit(begin, begin, "("))
        edits.append(Edit(finish, finish, f" OR ({right} = '' AND {left} IS NOT NULL))"))
    return edits


def _constant(token: Token, parameters: Mapping[str, Any]) -> str | None:
    if token.kind is TokenKind.STRING:
        return token.text[1:-1]
    value = parameters.get(token.name) if token.kind is TokenKind.PARAMETER else None
    return value if isinstance(value, str) else None
