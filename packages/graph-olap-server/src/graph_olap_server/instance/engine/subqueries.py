"""``EXISTS { (a)-->(b) }`` and ``COUNT { (a)-->(b) }``, to which the dialect wants ``MATCH`` added."""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token

__all__ = ["subquery_edits"]


def subquery_edits(tokens: Sequence[Token]) -> list[Edit]:
    """Return the edits that add it.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> subquery_edits(tokenise("RETURN COUNT {(a)-->()}"))
        [Edit(start=14, end=14, text=' MATCH ')]
    """
    return [
        Edit(tokens[place + 1].end, tokens[place + 1].end, " MATCH ")
        for place in range(len(tokens) - 2)
        if tokens[place].keyword in ("EXISTS", "COUNT")
        and tokens[place + 1].text == "{"
        and tokens[place + 2].text == "("
        and not (place and tokens[place - 1].text in (".", ":"))
    ]
