"""A statement as clauses, with the variables that each of them finds and leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = [
    "AGGREGATES",
    "Clause",
    "Scope",
    "VariableInfo",
    "call_end",
    "clauses_of",
    "closing",
    "condition_edits",
    "conjuncts",
    "depth_change",
    "has_aggregate",
    "is_clause_word",
    "is_star",
    "names_used",
    "pattern_nodes",
    "projection_items",
    "split_items",
    "unbracketed",
]


AGGREGATES = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX", "COLLECT", "COUNT_IF"})
"""Functions that make groups."""


@dataclass(frozen=True, slots=True)
class VariableInfo:
    """What is known about a variable.

    Attributes:
        kind: A node or relationship, a list of relationships (``[r*1..2]``), a path, or any other value.
        optional: It was bound by OPTIONAL MATCH, so it may be null.
        fixed: A path without variable-length hops.
        carried: A path that came through WITH.
        aggregate: It names an aggregate of WITH.
        aggregated: An aggregate of WITH is part of it.
        relationship: Whether an element is a relationship.
        single: The pattern names one label or type.
    """

    kind: Literal["element", "recursive", "path", "value"] = "value"
    optional: bool = False
    fixed: bool = False
    carried: bool = False
    aggregate: bool = False
    aggregated: bool = False
    relationship: bool = False
    single: bool = False


Scope = Mapping[str, VariableInfo]


@dataclass(slots=True)
class Clause:
    """One clause; ``start``, ``end`` and ``where`` are places in the tokens, ``before`` and ``after`` its variables."""

    keyword: Literal["MATCH", "UNWIND", "WITH", "RETURN", "CALL"]
    optional: bool
    start: int
    end: int
    where: int | None = None
    before: Scope = field(default_factory=dict)
    after: Scope = field(default_factory=dict)


def clauses_of(tokens: Sequence[Token]) -> list[Clause]:
    """Split the tokens of one query without UNION into clauses.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> text = "MATCH (a) OPTIONAL MATCH (a)-[r]->(b) WITH b, count(*) AS k RETURN k"
        >>> [(clause.keyword, sorted(clause.after)) for clause in clauses_of(tokenise(text))]
        [('MATCH', ['a']), ('MATCH', ['a', 'b', 'r']), ('WITH', ['b', 'k']), ('RETURN', [])]
    """
    found = _split(tokens)
    scope: Scope = {}
    for clause in found:
        clause.before = scope
        if clause.keyword == "MATCH":
            bound = dict(_bound(tokens, clause))
            clause.after = {**bound, **scope}
            if not clause.optional:
                # What is matched again is there.
                there = {name: replace(scope[name], optional=False) for name in bound if name in scope}
                clause.after = {**clause.after, **there}
        elif clause.keyword == "UNWIND":
            clause.after = {**scope, tokens[clause.end - 1].name: VariableInfo()}
        elif clause.keyword == "WITH":
            clause.after = _projected(tokens, clause, scope)
        elif clause.keyword == "CALL":
            clause.after = {**scope, **dict.fromkeys(_yielded(tokens, clause), VariableInfo())}
        scope = clause.after
    return found


def split_items(tokens: Sequence[Token], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of the parts between commas outside of brackets."""
    depth, begun = 0, start
    for place in range(start, end):
        if tokens[place].kind is TokenKind.SYMBOL:
            text = tokens[place].text
            depth += (text in "([{") - (text in ")]}")
            if depth == 0 and text == ",":
                yield begun, place
                begun = place + 1
    if begun < end:
        yield begun, end


def closing(tokens: Sequence[Token], place: int) -> int:
    """Return the place of the bracket that closes the one at ``place``; the end of the tokens when none does."""
    depth = 0
    for index in range(place, len(tokens)):
        depth += depth_change(tokens[index])
        if depth == 0 and tokens[index].kind is TokenKind.SYMBOL:
            return index
    return len(tokens)


def depth_change(token: Token) -> int:
    """Return 1 for a bracket that opens, -1 for one that closes, else 0."""
    if token.kind is not TokenKind.SYMBOL:
        return 0
    return (token.text in "([{") - (token.text in ")]}")


def call_end(tokens: Sequence[Token], place: int) -> int | None:
    """Return the place after the call of a function that starts at ``place``; None when there is none."""
    if tokens[place].kind is not TokenKind.WORD or place + 1 >= len(tokens) or tokens[place + 1].text != "(":
        return None
    if tokens[place].keyword in _BEFORE_BRACKETS and (place == 0 or tokens[place - 1].text != "."):
        return None
    return closing(tokens, place + 1) + 1


def has_aggregate(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Tell whether an aggregate is called; ``n.count``, ``AS sum`` and ``COUNT { }`` are none.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> has_aggregate(tokenise("RETURN n.count AS sum"), 0, 6), has_aggregate(tokenise("RETURN sum(n.x)"), 0, 7)
        (False, True)
    """
    return any(
        tokens[place].keyword in AGGREGATES
        and call_end(tokens, place) is not None
        and not (place and tokens[place - 1].text in (".", ":"))
        for place in range(start, end)
    )


def condition_edits(tokens: Sequence[Token], clause: Clause, condition: str) -> list[Edit]:
    """Return the edits that add a condition to a MATCH."""
    last = tokens[clause.end - 1].end
    if clause.where is None:
        return [Edit(last, last, f" WHERE {condition}")]
    start = tokens[clause.where].end
    return [Edit(start, start, f" {condition} AND ("), Edit(last, last, ")")]


def is_clause_word(tokens: Sequence[Token], place: int, word: str) -> bool:
    """Tell whether a keyword stands here, not a name like it."""
    if tokens[place].keyword != word:
        return False
    before = tokens[place - 1] if place else None
    return before is None or not (before.text in (".", ":") or before.keyword in ("AS", "STARTS", "ENDS"))


def conjuncts(tokens: Sequence[Token], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of the conditions that must all hold, without the brackets around each.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> list(conjuncts(tokenise("a.x = 1 AND (a.y = 2 AND NOT a.z) AND (b OR c)"), 0, 24))
        [(0, 5), (7, 12), (13, 17), (20, 23)]
    """
    start, end = unbracketed(tokens, start, end)
    depth, cuts = 0, [start]
    for place in range(start, end):
        depth += depth_change(tokens[place])
        if depth or tokens[place - 1].text in (".", ":"):
            continue
        if tokens[place].keyword in ("OR", "XOR", "CASE"):
            cuts = [start]
            break
        if tokens[place].keyword == "AND":
            cuts.append(place + 1)
    if len(cuts) == 1:
        yield start, end
        return
    for begun, ended in zip(cuts, [*(cut - 1 for cut in cuts[1:]), end], strict=True):
        if begun < ended:
            yield from conjuncts(tokens, begun, ended)


def unbracketed(tokens: Sequence[Token], start: int, end: int) -> tuple[int, int]:
    """Return what is inside of brackets around the whole."""
    while end - start > 2 and tokens[start].text == "(" and closing(tokens, start) == end - 1:
        start, end = start + 1, end - 1
    return start, end


def is_star(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether a ``*`` stands for all variables; ``a * b`` and ``count(*)`` do not."""
    before = tokens[place - 1]
    return tokens[place].text == "*" and (before.keyword in ("WITH", "RETURN", "DISTINCT") or before.text == ",")


def names_used(tokens: Sequence[Token], clause: Clause) -> list[str]:
    """Return the variables before a clause that it or a later one names; all where there is a star."""
    rest = tokens[clause.start :]
    used = {token.name for token in rest}
    starred = any(is_star(rest, place) for place in range(1, len(rest)))
    return [name for name in clause.before if starred or name in used]


def pattern_nodes(tokens: Sequence[Token], clause: Clause) -> list[str]:
    """Return the names of the nodes in the patterns of a MATCH, each once."""
    found: dict[str, None] = {}
    place = clause.start + 1
    end = clause.end if clause.where is None else clause.where
    while place < end:
        if tokens[place].text in ("(", "["):
            if tokens[place].text == "(" and tokens[place + 1].is_name:
                found[tokens[place + 1].name] = None
            place = closing(tokens, place)  # what is called in a map is no node
        place += 1
    return list(found)


def projection_items(tokens: Sequence[Token], clause: Clause) -> tuple[list[tuple[int, int]], bool, int]:
    """Return the items of WITH or RETURN, whether it has DISTINCT, and where the items end."""
    start = clause.start + 1
    distinct = start < clause.end and tokens[start].keyword == "DISTINCT"
    start += distinct
    end, depth = clause.end, 0
    for place in range(start, clause.end):
        if tokens[place].kind is TokenKind.SYMBOL:
            depth += (tokens[place].text in "([{") - (tokens[place].text in ")]}")
        elif depth == 0 and place > start and any(is_clause_word(tokens, place, word) for word in _AFTER_ITEMS):
            end = place
            break
    return list(split_items(tokens, start, end)), distinct, end


_BEFORE_BRACKETS = frozenset(
    {
        *("MATCH", "UNWIND", "WITH", "RETURN", "DISTINCT", "WHERE", "BY", "SKIP", "LIMIT", "AND", "OR", "XOR", "NOT"),
        *("IN", "CASE", "WHEN", "THEN", "ELSE"),
    }
)
"""Words that no function has for a name, so that brackets behind them hold an expression."""
_CLAUSES = ("MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN", "CALL")
_AFTER_ITEMS = ("ORDER", "SKIP", "LIMIT", "WHERE")


def _split(tokens: Sequence[Token]) -> list[Clause]:
    found: list[Clause] = []
    depth = 0
    for place, token in enumerate(tokens):
        if token.kind is TokenKind.SYMBOL:
            depth += (token.text in "([{") - (token.text in ")]}")
            continue
        if depth or not token.keyword:
            continue
        if is_clause_word(tokens, place, "WHERE") and found:
            found[-1].where = place
        follows_optional = place > 0 and tokens[place - 1].keyword == "OPTIONAL" and token.keyword == "MATCH"
        if follows_optional or not any(is_clause_word(tokens, place, word) for word in _CLAUSES):
            continue
        if found:
            found[-1].end = place
        optional = token.keyword == "OPTIONAL"
        keyword = "MATCH" if optional else token.keyword
        found.append(Clause(keyword, optional, place, len(tokens)))  # type: ignore[arg-type]
    return found


def _bound(tokens: Sequence[Token], clause: Clause) -> Iterator[tuple[str, VariableInfo]]:
    start = clause.start + 1 + clause.optional
    for begun, ended in split_items(tokens, start, clause.end if clause.where is None else clause.where):
        longer = 0
        place = begun
        while place < ended:
            text = tokens[place].text
            if text in ("(", "["):
                end = closing(tokens, place)
                recursive = text == "[" and any(token.text == "*" for token in tokens[place:end])
                longer += recursive
                if place + 1 < end and tokens[place + 1].is_name:
                    kind: Literal["recursive", "element"] = "recursive" if recursive else "element"
                    marks = sum(token.text in (":", "|") for token in _until_map(tokens[place:end]))
                    is_one = marks == 1 and not recursive
                    info = VariableInfo(
                        kind, clause.optional, relationship=text == "[" and not recursive, single=is_one
                    )
                    yield tokens[place + 1].name, info
                place = end
            place += 1
        if begun + 1 < ended and tokens[begun + 1].text == "=":
            yield tokens[begun].name, VariableInfo("path", clause.optional, fixed=not longer)


def _until_map(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.text == "{":
            return
        yield token


def _projected(tokens: Sequence[Token], clause: Clause, scope: Scope) -> Scope:
    items, _, _ = projection_items(tokens, clause)
    found: dict[str, VariableInfo] = {}
    for start, end in items:
        if tokens[start].text == "*" and end == start + 1:
            found.update({known: _carried(info) for known, info in scope.items()})
            continue
        aliased = end - start > 2 and tokens[end - 2].keyword == "AS"
        name = tokens[end - 1].name
        single = end - start == (3 if aliased else 1)
        info = _carried(scope.get(tokens[start].name, VariableInfo())) if single else VariableInfo()
        if aliased and tokens[start].keyword in AGGREGATES and call_end(tokens, start) == end - 2:
            info = replace(info, aggregate=True)
        if any(_holds_aggregate(tokens, place, scope) for place in range(start, end)):
            info = replace(info, aggregated=True)
        found[name] = info
    return found


def _carried(info: VariableInfo) -> VariableInfo:
    return replace(info, carried=True) if info.kind == "path" else info


def _holds_aggregate(tokens: Sequence[Token], place: int, scope: Scope) -> bool:
    if has_aggregate(tokens, place, place + 1):
        return True
    if place and tokens[place - 1].text in (".", ":"):
        return False
    info = scope.get(tokens[place].name) if tokens[place].is_name else None
    return info is not None and info.aggregated


def _yielded(tokens: Sequence[Token], clause: Clause) -> Iterator[str]:
    place = next((p for p in range(clause.start, clause.end) if tokens[p].keyword == "YIELD"), clause.end)
    end = clause.where or clause.end
    for _, ended in split_items(tokens, place + 1, end):
        yield tokens[ended - 1].name
