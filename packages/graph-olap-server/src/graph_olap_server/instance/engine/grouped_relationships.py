"""Groups by a relationship, which the engines take from the wrong row behind a filter.

Kuzu and Ladybug group by the id of a relationship and remember its other parts beside it; after a filter they remember
those of another row, or of none: ``OPTIONAL MATCH (a)-[r]->() RETURN r, count(*)`` returns a relationship without a
type. Behind ``coalesce`` (grouping.py), and after ``WITH DISTINCT``, all that were not found would differ from each
other. So the statement groups by the id itself and returns the first relationship of each group; the id is a column
that nobody sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.engine.clauses import Clause, clauses_of, has_aggregate, projection_items
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.types import quote
from graph_olap_server.instance.tokens import Token

__all__ = ["grouped_relationship_edits"]


def grouped_relationship_edits(statement: str, tokens: Sequence[Token]) -> tuple[list[Edit], int]:
    """Return the edits that group by ids, and how many columns they add after those of RETURN.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed``: the relationship is used in a way that the
            other form does not allow.
    """
    edits: list[Edit] = []
    hidden = 0
    values: set[str] = set()
    for clause in clauses_of(tokens):
        if clause.keyword not in ("WITH", "RETURN"):
            continue
        items, distinct, end = projection_items(tokens, clause)
        values = {tokens[stop - 1].name for start, stop in items if tokens[start].name in values}
        aggregates = any(has_aggregate(tokens, start, stop) for start, stop in items)
        if not aggregates and not (distinct and clause.keyword == "WITH"):
            continue
        found = [found for found in _relationships(tokens, clause, items) if tokens[found[0]].name not in values]
        if not aggregates:
            found = [found for found in found if clause.before[tokens[found[0]].name].optional]
        if found and distinct and clause.keyword == "WITH":
            edits.append(Edit(tokens[clause.start + 1].start, tokens[clause.start + 1].end, ""))  # groups differ anyway
        values |= {tokens[place + 2 * named].name for place, named in found}
        for place, named in found:
            if not clause.before[tokens[place].name].optional:
                edits.append(_coalesced(tokens[place], named=named))
                continue
            _refuse_other_uses(statement, tokens, clause, end, tokens[place])
            edits.append(_first(tokens, place, named=named))
            shown = f" AS {quote(_HIDDEN + tokens[place].name)}"
            last = tokens[items[-1][1] - 1].end
            edits.append(Edit(last, last, f", id({tokens[place].text}){shown}"))
            hidden += clause.keyword == "RETURN"
    return edits, hidden


_HIDDEN = "id of "


def _relationships(
    tokens: Sequence[Token], clause: Clause, items: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, bool]]:
    for start, end in items:
        info = clause.before.get(tokens[start].name)
        named = end - start == 3 and tokens[start + 1].keyword == "AS"
        if info is None or not info.relationship or not (named or end - start == 1):
            continue
        # Those that are surely there are put right behind coalesce, which RETURN allows.
        if info.optional or clause.keyword == "WITH":
            yield start, named


def _first(tokens: Sequence[Token], place: int, *, named: bool) -> Edit:
    token = tokens[place]
    name = "" if named else f" AS {token.text}"
    # Ladybug collects an empty list where Kuzu collects null, and has no null for what is not in it.
    first = f"CASE WHEN count({token.text}) = 0 THEN NULL ELSE list_any_value(collect({token.text})) END"
    return Edit(token.start, token.end, first + name)


def _coalesced(token: Token, *, named: bool) -> Edit:
    name = "" if named else f" AS {token.text}"
    return Edit(token.start, token.end, f"coalesce({token.text}){name}")


def _refuse_other_uses(statement: str, tokens: Sequence[Token], clause: Clause, end: int, token: Token) -> None:
    if clause.keyword == "RETURN":
        used = any(other.name == token.name for other in tokens[end : clause.end])
        where = "ORDER BY"
    else:
        used = any(tokens[at].text == "*" and tokens[at - 1].keyword in _STARS for at in range(clause.end, len(tokens)))
        where = "a * in a later WITH or RETURN"
    if used:
        message = (
            f"A group by {token.text}, a relationship, together with {where}: the engine takes it from another row. "
            f"Group by id({token.text}) and the properties that you need."
        )
        raise cypher_error("statement_not_allowed", message, statement, token.start)


_STARS = frozenset({"WITH", "RETURN", "DISTINCT"})
