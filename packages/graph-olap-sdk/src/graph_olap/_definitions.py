"""Definitions as an analyst gives them: typed objects or dictionaries, checked before they travel.

Only shapes and types are checked here, with the place named as one would write it in Python. Names and SQL are the
server's to judge, which knows its engine and its warehouse.
"""

from __future__ import annotations

import difflib
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple, Type, Union

from pydantic import ValidationError as ShapeError

from graph_olap.exceptions import ValidationError
from graph_olap.models.common import WireModel
from graph_olap.models.mapping import EdgeDefinition, NodeDefinition, PrimaryKey, PropertyDefinition
from graph_olap.models.types import KEY_TYPES, parse_type

__all__ = ["Definitions", "check_fields", "plain_definitions"]

Definitions = Sequence[Union[NodeDefinition, EdgeDefinition, Mapping[str, Any]]]
"""Definitions of one kind, each an object or a dictionary."""

_CLASSES: Dict[str, Type[WireModel]] = {"node_definitions": NodeDefinition, "edge_definitions": EdgeDefinition}
_Problem = Tuple[str, str]


def plain_definitions(**definitions: Definitions) -> Dict[str, List[Dict[str, Any]]]:
    """Check definitions and return them ready for a request body.

    Args:
        **definitions: ``node_definitions`` and ``edge_definitions``.

    Raises:
        ValidationError: A definition has no such shape; ``details["errors"]`` lists every problem.

    Example:
        >>> plain_definitions(node_definitions=[{"label": "Person", "primary_key": {"name": "id", "type": "STRING"}}])
        Traceback (most recent call last):
        ...
        graph_olap.exceptions.ValidationError: node_definitions[0].sql: is missing
    """
    problems: List[_Problem] = []
    plain = {}
    for argument, items in definitions.items():
        if isinstance(items, (str, bytes, Mapping, WireModel)) or not isinstance(items, Sequence):
            problems.append((argument, f"must be a list of definitions, not {_kind(items)}"))
            continue
        plain[argument] = [item.to_dict() if isinstance(item, WireModel) else item for item in items]
        for index, item in enumerate(items):
            problems += _problems(f"{argument}[{index}]", _CLASSES[argument], item)
    if problems:
        raise _error(problems)
    return {argument: [dict(item) for item in items] for argument, items in plain.items()}


def check_fields(wanted: Type[WireModel], fields: Mapping[str, Any]) -> None:
    """Check the arguments of a constructor.

    Raises:
        ValidationError: A field is missing, misspelled or wrong; ``details["errors"]`` lists every problem.

    Example:
        >>> check_fields(PropertyDefinition, {"name": "age", "type": 64})
        Traceback (most recent call last):
        ...
        graph_olap.exceptions.ValidationError: PropertyDefinition.type: must be a text, not 64 (int)
    """
    problems = list(_problems(wanted.__name__, wanted, fields))
    if problems:
        raise _error(problems)


def _problems(place: str, wanted: Type[WireModel], item: Any) -> Iterator[_Problem]:
    if isinstance(item, WireModel) and not isinstance(item, wanted):
        yield place, f"must be of the type {wanted.__name__}, not {type(item).__name__}"
        return
    if isinstance(item, Mapping):
        yield from _misspelled(place, wanted, item)
        try:
            item = wanted.model_validate(dict(item))
        except ShapeError as error:
            for found in error.errors():
                yield f"{place}{_path(found['loc'])}", _reason(found)
            return
    elif not isinstance(item, WireModel):
        yield place, f"must be a dictionary or of the type {wanted.__name__}, not {_kind(item)}"
        return
    if isinstance(item, PropertyDefinition):
        yield from _wrong_type(f"{place}.type", item)
    if isinstance(item, NodeDefinition):
        yield from _wrong_type(f"{place}.primary_key.type", item.primary_key)
    if isinstance(item, (NodeDefinition, EdgeDefinition)):
        for index, column in enumerate(item.properties):
            yield from _wrong_type(f"{place}.properties[{index}].type", column)


def _misspelled(place: str, wanted: Type[WireModel], item: Mapping[str, Any]) -> Iterator[_Problem]:
    # Other keys are left alone: a newer server may know them.
    known = [field for field in wanted.model_fields if field not in item]
    for key in item:
        if key not in wanted.model_fields:
            close = difflib.get_close_matches(str(key), known, 1, cutoff=0.75)
            if close:
                yield f"{place}.{key}", f"is not known; did you mean {close[0]}?"


def _wrong_type(place: str, column: PropertyDefinition) -> Iterator[_Problem]:
    try:
        kind = parse_type(column.type)
    except ValueError as error:
        yield place, str(error)
        return
    if isinstance(column, PrimaryKey) and str(kind) not in KEY_TYPES:
        yield place, f"{column.type} cannot be the type of a key; use one of {', '.join(KEY_TYPES)}"


def _path(location: Tuple[Union[int, str], ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _reason(found: Any) -> str:
    if found["type"] == "missing":
        return "is missing"
    wanted = {"string_type": "a text", "list_type": "a list"}.get(found["type"])
    if wanted is None and found["type"].startswith(("model", "dict")):
        wanted = "a dictionary"
    return f"must be {wanted}, not {_kind(found['input'])}" if wanted else str(found["msg"])


def _kind(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 40 else text[:37] + '...'} ({type(value).__name__})"


def _error(problems: Sequence[_Problem]) -> ValidationError:
    field, reason = problems[0]
    more = f' ({len(problems) - 1} more in details["errors"])' if len(problems) > 1 else ""
    return ValidationError(
        f"{field}: {reason}{more}",
        {
            "field": field,
            "reason": reason,
            "errors": [{"field": place, "message": text, "type": "value"} for place, text in problems],
        },
        code="VALIDATION_FAILED",
    )
