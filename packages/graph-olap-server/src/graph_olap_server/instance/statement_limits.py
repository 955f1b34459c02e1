"""How deep a statement may nest, and how long it may go on.

Beyond, the engines' parsers and planners take exponential time, gigabytes or all of the stack, and no time limit
reaches them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["check_limits"]

MAX_BRACKETS = 60
MAX_CASES = 12
MAX_SUBQUERIES = 6
MAX_REPEATED = 100
MAX_OPERATORS = 1000
MAX_ENTRIES = 1000
MAX_PATTERNS = 100
MAX_RELATIONSHIPS = 25
MAX_CLAUSES = 500
MAX_ALL_SUBQUERIES = 50


def check_limits(tokens: Sequence[Token], text: str) -> None:
    """Refuse what nests too deeply or goes on for too long.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed`` at the place where it becomes too much.
    """
    counter = _Counter(tokens)
    for place, token in enumerate(tokens):
        if token.kind is not TokenKind.SYMBOL and token.keyword not in _COUNTED:
            continue
        counter.read(place, token)
        for found, (limit, message) in zip(counter.found(), _LIMITS, strict=True):
            if found > limit:
                raise cypher_error("statement_not_allowed", message, text, token.start)


_LIMITS = (
    (MAX_BRACKETS, f"Brackets nest {MAX_BRACKETS} deep at most. Compute parts under a name with WITH."),
    (MAX_CASES, f"CASE nests {MAX_CASES} deep at most. Write CASE WHEN ... WHEN ... END, one case after the other."),
    (MAX_SUBQUERIES, f"EXISTS and COUNT nest {MAX_SUBQUERIES} deep at most. Match in several steps with WITH."),
    (MAX_REPEATED, f"A sign or NOT stands {MAX_REPEATED} times in a row at most."),
    (
        MAX_OPERATORS,
        f"An expression has at most {MAX_OPERATORS} operators, each applied to what those before it give. Use a "
        "function of a list, such as list_sum([...]), or give the values as a parameter.",
    ),
    (MAX_ENTRIES, f"A map, or the arguments of a function, have at most {MAX_ENTRIES} entries. Use a list."),
    (
        MAX_PATTERNS,
        f"MATCH and those that follow it directly have at most {MAX_PATTERNS} patterns, as they are planned together. "
        "Go on after WITH.",
    ),
    (
        MAX_RELATIONSHIPS,
        f"MATCH and those that follow it directly have at most {MAX_RELATIONSHIPS} relationships, as they are planned "
        "together. Go on after WITH, or use a variable length such as -[:TYPE* 1..5]->.",
    ),
    (MAX_CLAUSES, f"A statement has at most {MAX_CLAUSES} clauses. Give the values as a parameter and UNWIND it."),
    (
        MAX_ALL_SUBQUERIES,
        f"A statement has at most {MAX_ALL_SUBQUERIES} EXISTS and COUNT subqueries. Match in several steps with WITH.",
    ),
)

_CLAUSES = frozenset({"CALL", "MATCH", "RETURN", "UNION", "UNWIND", "WITH"})
_ENDS_OF_EXPRESSIONS = frozenset({"AND", "ELSE", "LIMIT", "OR", "ORDER", "SKIP", "THEN", "WHEN", "WHERE", "XOR"})
_COUNTED = _CLAUSES | _ENDS_OF_EXPRESSIONS | {"CASE", "END", "IN", "NOT", "OPTIONAL"}
_OPERATORS = frozenset("+-*/%^|&<>")
_COMPARED = frozenset("<>")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


@dataclass(slots=True)
class _Level:
    """What was seen within one pair of brackets, or between CASE and END."""

    opened_by: str = ""
    is_subquery: bool = False
    entries: int = 1
    operators: int = 0
    deepest_inside: int = 0
    deepest: int = 0
    in_patterns: bool = False
    patterns: int = 0
    relationships: int = 0

    @property
    def depth(self) -> int:
        """How deep the expression under way is: operators that follow each other nest in each other."""
        return self.operators + self.deepest_inside

    def end_expression(self) -> None:
        self.deepest = max(self.deepest, self.depth)
        self.operators = self.deepest_inside = 0

    def end_patterns(self) -> None:
        self.in_patterns = False
        self.patterns = self.relationships = 0


class _Counter:
    """Reads a statement once, token by token."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._levels = [_Level()]
        self._repeated = 0
        self._clauses = 0
        self._subqueries = 0

    def found(self) -> tuple[int, ...]:
        """Return the numbers that ``_LIMITS`` limits, as they are now."""
        level = self._levels[-1]
        cases = sum(one.opened_by == "CASE" for one in self._levels)
        return (
            len(self._levels) - 1 - cases,
            cases,
            sum(one.is_subquery for one in self._levels),
            self._repeated,
            level.depth,
            level.entries if level.opened_by in ("(", "{") and not level.is_subquery else 0,
            max(one.patterns for one in self._levels),
            max(one.relationships for one in self._levels),
            self._clauses,
            self._subqueries,
        )

    def read(self, place: int, token: Token) -> None:
        """Count one token."""
        before = self._tokens[place - 1] if place else None
        word = token.text.upper()
        same = before is not None and word in ("-", "+", "NOT") and word == before.text.upper()
        self._repeated = self._repeated + 1 if same else 0
        if token.kind is TokenKind.SYMBOL:
            self._symbol(place, token.text, before)
        elif token.keyword and not self._is_name(place, before):
            self._word(place, token.keyword, before)

    def _symbol(self, place: int, text: str, before: Token | None) -> None:
        level = self._levels[-1]
        if text in _BRACKETS:
            self._open(place, text, before)
        elif text in _BRACKETS.values():
            while len(self._levels) > 1 and self._close() == "CASE":
                pass
        elif text == ",":
            level.entries += 1
            level.end_expression()
        elif text in _OPERATORS:
            # A single < or > compares; two of them move bits.
            level.operators += text not in _COMPARED or (before is not None and before.text == text)
        elif text == "." and place > 1 and self._tokens[place - 2].text == ".":
            level.operators += 1

    def _open(self, place: int, text: str, before: Token | None) -> None:
        level = self._levels[-1]
        is_subquery = text == "{" and before is not None and before.keyword in ("EXISTS", "COUNT")
        self._subqueries += is_subquery
        if text == "(" and level.in_patterns:
            starts = before is None or before.text in (",", "=", "{") or before.keyword == "MATCH"
            level.patterns += starts
            level.relationships += not starts
        elif text == "[" and before is not None and not level.in_patterns:
            is_value = before.kind is not TokenKind.SYMBOL and not before.keyword
            level.operators += is_value or before.text in (")", "]", "}") or _is_plain_word(before)
        short = is_subquery and self._keyword(place + 1) != "MATCH"
        self._levels.append(_Level(text, is_subquery, in_patterns=short))

    def _close(self) -> str:
        inner = self._levels.pop()
        inner.end_expression()
        outer = self._levels[-1]
        outer.deepest_inside = max(outer.deepest_inside, inner.deepest)
        return inner.opened_by

    def _word(self, place: int, word: str, before: Token | None) -> None:
        level = self._levels[-1]
        if word == "CASE":
            self._levels.append(_Level("CASE"))
        elif word == "END":
            if level.opened_by == "CASE":
                self._close()
        elif word == "IN":
            level.operators += 1
        elif word in _ENDS_OF_EXPRESSIONS:
            level.end_expression()
            level.in_patterns = False
        elif word == "OPTIONAL" and self._keyword(place + 1) == "MATCH":
            level.end_patterns()
        elif word in _CLAUSES and self._is_clause(place, word, before):
            self._clauses += 1
            level.end_expression()
            if word == "MATCH":
                level.in_patterns = True
            else:
                level.end_patterns()

    def _is_clause(self, place: int, word: str, before: Token | None) -> bool:
        if word == "WITH":
            return before is None or before.keyword not in ("STARTS", "ENDS")
        if word == "MATCH":
            return "(" in (self._text(place + 1), self._text(place + 3))
        return True

    def _is_name(self, place: int, before: Token | None) -> bool:
        if before is not None and (before.text in (".", ":") or before.keyword == "AS"):
            return True
        return self._text(place + 1) in (".", ":")

    def _keyword(self, place: int) -> str:
        return self._tokens[place].keyword if place < len(self._tokens) else ""

    def _text(self, place: int) -> str:
        return self._tokens[place].text if place < len(self._tokens) else ""


_BEFORE_LISTS = _CLAUSES | _ENDS_OF_EXPRESSIONS | {"AS", "BY", "CASE", "DISTINCT", "IN", "NOT"}


def _is_plain_word(token: Token) -> bool:
    return bool(token.keyword) and token.keyword not in _BEFORE_LISTS
