"""The statements behind lists, each built once per shape: building one takes longer than most databases need for it.

SQLite has no statistics to choose an index well. Where the choice matters, columns that it must not choose by are
hidden from its planner behind a unary plus.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import BigInteger, ColumnElement, Select, Table, UnaryExpression, bindparam, func, select
from sqlalchemy.sql.operators import custom_op

from graph_olap_server.store.search import FEW, holds_text, is_one_of
from graph_olap_server.store.tables import LIST_INDEXES, InstanceRow, ListStateRow, MappingRow, SnapshotRow

__all__ = ["BOUNDS", "STATE", "ListShape"]

STATE: Select[str] = select(ListStateRow.state).where(ListStateRow.resource == bindparam("resource"))
"""Selects the state of a listed table."""

_GOING = "stopping"  # an instance that ends is no longer shown
_PLUS = custom_op[Any]("+")
_LISTED = frozenset({"id", *(name for names in LIST_INDEXES.values() for name in names)})

BOUNDS = frozenset({"created_after", "created_before"})
"""The filters that bound the time."""


@dataclass(frozen=True, slots=True)
class ListShape:
    """What a list is asked for, without the values, which are parameters of the statements.

    Attributes:
        dialect: The database's kind.
        model: The kind of rows.
        sort_by: The column of the order.
        ascending: The direction; ties follow the id in the same one, nulls come last in both.
        filters: ``owner``, ``search``, ``created_after``, ``created_before``, and columns that must have a value.
        fetched: Whether ids of few candidates are given instead of the text.
        limited: Whether the page has a limit.
    """

    dialect: str
    model: type[MappingRow | SnapshotRow | InstanceRow]
    sort_by: str
    ascending: bool
    filters: frozenset[str]
    fetched: bool
    limited: bool

    @property
    def rows(self) -> Table:
        """The table."""
        return cast(Table, self.model.__table__)

    def page(self) -> Select[Any]:
        """Select the rows of the page.

        Few rows are fetched and sorted. Else rows are met in the order of the list, along an index that also holds
        time and status, until the page is full; an index by those would find more rows, which all had to be sorted.
        """
        return _page(self)

    def ids(self) -> Select[int]:
        """Select the ids of all matches, in no order."""
        return _ids(self)

    def count(self, *, scan: bool) -> Select[int]:
        """Count the matches; ``scan`` reads the table from end to end, not here and there along an index."""
        return _count(self, scan)

    def count_outside(self, bound: str) -> Select[int]:
        """Count what only one bound of the time leaves out, up to the parameter ``most``."""
        return _count_outside(self, bound)

    def count_without_text(self) -> Select[int]:
        """Count what the other filters leave for the search, up to a bound beyond which a scan is faster."""
        return _count_without_text(self)


@lru_cache(1024)
def _page(shape: ListShape) -> Select[Any]:
    hidden: Collection[str] = _LISTED if shape.fetched else {"created_at", "status"} - {shape.sort_by}
    if shape.dialect != "sqlite" or (shape.sort_by == "created_at" and not shape.fetched):
        hidden = ()
    ids = select(shape.rows.c.id).where(*_where(shape, hidden)).order_by(*_order(shape, hidden))
    ids = ids.offset(bindparam("offset", type_=BigInteger))
    if shape.limited:
        ids = ids.limit(bindparam("limit", type_=BigInteger))
    return select(shape.model).where(shape.model.id.in_(select(ids.subquery().c.id))).order_by(*_order(shape, ()))


@lru_cache(1024)
def _ids(shape: ListShape) -> Select[int]:
    return select(shape.rows.c.id).where(*_where(shape, _LISTED if shape.dialect == "sqlite" else ()))


@lru_cache(1024)
def _count(shape: ListShape, scan: bool) -> Select[int]:
    return select(func.count()).select_from(shape.rows).where(*_where(shape, _LISTED if scan else ()))


@lru_cache(1024)
def _count_outside(shape: ListShape, bound: str) -> Select[int]:
    created = shape.rows.c.created_at
    beyond = created < bindparam(bound) if bound == "created_after" else created > bindparam(bound)
    unbounded = replace(shape, filters=shape.filters - BOUNDS)
    others = select(shape.rows.c.id).where(*_where(unbounded, ()), beyond).limit(bindparam("most", type_=BigInteger))
    return select(func.count()).select_from(others.subquery())


@lru_cache(1024)
def _count_without_text(shape: ListShape) -> Select[int]:
    others = select(shape.rows.c.id).where(*_where(shape, (), with_text=False)).limit(5 * FEW)
    return select(func.count()).select_from(others.subquery())


def _where(shape: ListShape, hidden: Collection[str], *, with_text: bool = True) -> list[ColumnElement[bool]]:
    def column(name: str) -> ColumnElement[Any]:
        return _column(shape.rows, name, hidden)

    exact = shape.filters - BOUNDS - {"owner", "search"}
    where = [column(name) == bindparam(name) for name in sorted(exact)]
    if shape.rows is InstanceRow.__table__:
        where.append(column("status") != _GOING)
    if "owner" in shape.filters:
        where.append(column("owner_username") == bindparam("owner"))
    if "created_after" in shape.filters:
        where.append(column("created_at") >= bindparam("created_after"))
    if "created_before" in shape.filters:
        where.append(column("created_at") <= bindparam("created_before"))
    if shape.fetched:
        where.append(is_one_of(shape.dialect, shape.rows.c.id))
    elif "search" in shape.filters and with_text:
        where.append(holds_text(shape.dialect, shape.rows.c.search_text))
    return where


def _order(shape: ListShape, hidden: Collection[str]) -> list[ColumnElement[Any]]:
    keys = [_column(shape.rows, name, hidden) for name in (shape.sort_by, "id")]
    order: list[ColumnElement[Any]] = [key.asc() if shape.ascending else key.desc() for key in keys]
    if shape.rows.c[shape.sort_by].nullable:
        order.insert(0, keys[0].is_(None))  # only where needed: it keeps the database from reading along an index
    return order


def _column(rows: Table, name: str, hidden: Collection[str]) -> ColumnElement[Any]:
    column = rows.c[name]
    return UnaryExpression(column, operator=_PLUS, type_=column.type) if name in hidden else column
