"""``WITH DISTINCT 1 AS one``, ``WITH 1 AS one LIMIT 5``: the engines keep every row where all columns are constants.

The length of a path without variable hops is one as well, and so is a label that the pattern leaves no choice of. The
first column is computed from a variable of the row here, which stops them from folding it.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap_server.domain.errors import PlatformError, cypher_error
from graph_olap_server.instance.engine.clauses import AGGREGATES, Clause, Scope, clauses_of, projection_items
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.types import quote
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["constant_edits"]


def constant_edits(statement: str, tokens: Sequence[Token]) -> list[Edit]:
    """Return the edits that keep the rows apart.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed``: the rows have no variable.
    """
    edits: list[Edit] = []
    constants: set[str] = set()
    for clause in clauses_of(tokens):
        if clause.keyword != "WITH":
            continue
        items, distinct, end = projection_items(tokens, clause)
        fixed = [_is_constant(tokens, start, stop, constants, clause.before) for start, stop in items]
        counted = any(token.keyword in ("SKIP", "LIMIT") for token in tokens[end : clause.where or clause.end])
        if items and all(fixed) and (distinct or counted):
            test = _test(clause.before, constants)
            if test is None:
                raise _refusal(statement, tokens, clause)
            edits.append(_computed(statement, tokens, *items[0], test))
            fixed[0] = False
        constants = {tokens[stop - 1].name for (_, stop), is_fixed in zip(items, fixed, strict=True) if is_fixed}
    return edits


_LABELS = frozenset({"LABEL", "LABELS", "TYPE"})
_FIXED = frozenset({"TRUE", "FALSE", "NULL", "AS"})


def _is_constant(tokens: Sequence[Token], start: int, end: int, constants: set[str], scope: Scope) -> bool:
    for place in range(start, end):
        token = tokens[place]
        if place > start and tokens[place - 1].keyword == "AS":
            continue
        called = place + 1 < end and tokens[place + 1].text == "("
        function = tokens[place - 2].keyword if place > start + 1 and tokens[place - 1].text == "(" else ""
        if function in _LABELS:
            continue  # of one label, which the engine knows when it plans
        if function == "LENGTH" and (info := scope.get(token.name)) is not None and info.fixed:
            continue
        is_word = token.kind is TokenKind.WORD and token.keyword not in _FIXED and not called
        is_known = token.name in constants and not (place > start and tokens[place - 1].text == ".")
        is_name = (is_word or token.kind is TokenKind.QUOTED) and not is_known
        if is_name or token.text in ("*", "{") or (called and token.keyword in AGGREGATES):
            return False
    return True


def _test(scope: Scope, constants: set[str]) -> str | None:
    """Return a condition on a variable of the row."""
    for name, info in scope.items():
        if info.kind == "element":
            return f"id({quote(name)}) IS NULL"
    for name, info in scope.items():
        if info.kind == "path":
            return f"id(nodes({quote(name)})[1]) IS NULL"
        if info.kind == "value" and name not in constants:
            return f"{quote(name)} IS NULL"
    return None


def _computed(statement: str, tokens: Sequence[Token], start: int, end: int, test: str) -> Edit:
    aliased = end - start > 2 and tokens[end - 2].keyword == "AS"
    last = tokens[end - 3 if aliased else end - 1].end
    text = statement[tokens[start].start : last]
    name = "" if aliased else f" AS {text}"
    return Edit(tokens[start].start, last, f"CASE WHEN {test} THEN {text} ELSE {text} END{name}")


def _refusal(statement: str, tokens: Sequence[Token], clause: Clause) -> PlatformError:
    message = (
        "WITH DISTINCT or LIMIT of constants only: the engine would keep every row. Name a node of the pattern, or "
        "leave the constants out until RETURN."
    )
    return cypher_error("statement_not_allowed", message, statement, tokens[clause.start + 1].start)
