"""``IN`` as a condition, which Kuzu answers wrongly where a label lacks the property.

``MATCH (n) WHERE n.kind IN ['phone']`` returns other nodes than those, and ``CASE WHEN n.kind IN [...]`` no rows at
all, when labels that have no ``kind`` are read beside those that have: the filter takes its rows from the list, not
from the answer. As a value the answer is right, and compared with ``true`` it is a value.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap_server.instance.engine.clauses import Clause, call_end
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.operands import operand_after, operand_before
from graph_olap_server.instance.tokens import Token

__all__ = ["membership_edits"]


def membership_edits(_statement: str, tokens: Sequence[Token], _clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that make values of ``x IN y`` and ``list_contains(y, x)``; null stays null."""
    edits: list[Edit] = []
    for place, token in enumerate(tokens):
        if place and tokens[place - 1].text in (".", ":", "AS"):
            continue
        end = call_end(tokens, place) if token.keyword in _FUNCTIONS else None
        if end is not None:
            edits += _compared(tokens, place, end)
        elif token.keyword == "IN" and 0 < place < len(tokens) - 1 and not _binds(tokens, place):
            edits += _compared(tokens, operand_before(tokens, place), operand_after(tokens, place + 1))
    return edits


def _compared(tokens: Sequence[Token], start: int, end: int) -> list[Edit]:
    begin, finish = tokens[start].start, tokens[end - 1].end
    return [Edit(begin, begin, "(("), Edit(finish, finish, ") = true)")]


def _binds(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether ``IN`` gives a variable its values: ``any(x IN xs WHERE ...)``, ``[x IN xs | ...]``."""
    if place < 2 or tokens[place - 2].text not in ("(", "["):
        return False
    return tokens[place - 2].text == "[" or (place > 2 and tokens[place - 3].keyword in _QUANTIFIERS)


_FUNCTIONS = frozenset({"LIST_CONTAINS", "LIST_HAS", "ARRAY_CONTAINS", "ARRAY_HAS"})
_QUANTIFIERS = frozenset({"ANY", "ALL", "NONE", "SINGLE"})
