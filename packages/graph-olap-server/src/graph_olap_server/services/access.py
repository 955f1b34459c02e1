"""Who is calling: API keys, the internal key, and identity headers in dev mode (section 1.4)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from graph_olap_server.domain.errors import PlatformError, not_found
from graph_olap_server.domain.roles import Identity, InstanceAccess, Role, instance_access
from graph_olap_server.services.context import Context
from graph_olap_server.services.lookup import find_instance
from graph_olap_server.store.database import Database
from graph_olap_server.store.events import SYSTEM, record_event
from graph_olap_server.store.tables import ApiKeyRow, UserRow

__all__ = [
    "ApiKey",
    "InstanceAuthorization",
    "authorize_instance",
    "create_api_key",
    "identify",
    "list_api_keys",
    "require_service",
    "revoke_api_key",
]

_TOUCH_INTERVAL = timedelta(minutes=1)
_MAX_USERNAME = 255


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it is listed: never the key itself."""

    id: int
    username: str
    role: str
    prefix: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class InstanceAuthorization:
    """What an instance may let a caller do; ``username`` is ``None`` for a caller without identity."""

    username: str | None
    role: Role
    access: InstanceAccess


def identify(context: Context, headers: Mapping[str, str]) -> Identity:
    """Return the caller of a user-scoped route.

    Args:
        context: The platform's parts.
        headers: Request headers under lower-case names.

    Raises:
        PlatformError: ``UNAUTHORIZED``, ``USER_DISABLED`` or ``USER_NOT_PROVISIONED``.
    """
    claimed = headers.get("x-username", "").strip()
    role = Role.parse(headers.get("x-user-role"))
    if headers.get("x-internal-api-key") is not None:
        require_service(context, headers)
        if not claimed:
            raise _unauthorized("The internal key alone names no user; send X-Username as well.", "username_missing")
        return _user(context, claimed, role)
    if headers.get("authorization"):
        return _by_api_key(context, headers["authorization"])
    if context.settings.auth_mode == "dev" and claimed:
        return _user(context, claimed, role)
    raise _unauthorized(
        "A credential is missing. Send an API key as Authorization: Bearer (graph-olap api-key create makes one)"
        + (", or X-Username." if context.settings.auth_mode == "dev" else "."),
        "credential_missing",
    )


def require_service(context: Context, headers: Mapping[str, str]) -> None:
    """Raise 401 unless the request carries the internal key; compared in constant time."""
    given = headers.get("x-internal-api-key", "")
    if not hmac.compare_digest(given.encode(), context.internal_api_key.encode()):
        raise _unauthorized("The internal key is wrong.", "bad_internal_key")


def authorize_instance(context: Context, instance_id: int, headers: Mapping[str, str]) -> InstanceAuthorization:
    """Say for an instance what the holder of these credentials may do with it."""
    headers = {name.lower(): value for name, value in headers.items()}
    settings = context.settings
    anonymous = settings.auth_mode == "dev" and not any(
        headers.get(name) for name in ("authorization", "x-internal-api-key", "x-username")
    )
    if anonymous and settings.instance_visibility != "open":
        raise _unauthorized(
            f"Instance {instance_id} is private and the request names no user. Send an API key or X-Username.",
            "credential_missing",
        )
    caller = None if anonymous else identify(context, headers)
    with context.database.read() as session:
        row = find_instance(session, instance_id)
    return InstanceAuthorization(
        None if caller is None else caller.username,
        Role.ANALYST if caller is None else caller.role,
        instance_access(
            caller, row.owner_username, row.shared_users, row.shared_everyone, settings.instance_visibility
        ),
    )


def create_api_key(database: Database, username: str, role: Role, now: datetime) -> str:
    """Make a key for a user, who is created or given the role; return it, for it cannot be read again."""
    prefix = f"golap_{secrets.token_hex(4)}"
    key = f"{prefix}_{secrets.token_urlsafe(32)}"
    with database.write() as session:
        user = _get_or_add_user(session, username, role, now)
        if user.role != role.value:
            user.role, user.role_changed_at, user.role_changed_by, user.updated_at = role.value, now, SYSTEM, now
        session.flush()
        row = ApiKeyRow(username=username, prefix=prefix, key_hash=_hash(key), created_at=now)
        session.add(row)
        session.flush()
        details = {"username": username, "role": role.value}
        record_event(session, "created", "api_key", row.id, now=now, actor=SYSTEM, details=details)
    return key


def list_api_keys(database: Database) -> list[ApiKey]:
    """List all keys, oldest first."""
    with database.read() as session:
        rows = session.execute(
            select(ApiKeyRow, UserRow.role).join(UserRow, UserRow.username == ApiKeyRow.username).order_by(ApiKeyRow.id)
        )
        return [
            ApiKey(key.id, key.username, role, key.prefix, key.created_at, key.last_used_at, key.revoked_at)
            for key, role in rows
        ]


def revoke_api_key(database: Database, key_id: int, now: datetime) -> None:
    """Make a key worthless; revoking it twice is fine."""
    with database.write() as session:
        row = session.get(ApiKeyRow, key_id)
        if row is None:
            raise not_found("api_key", key_id, f"There is no API key {key_id}; `graph-olap api-key list` shows all.")
        row.revoked_at = row.revoked_at or now
        record_event(session, "revoked", "api_key", row.id, now=now, actor=SYSTEM)


def _by_api_key(context: Context, authorization: str) -> Identity:
    scheme, _, key = authorization.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise _unauthorized("The Authorization header must be: Bearer <API key>.", "malformed")
    now = context.clock()
    with context.database.read() as session:
        row = session.scalars(select(ApiKeyRow).where(ApiKeyRow.key_hash == _hash(key))).first()
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise _unauthorized("The API key is unknown, expired or revoked. Ask an operator for a new one.", "bad_key")
    if row.last_used_at is None or now - row.last_used_at > _TOUCH_INTERVAL:
        with context.database.write() as session:
            if (used := session.get(ApiKeyRow, row.id)) is not None:
                used.last_used_at = now
    return _user(context, row.username, None)


def _user(context: Context, username: str, claimed_role: Role | None) -> Identity:
    """Return the identity of a user; unknown ones are added on first use where the settings allow it."""
    if len(username) > _MAX_USERNAME:
        raise _unauthorized(f"A user name has at most {_MAX_USERNAME} characters.", "bad_username")
    now = context.clock()
    with context.database.read() as session:
        user = session.get(UserRow, username)
    if user is None:
        if context.settings.auth_mode == "strict" and not context.settings.auto_provision:
            raise PlatformError(
                "USER_NOT_PROVISIONED",
                f"User {username} is not known here. Ask an admin to add the account.",
                {"username": username},
            )
        with context.database.write() as session:
            user = _get_or_add_user(session, username, claimed_role or Role.ANALYST, now)
    elif user.last_login_at is None or now - user.last_login_at > _TOUCH_INTERVAL:
        with context.database.write() as session:
            user = _get_or_add_user(session, username, Role.ANALYST, now)
            user.last_login_at = now
    if not user.is_active:
        raise PlatformError(
            "USER_DISABLED",
            f"The account {username} is switched off. Ask an admin.",
            {"username": username},
        )
    return Identity(username, claimed_role or Role(user.role))


def _get_or_add_user(session: Session, username: str, role: Role, now: datetime) -> UserRow:
    user = session.get(UserRow, username)
    if user is None:
        user = UserRow(
            username=username, display_name=username, role=role.value, created_at=now, updated_at=now, is_active=True
        )
        session.add(user)
        session.flush()
    return user


def _hash(key: str) -> str:
    # The key holds 256 random bits: nobody can guess it from its hash, so a slow hash would only slow every request.
    return hashlib.sha256(key.encode()).hexdigest()


def _unauthorized(message: str, reason: str) -> PlatformError:
    return PlatformError("UNAUTHORIZED", message, {"reason": reason})
