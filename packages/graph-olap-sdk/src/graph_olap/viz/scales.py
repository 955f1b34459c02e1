"""From properties to colours, sizes and places."""

from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

__all__ = ["caption_property", "colors", "places", "sizes"]

# Ten hues that stay apart for the common kinds of colour blindness, on white and on near-black.
_PALETTE = (
    "#3b82c4",
    "#e08a1e",
    "#2fa36b",
    "#c9508f",
    "#8a63c9",
    "#d05545",
    "#1fa5b8",
    "#a58b1f",
    "#7b8794",
    "#6f9a3c",
)
_OTHER = "#9aa3ad"
_RAMP = ((59, 82, 139), (33, 145, 140), (94, 201, 98), (240, 210, 50))
_CAPTIONS = ("name", "title", "label", "code", "id")

Legend = List[Tuple[str, str]]


def caption_property(items: Sequence[Mapping[str, Any]]) -> Dict[str, Optional[str]]:
    """Return the property that names the nodes of each label: ``name``, ``title`` ..., else its first one."""
    chosen: Dict[str, Optional[str]] = {}
    for item in items:
        if item.get("_label") not in chosen:
            names = [name for name in item if not name.startswith("_")]
            chosen[item.get("_label", "")] = next(
                (name for name in _CAPTIONS if name in names), next(iter(names), None)
            )
    return chosen


def colors(items: Sequence[Mapping[str, Any]], name: Optional[str]) -> Tuple[List[str], Legend]:
    """Return a colour for each node, and the legend.

    Without a property labels decide. A property with more than ten different numbers becomes a ramp, any other
    one a colour for each of its nine most frequent values and grey for the rest.

    Raises:
        ValueError: No node has the property.
    """
    values = [item.get("_label", "not in the result") if name is None else item.get(name) for item in items]
    if name is not None:
        _require(items, name, "color")
        numbers = [number for number in map(_number, values) if number is not None]
        if len(set(numbers)) > len(_PALETTE):
            return _ramp(values, min(numbers), max(numbers), name)
    frequent = [value for value, _ in Counter(map(_text, values)).most_common()]
    known = dict(zip(frequent if len(frequent) <= len(_PALETTE) else frequent[: len(_PALETTE) - 1], _PALETTE))
    legend = list(known.items())
    if len(frequent) > len(known):
        legend.append((f"{len(frequent) - len(known):,} others", _OTHER))
    return [known.get(_text(value), _OTHER) for value in values], legend


def sizes(items: Sequence[Mapping[str, Any]], name: Optional[str], smallest: float, largest: float) -> List[float]:
    """Return a size for each item: its area grows with the property.

    Raises:
        ValueError: No item has the property, or it is not a number.
    """
    if name is None:
        return [(smallest + largest) / 2 if smallest == largest else smallest + (largest - smallest) / 4] * len(items)
    _require(items, name, "size or width")
    numbers = [_number(item.get(name)) for item in items]
    for item, number in zip(items, numbers):
        if number is None and item.get(name) is not None:
            raise ValueError(f"{name!r} cannot be a size: {item[name]!r} is not a number.")
    known = [number for number in numbers if number is not None]
    low, high = min(0.0, *known), max(known)
    span = (high - low) or 1.0
    return [
        smallest if number is None else smallest + (largest - smallest) * math.sqrt((number - low) / span)
        for number in numbers
    ]


def places(items: Sequence[Mapping[str, Any]], x: str, y: str) -> List[Optional[Tuple[float, float]]]:
    """Return a place for each node from two properties, one scale for both, y upwards; ``None`` where one is missing.

    Raises:
        ValueError: No node has the properties as numbers.
    """
    found = [(_number(item.get(x)), _number(item.get(y))) for item in items]
    known = [(a, b) for a, b in found if a is not None and b is not None]
    if not known:
        raise ValueError(f"No node has the numbers {x!r} and {y!r}; the properties are {_names(items)}.")
    left, bottom = min(a for a, _ in known), min(b for _, b in known)
    span = max(max(a for a, _ in known) - left, max(b for _, b in known) - bottom) or 1.0
    return [
        None if a is None or b is None else (1000 * (a - left) / span, -1000 * (b - bottom) / span) for a, b in found
    ]


def _require(items: Sequence[Mapping[str, Any]], name: str, use: str) -> None:
    if not any(item.get(name) is not None for item in items):
        raise ValueError(f"Nothing in the picture has a property {name!r} for {use}; there are {_names(items)}.")


def _names(items: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(sorted({name for item in items for name in item if not name.startswith("_")})) or "none"


def _ramp(values: Sequence[Any], low: float, high: float, name: str) -> Tuple[List[str], Legend]:
    def color(value: Any) -> str:
        number = _number(value)
        if number is None:
            return _OTHER
        place = (number - low) / ((high - low) or 1.0) * (len(_RAMP) - 1)
        index = min(int(place), len(_RAMP) - 2)
        mixed = (a + (b - a) * (place - index) for a, b in zip(_RAMP[index], _RAMP[index + 1]))
        return "#" + "".join(f"{round(part):02x}" for part in mixed)

    steps = [low + (high - low) * part / 3 for part in range(4)]
    return [color(value) for value in values], [(f"{name} {step:.4g}", color(step)) for step in steps]


def _number(value: Any) -> Optional[float]:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
