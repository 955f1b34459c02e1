# Derived from graph_olap/aio/resources/favorites.py; edit that file and run `make sync`.
"""Favorites: bookmarks of mappings, snapshots and instances."""

from __future__ import annotations

from typing import Optional

from graph_olap._page import ModelList
from graph_olap.http import HTTPClient
from graph_olap.models import Favorite

__all__ = ["FavoriteResource"]


class FavoriteResource:
    """Manage your bookmarks.

    Example:
        >>> favorite = client.favorites.add("snapshot", snapshot.id)
        >>> for favorite in client.favorites.list("snapshot"):
        ...     print(f"{favorite.resource_type}: {favorite.resource_name}")
        snapshot: march
        >>> client.favorites.remove("snapshot", snapshot.id)
    """

    def __init__(self, http: HTTPClient) -> None:
        self._http = http

    def list(self, resource_type: Optional[str] = None) -> ModelList[Favorite]:
        """List your bookmarks, newest first.

        Args:
            resource_type: Only ``mapping``, ``snapshot`` or ``instance``.

        Returns:
            Your bookmarks.

        Raises:
            ValidationError: There is no such type.

        Example:
            >>> client.favorites.list("instance")
            []
        """
        reply = self._http.get("/api/favorites", {"resource_type": resource_type})
        return ModelList(Favorite.from_api_response(item) for item in reply["data"])

    def add(self, resource_type: str, resource_id: int) -> Favorite:
        """Bookmark an object.

        Args:
            resource_type: ``mapping``, ``snapshot`` or ``instance``.
            resource_id: Its id.

        Returns:
            The bookmark.

        Raises:
            NotFoundError: There is no such object.
            ConflictError: It is bookmarked already.

        Example:
            >>> client.favorites.add("mapping", mapping.id).resource_name
            'Payments'
        """
        body = {"resource_type": resource_type, "resource_id": resource_id}
        return Favorite.from_api_response(self._http.post("/api/favorites", body)["data"])

    def remove(self, resource_type: str, resource_id: int) -> None:
        """Remove a bookmark.

        Args:
            resource_type: ``mapping``, ``snapshot`` or ``instance``.
            resource_id: Its id.

        Raises:
            NotFoundError: It is not bookmarked.

        Example:
            >>> draft = client.mappings.copy(mapping.id, "Bookmarked")
            >>> favorite = client.favorites.add("mapping", draft.id)
            >>> client.favorites.remove("mapping", draft.id)
        """
        self._http.delete(f"/api/favorites/{resource_type}/{resource_id}")
