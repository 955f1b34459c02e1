"""Projections that the engines get wrong, put right before they see them.

In a grouped projection, Kuzu and Ladybug leave every aggregate after a ``DISTINCT`` one empty: ``RETURN n.city,
count(DISTINCT n.age), count(*)`` counts 0. Aggregates before it are right, so the columns change places on their way in
and change back on their way out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graph_olap_server.domain.errors import PlatformError, cypher_error
from graph_olap_server.instance.engine.clauses import AGGREGATES, depth_change
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["Arranged", "arrange"]


@dataclass(frozen=True, slots=True)
class Arranged:
    """A statement for the engine.

    Attributes:
        text: What the engine gets.
        columns: Where each column of the result is in the engine's; None when they are as asked for.
        pieces: Start in ``text`` and start in the original of each piece that was moved or left.
    """

    text: str
    columns: tuple[int, ...] | None = None
    pieces: tuple[tuple[int, int], ...] = ((0, 0),)

    def original_position(self, position: int) -> int:
        """Return the offset in the original text that belongs to an offset in ``text``."""
        start, original = max(piece for piece in self.pieces if piece[0] <= position)
        return original + position - start


def arrange(
    statement: str,
    tokens: Sequence[Token],
    undirected: frozenset[str] = frozenset(),
    optional: frozenset[str] = frozenset(),
) -> Arranged:
    """Put DISTINCT aggregates after all others, in every projection with groups.

    Args:
        statement: The statement.
        tokens: Its tokens.
        undirected: Variables of relationships that are matched in both directions.
        optional: Variables that may be null; groups of all others are put right after RETURN (grouping.py).

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed`` for what cannot be put right, with what to
            write instead.
    """
    moved: list[tuple[_Projection, tuple[int, ...]]] = []
    returned: tuple[int, ...] | None = None
    for projection in _projections(tokens):
        _refuse_undirected(projection, undirected & optional if projection.is_return else undirected, statement)
        order = _order(projection, statement)
        if order is None:
            continue
        moved.append((projection, order))
        if projection.is_return:
            returned = order
    if not moved:
        return Arranged(statement)
    columns = None if returned is None else tuple(returned.index(place) for place in range(len(returned)))
    text, pieces = _rewritten(statement, moved)
    return Arranged(text, columns, pieces)


_ENDS = frozenset({"ORDER", "SKIP", "LIMIT", "UNION", "WHERE", "MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN", "CALL"})
_IN_WITH = "Give each aggregate a name in a WITH of its own, the DISTINCT ones last, and combine or order by the names."


@dataclass(slots=True)
class _Projection:
    is_return: bool
    distinct: bool
    items: list[list[Token]]
    order: list[Token]


def _projections(tokens: Sequence[Token]) -> Iterator[_Projection]:
    for index in range(len(tokens)):
        is_return = _is_keyword(tokens, index, "RETURN")
        is_with = _is_keyword(tokens, index, "WITH") and tokens[index - 1].keyword not in ("STARTS", "ENDS")
        if is_return or is_with:
            yield _projection(tokens, index + 1, is_return=is_return)


def _projection(tokens: Sequence[Token], start: int, *, is_return: bool) -> _Projection:
    distinct = start < len(tokens) and _is_keyword(tokens, start, "DISTINCT")
    items: list[list[Token]] = [[]]
    order: list[Token] = []
    depth = 0
    place = start + distinct
    in_order = False
    while place < len(tokens):
        token = tokens[place]
        depth += depth_change(token)
        if depth < 0:
            break
        if depth == 0 and any(_is_keyword(tokens, place, word) for word in _ENDS) and items[-1]:
            starts_or_ends = token.keyword == "WITH" and tokens[place - 1].keyword in ("STARTS", "ENDS")
            if token.keyword == "ORDER":
                in_order = True
            elif not starts_or_ends:
                break
        if in_order:
            order.append(token)
        elif depth == 0 and token.kind is TokenKind.SYMBOL and token.text == ",":
            items.append([])
        else:
            items[-1].append(token)
        place += 1
    return _Projection(is_return, distinct, [item for item in items if item], order)


def _order(projection: _Projection, statement: str) -> tuple[int, ...] | None:
    """Return the places of the items in the order that the engine needs, None when they are in it."""
    calls = [_aggregates(item) for item in projection.items]
    asked = [distinct for item in calls for distinct, _ in item]
    ordered_by = _aggregates(projection.order)
    if not any(asked + [distinct for distinct, _ in ordered_by]) or all(calls):
        return None
    known = {text for item in calls for _, text in item}
    if any(text not in known for _, text in ordered_by):
        raise _refusal(projection.order[0], statement, "ORDER BY", _IN_WITH)
    order = sorted(range(len(calls)), key=lambda place: _rank([distinct for distinct, _ in calls[place]]))
    sequence = [distinct for place in order for distinct, _ in calls[place]]
    if sequence != sorted(sequence):
        mixed = next(item for item, found in zip(projection.items, calls, strict=True) if any(d for d, _ in found))
        raise _refusal(mixed[0], statement, "one column", _IN_WITH)
    return None if asked == sorted(asked) else tuple(order)


def _rank(distinct: list[bool]) -> int:
    return 0 if not any(distinct) else 2 if all(distinct) else 1


def _aggregates(tokens: Sequence[Token]) -> list[tuple[bool, str]]:
    found = []
    for index, token in enumerate(tokens[:-1]):
        if token.keyword in AGGREGATES and tokens[index + 1].text == "(":
            distinct = index + 2 < len(tokens) and tokens[index + 2].keyword == "DISTINCT"
            found.append((distinct, " ".join(part.text.lower() for part in _call(tokens, index))))
    return found


def _call(tokens: Sequence[Token], start: int) -> Iterator[Token]:
    depth = 0
    for token in tokens[start:]:
        depth += depth_change(token)
        yield token
        if depth == 0 and token.text == ")":
            return


def _refuse_undirected(projection: _Projection, undirected: frozenset[str], statement: str) -> None:
    if not projection.distinct and not any(map(_aggregates, projection.items)):
        return
    for item in projection.items:
        if item[0].name in undirected and (len(item) == 1 or item[1].keyword == "AS"):
            message = (
                f"DISTINCT or a group by {item[0].text}, a relationship matched in both directions: the engine takes "
                f"it for two, one of each direction. Use id({item[0].text}), or give the pattern a direction."
            )
            raise cypher_error("statement_not_allowed", message, statement, item[0].start)


def _rewritten(
    statement: str, moved: Sequence[tuple[_Projection, tuple[int, ...]]]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    text = ""
    pieces: list[tuple[int, int]] = []
    done = 0
    for projection, order in moved:
        spans = [(item[0].start, item[-1].end) for item in projection.items]
        for place, (start, end) in zip(order, spans, strict=True):
            pieces.append((len(text), done))
            text += statement[done:start]
            pieces.append((len(text), spans[place][0]))
            text += statement[spans[place][0] : spans[place][1]]
            done = end
    pieces.append((len(text), done))
    return text + statement[done:], tuple(pieces)


def _is_keyword(tokens: Sequence[Token], index: int, word: str) -> bool:
    if tokens[index].keyword != word:
        return False
    before = tokens[index - 1] if index else None
    return before is None or not (before.text in (".", ":") or before.keyword == "AS")


def _refusal(token: Token, statement: str, where: str, advice: str) -> PlatformError:
    message = f"In {where}, a DISTINCT aggregate beside another one and a group: the numbers would be wrong. {advice}"
    return cypher_error("statement_not_allowed", message, statement, token.start)
