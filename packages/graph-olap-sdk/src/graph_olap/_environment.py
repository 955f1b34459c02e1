"""What the process runs in: a notebook, a terminal or neither."""

from __future__ import annotations

import importlib
import sys
from typing import Any, Optional

__all__ = ["in_notebook", "ipython_shell", "on_terminal", "show_html"]


def ipython_shell() -> Optional[Any]:
    """Return the running IPython shell, or ``None``; IPython is never imported for it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def in_notebook() -> bool:
    """Return whether code runs in a Jupyter kernel."""
    shell = ipython_shell()
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


def on_terminal() -> bool:
    """Return whether progress written to standard error is read by a person."""
    return sys.stderr is not None and sys.stderr.isatty()


def show_html(text: str) -> None:
    """Show HTML below the running notebook cell."""
    display = importlib.import_module("IPython.display")
    display.display(display.HTML(text))
