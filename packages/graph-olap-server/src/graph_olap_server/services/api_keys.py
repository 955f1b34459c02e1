"""API keys: made, listed, revoked and verified. A key is shown once and stored as a salted scrypt hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from graph_olap_server.domain.errors import not_found
from graph_olap_server.domain.roles import Role
from graph_olap_server.store.database import Database
from graph_olap_server.store.events import SYSTEM, record_event
from graph_olap_server.store.tables import ApiKeyRow, UserRow

__all__ = [
    "KEY_START",
    "ApiKey",
    "VerifiedKeys",
    "create_api_key",
    "get_or_add_user",
    "list_api_keys",
    "revoke_api_key",
    "user_of_key",
]

KEY_START = "golap_"
"""How every key begins, so that people and secret scanners know one when they see it."""

_TOUCH_INTERVAL = timedelta(minutes=1)
_MOST_VERIFIED = 4096
# About 30 ms and 16 MB for one hash: nothing for a login, much for whoever has stolen the table.
_SCRYPT_COST, _SCRYPT_BLOCK, _SCRYPT_LANES = 2**14, 8, 1
_scrypt_slots = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it is listed: never the key itself."""

    id: int
    username: str
    role: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        """Return ``active``, ``revoked`` or ``expired``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


class VerifiedKeys:
    """Keys that were verified lately, so that not every request pays for scrypt.

    It holds only a digest of each key and the stored hash that it matched. Whether the key is revoked or expired is
    read from the database each time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hashes: OrderedDict[bytes, str] = OrderedDict()

    def matches(self, key: str, key_hash: str) -> bool:
        """Tell whether the key is known to have this hash."""
        with self._lock:
            return self._hashes.get(hashlib.sha256(key.encode()).digest()) == key_hash

    def add(self, key: str, key_hash: str) -> None:
        """Remember that the key has this hash."""
        with self._lock:
            digest = hashlib.sha256(key.encode()).digest()
            self._hashes[digest] = key_hash
            self._hashes.move_to_end(digest)
            while len(self._hashes) > _MOST_VERIFIED:
                self._hashes.popitem(last=False)


def create_api_key(
    database: Database, username: str, role: Role, now: datetime, expires_at: datetime | None = None
) -> str:
    """Make a key for a user, who is created or given the role; return it, for it cannot be read again."""
    prefix = f"{KEY_START}{secrets.token_hex(4)}"
    key = f"{prefix}_{secrets.token_urlsafe(32)}"
    salt = secrets.token_hex(16)
    key_hash = _scrypt(key, salt)
    with database.write() as session:
        user = get_or_add_user(session, username, role, now)
        if user.role != role.value:
            user.role, user.role_changed_at, user.role_changed_by, user.updated_at = role.value, now, SYSTEM, now
        session.flush()
        row = ApiKeyRow(
            username=username, prefix=prefix, key_hash=key_hash, salt=salt, created_at=now, expires_at=expires_at
        )
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
            ApiKey(
                id=key.id,
                username=key.username,
                role=role,
                prefix=key.prefix,
                created_at=key.created_at,
                expires_at=key.expires_at,
                last_used_at=key.last_used_at,
                revoked_at=key.revoked_at,
            )
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


def user_of_key(database: Database, verified: VerifiedKeys, key: str, now: datetime) -> str | None:
    """Return whose key this is, or ``None`` for one that is unknown, revoked or expired."""
    prefix = key[: key.find("_", len(KEY_START))]
    with database.read() as session:
        rows = session.scalars(select(ApiKeyRow).where(ApiKeyRow.prefix == prefix)).all()
    for row in rows:
        usable = row.revoked_at is None and (row.expires_at is None or row.expires_at > now)
        if usable and _matches(database, verified, row, key):
            _touch(database, row, now)
            return row.username
    return None


def get_or_add_user(session: Session, username: str, role: Role, now: datetime) -> UserRow:
    """Return a user, who is added with this role when unknown."""
    user = session.get(UserRow, username)
    if user is None:
        user = UserRow(
            username=username, display_name=username, role=role.value, created_at=now, updated_at=now, is_active=True
        )
        session.add(user)
        session.flush()
    return user


def _matches(database: Database, verified: VerifiedKeys, row: ApiKeyRow, key: str) -> bool:
    if verified.matches(key, row.key_hash):
        return True
    found = hashlib.sha256(key.encode()).hexdigest() if row.salt is None else _scrypt(key, row.salt)
    if not hmac.compare_digest(found, row.key_hash):
        return False
    key_hash = row.key_hash if row.salt is not None else _hash_again(database, row.id, key)
    verified.add(key, key_hash)
    return True


def _hash_again(database: Database, key_id: int, key: str) -> str:
    """Replace the hash of a key of the first version."""
    salt = secrets.token_hex(16)
    key_hash = _scrypt(key, salt)
    with database.write() as session:
        if (row := session.get(ApiKeyRow, key_id)) is not None:
            row.key_hash, row.salt = key_hash, salt
    return key_hash


def _touch(database: Database, row: ApiKeyRow, now: datetime) -> None:
    if row.last_used_at is None or now - row.last_used_at > _TOUCH_INTERVAL:
        with database.write() as session:
            if (used := session.get(ApiKeyRow, row.id)) is not None:
                used.last_used_at = now


def _scrypt(key: str, salt: str) -> str:
    # Two at a time: logins of strangers must not take the memory and the cores of everybody else.
    with _scrypt_slots:
        digest = hashlib.scrypt(
            key.encode(), salt=bytes.fromhex(salt), n=_SCRYPT_COST, r=_SCRYPT_BLOCK, p=_SCRYPT_LANES, dklen=32
        )
    return digest.hex()
