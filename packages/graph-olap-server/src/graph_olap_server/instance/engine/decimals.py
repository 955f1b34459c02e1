"""Decimals in aggregates and as text, which Kuzu and Ladybug do not know or get wrong.

Neither engine has ``sum``, ``avg``, ``min``, ``max`` or ``count`` of a DECIMAL. Whether an argument is one only the
engine knows, so it is asked: a plan of the statement fails with the type of the argument. Decimals of up to 18 digits
are then aggregated as whole numbers of their last digit, longer ones as lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graph_olap_server.instance.encoding.types import contains
from graph_olap_server.instance.engine.catalog import Catalog
from graph_olap_server.instance.engine.clauses import call_end
from graph_olap_server.instance.engine.edits import Edit, Edited, apply_edits
from graph_olap_server.instance.tokens import Token, tokenise

__all__ = ["aggregate_decimals", "decimal_text_edits", "has_aggregates", "may_hold_decimals"]

Refusal = Callable[[str], str | None]
"""Returns what the engine says against a statement, or None when it would run it."""


def has_aggregates(tokens: Sequence[Token]) -> bool:
    """Tell whether a statement has an aggregate that the engines do not have for decimals."""
    return any(_is_call(tokens, place) for place in range(len(tokens)))


def may_hold_decimals(text: str, catalog: Catalog) -> bool:
    """Tell whether there may be a decimal to aggregate, in the graph or in a statement with its parameters."""
    return _has_decimals(catalog) or "DECIMAL" in text.upper()


def aggregate_decimals(text: str, refusal: Refusal) -> Edited:
    """Return a statement whose aggregates of decimals the engine understands.

    Args:
        text: The statement for the engine.
        refusal: Asks the engine; it fails at the first aggregate of a decimal that it binds.
    """
    tokens = tokenise(text)
    calls = [_call(text, tokens, place) for place in range(len(tokens)) if _is_call(tokens, place)]
    edits: dict[_Call, Edit] = {}
    while len(edits) < len(calls):
        refused = _REFUSED.search(refusal(apply_edits(text, list(edits.values())).text) or "")
        if refused is None:
            break
        left = [call for call in calls if call not in edits]
        alike = [call for call in left if call.function == refused[1]]
        for call in alike:
            only = (int(refused[2]), int(refused[3])) if len(alike) == 1 else None
            kind = only or _refused_type(text, call, left, edits, refusal)
            if kind is not None:
                # The same call again, as in ORDER BY, is known by its text only.
                again = [other for other in left if other.written == call.written]
                edits |= {other: Edit(other.start, other.end, _replacement(other, *kind)) for other in again}
                break
        else:
            break
    return apply_edits(text, list(edits.values()))


def decimal_text_edits(tokens: Sequence[Token], catalog: Catalog) -> list[Edit]:
    """Return the edits that give ``CAST(n.price AS STRING)`` and ``toString(n.price)`` the sign of -0.05.

    The engines write it as ``0.-5``.
    """
    edits: list[Edit] = []
    for place, token in enumerate(tokens[:-5]):
        if token.keyword not in ("CAST", "TOSTRING", "STRING") or tokens[place + 1].text != "(":
            continue
        end = call_end(tokens, place)
        inside = tokens[place + 2 : (end or place) - 1]
        converts = [part.keyword for part in inside[3:]] == (["AS", "STRING"] if token.keyword == "CAST" else [])
        if end is not None and converts and len(inside) >= 3 and inside[1].text == "." and _decimal(inside[2], catalog):
            value = f"{inside[0].text}.{inside[2].text}"
            text = f"CASE WHEN {value} < 0 THEN concat('-', CAST(-{value} AS STRING)) ELSE CAST({value} AS STRING) END"
            edits.append(Edit(token.start, tokens[end - 1].end, text))
    return edits


@dataclass(frozen=True, slots=True)
class _Call:
    """An aggregate of a value: ``sum(DISTINCT n.price)``."""

    function: str
    distinct: str
    argument: str
    start: int
    end: int

    @property
    def written(self) -> tuple[str, str, str]:
        """What is called, wherever it stands."""
        return self.function, self.distinct, self.argument


_FUNCTIONS = frozenset({"SUM", "AVG", "MIN", "MAX", "COUNT"})
_REFUSED = re.compile(
    r"Function (SUM|AVG|MIN|MAX|COUNT) did not receive correct arguments:\s+"
    r"Actual:\s+(?:DISTINCT )?\(DECIMAL\((\d+), ?(\d+)\)\)"
)
_WHOLE_DIGITS = 18


def _is_call(tokens: Sequence[Token], place: int) -> bool:
    if tokens[place].keyword not in _FUNCTIONS or (place and tokens[place - 1].text in (".", ":")):
        return False
    end = call_end(tokens, place)
    return end is not None and [token.text for token in tokens[place + 2 : end - 1]] not in ([], ["*"])


def _call(text: str, tokens: Sequence[Token], place: int) -> _Call:
    end = call_end(tokens, place)
    assert end is not None
    distinct = tokens[place + 2].keyword == "DISTINCT"
    argument = text[tokens[place + 2 + distinct].start : tokens[end - 2].end]
    start, finish = tokens[place].start, tokens[end - 1].end
    return _Call(tokens[place].keyword, "DISTINCT " if distinct else "", argument, start, finish)


def _alone(text: str, call: _Call, left: Sequence[_Call], edits: dict[_Call, Edit]) -> str:
    """Return the statement in which only one of the calls that are left can be refused."""
    others = [Edit(other.start, other.end, "count(*)") for other in left if other is not call]
    return apply_edits(text, [*edits.values(), *others]).text


def _refused_type(
    text: str, call: _Call, left: Sequence[_Call], edits: dict[_Call, Edit], refusal: Refusal
) -> tuple[int, int] | None:
    """Return precision and scale of the argument when the engine refuses this call for them."""
    found = _REFUSED.search(refusal(_alone(text, call, left, edits)) or "")
    return None if found is None or found[1] != call.function else (int(found[2]), int(found[3]))


def _replacement(call: _Call, precision: int, scale: int) -> str:
    value, distinct = f"({call.argument})", call.distinct
    if call.function == "AVG" or (call.function == "COUNT" and not distinct):
        return f"{call.function}({distinct}CAST({value} AS DOUBLE))"
    if precision <= _WHOLE_DIGITS:
        unit = f"CAST({10**scale} AS DECIMAL({scale + 1},0))"
        whole = f"{call.function}({distinct}CAST({value}{f' * {unit}' if scale else ''} AS INT64))"
        if call.function == "COUNT":
            return whole
        if not scale:
            return f"CAST({whole} AS DECIMAL({38 if call.function == 'SUM' else precision},0))"
        digits = 37 - scale if call.function == "SUM" else _WHOLE_DIGITS
        last = f"CAST('0.{'1'.zfill(scale)}' AS DECIMAL({scale},{scale}))"
        exact = f"(CAST({whole} AS DECIMAL({digits},0)) * {last})"
        return exact if call.function == "SUM" else f"CAST({exact} AS DECIMAL({precision},{scale}))"
    if call.function == "COUNT":
        return f"COUNT(DISTINCT CAST({value} AS STRING))"
    # Of no value at all the list functions make zero in one engine and nothing in the other.
    if call.function == "SUM":
        result = f"list_sum(collect({distinct}CAST({value} AS DECIMAL(38,{scale}))))"
    else:
        result = f"list_any_value({'list_sort' if call.function == 'MIN' else 'list_reverse_sort'}(collect({value})))"
    return f"(CASE WHEN count(CAST({value} AS DOUBLE)) > 0 THEN {result} END)"


def _has_decimals(catalog: Catalog) -> bool:
    entries = (*catalog.nodes.values(), *catalog.edges.values())
    return any(contains(kind, frozenset({"DECIMAL"})) for entry in entries for kind in entry.properties.values())


def _decimal(name: Token, catalog: Catalog) -> bool:
    if not name.is_name:
        return False
    entries = (*catalog.nodes.values(), *catalog.edges.values())
    kinds = {entry.properties[name.name].name for entry in entries if name.name in entry.properties}
    return kinds == {"DECIMAL"}
