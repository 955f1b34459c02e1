"""Aggregates of WITH in the condition of an OPTIONAL MATCH, which the engines forget.

``WITH a, count(*) AS k OPTIONAL MATCH (a)-->(b) WHERE k > 5`` finds every ``b``, whatever ``k`` is: Kuzu and Ladybug
plan the condition before the aggregate. A value that comes out of UNWIND is there when the condition is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap_server.instance.engine.clauses import Clause
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.names import fresh_name
from graph_olap_server.instance.tokens import Token

__all__ = ["aggregated_condition_edits"]


def aggregated_condition_edits(_statement: str, tokens: Sequence[Token], clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that take such aggregates through UNWIND: ``UNWIND [k] AS k_1 OPTIONAL MATCH ... WHERE k_1``."""
    edits: list[Edit] = []
    taken = {token.name for token in tokens}
    for clause in clauses:
        if not clause.optional or clause.where is None:
            continue
        names: dict[str, str] = {}
        for place in range(clause.where + 1, clause.end):
            token = tokens[place]
            info = clause.before.get(token.name) if token.is_name else None
            if info is None or not info.aggregated or tokens[place - 1].text in (".", ":"):
                continue
            if token.text not in names:
                names[token.text] = fresh_name("aggregated", taken)
            edits.append(Edit(token.start, token.end, names[token.text]))
        start = tokens[clause.start].start
        edits += [Edit(start, start, f"UNWIND [{text}] AS {name} ") for text, name in names.items()]
    return edits
