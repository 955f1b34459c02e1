"""Bookmarks end with the object that they point to."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from graph_olap_server.store.tables import FavoriteRow

__all__ = ["drop_favorites"]


def drop_favorites(session: Session, resource_type: str, resource_id: int) -> None:
    """Remove everybody's bookmarks of an object."""
    session.execute(
        delete(FavoriteRow).where(FavoriteRow.resource_type == resource_type, FavoriteRow.resource_id == resource_id)
    )
