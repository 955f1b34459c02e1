"""Statements in the words that the engines get right: what is mended before they see it (docs/reference/engines.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.absent import absent_edits
from graph_olap_server.instance.engine.aggregated_conditions import aggregated_condition_edits
from graph_olap_server.instance.engine.bare_conditions import bare_condition_edits
from graph_olap_server.instance.engine.carried_paths import carried_path_edits
from graph_olap_server.instance.engine.clauses import AGGREGATES, Clause, clauses_of
from graph_olap_server.instance.engine.counted import counted_edits
from graph_olap_server.instance.engine.cycles import open_cycles, open_loops
from graph_olap_server.instance.engine.edits import Edit, Edited, apply_edits
from graph_olap_server.instance.engine.empty_text import empty_text_edits
from graph_olap_server.instance.engine.found_again import found_again_edits
from graph_olap_server.instance.engine.grouping import grouping_edits
from graph_olap_server.instance.engine.lambdas import check_lambdas
from graph_olap_server.instance.engine.membership import membership_edits
from graph_olap_server.instance.engine.null_fields import null_field_edits
from graph_olap_server.instance.engine.null_keys import null_key_edits, null_node_edits, null_value_edits
from graph_olap_server.instance.engine.outer_values import outer_value_edits
from graph_olap_server.instance.engine.slices import slice_edits
from graph_olap_server.instance.engine.sorted_rows import sorted_row_edits
from graph_olap_server.instance.engine.text_sums import text_sum_edits
from graph_olap_server.instance.engine.wrong_functions import WRONG_FUNCTIONS, wrong_function_edits
from graph_olap_server.instance.tokens import Token, tokenise

__all__ = ["Mended", "mend"]


@dataclass(frozen=True, slots=True)
class Mended:
    """A statement for the engine, through all changes."""

    text: str
    steps: tuple[Edited, ...]

    def original_position(self, position: int) -> int:
        """Return the offset in the analyst's text that belongs to an offset in ``text``."""
        for step in reversed(self.steps):
            position = step.original_position(position)
        return position


def mend(
    statement: str,
    parameters: Mapping[str, Any],
    keys: frozenset[str],
    texts: Mapping[str, bool] = MappingProxyType({}),
    *,
    acyclic: bool = False,
) -> Mended:
    """Rewrite what the engines are known to get wrong, one sort of mistake after the other.

    Args:
        statement: A guarded statement, or one part of a UNION.
        parameters: Its parameters.
        keys: Names of the primary keys of all labels.
        texts: Names of the properties that are texts somewhere, and whether they are everywhere.
        acyclic: Whether patterns that come back to a node are opened (cycles.py).

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed`` for what cannot be mended.
    """
    done = Mended(statement, ())
    if "[" in statement and texts:
        done = _step(done, lambda _, tokens, __: slice_edits(tokens, frozenset(texts)))
    words = {token.keyword for token in tokenise(done.text)}
    if "*" in statement:
        done = _step(done, open_loops)
    if acyclic:
        done = _step(done, open_cycles)
    if words & _NULL_NODES:
        done = _step(done, found_again_edits)
        done = _step(done, lambda _, tokens, clauses: null_node_edits(tokens, clauses))
    if words & WRONG_FUNCTIONS:
        done = _step(done, lambda text, tokens, _: wrong_function_edits(text, tokens, parameters))
    if "+" in statement:
        done = _step(done, lambda text, tokens, clauses: text_sum_edits(text, tokens, clauses, parameters, texts))
    done = _step(done, lambda text, tokens, clauses: null_field_edits(text, tokens, clauses, parameters))
    if "CASE" in words:
        done = _step(done, bare_condition_edits)
    if "CONTAINS" in words:
        done = _step(done, lambda text, tokens, _: empty_text_edits(text, tokens, parameters))
    if words & _MEMBERSHIP:
        done = _step(done, membership_edits)
    if "OPTIONAL" in words and words & _GROUPING:
        done = _step(done, aggregated_condition_edits)
    if "OPTIONAL" in words:
        done = _step(done, absent_edits)
    if "COUNT" in words:
        done = _step(done, counted_edits)
    if words & _GROUPING:
        done = _step(done, lambda text, tokens, clauses: grouping_edits(text, tokens, clauses, keys))
    if words & _CORRELATED:
        done = _step(done, outer_value_edits)
    if "=" in done.text and "WITH" in done.text.upper():
        done = _step(done, lambda _, tokens, clauses: carried_path_edits(tokens, clauses))
    if "ORDER" in words:
        done = _step(done, sorted_row_edits)
    if words & _LISTS:
        done = _step(done, check_lambdas)
    if "{" in done.text:
        done = _step(done, null_value_edits)
    if "=" in done.text:
        done = _step(done, lambda text, tokens, _: null_key_edits(text, tokens))
    return done


_MEMBERSHIP = frozenset({"IN", "LIST_CONTAINS", "LIST_HAS", "ARRAY_CONTAINS", "ARRAY_HAS"})
_NULL_NODES = frozenset({"OPTIONAL", "WITH", "UNWIND", "YIELD"})
_GROUPING = AGGREGATES | {"WITH", "DISTINCT"}
_LISTS = frozenset({"LIST_FILTER", "LIST_TRANSFORM", "LIST_REDUCE"})
_CORRELATED = frozenset({"OPTIONAL", "EXISTS", "COUNT"})


def _step(done: Mended, find: Callable[[str, Sequence[Token], Sequence[Clause]], list[Edit]]) -> Mended:
    tokens = tokenise(done.text)
    try:
        edits = find(done.text, tokens, clauses_of(tokens))
    except PlatformError as error:
        place = error.details.get("position")
        if isinstance(place, int):
            error.details["position"] = done.original_position(place)
        raise
    if not edits:
        return done
    edited = apply_edits(done.text, edits)
    return Mended(edited.text, (*done.steps, edited))
