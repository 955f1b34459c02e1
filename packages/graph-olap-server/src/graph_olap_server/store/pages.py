"""Lists: filter, stable sort with nulls last, one page and the total.

A page is found in two steps of one statement: its ids, along an index that holds all that filters ask for, then the
rows. Counting cannot be avoided, but need not be done twice: totals are remembered until a row of the table changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar, cast

from sqlalchemy import ColumnElement, Table, UnaryExpression, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.operators import custom_op

from graph_olap_server.store.search import matching, trigram_matches
from graph_olap_server.store.tables import LIST_INDEXES, InstanceRow, ListStateRow, MappingRow, SnapshotRow

__all__ = ["Page", "PageQuery", "Totals", "list_page"]


Item = TypeVar("Item")
Other = TypeVar("Other")
Row = TypeVar("Row", MappingRow, SnapshotRow, InstanceRow)

_MOST_TOTALS = 4096
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


class Totals:
    """Numbers of matches that were counted lately, each with the state of the table that it was counted in.

    A state is replaced by a trigger in the transaction that changes what filters look at, and is read in the
    transaction that reads the page: a remembered total is never older or newer than its page.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: OrderedDict[Hashable, tuple[str, int]] = OrderedDict()

    def get(self, key: Hashable, state: str) -> int | None:
        """Return what was counted in this state."""
        with self._lock:
            found = self._totals.get(key)
            if found is None or found[0] != state:
                return None
            self._totals.move_to_end(key)
            return found[1]

    def put(self, key: Hashable, state: str, total: int) -> None:
        """Remember what was counted in this state."""
        with self._lock:
            self._totals[key] = state, total
            self._totals.move_to_end(key)
            while len(self._totals) > _MOST_TOTALS:
                self._totals.popitem(last=False)


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
    rows = cast(Table, model.__table__)
    rare = None if query.search is None else trigram_matches(session, rows, query.search)
    seen = _Columns(rows, _hidden_columns(session, query, rare))
    where = _where(session, seen, query, equal, rare)
    ids = select(rows.c.id).where(*where).order_by(*_order(seen, query)).offset(query.offset).limit(query.limit)
    items = session.scalars(
        select(model).where(model.id.in_(select(ids.subquery().c.id))).order_by(*_order(_Columns(rows), query))
    ).all()
    total = query.offset + len(items)
    # A page that is not full, and not behind the end, is the last one: nothing is left to count.
    if (query.limit is not None and len(items) >= query.limit) or (not items and query.offset):
        if rare is None:
            where = _where(session, _Columns(rows), query, equal, None)
        total = _total(session, rows, where, _key(rows, query, equal), totals)
    return Page(items, total, query.offset, total if query.limit is None else query.limit)


class _Columns:
    """Columns of a table, some of them hidden from SQLite's planner behind a unary plus."""

    def __init__(self, rows: Table, hidden: Collection[str] = ()) -> None:
        self.rows = rows
        self._hidden = hidden

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        column = self.rows.c[name]
        return UnaryExpression(column, operator=_PLUS, type_=column.type) if name in self._hidden else column


def _hidden_columns(session: Session, query: PageQuery, rare: ColumnElement[bool] | None) -> Collection[str]:
    """Return the columns that SQLite must not choose its index by, for it has no statistics to choose well.

    Rare texts are fetched from the trigram index. Else rows are met in the order of the list, along an index that also
    holds time and status, until the page is full; an index by those would find more rows, which all had to be sorted.
    """
    if session.get_bind().dialect.name != "sqlite":
        return ()
    if rare is not None:
        return _LISTED
    return () if query.sort_by == "created_at" else ("created_at", "status")


def _where(
    session: Session,
    seen: _Columns,
    query: PageQuery,
    equal: Mapping[str, Any],
    rare: ColumnElement[bool] | None,
) -> list[ColumnElement[bool]]:
    found = [seen[name] == value for name, value in equal.items() if value is not None]
    if seen.rows is InstanceRow.__table__:
        found.append(seen["status"] != _GOING)
    if query.owner is not None:
        found.append(seen["owner_username"] == query.owner)
    if query.search is not None:
        found.append(matching(session, seen.rows, query.search) if rare is None else rare)
    if query.created_after is not None:
        found.append(seen["created_at"] >= query.created_after)
    if query.created_before is not None:
        found.append(seen["created_at"] <= query.created_before)
    return found


def _order(seen: _Columns, query: PageQuery) -> list[ColumnElement[Any]]:
    keys = [seen[query.sort_by], seen["id"]]
    order: list[ColumnElement[Any]] = [key.asc() if query.sort_order == "asc" else key.desc() for key in keys]
    if seen.rows.c[query.sort_by].nullable:
        order.insert(0, keys[0].is_(None))  # only where needed: it keeps the database from reading along an index
    return order


def _total(session: Session, rows: Table, where: Sequence[ColumnElement[bool]], key: Hashable, totals: Totals) -> int:
    state = session.execute(select(ListStateRow.state).where(ListStateRow.resource == rows.name)).scalar_one()
    total = totals.get(key, state)
    if total is None:
        total = session.execute(select(func.count()).select_from(rows).where(*where)).scalar_one()
        totals.put(key, state, total)
    return total


def _key(rows: Table, query: PageQuery, equal: Mapping[str, Any]) -> Hashable:
    given = tuple(sorted((name, value) for name, value in equal.items() if value is not None))
    return rows.name, query.owner, query.search, query.created_after, query.created_before, given
