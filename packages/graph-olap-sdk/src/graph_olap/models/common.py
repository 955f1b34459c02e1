"""Shapes shared by several models: the wire base class, pages and favorites."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Dict, Mapping, Optional

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer, ValidationError

from graph_olap.exceptions import other_version

if sys.version_info >= (3, 11):
    from typing import Self
else:
    from typing_extensions import Self

__all__ = ["Favorite", "PageMeta", "Timestamp", "WireModel", "WrittenModel", "format_timestamp"]


def format_timestamp(value: datetime) -> str:
    """Write a timestamp as the contract wants it: UTC, ``Z``, no fraction or exactly six digits.

    Example:
        >>> format_timestamp(datetime(2025, 3, 1, 8, 15, tzinfo=timezone.utc))
        '2025-03-01T08:15:00Z'
    """
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"


Timestamp = Annotated[AwareDatetime, PlainSerializer(format_timestamp, return_type=str, when_used="json")]
"""An aware ``datetime`` that is written in UTC with a ``Z``."""


class WireModel(BaseModel):
    """Base of everything that travels between SDK and servers.

    Unknown keys are ignored, so an older SDK reads replies of a newer server.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", populate_by_name=True)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build the model from decoded JSON of a server.

        Raises:
            ServerError: A field is missing or of another kind: the server's version does not fit.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise other_version(f"{cls.__name__}: {field or 'value'}: {first['msg']}", {"field": field}) from None

    @classmethod
    def from_api_response(cls, data: Mapping[str, Any]) -> Self:
        """Build the model from decoded JSON (same as :meth:`from_dict`)."""
        return cls.from_dict(data)

    def to_dict(self) -> Dict[str, Any]:
        """Return the JSON-ready dictionary of this model."""
        return self.model_dump(mode="json", by_alias=True)

    def __str__(self) -> str:
        # What print() shows; repr() stays the one line that Python can read.
        from graph_olap.display import model_text

        return model_text(self) if type(self).__repr__ is WireModel.__repr__ else repr(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        from graph_olap.display import model_html

        return model_html(self)


class WrittenModel(WireModel):
    """Base of what analysts write by hand: wrong values raise the SDK's own error, which names the field.

    Raises:
        ValidationError: A field is missing, misspelled or wrong; ``details["errors"]`` lists every problem.
    """

    if not TYPE_CHECKING:  # type checkers see the fields as arguments

        def __init__(self, **fields: Any) -> None:
            from graph_olap._definitions import check_fields

            check_fields(type(self), fields)
            super().__init__(**fields)

        # What comes from a server or inside another definition is validated without passing here again.
        __init__.__pydantic_base_init__ = True


class PageMeta(WireModel):
    """``meta`` of a list reply."""

    request_id: Optional[str] = None
    total: int
    offset: int
    limit: int


class Favorite(WireModel):
    """A bookmarked mapping, snapshot or instance."""

    resource_type: str
    resource_id: int
    resource_name: str = ""
    resource_owner: Optional[str] = None
    created_at: Timestamp
    resource_exists: bool = True
