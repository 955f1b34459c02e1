"""Lists by lambda: comprehensions and quantifiers in the dialect's words, and what the engines get wrong refused.

Kuzu and Ladybug evaluate a lambda over the elements of many rows at a time. ``list_filter`` of an empty list then gives
elements of other rows. ``any(x IN list WHERE ...)`` ends the process on more elements than fit into one batch, and so
do ``CASE``, ``IS NULL`` and ``coalesce`` inside of a lambda, which take elements for others on fewer. Fields of
elements are those of others beyond a batch; ``properties(nodes(p), 'name')`` reads them rightly. A lambda over what
another one made of values from outside takes those of other rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graph_olap_server.domain.errors import PlatformError, cypher_error
from graph_olap_server.instance.engine.clauses import Clause, call_end, clauses_of, closing, depth_change, split_items
from graph_olap_server.instance.engine.edits import Edit, apply_edits
from graph_olap_server.instance.engine.nested_edits import NestedEdits
from graph_olap_server.instance.engine.types import text_literal
from graph_olap_server.instance.tokens import Token, tokenise

__all__ = ["check_lambdas", "lambda_edits", "lambda_spans"]


def lambda_edits(statement: str, tokens: Sequence[Token]) -> list[Edit]:
    """Return the edits that spell comprehensions and quantifiers as calls, and keep empty lists from ``list_filter``.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed``: one lambda depends on another in a way that
            the engines get wrong.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> text = "RETURN [x IN [1, 2] WHERE x > 1 | -x]"
        >>> [edit.text for edit in lambda_edits(text, tokenise(text))]
        ['list_transform(list_filter([1, 2], x -> (x > 1)), x -> (-x))']
    """
    return _Lists(statement, tokens).edits.within(0, len(tokens))


def lambda_spans(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield start and end of what stands behind the arrow of each lambda."""
    for place in range(1, len(tokens) - 3):
        if _is_lambda(tokens, place):
            depth = 0
            for end in range(place + 3, len(tokens)):
                depth += depth_change(tokens[end])
                if depth < 0 or (depth == 0 and tokens[end].text == ","):
                    yield place + 3, end
                    break


def check_lambdas(statement: str, tokens: Sequence[Token], _clauses: Sequence[Clause]) -> list[Edit]:
    """Refuse a lambda with what the engines evaluate for the wrong elements; returns no edits."""
    for start, end in lambda_spans(tokens):
        for place in range(start, end):
            token = tokens[place]
            named = tokens[place - 1].text in (".", ":")
            is_list = token.text == "[" and not _is_index(tokens, place) and tokens[place - 1].keyword != "IN"
            if is_list or token.text == "{" or (token.keyword in _CHOICES and not named):
                word = {"[": "A list", "{": "A map"}.get(token.text, token.keyword)
                message = (
                    f"{word} in the condition or expression of a list function: the engine takes one element for "
                    f"another. {_ADVICE}"
                )
                raise cypher_error("statement_not_allowed", message, statement, token.start)
    return []


_CHOICES = frozenset({"CASE", "IS", "COALESCE", "IFNULL", "NULLIF", "EXISTS", "COUNT"})
_QUANTIFIERS = {"ANY": "{} > 0", "ALL": "{} = size({})", "NONE": "{} = 0", "SINGLE": "{} = 1"}
_PATHS = frozenset({"NODES", "RELS", "RELATIONSHIPS"})
_FIELD_FUNCTIONS = {"LABEL": "_LABEL", "LABELS": "_LABEL", "TYPE": "_LABEL", "ID": "_ID"}
_FULL = frozenset({"NODES", "RELS", "RELATIONSHIPS", "COLLECT"})
_OPERATORS = frozenset(
    {"TRUE", "FALSE", "NULL", "AND", "OR", "XOR", "NOT", "IN", "IS", "STARTS", "ENDS", "WITH", "CONTAINS", "WHERE"}
)
_NESTED = "A list function over what another one made of values from outside: the engine takes those of other rows."
_FIELDS = (
    "A list function that reads fields of its elements: the engine takes those of others beyond 2,048 elements. It may "
    "compute from one property of nodes(p) or rels(p): [x IN nodes(p) WHERE x.age > 30 | x.age]."
)
_ADVICE = "Unwind the list instead: UNWIND list AS x WITH ... WHERE ... RETURN collect(...)."


class _Lists:
    def __init__(self, statement: str, tokens: Sequence[Token]) -> None:
        self._statement = statement
        self._tokens = tokens
        self._clauses = clauses_of(tokens)
        self._outside = False
        self._read: frozenset[str] = frozenset()
        self.edits = NestedEdits(statement, tokens, self._find)

    def _find(self, place: int, _end: int) -> tuple[int, str] | None:
        token = self._tokens[place]
        if place and self._tokens[place - 1].text in (".", ":"):
            return None
        if self._read and (found := self._element(place)) is not None:
            return found
        if token.text == "[":
            return None if _is_index(self._tokens, place) else self._comprehension(place)
        if token.keyword in _QUANTIFIERS and self._is_over(place + 1):
            return self._quantifier(place)
        return self._call(place) if token.keyword in ("LIST_FILTER", "LIST_TRANSFORM") else None

    def _element(self, place: int) -> tuple[int, str] | None:
        """Return what stands for a field of an element where the list holds the fields already."""
        token = self._tokens[place]
        if token.keyword in _FIELD_FUNCTIONS and call_end(self._tokens, place) == place + 4:
            argument = self._tokens[place + 2]
            return (place + 4, argument.text) if argument.name in self._read else None
        if token.name in self._read and token.is_name and self._tokens[place + 1].text == ".":
            return place + 3, token.text
        return None

    def _comprehension(self, place: int) -> tuple[int, str] | None:
        if not self._is_over(place):
            return None
        end = closing(self._tokens, place)
        where, bar = self._part(place, end, "WHERE"), self._part(place, end, "|")
        if (where is None and bar is None) or (where is not None and bar is not None and bar < where):
            return None
        stop = end if bar is None else bar
        source = (place + 3, stop if where is None else where)
        condition = None if where is None else (where + 1, stop)
        return end + 1, self._made(source, self._tokens[place + 1], condition, None if bar is None else (bar + 1, end))

    def _quantifier(self, place: int) -> tuple[int, str] | None:
        end = closing(self._tokens, place + 1)
        where = self._part(place + 1, end, "WHERE")
        if where is None:
            return None
        source = (place + 4, where)
        kept = self._made(source, self._tokens[place + 2], (where + 1, end), None, counted=True)
        test = _QUANTIFIERS[self._tokens[place].keyword].format(f"size({kept})", self.edits.text(*source))
        return end + 1, f"({test})"

    def _call(self, place: int) -> tuple[int, str] | None:
        end = call_end(self._tokens, place)
        spans = [] if end is None else list(split_items(self._tokens, place + 2, end - 1))
        if end is None or len(spans) != 2 or not _is_lambda(self._tokens, spans[1][0]):
            return None
        body = (spans[1][0] + 3, spans[1][1])
        filters = self._tokens[place].keyword == "LIST_FILTER"
        name = self._tokens[spans[1][0]]
        return end, self._made(spans[0], name, body if filters else None, None if filters else body)

    def _made(
        self,
        source: tuple[int, int],
        name: Token,
        condition: tuple[int, int] | None,
        shown: tuple[int, int] | None,
        *,
        counted: bool = False,
    ) -> str:
        """Return the calls that filter a list and compute from what is left; ``counted`` needs its length only."""
        before, self._outside = self._outside, False
        text = self._source(*source)
        fields, whole = self._uses(name, [span for span in (condition, shown) if span is not None])
        if fields:
            if whole or len(fields) > 1 or not self._is_path(*source) or not (shown or counted):
                raise self._refusal(source[0], _FIELDS)
            text = f"properties({text}, {text_literal(fields.pop())})"
            self._read = self._read | {name.name}
        if condition is not None:
            call = f"list_filter({text}, {name.text} -> ({_there(self._body(name, condition))}))"
            full = self._is_full(*source)
            text = call if full else f"(CASE WHEN size({text}) = 0 THEN {text} ELSE {call} END)"
            if shown is not None and self._outside:
                raise self._refusal(condition[0], _NESTED)
        if shown is not None:
            text = f"list_transform({text}, {name.text} -> ({self._body(name, shown)}))"
        self._read = self._read - {name.name}
        self._outside = self._outside or before
        return text

    def _uses(self, name: Token, spans: Sequence[tuple[int, int]]) -> tuple[set[str], bool]:
        """Return the fields of elements that are used, and whether elements are used as a whole."""
        fields: set[str] = set()
        whole = False
        for place in (place for span in spans for place in range(*span)):
            if not self._is_use(place, name.name):
                continue
            if field := self._field(place):
                fields.add(field)
            else:
                whole = True
        return fields, whole

    def _is_use(self, place: int, name: str) -> bool:
        token = self._tokens[place]
        return token.is_name and token.name == name and self._tokens[place - 1].text not in (".", ":")

    def _field(self, place: int) -> str | None:
        if self._tokens[place + 1].text == ".":
            return self._tokens[place + 2].name
        function = self._tokens[place - 2].keyword if self._tokens[place - 1].text == "(" else ""
        return _FIELD_FUNCTIONS.get(function) if self._tokens[place + 1].text == ")" else None

    def _is_path(self, start: int, end: int) -> bool:
        return self._tokens[start].keyword in _PATHS and call_end(self._tokens, start) == end

    def _source(self, start: int, end: int) -> str:
        """Return the text of a list; what it is made of must not come from outside by a lambda."""
        before, self._outside = self._outside, False
        text = self.edits.text(start, end)
        if self._outside:
            raise self._refusal(start, _NESTED)
        self._outside = before
        return text

    def _body(self, name: Token, span: tuple[int, int]) -> str:
        before, self._outside = self._outside, False
        text = self.edits.text(*span)
        if self._outside:
            raise self._refusal(span[0], _NESTED)
        self._outside = before or self._uses_outside(name, span)
        return text

    def _uses_outside(self, name: Token, span: tuple[int, int]) -> bool:
        own = {name.name, *(self._tokens[at].name for at in range(*span) if _is_lambda(self._tokens, at))}
        own |= {self._tokens[at + 1].name for at in range(*span) if self._is_over(at)}
        for place in range(*span):
            token = self._tokens[place]
            called = self._tokens[place + 1].text == "("
            is_field = self._tokens[place - 1].text in (".", ":")
            variable = token.is_name and token.keyword not in _OPERATORS and not called and not is_field
            if variable and token.name not in own:
                return True
        return False

    def _is_full(self, start: int, end: int) -> bool:
        """Tell whether a list cannot be empty."""
        token = self._tokens[start]
        if token.text == "[":
            return closing(self._tokens, start) == end - 1 and end - start > 2
        if token.keyword in _FULL:
            return call_end(self._tokens, start) == end
        clause = next((clause for clause in self._clauses if clause.start <= start < clause.end), None)
        known = None if clause is None or end - start != 1 else clause.before.get(token.name)
        return known is not None and known.aggregate

    def _is_over(self, place: int) -> bool:
        """Tell whether ``name IN`` follows a bracket."""
        tokens = self._tokens
        return (
            place + 3 < len(tokens)
            and tokens[place].text in ("(", "[")
            and tokens[place + 1].is_name
            and tokens[place + 2].keyword == "IN"
            and closing(tokens, place) < len(tokens)
        )

    def _part(self, start: int, end: int, word: str) -> int | None:
        depth = 0
        for place in range(start + 1, end):
            token = self._tokens[place]
            depth += depth_change(token)
            if depth == 0 and word in (token.keyword, token.text) and self._tokens[place - 1].text not in (".", ":"):
                return place
        return None

    def _refusal(self, place: int, reason: str) -> PlatformError:
        message = f"{reason} {_ADVICE}"
        return cypher_error("statement_not_allowed", message, self._statement, self._tokens[place].start)


def _there(condition: str) -> str:
    """Write ``x IS NOT NULL`` as ``x = x``, which is as good in a condition that is not negated."""
    tokens = tokenise(condition)
    edits = []
    for place in range(1, len(tokens) - 2):
        if [token.keyword for token in tokens[place : place + 3]] != ["IS", "NOT", "NULL"]:
            continue
        start = place - 1
        while start > 1 and tokens[start].is_name and tokens[start - 1].text == ".":
            start -= 2
        if tokens[start].is_name:
            value = condition[tokens[start].start : tokens[place - 1].end]
            edits.append(Edit(tokens[start].start, tokens[place + 2].end, f"({value} = {value})"))
    changed = apply_edits(condition, edits).text
    return condition if any(token.keyword == "NOT" for token in tokenise(changed)) else changed


def _is_lambda(tokens: Sequence[Token], place: int) -> bool:
    return (
        place + 3 < len(tokens)
        and tokens[place].is_name
        and tokens[place - 1].text in ("(", ",")
        and (tokens[place + 1].text, tokens[place + 2].text) == ("-", ">")
    )


def _is_index(tokens: Sequence[Token], place: int) -> bool:
    before = tokens[place - 1] if place else None
    if before is None or before.end != tokens[place].start:
        return False
    return before.is_name or before.text in (")", "]")
