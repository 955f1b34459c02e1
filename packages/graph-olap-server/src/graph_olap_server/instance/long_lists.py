"""Refuses sequences that are too long for the engines, which build the whole list at about 500 bytes for each value.

They cannot be interrupted meanwhile, so that no time limit helps; a process that runs out of memory ends itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.tokens import Token, TokenKind, tokenise

__all__ = ["LONGEST_RANGE", "check_ranges"]

LONGEST_RANGE = 1_000_000
"""Most values of one ``range(...)`` whose ends are known before the query runs; that is half a gigabyte."""


_LONGEST_CALL = 12  # tokens of range(-1, -2, -3) with room to spare


def check_ranges(statement: str, parameters: Mapping[str, Any]) -> None:
    """Refuse ``range`` between numbers or parameters when it would be too long.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``runtime`` with the position of the call.

    Example:
        >>> check_ranges("UNWIND range(1, $n) AS x RETURN sum(x)", {"n": 1000})
    """
    if "range" not in statement.lower():
        return
    tokens = tokenise(statement)
    for index, token in enumerate(tokens):
        if token.keyword != "RANGE" or (index and tokens[index - 1].text in (".", ":")):
            continue
        length = _length(tokens[index + 1 : index + _LONGEST_CALL], parameters)
        if length is not None and length > LONGEST_RANGE:
            message = (
                f"This range has {length:,} values, and the engine builds them all in memory; {LONGEST_RANGE:,} are "
                "allowed. Make long sequences in the warehouse, or out of two: UNWIND range(0, 999) AS a "
                "UNWIND range(0, 999) AS b WITH a * 1000 + b AS x ..."
            )
            raise cypher_error("runtime", message, statement, token.start)


def _length(tokens: Sequence[Token], parameters: Mapping[str, Any]) -> int | None:
    """Return the number of values; ``None`` where it depends on the graph or on arithmetic."""
    if not tokens or tokens[0].text != "(":
        return None
    values: list[int] = []
    sign = 1
    for token in tokens[1:]:
        if token.text == ")" and token.kind is TokenKind.SYMBOL:
            break
        if token.text == "-" and sign == 1:
            sign = -1
            continue
        if token.text == "," and token.kind is TokenKind.SYMBOL:
            continue
        value = parameters.get(token.name) if token.kind is TokenKind.PARAMETER else _integer(token)
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        values.append(sign * value)
        sign = 1
    if len(values) not in (2, 3):
        return None
    first, last, step = (*values, 1)[:3]
    return None if step == 0 else max(0, (last - first) // step + 1)


def _integer(token: Token) -> int | None:
    return int(token.text) if token.kind is TokenKind.NUMBER and token.text.isdecimal() else None
