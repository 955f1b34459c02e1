"""Parameters on their way into the engine.

The engines type a parameter by its value: 100 is an INT8, so ``$x * $x`` overflows, and an empty list has no type at
all. Therefore whole numbers, and what has no exact counterpart in the engine's Python binding, are written into the
statement as typed literals, quoted where they are text.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from graph_olap_server.domain.errors import PlatformError, cypher_error
from graph_olap_server.instance.encoding.intervals import CalendarInterval
from graph_olap_server.instance.engine.base import OFFSET_BITS
from graph_olap_server.instance.engine.lambdas import lambda_spans
from graph_olap_server.instance.engine.types import quote, text_literal
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["BoundStatement", "bind"]


@dataclass(frozen=True, slots=True)
class BoundStatement:
    """A statement as the engine gets it, and the values that go with it."""

    text: str
    values: dict[str, Any]
    shifts: tuple[tuple[int, int], ...]

    def original_position(self, position: int) -> int:
        """Return the offset in the analyst's text that belongs to an offset in ``text``."""
        moved = 0
        for end, shift in self.shifts:
            if position < end:
                break
            moved = shift
        return position - moved


def bind(statement: str, tokens: Sequence[Token], parameters: Mapping[str, Any]) -> BoundStatement:
    """Put parameters into a statement.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``parameter``: one is missing, or its value has no Cypher type.
    """
    values: dict[str, Any] = {}
    pieces: list[str] = []
    shifts: list[tuple[int, int]] = []
    done = shift = 0
    # A lambda of the engines takes no parameters.
    in_lambda = {place for start, end in lambda_spans(tokens) for place in range(start, end)} if parameters else set()
    for index, token in enumerate(tokens):
        compared = token.kind in _MAY_BE_ID and (
            _is_compared_with_id(tokens, index) or _is_in_list_of_ids(tokens, index)
        )
        if token.kind is TokenKind.NUMBER and compared and token.text.isdigit():
            replacement = _internal_id(int(token.text))
        elif token.kind is not TokenKind.PARAMETER:
            if token.keyword == "NULL" and _is_in_list_after_in(tokens, index):
                raise _null_in_list(token, statement)
            continue
        elif token.name not in parameters:
            raise _missing(token, parameters, statement)
        else:
            value = parameters[token.name]
            if isinstance(value, list) and None in value and index and tokens[index - 1].keyword == "IN":
                raise _null_in_list(token, statement)
            try:
                _refuse_negative_inside(value, tokens, index)
                if compared and _is_id(value):
                    replacement = _internal_id(value)
                elif _is_sought_id(tokens, index) and isinstance(value, list) and value and all(map(_is_id, value)):
                    replacement = f"[{', '.join(map(_internal_id, value))}]"
                else:
                    replacement = _literal(value) if index in in_lambda else _replacement(token.name, value, values)
            except _UnusableError as error:
                message = f"The parameter ${token.name} {error}"
                raise cypher_error("parameter", message, statement, token.start) from None
        pieces += [statement[done : token.start], replacement]
        done = token.end
        shift += len(replacement) - len(token.text)
        shifts.append((token.end + shift, shift))
    return BoundStatement("".join([*pieces, statement[done:]]), values, tuple(shifts))


_MAY_BE_ID = (TokenKind.NUMBER, TokenKind.PARAMETER)


def _is_compared_with_id(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether a token stands behind ``id(x) =`` or ``id(x) <>``."""
    before = "".join(token.text for token in tokens[max(0, index - 2) : index])
    end = index - 2 if before == "<>" else index - 1
    if end < 4 or (before != "<>" and tokens[end].text != "="):
        return False
    called = tokens[end - 4 : end]
    return called[0].keyword == "ID" and called[1].text == "(" and called[3].text == ")"


def _is_sought_id(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether a token stands behind ``id(x) IN``."""
    called = tokens[max(0, index - 5) : index]
    words = [token.keyword or token.text for token in called]
    return len(words) == 5 and (words[0], words[1], words[3], words[4]) == ("ID", "(", ")", "IN")


def _is_in_list_of_ids(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether a token is an element of the list in ``id(x) IN [...]``."""
    place = index - 1
    while place > 0 and (tokens[place].text == "," or tokens[place].kind in (TokenKind.NUMBER, TokenKind.PARAMETER)):
        place -= 1
    return place > 0 and tokens[place].text == "[" and place < index and _is_sought_id(tokens, place)


def _is_id(value: Any) -> bool:
    return type(value) is int and value >= 0


def _refuse_negative_inside(value: Any, tokens: Sequence[Token], index: int) -> None:
    # Of an object whose field is taken ($x.low), a field that is no container is compared rightly.
    taken = isinstance(value, dict) and [token.text for token in tokens[index + 1 : index + 2]] == ["."]
    compared = list(value.values()) if taken else [value]
    containers = [item for item in compared if isinstance(item, (list, dict))]
    if _holds_negative(containers) and (taken or _is_compared(tokens, index)):
        raise _UnusableError(_NEGATIVE)


def _is_compared(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether a parameter is compared as a whole: by an operator, by IN, or as the argument of a list function."""
    before = tokens[index - 1] if index else tokens[index]
    after = tokens[index + 1].text if index + 1 < len(tokens) else ""
    if before.keyword == "IN":
        return index < 4 or tokens[index - 4].keyword not in _QUANTIFIERS
    in_call = before.text == "," or (before.text == "(" and tokens[index - 2].keyword.startswith(("LIST_", "ARRAY_")))
    return in_call or before.text in _COMPARISONS or after in _COMPARISONS


_QUANTIFIERS = ("ANY", "ALL", "NONE", "SINGLE")
_COMPARISONS = ("=", "<>", "<", ">", "<=", ">=")


def _holds_negative(value: Any) -> bool:
    """Tell whether a value holds a negative decimal at any depth."""
    if isinstance(value, list):
        return any(map(_holds_negative, value))
    if isinstance(value, dict):
        return any(map(_holds_negative, value.values()))
    return isinstance(value, Decimal) and value < 0


_NEGATIVE = (
    "holds negative decimals, which the engine compares wrongly inside a list or object. Compare them one by one: "
    "UNWIND $values AS value MATCH ... WHERE n.amount = value."
)


def _is_in_list_after_in(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether a token is an element of the list in ``x IN [...]``."""
    depth = 0
    if tokens[index - 1].text not in ("[", ",") or tokens[index + 1 : index + 2] == []:
        return False
    for place in range(index - 1, 0, -1):
        depth += (tokens[place].text in ")]}") - (tokens[place].text in "([{")
        if depth < 0:
            return tokens[place].text == "[" and tokens[place - 1].keyword == "IN"
    return False


def _null_in_list(token: Token, statement: str) -> PlatformError:
    message = (
        "A null in the list of IN: the engine would take it for 0 or an empty text. Leave it out of the list, and add "
        "OR ... IS NULL where rows without a value are wanted."
    )
    return cypher_error("statement_not_allowed", message, statement, token.start)


def _internal_id(packed: int) -> str:
    # The engines compare ids only with ids; the contract's ids are integers.
    return f"internal_id({packed >> OFFSET_BITS}, {packed & (1 << OFFSET_BITS) - 1})"


class _UnusableError(ValueError):
    """A value that no engine type holds; the text continues a sentence that starts with the parameter."""


def _missing(token: Token, parameters: Mapping[str, Any], statement: str) -> PlatformError:
    given = ", ".join(sorted(parameters)) or "none"
    message = f"The query uses ${token.name}, but parameters has no {token.name} (given: {given})."
    return cypher_error("parameter", message, statement, token.start)


def _replacement(name: str, value: Any, values: dict[str, Any]) -> str:
    if value is None or (isinstance(value, (bool, str, float, dt.date)) and not _has_zone(value)):
        values[name] = value
        return f"${name}"
    literal, type_name = _literal(value), _type_name(value)
    if isinstance(value, (list, dict)) and type_name is not None and _is_plain(value):
        # A long list travels as a value; only its type is written down.
        values[name] = value
        return f"CAST(${name} AS {type_name})"
    return literal


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return (
            len(value) > 0
            and all(isinstance(item, (bool, int, float, str)) or item is None for item in value)
            and any(item is not None for item in value)
        )
    return False


def _has_zone(value: Any) -> bool:
    return isinstance(value, dt.datetime) and value.tzinfo is not None


def _type_name(value: Any) -> str | None:
    """Return the engine type of a list of plain values."""
    if not isinstance(value, list):
        return None
    kinds = {type(item) for item in value if item is not None}
    if kinds == {bool}:
        return "BOOL[]"
    if kinds and kinds <= {int, float}:
        if any(type(item) is int and not _is_int64(item) for item in value):
            return None
        if kinds == {int}:
            return "INT64[]"
        if any(type(item) is int and int(float(item)) != item for item in value):
            raise _UnusableError(
                "mixes fractions with whole numbers that no DOUBLE holds; send all as text or decimal."
            )
        return "DOUBLE[]"
    if kinds == {str}:
        return "STRING[]"
    return None


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not _is_int64(value):
            return f"CAST('{value}' AS INT128)"
        return str(value) if value >= 0 else f"({value})"
    if isinstance(value, float):
        # The grammar knows neither a sign in the exponent nor NaN.
        plain = math.isfinite(value) and not repr(value).startswith("-") and "e" not in repr(value)
        return repr(value) if plain else f"CAST('{value!r}' AS DOUBLE)"
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, bytes):
        return "BLOB('" + "".join(f"\\\\x{byte:02X}" for byte in value) + "')"
    return _typed_literal(value)


def _typed_literal(value: Any) -> str:
    if isinstance(value, UUID):
        return f"CAST('{value}' AS UUID)"
    if isinstance(value, CalendarInterval):
        return _interval(value)
    if isinstance(value, dt.timedelta):
        return _interval(CalendarInterval.from_timedelta(value))
    if isinstance(value, dt.datetime):
        return f"CAST('{value.isoformat(sep=' ')}' AS {'TIMESTAMP_TZ' if value.tzinfo else 'TIMESTAMP'})"
    if isinstance(value, dt.date):
        return f"CAST('{value.isoformat()}' AS DATE)"
    if isinstance(value, Decimal):
        return _decimal_literal(value)
    if isinstance(value, list):
        return _list_literal(value)
    if isinstance(value, dict):
        if not value:
            raise _UnusableError("is an empty object; a struct needs at least one field.")
        return "{" + ", ".join(f"{quote(str(key))}: {_literal(item)}" for key, item in value.items()) + "}"
    raise _UnusableError(f"has the type {type(value).__name__}, which Cypher does not know.")


def _interval(value: CalendarInterval) -> str:
    negative = min(value.months, value.days, value.microseconds) < 0
    # The engines read no sign in the text of an interval.
    return f"(INTERVAL('0 days') - {_interval(-value)})" if negative else f"INTERVAL('{value.engine_text()}')"


def _list_literal(value: list[Any]) -> str:
    kinds = {_kind(item) for item in value if item is not None}
    if len(kinds) > 1:
        raise _UnusableError(f"is a list of {' and '.join(sorted(kinds))} values; a list needs values of one type.")
    if any(type(item) is int and not _is_int64(item) for item in value):
        return "[" + ", ".join("NULL" if item is None else f"CAST('{item}' AS INT128)" for item in value) + "]"
    # An empty list would be one of INT64 beside lists of another type.
    shape = next((name for name in map(_list_type, value) if name), None)
    literals = [
        f"CAST({_literal(item)} AS {shape})"
        if shape and isinstance(item, list) and not _list_type(item)
        else _literal(item)
        for item in value
    ]
    return "[" + ", ".join(literals) + "]"


def _list_type(value: Any) -> str | None:
    """Return the engine type of a list of plain values or of lists of them, ``None`` when no element tells."""
    if not isinstance(value, list):
        return None
    inner = next((name for name in map(_list_type, value) if name), None)
    return f"{inner}[]" if inner else _type_name(value)


def _is_int64(value: int) -> bool:
    return -(2**63) <= value < 2**63


def _kind(item: Any) -> str:
    if isinstance(item, (int, float)) and not isinstance(item, bool):
        return "number"
    return {bool: "boolean", str: "text", list: "list", dict: "struct"}.get(type(item), type(item).__name__)


def _decimal_literal(value: Any) -> str:
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise _UnusableError("is no finite decimal.")
    scale = max(0, -exponent)
    precision = max(len(digits) + max(0, exponent), scale, 1)
    if precision > 38:
        raise _UnusableError("is a decimal of more than 38 digits, which no engine type holds.")
    return f"CAST('{value:f}' AS DECIMAL({precision}, {scale}))"
