"""What routes take from a request: the platform's parts, the caller, list parameters and ids.

The order of checks is that of section 1.5: who calls, the role, maintenance mode, and only then what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query, Request
from pydantic import AfterValidator, BeforeValidator
from starlette.datastructures import Headers
from starlette.types import Scope

from graph_olap_server.api.transport import decode_slashes, require_json
from graph_olap_server.domain.errors import PlatformError, validation_failed
from graph_olap_server.domain.roles import Identity, Role, require_role
from graph_olap_server.domain.states import StateMachine
from graph_olap_server.services.access import identify, require_service
from graph_olap_server.services.configuration import require_explicit_snapshots, require_no_maintenance
from graph_olap_server.services.context import Context
from graph_olap_server.store.pages import PageQuery

__all__ = [
    "CALLER_KEY",
    "AdminCaller",
    "Bootstrapper",
    "Caller",
    "CreatingCaller",
    "ExplicitSnapshots",
    "InstanceId",
    "Limit",
    "MappingId",
    "Number",
    "Offset",
    "OpsCaller",
    "Parts",
    "PathName",
    "RecordFilter",
    "ResourceId",
    "Scraper",
    "ServiceCaller",
    "SnapshotId",
    "Version",
    "authenticate",
    "list_query",
    "read_timestamp",
    "require_bootstrapper",
    "status_filter",
]

_LARGEST_ID = 2**63 - 1
_DECIMAL = re.compile(r"-?[0-9]+")
CALLER_KEY = "graph_olap.caller"
"""Where the caller of a request is kept in its scope."""


async def _parts(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Parts = Annotated[Context, Depends(_parts)]
"""The platform's parts."""


def authenticate(context: Context, scope: Scope) -> Identity:
    """Return the caller of a request; asked twice, it answers the second time from the request's scope."""
    caller: Identity | None = scope.get(CALLER_KEY)
    if caller is None:
        caller = scope[CALLER_KEY] = identify(context, Headers(scope=scope), _address(scope))
    return caller


def _authenticated(request: Request, context: Parts) -> Identity:
    return authenticate(context, request.scope)


_Authenticated = Annotated[Identity, Depends(_authenticated)]


async def _caller(request: Request, caller: _Authenticated) -> Identity:
    require_json(request)
    return caller


Caller = Annotated[Identity, Depends(_caller)]
"""The authenticated user; every public route takes it."""


async def _admin(request: Request, caller: _Authenticated) -> Identity:
    require_role(caller, Role.ADMIN)
    require_json(request)
    return caller


AdminCaller = Annotated[Identity, Depends(_admin)]
"""The authenticated user, who must be admin or ops."""


async def _ops(request: Request, caller: _Authenticated) -> Identity:
    require_role(caller, Role.OPS)
    require_json(request)
    return caller


OpsCaller = Annotated[Identity, Depends(_ops)]
"""The authenticated user, who must be ops."""


def _creator(request: Request, context: Parts, caller: _Authenticated) -> Identity:
    require_no_maintenance(context, caller)
    require_json(request)
    return caller


CreatingCaller = Annotated[Identity, Depends(_creator)]
"""The authenticated user, who may make new work: not while maintenance mode is on, unless ops."""


def _snapshot_writer(context: Parts, _caller: _Authenticated) -> None:
    require_explicit_snapshots(context)


ExplicitSnapshots = Depends(_snapshot_writer)
"""Snapshots of one's own must not be switched off."""


def _scraper(request: Request, context: Parts) -> None:
    if "x-internal-api-key" in request.headers and not request.headers.get("x-username"):
        require_service(context, request.headers, _address(request.scope))
    else:
        require_role(authenticate(context, request.scope), Role.OPS)


Scraper = Depends(_scraper)
"""Ops, or the internal key."""


def require_bootstrapper(context: Context, scope: Scope) -> None:
    """Raise 401 for a bootstrap in strict mode without the internal key."""
    if context.settings.auth_mode == "strict":
        require_service(context, Headers(scope=scope), _address(scope))


def _bootstrapper(request: Request, context: Parts) -> None:
    require_bootstrapper(context, request.scope)
    require_json(request)


Bootstrapper = Depends(_bootstrapper)
"""Anybody on a laptop; in strict mode the holder of the internal key."""


def _service(request: Request, context: Parts) -> None:
    require_service(context, request.headers, _address(request.scope))
    require_json(request)


ServiceCaller = Depends(_service)
"""The internal key is required."""


def _digits(value: object) -> object:
    """Refuse what Python would read as a number as well: ``1_0`` is not the mapping 10."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value) is None:
        raise ValueError("must be an integer, written in digits")
    return value


Number = Annotated[int, BeforeValidator(_digits)]
"""An integer of a path or a query."""

ResourceId = Annotated[Number, Path(ge=1, le=_LARGEST_ID)]
MappingId = ResourceId
SnapshotId = ResourceId
InstanceId = ResourceId
Version = ResourceId
RecordFilter = Annotated[Number | None, Query(ge=1, le=_LARGEST_ID)]
Offset = Annotated[Number, Query(ge=0, le=_LARGEST_ID)]
Limit = Annotated[Number, Query(ge=1, le=100)]
PathName = Annotated[str, AfterValidator(decode_slashes)]
"""The name of a catalog, schema, table or user in a path; it may hold an encoded slash."""


def list_query(*sort_fields: str) -> Any:
    """Return a dependency that reads the list parameters; ``sort_fields`` are those the endpoint can sort by."""

    async def read(
        offset: Offset = 0,
        limit: Limit = 50,
        sort_by: str = "created_at",
        sort_order: Literal["asc", "desc"] = "desc",
        owner: Annotated[str | None, Query(min_length=1, max_length=255)] = None,
        search: Annotated[str | None, Query(min_length=1, max_length=255)] = None,
        created_after: str | None = None,
        created_before: str | None = None,
    ) -> PageQuery:
        if sort_by not in sort_fields:
            raise validation_failed([("sort_by", f"cannot sort by {sort_by!r}; use one of {', '.join(sort_fields)}")])
        return PageQuery(
            offset=offset,
            limit=limit,
            sort_by=sort_by,
            sort_order=sort_order,
            owner=owner,
            search=search,
            created_after=read_timestamp("created_after", created_after),
            created_before=read_timestamp("created_before", created_before),
        )

    return Depends(read)


def status_filter(machine: StateMachine) -> Callable[[str | None], Awaitable[str | None]]:
    """Return a dependency that reads ``status`` and refuses unknown ones."""

    async def read(status: str | None = None) -> str | None:
        if status is not None and status not in machine.statuses:
            raise _unknown_status(status, machine)
        return status

    return read


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"


def _unknown_status(status: str, machine: StateMachine) -> PlatformError:
    return validation_failed([("status", f"unknown status {status!r}; use one of {', '.join(machine.statuses)}")])


def read_timestamp(field: str, text: str | None) -> datetime | None:
    """Read a date or time of a query; without an offset it is UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text) if len(text) > 10 else datetime.combine(date.fromisoformat(text), time())
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise validation_failed([(field, f"{text!r} is not an ISO 8601 date or time")]) from None
