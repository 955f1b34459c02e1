"""Use cases of bookmarks (section 2.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from graph_olap.models import Favorite
from sqlalchemy import select
from sqlalchemy.orm import Session

from graph_olap_server.domain.errors import PlatformError, not_found
from graph_olap_server.domain.roles import Identity
from graph_olap_server.domain.states import VISIBLE_INSTANCE_STATUSES
from graph_olap_server.services.context import Context
from graph_olap_server.services.ops_requests import AddFavorite
from graph_olap_server.store.events import record_event
from graph_olap_server.store.tables import FavoriteRow, InstanceRow, MappingRow, SnapshotRow

__all__ = ["add_favorite", "get_favorite", "list_favorites", "remove_favorite"]

_MODELS: dict[str, type[MappingRow | SnapshotRow | InstanceRow]] = {
    "mapping": MappingRow,
    "snapshot": SnapshotRow,
    "instance": InstanceRow,
}
_Facts = dict[tuple[str, int], tuple[str, str]]


def list_favorites(context: Context, caller: Identity, resource_type: str | None) -> list[Favorite]:
    """List the caller's bookmarks, newest first."""
    wanted = select(FavoriteRow).where(FavoriteRow.username == caller.username)
    if resource_type is not None:
        wanted = wanted.where(FavoriteRow.resource_type == resource_type)
    newest = (FavoriteRow.created_at.desc(), FavoriteRow.resource_type, FavoriteRow.resource_id.desc())
    with context.database.read() as session:
        rows = session.scalars(wanted.order_by(*newest)).all()
        facts: _Facts = {}
        for kind in _MODELS:
            facts |= _facts(session, kind, [row.resource_id for row in rows if row.resource_type == kind])
    return [_view(row.resource_type, row.resource_id, row.created_at, facts) for row in rows]


def get_favorite(context: Context, username: str, resource_type: str, resource_id: int) -> Favorite:
    """Return one bookmark of a user."""
    with context.database.read() as session:
        row = session.get(FavoriteRow, (username, resource_type, resource_id))
        if row is None:
            raise _no_favorite(resource_type, resource_id)
        return _view(resource_type, resource_id, row.created_at, _facts(session, resource_type, [resource_id]))


def add_favorite(context: Context, caller: Identity, request: AddFavorite) -> Favorite:
    """Bookmark an object for the caller."""
    now = context.clock()
    kind, number = request.resource_type, request.resource_id
    with context.database.write() as session:
        facts = _facts(session, kind, [number])
        if not facts:
            raise not_found(kind, number)
        if session.get(FavoriteRow, (caller.username, kind, number)) is not None:
            message = f"{kind.capitalize()} {number} is among your favorites already."
            raise PlatformError("ALREADY_EXISTS", message, {"resource_type": "favorite"})
        session.add(FavoriteRow(username=caller.username, resource_type=kind, resource_id=number, created_at=now))
        _record(session, "created", caller, kind, number, now)
    return _view(kind, number, now, facts)


def remove_favorite(context: Context, caller: Identity, resource_type: str, resource_id: int) -> None:
    """Remove a bookmark of the caller."""
    with context.database.write() as session:
        row = session.get(FavoriteRow, (caller.username, resource_type, resource_id))
        if row is None:
            raise _no_favorite(resource_type, resource_id)
        session.delete(row)
        _record(session, "deleted", caller, resource_type, resource_id, context.clock())


def _no_favorite(resource_type: str, resource_id: int) -> PlatformError:
    message = f"{resource_type.capitalize()} {resource_id} is not among your favorites."
    return not_found("favorite", resource_id, message)


def _facts(session: Session, kind: str, ids: list[int]) -> _Facts:
    """Return name and owner of those objects that exist."""
    if not ids:
        return {}
    model = _MODELS[kind]
    where: list[Any] = [model.id.in_(ids)]
    if model is InstanceRow:
        where.append(InstanceRow.status.in_(VISIBLE_INSTANCE_STATUSES))
    rows = session.execute(select(model.id, model.name, model.owner_username).where(*where))
    return {(kind, number): (name, owner) for number, name, owner in rows}


def _record(session: Session, what: str, caller: Identity, kind: str, number: int, now: datetime) -> None:
    record_event(session, what, "favorite", resource_name=f"{kind} {number}", now=now, actor=caller.username)


def _view(kind: str, number: int, created_at: datetime, facts: _Facts) -> Favorite:
    name, owner = facts.get((kind, number), ("", None))
    return Favorite(
        resource_type=kind,
        resource_id=number,
        resource_name=name,
        resource_owner=owner,
        created_at=created_at,
        resource_exists=(kind, number) in facts,
    )
