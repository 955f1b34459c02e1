"""What a process remembers about credentials: nothing of it is a secret in clear, all of it may be lost."""

from __future__ import annotations

from dataclasses import dataclass, field

from graph_olap_server.services.api_keys import VerifiedKeys
from graph_olap_server.services.logins import LoginGuard
from graph_olap_server.services.tokens import KeySets

__all__ = ["Credentials"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Verified API keys, keys of the identity provider, failed logins."""

    verified: VerifiedKeys = field(default_factory=VerifiedKeys)
    key_sets: KeySets = field(default_factory=KeySets)
    logins: LoginGuard = field(default_factory=LoginGuard)
