"""The shapes that travel between SDK and servers, written once for both.

Names are loaded when they are first used: building every model takes long, and no process needs all of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Dict, List

if TYPE_CHECKING:
    from graph_olap.models.common import Favorite, PageMeta, Timestamp, WireModel
    from graph_olap.models.dry_run import DefinitionCheck, DryRun, TypeClash
    from graph_olap.models.execution import AlgorithmExecution, AlgorithmInfo, AlgorithmParameter
    from graph_olap.models.inference import Evidence, LeftOut, MappingProposal
    from graph_olap.models.instance import (
        EdgeTable,
        GraphSchema,
        Instance,
        InstanceProgress,
        LockStatus,
        NodeTable,
        QueryInfo,
        Schema,
    )
    from graph_olap.models.mapping import (
        EdgeDefinition,
        IndexDefinition,
        Mapping,
        MappingDiff,
        MappingVersion,
        NodeDefinition,
        PrimaryKey,
        PropertyDefinition,
    )
    from graph_olap.models.ops import (
        AuditEntry,
        BulkDeleteResult,
        ClusterHealth,
        ClusterInstances,
        ComponentHealth,
        ConcurrencyConfig,
        ExportConfig,
        ExportJob,
        HealthStatus,
        InstanceCounts,
        InstanceEvent,
        InstanceLimits,
        InstanceSlots,
        JobStatus,
        LifecycleConfig,
        MaintenanceMode,
        OwnerCount,
        ResourceLifecycleConfig,
        StatusCounts,
        SystemState,
        User,
    )
    from graph_olap.models.result import QueryResult
    from graph_olap.models.schema import CacheStats, Catalog, Column, Table
    from graph_olap.models.snapshot import (
        DefinitionReport,
        LoadReport,
        Progress,
        RejectedRows,
        Snapshot,
        SnapshotProgress,
    )
    from graph_olap.models.types import KEY_TYPES, SCALAR_TYPES, PropertyType, parse_type

__all__ = [
    "KEY_TYPES",
    "SCALAR_TYPES",
    "AlgorithmExecution",
    "AlgorithmInfo",
    "AlgorithmParameter",
    "AuditEntry",
    "BulkDeleteResult",
    "CacheStats",
    "Catalog",
    "ClusterHealth",
    "ClusterInstances",
    "Column",
    "ComponentHealth",
    "ConcurrencyConfig",
    "DefinitionCheck",
    "DefinitionReport",
    "DryRun",
    "EdgeDefinition",
    "EdgeTable",
    "Evidence",
    "ExportConfig",
    "ExportJob",
    "Favorite",
    "GraphSchema",
    "HealthStatus",
    "IndexDefinition",
    "Instance",
    "InstanceCounts",
    "InstanceEvent",
    "InstanceLimits",
    "InstanceProgress",
    "InstanceSlots",
    "JobStatus",
    "LeftOut",
    "LifecycleConfig",
    "LoadReport",
    "LockStatus",
    "MaintenanceMode",
    "Mapping",
    "MappingDiff",
    "MappingProposal",
    "MappingVersion",
    "NodeDefinition",
    "NodeTable",
    "OwnerCount",
    "PageMeta",
    "PrimaryKey",
    "Progress",
    "PropertyDefinition",
    "PropertyType",
    "QueryInfo",
    "QueryResult",
    "RejectedRows",
    "ResourceLifecycleConfig",
    "Schema",
    "Snapshot",
    "SnapshotProgress",
    "StatusCounts",
    "SystemState",
    "Table",
    "Timestamp",
    "TypeClash",
    "User",
    "WireModel",
    "parse_type",
]

_NAMES_BY_MODULE: Dict[str, str] = {
    "common": "Favorite PageMeta Timestamp WireModel",
    "dry_run": "DefinitionCheck DryRun TypeClash",
    "execution": "AlgorithmExecution AlgorithmInfo AlgorithmParameter",
    "inference": "Evidence LeftOut MappingProposal",
    "instance": "EdgeTable GraphSchema Instance InstanceProgress LockStatus NodeTable QueryInfo Schema",
    "mapping": (
        "EdgeDefinition IndexDefinition Mapping MappingDiff MappingVersion NodeDefinition PrimaryKey PropertyDefinition"
    ),
    "ops": (
        "AuditEntry BulkDeleteResult ClusterHealth ClusterInstances ComponentHealth ConcurrencyConfig ExportConfig "
        "ExportJob HealthStatus InstanceCounts InstanceEvent InstanceLimits InstanceSlots JobStatus "
        "LifecycleConfig MaintenanceMode OwnerCount ResourceLifecycleConfig StatusCounts SystemState User"
    ),
    "result": "QueryResult",
    "schema": "CacheStats Catalog Column Table",
    "snapshot": "DefinitionReport LoadReport Progress RejectedRows Snapshot SnapshotProgress",
    "types": "KEY_TYPES SCALAR_TYPES PropertyType parse_type",
}
_HOME = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in _NAMES_BY_MODULE:
        return importlib.import_module(f"graph_olap.models.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'graph_olap.models' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"graph_olap.models.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted({*globals(), *__all__})
