"""Fields of what is null: ``n.address.city`` where there is no address is 0 or an empty text in the engines.

So are the properties, the id and the label of a node or relationship that an expression gives, ``collect(n)[1]`` or
``CASE WHEN ... THEN n END``. Every such field is asked for behind a test here. ``label`` of a value ends the process;
its label is a field as well. A graph function on a bare ``null`` ends it too, and is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graph_olap_server.instance.engine.clauses import Clause, call_end, closing, projection_items
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.nested_edits import NestedEdits
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["null_field_edits"]


def null_field_edits(
    statement: str, tokens: Sequence[Token], clauses: Sequence[Clause], parameters: Mapping[str, Any]
) -> list[Edit]:
    """Return the edits that give null for a field of null."""
    edits: list[Edit] = []
    full: set[str] = set()
    for clause in clauses:
        edits += _Reader(statement, tokens, clause, frozenset(full)).edits.within(clause.start, clause.end)
        full = _without_nulls(tokens, clause, full, parameters)
    return edits


_LABELS = frozenset({"LABEL", "LABELS", "TYPE"})
_ON_NULL = _LABELS | {
    *("ID", "NODES", "RELS", "RELATIONSHIPS", "LENGTH", "PROPERTIES", "START_NODE", "END_NODE", "STARTNODE", "ENDNODE"),
    *("OFFSET", "IS_TRAIL", "IS_ACYCLIC", "COST"),
}


class _Reader:
    """Finds the places in one clause; ``full`` are variables of UNWIND that are never null."""

    def __init__(self, statement: str, tokens: Sequence[Token], clause: Clause, full: frozenset[str]) -> None:
        self.tokens = tokens
        self.clause = clause
        self.full = full
        # ORDER BY and WHERE of a WITH see what it made.
        items, _, end = projection_items(tokens, clause) if clause.keyword in ("WITH", "RETURN") else ([], False, 0)
        self.projected = end if clause.keyword == "WITH" else clause.end
        # So does ORDER BY of a RETURN, where another name for a node that is null has values.
        returned = [stop for start, stop in items if stop - start > 2 and tokens[stop - 2].keyword == "AS"]
        self.returned = {tokens[stop - 1].name for stop in returned} if clause.keyword == "RETURN" else set()
        self.sorting = end
        self.edits = NestedEdits(statement, tokens, self._site)

    def _site(self, place: int, end: int) -> tuple[int, str] | None:
        token = self.tokens[place]
        before = self.tokens[place - 1] if place else None
        if before is not None and before.text in (".", ":", "$"):
            return None
        base_end = self._base_end(place)
        if base_end is None or base_end > end:
            return None
        fields_end = base_end
        while fields_end + 1 < end and self._is_field(fields_end):
            fields_end += 2
        fields = [part.text for part in self.tokens[base_end + 1 : fields_end : 2]]
        variable = base_end == place + 1
        plain = variable and not self._is_value(place)
        if len(fields) - plain > 0:
            base = token.text if variable else self.edits.text(place, base_end)
            prefixes = [".".join([base, *fields[:count]]) for count in range(plain, len(fields))]
            test = " OR ".join(f"{prefix} IS NULL" for prefix in prefixes)
            return fields_end, f"(CASE WHEN {test} THEN NULL ELSE {'.'.join([base, *fields])} END)"
        return None if variable or fields else self._call(place, base_end)

    def _base_end(self, place: int) -> int | None:
        token = self.tokens[place]
        if token.text == "(":
            return closing(self.tokens, place) + 1
        if not token.is_name:
            return None
        return call_end(self.tokens, place) or place + 1

    def _is_field(self, place: int) -> bool:
        named = self.tokens[place].text == "." and self.tokens[place + 1].is_name
        return named and not (place + 2 < len(self.tokens) and self.tokens[place + 2].text == "(")

    def _call(self, place: int, end: int) -> tuple[int, str] | None:
        token = self.tokens[place]
        if token.kind is not TokenKind.WORD or token.keyword not in _ON_NULL or end - place < 4:
            return None
        argument = self.tokens[place + 2]
        alone = end - place == 4
        if alone and argument.keyword == "NULL":
            return end, "null"
        if token.keyword not in _LABELS | {"ID"} or (alone and not self._is_value(place + 2)):
            return None
        value = self.edits.text(place + 2, end - 1)
        found = f"struct_extract({value}, '_LABEL')" if token.keyword in _LABELS else f"{token.text}({value})"
        return end, f"(CASE WHEN ({value}) IS NULL THEN NULL ELSE {found} END)"

    def _is_value(self, place: int) -> bool:
        # A name that no clause knows is one of a subquery's pattern, of a lambda or of this projection.
        name, clause = self.tokens[place].name, self.clause
        first, second = (clause.before, clause.after) if place < self.projected else (clause.after, clause.before)
        known = first.get(name, second.get(name))
        if known is None and place >= self.sorting and name in self.returned:
            return True
        return known is not None and known.kind == "value" and name not in self.full


def _without_nulls(tokens: Sequence[Token], clause: Clause, full: set[str], parameters: Mapping[str, Any]) -> set[str]:
    if clause.keyword == "UNWIND":
        values = tokens[clause.start + 1 : clause.end - 2]
        constant = not any(token.text == "." or token.keyword == "NULL" for token in values)
        given = [parameters.get(token.name) for token in values if token.kind is TokenKind.PARAMETER]
        if constant and not any(value is None or (isinstance(value, list) and None in value) for value in given):
            return full | {tokens[clause.end - 1].name}
    elif clause.keyword == "WITH":
        items, _, _ = projection_items(tokens, clause)
        if any(tokens[start].text == "*" for start, _ in items):
            return full
        copied = [(start, end) for start, end in items if end - start == 1 or tokens[start + 1].keyword == "AS"]
        return {tokens[end - 1].name for start, end in copied if tokens[start].name in full}
    return full
