"""Who is calling, as the control plane says.

Headers are claims; this process never turns them into an identity by itself. It asks the control plane, remembers the
answer for a short while under a hash of the headers, and lives on remembered answers when the control plane is away.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from graph_olap.exceptions import ERROR_CODES

from graph_olap_server.domain.errors import PlatformError, permission_denied, unavailable
from graph_olap_server.domain.instance_config import InstanceConfig
from graph_olap_server.instance.control_plane import ControlPlane, ControlPlaneUnreachable, Reply
from graph_olap_server.logs import event

__all__ = ["SERVICE", "HttpIdentityResolver", "Identity", "IdentityResolver", "require_read", "require_run"]

_log = logging.getLogger(__name__)

_IDENTITY_HEADERS = ("authorization", "x-username", "x-user-role", "x-internal-api-key")


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller and what the caller may do on this instance; ``service`` marks the control plane itself."""

    username: str | None
    role: str | None
    can_read: bool
    can_run: bool
    service: bool = False


SERVICE = Identity(username=None, role=None, can_read=False, can_run=False, service=True)
"""The control plane, which may read the status and nothing else."""


class IdentityResolver(Protocol):
    """Turns request headers into an identity."""

    async def resolve(self, headers: Mapping[str, str]) -> Identity:
        """Return the caller; raises ``PlatformError`` (401, 403, 503) when there is none."""
        ...


def require_read(identity: Identity, config: InstanceConfig) -> None:
    """Raise 403 unless the caller may query this instance."""
    if not identity.can_read:
        raise permission_denied("instance", config.instance_id, config.owner)


def require_run(identity: Identity, config: InstanceConfig) -> None:
    """Raise 403 unless the caller may run algorithms on this instance."""
    if not identity.can_run:
        raise permission_denied("instance", config.instance_id, config.owner)


class HttpIdentityResolver:
    """Asks ``POST /api/internal/instances/{id}/authorize`` and remembers the answers."""

    def __init__(
        self,
        control_plane: ControlPlane,
        internal_api_key: str,
        *,
        fresh_seconds: float = 5.0,
        stale_seconds: float = 600.0,
        max_entries: int = 1024,
    ) -> None:
        self._control_plane = control_plane
        self._internal_api_key = internal_api_key.encode()
        self._fresh_seconds = fresh_seconds
        self._stale_seconds = stale_seconds
        self._max_entries = max_entries
        self._known: OrderedDict[bytes, tuple[float, Identity]] = OrderedDict()

    async def resolve(self, headers: Mapping[str, str]) -> Identity:
        """Return the caller of a request."""
        claims: dict[str, str] = {}
        for name, value in headers.items():
            if name in _IDENTITY_HEADERS:
                claims.setdefault(name, value)
        if self._is_service(claims):
            return SERVICE
        key = hashlib.sha256(repr(claims).encode()).digest()
        known = self._known.get(key)
        now = time.monotonic()
        if known is not None and now - known[0] < self._fresh_seconds:
            return known[1]
        try:
            reply = await self._control_plane.post("/authorize", {"headers": claims})
        except ControlPlaneUnreachable:
            if known is not None and now - known[0] < self._stale_seconds:
                event(_log, "stale_identity_used", level=logging.WARNING, username=known[1].username)
                return known[1]
            raise unavailable(
                "control_plane",
                "The control plane cannot be reached, so your access cannot be checked. Try again soon.",
            ) from None
        if reply.status != 200:
            self._known.pop(key, None)
            raise _refusal(reply)
        identity = _identity(reply.body)
        self._remember(key, now, identity)
        return identity

    def _is_service(self, claims: Mapping[str, str]) -> bool:
        given = claims.get("x-internal-api-key")
        return (
            given is not None
            and "x-username" not in claims
            and hmac.compare_digest(given.encode(), self._internal_api_key)
        )

    def _remember(self, key: bytes, now: float, identity: Identity) -> None:
        self._known[key] = (now, identity)
        self._known.move_to_end(key)
        while len(self._known) > self._max_entries:
            self._known.popitem(last=False)


def _identity(body: Any) -> Identity:
    data = body["data"]
    return Identity(data["username"], data["role"], bool(data["can_read"]), bool(data["can_run"]))


def _refusal(reply: Reply) -> PlatformError:
    error = reply.body.get("error", {}) if isinstance(reply.body, dict) else {}
    code = error.get("code")
    if reply.status in (401, 403, 429) and code in ERROR_CODES:
        details = error.get("details") or {}
        return PlatformError(code, error.get("message", ""), details, retry_after=details.get("retry_after_seconds"))
    event(_log, "authorization_not_understood", level=logging.ERROR, status=reply.status, code=code)
    return unavailable("control_plane", "The control plane could not check your access. Try again soon.")
