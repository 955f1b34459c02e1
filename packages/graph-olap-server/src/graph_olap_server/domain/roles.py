"""Roles, identities and who may do what with whose resource."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from graph_olap_server.domain.errors import PlatformError, permission_denied

__all__ = ["Identity", "InstanceAccess", "Role", "instance_access", "require_owner", "require_role"]


class Role(StrEnum):
    """A ladder: each role includes the ones before it."""

    ANALYST = "analyst"
    ADMIN = "admin"
    OPS = "ops"

    def includes(self, other: Role) -> bool:
        """Tell whether this role may do what the other may."""
        ladder = list(Role)
        return ladder.index(self) >= ladder.index(other)

    @classmethod
    def parse(cls, text: str | None) -> Role | None:
        """Read a role in any case; ``None`` for an unknown one."""
        return next((role for role in cls if text is not None and role.value == text.strip().lower()), None)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes a request: a verified user name and its role."""

    username: str
    role: Role

    @property
    def is_admin(self) -> bool:
        """Whether this caller may act on everybody's resources."""
        return self.role.includes(Role.ADMIN)


@dataclass(frozen=True, slots=True)
class InstanceAccess:
    """What a caller may do with the data plane of one instance."""

    can_read: bool
    can_run: bool


def require_role(identity: Identity, required: Role) -> None:
    """Raise 403 ``INSUFFICIENT_ROLE`` unless the caller has the role."""
    if not identity.role.includes(required):
        raise PlatformError(
            "INSUFFICIENT_ROLE",
            f"This needs the role {required.value}; {identity.username} is {identity.role.value}.",
            {"required_role": required.value, "user_role": identity.role.value},
        )


def require_owner(identity: Identity, resource_type: str, resource_id: int, owner: str) -> None:
    """Raise 403 ``PERMISSION_DENIED`` unless the caller owns the resource or is admin or ops."""
    if identity.username != owner and not identity.is_admin:
        raise permission_denied(resource_type, resource_id, owner)


def instance_access(
    identity: Identity | None,
    owner: str,
    shared_users: Collection[str],
    shared_everyone: bool,
    visibility: Literal["private", "open"],
) -> InstanceAccess:
    """Decide what a caller may do with an instance; ``None`` is a caller without identity (dev mode only)."""
    if identity is None:
        return InstanceAccess(can_read=visibility == "open", can_run=False)
    can_run = identity.username == owner or identity.is_admin
    can_read = can_run or shared_everyone or identity.username in shared_users or visibility == "open"
    return InstanceAccess(can_read=can_read, can_run=can_run)
