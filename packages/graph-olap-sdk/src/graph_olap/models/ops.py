"""Health, configuration, cluster and operations models."""

from __future__ import annotations

from typing import Dict, List, Optional

from pydantic import Field

from graph_olap.models.common import Timestamp, WireModel

__all__ = [
    "ClusterHealth",
    "ClusterInstances",
    "ComponentHealth",
    "ConcurrencyConfig",
    "ExportConfig",
    "HealthStatus",
    "InstanceLimits",
    "LifecycleConfig",
    "MaintenanceMode",
    "OwnerCount",
    "ResourceLifecycleConfig",
]


class HealthStatus(WireModel):
    """Reply of ``/health`` and ``/ready``."""

    status: str
    version: Optional[str] = None
    database: Optional[str] = None


class ResourceLifecycleConfig(WireModel):
    """Lifetimes of one kind of resource, as ISO 8601 durations; ``None`` means none."""

    default_ttl: Optional[str] = None
    default_inactivity: Optional[str] = None
    max_ttl: Optional[str] = None


class LifecycleConfig(WireModel):
    """Lifetimes of mappings, snapshots and instances."""

    mapping: ResourceLifecycleConfig
    snapshot: ResourceLifecycleConfig
    instance: ResourceLifecycleConfig


class ConcurrencyConfig(WireModel):
    """How many instances one analyst and the whole cluster may have."""

    per_analyst: int
    cluster_total: int
    updated_at: Optional[Timestamp] = None
    updated_by: Optional[str] = None


class MaintenanceMode(WireModel):
    """Whether creating work is switched off, and the text users see."""

    enabled: bool
    message: str = ""
    updated_at: Optional[Timestamp] = None
    updated_by: Optional[str] = None


class ExportConfig(WireModel):
    """Longest duration of an export, in seconds."""

    max_duration_seconds: int
    updated_at: Optional[Timestamp] = None
    updated_by: Optional[str] = None


class ComponentHealth(WireModel):
    """Measured state of one component; ``latency_ms`` in milliseconds."""

    status: str
    latency_ms: Optional[int] = None
    error: Optional[str] = None


class ClusterHealth(WireModel):
    """``healthy``, ``degraded`` or ``unhealthy``, with the state of each component."""

    status: str
    checked_at: Timestamp
    components: Dict[str, ComponentHealth] = Field(default_factory=dict)


class OwnerCount(WireModel):
    """Instances of one owner."""

    owner_username: str
    count: int


class InstanceLimits(WireModel):
    """Instance limits and what is left of them."""

    per_analyst: int
    cluster_total: int
    cluster_used: int
    cluster_available: int


class ClusterInstances(WireModel):
    """Instances over the whole cluster."""

    total: int
    by_status: Dict[str, int] = Field(default_factory=dict)
    by_owner: List[OwnerCount] = Field(default_factory=list)
    limits: InstanceLimits
