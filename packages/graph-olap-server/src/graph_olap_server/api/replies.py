"""Reply envelopes of section 1.6 and the documentation of their shapes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from graph_olap.models import WireModel
from pydantic import BaseModel

from graph_olap_server.domain.errors import PlatformError, unavailable
from graph_olap_server.logs import request_id
from graph_olap_server.store.pages import Page
from graph_olap_server.web import FastJSONResponse

__all__ = ["ERROR_REPLIES", "ErrorReply", "ListReply", "Reply", "database_unavailable", "page_reply", "reply"]

_log = logging.getLogger(__name__)

Data = TypeVar("Data")
Item = WireModel | dict[str, Any]
Wire = TypeVar("Wire", bound=Item)


class Meta(BaseModel):
    """``meta`` of a single resource."""

    request_id: str
    warnings: list[str] | None = None


class PageMeta(Meta):
    """``meta`` of a list."""

    total: int
    offset: int
    limit: int


class Reply(BaseModel, Generic[Data]):
    """One resource, or a list without pages."""

    data: Data
    meta: Meta


class ListReply(BaseModel, Generic[Data]):
    """One page of resources."""

    data: list[Data]
    meta: PageMeta


class ErrorBody(BaseModel):
    """``error`` of an error reply."""

    code: str
    message: str
    details: dict[str, Any]


class ErrorReply(BaseModel):
    """Every reply with a status of 400 or more."""

    error: ErrorBody
    meta: Meta


ERROR_REPLIES: dict[int | str, dict[str, Any]] = {"4XX": {"model": ErrorReply}, "5XX": {"model": ErrorReply}}
"""What every router says of its errors."""


def reply(data: Item | Sequence[WireModel], *, status: int = 200, warnings: Sequence[str] = ()) -> FastJSONResponse:
    """Wrap one resource (or a list without pages)."""
    meta: dict[str, Any] = {"request_id": request_id.get()}
    if warnings:
        meta["warnings"] = list(warnings)
    return FastJSONResponse({"data": _plain(data), "meta": meta}, status_code=status)


def page_reply(page: Page[Wire]) -> FastJSONResponse:
    """Wrap one page."""
    meta = {"request_id": request_id.get(), "total": page.total, "offset": page.offset, "limit": page.limit}
    return FastJSONResponse({"data": _plain(page.items), "meta": meta})


_CAUSES = {
    "database or disk is full": "cannot be changed: its disk is full",
    "No space left on device": "cannot be changed: its disk is full",
    "readonly database": "cannot be changed: it can only be read at the moment",
    "read-only transaction": "cannot be changed: it can only be read at the moment",
}
"""What SQLite and PostgreSQL say, and what callers are told."""


def database_unavailable(error: Exception) -> PlatformError:
    """Log what the database said and return the 503 that hides it."""
    _log.error("database_failed", exc_info=error)
    said = str(error)
    message = next((message for sign, message in _CAUSES.items() if sign in said), "does not answer at the moment")
    return unavailable("database", f"The database {message}. Try again.")


def _plain(data: Item | Sequence[Item]) -> Any:
    if isinstance(data, WireModel):
        return data.to_dict()
    return data if isinstance(data, dict) else [_plain(item) for item in data]
