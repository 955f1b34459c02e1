"""Functions that give wrong values for some arguments: weeks of dates, parts of texts beyond their end, and nulls.

Kuzu takes a week for a day. Both engines answer ``substring`` with the whole text where it starts beyond the end and
the text is not ASCII. A function of three arguments that was null once stays null for the rows after that one, where a
join gives them one by one; it is given no nulls here. Days of the week and of the year, which neither engine has, come
along.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.engine.clauses import call_end, split_items
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.nested_edits import NestedEdits
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["WRONG_FUNCTIONS", "wrong_function_edits"]

_TEXT, _ONE = "''", "1"
_OF_THREE = {
    **dict.fromkeys(("SUBSTRING", "SUBSTR"), (_TEXT, _ONE, _ONE)),
    **dict.fromkeys(("LPAD", "RPAD"), (_TEXT, _ONE, "' '")),
    **dict.fromkeys(("REGEXP_REPLACE", "REGEXP_EXTRACT"), (_TEXT, _TEXT, None)),
    "SPLIT_PART": (_TEXT, "' '", _ONE),
    **dict.fromkeys(("LIST_SLICE", "ARRAY_SLICE"), (None, _ONE, _ONE)),
    "MAKE_DATE": ("1970", _ONE, _ONE),
}
"""What stands for an argument that is null; None where only a test can keep it out."""
WRONG_FUNCTIONS = frozenset({"DATE_TRUNC", "DATETRUNC", "DATE_PART", "DATEPART", "MAP", *_OF_THREE})


def wrong_function_edits(statement: str, tokens: Sequence[Token], parameters: Mapping[str, Any]) -> list[Edit]:
    """Return the edits that put expressions which are right in place of such calls.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed`` for a call that would end the process.
    """
    for place in range(len(tokens)):
        _check_map_keys(statement, tokens, place)
    return _Calls(statement, tokens, parameters).edits.within(0, len(tokens))


_WEEKS = frozenset({"week", "weeks"})
_PARTS = {
    # 1970-01-04 was a Sunday, 1970-01-05 a Monday.
    "dow": "(({date} - date('1970-01-04')) % 7 + 7) % 7",
    "isodow": "(({date} - date('1970-01-05')) % 7 + 7) % 7 + 1",
    "doy": "{date} - date_trunc('year', {date}) + 1",
    # The week of its Thursday, as ISO 8601 has it.
    **dict.fromkeys(_WEEKS, "({thursday} - date_trunc('year', {thursday})) / 7 + 1"),
}


class _Calls:
    """Finds calls and what to put in their place."""

    def __init__(self, statement: str, tokens: Sequence[Token], parameters: Mapping[str, Any]) -> None:
        self._tokens = tokens
        self._parameters = parameters
        self.edits = NestedEdits(statement, tokens, self._call)

    def _call(self, place: int, _end: int) -> tuple[int, str] | None:
        end = _end_of_call(self._tokens, place)
        if end is None:
            return None
        spans = split_items(self._tokens, place + 2, end - 1)
        arguments = [self.edits.text(begun, finished) for begun, finished in spans]
        unit = _unit(self._tokens[place + 2], self._parameters) if end - place > 3 else ""
        text = _replacement(self._tokens[place], unit, arguments)
        return None if text is None else (end, text)


def _check_map_keys(statement: str, tokens: Sequence[Token], place: int) -> None:
    """Refuse maps whose keys are computed: a null among them ends the process where the result becomes Arrow."""
    end = _end_of_call(tokens, place)
    if end is None or tokens[place].keyword != "MAP" or end - place < 4:
        return
    _, keys_end = next(split_items(tokens, place + 2, end - 1))
    keys = tokens[place + 2 : keys_end]
    if any(token.kind not in _CONSTANTS and token.text not in ("[", "]", ",", "-") for token in keys):
        message = "map() takes constant keys only, since a null among them ends the engine. Return two lists, or rows."
        raise cypher_error("statement_not_allowed", message, statement, tokens[place].start)


_CONSTANTS = (TokenKind.STRING, TokenKind.NUMBER)


def _end_of_call(tokens: Sequence[Token], place: int) -> int | None:
    named = place > 0 and tokens[place - 1].text in (".", ":")
    return None if named or tokens[place].keyword not in WRONG_FUNCTIONS else call_end(tokens, place)


def _unit(token: Token, parameters: Mapping[str, Any]) -> str:
    value = parameters.get(token.name) if token.kind is TokenKind.PARAMETER else token.text[1:-1]
    return value.lower() if isinstance(value, str) else ""


def _replacement(function: Token, unit: str, arguments: Sequence[str]) -> str | None:
    name = function.keyword.replace("_", "")
    if function.keyword in _OF_THREE:
        return _without_nulls(function, arguments) if len(arguments) == 3 else None
    if len(arguments) != 2:
        return None
    date = f"CAST(({arguments[1]}) AS DATE)"
    since_monday = f"((({date} - date('1970-01-05')) % 7 + 7) % 7)"
    if name == "DATETRUNC":
        return f"(date_trunc('day', ({arguments[1]})) - to_days({since_monday}))" if unit in _WEEKS else None
    thursday = f"({date} - to_days({since_monday} - 3))"
    return f"({_PARTS[unit].format(date=date, thursday=thursday)})" if unit in _PARTS else None


def _without_nulls(function: Token, arguments: Sequence[str]) -> str | None:
    whole = [f"({argument})" for argument in arguments]
    stands = _OF_THREE[function.keyword]
    variable = [_CONSTANT.fullmatch(argument) is None for argument in arguments]
    given = [
        f"coalesce({argument}, {stand})" if is_variable and stand is not None else argument
        for argument, stand, is_variable in zip(whole, stands, variable, strict=True)
    ]
    nulls = " OR ".join(f"{text} IS NULL" for text, is_variable in zip(whole, variable, strict=True) if is_variable)
    cases = [f"WHEN {nulls} THEN NULL"] if nulls else []
    if function.keyword.startswith("SUBSTR"):
        cases.append(f"WHEN {whole[1]} > size({whole[0]}) THEN ''")
    call = f"{function.text}({', '.join(given)})"
    return f"(CASE {' '.join(cases)} ELSE {call} END)" if cases else None


_CONSTANT = re.compile(r"\s*(?:-?\d+|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*", re.DOTALL)
