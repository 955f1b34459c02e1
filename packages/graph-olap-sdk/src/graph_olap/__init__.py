"""Python SDK of Graph OLAP: warehouse tables in, a private graph in your notebook out.

Names are loaded when they are first used, so ``import graph_olap`` costs next to nothing.

Example:
    >>> from graph_olap import GraphOLAPClient
    >>> client = GraphOLAPClient("http://localhost:8000", username="ada")
    >>> client
    GraphOLAPClient('http://localhost:8000', username='ada')
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Dict, List

if TYPE_CHECKING:
    from graph_olap import aio, exceptions, models, notebook, styles, testing
    from graph_olap._lifecycle import CLEAR
    from graph_olap._local import local
    from graph_olap._request import GraphOLAPWarning
    from graph_olap.aio import AsyncGraphOLAPClient, AsyncInstanceConnection
    from graph_olap.client import GraphOLAPClient
    from graph_olap.config import Config
    from graph_olap.exceptions import (
        AlgorithmFailedError,
        AlgorithmNotFoundError,
        AlgorithmTimeoutError,
        AuthenticationError,
        ConcurrencyLimitError,
        ConflictError,
        ConnectionError,
        DependencyError,
        ForbiddenError,
        GraphOLAPError,
        InstanceFailedError,
        InvalidStateError,
        NotFoundError,
        PermissionDeniedError,
        QueryTimeoutError,
        RateLimitError,
        ResourceLockedError,
        RyugraphError,
        ServerError,
        ServiceUnavailableError,
        SnapshotFailedError,
        TimeoutError,
        ValidationError,
    )
    from graph_olap.instance import AlgorithmManager, InstanceConnection, NetworkXManager
    from graph_olap.models import (
        AlgorithmExecution,
        EdgeDefinition,
        Favorite,
        IndexDefinition,
        Instance,
        InstanceProgress,
        LoadReport,
        LockStatus,
        Mapping,
        MappingDiff,
        MappingVersion,
        NodeDefinition,
        PropertyDefinition,
        QueryResult,
        Schema,
        Snapshot,
        SnapshotProgress,
    )
    from graph_olap.pagination import PaginatedList

    __version__: str

__all__ = [
    "CLEAR",
    "AlgorithmExecution",
    "AlgorithmFailedError",
    "AlgorithmManager",
    "AlgorithmNotFoundError",
    "AlgorithmTimeoutError",
    "AsyncGraphOLAPClient",
    "AsyncInstanceConnection",
    "AuthenticationError",
    "ConcurrencyLimitError",
    "Config",
    "ConflictError",
    "ConnectionError",
    "DependencyError",
    "EdgeDefinition",
    "Favorite",
    "ForbiddenError",
    "GraphOLAPClient",
    "GraphOLAPError",
    "GraphOLAPWarning",
    "IndexDefinition",
    "Instance",
    "InstanceConnection",
    "InstanceFailedError",
    "InstanceProgress",
    "InvalidStateError",
    "LoadReport",
    "LockStatus",
    "Mapping",
    "MappingDiff",
    "MappingVersion",
    "NetworkXManager",
    "NodeDefinition",
    "NotFoundError",
    "PaginatedList",
    "PermissionDeniedError",
    "PropertyDefinition",
    "QueryResult",
    "QueryTimeoutError",
    "RateLimitError",
    "ResourceLockedError",
    "RyugraphError",
    "Schema",
    "ServerError",
    "ServiceUnavailableError",
    "Snapshot",
    "SnapshotFailedError",
    "SnapshotProgress",
    "TimeoutError",
    "ValidationError",
    "__version__",
    "aio",
    "exceptions",
    "local",
    "models",
    "notebook",
    "styles",
    "testing",
]

_SUBMODULES = ("aio", "exceptions", "models", "notebook", "styles", "testing")
_NAMES_BY_MODULE: Dict[str, str] = {
    "_lifecycle": "CLEAR",
    "_local": "local",
    "_request": "GraphOLAPWarning",
    "aio": "AsyncGraphOLAPClient AsyncInstanceConnection",
    "client": "GraphOLAPClient",
    "config": "Config",
    "exceptions": (
        "AlgorithmFailedError AlgorithmNotFoundError AlgorithmTimeoutError AuthenticationError ConcurrencyLimitError "
        "ConflictError ConnectionError DependencyError ForbiddenError GraphOLAPError InstanceFailedError "
        "InvalidStateError NotFoundError PermissionDeniedError QueryTimeoutError RateLimitError ResourceLockedError "
        "RyugraphError ServerError ServiceUnavailableError SnapshotFailedError TimeoutError ValidationError"
    ),
    "instance": "AlgorithmManager InstanceConnection NetworkXManager",
    "models": (
        "AlgorithmExecution EdgeDefinition Favorite IndexDefinition Instance InstanceProgress LoadReport LockStatus "
        "Mapping MappingDiff MappingVersion NodeDefinition PropertyDefinition QueryResult Schema Snapshot "
        "SnapshotProgress"
    ),
    "pagination": "PaginatedList",
}
_HOME = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = importlib.import_module("graph_olap._version").package_version()
    elif name in _SUBMODULES:
        value = importlib.import_module(f"graph_olap.{name}")
    elif name in _HOME:
        value = getattr(importlib.import_module(f"graph_olap.{_HOME[name]}"), name)
    else:
        raise AttributeError(f"module 'graph_olap' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted({*globals(), *__all__})
