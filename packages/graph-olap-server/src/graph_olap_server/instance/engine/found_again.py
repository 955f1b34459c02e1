"""Nodes out of lists and expressions in patterns: ``UNWIND collected AS x WITH x MATCH (x)-->(b)``.

The engines forget behind WITH that such a value is a node: the pattern then finds any node, or cannot be read. So the
node is found again by its id before it stands in a pattern; an id under a name is looked up, where a computed one
would be compared with each node.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.engine.clauses import (
    Clause,
    call_end,
    closing,
    is_clause_word,
    is_star,
    names_used,
    pattern_nodes,
)
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.names import fresh_name
from graph_olap_server.instance.engine.types import quote
from graph_olap_server.instance.tokens import Token

__all__ = ["found_again_edits"]

_PERHAPS_NULL = (
    "{name} is a value that may be null, and stands for a node in a pattern. Find its node before: "
    "MATCH (n) WHERE id(n) = id({name})."
)


def found_again_edits(statement: str, tokens: Sequence[Token], clauses: Sequence[Clause]) -> list[Edit]:
    """Return the edits that make a node again of a value that a pattern names.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed``: a value that may be null is named where
            rows without it stay.

    Example:
        >>> from graph_olap_server.instance.engine.clauses import clauses_of
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> text = "MATCH (a) WITH collect(a) AS l UNWIND l AS x MATCH (x)-->(b) RETURN b"
        >>> tokens = tokenise(text)
        >>> [edit.text for edit in found_again_edits(text, tokens, clauses_of(tokens))]
        ['WITH id(`x`) AS found_0 MATCH (`x`) WHERE id(`x`) = found_0 ']
    """
    edits: list[Edit] = []
    found: set[str] = set()  # values that have become nodes
    whole: set[str] = set()  # elements of lists without nulls
    names = {token.name for token in tokens}
    for clause in clauses:
        if clause.keyword in ("WITH", "UNWIND"):
            found &= set(clause.after)
        if clause.keyword == "UNWIND":
            name = tokens[clause.end - 1].name
            found.discard(name)
            whole = whole | {name} if _has_no_nulls(tokens, clause) else whole - {name}
        nodes = pattern_nodes(tokens, clause) if clause.keyword == "MATCH" else []
        asked = [*nodes, *_subquery_nodes(tokens, clause.start, clause.end)]
        values = [name for name in dict.fromkeys(asked) if _is_value(name, clause) and name not in found]
        if not values:
            continue
        drops = () if clause.optional else nodes
        for name in values:
            if name not in drops and name not in whole:
                place = next(token.start for token in tokens[clause.start :] if token.name == name)
                raise cypher_error("statement_not_allowed", _PERHAPS_NULL.format(name=name), statement, place)
        ids = {name: fresh_name("found", names) for name in values}
        kept = [quote(name) for name in names_used(tokens, clause) if name not in ids]
        kept += [f"id({quote(name)}) AS {key}" for name, key in ids.items()]
        patterns = ", ".join(f"({quote(name)})" for name in values)
        equal = " AND ".join(f"id({quote(name)}) = {key}" for name, key in ids.items())
        place = tokens[clause.start].start
        again = f"WITH {', '.join(kept)} MATCH {patterns} WHERE {equal} "
        if any(is_star(tokens, place) for place in range(clause.start + 1, len(tokens))):
            again += f"WITH {', '.join(map(quote, clause.before))} "  # without the ids
        edits.append(Edit(place, place, again))
        found |= set(values)
    return edits


def _is_value(name: str, clause: Clause) -> bool:
    return name in clause.before and clause.before[name].kind == "value"


def _has_no_nulls(tokens: Sequence[Token], clause: Clause) -> bool:
    """Tell whether what is unwound is what ``collect`` or ``nodes`` made."""
    start, end = clause.start + 1, clause.end - 2
    if end - start == 1:
        info = clause.before.get(tokens[start].name)
        return info is not None and info.aggregate
    return tokens[start].keyword in ("COLLECT", "NODES") and call_end(tokens, start) == end


def _subquery_nodes(tokens: Sequence[Token], start: int, end: int) -> Iterator[str]:
    """Yield the names of nodes in the patterns of ``EXISTS { }`` and ``COUNT { }``."""
    for place in range(start, end - 1):
        if tokens[place].keyword in ("EXISTS", "COUNT") and tokens[place + 1].text == "{":
            inner, last = place + 2, closing(tokens, place + 1)
            while inner < last and not is_clause_word(tokens, inner, "WHERE"):
                if tokens[inner].text in ("(", "["):
                    if tokens[inner].text == "(" and tokens[inner + 1].is_name:
                        yield tokens[inner + 1].name
                    inner = closing(tokens, inner)  # what is called in a map is no node
                inner += 1
