"""The public surface of the SDK's clients, and what their docstrings say."""

from __future__ import annotations

import inspect
import re
from typing import Any

from graph_olap import aio
from graph_olap.client import GraphOLAPClient
from graph_olap.instance import AlgorithmManager, AlgorithmRun, InstanceConnection, NetworkXManager, Projection


def surface(client_class: type, *classes: type) -> dict[str, Any]:
    """Return the classes and public methods of a client by name: its resources, connections and algorithms."""
    source = vars(inspect.getmodule(client_class))
    found: dict[str, Any] = {}
    for kind in (client_class, *classes, *(value for name, value in source.items() if name.endswith("Resource"))):
        found[kind.__name__] = kind
        for name, member in inspect.getmembers(kind, lambda item: inspect.isfunction(item) or inspect.ismethod(item)):
            if not name.startswith("_") and not member.__module__.startswith(("pydantic", "graph_olap.models")):
                found[f"{kind.__name__}.{name}"] = member
    return found


SYNC = surface(GraphOLAPClient, InstanceConnection, AlgorithmManager, NetworkXManager, AlgorithmRun, Projection)
ASYNC = surface(
    aio.AsyncGraphOLAPClient,
    aio.AsyncInstanceConnection,
    aio.AsyncAlgorithmManager,
    aio.AsyncNetworkXManager,
    aio.AsyncAlgorithmRun,
    aio.AsyncProjection,
)


def section(documented: Any, title: str) -> str:
    """Return one section of a docstring, without its title."""
    found = re.search(rf"^{title}:\n((?:(?: .*)?\n?)+)", inspect.getdoc(documented) or "", re.MULTILINE)
    return found.group(1) if found else ""


def entries(documented: Any, title: str) -> list[str]:
    """Return the names that a section explains."""
    return re.findall(r"^    ([\w*]+): \S", section(documented, title), re.MULTILINE)
