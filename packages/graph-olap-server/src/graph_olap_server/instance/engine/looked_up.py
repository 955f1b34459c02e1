"""Long lists in ``WHERE n.id IN $ids``: looked up, where the engines compare each value of the list with each node.

Each value becomes a row, and rows and nodes are joined by a hash table: five thousand texts are found among sixty
thousand nodes in a fiftieth of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from graph_olap_server.instance.engine.catalog import Catalog
from graph_olap_server.instance.engine.clauses import Clause, conjuncts, is_star
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.names import fresh_name
from graph_olap_server.instance.engine.types import quote
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["long_list_of", "looked_up_edits"]

_LONG = 20
_INTEGERS = frozenset({"INT8", "INT16", "INT32", "INT64", "SERIAL"})


def long_list_of(value: Any) -> Literal["texts", "integers"] | None:
    """Return what a list holds that is better looked up; None for short and mixed ones and for anything else."""
    if not isinstance(value, list) or len(value) <= _LONG:
        return None
    kinds = set(map(type, value))
    if kinds == {str}:
        return "texts"
    return "integers" if kinds == {int} and min(value) >= -(2**63) and max(value) < 2**63 else None


def looked_up_edits(
    tokens: Sequence[Token], clauses: Sequence[Clause], parameters: Mapping[str, Any], catalog: Catalog
) -> list[Edit]:
    """Return the edits that unwind one long list before the first MATCH, and ask for equality in place of ``IN``.

    The values are made distinct, so that each row is found once; two lists would be multiplied with each other.
    """
    clause = clauses[0] if clauses else None
    if clause is None or clause.keyword != "MATCH" or clause.optional or clause.where is None:
        return []
    places = [
        start + 3
        for start, end in conjuncts(tokens, clause.where + 1, clause.end)
        if _is_membership(tokens[start:end], parameters, catalog)
    ]
    if not places:
        return []
    place = max(places, key=lambda found: len(parameters[tokens[found + 1].name]))
    name = fresh_name("wanted", {token.name for token in tokens})
    start, end = tokens[clause.start].start, tokens[clause.end - 1].end
    edits = [
        Edit(start, start, f"UNWIND list_distinct({tokens[place + 1].text}) AS {name} "),
        Edit(tokens[place].start, tokens[place + 1].end, f"= {name}"),
    ]
    if any(is_star(tokens, later) for later in range(clause.end, len(tokens))):
        edits.append(Edit(end, end, f" WITH {', '.join(map(quote, clause.after))}"))  # without the value
    return edits


def _is_membership(words: Sequence[Token], parameters: Mapping[str, Any], catalog: Catalog) -> bool:
    """Tell whether these are ``n.name IN $list``, of one type that the list and all properties of the name have."""
    if len(words) != 5 or not words[0].is_name or words[1].text != "." or not words[2].is_name:
        return False
    if words[3].keyword != "IN" or words[4].kind is not TokenKind.PARAMETER:
        return False
    entries = (*catalog.nodes.values(), *catalog.edges.values())
    kinds = {entry.properties[words[2].name].name for entry in entries if words[2].name in entry.properties}
    held = long_list_of(parameters.get(words[4].name))
    return (held == "texts" and kinds == {"STRING"}) or (held == "integers" and bool(kinds) and kinds <= _INTEGERS)
