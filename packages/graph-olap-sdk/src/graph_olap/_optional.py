"""Optional packages: one way to ask for them, one sentence when they are missing."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

__all__ = ["installed", "require"]


def installed(package: str) -> bool:
    """Return whether a package can be imported, without importing it."""
    return importlib.util.find_spec(package) is not None


def require(package: str, extra: str) -> Any:
    """Import an optional package.

    Args:
        package: Name of the package to import.
        extra: The extra of this distribution that brings it.

    Raises:
        ImportError: It is not installed; the message holds the command that installs it.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.partition(".")[0]:
            raise
        raise ImportError(
            f"This needs the package {package!r}, which is not installed: pip install 'graph-olap-sdk[{extra}]'"
        ) from None
