"""Routes of users (section 2.12); replies about one user have no envelope, as older clients expect."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from graph_olap.models import User

from graph_olap_server.api.dependencies import AdminCaller, Bootstrapper, Caller, Number, Offset, Parts, PathName
from graph_olap_server.api.replies import ERROR_REPLIES, ListReply, page_reply
from graph_olap_server.api.transport import JsonRoute
from graph_olap_server.services import users
from graph_olap_server.services.ops_requests import AssignRole, CreateUser, UpdateUser
from graph_olap_server.web import FastJSONResponse

__all__ = ["router"]

router = APIRouter(route_class=JsonRoute, responses=ERROR_REPLIES, prefix="/api/users", tags=["users"])


@router.post("", status_code=201, response_model=User)
def create_user(context: Parts, caller: AdminCaller, request: CreateUser) -> Response:
    """Add a user."""
    return _flat(users.create_user(context, caller, request), 201)


@router.get("", response_model=ListReply[User])
def list_users(
    context: Parts,
    _caller: AdminCaller,
    is_active: bool | None = None,
    offset: Offset = 0,
    limit: Annotated[Number, Query(ge=1, le=200)] = 50,
) -> Response:
    """List users, newest first."""
    return page_reply(users.list_users(context, is_active=is_active, offset=offset, limit=limit))


@router.post("/bootstrap", status_code=201, response_model=User, dependencies=[Bootstrapper])
def bootstrap_user(context: Parts, request: CreateUser) -> Response:
    """Add the first user of a new platform, with the role ops."""
    return _flat(users.bootstrap_user(context, request), 201)


@router.get("/{username}", response_model=User)
def get_user(context: Parts, caller: Caller, username: PathName) -> Response:
    """Get a user."""
    return _flat(users.get_user(context, caller, username))


@router.put("/{username}", response_model=User)
def update_user(context: Parts, caller: AdminCaller, username: PathName, request: UpdateUser) -> Response:
    """Change a user."""
    return _flat(users.update_user(context, caller, username, request))


@router.put("/{username}/role", response_model=User)
def assign_role(context: Parts, caller: AdminCaller, username: PathName, request: AssignRole) -> Response:
    """Give a user another role."""
    return _flat(users.assign_role(context, caller, username, request))


@router.delete("/{username}", response_model=User)
def deactivate_user(context: Parts, caller: AdminCaller, username: PathName) -> Response:
    """Lock a user out; everything the user owns stays."""
    return _flat(users.deactivate_user(context, caller, username))


def _flat(user: User, status: int = 200) -> Response:
    return FastJSONResponse(user.to_dict(), status_code=status)
