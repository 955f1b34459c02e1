"""Limits of the engines that are recorded in docs/reference/engines.md: refusals, and what is still wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from graph_olap_server.conformance.findings import Finding
from graph_olap_server.conformance.query import (
    Aggregate,
    Call,
    Expression,
    Item,
    Match,
    Property,
    Subquery,
    Unwind,
    Variable,
    parts_of,
)

__all__ = ["LIMITS", "Limit", "known_limit"]


@dataclass(frozen=True, slots=True)
class Limit:
    """One recorded limit.

    Attributes:
        name: In the report and in the table of engines.md.
        engines: Engines that have it.
        refused: Whether the platform answers with an error; else the answer may be wrong.
        applies: Tells whether a disagreement is this one.
    """

    name: str
    engines: frozenset[str]
    refused: bool
    applies: Callable[[Finding], bool]


def known_limit(engine: str, finding: Finding) -> str | None:
    """Return the name of the recorded limit that explains a disagreement."""
    return next((limit.name for limit in LIMITS if engine in limit.engines and limit.applies(finding)), None)


def _says(text: str) -> Callable[[Finding], bool]:
    return lambda finding: finding.kind == "error" and text in finding.detail


def _label_of_optional(finding: Finding) -> bool:
    parts = list(parts_of(finding.query.parts))
    optional = any(isinstance(part, Match) and part.optional for part in parts)
    return optional and any(isinstance(part, Call) and part.name in ("label", "length") for part in parts)


def _outer_value_in_subquery(finding: Finding) -> bool:
    outer = {
        name
        for part in finding.query.parts
        for clause in part
        for pattern in parts_of(clause.paths if isinstance(clause, Match) else ())
        if (name := getattr(pattern, "variable", None)) is not None
    }
    outer |= {part.variable for part in parts_of(finding.query.parts) if isinstance(part, Unwind)}
    outer |= {part.name for part in parts_of(finding.query.parts) if isinstance(part, Item)}
    return any(
        isinstance(part, Subquery) and part.where is not None and outer & set(_names(part.where))
        for part in parts_of(finding.query.parts)
    )


def _names(expression: Expression) -> Iterator[str]:
    for part in parts_of(expression):
        if isinstance(part, Property):
            yield part.owner
        elif isinstance(part, Variable):
            yield part.name


def _union(finding: Finding) -> bool:
    return finding.kind == "differs" and len(finding.query.parts) > 1


def _empty_collect(finding: Finding) -> bool:
    collects = any(isinstance(part, Aggregate) and part.name == "collect" for part in parts_of(finding.query.parts))
    return finding.kind == "differs" and collects and "()" in finding.detail


_BOTH = frozenset({"kuzu", "ladybug"})
LIMITS = (
    Limit("impossible-pattern", _BOTH, True, _says("No relationship can match here")),
    Limit("zero-length", _BOTH, True, _says("A variable-length pattern from 0")),
    Limit("distinct-constants", _BOTH, True, _says("WITH DISTINCT of constants only")),
    Limit("distinct-aggregates", _BOTH, True, _says("a DISTINCT aggregate beside another one")),
    Limit("repeated-column-in-union", _BOTH, True, _says("is returned twice: the engine would mix")),
    Limit("acyclic", _BOTH, True, _says("ACYCLIC: the engine lets nodes repeat")),
    Limit("split-optional-match", _BOTH, True, _says("several patterns that share no variable")),
    Limit("undirected-group", _BOTH, True, _says("a relationship matched in both directions")),
    Limit("null-in-list", _BOTH, True, _says("A null in the list of IN")),
    Limit("unplannable", _BOTH, True, _says("The engine has no plan for this combination")),
    Limit("path-in-with", _BOTH, True, _says("Expression in WITH must be aliased")),
    Limit("label-of-optional", _BOTH, False, _label_of_optional),
    Limit("union-rows", frozenset({"kuzu"}), False, _union),
    Limit("collect-of-nothing", frozenset({"ladybug"}), False, _empty_collect),
    Limit("outer-value-in-subquery", _BOTH, False, _outer_value_in_subquery),
)
"""Everything that a run may meet without failing."""
