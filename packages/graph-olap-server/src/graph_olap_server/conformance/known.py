"""Limits of the engines that are recorded in docs/reference/engines.md: refusals, and what is still wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graph_olap_server.conformance.findings import Finding
from graph_olap_server.conformance.query import Aggregate, Projection, Variable, parts_of

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


def _empty_collect(finding: Finding) -> bool:
    collects = any(isinstance(part, Aggregate) and part.name == "collect" for part in parts_of(finding.query.parts))
    return finding.kind == "differs" and collects and "()" in finding.detail


def _two_names(finding: Finding) -> bool:
    if _says("Two result columns are called")(finding):
        return True
    # What the generator uses is bound, so it is the engine that lost the name.
    projections = [part for part in parts_of(finding.query.parts) if isinstance(part, Projection)]
    names = [[item.expression for item in part.items if isinstance(item.expression, Variable)] for part in projections]
    return _says("is not known at this place")(finding) and any(len(set(found)) < len(found) for found in names)


_BOTH = frozenset({"kuzu", "ladybug"})
LIMITS = (
    Limit("zero-length", _BOTH, True, _says("A variable-length pattern from 0")),
    Limit("distinct-constants", _BOTH, True, _says("of constants only")),
    Limit("distinct-aggregates", _BOTH, True, _says("a DISTINCT aggregate beside another one")),
    Limit("acyclic", _BOTH, True, _says("ACYCLIC: the engine lets nodes repeat")),
    Limit("split-optional-match", _BOTH, True, _says("several patterns that share no variable")),
    Limit("undirected-group", _BOTH, True, _says("a relationship matched in both directions")),
    Limit("null-in-list", _BOTH, True, _says("A null in the list of IN")),
    Limit("unplannable", _BOTH, True, _says("The engine has no plan for this combination")),
    Limit("too-large", _BOTH, True, _says("The query needs more memory than the instance has")),
    Limit("cycle-in-optional", _BOTH, True, _says("comes back to a node over parallel relationships")),
    Limit("nested-subquery", _BOTH, True, _says("is used in a subquery inside of another condition")),
    Limit("subquery-of-optional", _BOTH, True, _says("comes from OPTIONAL MATCH and may be null")),
    Limit("path-carried", _BOTH, True, _says("uses values from outside while the path")),
    Limit(
        "optional-path-condition",
        _BOTH,
        True,
        _says("comes from OPTIONAL MATCH and may be null: the engine would lose"),
    ),
    Limit("optional-path-group", _BOTH, True, _says("a path of OPTIONAL MATCH: the engine takes")),
    Limit("sorted-relationship-group", _BOTH, True, _says("together with ORDER BY")),
    Limit("node-with-two-names", _BOTH, True, _two_names),
    Limit("negative-decimals", _BOTH, True, _says("holds negative decimals")),
    Limit("computed-int32", _BOTH, True, _says("computed from an INT32 property is compared")),
    Limit("decimal-digits", _BOTH, True, _says("Decimal Cast Failed")),
    Limit("collect-of-nothing", frozenset({"ladybug"}), False, _empty_collect),
)
"""Everything that a run may meet without failing."""
