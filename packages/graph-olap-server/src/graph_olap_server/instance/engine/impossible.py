"""Patterns that nothing can match, said to the engines in a way that they understand.

They drop such a pattern, or its labels, when they plan (reachable.py). A subquery with one is ``false`` or ``0``; an
OPTIONAL MATCH leaves each of its new variables null, as ``OPTIONAL MATCH (b:Label) WHERE false`` does for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graph_olap_server.instance.engine.clauses import Clause, clauses_of, closing, split_items
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token

__all__ = ["impossible_edits"]


def impossible_edits(statement: str, tokens: Sequence[Token], places: Sequence[int]) -> list[Edit]:
    """Return the edits for the patterns after each MATCH at ``places``."""
    edits: list[Edit] = []
    clauses = {clause.start: clause for clause in clauses_of(tokens)}
    for place in places:
        clause = clauses.get(place - 1)
        if clause is not None and clause.optional:
            text = " ".join(_absent(statement, tokens, clause))
            edits.append(Edit(tokens[clause.start].start, tokens[clause.end - 1].end, text))
        else:
            value = "false" if tokens[place - 2].keyword == "EXISTS" else "0"
            edits.append(Edit(tokens[place - 2].start, tokens[closing(tokens, place - 1)].end, value))
    return [edit for edit in edits if not any(other != edit and _holds(other, edit) for other in edits)]


def _holds(outer: Edit, inner: Edit) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _absent(statement: str, tokens: Sequence[Token], clause: Clause) -> Iterator[str]:
    seen = set(clause.before)
    end = clause.end if clause.where is None else clause.where
    for begun, ended in split_items(tokens, clause.start + 2, end):
        place = begun
        if tokens[begun + 1].text == "=":
            place = begun + 2
            if tokens[begun].name not in seen:
                yield f"OPTIONAL MATCH {tokens[begun].text} = {_bare(statement, tokens, place, ended)} WHERE false"
        while place < ended:
            if tokens[place].text in ("(", "["):
                stop = closing(tokens, place)
                first = tokens[place + 1]
                if first.is_name and first.name not in seen:
                    seen.add(first.name)
                    element = _without_map(statement, tokens, place, stop)
                    pattern = f"({element})" if tokens[place].text == "(" else f"()-[{element}]->()"
                    yield f"OPTIONAL MATCH {pattern} WHERE false"
                place = stop
            place += 1


def _without_map(statement: str, tokens: Sequence[Token], place: int, stop: int) -> str:
    end = next((at for at in range(place + 1, stop) if tokens[at].text == "{"), stop)
    return statement[tokens[place].end : tokens[end].start].strip()


def _bare(statement: str, tokens: Sequence[Token], place: int, ended: int) -> str:
    """Write a path of the same hops, in any direction and between any nodes, without its variables."""
    text = "()"
    while place < ended:
        if tokens[place].text == "[":
            stop = closing(tokens, place)
            named = tokens[place + 1].is_name
            text += f"-[{_without_map(statement, tokens, place + named, stop)}]-()"
            place = stop
        elif tokens[place].text == "-" and tokens[place + 1].text == "-":
            text += "--()"
            place += 1
        elif tokens[place].text == "(":
            place = closing(tokens, place)
        place += 1
    return text
