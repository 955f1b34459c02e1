"""The way of one statement from the analyst's text to the engine's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graph_olap_server.domain.errors import PlatformError, cypher_error
from graph_olap_server.instance.engine.bind import bind
from graph_olap_server.instance.engine.catalog import Catalog
from graph_olap_server.instance.engine.clauses import clauses_of, projection_items
from graph_olap_server.instance.engine.constants import constant_edits
from graph_olap_server.instance.engine.cycles import may_have_cycle
from graph_olap_server.instance.engine.decimals import (
    aggregate_decimals,
    decimal_text_edits,
    has_aggregates,
    may_hold_decimals,
)
from graph_olap_server.instance.engine.edits import Edit, apply_edits
from graph_olap_server.instance.engine.grouped_relationships import grouped_relationship_edits
from graph_olap_server.instance.engine.impossible import impossible_edits
from graph_olap_server.instance.engine.indexed_values import indexed_value_edits
from graph_olap_server.instance.engine.labels import label_edits
from graph_olap_server.instance.engine.lambdas import lambda_edits
from graph_olap_server.instance.engine.looked_up import looked_up_edits
from graph_olap_server.instance.engine.mending import mend
from graph_olap_server.instance.engine.projections import Arranged, arrange
from graph_olap_server.instance.engine.reachable import check_patterns
from graph_olap_server.instance.engine.recent import Recent, parameter_traits
from graph_olap_server.instance.engine.repeated_names import repeated_name_edits
from graph_olap_server.instance.engine.sorted_rows import named_order_edits
from graph_olap_server.instance.engine.subqueries import subquery_edits
from graph_olap_server.instance.engine.text_escapes import text_escape_edits
from graph_olap_server.instance.engine.text_sums import text_properties
from graph_olap_server.instance.engine.unknown_properties import unknown_property_edits
from graph_olap_server.instance.tokens import Token, by_statement, tokenise

__all__ = ["Prepared", "Rewritten", "plan_prefix", "prepare"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as the engine gets it.

    Attributes:
        text: What the engine gets.
        values: The parameters that go with it.
        columns: Where each column of the result is in the engine's; None when they are as asked for.
        original_position: From an offset in ``text`` to the offset in the analyst's statement.
        warnings: What the analyst should know about the statement.
        may_have_cycle: Whether its patterns may come back to a node.
    """

    text: str
    values: dict[str, Any]
    columns: tuple[int, ...] | None
    original_position: Callable[[int], int]
    warnings: tuple[str, ...] = ()
    may_have_cycle: bool = False


def prepare(
    statement: str,
    parameters: Mapping[str, Any],
    catalog: Catalog,
    refusal: Callable[[str, Mapping[str, Any]], str | None],
    recent: Recent[Rewritten],
    *,
    explained: bool,
    acyclic: bool = False,
) -> Prepared:
    """Check, mend and bind a statement without UNION.

    Args:
        statement: The statement.
        parameters: Its parameters.
        catalog: What the graph has.
        refusal: Returns what the engine says against a statement with its values, None when it would run it.
        recent: What was made of the last statements.
        explained: Whether it asks for its plan.
        acyclic: Whether patterns that come back to a node are opened.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR``: the statement would be answered wrongly, or a parameter is missing.
    """
    tokens = tokenise(statement)
    if short := _spelling_edits(statement):
        spelled = apply_edits(statement, short)
        try:
            found = prepare(spelled.text, parameters, catalog, refusal, recent, explained=explained, acyclic=acyclic)
        except PlatformError as error:
            raise _in_original(error, statement, spelled.original_position) from None
        return replace(found, original_position=_then(found.original_position, spelled.original_position))
    if explained:
        return _explained(statement, tokens, parameters, catalog, refusal, recent)
    traits = parameter_traits(parameters)
    key = None if traits is None else (traits, acyclic)
    rewritten = recent.get(
        catalog, statement, key, lambda: _rewrite(statement, tokens, parameters, catalog, acyclic=acyclic)
    )
    try:
        bound = bind(rewritten.text, rewritten.tokens, parameters)
    except PlatformError as error:
        raise _in_original(error, statement, rewritten.original_position) from None
    position = _then(bound.original_position, rewritten.original_position)
    prepared = Prepared(
        bound.text, bound.values, rewritten.columns, position, rewritten.warnings, rewritten.may_have_cycle
    )
    decimals = rewritten.has_aggregates and may_hold_decimals(prepared.text, catalog)
    return _with_decimals(prepared, refusal) if decimals else prepared


@by_statement
def _spelling_edits(statement: str) -> tuple[Edit, ...]:
    """Return the first edits that are needed before anything else is looked at; the others come with the next round."""
    tokens = tokenise(statement)
    short = [*subquery_edits(tokens), *repeated_name_edits(tokens, statement)] or named_order_edits(tokens)
    return tuple(short or text_escape_edits(statement, tokens) or indexed_value_edits(tokens))


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A statement whose parameters are still to be bound."""

    text: str
    tokens: Sequence[Token]
    columns: tuple[int, ...] | None
    original_position: Callable[[int], int]
    warnings: tuple[str, ...]
    may_have_cycle: bool
    has_aggregates: bool


def _rewrite(
    statement: str, tokens: Sequence[Token], parameters: Mapping[str, Any], catalog: Catalog, *, acyclic: bool
) -> Rewritten:
    """Check and mend; of the parameters only their traits are looked at (recent.py)."""
    edits = looked_up_edits(tokens, clauses_of(tokens), parameters, catalog)
    looked_up = apply_edits(statement, edits)
    tokens = tokenise(looked_up.text) if edits else tokens
    by_lambda = apply_edits(looked_up.text, lambda_edits(looked_up.text, tokens))
    to_original = _then(by_lambda.original_position, looked_up.original_position)
    if by_lambda.text != statement:
        try:
            again = tokenise(by_lambda.text)
            made = _rewrite_all(by_lambda.text, again, parameters, catalog, acyclic=acyclic)
        except PlatformError as error:
            raise _in_original(error, statement, to_original) from None
        return replace(made, original_position=_then(made.original_position, to_original))
    return _rewrite_all(statement, tokens, parameters, catalog, acyclic=acyclic)


def _rewrite_all(
    statement: str, tokens: Sequence[Token], parameters: Mapping[str, Any], catalog: Catalog, *, acyclic: bool
) -> Rewritten:
    checked = check_patterns(statement, tokens, list(catalog.nodes), catalog.ends())
    unknown = {} if checked.impossible else unknown_property_edits(tokens, catalog)
    impossible = impossible_edits(statement, tokens, list(checked.impossible))
    labelled = [] if checked.impossible else label_edits(tokens, checked.labels, catalog)
    edits = [*impossible, *unknown, *labelled, *decimal_text_edits(tokens, catalog)]
    possible = apply_edits(statement, edits)
    tokens = tokenise(possible.text)
    optional = {name for clause in clauses_of(tokens) for name, info in clause.after.items() if info.optional}
    keys = frozenset(entry.primary_key for entry in catalog.nodes.values() if entry.primary_key is not None)
    to_original: Callable[[int], int] = possible.original_position
    try:
        single = apply_edits(possible.text, constant_edits(possible.text, tokens))
        to_original = _then(single.original_position, to_original)
        grouped, hidden = grouped_relationship_edits(single.text, tokenise(single.text))
        by_id = apply_edits(single.text, grouped)
        to_original = _then(by_id.original_position, to_original)
        arranged = arrange(by_id.text, tokenise(by_id.text), checked.undirected, frozenset(optional))
        to_original = _then(arranged.original_position, to_original)
        mended = mend(arranged.text, parameters, keys, text_properties(catalog), acyclic=acyclic)
        to_original = _then(mended.original_position, to_original)
    except PlatformError as error:
        raise _in_original(error, statement, to_original) from None
    tokens = tokenise(mended.text)
    # The guard saw the analyst's words only: whatever is made of them, it stays one statement.
    if any(token.text == ";" for token in tokens[:-1]):
        raise cypher_error("statement_not_allowed", "The query cannot be run in this form.", statement)
    return Rewritten(
        mended.text,
        tokens,
        _shown(arranged, hidden) if hidden else arranged.columns,
        to_original,
        tuple(dict.fromkeys([*checked.impossible.values(), *unknown.values()])),
        may_have_cycle(tokens),
        has_aggregates(tokens),
    )


def _explained(
    statement: str,
    tokens: Sequence[Token],
    parameters: Mapping[str, Any],
    catalog: Catalog,
    refusal: Callable[[str, Mapping[str, Any]], str | None],
    recent: Recent[Rewritten],
) -> Prepared:
    """Prepare what stands behind EXPLAIN or PROFILE: the plan is that of the statement which would run."""
    start = plan_prefix(tokens)
    try:
        found = prepare(statement[start:], parameters, catalog, refusal, recent, explained=False)
    except PlatformError as error:
        raise _in_original(error, statement, lambda position: position + start) from None
    return replace(
        found,
        text=statement[:start] + found.text,
        columns=None,
        original_position=lambda position: start + found.original_position(max(0, position - start)),
        may_have_cycle=False,
    )


def plan_prefix(tokens: Sequence[Token]) -> int:
    """Return where the statement starts that EXPLAIN or PROFILE is asked about."""
    return tokens[2 if tokens[1].keyword == "LOGICAL" else 1].start


def _shown(arranged: Arranged, hidden: int) -> tuple[int, ...]:
    """Return where the columns are that were asked for; the others were added after them."""
    tokens = tokenise(arranged.text)
    items, _, _ = projection_items(tokens, clauses_of(tokens)[-1])
    places = arranged.columns or tuple(range(len(items)))
    return places[:-hidden]


def _with_decimals(prepared: Prepared, refusal: Callable[[str, Mapping[str, Any]], str | None]) -> Prepared:
    edited = aggregate_decimals(prepared.text, lambda text: refusal(text, prepared.values))
    position = _then(edited.original_position, prepared.original_position)
    return replace(prepared, text=edited.text, original_position=position)


def _then(first: Callable[[int], int], second: Callable[[int], int]) -> Callable[[int], int]:
    return lambda position: second(first(position))


def _in_original(error: PlatformError, statement: str, original_position: Callable[[int], int]) -> PlatformError:
    details = dict(error.details, query=statement[:500])
    if isinstance(details.get("position"), int):
        details["position"] = original_position(details["position"])
    return PlatformError(error.code, error.message, details)
