"""Lists: filter, stable sort with nulls last, one page and the total.

A page is found in two steps of one statement: its ids, along an index that holds all that filters ask for, then the
rows. Counting cannot be avoided, but need not be done twice: totals are remembered until a row of the table changes.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar, cast

from sqlalchemy import ColumnElement, Select, Table, UnaryExpression, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.operators import custom_op

from graph_olap_server.store.search import FEW, matching, one_of, rare_matches
from graph_olap_server.store.tables import LIST_INDEXES, InstanceRow, ListStateRow, MappingRow, SnapshotRow
from graph_olap_server.store.totals import Found, Totals

__all__ = ["Page", "PageQuery", "list_page"]


Item = TypeVar("Item")
Other = TypeVar("Other")
Row = TypeVar("Row", MappingRow, SnapshotRow, InstanceRow)

_GOING = "stopping"  # an instance that ends is no longer shown
_PLUS = custom_op[Any]("+")
_LISTED = frozenset({"id", *(name for names in LIST_INDEXES.values() for name in names)})


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
    asked = _Asked(session, cast(Table, model.__table__), query, equal)
    state = asked.state()
    found = totals.get(asked.key, state)
    few = asked.rare_matches() if found is None or found.ids is None else found.ids
    items = session.scalars(
        select(model).where(model.id.in_(select(asked.page(few).subquery().c.id))).order_by(*asked.order(_Columns()))
    ).all()
    if found is None:
        found = asked.found([row.id for row in items], few)
        totals.put(asked.key, state, found)
    return Page(items, found.total, query.offset, found.total if query.limit is None else query.limit)


class _Columns:
    """Names of columns that SQLite must not choose its index by, for it has no statistics to choose well."""

    def __init__(self, hidden: Collection[str] = ()) -> None:
        self._hidden = hidden

    def of(self, rows: Table, name: str) -> ColumnElement[Any]:
        """Return a column, or what hides it from the planner: the column behind a unary plus."""
        column = rows.c[name]
        return UnaryExpression(column, operator=_PLUS, type_=column.type) if name in self._hidden else column


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a list is asked for, in the words of the database."""

    session: Session
    rows: Table
    query: PageQuery
    equal: Mapping[str, Any]

    @property
    def key(self) -> Hashable:
        """What the matches depend on."""
        query, given = self.query, tuple(sorted((k, v) for k, v in self.equal.items() if v is not None))
        return self.rows.name, query.owner, query.search, query.created_after, query.created_before, given

    def state(self) -> str:
        """Return the state of the table."""
        wanted = select(ListStateRow.state).where(ListStateRow.resource == self.rows.name)
        return self.session.execute(wanted).scalar_one()

    def rare_matches(self) -> Sequence[int] | None:
        """Return the rows that hold the text, where they are few and quickly found."""
        return None if self.query.search is None else rare_matches(self.session, self.rows, self.query.search)

    def page(self, few: Sequence[int] | None) -> Select[int]:
        """Select the ids of the page.

        Few rows are fetched and sorted. Else rows are met in the order of the list, along an index that also holds
        time and status, until the page is full; an index by those would find more rows, which all had to be sorted.
        """
        columns = self._all_hidden if few is not None else self._order_decides
        wanted = select(self.rows.c.id).where(*self._where(columns, few)).order_by(*self.order(columns))
        return wanted.offset(self.query.offset).limit(self.query.limit)

    def order(self, columns: _Columns) -> list[ColumnElement[Any]]:
        """Return the order: nulls last, ties by id."""
        keys = [columns.of(self.rows, name) for name in (self.query.sort_by, "id")]
        order: list[ColumnElement[Any]] = [key.asc() if self.query.sort_order == "asc" else key.desc() for key in keys]
        if self.rows.c[self.query.sort_by].nullable:
            order.insert(0, keys[0].is_(None))  # only where needed: it keeps the database from reading along an index
        return order

    def found(self, page: Sequence[int], few: Sequence[int] | None) -> Found:
        """Count the matches, as far as the page does not tell; of searches with few matches keep these."""
        query = self.query
        last_page = query.limit is None or len(page) < query.limit
        if last_page and (page or not query.offset):
            total = query.offset + len(page)
            return Found(total, page if total == len(page) <= FEW else None)
        where = self._where(self._all_hidden if few is not None or self._scans else _Columns(), few)
        if few is None:
            count = select(func.count()).select_from(self.rows).where(*where)
            total = self.session.execute(count).scalar_one()
            if query.search is None or total > FEW:
                return Found(total)
        ids = self.session.scalars(select(self.rows.c.id).where(*where)).all()
        return Found(len(ids), ids)

    @property
    def _is_sqlite(self) -> bool:
        return self.session.get_bind().dialect.name == "sqlite"

    @property
    def _all_hidden(self) -> _Columns:
        return _Columns(_LISTED if self._is_sqlite else ())

    @property
    def _order_decides(self) -> _Columns:
        return _Columns(("created_at", "status") if self._is_sqlite and self.query.sort_by != "created_at" else ())

    @property
    def _scans(self) -> bool:
        """Whether looking for a text reads the table from end to end, not here and there along an index."""
        if not self._is_sqlite or self.query.search is None:
            return False
        others = select(self.rows.c.id).where(*self._where(_Columns(), None, with_search=False)).limit(5 * FEW)
        return self.session.execute(select(func.count()).select_from(others.subquery())).scalar_one() == 5 * FEW

    def _where(
        self, columns: _Columns, few: Sequence[int] | None, *, with_search: bool = True
    ) -> list[ColumnElement[bool]]:
        query, rows = self.query, self.rows
        where = [columns.of(rows, name) == value for name, value in self.equal.items() if value is not None]
        if rows is InstanceRow.__table__:
            where.append(columns.of(rows, "status") != _GOING)
        if query.owner is not None:
            where.append(columns.of(rows, "owner_username") == query.owner)
        if query.created_after is not None:
            where.append(columns.of(rows, "created_at") >= query.created_after)
        if query.created_before is not None:
            where.append(columns.of(rows, "created_at") <= query.created_before)
        if few is not None:
            where.append(one_of(self.session, rows.c.id, few))
        elif query.search is not None and with_search:
            where.append(matching(self.session, rows, query.search))
        return where
