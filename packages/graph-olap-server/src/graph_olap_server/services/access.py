"""Who is calling: API keys, tokens, the internal key, and identity headers in dev mode (section 1.4)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.roles import Identity, InstanceAccess, Role, instance_access
from graph_olap_server.services.api_keys import get_or_add_user, user_of_key
from graph_olap_server.services.context import Context
from graph_olap_server.services.lookup import find_instance
from graph_olap_server.services.tokens import InvalidTokenError, TokenIdentity, is_token, verify_token
from graph_olap_server.store.tables import UserRow

__all__ = [
    "InstanceAuthorization",
    "authorize_instance",
    "identify",
    "require_service",
]

_TOUCH_INTERVAL = timedelta(minutes=1)
_MAX_USERNAME = 255


@dataclass(frozen=True, slots=True)
class InstanceAuthorization:
    """What an instance may let a caller do; ``username`` is ``None`` for a caller without identity."""

    username: str | None
    role: Role
    access: InstanceAccess


def identify(context: Context, headers: Mapping[str, str], address: str) -> Identity:
    """Return the caller of a user-scoped route.

    Args:
        context: The platform's parts.
        headers: Request headers under lower-case names.
        address: Where the request comes from; failed logins are counted against it.

    Raises:
        PlatformError: ``UNAUTHORIZED``, ``USER_DISABLED``, ``USER_NOT_PROVISIONED`` or ``RATE_LIMIT_EXCEEDED``.
    """
    claimed = headers.get("x-username", "").strip()
    role = Role.parse(headers.get("x-user-role"))
    if headers.get("x-internal-api-key") is not None:
        require_service(context, headers, address)
        if not claimed:
            raise _unauthorized("The internal key alone names no user; send X-Username as well.", "username_missing")
        return _user(context, claimed, role)
    if headers.get("authorization"):
        return _by_bearer(context, headers["authorization"], address)
    if context.settings.auth_mode == "dev" and claimed:
        return _user(context, claimed, role)
    raise _unauthorized(
        "A credential is missing. Send an API key as Authorization: Bearer (graph-olap api-key create makes one)"
        + (", or X-Username." if context.settings.auth_mode == "dev" else "."),
        "credential_missing",
    )


def require_service(context: Context, headers: Mapping[str, str], address: str) -> None:
    """Raise 401 unless the request carries the internal key; compared in constant time."""
    given = headers.get("x-internal-api-key")
    if given is None:
        raise _unauthorized("The internal key is missing.", "credential_missing")
    _check_failures(context, address, given)
    if not hmac.compare_digest(given.encode(), context.internal_api_key.encode()):
        _count_failure(context, address)
        raise _unauthorized("The internal key is wrong.", "bad_internal_key")
    context.credentials.logins.succeeded(address, given)


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
    # The instance is the client here: guesses made through it must not lock out everybody else on its machine.
    caller = None if anonymous else identify(context, headers, f"instance {instance_id}")
    with context.database.read() as session:
        row = find_instance(session, instance_id)
    return InstanceAuthorization(
        None if caller is None else caller.username,
        Role.ANALYST if caller is None else caller.role,
        instance_access(
            caller, row.owner_username, row.shared_users, row.shared_everyone, settings.instance_visibility
        ),
    )


def _by_bearer(context: Context, authorization: str, address: str) -> Identity:
    scheme, _, credential = authorization.partition(" ")
    credential = credential.strip()
    if scheme.lower() != "bearer" or not credential:
        raise _unauthorized("The Authorization header must be: Bearer <API key or token>.", "malformed")
    _check_failures(context, address, credential)
    try:
        found = _verified(context, credential)
    except PlatformError as error:
        if error.code == "UNAUTHORIZED":
            _count_failure(context, address)
        raise
    context.credentials.logins.succeeded(address, credential)
    return _user(context, found.username, found.role)


def _verified(context: Context, credential: str) -> TokenIdentity:
    if is_token(credential):
        try:
            return verify_token(context.settings, context.credentials.key_sets, credential)
        except InvalidTokenError as error:
            raise _unauthorized(str(error), "bad_token") from error
    username = user_of_key(context.database, context.credentials.verified, credential, context.clock())
    if username is None:
        raise _unauthorized("The API key is unknown, expired or revoked. Ask an operator for a new one.", "bad_key")
    return TokenIdentity(username, None)


def _user(context: Context, username: str, given_role: Role | None) -> Identity:
    """Return the identity of a user; unknown ones are added on first use where the settings allow it."""
    if len(username) > _MAX_USERNAME:
        raise _unauthorized(f"A user name has at most {_MAX_USERNAME} characters.", "bad_username")
    settings, now = context.settings, context.clock()
    with context.database.read() as session:
        user = session.get(UserRow, username)
    if user is None:
        if settings.auth_mode == "strict" and not settings.auto_provision:
            raise PlatformError(
                "USER_NOT_PROVISIONED",
                f"User {username} is not known here. Ask an admin to add the account.",
                {"username": username},
            )
        # In strict mode a role that comes with a request counts for that request only; new users are analysts.
        first_role = given_role if settings.auth_mode == "dev" and given_role is not None else Role.ANALYST
        with context.database.write() as session:
            user = get_or_add_user(session, username, first_role, now)
            user.last_login_at = now
    elif user.last_login_at is None or now - user.last_login_at > _TOUCH_INTERVAL:
        with context.database.write() as session:
            user = get_or_add_user(session, username, Role.ANALYST, now)
            user.last_login_at = now
    if not user.is_active:
        raise PlatformError(
            "USER_DISABLED",
            f"The account {username} is switched off. Ask an admin.",
            {"username": username},
        )
    return Identity(username, given_role or Role(user.role))


def _check_failures(context: Context, address: str, credential: str) -> None:
    context.credentials.logins.check(
        context.database,
        address,
        credential,
        limit=context.settings.login_failures_limit,
        window=timedelta(seconds=context.settings.login_failures_window),
        now=context.clock(),
    )


def _count_failure(context: Context, address: str) -> None:
    window = timedelta(seconds=context.settings.login_failures_window)
    context.credentials.logins.failed(context.database, address, window=window, now=context.clock())


def _unauthorized(message: str, reason: str) -> PlatformError:
    return PlatformError("UNAUTHORIZED", message, {"reason": reason})
