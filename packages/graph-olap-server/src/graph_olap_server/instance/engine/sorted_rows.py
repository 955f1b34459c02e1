"""``ORDER BY``: what the engines do not find, what they lose after WITH, and where it ends the process.

An expression that only sorts, ``WITH n ORDER BY size(n.s) LIMIT 3``, crashes Kuzu or takes memory for it where a later
clause asks for the same one: it is written in another way here. Without SKIP or LIMIT the engines refuse to sort before
RETURN; with ``SKIP 0`` they do, and ``collect`` keeps the order. In a projection with groups they sort by names only,
not by the ``n.city`` or ``count(*)`` that has one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from graph_olap_server.instance.engine.clauses import (
    Clause,
    call_end,
    clauses_of,
    depth_change,
    has_aggregate,
    is_clause_word,
    projection_items,
    split_items,
)
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token

__all__ = ["kept_order_edits", "named_order_edits", "sorted_row_edits"]


def named_order_edits(tokens: Sequence[Token]) -> list[Edit]:
    """Return the edits that sort a projection with groups by its names.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> text = "MATCH (n) RETURN n.x AS x, count(*) AS k ORDER BY count(*)"
        >>> [edit.text for edit in named_order_edits(tokenise(text))]
        ['k']
    """
    edits: list[Edit] = []
    for clause, place, end in _sorted(tokens, clauses_of(tokens)):
        items, distinct, _ = projection_items(tokens, clause)
        if not distinct and not any(has_aggregate(tokens, start, stop) for start, stop in items):
            continue
        named = [(start, stop) for start, stop in items if stop - start > 2 and tokens[stop - 2].keyword == "AS"]
        names = {_words(tokens, start, stop - 2): tokens[stop - 1].text for start, stop in named}
        for start, stop in _expressions(tokens, place, end):
            if name := names.get(_words(tokens, start, stop)):
                edits.append(Edit(tokens[start].start, tokens[stop - 1].end, name))
    return edits


def sorted_row_edits(statement: str, tokens: Sequence[Token], clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that keep sort expressions of WITH apart from later ones, and sort without a limit.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> text = "MATCH (n) WITH n ORDER BY -n.x RETURN -n.x"
        >>> [edit.text for edit in sorted_row_edits(text, tokenise(text), clauses_of(tokenise(text)))]
        ['coalesce(-n.x)', ' SKIP 0']
    """
    edits: list[Edit] = []
    made: Counter[str] = Counter()
    for clause, place, end in _sorted(tokens, clauses):
        if clause.keyword == "RETURN":
            continue
        for start, stop in _expressions(tokens, place, end):
            if _may_come_again(tokens, start, stop):
                first, last = tokens[start].start, tokens[stop - 1].end
                text = statement[first:last]
                made[text] += 1
                # Each time it is another expression, of the same value.
                edits.append(Edit(first, last, f"coalesce({', '.join([text] * made[text])})"))
        if end == clause.end or tokens[end].keyword == "WHERE":
            edits.append(Edit(tokens[end - 1].end, tokens[end - 1].end, " SKIP 0"))
    return edits


def kept_order_edits(tokens: Sequence[Token]) -> list[Edit]:
    """Return the edits that keep Ladybug from leaving out a sort whose rows are only aggregated.

    It does so where no column is grouped by, also when SKIP or LIMIT choose rows by that sort:
    ``WITH n ORDER BY n.x DESC LIMIT 2 RETURN sum(n.x)`` takes the first two nodes that it meets.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> [edit.text for edit in kept_order_edits(tokenise("MATCH (n) WITH n ORDER BY n.x LIMIT 2 RETURN sum(n.x)"))]
        [' UNWIND [0] AS sorted_0 ']
    """
    clauses = clauses_of(tokens)
    edits: list[Edit] = []
    for clause, _, _ in _sorted(tokens, clauses):
        later = [projection_items(tokens, one)[0] for one in clauses if one.start > clause.start and _projects(one)]
        aggregated = any(has_aggregate(tokens, start, stop) for items in later for start, stop in items)
        if clause.keyword == "WITH" and aggregated:
            end = tokens[clause.end - 1].end
            edits.append(Edit(end, end, f" UNWIND [0] AS sorted_{len(edits)} "))
    return edits


_DIRECTIONS = frozenset({"ASC", "ASCENDING", "DESC", "DESCENDING"})
_ENDS = ("SKIP", "LIMIT", "WHERE")


def _sorted(tokens: Sequence[Token], clauses: Sequence[Clause]) -> Iterator[tuple[Clause, int, int]]:
    """Yield each projection with ORDER BY, and where its sort expressions start and end."""
    for clause in clauses:
        if _projects(clause):
            _, _, place = projection_items(tokens, clause)
            if place + 1 < clause.end and tokens[place].keyword == "ORDER" and tokens[place + 1].keyword == "BY":
                yield clause, place + 2, _end(tokens, place, clause)


def _projects(clause: Clause) -> bool:
    return clause.keyword in ("WITH", "RETURN")


def _end(tokens: Sequence[Token], place: int, clause: Clause) -> int:
    depth = 0
    for index in range(place, clause.end):
        depth += depth_change(tokens[index])
        if depth == 0 and any(is_clause_word(tokens, index, word) for word in _ENDS):
            return index
    return clause.end


def _words(tokens: Sequence[Token], start: int, end: int) -> tuple[str, ...]:
    """An expression in a form that another one of the same words has."""
    called = [call_end(tokens, place) is not None for place in range(start, end)]
    return tuple(
        token.keyword if is_call else token.text for token, is_call in zip(tokens[start:end], called, strict=True)
    )


def _expressions(tokens: Sequence[Token], start: int, end: int) -> Iterator[tuple[int, int]]:
    for begun, stop in split_items(tokens, start, end):
        yield begun, stop - (tokens[stop - 1].keyword in _DIRECTIONS and stop - begun > 1)


def _may_come_again(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Tell whether a later clause may compute the same; names and properties are there anyway."""
    plain = end - start == 1 or (end - start == 3 and tokens[start + 1].text == ".")
    subquery = any(tokens[place].text == "{" for place in range(start, end))
    return not (plain or subquery or has_aggregate(tokens, start, end))
