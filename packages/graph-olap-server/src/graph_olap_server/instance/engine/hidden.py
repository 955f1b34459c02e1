"""Columns that are being filled stay unseen: a new one is in the schema from the start of a write to its end.

Nodes, relationships and paths lose them where they are read (convert.py), and the catalog never lists them. Here is
what names, counts or writes out the properties of something in another way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.clauses import call_end
from graph_olap_server.instance.engine.edits import Edit, Edited, apply_edits
from graph_olap_server.instance.engine.types import HIDDEN_PREFIX
from graph_olap_server.instance.tokens import Token, TokenKind, tokenise

__all__ = ["ShownPlan", "hide", "shown_columns"]

_KEPT = f'NOT starts_with({{name}}, "{HIDDEN_PREFIX}")'
_AS_TEXT = rf', "?{HIDDEN_PREFIX}[^:]*: [^,}}]*'
_AS_JSON = rf',"{HIDDEN_PREFIX}[^:]*:[^,}}]*'


def hide(text: str, refuse: Callable[[str, str], PlatformError]) -> Edited:
    """Return a statement that does not see hidden columns.

    Args:
        text: The statement as the engine would get it.
        refuse: Makes the engine's error about an unknown property, from what the property is asked of and its name.

    Raises:
        PlatformError: It asks for a hidden column by its name, which no property has.
    """
    tokens = tokenise(text)
    for place in range(len(tokens)):
        if (asked := _asked_by_name(tokens, place)) is not None:
            raise refuse(*asked)
    return apply_edits(text, [edit for place in range(len(tokens)) for edit in _edits(text, tokens, place)])


def shown_columns(names: Sequence[str], places: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """Leave out what ``n.*`` stands for and is hidden; ``places`` tells where each column is, None for all of them."""
    everything = range(len(names)) if places is None else places
    shown = tuple(place for place in everything if not names[place].rpartition(".")[2].startswith(HIDDEN_PREFIX))
    return places if len(shown) == len(everything) else shown


class ShownPlan:
    """A plan, with blanks for what it says about hidden columns."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def get_as_arrow(self, rows: int) -> pa.Table:
        """Return the rows."""
        table = self._source.get_as_arrow(rows)
        texts = [[_blanked(text) for text in column.to_pylist()] for column in table.columns]
        return pa.table([pa.array(column, pa.string()) for column in texts], names=table.column_names)


def _blanked(text: str) -> str:
    return re.sub(rf"[^\s│]*{HIDDEN_PREFIX}[^\s│]*", lambda found: " " * len(found.group()), text)


def _asked_by_name(tokens: Sequence[Token], place: int) -> tuple[str, str] | None:
    """Return of what, and under which name, a hidden column is asked for; the engines read names in any case."""
    token, before = tokens[place], tokens[place - 1].text if place else ""
    if token.kind is TokenKind.STRING:
        extracted = before == "," and any(other.keyword == "STRUCT_EXTRACT" for other in tokens[:place])
        return ("it", token.text[1:-1]) if extracted and _is_hidden(token.text[1:-1]) else None
    if not token.is_name or not _is_hidden(token.name):
        return None
    if before == "." and place > 1:
        return tokens[place - 2].name, token.name
    is_key = before in ("{", ",") and [other.text for other in tokens[place + 1 : place + 2]] == [":"]
    return ("it", token.name) if is_key else None


_TEXT_OF_IT = {"STRING": (")",), "CAST": ("ASSTRING)", ",'STRING')", ',"STRING")')}


def _is_hidden(name: str) -> bool:
    return name.lower().startswith(HIDDEN_PREFIX)


def _edits(text: str, tokens: Sequence[Token], place: int) -> Iterator[Edit]:
    token = tokens[place]
    end = call_end(tokens, place) if token.keyword else None
    if end is None:
        return
    start, stop = token.start, tokens[end - 1].end
    if token.keyword == "TABLE_INFO" and place and tokens[place - 1].keyword == "CALL":
        yield from _listing(tokens, end)
    elif token.keyword == "KEYS":
        yield Edit(start, start, "list_filter(")
        yield Edit(stop, stop, f", hidden_key -> {_KEPT.format(name='hidden_key')})")
    elif token.keyword in ("TO_JSON", "CAST_TO_JSON") and end == place + 4:
        shown = f"regexp_replace(CAST({text[start:stop]} AS STRING), '{_AS_JSON}', '', 'g')"
        yield Edit(start, stop, f"CAST({shown} AS JSON)")
    elif _writes_out(tokens, place, end):
        yield Edit(start, stop, f"regexp_replace({text[start:stop]}, '{_AS_TEXT}', '', 'g')")


def _listing(tokens: Sequence[Token], end: int) -> Iterator[Edit]:
    """Give ``CALL table_info(...)`` a condition, in front of the one that it has perhaps."""
    position, name = tokens[end - 1].end, "name"
    if end < len(tokens) and tokens[end].keyword == "YIELD":
        last = end + 1
        while last < len(tokens) and tokens[last].keyword not in ("WHERE", "RETURN", "WITH", "MATCH", "UNWIND"):
            last += 1
        position, end = tokens[last - 1].end, last
        first = [at for at in range(1, end) if tokens[at - 1].text == "," or tokens[at - 1].keyword == "YIELD"]
        yielded = {tokens[at].name: at for at in first}
        if "name" not in yielded:
            yield Edit(position, position, f", name AS `{HIDDEN_PREFIX}name`")
            name = f"`{HIDDEN_PREFIX}name`"
        elif tokens[yielded["name"] + 1].keyword == "AS":
            name = tokens[yielded["name"] + 2].text
    condition = _KEPT.format(name=name)
    if end < len(tokens) and tokens[end].keyword == "WHERE":
        yield Edit(tokens[end].end, tokens[end].end, f" {condition} AND (")
        close = end + 1
        while close < len(tokens) and tokens[close].keyword not in ("RETURN", "WITH", "MATCH", "UNWIND"):
            close += 1
        yield Edit(tokens[close - 1].end, tokens[close - 1].end, ")")
    else:
        yield Edit(position, position, f" WHERE {condition}")


def _writes_out(tokens: Sequence[Token], place: int, end: int) -> bool:
    """Tell whether a call makes a text of a variable."""
    if not tokens[place + 2].is_name:
        return False
    rest = "".join(token.keyword or token.text.upper() for token in tokens[place + 3 : end])
    return rest in _TEXT_OF_IT.get(tokens[place].keyword, ())
