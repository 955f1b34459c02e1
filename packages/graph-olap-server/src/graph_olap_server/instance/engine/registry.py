"""The engines by name. An engine's library is imported when the engine is used: two of them cannot share a process."""

from __future__ import annotations

import importlib
import importlib.util

from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.instance.engine.base import GraphEngine

__all__ = ["ENGINES", "available_engines", "engine_class"]

ENGINES: dict[str, str] = {"kuzu": "KuzuEngine", "ladybug": "LadybugEngine"}
"""Engine name → adapter class in the module of the same name."""


def available_engines() -> list[str]:
    """Return the names of the engines whose library is installed, the default first."""
    return [name for name in ENGINES if importlib.util.find_spec(name) is not None]


def engine_class(name: str) -> type[GraphEngine]:
    """Return the adapter of an engine.

    Raises:
        PlatformError: ``VALIDATION_FAILED`` when no installed engine has this name.

    Example:
        >>> engine_class("kuzu").name
        'kuzu'
    """
    if name not in available_engines():
        known = ", ".join(available_engines()) or "none"
        raise validation_failed([("engine", f"the engine {name!r} is not installed; installed: {known}")])
    module = importlib.import_module(f"graph_olap_server.instance.engine.{name}")
    adapter: type[GraphEngine] = getattr(module, ENGINES[name])
    return adapter
