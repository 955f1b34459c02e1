"""Lists: filter, stable sort with nulls last, one page and the total.

A page is found in two steps of one statement: its ids, along an index that holds all that filters ask for, then the
rows. Counting cannot be avoided, but need not be done twice: totals are remembered until a row of the table changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import Session

from graph_olap_server.store.list_statements import BOUNDS, STATE, ListShape
from graph_olap_server.store.search import FEW, list_value, rare_matches, text_value
from graph_olap_server.store.tables import InstanceRow, MappingRow, SnapshotRow
from graph_olap_server.store.totals import Found, Totals

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


def list_page(
    session: Session,
    model: type[Row],
    query: PageQuery,
    equal: Mapping[str, Any] = MappingProxyType({}),
    *,
    totals: Totals,
) -> Page[Row]:
    """Return one page of the rows that lists show.

    Args:
        session: A session that reads.
        model: The kind of rows.
        query: Filters, order and page.
        equal: Values of further columns; ``None`` does not filter.
        totals: What this process remembers of earlier counts.
    """
    asked = _Asked(session, model, query, equal, totals)
    items: Sequence[Row] = session.scalars(asked.shape.page(), asked.values).all()
    total = query.offset + len(items)
    full = query.limit is not None and len(items) >= query.limit
    if full or (not items and query.offset):
        total = asked.count()
    else:
        # Such a page is the last one: nothing is left to count.
        asked.remember(Found(total, [row.id for row in items] if query.offset == 0 and total <= FEW else None))
    return Page(items, total, query.offset, total if query.limit is None else query.limit)


class _Asked:
    """A list as it is asked for, and what was found for the same filters before."""

    def __init__(
        self, session: Session, model: type[Row], query: PageQuery, equal: Mapping[str, Any], totals: Totals
    ) -> None:
        self._session, self._totals, self._table = session, totals, model.__tablename__
        dialect = session.get_bind().dialect.name
        filters = {
            "owner": query.owner,
            "search": query.search,
            "created_after": query.created_after,
            "created_before": query.created_before,
            **equal,
        }
        self.values: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
        self._key = (self._table, *sorted(self.values.items()))
        self.shape = ListShape(
            dialect=dialect,
            model=model,
            sort_by=query.sort_by,
            ascending=query.sort_order == "asc",
            filters=frozenset(self.values),
            fetched=False,
            limited=query.limit is not None,
        )
        self._state: str | None = None
        if query.search is not None:
            self._search(dialect, query.search)
        self.values |= {"offset": query.offset, "limit": query.limit}

    def count(self) -> int:
        """Return the number of matches, counted or remembered."""
        found = self._remembered()
        if found is None:
            found = self._counted()
            self.remember(found)
        return found.total

    def remember(self, found: Found) -> None:
        """Keep what a search found; other filters have indexes, so only their totals are worth it."""
        if self._state is not None:
            self._totals.put(self._key, self._state, found)

    def _search(self, dialect: str, searched: str) -> None:
        found = self._remembered()
        few = None if found is None else found.ids
        if found is None:
            few = rare_matches(self._session, dialect, self._table, searched)
        self.values["search"] = text_value(dialect, searched)
        if few is not None:
            self.values["few"] = list_value(dialect, few)
            self.shape = replace(self.shape, fetched=True)

    def _remembered(self) -> Found | None:
        if self._state is None:
            self._state = self._session.execute(STATE, {"resource": self._table}).scalar_one()
        return self._totals.get(self._key, self._state)

    def _counted(self) -> Found:
        bounds = self.shape.filters & BOUNDS
        if not bounds or "search" in self.values:
            return self._counted_one_by_one()
        # Bounds mostly leave out few rows; counting those is quick once the total without bounds is known.
        outside = self._outside(bounds)
        if outside is None:
            return self._counted_one_by_one()
        assert self._state is not None
        key = (self._table, *sorted((name, self.values[name]) for name in self.shape.filters - bounds))
        if (whole := self._totals.get(key, self._state)) is not None:
            return Found(whole.total - outside)
        found = self._counted_one_by_one()
        self._totals.put(key, self._state, Found(found.total + outside))
        return found

    def _outside(self, bounds: Collection[str]) -> int | None:
        """Return how many rows only the bounds of the time leave out; ``None`` for many."""
        if len(bounds) > 1 and self.values["created_after"] > self.values["created_before"]:
            return None  # a row can be outside both
        values = self.values | {"most": FEW + 1}
        count = sum(self._session.execute(self.shape.count_outside(bound), values).scalar_one() for bound in bounds)
        return None if count > FEW else count

    def _counted_one_by_one(self) -> Found:
        searches = "search" in self.values
        if not self.shape.fetched:
            scan = searches and self.shape.dialect == "sqlite" and self._scalar(self.shape.count_without_text()) > FEW
            total = self._scalar(self.shape.count(scan=scan))
            if not searches or total > FEW:
                return Found(total)
        ids = self._session.scalars(self.shape.ids(), self.values).all()
        return Found(len(ids), ids)

    def _scalar(self, statement: Select[int]) -> int:
        return self._session.execute(statement, self.values).scalar_one()
