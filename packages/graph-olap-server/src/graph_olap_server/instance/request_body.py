"""Reading JSON bodies and query strings by hand: every problem is found, none costs a model on the path of a query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request

from graph_olap_server.domain.errors import FieldProblem, validation_failed

__all__ = ["Fields", "read_body"]


async def read_body(request: Request) -> Fields:
    """Read a JSON object; an empty body counts as an empty object.

    Raises:
        PlatformError: ``VALIDATION_FAILED`` for another content type, broken JSON or anything but an object.
    """
    raw = await request.body()
    if not raw:
        return Fields({})
    content_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise validation_failed([("body", f"the content type must be application/json, found {content_type}")])
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise validation_failed([("body", f"the body is not valid JSON: {error}")]) from None
    if not isinstance(data, dict):
        raise validation_failed([("body", "the body must be a JSON object")])
    return Fields(data)


class Fields:
    """Typed access to the fields of a request; problems are collected until :meth:`check`."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self.problems: list[FieldProblem] = []

    def text(self, name: str, *, required: bool = False, max_length: int = 100_000) -> str | None:
        """Return a string, or ``None`` when it is absent and not required."""
        value = self._data.get(name)
        if value is None:
            if required:
                self.problems.append((name, "a value is required"))
            return None
        if not isinstance(value, str):
            self.problems.append((name, f"a string is required, found {_kind(value)}"))
            return None
        if not value.strip() or len(value) > max_length:
            self.problems.append((name, f"1 to {max_length} characters are allowed, found {len(value.strip())}"))
            return None
        return value

    def integer(self, name: str, default: int | None, low: int, high: int) -> int | None:
        """Return an integer between ``low`` and ``high``; strings of digits are taken as well."""
        value = self._data.get(name)
        if value is None:
            return default
        if isinstance(value, str) and value.lstrip("-").isdecimal():
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            found = repr(value) if isinstance(value, float) else _kind(value)
            self.problems.append((name, f"an integer is required, found {found}"))
            return default
        if not low <= value <= high:
            self.problems.append((name, f"{value} is out of range; {low} to {high} is allowed"))
            return default
        return value

    def boolean(self, name: str) -> bool | None:
        """Return true, false, or ``None`` when it is absent."""
        value = self._data.get(name)
        if value is not None and not isinstance(value, bool):
            self.problems.append((name, f"true or false is required, found {_kind(value)}"))
            return None
        return value

    def object(self, name: str) -> dict[str, Any]:
        """Return a JSON object, empty when it is absent."""
        value = self._data.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.problems.append((name, f"an object is required, found {_kind(value)}"))
            return {}
        return value

    def strings(self, name: str) -> list[str] | None:
        """Return an array of strings, or ``None`` when it is absent."""
        value = self._data.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.problems.append((name, "an array of strings is required"))
            return None
        return value

    def choice(self, name: str, allowed: Sequence[str]) -> Any:
        """Return one of a few words, or ``None`` when it is absent."""
        value = self._data.get(name)
        if value is not None and value not in allowed:
            self.problems.append((name, f"{value!r} is not known; use one of {', '.join(allowed)}"))
            return None
        return value

    def names(self) -> list[str]:
        """Return the names of all fields that were given."""
        return list(self._data)

    def raw(self, name: str) -> Any:
        """Return the value as it came."""
        return self._data.get(name)

    def require(self, name: str, accept: Callable[[Any], bool], reason: str) -> None:
        """Record a problem unless ``accept`` takes the field's value."""
        if not accept(self._data.get(name)):
            self.problems.append((name, reason))

    def check(self) -> None:
        """Raise ``VALIDATION_FAILED`` with every problem found so far."""
        if self.problems:
            raise validation_failed(self.problems)


def _kind(value: Any) -> str:
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), "null")
