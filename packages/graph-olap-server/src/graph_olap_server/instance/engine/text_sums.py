"""``n.name + ', ' + n.city``: the engines take a text that is null for an empty one, where the sum is null."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graph_olap_server.instance.engine.catalog import Catalog
from graph_olap_server.instance.engine.clauses import Clause, call_end, closing, projection_items
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.lambdas import lambda_spans
from graph_olap_server.instance.engine.nested_edits import NestedEdits
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["text_properties", "text_sum_edits"]


def text_properties(catalog: Catalog) -> dict[str, bool]:
    """Return the names of properties that are texts in some label or type, and whether they are in all."""
    found: dict[str, set[bool]] = {}
    for entry in (*catalog.nodes.values(), *catalog.edges.values()):
        for name, kind in entry.properties.items():
            found.setdefault(name, set()).add(kind.name == "STRING")
    return {name: False not in kinds for name, kinds in found.items() if True in kinds}


def text_sum_edits(
    statement: str,
    tokens: Sequence[Token],
    clauses: Sequence[Clause],
    parameters: Mapping[str, Any],
    properties: Mapping[str, bool],
) -> list[Edit]:
    """Return the edits that make a sum of texts null where one of them is.

    Which sums are of texts is told by what stands in them; a sum of numbers that is taken for one stays right.
    """
    edits: list[Edit] = []
    texts: dict[str, bool] = {}  # names of values, and whether they are texts beyond doubt
    for clause in clauses:
        finder = _Sums(statement, tokens, parameters, properties, texts)
        if clause.keyword == "UNWIND":
            edits += finder.edits.within(clause.start, clause.end)
            if finder.is_text(clause.start + 1, clause.end - 2):
                texts = {**texts, tokens[clause.end - 1].name: False}
        elif clause.keyword in ("WITH", "RETURN"):
            items, _, end = projection_items(tokens, clause)
            edits += finder.edits.within(clause.start, end)
            named = dict(texts) if any(tokens[start].text == "*" for start, _ in items) else {}
            for start, stop in items:
                if finder.is_text(start, stop):
                    value_end = stop - 2 if tokens[stop - 2].keyword == "AS" else stop
                    named[tokens[stop - 1].name] = finder.is_surely_text(start, value_end)
            # ORDER BY sees the names of this clause as well.
            sorting = _Sums(statement, tokens, parameters, properties, {**texts, **named})
            edits += sorting.edits.within(end, clause.end)
            texts = named
        else:
            edits += finder.edits.within(clause.start, clause.end)
    return edits


_FUNCTIONS = frozenset(
    {
        *("UPPER", "LOWER", "TOUPPER", "TOLOWER", "SUBSTRING", "SUBSTR", "LEFT", "RIGHT", "TRIM", "LTRIM", "RTRIM"),
        *("REPLACE", "REVERSE", "CONCAT", "TOSTRING", "STRING", "LABEL", "LABELS", "TYPE", "LPAD", "RPAD", "REPEAT"),
        *("STRING_SPLIT", "REGEXP_EXTRACT", "REGEXP_REPLACE", "INITCAP", "MONTHNAME", "DAYNAME", "CHR"),
    }
)
_MAKE_TEXT = _FUNCTIONS - {"LABEL", "LABELS", "TYPE", "STRING_SPLIT"}
_ATOMS = (TokenKind.WORD, TokenKind.QUOTED, TokenKind.STRING, TokenKind.NUMBER, TokenKind.PARAMETER)


class _Sums:
    def __init__(
        self,
        statement: str,
        tokens: Sequence[Token],
        parameters: Mapping[str, Any],
        properties: Mapping[str, bool],
        texts: Mapping[str, bool],
    ) -> None:
        self._tokens = tokens
        self._parameters = parameters
        self._properties = properties
        self._texts = texts
        self._lambdas = frozenset(place for start, end in lambda_spans(tokens) for place in range(start, end))
        self.edits = NestedEdits(statement, tokens, self._sum)

    def is_text(self, start: int, end: int) -> bool:
        """Tell whether something in an expression is a text."""
        return any(self._is_text(place) for place in range(start, end))

    def is_surely_text(self, start: int, end: int) -> bool:
        """Tell whether an operand is a text beyond doubt: such a constant or property, or what makes texts."""
        first, last = self._tokens[start], self._tokens[end - 1]
        if end - start == 1:
            value = self._parameters.get(first.name) if first.kind is TokenKind.PARAMETER else None
            return first.kind is TokenKind.STRING or isinstance(value, str) or self._texts.get(first.name, False)
        if self._tokens[end - 2].text == ".":
            return last.is_name and self._properties.get(last.name, False)
        return first.keyword in _MAKE_TEXT and call_end(self._tokens, start) == end

    def _is_text(self, place: int) -> bool:
        token = self._tokens[place]
        if token.kind is TokenKind.STRING:
            return True
        if token.kind is TokenKind.PARAMETER:
            value = self._parameters.get(token.name)
            return isinstance(value, str) or (isinstance(value, list) and any(isinstance(item, str) for item in value))
        if not token.is_name:
            return False
        if place and self._tokens[place - 1].text == ".":
            return token.name in self._properties
        return token.name in self._texts or token.keyword in _FUNCTIONS

    def _sum(self, place: int, end: int) -> tuple[int, str] | None:
        if place and (self._tokens[place - 1].text in _BEFORE or self._continues(place)):
            return None
        operands = [(place, self._operand_end(place, end))]
        while (last := operands[-1][1]) is not None and last < end and self._tokens[last].text == "+":
            operands.append((last + 1, self._operand_end(last + 1, end)))
        spans = [(start, stop) for start, stop in operands if stop is not None]
        if len(spans) < 2 or len(spans) < len(operands) or self._binds_tighter(spans[-1][1]):
            return None
        if not any(self.is_text(start, stop) for start, stop in spans):
            return None
        texts = [self.edits.text(start, stop) for start, stop in spans]
        if place in self._lambdas:
            # The engines get CASE wrong there. What is cut off at its whole length is null where the length is.
            if not any(self.is_surely_text(start, stop) for start, stop in spans):
                return None
            return spans[-1][1], f"left({' + '.join(texts)}, {' + '.join(f'size({text})' for text in texts)})"
        fixed = (TokenKind.STRING, TokenKind.NUMBER)
        tests = [
            f"({text}) IS NULL"
            for text, (start, _) in zip(texts, spans, strict=True)
            if self._tokens[start].kind not in fixed
        ]
        if not tests:
            return None
        return spans[-1][1], f"(CASE WHEN {' OR '.join(tests)} THEN NULL ELSE {' + '.join(texts)} END)"

    def _continues(self, place: int) -> bool:
        """Tell whether a bracket is that of a call or an index."""
        before = self._tokens[place - 1]
        value = before.is_name or before.text in (")", "]")
        return value and self._tokens[place].text in ("(", "[") and before.end == self._tokens[place].start

    def _binds_tighter(self, place: int) -> bool:
        return place < len(self._tokens) and self._tokens[place].text in _TIGHTER

    def _operand_end(self, place: int, end: int) -> int | None:
        """Return the end of a name, constant, call or bracket with its fields and indexes; None for anything else."""
        if place >= end:
            return None
        token = self._tokens[place]
        if token.text in ("(", "["):
            stop = closing(self._tokens, place) + 1
        elif token.kind in _ATOMS and token.keyword not in _WORDS:
            stop = call_end(self._tokens, place) or place + 1
        else:
            return None
        while stop < end:
            if self._tokens[stop].text == "." and stop + 1 < end and self._tokens[stop + 1].is_name:
                stop += 2
            elif self._tokens[stop].text == "[":
                stop = closing(self._tokens, stop) + 1
            else:
                break
        return stop


_TIGHTER = frozenset("*/%^")
_BEFORE = _TIGHTER | frozenset(".+-")
_WORDS = frozenset(
    {"CASE", "WHEN", "THEN", "ELSE", "END", "AND", "OR", "XOR", "NOT", "IN", "IS", "RETURN", "WITH", "BY"}
)
