"""Nodes that are only counted around: ``MATCH (n) RETURN COUNT { MATCH (n)-->() }`` leaves out those with none.

Kuzu and Ladybug take the scan of ``n`` for unnecessary, and count only what the subquery finds. A condition that every
node meets makes it necessary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graph_olap_server.instance.engine.clauses import Clause, closing, condition_edits, split_items
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.outer_values import is_subquery
from graph_olap_server.instance.tokens import Token

__all__ = ["counted_edits"]


def counted_edits(_statement: str, tokens: Sequence[Token], clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that keep nodes which are matched alone, where a statement has a COUNT subquery."""
    if not any(token.keyword == "COUNT" and is_subquery(tokens, place) for place, token in enumerate(tokens)):
        return []
    edits: list[Edit] = []
    for clause in clauses:
        names = list(_alone(tokens, clause)) if clause.keyword == "MATCH" and not clause.optional else []
        if names:
            edits += condition_edits(tokens, clause, " AND ".join(f"id({name}) IS NOT NULL" for name in names))
    return edits


def _alone(tokens: Sequence[Token], clause: Clause) -> Iterator[str]:
    end = clause.end if clause.where is None else clause.where
    for begun, ended in split_items(tokens, clause.start + 1, end):
        named = ended - begun > 2 and tokens[begun + 1].is_name
        if named and tokens[begun].text == "(" and closing(tokens, begun) == ended - 1:
            yield tokens[begun + 1].text
