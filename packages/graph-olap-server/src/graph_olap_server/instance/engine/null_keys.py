"""Patterns joined by equal values or by nodes that may be null: the engines lose rows beside those with a null.

A hash join leaves nulls out of its table, and where they come with other values in one batch (the relationships of a
node do) some of these are lost as well: ``MATCH ()-[r]->(), ()-[q]->() WHERE r.day = q.day`` found too little wherever
a ``day`` was null. Rows that have no null before they are joined come through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graph_olap_server.instance.engine.clauses import (
    Clause,
    call_end,
    closing,
    condition_edits,
    conjuncts,
    depth_change,
    is_clause_word,
    is_star,
    names_used,
    pattern_nodes,
    split_items,
    unbracketed,
)
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.names import fresh_name
from graph_olap_server.instance.engine.types import quote
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["null_key_edits", "null_node_edits", "null_value_edits"]

_ENDS = ("RETURN", "WITH", "MATCH", "OPTIONAL", "UNWIND", "CALL", "ORDER", "SKIP", "LIMIT", "WHERE")
_NO_EQUALITY = frozenset({"OR", "XOR", "CASE", "NOT"})
_COMPARES = frozenset({"=", "<>", "<", ">", "<=", ">=", "=~"})


def null_node_edits(tokens: Sequence[Token], clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that leave out rows without a node before a MATCH goes on from it.

    Example:
        >>> from graph_olap_server.instance.engine.clauses import clauses_of
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> tokens = tokenise("MATCH (a) OPTIONAL MATCH (a)-->(b) MATCH (b)-->(c) RETURN c")
        >>> [edit.text for edit in null_node_edits(tokens, clauses_of(tokens))]
        ['WITH `b` WHERE `b` IS NOT NULL ']
    """
    edits = []
    for clause in clauses:
        if clause.keyword != "MATCH" or clause.optional:
            continue
        known = clause.before
        absent = [quote(name) for name in pattern_nodes(tokens, clause) if name in known and known[name].optional]
        if absent:
            place = tokens[clause.start].start
            kept = ", ".join(map(quote, names_used(tokens, clause)))
            edits.append(Edit(place, place, f"WITH {kept} WHERE {_present(absent)} "))
    return edits


def null_value_edits(statement: str, tokens: Sequence[Token], clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that keep nulls from joins by a pattern's properties: ``(b)-[q:PAID {day: r.day}]->(c)``."""
    edits: list[Edit] = []
    taken = {token.name for token in tokens}
    starred = any(is_star(tokens, place) for place in range(1, len(tokens)))
    for clause in clauses:
        if clause.keyword != "MATCH":
            continue
        conditions: list[str] = []
        for opened, place in _maps(tokens, clause):
            compared = list(_compared(tokens, place))
            if not compared:
                continue
            name = tokens[opened + 1]
            if name.is_name:
                element = quote(name.name)
            elif starred:
                # A name would be among the columns of the star. The engines join nothing by a computed value.
                edits += [edit for _, start, end in compared for edit in _computed(tokens, start, end)]
                continue
            else:
                element = fresh_name("joined", taken)
                edits.append(Edit(name.start, name.start, element))
            for key, start, end in compared:
                conditions += [f"{element}.{quote(key)}", statement[tokens[start].start : tokens[end - 1].end]]
        if conditions:
            edits += condition_edits(tokens, clause, _present(list(dict.fromkeys(conditions))))
    return edits


def null_key_edits(statement: str, tokens: Sequence[Token]) -> list[Edit]:
    """Return the edits that keep nulls from joins by values that WHERE demands to be equal.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> text = "MATCH ()-[r]->(), ()-[q]->() WHERE r.day = q.day AND r.x > 1 RETURN r.x"
        >>> [edit.text for edit in null_key_edits(text, tokenise(text))]
        [' AND r.day IS NOT NULL AND q.day IS NOT NULL']
    """
    edits = []
    for start, end in _conditions(tokens):
        for begun, equals, ended in _equalities(tokens, start, end):
            sides = [unbracketed(tokens, begun, equals), unbracketed(tokens, equals + 1, ended)]
            roots = [_root(tokens, *side) for side in sides]
            if None in roots or roots[0] == roots[1]:
                continue
            texts = [statement[tokens[first].start : tokens[last - 1].end] for first, last in sides]
            place = tokens[ended - 1].end
            edits.append(Edit(place, place, f" AND {_present(texts)}"))
    return edits


def _present(values: Sequence[str]) -> str:
    return " AND ".join(f"{value} IS NOT NULL" for value in values)


def _maps(tokens: Sequence[Token], clause: Clause) -> Iterator[tuple[int, int]]:
    """Yield the places of an element's bracket and of its map, for those of one hop."""
    end = clause.end if clause.where is None else clause.where
    for opened in range(clause.start + 1, end):
        if tokens[opened].text in ("(", "[") and tokens[opened].kind is TokenKind.SYMBOL:
            closed = closing(tokens, opened)
            place = next((p for p in range(opened + 1, closed) if tokens[p].text == "{"), None)
            if place is not None and not any(token.text in ("*", "(", "[") for token in tokens[opened + 1 : place]):
                yield opened, place


def _compared(tokens: Sequence[Token], place: int) -> Iterator[tuple[str, int, int]]:
    """Yield key, start and end of the values of a map that come from other variables."""
    for start, end in split_items(tokens, place + 1, closing(tokens, place)):
        if start + 2 < end and tokens[start + 1].text == ":":
            first, last = unbracketed(tokens, start + 2, end)
            if _root(tokens, first, last) is not None:
                yield tokens[start].name, first, last


def _computed(tokens: Sequence[Token], start: int, end: int) -> list[Edit]:
    before, after = tokens[start].start, tokens[end - 1].end
    return [Edit(before, before, "coalesce("), Edit(after, after, ")")]


def _conditions(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield start and end of the condition behind each WHERE of a clause or a subquery."""
    brackets: list[str] = []
    for place, token in enumerate(tokens):
        change = depth_change(token)
        if change > 0:
            brackets.append(token.text)
        elif change < 0 and brackets:
            brackets.pop()
        if is_clause_word(tokens, place, "WHERE") and not (brackets and brackets[-1] != "{"):
            depth, end = 0, len(tokens)
            for later in range(place + 1, len(tokens)):
                depth += depth_change(tokens[later])
                if depth < 0 or (depth == 0 and any(is_clause_word(tokens, later, word) for word in _ENDS)):
                    end = later
                    break
            if place + 1 < end:
                yield place + 1, end


def _equalities(tokens: Sequence[Token], start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield start, ``=`` and end of the equalities that must all hold."""
    for begun, ended in conjuncts(tokens, start, end):
        depth, signs = 0, []
        for place in range(begun, ended):
            depth += depth_change(tokens[place])
            if not depth and (tokens[place].text in _COMPARES or tokens[place].keyword in _NO_EQUALITY):
                signs.append(place)
        if len(signs) == 1 and tokens[signs[0]].text == "=":
            yield begun, signs[0], ended


def _root(tokens: Sequence[Token], start: int, end: int) -> str | None:
    """Return the variable of ``name`` or ``name.property``; None for anything else, by which nothing is joined."""
    if start >= end or not tokens[start].is_name or call_end(tokens, start) is not None:
        return None
    if tokens[start].keyword in ("TRUE", "FALSE", "NULL") and tokens[start].kind is TokenKind.WORD:
        return None
    rest = tokens[start + 1 : end]
    if len(rest) % 2 or any(token.text != "." for token in rest[::2]):
        return None
    return tokens[start].name
