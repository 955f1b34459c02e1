"""``EXISTS { (a)-->(b) }`` and ``COUNT { (a)-->(b) }``, to which the dialect wants ``MATCH`` added.

``size((a)-->(b))`` counts as well; the engines would take the letters of ``True`` or ``False``.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap_server.instance.engine.clauses import call_end, closing
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
    edits = [
        Edit(tokens[place + 1].end, tokens[place + 1].end, " MATCH ")
        for place in range(len(tokens) - 2)
        if tokens[place].keyword in ("EXISTS", "COUNT")
        and tokens[place + 1].text == "{"
        and tokens[place + 2].text == "("
        and not (place and tokens[place - 1].text in (".", ":"))
    ]
    for place in range(len(tokens) - 4):
        end = call_end(tokens, place) if tokens[place].keyword == "SIZE" and tokens[place + 2].text == "(" else None
        if end is not None and _is_pattern(tokens, place + 2, end - 1):
            edits.append(Edit(tokens[place].start, tokens[place + 1].end, "COUNT { MATCH "))
            edits.append(Edit(tokens[end - 1].start, tokens[end - 1].end, " }"))
    return edits


def _is_pattern(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Tell whether a relationship follows on the first pair of brackets."""
    after = closing(tokens, start) + 1
    arrow = "".join(token.text for token in tokens[after : min(after + 3, end)])
    return arrow.startswith(("--", "-[", "<-"))
