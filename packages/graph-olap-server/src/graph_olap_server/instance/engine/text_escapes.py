r"""``'one\ntwo'``: Kuzu leaves out the backslash and reads ``onentwo``; the characters themselves are right."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token, TokenKind

__all__ = ["text_escape_edits"]


def text_escape_edits(statement: str, tokens: Sequence[Token]) -> list[Edit]:
    r"""Return the edits that put characters in place of their escapes, except of quotes and backslashes.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``syntax``: an escape is of no character.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> text_escape_edits("RETURN 'a\\tb'", tokenise("RETURN 'a\\tb'"))
        [Edit(start=9, end=11, text='\t')]
    """
    edits = []
    for token in tokens:
        if token.kind is not TokenKind.STRING or "\\" not in token.text:
            continue
        for found in _ESCAPE.finditer(token.text):
            start = token.start + found.start()
            character = _character(found.group()[1:])
            if character is None:
                message = f"{found.group()} stands for no character. Write a code point, or \\\\ for a backslash."
                raise cypher_error("syntax", message, statement, start)
            text = f"\\{character}" if character in _QUOTED else character
            if text != found.group():
                edits.append(Edit(start, start + len(found.group()), text))
    return edits


_ESCAPE = re.compile(r"\\(?:[xX][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_QUOTED = ("'", '"', "\\")


def _character(escape: str) -> str | None:
    if len(escape) == 1:
        return _CONTROLS.get(escape.lower(), escape)
    code = int(escape[1:], 16)
    return None if code == 0 or 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code)
