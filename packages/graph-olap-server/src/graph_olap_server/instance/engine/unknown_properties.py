"""Properties that no label has, asked of variables without a label: null, where the engines refuse the statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from graph_olap_server.instance.engine.catalog import Catalog, TableEntry
from graph_olap_server.instance.engine.clauses import AGGREGATES
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.types import quote
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["unknown_property_edits"]


def unknown_property_edits(tokens: Sequence[Token], catalog: Catalog) -> dict[Edit, str]:
    """Return the edits that put null in place of such properties, with a warning for each.

    A variable with a label is left alone: there an unknown property is a mistake, which the engine names.
    """
    open_ends = {"node": _unlabelled(tokens, "("), "edge": _unlabelled(tokens, "[")}
    items = set(_whole_items(tokens))
    found: dict[Edit, str] = {}
    for place in range(len(tokens) - 2):
        owner, dot, name = tokens[place : place + 3]
        after = tokens[place + 3].text if place + 3 < len(tokens) else ""
        if dot.text != "." or not name.is_name or after in (".", "(") or (place and tokens[place - 1].text == "."):
            continue
        for kind, entries in (("node", catalog.nodes), ("edge", catalog.edges)):
            if owner.name in open_ends[kind] and owner.is_name and not _is_known(name.name, entries):
                what = "label" if kind == "node" else "relationship type"
                warning = f"No {what} has the property {name.name}: {owner.name}.{name.name} is null."
                alias = f" AS {quote(f'{owner.name}.{name.name}')}" if place in items else ""
                counted = place > 1 and tokens[place - 1].text == "(" and tokens[place - 2].keyword in AGGREGATES
                null = "CAST(NULL AS INT64)" if counted else "NULL"
                found[Edit(owner.start, name.end, null + alias)] = warning
    return found


_BEFORE_PATTERN = (",", "-", ">", "<", "=")


def _whole_items(tokens: Sequence[Token]) -> Iterator[int]:
    """Yield the places where an item of RETURN is ``n.name`` and nothing else: two columns called NULL are refused."""
    depth, returning = 0, False
    for place, token in enumerate(tokens):
        depth += (token.text in "([{") - (token.text in ")]}") if token.kind is TokenKind.SYMBOL else 0
        if depth == 0 and token.keyword in ("RETURN", "ORDER", "SKIP", "LIMIT"):
            returning = token.keyword == "RETURN"
        before = tokens[place - 1] if place else token
        after = tokens[place + 3] if place + 3 < len(tokens) else None
        ends = after is None or after.text in (",", ";") or after.keyword in ("ORDER", "SKIP", "LIMIT")
        if returning and depth == 0 and ends and (before.text == "," or before.keyword in ("RETURN", "DISTINCT")):
            yield place


def _is_known(name: str, entries: Mapping[str, TableEntry]) -> bool:
    # The engines read names of properties in any case.
    return any(name.lower() == known.lower() for entry in entries.values() for known in entry.properties)


def _unlabelled(tokens: Sequence[Token], bracket: str) -> set[str]:
    """Return the variables of nodes (``(``) or relationships (``[``) that no pattern gives a label or length."""
    bare: set[str] = set()
    others: set[str] = set()
    for place in range(1, len(tokens) - 2):
        before, opening, name, after = tokens[place - 1 : place + 3]
        if opening.text not in "([" or not name.is_name:
            continue
        in_pattern = before.text in _BEFORE_PATTERN or before.keyword == "MATCH"
        closes = after.text in (")", "]", "{")
        if in_pattern and closes and opening.text == bracket:
            bare.add(name.name)
        elif after.text in (":", "*", "|"):
            others.add(name.name)
    renamed = {token.name for before, token in pairwise(tokens) if before.keyword == "AS"}
    return bare - others - renamed
