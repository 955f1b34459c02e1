"""The installed version, read once and only when somebody asks."""

from __future__ import annotations

from functools import lru_cache
from importlib import metadata

__all__ = ["package_version"]


@lru_cache(maxsize=1)
def package_version() -> str:
    """Return the version of the installed distribution, ``"0+unknown"`` when the sources are used without one."""
    try:
        return metadata.version("graph-olap-sdk")
    except metadata.PackageNotFoundError:
        return "0+unknown"
