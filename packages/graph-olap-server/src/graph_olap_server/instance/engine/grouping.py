"""Columns of grouped and repeated projections that the engines mix up, each put behind a ``coalesce`` of its own.

Kuzu and Ladybug group by the primary key alone when it is among the columns, even where nodes of several labels share
a key; they read a relationship that is grouped by from the wrong row when it comes out of a filter; and a name of an
aggregate that is returned under another name and used once more counts something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graph_olap_server.instance.engine.clauses import Clause, has_aggregate, projection_items
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.types import quote
from graph_olap_server.instance.tokens import Token

__all__ = ["grouping_edits"]


def grouping_edits(
    statement: str, tokens: Sequence[Token], clauses: Sequence[Clause], keys: frozenset[str]
) -> list[Edit]:
    """Return the edits that keep such columns apart; ``keys`` are the primary keys of all labels."""
    edits: list[Edit] = []
    for clause in clauses:
        if clause.keyword not in ("WITH", "RETURN"):
            continue
        spans, distinct, end = projection_items(tokens, clause)
        items = [_item(tokens, start, stop) for start, stop in spans]
        grouped = distinct or any(has_aggregate(tokens, start, stop) for start, stop in spans)
        chosen = set(_aggregates(tokens, clause, items, end))
        if grouped:
            chosen |= set(_properties(clause, items, keys)) | set(_relationships(clause, items))
        for item in items:
            if item.text in chosen:
                edits.append(_behind_coalesce(statement, tokens, item))
        edits += _in_order(tokens, end, clause.where or clause.end, chosen, items)
    return edits


@dataclass(frozen=True, slots=True)
class _Item:
    """A column that is a variable or one of its properties; ``owner`` is empty for any other."""

    start: int
    end: int
    owner: str
    name: str | None
    aliased: bool

    @property
    def text(self) -> tuple[str, str | None]:
        return self.owner, self.name


def _item(tokens: Sequence[Token], start: int, end: int) -> _Item:
    aliased = end - start > 2 and tokens[end - 2].keyword == "AS"
    stop = end - 2 if aliased else end
    if stop - start == 1 and tokens[start].is_name:
        return _Item(start, stop, tokens[start].name, None, aliased)
    if stop - start == 3 and tokens[start].is_name and tokens[start + 1].text == ".":
        return _Item(start, stop, tokens[start].name, tokens[start + 2].name, aliased)
    return _Item(start, stop, "", None, aliased)


def _aggregates(
    tokens: Sequence[Token], clause: Clause, items: Sequence[_Item], end: int
) -> Iterator[tuple[str, str | None]]:
    used = [token.name for token in tokens[clause.start : end]]
    for item in items:
        info = clause.before.get(item.owner)
        if item.name is None and item.aliased and info is not None and info.aggregate and used.count(item.owner) > 1:
            yield item.text


def _properties(clause: Clause, items: Sequence[_Item], keys: frozenset[str]) -> Iterator[tuple[str, str | None]]:
    for item in items:
        info = clause.before.get(item.owner)
        if item.name is None or info is None or info.single:
            continue
        others = {other.name for other in items if other.owner == item.owner and other.name is not None}
        if len(others) > 1 and others & keys:
            yield item.text


def _relationships(clause: Clause, items: Sequence[_Item]) -> Iterator[tuple[str, str | None]]:
    for item in items:
        info = clause.before.get(item.owner)
        # Behind WITH a relationship must stay one, for patterns to use it; absent ones would differ from each other.
        if clause.keyword != "RETURN" or item.name is not None or info is None:
            continue
        if info.relationship and not info.optional:
            yield item.text


def _behind_coalesce(statement: str, tokens: Sequence[Token], item: _Item) -> Edit:
    start, end = tokens[item.start].start, tokens[item.end - 1].end
    text = statement[start:end]
    shown = item.owner if item.name is None else f"{item.owner}.{item.name}"
    return Edit(start, end, f"coalesce({text})" if item.aliased else f"coalesce({text}) AS {quote(shown)}")


def _in_order(
    tokens: Sequence[Token], start: int, end: int, chosen: set[tuple[str, str | None]], items: Sequence[_Item]
) -> Iterator[Edit]:
    """ORDER BY must name what is returned: the alias."""
    aliases = {
        item.text: tokens[item.end + 1].text if item.aliased else quote(f"{item.owner}.{item.name}")
        for item in items
        if item.text in chosen and item.name is not None
    }
    for place in range(start, end - 2):
        text = (tokens[place].name, tokens[place + 2].name)
        if tokens[place + 1].text == "." and text in aliases:
            yield Edit(tokens[place].start, tokens[place + 2].end, aliases[text])
