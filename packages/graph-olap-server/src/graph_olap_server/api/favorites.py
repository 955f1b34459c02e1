"""Routes of bookmarks (section 2.4)."""

from __future__ import annotations

from fastapi import APIRouter, Response
from graph_olap.models import Favorite

from graph_olap_server.api.dependencies import Caller, Parts, ResourceId
from graph_olap_server.api.replies import ERROR_REPLIES, Reply, reply
from graph_olap_server.api.transport import JsonRoute
from graph_olap_server.services import favorites
from graph_olap_server.services.ops_requests import AddFavorite, ResourceType

__all__ = ["router"]

router = APIRouter(route_class=JsonRoute, responses=ERROR_REPLIES, prefix="/api/favorites", tags=["favorites"])


@router.get("", response_model=Reply[list[Favorite]])
def list_favorites(context: Parts, caller: Caller, resource_type: ResourceType | None = None) -> Response:
    """List the caller's bookmarks, newest first."""
    return reply(favorites.list_favorites(context, caller, resource_type))


@router.post("", status_code=201, response_model=Reply[Favorite])
def add_favorite(context: Parts, caller: Caller, request: AddFavorite) -> Response:
    """Bookmark an object."""
    return reply(favorites.add_favorite(context, caller, request), status=201)


@router.delete("/{resource_type}/{resource_id}", response_model=Reply[dict[str, bool]])
def remove_favorite(
    context: Parts,
    caller: Caller,
    resource_type: ResourceType,
    resource_id: ResourceId,
) -> Response:
    """Remove a bookmark."""
    favorites.remove_favorite(context, caller, resource_type, resource_id)
    return reply({"deleted": True})
