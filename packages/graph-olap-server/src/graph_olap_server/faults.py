"""Named points at which a test lets the process die, to prove that whatever a crash leaves is mended.

``GRAPH_OLAP_FAULT=export.before_complete`` kills the process with SIGKILL when it first comes to that point;
``GRAPH_OLAP_FAULT=database.committed:7`` when it comes there for the seventh time. Without the variable a
point costs one comparison. docs/design/unkillable.md says what each point proves.
"""

from __future__ import annotations

import os
import signal
import threading

__all__ = ["VARIABLE", "point"]

VARIABLE = "GRAPH_OLAP_FAULT"
"""Environment variable that arms one point; launched instances inherit it."""

_name, _, _count = os.environ.get(VARIABLE, "").partition(":")
_left = int(_count or 1)
_lock = threading.Lock()


def point(*parts: str) -> None:
    """Die here if this point is armed; ``parts`` joined by dots are its name."""
    global _left
    if not _name or ".".join(parts) != _name:
        return
    with _lock:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
