"""Patterns with cycles over parallel relationships, which the engines join wrongly.

Where a pattern comes back to a node (``(a)-->(b)-->(c)<--(a)``), Kuzu and Ladybug may intersect the neighbours of two
nodes, and count each neighbour once however many relationships lead to it. Only then, and only where there are parallel
relationships, the pattern is opened: the node that it comes back to gets a name of its own and an equal id.

A variable-length hop from a node to itself (``p = (a)-[*2]->(a)``) is always opened where its relationships or its path
have a name: the engines return them the wrong way round, and each with the ends of another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from graph_olap_server.instance.engine.clauses import Clause, closing, condition_edits, is_star, split_items
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.names import fresh_name
from graph_olap_server.instance.engine.types import quote
from graph_olap_server.instance.tokens import Token, tokenise

__all__ = ["Hops", "has_parallel", "hops_of", "intersects", "may_have_cycle", "open_cycles", "open_loops"]


def may_have_cycle(tokens: Sequence[Token]) -> bool:
    """Tell whether a node is named twice and there are at least two hops: without that, nothing is intersected."""
    named = [token.name for place, token in enumerate(tokens) if place and _is_node(tokens, place)]
    return len(named) > len(set(named)) and len(list(_hops(tokens))) > 1


def intersects(plan: str) -> bool:
    """Tell whether a plan, as the engine draws it, joins by intersecting."""
    return _INTERSECT.search(plan) is not None


@dataclass(frozen=True, slots=True)
class Hops:
    """Relationship types of a statement's hops; ``mixed`` where one hop can find a pair of nodes in several ways."""

    types: frozenset[str]
    mixed: bool


def hops_of(statement: str, types: Sequence[str]) -> Hops:
    """Return the types that the hops of a statement can have; ``types`` are all of the graph."""
    tokens = tokenise(statement)
    found: set[str] = set()
    mixed = False
    for start, end in _hops(tokens):
        inner = tokens[start + 1 : end]
        named = {
            token.name
            for place, token in enumerate(inner)
            if place and inner[place - 1].text in (":", "|") and "{" not in [part.text for part in inner[:place]]
        }
        named = named or set(types)
        left = start >= 2 and tokens[start - 2].text == "<"
        right = end + 2 < len(tokens) and tokens[end + 2].text == ">"
        mixed |= len(named) > 1 or left == right
        found |= named
    if any(_is_bare_hop(tokens, place) for place in range(len(tokens))):
        found, mixed = set(types), True
    return Hops(frozenset(found), mixed)


def has_parallel(edges: pa.Table) -> bool:
    """Tell whether two relationships have the same ends; ``edges`` has ``_src`` and ``_dst``."""
    if edges.num_rows == 0:
        return False
    starts, ends = (edges[name].to_numpy() for name in ("_src", "_dst"))
    pairs = starts * (int(ends.max()) + 1) + ends
    return len(np.unique(pairs)) < len(pairs)


def open_cycles(statement: str, tokens: Sequence[Token], clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that give each node that a pattern comes back to a name of its own.

    Patterns of OPTIONAL MATCH and of subqueries stay as they are.
    """
    edits: list[Edit] = []
    names = {token.name for token in tokens}
    groups: dict[str, str] = {}
    previous: Clause | None = None
    for clause in clauses:
        plain = clause.keyword == "MATCH" and not clause.optional
        if plain:
            if previous is None or previous.keyword != "MATCH" or previous.optional:
                groups = dict.fromkeys(clause.before, next(iter(clause.before), ""))
            edits += _opened(tokens, clause, groups, names)
        previous = clause
    return edits


def open_loops(_statement: str, tokens: Sequence[Token], clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that give the end of a named variable-length hop from a node to itself a name of its own.

    Example:
        >>> from graph_olap_server.instance.engine.clauses import clauses_of
        >>> tokens = tokenise("MATCH p = (a)-[*2]->(a) RETURN p")
        >>> [edit.text for edit in open_loops("", tokens, clauses_of(tokens))]
        ['again_0', ' WHERE id(again_0) = id(a)']
    """
    edits: list[Edit] = []
    names = {token.name for token in tokens}
    for clause in clauses:
        if clause.keyword != "MATCH":
            continue
        conditions = []
        end = clause.end if clause.where is None else clause.where
        for begun, ended in split_items(tokens, clause.start + 1 + clause.optional, end):
            for place in _loop_ends(tokens, begun, ended):
                fresh = fresh_name("again", names)
                edits.append(Edit(tokens[place].start, tokens[place].end, fresh))
                conditions.append(f"id({fresh}) = id({tokens[place].text})")
        if conditions:
            edits += condition_edits(tokens, clause, " AND ".join(conditions))
            edits += _hidden(tokens, clause)
    return edits


_INTERSECT = re.compile(r"\bINTERSECT\[\d+\]")


def _is_node(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether a name stands first in the brackets of a node."""
    if not tokens[place].is_name or tokens[place - 1].text != "(":
        return False
    return place < 2 or tokens[place - 2].text in ("-", ">", ",", "=") or tokens[place - 2].keyword == "MATCH"


def _hops(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    for place in range(1, len(tokens)):
        if tokens[place].text == "[" and tokens[place - 1].text == "-":
            yield place, closing(tokens, place)
        elif _is_bare_hop(tokens, place):
            yield place, place


def _is_bare_hop(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether the first of the signs of ``-->``, ``<--`` or ``--`` between two nodes stands here."""
    following = [token.text for token in tokens[place : place + 2]]
    before = tokens[place - 1].text if place else ""
    return following == ["-", "-"] and before in (")", "<")


def _hidden(tokens: Sequence[Token], clause: Clause) -> Iterator[Edit]:
    """Yield what keeps the names that were added from the columns of a star."""
    if any(is_star(tokens, place) for place in range(clause.end, len(tokens))):
        end = tokens[clause.end - 1].end
        yield Edit(end, end, f" WITH {', '.join(quote(name) for name in clause.after)}")


def _loop_ends(tokens: Sequence[Token], begun: int, ended: int) -> Iterator[int]:
    """Yield the places of names of nodes at which a named variable-length hop ends that started there as well."""
    is_path = begun + 1 < ended and tokens[begun + 1].text == "="
    before, looping = "", False
    place = begun + 2 if is_path else begun
    while place < ended:
        if tokens[place].text == "[":
            end = closing(tokens, place)
            words = {token.keyword for token in tokens[place:end]}
            named = is_path or tokens[place + 1].is_name
            # What is shortest never comes back.
            looping = named and "SHORTEST" not in words and any(token.text == "*" for token in tokens[place:end])
            place = end
        elif tokens[place].text == "(":
            token = tokens[place + 1]
            name = token.name if token.is_name else ""
            if looping and name and name == before:
                yield place + 1
            before, looping = name, False
            place = closing(tokens, place)
        place += 1


def _opened(tokens: Sequence[Token], clause: Clause, groups: dict[str, str], names: set[str]) -> Iterator[Edit]:
    end = clause.end if clause.where is None else clause.where
    conditions: list[str] = []
    for begun, ended in split_items(tokens, clause.start + 1, end):
        group = ""
        place = begun + 2 if begun + 1 < ended and tokens[begun + 1].text == "=" else begun
        while place < ended:
            if tokens[place].text == "(":
                token = tokens[place + 1]
                if token.is_name:
                    known = groups.get(token.name)
                    if known is not None and group == known:
                        fresh = fresh_name("again", names)
                        conditions.append(f"id({fresh}) = id({token.text})")
                        yield Edit(token.start, token.end, fresh)
                    else:
                        group = _join(groups, group, token.name)
                elif not group:
                    group = f"({place}"
            if tokens[place].text in ("(", "["):
                place = closing(tokens, place)
            place += 1
    if conditions:
        yield from condition_edits(tokens, clause, " AND ".join(conditions))
        yield from _hidden(tokens, clause)


def _join(groups: dict[str, str], group: str, name: str) -> str:
    known = groups.setdefault(name, group or name)
    if group and group != known:
        for other in [other for other, theirs in groups.items() if theirs == group]:
            groups[other] = known
    return known
