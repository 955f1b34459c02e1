"""Labels that a pattern leaves no choice about, written into it where a property has several types.

``MATCH (p:Person)-[:KNOWS]->(q) RETURN q.id`` names no label for ``q``. The engines plan it with all labels, and where
``id`` has two types among those, values become text or DOUBLE: ``ORDER BY q.id`` puts 10 before 9, ``max`` is wrong,
sums are refused. The relationship type says which labels its ends have (reachable.py), so that they are given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from graph_olap_server.instance.engine.catalog import Catalog
from graph_olap_server.instance.engine.clauses import closing
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.engine.types import quote
from graph_olap_server.instance.tokens import Token

__all__ = ["label_edits"]


def label_edits(tokens: Sequence[Token], labels: Mapping[int, frozenset[str]], catalog: Catalog) -> list[Edit]:
    """Return the edits that write labels after the tokens at these places.

    A node whose labels lack a property that the statement reads from it stays as it is: with a label that would be an
    error, without one it is null.
    """
    conflicts = catalog.conflicts("node")
    used = list(_used(tokens))
    keys = {place: set(_map_keys(tokens, place)) for place in labels}
    if not conflicts.keys() & ({name for _, name in used} | {name for names in keys.values() for name in names}):
        return []
    known = {name for entry in catalog.nodes.values() for name in entry.properties}
    bound = {token.name for place, token in enumerate(tokens) if place and tokens[place - 1].text in ("(", "[")}
    edits = []
    for place, names in labels.items():
        token = tokens[place]
        read = {name for owner, name in used if owner == token.name or owner not in bound} | keys[place]
        if (read & known) <= {name for label in names for name in catalog.nodes[label].properties}:
            written = "".join(f":{quote(name)}" for name in sorted(names))
            edits.append(Edit(token.end, token.end, written))
    return edits


def _used(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Yield owner and name of each property that is read; the owner is empty where it has no name."""
    for place in range(1, len(tokens) - 1):
        if tokens[place].text == "." and tokens[place + 1].is_name:
            before = tokens[place - 1]
            yield before.name if before.is_name else "", tokens[place + 1].name


def _map_keys(tokens: Sequence[Token], place: int) -> Iterator[str]:
    start = place + 1
    if start >= len(tokens) or tokens[start].text != "{":
        return
    for at in range(start + 1, closing(tokens, start)):
        if tokens[at - 1].text in ("{", ",") and tokens[at].is_name and tokens[at + 1].text == ":":
            yield tokens[at].name
