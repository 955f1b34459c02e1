"""When resources expire: defaults, caps and deadlines of section 4.4."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from graph_olap_server.domain.durations import parse_duration

__all__ = [
    "LIFETIMES",
    "LIFETIME_PARTS",
    "Lifetime",
    "LifetimeRule",
    "changed_lifetime",
    "inactivity_deadline",
    "new_lifetime",
    "rule_problem",
]

LIFETIME_PARTS = ("default_ttl", "default_inactivity", "max_ttl")
"""What can be configured for each kind of resource."""


@dataclass(frozen=True, slots=True)
class LifetimeRule:
    """Defaults and maximum of one kind of resource, as durations; ``None`` is none."""

    default_ttl: str | None
    default_inactivity: str | None
    max_ttl: str | None


LIFETIMES = {
    "mapping": LifetimeRule(None, "P30D", "P365D"),
    "snapshot": LifetimeRule("P7D", "P3D", "P30D"),
    "instance": LifetimeRule("PT24H", "PT4H", "P7D"),
}
"""The defaults of section 4.6."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What is stored with a resource."""

    ttl: str | None
    inactivity_timeout: str | None
    expires_at: datetime | None


def rule_problem(rule: LifetimeRule) -> str | None:
    """Say what is wrong with a rule as a whole; ``None`` when it is fine.

    Example:
        >>> rule_problem(LifetimeRule("P2D", None, "P1D"))
        'the default P2D is longer than the maximum P1D'
    """
    if rule.max_ttl is None or rule.default_ttl is None:
        return None
    if parse_duration(rule.default_ttl) > parse_duration(rule.max_ttl):
        return f"the default {rule.default_ttl} is longer than the maximum {rule.max_ttl}"
    return None


def new_lifetime(rule: LifetimeRule, now: datetime, ttl: str | None, inactivity: str | None) -> Lifetime:
    """Return the lifetime of a resource created now; missing parts take the defaults, cut at the maximum.

    Raises:
        ValueError: The asked ``ttl`` is longer than the maximum.
    """
    if ttl is None:
        chosen = rule.default_ttl
        expires = None if chosen is None else now + parse_duration(chosen)
        expires = _cut(expires, now, rule)
    else:
        chosen = ttl
        expires = _within(now + parse_duration(ttl), now, rule)
    return Lifetime(chosen, inactivity if inactivity is not None else rule.default_inactivity, expires)


def changed_lifetime(rule: LifetimeRule, created_at: datetime, now: datetime, ttl: str | None) -> datetime | None:
    """Return the new expiry after ``ttl`` was set now; ``None`` asks for the longest the rule allows.

    Raises:
        ValueError: The expiry would lie after creation plus the maximum.
    """
    if ttl is None:
        return None if rule.max_ttl is None else created_at + parse_duration(rule.max_ttl)
    return _within(now + parse_duration(ttl), created_at, rule)


def inactivity_deadline(last_activity: datetime, inactivity_timeout: str | None) -> datetime | None:
    """Return when a resource counts as unused."""
    return None if inactivity_timeout is None else last_activity + parse_duration(inactivity_timeout)


def _within(expires: datetime, created_at: datetime, rule: LifetimeRule) -> datetime:
    if rule.max_ttl is not None and expires > created_at + parse_duration(rule.max_ttl) + timedelta(seconds=1):
        raise ValueError(f"would end after the longest lifetime of {rule.max_ttl} from creation; choose a shorter one")
    return expires


def _cut(expires: datetime | None, created_at: datetime, rule: LifetimeRule) -> datetime | None:
    if expires is None or rule.max_ttl is None:
        return expires
    return min(expires, created_at + parse_duration(rule.max_ttl))
