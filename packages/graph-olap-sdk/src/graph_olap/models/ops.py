"""Health, configuration, cluster and operations models."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from pydantic import Field

from graph_olap.models.common import Timestamp, WireModel

__all__ = [
    "AuditEntry",
    "BulkDeleteResult",
    "ClusterHealth",
    "ClusterInstances",
    "ComponentHealth",
    "ConcurrencyConfig",
    "ExportConfig",
    "ExportJob",
    "HealthStatus",
    "InstanceCounts",
    "InstanceEvent",
    "InstanceLimits",
    "InstanceSlots",
    "JobStatus",
    "LifecycleConfig",
    "MaintenanceMode",
    "OwnerCount",
    "ResourceLifecycleConfig",
    "StatusCounts",
    "SystemState",
    "User",
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


class InstanceSlots(WireModel):
    """How many instances a user has and may still start."""

    active_instances: int
    per_user_limit: int
    available_slots: int


class InstanceEvent(WireModel):
    """A change of an instance's resources."""

    id: int
    event_type: str
    details: Dict[str, Any] = Field(default_factory=dict)
    created_at: Timestamp


class JobStatus(WireModel):
    """Schedule, last runs and health of a background job."""

    name: str
    schedule: str
    interval_seconds: int = 0
    next_run: Optional[Timestamp] = None
    running: bool = False
    last_started_at: Optional[Timestamp] = None
    last_success_at: Optional[Timestamp] = None
    last_failure_at: Optional[Timestamp] = None
    last_duration_ms: Optional[int] = None
    consecutive_failures: int = 0
    last_error: Optional[str] = None
    health_status: str


class StatusCounts(WireModel):
    """Records by status; every status is there, also with 0."""

    total: int
    by_status: Dict[str, int]


class InstanceCounts(StatusCounts):
    """Instances by status; ``without_pod_name`` should run but have no engine."""

    without_pod_name: int


class SystemState(WireModel):
    """Numbers of instances, snapshots and export jobs."""

    instances: InstanceCounts
    snapshots: StatusCounts
    export_jobs: StatusCounts


class ExportJob(WireModel):
    """The export of one node or edge definition."""

    id: int
    snapshot_id: int
    entity_type: str
    entity_name: str
    status: str
    attempts: int
    poll_count: int
    claimed_by: Optional[str] = None
    claimed_at: Optional[Timestamp] = None
    submitted_at: Optional[Timestamp] = None
    completed_at: Optional[Timestamp] = None
    created_at: Timestamp
    updated_at: Timestamp
    row_count: Optional[int] = None
    size_bytes: Optional[int] = None
    error_message: Optional[str] = None


class BulkDeleteResult(WireModel):
    """What a bulk delete matched, deleted and could not delete."""

    dry_run: bool
    matched_count: int
    matched_ids: List[int]
    deleted_count: int = 0
    deleted_ids: List[int] = Field(default_factory=list)
    failed_count: int = 0
    failed_ids: List[int] = Field(default_factory=list)
    errors: Dict[str, str] = Field(default_factory=dict)


class AuditEntry(WireModel):
    """Who did what to which object, when, from where and with which result (``success``, ``denied``, ``failed``)."""

    id: int
    created_at: Timestamp
    username: str
    action: str
    resource_type: str
    resource_id: Optional[int] = None
    resource_name: Optional[str] = None
    result: str
    source: Optional[str] = None
    from_status: Optional[str] = None
    to_status: Optional[str] = None
    details: Dict[str, Any] = Field(default_factory=dict)
    request_id: Optional[str] = None


class User(WireModel):
    """A user; what the caller may not see is ``None``."""

    username: str
    email: Optional[str] = None
    display_name: str
    role: str
    is_active: bool
    created_at: Optional[Timestamp] = None
    updated_at: Optional[Timestamp] = None
    last_login_at: Optional[Timestamp] = None
    role_changed_at: Optional[Timestamp] = None
    role_changed_by: Optional[str] = None
