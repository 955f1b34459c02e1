"""``collect(n)[1].name`` and ``list[1] CONTAINS 'x'``, where the engines' grammar wants brackets around the value."""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap_server.instance.engine.clauses import closing
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.operands import ends_value, operand_before
from graph_olap_server.instance.tokens import Token

__all__ = ["indexed_value_edits"]


def indexed_value_edits(tokens: Sequence[Token]) -> list[Edit]:
    """Return the edits that add the brackets of one value; another one may be left.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> indexed_value_edits(tokenise("RETURN nodes(p)[1].id"))
        [Edit(start=7, end=7, text='('), Edit(start=18, end=18, text=')')]
    """
    for place in range(1, len(tokens)):
        if tokens[place].text != "[" or not ends_value(tokens, place - 1):
            continue
        start, end = operand_before(tokens, place), closing(tokens, place)
        if end + 1 < len(tokens) and _goes_on(tokens, end + 1):
            return [Edit(tokens[start].start, tokens[start].start, "("), Edit(tokens[end].end, tokens[end].end, ")")]
    return []


_OPERATORS = ("CONTAINS", "STARTS", "ENDS", "IS")


def _goes_on(tokens: Sequence[Token], place: int) -> bool:
    if tokens[place].text == ".":
        return place + 1 < len(tokens) and tokens[place + 1].is_name
    matches = tokens[place].text == "=" and place + 1 < len(tokens) and tokens[place + 1].text == "~"
    return matches or tokens[place].keyword in _OPERATORS
