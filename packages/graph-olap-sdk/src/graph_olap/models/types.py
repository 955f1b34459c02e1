"""The property types of the contract: reading, normalising and taking them apart.

One parser for SDK and servers. Bare names keep the contract's meaning (a bare ``LIST`` takes its element type from the
data); ``LIST<INT64>``, ``MAP<STRING,DOUBLE>``, ``STRUCT<a INT64, b STRING>``, ``ARRAY<DOUBLE,3>`` and ``DECIMAL(p,s)``
carry theirs.
"""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Optional, Tuple

__all__ = ["KEY_TYPES", "SCALAR_TYPES", "PropertyType", "parse_type"]

SCALAR_TYPES: Tuple[str, ...] = (
    "STRING",
    "INT64",
    "INT32",
    "INT16",
    "INT8",
    "INT128",
    "UINT64",
    "UINT32",
    "UINT16",
    "UINT8",
    "DOUBLE",
    "FLOAT",
    "DATE",
    "TIMESTAMP",
    "TIMESTAMP_TZ",
    "TIMESTAMP_NS",
    "TIMESTAMP_MS",
    "TIMESTAMP_SEC",
    "INTERVAL",
    "BOOL",
    "BLOB",
    "UUID",
)
"""Types without parameters."""

KEY_TYPES: Tuple[str, ...] = ("STRING", "INT64", "INT32", "INT16", "INT8", "UUID", "DATE", "TIMESTAMP")
"""Types that a primary key may have."""

_ALIASES: Dict[str, str] = {
    "BOOLEAN": "BOOL",
    "INTEGER": "INT64",
    "BIGINT": "INT64",
    "INT": "INT32",
    "VARCHAR": "STRING",
    "TEXT": "STRING",
    "REAL": "FLOAT",
    "DATETIME": "TIMESTAMP",
}

_TOKEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*|\d+|[<>(),])")


class PropertyType(NamedTuple):
    """A parsed type.

    Attributes:
        name: ``INT64``, ``DECIMAL``, ``LIST``, ``ARRAY``, ``MAP``, ``STRUCT``, ...
        children: Element types: one for ``LIST`` and ``ARRAY``, key and value for ``MAP``, one a field for ``STRUCT``;
            empty for scalars and for bare ``LIST``, ``MAP``, ``STRUCT``.
        fields: Field names of a ``STRUCT``.
        numbers: Precision and scale of a ``DECIMAL``; length of an ``ARRAY``.
    """

    name: str
    children: Tuple[PropertyType, ...] = ()
    fields: Tuple[str, ...] = ()
    numbers: Tuple[int, ...] = ()

    @property
    def is_bare(self) -> bool:
        """Whether the element types are left to the data."""
        return self.name in ("LIST", "MAP", "STRUCT") and not self.children

    def __str__(self) -> str:
        if self.name == "DECIMAL":
            return f"DECIMAL({self.numbers[0]},{self.numbers[1]})"
        if not self.children:
            return self.name
        if self.name == "STRUCT":
            inner = ", ".join(f"{field} {child}" for field, child in zip(self.fields, self.children))
        else:
            inner = ",".join([*map(str, self.children), *map(str, self.numbers)])
        return f"{self.name}<{inner}>"


def parse_type(text: str) -> PropertyType:
    """Parse a type of the contract, in any case and with its aliases.

    Raises:
        ValueError: The text is not a type; the message says what is accepted.

    Example:
        >>> str(parse_type("varchar")), str(parse_type("list<bigint>")), str(parse_type("Decimal(10, 2)"))
        ('STRING', 'LIST<INT64>', 'DECIMAL(10,2)')
    """
    parser = _Parser(text)
    parsed = parser.parse()
    if parser.peek() is not None:
        raise ValueError(f"unexpected {parser.peek()!r} in type {text!r}")
    return parsed


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: List[str] = []
        position, stripped = 0, text.rstrip()
        while position < len(stripped):
            match = _TOKEN.match(stripped, position)
            if match is None:
                raise ValueError(f"unexpected character {stripped[position:].strip()[:1]!r} in type {text!r}")
            self._tokens.append(match.group(1))
            position = match.end()
        self._next = 0

    def peek(self) -> Optional[str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def parse(self) -> PropertyType:
        name = self._take_name().upper()
        name = _ALIASES.get(name, name)
        if name in SCALAR_TYPES:
            return PropertyType(name)
        if name == "DECIMAL":
            return self._decimal()
        if name in ("LIST", "MAP", "STRUCT", "ARRAY"):
            return self._nested(name)
        raise ValueError(
            f"unsupported type {self._text!r}; use one of {', '.join(SCALAR_TYPES)}, DECIMAL(p,s), LIST<T>, "
            "ARRAY<T,n>, MAP<K,V> or STRUCT<name T, ...>"
        )

    def _decimal(self) -> PropertyType:
        if self.peek() != "(":
            return PropertyType("DECIMAL", numbers=(18, 3))
        self._expect("(")
        precision = self._take_number()
        scale = 0
        if self.peek() == ",":
            self._expect(",")
            scale = self._take_number()
        self._expect(")")
        if not 1 <= precision <= 38 or scale > precision:
            raise ValueError(f"DECIMAL({precision},{scale}) is out of range; precision is 1 to 38, scale at most that")
        return PropertyType("DECIMAL", numbers=(precision, scale))

    def _nested(self, name: str) -> PropertyType:
        if self.peek() is None or self.peek() in (">", ","):
            if name == "ARRAY":
                raise ValueError("ARRAY needs an element type and a length, for example ARRAY<DOUBLE,3>")
            return PropertyType(name)
        self._expect("<")
        fields: List[str] = []
        children: List[PropertyType] = []
        numbers: Tuple[int, ...] = ()
        while True:
            if name == "STRUCT":
                fields.append(self._take_name())
            children.append(self.parse())
            if self.peek() != ",":
                break
            self._expect(",")
            if name == "ARRAY":
                numbers = (self._take_number(),)
                break
        self._expect(">")
        expected = {"LIST": 1, "MAP": 2, "ARRAY": 1}.get(name)
        if expected is not None and len(children) != expected:
            raise ValueError(f"{name} takes {expected} element type(s), found {len(children)} in {self._text!r}")
        if name == "ARRAY" and (not numbers or numbers[0] < 1):
            raise ValueError("ARRAY needs an element type and a length, for example ARRAY<DOUBLE,3>")
        return PropertyType(name, tuple(children), tuple(fields), numbers)

    def _take_name(self) -> str:
        token = self.peek()
        if token is None or not (token[0].isalpha() or token[0] == "_"):
            raise ValueError(f"a type name is missing in {self._text!r}")
        self._next += 1
        return token

    def _take_number(self) -> int:
        token = self.peek()
        if token is None or not token.isdigit():
            raise ValueError(f"a number is missing in type {self._text!r}")
        self._next += 1
        return int(token)

    def _expect(self, token: str) -> None:
        if self.peek() != token:
            raise ValueError(f"{token!r} is missing in type {self._text!r}")
        self._next += 1
