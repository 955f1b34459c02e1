"""How deep a statement may nest.

Beyond, the engines' parsers take exponential time or all of the stack, and no time limit reaches them.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["check_limits"]

MAX_BRACKETS = 60
MAX_CASES = 12
MAX_SUBQUERIES = 6
MAX_REPEATED = 100


def check_limits(tokens: Sequence[Token], text: str) -> None:
    """Refuse what nests too deeply.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed`` at the place where it becomes too deep.
    """
    brackets: list[bool] = []
    cases = repeated = 0
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else None
        named = before is not None and before.text in (".", ":")
        if token.kind is TokenKind.SYMBOL and token.text in "([{":
            brackets.append(token.text == "{" and before is not None and before.keyword in ("EXISTS", "COUNT"))
        elif token.kind is TokenKind.SYMBOL and token.text in ")]}" and brackets:
            brackets.pop()
        elif not named:
            cases += (token.keyword == "CASE") - (token.keyword == "END" and cases > 0)
        word = token.text.upper()
        same = before is not None and word in ("-", "+", "NOT") and word == before.text.upper()
        repeated = repeated + 1 if same else 0
        found = (len(brackets), cases, sum(brackets), repeated)
        for number, (limit, message) in zip(found, _LIMITS, strict=True):
            if number > limit:
                raise cypher_error("statement_not_allowed", message, text, token.start)


_LIMITS = (
    (MAX_BRACKETS, f"Brackets nest {MAX_BRACKETS} deep at most. Compute parts under a name with WITH."),
    (MAX_CASES, f"CASE nests {MAX_CASES} deep at most. Write CASE WHEN ... WHEN ... END, one case after the other."),
    (MAX_SUBQUERIES, f"EXISTS and COUNT nest {MAX_SUBQUERIES} deep at most. Match in several steps with WITH."),
    (MAX_REPEATED, f"A sign or NOT stands {MAX_REPEATED} times in a row at most."),
)
