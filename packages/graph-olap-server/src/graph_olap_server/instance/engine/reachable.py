"""Patterns that no relationship of the graph can match, which the engines take for something else.

In ``OPTIONAL MATCH``, ``EXISTS { }`` and ``COUNT { }``, Kuzu and Ladybug drop such a pattern, or the labels of it, in
planning: rows are found that do not exist. Paths of length 0 are counted once for each relationship type, twice at a
self-loop, and not at all without a type. The former are found here and said in another way (impossible.py), with a
warning; the latter are refused, with the reason, before the engine sees them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.engine.clauses import Clause, clauses_of, projection_items
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["CheckedPatterns", "Ends", "check_patterns"]

Ends = Mapping[str, tuple[str, str]]
"""Relationship type → labels of its start and end."""


@dataclass(frozen=True, slots=True)
class CheckedPatterns:
    """What the patterns of a statement are like.

    Attributes:
        undirected: Variables of relationships that are matched in both directions.
        impossible: Place of each MATCH (of OPTIONAL MATCH or of a subquery) that nothing can match → what to tell.
        labels: Place in the tokens, after which a label can be written, of each new node without one whose
            relationships leave only some labels → these labels.
    """

    undirected: frozenset[str]
    impossible: Mapping[int, str]
    labels: Mapping[int, frozenset[str]]


def check_patterns(statement: str, tokens: Sequence[Token], labels: Sequence[str], ends: Ends) -> CheckedPatterns:
    """Find patterns that nothing can match, and refuse those that the engines are known to match wrongly.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed`` that names the pattern and what to write.
    """
    return _Check(statement, tokens, frozenset(labels), ends).run()


@dataclass(slots=True)
class _Hop:
    types: frozenset[str]
    direction: str
    recursive: bool
    zero: bool
    token: Token


@dataclass(slots=True)
class _Path:
    nodes: list[str] = field(default_factory=list)
    bare: dict[str, int] = field(default_factory=dict)
    hops: list[_Hop] = field(default_factory=list)


class _Check:
    def __init__(self, statement: str, tokens: Sequence[Token], labels: frozenset[str], ends: Ends) -> None:
        self._statement = statement
        self._tokens = tokens
        self._labels = labels
        self._ends = ends
        self._known: dict[str, frozenset[str]] = {}
        self._unnamed = 0
        self._undirected: set[str] = set()
        self._impossible: dict[int, str] = {}
        self._inferred: dict[int, frozenset[str]] = {}
        # The items of a WITH, which may have subqueries, still see what was known before.
        withs = [clause for clause in clauses_of(tokens) if clause.keyword == "WITH"]
        self._withs = {projection_items(tokens, clause)[2]: clause for clause in withs}
        self._optional = False

    def run(self) -> CheckedPatterns:
        tokens = self._tokens
        for index, token in enumerate(tokens):
            if index in self._withs:
                self._project(self._withs[index])
            if token.keyword in ("UNION",) and not self._is_name(index):
                self._known.clear()
            elif token.keyword == "MATCH" and not self._is_name(index) and self._text(index + 1) != ".":
                self._match(index)
        return CheckedPatterns(frozenset(self._undirected), self._impossible, self._inferred)

    def _project(self, clause: Clause) -> None:
        """Keep what WITH passes on: any other name may be given to another node after it."""
        tokens, kept = self._tokens, {}
        for start, end in projection_items(tokens, clause)[0]:
            if tokens[start].text == "*" and end == start + 1:
                kept.update(self._known)
            elif end == start + 1 or (end == start + 3 and tokens[start + 1].keyword == "AS"):
                found = self._known.get(tokens[start].name)
                if found is not None:
                    kept[tokens[end - 1].name] = found
        self._known = kept

    def _match(self, index: int) -> None:
        before = self._tokens[index - 1] if index else None
        optional = before is not None and before.keyword == "OPTIONAL"
        inner = before is not None and before.text == "{"
        outside = dict(self._known)
        place, paths = index + 1, []
        while True:
            place, path = self._path(place)
            if path is None:
                break
            paths.append(path)
            if self._text(place) != ",":
                break
            place += 1
        self._optional |= optional
        if (optional or (self._optional and not inner)) and _is_split(paths):
            message = _SPLIT if optional else _SPLIT_AFTER
            raise cypher_error("statement_not_allowed", message, self._statement, self._tokens[index].start)
        self._narrow(paths, index, required=not (optional or inner))
        if inner:
            self._known = outside

    def _path(self, place: int) -> tuple[int, _Path | None]:
        if self._text(place + 1) == "=":
            place += 2
        if self._text(place) != "(":
            return place, None
        path = _Path()
        place = self._node(place, path)
        while self._text(place) in ("-", "<"):
            place = self._hop(place, path)
            if self._text(place) != "(":
                return place, path
            place = self._node(place, path)
        return place, path

    def _node(self, place: int, path: _Path) -> int:
        end = self._closing(place)
        words = self._tokens[place + 1 : end]
        name = ""
        if words and words[0].is_name:
            name = words[0].name
        if not name:
            self._unnamed += 1
            name = f" {self._unnamed}"
        labels = self._after(words, ":")
        possible = self._known.get(name, self._labels)
        if labels:
            # A label that does not exist is for the engine to name.
            possible = possible & labels if labels <= self._labels else self._labels
        elif name not in self._known and words:
            path.bare[name] = place + words[0].is_name
        self._known[name] = possible
        path.nodes.append(name)
        return end + 1

    def _hop(self, place: int, path: _Path) -> int:
        left = self._text(place) == "<"
        place += 2 if left else 1
        words: Sequence[Token] = ()
        token = self._tokens[place - 1]
        if self._text(place) == "[":
            end = self._closing(place)
            words = self._tokens[place + 1 : end]
            place = end + 1
        right = self._text(place + 1) == ">"
        place += 2 if right else 1
        direction = "-" if left == right else "<-" if left else "->"
        if any(word.keyword == "ACYCLIC" for word in words):
            raise cypher_error("statement_not_allowed", _ACYCLIC, self._statement, token.start)
        if direction == "-" and words and words[0].is_name:
            self._undirected.add(words[0].name)
        types = self._after(words, ":", "|") or frozenset(self._ends)
        star = next((index for index, word in enumerate(words) if word.text == "*"), None)
        zero = star is not None and self._lower_bound(words[star + 1 :]) == "0"
        path.hops.append(_Hop(types, direction, star is not None, zero, token))
        return place

    @staticmethod
    def _lower_bound(words: Sequence[Token]) -> str:
        for word in words:
            if word.kind is TokenKind.NUMBER:
                return word.text
            if word.text == ".":
                return "1"
        return "1"

    @staticmethod
    def _after(words: Sequence[Token], *marks: str) -> frozenset[str]:
        names = set()
        for index, word in enumerate(words):
            if word.text in ("{", "*"):
                break
            marked = index > 0 and (words[index - 1].text in marks)
            if marked and word.is_name:
                names.add(word.name)
        return frozenset(names)

    def _narrow(self, paths: Sequence[_Path], place: int, *, required: bool) -> None:
        """Keep the labels that are possible on both sides of each relationship, until nothing changes."""
        before = None
        found = {name: self._known[name] for path in paths for name in path.nodes}
        self._narrow_ends(paths, found)
        while before != found:
            before = dict(found)
            for path in paths:
                for start, hop, end in zip(path.nodes, path.hops, path.nodes[1:], strict=False):
                    self._check_zero(hop)
                    if hop.recursive or not hop.types <= frozenset(self._ends):
                        continue
                    pairs = self._pairs(hop, found[start], found[end])
                    if start == end:
                        pairs = {(a, b) for a, b in pairs if a == b}
                    if not pairs and not required:
                        self._impossible.setdefault(place, self._told(hop, before[start], before[end]))
                        return
                    found[start], found[end] = frozenset(a for a, _ in pairs), frozenset(b for _, b in pairs)
        if required:
            self._known.update(found)
        for path in paths:
            for name, at in path.bare.items():
                if 0 < len(found[name]) < len(self._labels):
                    self._inferred[at] = found[name]

    def _narrow_ends(self, paths: Sequence[_Path], found: dict[str, frozenset[str]]) -> None:
        """Keep the labels that the ends of variable-length patterns can have."""
        for path in paths:
            for start, hop, end in zip(path.nodes, path.hops, path.nodes[1:], strict=False):
                if hop.recursive and not hop.zero and hop.types <= frozenset(self._ends):
                    pairs = self._pairs(hop, self._labels, self._labels)
                    found[start] = found[start] & {a for a, _ in pairs} or found[start]
                    found[end] = found[end] & {b for _, b in pairs} or found[end]

    def _pairs(self, hop: _Hop, starts: frozenset[str], ends: frozenset[str]) -> set[tuple[str, str]]:
        pairs = set()
        for name in hop.types & frozenset(self._ends):
            a, b = self._ends[name]
            if hop.direction in ("->", "-"):
                pairs.add((a, b))
            if hop.direction in ("<-", "-"):
                pairs.add((b, a))
        return {(a, b) for a, b in pairs if a in starts and b in ends}

    def _check_zero(self, hop: _Hop) -> None:
        if hop.zero:
            raise cypher_error("statement_not_allowed", _ZERO, self._statement, hop.token.start)

    def _told(self, hop: _Hop, starts: frozenset[str], ends: frozenset[str]) -> str:
        types = ", ".join(sorted(hop.types)[:5]) or "none"
        named = sorted(hop.types & set(self._ends))[:5]
        known = "; ".join(f"{name} from {self._ends[name][0]} to {self._ends[name][1]}" for name in named)
        return (
            f"No relationship can match a part of the query: the type is {types} and the ends {_listed(starts)} and "
            f"{_listed(ends)} ({known or 'there is no such type'}). Check the labels and the direction."
        )

    def _closing(self, place: int) -> int:
        depth = 0
        for index in range(place, len(self._tokens)):
            token = self._tokens[index]
            if token.kind is TokenKind.SYMBOL:
                depth += (token.text in "([{") - (token.text in ")]}")
                if depth == 0:
                    return index
        return len(self._tokens)

    def _text(self, index: int) -> str:
        return self._tokens[index].text if 0 <= index < len(self._tokens) else ""

    def _is_name(self, index: int) -> bool:
        before = self._tokens[index - 1] if index else None
        return before is not None and (before.text in (".", ":") or before.keyword == "AS")


_ZERO = (
    "A variable-length pattern from 0: the engine counts paths of length 0 wrongly. Start at 1, and add the nodes "
    "themselves with UNION ALL."
)
_SPLIT = (
    "OPTIONAL MATCH with several patterns that share no variable: the engine mixes their rows up. Write an OPTIONAL "
    "MATCH for each, or connect them."
)
_SPLIT_AFTER = (
    "MATCH after OPTIONAL MATCH with several patterns that share no variable: the engine loses rows. Write a MATCH for "
    "each, with WITH * between them."
)
_ACYCLIC = (
    "ACYCLIC: the engine lets nodes repeat and leaves out paths where none does. Name the path and test it: "
    "MATCH p = (a)-[:TYPE* 1..3]->(b) WHERE is_acyclic(p)."
)


def _is_split(paths: Sequence[_Path]) -> bool:
    """Tell whether patterns fall into parts that have no variable in common."""
    joined, rest = set(paths[0].nodes) if paths else set(), list(paths[1:])
    while True:
        found = [path for path in rest if joined & set(path.nodes)]
        if not found:
            return bool(rest)
        joined.update(*(path.nodes for path in found))
        rest = [path for path in rest if path not in found]


def _listed(labels: frozenset[str]) -> str:
    return " or ".join(sorted(labels)[:5]) or "nothing"
