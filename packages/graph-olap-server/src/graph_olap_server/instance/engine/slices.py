"""``n.name[1:3]``: a slice of a text has the mistakes of ``substring``, and is written as one, which is mended."""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["slice_edits"]


def slice_edits(tokens: Sequence[Token], texts: frozenset[str]) -> list[Edit]:
    """Return the edits for slices of text properties whose bounds are whole numbers.

    Args:
        tokens: The statement.
        texts: Names of the properties that are texts.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> [edit.text for edit in slice_edits(tokenise("RETURN n.name[2:3]"), frozenset({"name"}))]
        ['substring(n.name, 2, 2)']
    """
    edits = []
    for place in range(3, len(tokens) - 2):
        if tokens[place].text != "[" or tokens[place - 2].text != "." or tokens[place - 1].name not in texts:
            continue
        if not tokens[place - 3].is_name or tokens[place - 4].text == ".":
            continue
        bounds = _bounds(tokens, place)
        if bounds is not None:
            first, length, end = bounds
            owner, name = tokens[place - 3], tokens[place - 1]
            text = f"substring({owner.text}.{name.text}, {first}, {length})"
            edits.append(Edit(owner.start, tokens[end].end, text))
    return edits


_REST = 2**31 - 1


def _bounds(tokens: Sequence[Token], place: int) -> tuple[int, int, int] | None:
    """Return the first character, the number of characters, and the place of the closing bracket."""
    numbers: list[int | None] = []
    for mark in (":", "]"):
        place += 1
        number = None
        if place + 1 < len(tokens) and tokens[place].kind is TokenKind.NUMBER and tokens[place].text.isdecimal():
            number = int(tokens[place].text)
            place += 1
        if place >= len(tokens) or tokens[place].text != mark:
            return None
        numbers.append(number)
    first = max(numbers[0] or 1, 1)
    last = _REST if numbers[1] is None else numbers[1]
    return first, max(last - first + 1, 0), place
