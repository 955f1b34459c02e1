"""JWT bearer tokens of a single sign-on: verified against the provider's keys, never only decoded (section 1.4)."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt

from graph_olap_server.config import Settings
from graph_olap_server.domain.errors import unavailable
from graph_olap_server.domain.roles import Role

__all__ = ["InvalidTokenError", "KeySets", "TokenIdentity", "is_token", "verify_token"]

_ALGORITHMS = ["RS256"]
_LEEWAY_SECONDS = 10.0
_FRESH_SECONDS = 300.0
_RETRY_SECONDS = 10.0
_TIMEOUT_SECONDS = 5.0


class InvalidTokenError(Exception):
    """The token proves nothing; the message says why, in words fit for its holder."""


@dataclass(frozen=True, slots=True)
class TokenIdentity:
    """What a verified token says; ``role`` is ``None`` unless the provider decides on roles."""

    username: str
    role: Role | None


class KeySets:
    """The provider's public keys, read again when they are old or a token names one that is not among them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._source = ""
        self._keys: dict[str | None, Any] = {}
        self._read_at = -_FRESH_SECONDS
        self._tried_at = -_FRESH_SECONDS

    def key(self, source: str, key_id: str | None) -> Any:
        """Return the key that a token names, or ``None``.

        Raises:
            PlatformError: ``SERVICE_UNAVAILABLE``, when there never were any keys.
        """
        with self._lock:
            now = time.monotonic()
            if source != self._source:
                self._source, self._keys, self._read_at, self._tried_at = source, {}, -_FRESH_SECONDS, -_FRESH_SECONDS
            wanted = now - self._read_at > _FRESH_SECONDS or key_id not in self._keys
            # Whoever invents key ids must not make us call the provider each time.
            if wanted and now - self._tried_at > _RETRY_SECONDS:
                self._tried_at = now
                self._read(source, now)
            if not self._keys:
                raise unavailable("identity provider", "The keys of the identity provider cannot be read. Try again.")
            return self._keys.get(key_id)

    def _read(self, source: str, now: float) -> None:
        try:
            found = jwt.PyJWKSet.from_dict(_load(source))
        except (OSError, httpx.HTTPError, ValueError, jwt.PyJWTError):
            return  # the keys we have stay good while the provider is away
        self._keys = {key.key_id: key.key for key in found.keys if key.key_type == "RSA"}
        self._read_at = now


def is_token(credential: str) -> bool:
    """Tell a JWT from an API key by its form."""
    return credential.count(".") == 2


def verify_token(settings: Settings, key_sets: KeySets, token: str) -> TokenIdentity:
    """Check signature, issuer, audience and times of a token, and return who it names.

    Raises:
        InvalidTokenError: It is not good.
        PlatformError: ``SERVICE_UNAVAILABLE``, when the provider's keys cannot be read.
    """
    if settings.jwt_jwks is None:
        raise InvalidTokenError("This server accepts API keys, not tokens.")
    name = settings.jwt_username_claim
    try:
        key = key_sets.key(settings.jwt_jwks, jwt.get_unverified_header(token).get("kid"))
        if key is None:
            raise InvalidTokenError("The token is signed with a key that the identity provider does not publish.")
        claims = jwt.decode(
            token,
            key,
            algorithms=_ALGORITHMS,
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud", name]},
        )
    except jwt.ExpiredSignatureError as error:
        raise InvalidTokenError("The token has expired. Sign in again.") from error
    except jwt.ImmatureSignatureError as error:
        raise InvalidTokenError("The token is not valid yet. Check the clock of the identity provider.") from error
    except (jwt.InvalidIssuerError, jwt.InvalidAudienceError) as error:
        raise InvalidTokenError("The token was made for another service or by another provider.") from error
    except jwt.PyJWTError as error:
        raise InvalidTokenError("The token cannot be verified.") from error
    username = claims[name]
    if not isinstance(username, str) or not username.strip():
        raise InvalidTokenError(f"The claim {name} of the token is no user name.")
    return TokenIdentity(username.strip(), _role(settings.jwt_role_claim, claims))


def _role(claim: str | None, claims: dict[str, Any]) -> Role | None:
    """Return the highest role that the claim names; analyst where it names none of ours."""
    if claim is None:
        return None
    value = claims.get(claim)
    texts = value if isinstance(value, list) else [value]
    roles = [role for text in texts if isinstance(text, str) and (role := Role.parse(text)) is not None]
    return max(roles, key=list(Role).index, default=Role.ANALYST)


def _load(source: str) -> Any:
    if source.startswith(("https://", "http://")):
        reply = httpx.get(source, timeout=_TIMEOUT_SECONDS, follow_redirects=False)
        reply.raise_for_status()
        return reply.json()
    return json.loads(Path(source).read_text(encoding="utf-8"))
