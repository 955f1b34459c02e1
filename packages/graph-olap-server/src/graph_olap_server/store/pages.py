"""Lists: filter, stable sort with nulls last, one page and the total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from graph_olap_server.store.tables import InstanceRow, MappingRow, SnapshotRow

__all__ = ["Page", "PageQuery", "list_page"]


Item = TypeVar("Item")
Other = TypeVar("Other")
Row = TypeVar("Row", MappingRow, SnapshotRow, InstanceRow)


@dataclass(frozen=True, slots=True)
class PageQuery:
    """The list parameters of section 1.7; ``limit`` ``None`` takes all."""

    offset: int = 0
    limit: int | None = 50
    sort_by: str = "created_at"
    sort_order: Literal["asc", "desc"] = "desc"
    owner: str | None = None
    search: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page and the number of matches before paging."""

    items: Sequence[Item]
    total: int
    offset: int
    limit: int

    def with_items(self, items: Sequence[Other]) -> Page[Other]:
        """Return the same page with other items."""
        return Page(items, self.total, self.offset, self.limit)


def list_page(session: Session, model: type[Row], query: PageQuery, *conditions: ColumnElement[bool]) -> Page[Row]:
    """Return one page of rows that meet the query and all conditions."""
    where = [*conditions, *_filters(model, query)]
    column = getattr(model, query.sort_by)
    order: list[Any] = [column.asc(), model.id.asc()] if query.sort_order == "asc" else [column.desc(), model.id.desc()]
    if model.__table__.c[query.sort_by].nullable:
        order.insert(0, column.is_(None))  # only where needed: it keeps the database from reading along an index
    statement = select(model).where(*where).order_by(*order).offset(query.offset)
    if query.limit is not None:
        statement = statement.limit(query.limit)
    items = session.scalars(statement).all()
    total = query.offset + len(items)
    # A page that is not full, and not behind the end, is the last one: nothing is left to count.
    if (query.limit is not None and len(items) >= query.limit) or (not items and query.offset):
        total = session.execute(select(func.count()).select_from(model).where(*where)).scalar_one()
    return Page(items, total, query.offset, total if query.limit is None else query.limit)


def _filters(model: type[Row], query: PageQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.owner is not None:
        found.append(model.owner_username == query.owner)
    if query.search is not None:
        found.append(
            or_(
                model.name.icontains(query.search, autoescape=True),
                model.description.icontains(query.search, autoescape=True),
            )
        )
    if query.created_after is not None:
        found.append(model.created_at >= query.created_after)
    if query.created_before is not None:
        found.append(model.created_at <= query.created_before)
    return found
