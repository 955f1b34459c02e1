"""Engine types: reading their spelling, and writing the contract's types as the engines' DDL."""

from __future__ import annotations

import re

from graph_olap.models import SCALAR_TYPES, PropertyType

from graph_olap_server.instance.encoding.types import ValueType

__all__ = ["HIDDEN_PREFIX", "ddl_type", "parse_engine_type", "property_type_name", "quote", "text_literal"]

HIDDEN_PREFIX = "_internal_new_"
"""How columns begin that are being filled: no property has such a name, and none of them is shown."""


def text_literal(value: str) -> str:
    r"""Write a text as a constant of a statement.

    Everything but backslashes and quotes stands for itself, control characters too: the engines know no escape for
    those.

    Example:
        >>> print(text_literal('a"b'))
        "a\"b"
    """
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quote(name: str) -> str:
    """Quote a label, type or property name.

    Example:
        >>> quote("Set")
        '`Set`'
    """
    return "`" + name.replace("`", "``") + "`"


def ddl_type(declared: PropertyType) -> str:
    """Write a contract type in the engines' DDL; bare containers take strings.

    Example:
        >>> from graph_olap.models import parse_type
        >>> ddl_type(parse_type("LIST<INT64>")), ddl_type(parse_type("STRUCT<a INT64, b ARRAY<DOUBLE,3>>"))
        ('INT64[]', 'STRUCT(a INT64, b DOUBLE[3])')
    """
    name, children = declared.name, declared.children
    if name == "DECIMAL":
        return f"DECIMAL({declared.numbers[0]}, {declared.numbers[1]})"
    if name == "LIST":
        return f"{ddl_type(children[0]) if children else 'STRING'}[]"
    if name == "ARRAY":
        return f"{ddl_type(children[0])}[{declared.numbers[0]}]"
    if name == "MAP":
        key, value = (ddl_type(child) for child in children) if children else ("STRING", "STRING")
        return f"MAP({key}, {value})"
    if name == "STRUCT":
        # Unquoted: the engines would take the quotes as part of a field's name.
        fields = ", ".join(f"{f} {ddl_type(child)}" for f, child in zip(declared.fields, children, strict=True))
        return f"STRUCT({fields})"
    return name


def parse_engine_type(text: str) -> ValueType:
    """Read an engine's type text.

    Example:
        >>> parse_engine_type("INT64[][3]").numbers, parse_engine_type("STRUCT(a INT64, b STRING[])").fields
        ((3,), ('a', 'b'))
    """
    text = text.strip()
    if match := _SUFFIX.search(text):
        inner = parse_engine_type(text[: match.start()])
        length = match.group(1)
        return ValueType("ARRAY", (inner,), numbers=(int(length),)) if length else ValueType("LIST", (inner,))
    if text.endswith(")"):
        name, _, rest = text.partition("(")
        return _with_arguments(name.strip().upper(), _split(rest[:-1]))
    return ValueType(_SCALARS.get(text.upper(), text.upper()))


def property_type_name(value_type: ValueType) -> str:
    """Write a property's type in full, as ``/schema`` shows it and definitions accept it.

    Example:
        >>> property_type_name(parse_engine_type("STRUCT(a INT64, b DOUBLE[3])"))
        'STRUCT<a INT64, b ARRAY<DOUBLE,3>>'
    """
    if value_type.name in ("UNION", "JSON"):
        return value_type.name
    children = tuple(_as_property(child) for child in value_type.children)
    return str(PropertyType(value_type.name, children, value_type.fields, value_type.numbers))


_SUFFIX = re.compile(r"\[(\d*)\]$")
_TYPE = re.compile(
    rf"(?:{'|'.join(SCALAR_TYPES)}|SERIAL|DECIMAL|MAP|STRUCT|UNION|NODE|REL|RECURSIVE_REL|INTERNAL_ID|ANY|json)"
    r"(?:\(.*\))?(?:\[\d*\])*"
)
_SCALARS = {"RECURSIVE_REL": "PATH", "SERIAL": "INT64"}


def _as_property(value_type: ValueType) -> PropertyType:
    children = tuple(_as_property(child) for child in value_type.children)
    return PropertyType(value_type.name, children, value_type.fields, value_type.numbers)


def _with_arguments(name: str, arguments: list[str]) -> ValueType:
    if name == "DECIMAL":
        return ValueType(name, numbers=(int(arguments[0]), int(arguments[1])))
    if name == "MAP":
        return ValueType(name, (parse_engine_type(arguments[0]), parse_engine_type(arguments[1])))
    fields, children = [], []
    for argument in arguments:
        field, kind = _field(argument.strip())
        fields.append(field)
        children.append(parse_engine_type(kind))
    return ValueType(name, tuple(children), tuple(fields))


def _field(text: str) -> tuple[str, str]:
    # Field names are not quoted and may hold blanks: the type is the rest after the first blank that reads as a type.
    for match in re.finditer(" ", text):
        if _TYPE.fullmatch(text[match.end() :]):
            return text[: match.start()], text[match.end() :]
    raise ValueError(f"unknown type of a struct field: {text!r}")


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]] if text.strip() else []
