"""What OPTIONAL MATCH did not find, where the engines take it for something.

Kuzu and Ladybug know the label of a variable, and the length of a path, when they plan: ``label(n)`` and ``length(p)``
are not null where nothing was found. An absent path is a path of empty parts, so that it is not null either and two of
them differ. An absent node that is matched again may be taken for a match.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.engine.clauses import (
    Clause,
    Scope,
    VariableInfo,
    call_end,
    condition_edits,
    has_aggregate,
    projection_items,
)
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["absence_test", "absent_edits"]


def absent_edits(statement: str, tokens: Sequence[Token], clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that give null for what is absent.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed`` for a group by, or DISTINCT of, such paths.
    """
    edits: list[Edit] = []
    for clause in clauses:
        scope = clause.before if clause.optional or clause.keyword != "MATCH" else clause.after
        if clause.keyword == "WITH":
            scope = {**clause.after, **scope}
        optional = {name: info for name, info in scope.items() if info.optional}
        if clause.keyword == "MATCH" and not clause.optional:
            edits += _matched_again(tokens, clause, {n: i for n, i in clause.before.items() if i.optional})
        if not optional:
            continue
        if clause.keyword in ("WITH", "RETURN"):
            _refuse_grouped(statement, tokens, clause, optional)
        if clause.keyword == "RETURN":
            edits += _returned_paths(tokens, clause, optional)
        place = clause.start
        bare = _bare_paths(tokens, clause, optional)
        while place < clause.end:
            if clause.keyword == "WITH" and place == clause.where:
                optional = {name: info for name, info in clause.after.items() if info.optional}
            edit, place = _edit(tokens, place, optional, bare)
            edits += edit
    return edits


def absence_test(path: str, info: VariableInfo) -> str:
    """Return a condition that is true where a path is absent; the length of one with a variable part is null then."""
    if info.carried:
        return f"{path} IS NULL"
    return f"id(rels({path})[1]) IS NULL" if info.fixed else f"length({path}) IS NULL"


_NAMES = ("LABEL", "LABELS", "TYPE")
_OF_PATHS = ("LENGTH", "NODES", "RELS", "RELATIONSHIPS", "IS_ACYCLIC", "IS_TRAIL", "SIZE")


def _bare_paths(tokens: Sequence[Token], clause: Clause, optional: Scope) -> frozenset[int]:
    """Return the places where a path is a part of an expression, ``collect(p)``, not a column by itself."""
    if clause.keyword in ("WITH", "RETURN"):
        items, _, first = projection_items(tokens, clause)
        alone = {start for start, end in items if end - start == 1 or tokens[start + 1].keyword == "AS"}
        named = {end - 1 for start, end in items if end - start > 1 and tokens[end - 2].keyword == "AS"}
        if clause.keyword == "RETURN":
            alone |= {place for place in range(first, clause.end) if tokens[place - 1].text in ("BY", ",")}
        begun = clause.start + 1
    else:
        alone, named, begun = set(), set(), clause.end if clause.where is None else clause.where
    return frozenset(
        place
        for place in range(begun, clause.end)
        if place not in alone
        and place not in named
        and tokens[place].name in optional
        and optional[tokens[place].name].kind == "path"
        and (tokens[place - 1].text not in (".", ":", "|") or tokens[place - 3].text in ("{", ","))
        and (place + 1 >= len(tokens) or tokens[place + 1].text not in (".", ":", "="))
    )


def _edit(tokens: Sequence[Token], place: int, optional: Scope, bare: frozenset[int]) -> tuple[list[Edit], int]:
    token, called = tokens[place], call_end(tokens, place)
    word = token.keyword
    if called == place + 4 and tokens[place + 2].name in optional and tokens[place - 1].text != ".":
        argument, end = tokens[place + 2], tokens[place + 3].end
        info = optional[argument.name]
        found = f"{token.text}({argument.text})"
        if word in _NAMES and info.kind == "element":
            return [Edit(token.start, end, f"CASE WHEN id({argument.text}) IS NULL THEN NULL ELSE {found} END")], called
        if info.kind == "path" and word in _OF_PATHS:
            test = absence_test(argument.text, info)
            return [Edit(token.start, end, f"CASE WHEN {test} THEN NULL ELSE {found} END")], called
        if info.kind == "path" and word == "COUNT":
            test = absence_test(argument.text, info)
            return [Edit(token.start, end, f"count(CASE WHEN {test} THEN NULL ELSE 1 END)")], called
    if token.name in optional and optional[token.name].kind == "path" and place + 2 < len(tokens):
        negated = tokens[place + 2].keyword == "NOT"
        last = place + 2 + negated
        if tokens[place + 1].keyword == "IS" and last < len(tokens) and tokens[last].keyword == "NULL":
            test = absence_test(token.text, optional[token.name])
            return [Edit(token.start, tokens[last].end, f"(NOT ({test}))" if negated else f"({test})")], last + 1
    if place in bare:
        test = absence_test(token.text, optional[token.name])
        return [Edit(token.start, token.end, f"(CASE WHEN {test} THEN NULL ELSE {token.text} END)")], place + 1
    return [], place + 1


def _returned_paths(tokens: Sequence[Token], clause: Clause, optional: Scope) -> Iterator[Edit]:
    """Yield the edits that return null for absent paths with a variable part, which still have their first node."""
    items, _, _ = projection_items(tokens, clause)
    for start, end in items:
        path = tokens[start]
        info = optional.get(path.name)
        if info is None or info.kind != "path" or info.carried or info.fixed:
            continue
        value = f"CASE WHEN {absence_test(path.text, info)} THEN NULL ELSE {path.text} END"
        if end - start == 1:
            yield Edit(path.start, path.end, f"{value} AS {path.text}")
        elif tokens[start + 1].keyword == "AS":
            yield Edit(path.start, path.end, value)


def _matched_again(tokens: Sequence[Token], clause: Clause, optional: Scope) -> list[Edit]:
    names = list(dict.fromkeys(_nodes(tokens, clause, optional)))
    if not names:
        return []
    condition = " AND ".join(f"id({name}) IS NOT NULL" for name in names)
    return condition_edits(tokens, clause, condition)


def _nodes(tokens: Sequence[Token], clause: Clause, optional: Scope) -> Iterator[str]:
    end = clause.end if clause.where is None else clause.where
    for place in range(clause.start + 1, end - 1):
        named = tokens[place].text == "(" and tokens[place + 1].kind is not TokenKind.SYMBOL
        if named and tokens[place + 1].name in optional:
            yield tokens[place + 1].text


def _refuse_grouped(statement: str, tokens: Sequence[Token], clause: Clause, optional: Scope) -> None:
    items, distinct, _ = projection_items(tokens, clause)
    grouped = any(has_aggregate(tokens, start, end) for start, end in items)
    if not (distinct or grouped):
        return
    for start, end in items:
        first = tokens[start]
        single = end - start == 1 or tokens[start + 1].keyword == "AS"
        if single and first.name in optional and optional[first.name].kind == "path":
            message = (
                f"DISTINCT or a group by {first.text}, a path of OPTIONAL MATCH: the engine takes each that was not "
                f"found for another one. Use the ids of its nodes, or keep the rows where it was found."
            )
            raise cypher_error("statement_not_allowed", message, statement, first.start)
