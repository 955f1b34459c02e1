"""Stack traces fit to be kept: of bounded length and without secrets."""

from __future__ import annotations

import re

__all__ = ["without_secrets"]

_LONGEST = 20_000
_HIDDEN = "***"
_URL_PASSWORD = re.compile(r"(?<=://)([^\s:/@]*):[^\s/@]+(?=@)")
_NAMED = re.compile(
    r"""((?:api[_-]?key|password|passwd|secret|token|authorization)["']?\s*[:=]\s*["']?(?:bearer\s+)?)[^\s"',;)}]+""",
    re.IGNORECASE,
)


def without_secrets(trace: str, *secrets: str) -> str:
    """Return the end of a trace with known secrets, passwords in URLs and values of telling names blotted out.

    Example:
        >>> without_secrets("OSError: postgresql://ada:pw@db/x, password=hush", "k3y")
        'OSError: postgresql://ada:***@db/x, password=***'
    """
    for secret in filter(None, secrets):
        trace = trace.replace(secret, _HIDDEN)
    trace = _NAMED.sub(rf"\1{_HIDDEN}", _URL_PASSWORD.sub(rf"\1:{_HIDDEN}", trace))
    return trace if len(trace) <= _LONGEST else f"...\n{trace[-_LONGEST:]}"
