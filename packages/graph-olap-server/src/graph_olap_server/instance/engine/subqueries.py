"""Patterns in expressions, brought into the one form that is mended and checked: EXISTS { MATCH } or COUNT { MATCH }.

The dialect wants ``MATCH`` in ``EXISTS { (a)-->(b) }``. ``size((a)-->(b))`` counts; the engines would take the letters
of ``True`` or ``False``. ``WHERE (a)-->(b)`` loses the rows in which OPTIONAL MATCH did not find ``a``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graph_olap_server.instance.engine.clauses import call_end, closing, is_clause_word
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token

__all__ = ["subquery_edits"]


def subquery_edits(tokens: Sequence[Token]) -> list[Edit]:
    """Return the edits that bring patterns into that form.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> subquery_edits(tokenise("RETURN COUNT {(a)-->()}"))
        [Edit(start=14, end=14, text=' MATCH ')]
        >>> [edit.text for edit in subquery_edits(tokenise("MATCH (a) WHERE (a)-->() RETURN a"))]
        ['EXISTS { MATCH ', ' }']
    """
    edits: list[Edit] = []
    for place, end in _patterns(tokens):
        first, last = tokens[place].start, tokens[end - 1].end
        before = tokens[place - 1].text if place else ""
        word = tokens[place - 2].keyword if place > 1 else ""
        named = place > 2 and tokens[place - 3].text in (".", ":")
        if before == "{" and word in ("EXISTS", "COUNT") and not named:
            edits.append(Edit(tokens[place - 1].end, tokens[place - 1].end, " MATCH "))
        elif before == "(" and word in _CALLS and end < len(tokens) and tokens[end].text == ")":
            edits.append(Edit(tokens[place - 2].start, tokens[place - 1].end, _CALLS[word]))
            edits.append(Edit(tokens[end].start, tokens[end].end, " }"))
        else:
            edits += [Edit(first, first, "EXISTS { MATCH "), Edit(last, last, " }")]
    return edits


_CALLS = {"SIZE": "COUNT { MATCH ", "EXISTS": "EXISTS { MATCH "}
_CLAUSES = ("WHERE", "WITH", "RETURN", "UNWIND", "ORDER", "CALL", "YIELD")


def _patterns(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield start and end of each pattern with a relationship that is not that of a MATCH."""
    matched, around = False, list[bool]()
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.text == "{":
            around.append(matched)
            matched = False
        elif token.text == "}" and around:
            matched = around.pop()
        elif is_clause_word(tokens, place, "MATCH"):
            matched = True
        elif any(is_clause_word(tokens, place, word) for word in _CLAUSES):
            matched = False
        elif token.text == "(" and not matched and not (place and call_end(tokens, place - 1) is not None):
            end = _pattern_end(tokens, place)
            if end is not None:
                yield place, end
                place = end
                continue
        place += 1


def _pattern_end(tokens: Sequence[Token], place: int) -> int | None:
    """Return the end of a pattern of two nodes or more that starts here."""
    end = _node_end(tokens, place)
    hops = 0
    while end is not None and (after := _arrow_end(tokens, end)) is not None:
        following = _node_end(tokens, after)
        if following is None:
            break
        end, hops = following, hops + 1
    return end if hops else None


def _node_end(tokens: Sequence[Token], place: int) -> int | None:
    """Return the end of ``(name:Label {key: value})``."""
    if place >= len(tokens) or tokens[place].text != "(":
        return None
    end = closing(tokens, place)
    inside = place + 1
    if inside < end and tokens[inside].is_name:
        inside += 1
    while inside + 1 < end and tokens[inside].text in (":", "|") and tokens[inside + 1].is_name:
        inside += 2
    if inside < end and tokens[inside].text == "{":
        inside = closing(tokens, inside) + 1
    return end + 1 if inside == end and end < len(tokens) else None


def _arrow_end(tokens: Sequence[Token], place: int) -> int | None:
    """Return the end of ``-[...]->``, ``<-[...]-``, ``-[...]-`` or one without brackets."""
    place += place < len(tokens) and tokens[place].text == "<"
    if place + 1 >= len(tokens) or tokens[place].text != "-":
        return None
    place += 1
    if tokens[place].text == "[":
        place = closing(tokens, place) + 1
    if place >= len(tokens) or tokens[place].text != "-":
        return None
    place += 1
    return place + (place < len(tokens) and tokens[place].text == ">")
