"""Paths that go through WITH, which the engines take under a name of their own only: ``WITH p AS p``.

The length of a path that came so is the number of its relationships; ``length`` fails on it. One that OPTIONAL MATCH
did not find is passed on as null.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap_server.instance.engine.absent import absence_test
from graph_olap_server.instance.engine.clauses import Clause, VariableInfo, projection_items
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.types import quote
from graph_olap_server.instance.tokens import Token

__all__ = ["carried_path_edits"]


def carried_path_edits(tokens: Sequence[Token], clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that name the paths of WITH and ask for the length of those that came through one.

    Example:
        >>> from graph_olap_server.instance.engine.clauses import clauses_of
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> text = "MATCH p = (a)-[*1..2]->(b) WITH p LIMIT 5 RETURN length(p)"
        >>> [edit.text for edit in carried_path_edits(tokenise(text), clauses_of(tokenise(text)))]
        ['p AS p', '(size(rels(p)) + 0)']
    """
    edits: list[Edit] = []
    for clause in clauses:
        if clause.keyword == "WITH":
            edits += _named(tokens, clause)
        edits += _lengths(tokens, clause)
    return edits


def _named(tokens: Sequence[Token], clause: Clause) -> list[Edit]:
    new = {name: info for name, info in clause.before.items() if info.kind == "path" and not info.carried}
    edits: list[Edit] = []
    items, _, _ = projection_items(tokens, clause)
    for start, end in items:
        token = tokens[start]
        if token.text == "*" and end == start + 1 and new:
            columns = [
                f"{_value(quote(name), new[name])} AS {quote(name)}" if name in new else quote(name)
                for name in clause.before
            ]
            edits.append(Edit(token.start, token.end, ", ".join(columns)))
        elif token.name in new and end == start + 1:
            edits.append(Edit(token.start, token.end, f"{_value(token.text, new[token.name])} AS {token.text}"))
        elif token.name in new and tokens[start + 1].keyword == "AS":
            edits.append(Edit(token.start, token.end, _value(token.text, new[token.name])))
    return edits


def _value(path: str, info: VariableInfo) -> str:
    return f"CASE WHEN {absence_test(path, info)} THEN NULL ELSE {path} END" if info.optional else path


def _lengths(tokens: Sequence[Token], clause: Clause) -> list[Edit]:
    edits: list[Edit] = []
    first = projection_items(tokens, clause)[2] if clause.keyword == "WITH" else clause.end
    condition = clause.where if clause.where is not None else clause.end
    for place in range(clause.start, clause.end - 3):
        if tokens[place].keyword != "LENGTH" or tokens[place + 1].text != "(" or tokens[place + 3].text != ")":
            continue
        argument = tokens[place + 2]
        # ORDER BY of a WITH still sees what it got, its WHERE what it made.
        ordering = clause.keyword == "WITH" and first <= place < condition
        scope = {**clause.after, **clause.before} if ordering else clause.after if place >= condition else clause.before
        info = scope.get(argument.name)
        if info is not None and info.kind == "path" and info.carried:
            # The sum makes it another column than the one that is called size(rels(p)).
            edits.append(Edit(tokens[place].start, tokens[place + 3].end, f"(size(rels({argument.text})) + 0)"))
    return edits
