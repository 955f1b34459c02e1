"""Use cases of user accounts (section 2.12)."""

from __future__ import annotations

from datetime import datetime

from graph_olap.models import User
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from graph_olap_server.domain.errors import PlatformError, not_found
from graph_olap_server.domain.roles import Identity, Role, require_role
from graph_olap_server.services.context import Context
from graph_olap_server.services.ops_requests import AssignRole, CreateUser, UpdateUser
from graph_olap_server.store.events import record_event
from graph_olap_server.store.pages import Page
from graph_olap_server.store.tables import UserRow

__all__ = [
    "assign_role",
    "bootstrap_user",
    "create_user",
    "deactivate_user",
    "get_user",
    "list_users",
    "update_user",
]


def list_users(context: Context, *, is_active: bool | None, offset: int, limit: int) -> Page[User]:
    """List users, newest first."""
    where = [] if is_active is None else [UserRow.is_active.is_(is_active)]
    with context.database.read() as session:
        total = session.execute(select(func.count()).select_from(UserRow).where(*where)).scalar_one()
        rows = session.scalars(
            select(UserRow)
            .where(*where)
            .order_by(UserRow.created_at.desc(), UserRow.username.desc())
            .offset(offset)
            .limit(limit)
        )
        return Page([_view(row) for row in rows], total, offset, limit)


def get_user(context: Context, caller: Identity, username: str) -> User:
    """Return a user; analysts see of others only who they are."""
    with context.database.read() as session:
        view = _view(_find(session, username))
    if caller.is_admin or caller.username == username:
        return view
    return User(
        username=view.username, display_name=view.display_name, role=view.role, is_active=view.is_active, email=None
    )


def create_user(context: Context, caller: Identity, request: CreateUser) -> User:
    """Add a user."""
    _require_rank(caller, Role(request.role))
    with context.database.write() as session:
        return _add(session, request, context.clock(), caller.username)


def bootstrap_user(context: Context, request: CreateUser) -> User:
    """Add the very first user, with the role ops."""
    with context.database.write() as session:
        if session.execute(select(func.count()).select_from(UserRow)).scalar_one():
            raise _taken("There are users already; ask one of them with the role ops to add an account.")
        first = request.model_copy(update={"role": Role.OPS.value})
        return _add(session, first, context.clock(), request.username)


def update_user(context: Context, caller: Identity, username: str, request: UpdateUser) -> User:
    """Change a user."""
    now = context.clock()
    with context.database.write() as session:
        row = _managed(session, caller, username)
        if request.is_active is False:
            _require_other(caller, row, "deactivate yourself")
        if request.email is not None:
            _require_free_email(session, request.email, username)
            row.email = request.email
        if request.display_name is not None:
            row.display_name = request.display_name
        if request.is_active is not None:
            row.is_active = request.is_active
        row.updated_at = now
        details = request.model_dump(exclude_none=True)
        actor = caller.username
        record_event(session, "updated", "user", resource_name=username, now=now, actor=actor, details=details)
        return _view(row)


def assign_role(context: Context, caller: Identity, username: str, request: AssignRole) -> User:
    """Give a user another role; only ops may grant or take ``ops``."""
    now = context.clock()
    _require_rank(caller, Role(request.role))
    with context.database.write() as session:
        row = _managed(session, caller, username)
        _require_other(caller, row, "change your own role")
        details = {"from": row.role, "to": request.role}
        row.role, row.role_changed_at, row.role_changed_by, row.updated_at = request.role, now, caller.username, now
        actor = caller.username
        record_event(session, "role_changed", "user", resource_name=username, now=now, actor=actor, details=details)
        return _view(row)


def deactivate_user(context: Context, caller: Identity, username: str) -> User:
    """Lock a user out; the record and everything the user owns stay."""
    now = context.clock()
    with context.database.write() as session:
        row = _managed(session, caller, username)
        _require_other(caller, row, "deactivate yourself")
        row.is_active, row.updated_at = False, now
        record_event(session, "deactivated", "user", resource_name=username, now=now, actor=caller.username)
        return _view(row)


def _add(session: Session, request: CreateUser, now: datetime, actor: str) -> User:
    if session.get(UserRow, request.username) is not None:
        raise _taken(f"There is a user {request.username} already; choose another name.")
    _require_free_email(session, request.email, request.username)
    row = UserRow(**request.model_dump(), is_active=True, created_at=now, updated_at=now)
    session.add(row)
    details = {"role": request.role}
    name = request.username
    record_event(session, "created", "user", resource_name=name, now=now, actor=actor, details=details)
    return _view(row)


def _find(session: Session, username: str) -> UserRow:
    row = session.get(UserRow, username)
    if row is None:
        raise not_found("user", username)
    return row


def _managed(session: Session, caller: Identity, username: str) -> UserRow:
    """Return a user that the caller may change: accounts of ops only by ops."""
    row = _find(session, username)
    _require_rank(caller, Role(row.role))
    return row


def _require_rank(caller: Identity, role: Role) -> None:
    require_role(caller, Role.OPS if role is Role.OPS else Role.ADMIN)


def _require_other(caller: Identity, row: UserRow, what: str) -> None:
    if caller.username == row.username:
        raise PlatformError(
            "PERMISSION_DENIED",
            f"You cannot {what}; ask another admin.",
            {"resource_type": "user", "resource_id": row.username},
        )


def _require_free_email(session: Session, email: str, username: str) -> None:
    taken = select(UserRow.username).where(UserRow.email == email, UserRow.username != username)
    if session.scalars(taken.limit(1)).first() is not None:
        raise _taken(f"The e-mail address {email} belongs to another user.")


def _taken(message: str) -> PlatformError:
    return PlatformError("ALREADY_EXISTS", message, {"resource_type": "user"})


def _view(row: UserRow) -> User:
    return User(
        username=row.username,
        # Accounts made on first use have none; clients expect a text.
        email=row.email or "",
        display_name=row.display_name or row.username,
        role=row.role,
        is_active=row.is_active,
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_login_at=row.last_login_at,
        role_changed_at=row.role_changed_at,
        role_changed_by=row.role_changed_by,
    )
