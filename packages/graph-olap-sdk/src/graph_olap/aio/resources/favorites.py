"""Favorites: bookmarks of mappings, snapshots and instances."""

from __future__ import annotations

from typing import Optional

from graph_olap._page import ModelList
from graph_olap.aio.http import AsyncHTTPClient
from graph_olap.models import Favorite

__all__ = ["AsyncFavoriteResource"]


class AsyncFavoriteResource:
    """Manage your bookmarks.

    Example:
        >>> favorite = await client.favorites.add("snapshot", snapshot.id)
        >>> for favorite in await client.favorites.list("snapshot"):
        ...     print(f"{favorite.resource_type}: {favorite.resource_name}")
        snapshot: march
        >>> await client.favorites.remove("snapshot", snapshot.id)
    """

    def __init__(self, http: AsyncHTTPClient) -> None:
        self._http = http

    async def list(self, resource_type: Optional[str] = None) -> ModelList[Favorite]:
        """List your bookmarks, newest first.

        Args:
            resource_type: Only ``mapping``, ``snapshot`` or ``instance``.

        Returns:
            Your bookmarks.

        Raises:
            ValidationError: There is no such type.

        Example:
            >>> await client.favorites.list("instance")
            []
        """
        reply = await self._http.get("/api/favorites", {"resource_type": resource_type})
        return ModelList(Favorite.from_api_response(item) for item in reply["data"])

    async def add(self, resource_type: str, resource_id: int) -> Favorite:
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
            >>> (await client.favorites.add("mapping", mapping.id)).resource_name
            'Payments'
        """
        body = {"resource_type": resource_type, "resource_id": resource_id}
        return Favorite.from_api_response((await self._http.post("/api/favorites", body))["data"])

    async def remove(self, resource_type: str, resource_id: int) -> None:
        """Remove a bookmark.

        Args:
            resource_type: ``mapping``, ``snapshot`` or ``instance``.
            resource_id: Its id.

        Raises:
            NotFoundError: It is not bookmarked.

        Example:
            >>> draft = await client.mappings.copy(mapping.id, "Bookmarked")
            >>> favorite = await client.favorites.add("mapping", draft.id)
            >>> await client.favorites.remove("mapping", draft.id)
        """
        await self._http.delete(f"/api/favorites/{resource_type}/{resource_id}")
