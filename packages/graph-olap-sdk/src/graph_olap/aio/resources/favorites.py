"""Favorites: bookmarks of mappings, snapshots and instances."""

from __future__ import annotations

from typing import List, Optional

from graph_olap.aio.http import AsyncHTTPClient
from graph_olap.models import Favorite

__all__ = ["AsyncFavoriteResource"]


class AsyncFavoriteResource:
    """Manage your bookmarks.

    Example:
        >>> await client.favorites.add("mapping", 1)
        >>> for favorite in await client.favorites.list():
        ...     print(f"{favorite.resource_type}: {favorite.resource_name}")
        >>> await client.favorites.remove("mapping", 1)
    """

    def __init__(self, http: AsyncHTTPClient) -> None:
        self._http = http

    async def list(self, resource_type: Optional[str] = None) -> List[Favorite]:
        """List your bookmarks, newest first.

        Args:
            resource_type: Only ``mapping``, ``snapshot`` or ``instance``.
        """
        reply = await self._http.get("/api/favorites", {"resource_type": resource_type})
        return [Favorite.from_api_response(item) for item in reply["data"]]

    async def add(self, resource_type: str, resource_id: int) -> Favorite:
        """Bookmark an object.

        Args:
            resource_type: ``mapping``, ``snapshot`` or ``instance``.
            resource_id: Its id.

        Raises:
            NotFoundError: There is no such object.
            ConflictError: It is bookmarked already.
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
        """
        await self._http.delete(f"/api/favorites/{resource_type}/{resource_id}")
