"""The answer to a write that was done by an attempt that died before it could answer."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from graph_olap_server.api.replies import reply
from graph_olap_server.domain.roles import Identity, Role
from graph_olap_server.services.context import Context
from graph_olap_server.services.favorites import get_favorite
from graph_olap_server.services.job_runs import describe_trigger
from graph_olap_server.services.outcomes import Applied
from graph_olap_server.services.users import get_user
from graph_olap_server.web import FastJSONResponse

__all__ = ["answer_by_name"]


def answer_by_name(context: Context, username: str, applied: Applied) -> Response | None:
    """Answer for an object that has a name instead of a number, as it is now; ``None`` for those with a number.

    Raises:
        PlatformError: ``RESOURCE_NOT_FOUND``, when it was removed meanwhile.
    """
    answer = _ANSWERS.get(applied.resource_type)
    if answer is None or applied.resource_name is None:
        return None
    status = 201 if applied.event_type == "created" else 200
    return answer(context, username, applied.resource_name, status)


def _user(context: Context, username: str, name: str, status: int) -> Response:
    # Only an admin can have changed an account, or whoever added the very first one.
    return FastJSONResponse(get_user(context, Identity(username, Role.ADMIN), name).to_dict(), status_code=status)


def _favorite(context: Context, username: str, name: str, status: int) -> Response:
    kind, _, number = name.partition(" ")
    return reply(get_favorite(context, username, kind, int(number)), status=status)


def _job(context: Context, _username: str, name: str, status: int) -> Response:
    return reply(describe_trigger(context, name), status=status)


_ANSWERS: dict[str, Callable[[Context, str, str, int], Response]] = {
    "favorite": _favorite,
    "job": _job,
    "user": _user,
}
