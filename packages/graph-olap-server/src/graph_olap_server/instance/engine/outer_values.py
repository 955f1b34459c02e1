"""Values from outside a subquery or an OPTIONAL MATCH, whose nulls the engines lose.

Kuzu and Ladybug plan ``EXISTS { }``, ``COUNT { }`` and ``OPTIONAL MATCH`` as joins on every value that their conditions
take from outside, and a null joins with nothing: ``OPTIONAL MATCH (a)-->(b) WHERE a.x IS NULL OR b.x = a.x`` finds no
row for an ``a`` without ``x``, and ``NOT EXISTS`` even returns other rows twice. A struct that holds the value is not
null, so ``WITH ..., {v: a.x} AS g`` goes before, and the condition reads ``coalesce(g.v)``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.engine.clauses import (
    Clause,
    Scope,
    VariableInfo,
    call_end,
    closing,
    conjuncts,
)
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.names import fresh_name
from graph_olap_server.instance.engine.types import quote
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["outer_value_edits"]


def outer_value_edits(statement: str, tokens: Sequence[Token], clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that keep nulls from outside.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed`` where that is not possible.
    """
    edits: list[Edit] = []
    names = {token.name for token in tokens}
    numbers = count()
    for clause in clauses:
        for site in _sites(tokens, clause):
            _refuse_nested(statement, tokens, clause, site)
            _refuse_absent(statement, tokens, site)
            used = [value for region in site.regions for value in _values(tokens, region, site.scope)]
            returning = [edit for region in site.regions for edit in _returning(tokens, region, site.scope, used)]
            if used:
                edits += returning
                edits += _edits(statement, tokens, clause, site, used, names, numbers)
    return edits


def is_subquery(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether ``EXISTS { MATCH ...`` or ``COUNT { MATCH ...`` starts here."""
    return (
        tokens[place].keyword in ("EXISTS", "COUNT")
        and place + 2 < len(tokens)
        and tokens[place + 1].text == "{"
        and tokens[place + 2].keyword == "MATCH"
    )


@dataclass(frozen=True, slots=True)
class _Region:
    """Tokens of a condition, or of a pattern, where only the values of properties count."""

    start: int
    end: int
    pattern: bool = False


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a WITH goes, what is in scope there, and where values from there are used."""

    place: int
    scope: Scope
    regions: tuple[_Region, ...]


@dataclass(frozen=True, slots=True)
class _Value:
    text: str
    start: int
    end: int
    before: str = ""
    after: str = ""


def _sites(tokens: Sequence[Token], clause: Clause) -> Iterator[_Site]:
    where = clause.end if clause.where is None else clause.where
    if clause.optional:
        regions = (_Region(clause.start + 2, where, pattern=True), _Region(where + 1, clause.end))
        if clause.before:
            yield _Site(clause.start, clause.before, regions)
        elif any(is_subquery(tokens, place) for place in range(where, clause.end)):
            yield _Site(clause.start, {}, regions)
        return
    if clause.keyword in ("WITH", "RETURN", "UNWIND"):
        found = tuple(_subqueries(tokens, clause.start, where))
        if found:
            yield _Site(clause.start, clause.before, found)
    found = tuple(_subqueries(tokens, where, clause.end))
    if found:
        yield _Site(where, clause.after, found)


def _subqueries(tokens: Sequence[Token], start: int, end: int) -> Iterator[_Region]:
    place = start
    while place < end:
        if is_subquery(tokens, place):
            stop = closing(tokens, place + 1)
            yield from _inner_regions(tokens, place + 2, stop)
            place = stop
        place += 1


def _inner_regions(tokens: Sequence[Token], start: int, stop: int) -> Iterator[_Region]:
    depth, where = 0, stop
    for place in range(start, stop):
        if tokens[place].kind is TokenKind.SYMBOL:
            depth += (tokens[place].text in "([{") - (tokens[place].text in ")]}")
        elif depth == 0 and tokens[place].keyword == "WHERE" and tokens[place - 1].text not in (".", ":"):
            where = place
            break
    yield _Region(start + 1, where, pattern=True)
    yield _Region(where + 1, stop)


def _values(tokens: Sequence[Token], region: _Region, scope: Scope) -> Iterator[_Value]:
    """Yield what a region takes from outside: ``a.x``, ``id(a)``, ``u``."""
    place, maps = region.start, 0
    while place < region.end:
        if region.pattern and tokens[place].kind is TokenKind.SYMBOL:
            maps += (tokens[place].text == "{") - (tokens[place].text == "}")
        elif is_subquery(tokens, place):
            stop = closing(tokens, place + 1)
            for inner in _inner_regions(tokens, place + 2, stop):
                yield from _values(tokens, inner, scope)
            place = stop
        elif (maps or not region.pattern) and not _is_key(tokens, place):
            end, value = _value(tokens, place, scope)
            if value is not None:
                yield value
            place = end
            continue
        place += 1


def _is_key(tokens: Sequence[Token], place: int) -> bool:
    follows = place + 1 < len(tokens) and tokens[place + 1].text == ":"
    return tokens[place - 1].text == "." or (follows and tokens[place - 1].text in ("{", ","))


def _value(tokens: Sequence[Token], place: int, scope: Scope) -> tuple[int, _Value | None]:
    """Return where to read on, and the value from outside that stands here."""
    token, called = tokens[place], call_end(tokens, place)
    if token.keyword == "ID" and called == place + 4:
        # An id is null only where OPTIONAL MATCH found nothing; the engines plan the plain ids of others better.
        argument = tokens[place + 2]
        info = scope.get(argument.name)
        if info is None or not (info.optional or info.kind == "value"):
            return called, None
        return called, _Value(f"id({argument.text})", token.start, tokens[place + 3].end)
    if not token.is_name or called is not None or token.name not in scope:
        return place + 1, None
    if place + 2 < len(tokens) and tokens[place + 1].text == ".":
        last = tokens[place + 2]
        return place + 3, _Value(f"{token.text}.{last.text}", token.start, last.end)
    if scope[token.name].kind == "value":
        return place + 1, _Value(token.text, token.start, token.end)
    return place + 1, None


def _returning(tokens: Sequence[Token], region: _Region, scope: Scope, used: list[_Value]) -> list[Edit]:
    """Let ``COUNT { }`` depend on the id of a node from outside to which its pattern comes back, by name or id.

    After a filter, the engines else count for one row what they counted for the row before.
    """
    if not region.pattern or region.start < 3 or tokens[region.start - 3].keyword != "COUNT":
        return []
    stop = closing(tokens, region.start - 2)
    nodes = Counter(tokens[at].name for at in range(region.start, region.end) if tokens[at - 1].text == "(")
    compared = {
        tokens[at + 2].name
        for at in range(region.end, stop)
        if tokens[at].keyword == "ID" and call_end(tokens, at) == at + 4
    }
    name = next((name for name, times in nodes.items() if name in scope and (times > 1 or name in compared)), None)
    if name is None:
        return []
    text = f"id({quote(name)})"
    if region.end == stop:
        used.append(_Value(text, tokens[stop].start, tokens[stop].start, " WHERE ", " IS NOT NULL "))
        return []
    used.append(_Value(text, tokens[region.end].end, tokens[region.end].end, " ", " IS NOT NULL AND ("))
    return [Edit(tokens[stop].start, tokens[stop].start, ") ")]


def _edits(
    statement: str,
    tokens: Sequence[Token],
    clause: Clause,
    site: _Site,
    used: Sequence[_Value],
    names: set[str],
    numbers: Iterator[int],
) -> list[Edit]:
    wrapped: dict[str, str] = {}
    edits = []
    for value in used:
        if value.text not in wrapped:
            wrapped[value.text] = fresh_name("outer", names)
        # Of a boolean field alone the engines make no condition.
        inside = f"{value.before}coalesce({wrapped[value.text]}.v){value.after}"
        edits.append(Edit(value.start, value.end, inside))
    place = site.place
    structs = [f"{_struct(text, numbers)} AS {name}" for text, name in wrapped.items()]
    before = ""
    if clause.keyword == "MATCH" and place == clause.where:
        # What needs no subquery is asked before as well, where the engine can use it in the scan.
        kept = _simple_conditions(statement, tokens, clause)
        before = f"WHERE {' AND '.join(kept)} " if kept else ""
    carried = _carried(statement, tokens, site)
    with_clause = f"{before}WITH {', '.join([*carried, *structs])} "
    return [Edit(tokens[place].start, tokens[place].start, with_clause), *edits]


def _struct(text: str, numbers: Iterator[int]) -> str:
    """Put a value into a struct; the number keeps two of one value apart, which crash the engine."""
    number = next(numbers)
    return f"{{v: {text}, n: {number}}}" if number else f"{{v: {text}}}"


def _simple_conditions(statement: str, tokens: Sequence[Token], clause: Clause) -> list[str]:
    """Return the conditions of a WHERE that hold by themselves and have no subquery."""
    assert clause.where is not None
    return [
        f"({statement[tokens[start].start : tokens[end - 1].end]})"
        for start, end in conjuncts(tokens, clause.where + 1, clause.end)
        if not any(is_subquery(tokens, place) for place in range(start, end))
    ]


def _carried(statement: str, tokens: Sequence[Token], site: _Site) -> list[str]:
    rest = tokens[site.place :]
    for place, token in enumerate(rest):
        if token.text == "*" and place and rest[place - 1].keyword in ("WITH", "RETURN", "DISTINCT"):
            raise cypher_error("statement_not_allowed", _STAR, statement, token.start)
    later = {token.name for token in rest}
    for name, info in site.scope.items():
        if name in later and info.kind == "path" and info.optional and not info.carried:
            raise cypher_error("statement_not_allowed", _PATH.format(name=name), statement, rest[0].start)
    return [quote(name) for name in site.scope if name in later]


def _refuse_nested(statement: str, tokens: Sequence[Token], clause: Clause, site: _Site) -> None:
    """Refuse values that a subquery takes from an OPTIONAL MATCH or another subquery around it: no WITH fits there."""
    for region in site.regions:
        for place in range(region.start, region.end):
            if not is_subquery(tokens, place):
                continue
            inside = clause.after if clause.optional else dict.fromkeys(_words(tokens, site), VariableInfo("element"))
            new = {name: info for name, info in inside.items() if name not in site.scope}
            for inner in _inner_regions(tokens, place + 2, closing(tokens, place + 1)):
                for value in _values(tokens, inner, new):
                    message = _NESTED.format(value=value.text)
                    raise cypher_error("statement_not_allowed", message, statement, value.start)


def _refuse_absent(statement: str, tokens: Sequence[Token], site: _Site) -> None:
    """Refuse a pattern of a subquery from a node, or a condition on a path, that may be null: rows would be lost."""
    for region in site.regions:
        for place in () if region.pattern else range(region.start, region.end):
            info = site.scope.get(tokens[place].name)
            if info is not None and info.kind == "path" and info.optional and not _is_key(tokens, place):
                message = _ABSENT_PATH.format(name=tokens[place].text)
                raise cypher_error("statement_not_allowed", message, statement, tokens[place].start)
        start = region.start - 3
        if not region.pattern or start < 0 or not is_subquery(tokens, start):
            continue
        for place in range(region.start, region.end):
            info = site.scope.get(tokens[place].name) if tokens[place - 1].text == "(" else None
            if info is not None and info.optional:
                message = _ABSENT.format(name=tokens[place].text)
                raise cypher_error("statement_not_allowed", message, statement, tokens[place].start)


def _words(tokens: Sequence[Token], site: _Site) -> Iterator[str]:
    """Yield the names that patterns around a nested subquery could bind."""
    for region in site.regions:
        if region.pattern:
            for place in range(region.start, region.end):
                if tokens[place - 1].text in ("(", "[") and tokens[place].is_name:
                    yield tokens[place].name


_STAR = (
    "RETURN * or WITH * after a condition of OPTIONAL MATCH, EXISTS { } or COUNT { } that uses values from outside: "
    "name the columns instead."
)
_PATH = (
    "A condition of OPTIONAL MATCH, EXISTS {{ }} or COUNT {{ }} uses values from outside while the path {name} is in "
    "use, which OPTIONAL MATCH may not have found. Put WITH, with {name} and all else that is needed, before."
)
_ABSENT = (
    "{name} comes from OPTIONAL MATCH and may be null: the engine would leave its row out of the answer to this "
    "subquery. Put MATCH ({name}) before, to go on with those found, or OPTIONAL MATCH and count() in place of it."
)
_ABSENT_PATH = (
    "The path {name} comes from OPTIONAL MATCH and may be null: the engine would lose the row in a condition of "
    "OPTIONAL MATCH, EXISTS {{ }} or COUNT {{ }}. Put length({name}), or what is needed of it, under a name in a WITH "
    "before."
)
_NESTED = (
    "{value} is used in a subquery inside of another condition, where the engine would lose its nulls. Put the inner "
    "subquery into a MATCH or OPTIONAL MATCH of its own."
)
