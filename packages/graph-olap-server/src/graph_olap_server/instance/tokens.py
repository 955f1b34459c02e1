"""Cypher in tokens: strings, comments, back-quoted names and parameters are understood; words are not yet judged.

The rules are those of the engines' own lexer. Where ours could see something else than theirs (an unknown escape, a
bare carriage return that ends a comment), the text is refused, so that the guard and the engine always read the same
statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache, wraps
from typing import TypeVar

__all__ = [
    "Token",
    "TokenError",
    "TokenKind",
    "by_statement",
    "parameter_names",
    "result_names",
    "return_items",
    "strip_comments",
    "tokenise",
]


_Made = TypeVar("_Made")

_REMEMBERED = 2_000
"""Characters of the longest statement whose tokens are kept for the next time it comes."""


def by_statement(make: Callable[[str], _Made]) -> Callable[[str], _Made]:
    """Remember what a function made of the last statements; it must depend on the statement alone."""
    remembered = lru_cache(maxsize=512)(make)

    @wraps(make)
    def made(statement: str) -> _Made:
        return remembered(statement) if len(statement) <= _REMEMBERED else make(statement)

    return made


class TokenKind(Enum):
    """What a token is."""

    WORD = "word"
    QUOTED = "quoted"
    STRING = "string"
    NUMBER = "number"
    PARAMETER = "parameter"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it lies in the statement; ``text`` is as written."""

    kind: TokenKind
    text: str
    start: int
    end: int
    keyword: str = field(init=False, repr=False, compare=False)
    """The word in upper case, or an empty text for anything but an ASCII word.

    Only ASCII letters fold: Python would turn ``ſ`` into ``S``, which no engine does.
    """

    def __post_init__(self) -> None:
        word = self.kind is TokenKind.WORD and self.text.isascii()
        object.__setattr__(self, "keyword", self.text.upper() if word else "")

    @property
    def is_name(self) -> bool:
        """Whether this can name something; a word may be a keyword as well."""
        return self.kind is TokenKind.WORD or self.kind is TokenKind.QUOTED

    @property
    def name(self) -> str:
        """The name that a word, a back-quoted name or a parameter stands for."""
        if self.kind is TokenKind.QUOTED:
            return self.text[1:-1].replace("``", "`")
        return self.text[1:] if self.kind is TokenKind.PARAMETER else self.text


class TokenError(ValueError):
    """The text cannot be split into tokens; ``position`` is the offset of the trouble."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


_ESCAPE = r"\\(?:[\\'\"bBfFnNrRtT]|[xX][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})"
# White space, dashes and arrow heads beyond ASCII, as the engines' lexer has them. All else beyond ASCII counts as part
# of a word: where the engines cannot read it they refuse the whole statement.
_SPACES = "\u00a0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_ARROWS = "\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d\u27e8\u3008\ufe64\uff1c\u27e9\u3009\ufe65\uff1e"
_LETTER = rf"(?:[A-Za-z_]|(?![{_SPACES}{_ARROWS}\ud800-\udfff])[^\x00-\x7f])"
_PATTERN = re.compile(
    rf"""
      (?P<space>[\t-\r\x1c-\x1f\x20{_SPACES}]+)
    | (?P<comment>//[^\r\n]*(?:\r?\n|\Z)|/\*.*?\*/)
    | (?P<string>'(?:[^'\\]|{_ESCAPE})*'|"(?:[^"\\]|{_ESCAPE})*")
    | (?P<quoted>(?:`[^`]*`)+)
    | (?P<parameter>\$(?:[0-9]|{_LETTER})+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<word>{_LETTER}(?:[0-9]|{_LETTER})*)
    | (?P<symbol>[^'"`\\$])
    """,
    re.VERBOSE | re.DOTALL,
)

_TROUBLE = {
    "'": "The text in single quotes does not end, or holds an unknown escape; write \\\\ for a backslash.",
    '"': "The text in double quotes does not end, or holds an unknown escape; write \\\\ for a backslash.",
    "`": "The back-quoted name does not end; close it with `.",
    "$": "A parameter needs a name after $.",
    "\\": "A backslash has no meaning outside of a text in quotes.",
}


def tokenise(statement: str) -> list[Token]:
    r"""Split a statement into tokens; white space and comments are left out.

    Raises:
        TokenError: A text, a name or a comment does not end, or a character cannot be read.

    Example:
        >>> [token.text for token in tokenise("MATCH (n) // all\n RETURN n.`a b`, $x")]
        ['MATCH', '(', 'n', ')', 'RETURN', 'n', '.', '`a b`', ',', '$x']
    """
    return list(_read(statement))


def strip_comments(statement: str) -> str:
    """Blank out comments: every other character keeps its position.

    Example:
        >>> strip_comments("RETURN /* one */ 1")
        'RETURN           1'
    """
    if "/" not in statement:
        return statement
    return "".join(" " * len(text) if is_comment else text for is_comment, text in _pieces(statement))


def parameter_names(tokens: Iterable[Token]) -> frozenset[str]:
    """Return the names of the parameters that a statement uses."""
    return frozenset(token.name for token in tokens if token.kind is TokenKind.PARAMETER)


def result_names(tokens: Sequence[Token], statement: str) -> list[str] | None:
    """Return the column names that the first RETURN asks for: its aliases, else the text of the expression.

    ``None`` where they depend on the graph (``RETURN *``, ``n.*``) or no RETURN is found.

    Example:
        >>> text = "MATCH (n) RETURN n.name, count( * ) AS total ORDER BY total"
        >>> result_names(tokenise(text), text)
        ['n.name', 'total']
    """
    items = return_items(tokens)
    if items is None or any(item[-1].text == "*" for item in items):
        return None
    names = []
    for item in items:
        aliased = len(item) > 2 and item[-2].keyword == "AS"
        single = len(item) == 1 and item[0].kind is TokenKind.QUOTED
        names.append(item[-1].name if aliased or single else " ".join(statement[item[0].start : item[-1].end].split()))
    return names


@by_statement
def _read(statement: str) -> tuple[Token, ...]:
    return tuple(token for token, _ in _scan(statement) if token is not None)


def _scan(statement: str) -> Iterable[tuple[Token | None, str]]:
    position = 0
    while position < len(statement):
        match = _PATTERN.match(statement, position)
        character = statement[position]
        if match is None:
            raise TokenError(_TROUBLE.get(character, f"The character {character!r} cannot be read."), position)
        group, text = match.lastgroup, match.group()
        if group == "symbol":
            _check_symbol(statement, position)
        position = match.end()
        if group in ("space", "comment"):
            yield None, text
        else:
            yield Token(TokenKind(group), text, match.start(), match.end()), text


def _check_symbol(statement: str, position: int) -> None:
    if statement.startswith("/*", position):
        raise TokenError("The comment does not end; close it with */.", position)
    if statement.startswith("//", position):
        raise TokenError("The comment ends in a bare carriage return; end the line with a line feed.", position)
    character = statement[position]
    if character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff":
        raise TokenError(f"The character {character!r} cannot be part of a statement.", position)


def _pieces(statement: str) -> Iterable[tuple[bool, str]]:
    for token, text in _scan(statement):
        yield token is None and text.startswith("/"), text


_AFTER_RETURN = frozenset({"ORDER", "SKIP", "LIMIT", "UNION"})


def return_items(tokens: Sequence[Token]) -> list[list[Token]] | None:
    """Return the tokens of each item of the first RETURN, ``None`` when there is none."""
    depth = 0
    items: list[list[Token]] | None = None
    for index, token in enumerate(tokens):
        if token.text in "([{" and token.kind is TokenKind.SYMBOL:
            depth += 1
        elif token.text in ")]}" and token.kind is TokenKind.SYMBOL:
            depth -= 1
        before = tokens[index - 1] if index else None
        is_name = before is not None and (before.text in (".", ":") or before.keyword == "AS")
        if items is None:
            if depth == 0 and token.keyword == "RETURN" and not is_name:
                items = [[]]
        elif depth == 0 and items[-1] and not is_name and (token.keyword in _AFTER_RETURN or token.text == ";"):
            break
        elif depth == 0 and token.text == "," and token.kind is TokenKind.SYMBOL:
            items.append([])
        elif not (token.keyword == "DISTINCT" and items == [[]]):
            items[-1].append(token)
    return items if items and all(items) else None
