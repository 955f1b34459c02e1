# Derived from graph_olap/aio/resources/ops.py; edit that file and run `make sync`.
"""Configuration, cluster state and background jobs."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Union

from graph_olap._page import Records
from graph_olap._request import given, list_params
from graph_olap.http import HTTPClient
from graph_olap.models import (
    AuditEntry,
    ClusterHealth,
    ClusterInstances,
    ConcurrencyConfig,
    ExportConfig,
    LifecycleConfig,
    MaintenanceMode,
    ResourceLifecycleConfig,
)
from graph_olap.pagination import PaginatedList

__all__ = ["OpsResource"]

LifecycleSettings = Union[ResourceLifecycleConfig, Mapping[str, Any], None]


class OpsResource:
    """Run the platform; every method raises :class:`ForbiddenError` without the ops role.

    Example:
        >>> client.ops.get_cluster_health().status
        'healthy'
        >>> slots = client.ops.get_cluster_instances()
        >>> slots.limits.cluster_available + slots.total == slots.limits.cluster_total
        True
    """

    def __init__(self, http: HTTPClient) -> None:
        self._http = http

    def get_lifecycle_config(self) -> LifecycleConfig:
        """Get the default and largest lifetimes of mappings, snapshots and instances.

        Returns:
            Settings of ``mapping``, ``snapshot`` and ``instance``.

        Raises:
            ForbiddenError: You do not have the ops role.

        Example:
            >>> client.ops.get_lifecycle_config().instance.default_ttl
            'PT24H'
        """
        return LifecycleConfig.from_api_response(self._http.get("/api/config/lifecycle")["data"])

    def update_lifecycle_config(
        self,
        mapping: LifecycleSettings = None,
        snapshot: LifecycleSettings = None,
        instance: LifecycleSettings = None,
    ) -> bool:
        """Change default and largest lifetimes; what is ``None`` or left out stays, ``""`` removes a limit.

        Args:
            mapping: ``default_ttl``, ``default_inactivity`` and ``max_ttl`` as ISO 8601 durations.
            snapshot: The same for snapshots.
            instance: The same for instances.

        Returns:
            ``True`` when the change was made.

        Raises:
            ForbiddenError: You do not have the ops role.
            ValidationError: A duration is wrong, or a default exceeds its maximum.

        Example:
            >>> client.ops.update_lifecycle_config(instance={"default_inactivity": "PT4H"})
            True
        """
        kinds = given(mapping=mapping, snapshot=snapshot, instance=instance)
        body = {
            kind: value.to_dict() if isinstance(value, ResourceLifecycleConfig) else dict(value)
            for kind, value in kinds.items()
        }
        return bool(self._http.put("/api/config/lifecycle", body)["data"]["updated"])

    def get_concurrency_config(self) -> ConcurrencyConfig:
        """Get how many instances one analyst and the cluster may have.

        Returns:
            ``per_analyst`` and ``cluster_total``.

        Raises:
            ForbiddenError: You do not have the ops role.

        Example:
            >>> client.ops.get_concurrency_config().per_analyst > 0
            True
        """
        return ConcurrencyConfig.from_api_response(self._http.get("/api/config/concurrency")["data"])

    def update_concurrency_config(
        self, per_analyst: Optional[int] = None, cluster_total: Optional[int] = None
    ) -> ConcurrencyConfig:
        """Change how many instances one analyst and the cluster may have.

        Args:
            per_analyst: Largest number of instances of one user; ``None`` keeps it.
            cluster_total: Largest number of instances in all; ``None`` keeps it.

        Returns:
            The limits now.

        Raises:
            ForbiddenError: You do not have the ops role.
            ValidationError: A limit is out of range.

        Example:
            >>> client.ops.update_concurrency_config(cluster_total=40).cluster_total
            40
        """
        body = given(per_analyst=per_analyst, cluster_total=cluster_total)
        return ConcurrencyConfig.from_api_response(self._http.put("/api/config/concurrency", body)["data"])

    def get_maintenance_mode(self) -> MaintenanceMode:
        """Get whether creating work is switched off.

        Returns:
            ``enabled`` and ``message``.

        Raises:
            ForbiddenError: You do not have the ops role.

        Example:
            >>> client.ops.get_maintenance_mode().enabled
            False
        """
        return MaintenanceMode.from_api_response(self._http.get("/api/config/maintenance")["data"])

    def set_maintenance_mode(self, enabled: bool, message: str = "") -> MaintenanceMode:
        """Switch creating snapshots and instances off or on.

        Args:
            enabled: Whether it is switched off.
            message: What users are told meanwhile.

        Returns:
            The mode now.

        Raises:
            ForbiddenError: You do not have the ops role.

        Example:
            >>> client.ops.set_maintenance_mode(True, "Back at noon.").message
            'Back at noon.'
            >>> client.ops.set_maintenance_mode(False).enabled
            False
        """
        body = {"enabled": enabled, "message": message}
        return MaintenanceMode.from_api_response(self._http.put("/api/config/maintenance", body)["data"])

    def get_export_config(self) -> ExportConfig:
        """Get how long an export may take.

        Returns:
            ``max_duration_seconds``, and who changed it when.

        Raises:
            ForbiddenError: You do not have the ops role.

        Example:
            >>> client.ops.get_export_config().max_duration_seconds > 0
            True
        """
        return ExportConfig.from_api_response(self._http.get("/api/config/export")["data"])

    def update_export_config(self, max_duration_seconds: int) -> ExportConfig:
        """Change how long an export may take.

        Args:
            max_duration_seconds: Seconds after which an export fails.

        Returns:
            The setting now.

        Raises:
            ForbiddenError: You do not have the ops role.
            ValidationError: The number is out of range.

        Example:
            >>> client.ops.update_export_config(1800).max_duration_seconds
            1800
        """
        body = {"max_duration_seconds": max_duration_seconds}
        return ExportConfig.from_api_response(self._http.put("/api/config/export", body)["data"])

    def get_cluster_health(self) -> ClusterHealth:
        """Get the measured state of each component.

        Returns:
            ``status`` and ``components``; the warehouse is called ``starburst``.

        Raises:
            ForbiddenError: You do not have the ops role.

        Example:
            >>> client.ops.get_cluster_health().components["starburst"].status
            'connected'
        """
        return ClusterHealth.from_api_response(self._http.get("/api/cluster/health")["data"])

    def get_cluster_instances(self) -> ClusterInstances:
        """Get how many instances there are, by status and owner, and what is left of the limits.

        Returns:
            ``total``, ``by_status``, ``by_owner`` and ``limits``.

        Raises:
            ForbiddenError: You do not have the ops role.

        Example:
            >>> client.ops.get_cluster_instances().by_status["running"] > 0
            True
        """
        return ClusterInstances.from_api_response(self._http.get("/api/cluster/instances")["data"])

    def trigger_job(self, job_name: str, reason: str = "manual-trigger") -> Dict[str, Any]:
        """Run a background job now; each at most once a minute.

        Args:
            job_name: ``reconciliation``, ``lifecycle``, ``export_reconciliation`` or ``schema_cache``.
            reason: Why; goes into the audit log.

        Returns:
            ``job_name``, ``status``, ``triggered_at``, ``triggered_by`` and ``reason``.

        Raises:
            ForbiddenError: You do not have the ops role.
            RateLimitError: It was triggered less than a minute ago.
            ValidationError: There is no such job.

        Example:
            >>> result = client.ops.trigger_job("reconciliation", reason="post-deployment smoke test")
            >>> print(f"Job {result['job_name']}: {result['status']}")
            Job reconciliation: queued
        """
        body = {"job_name": job_name, "reason": reason}
        result: Dict[str, Any] = self._http.post("/api/ops/jobs/trigger", body)["data"]
        return result

    def get_job_status(self) -> Dict[str, Any]:
        """Get schedule, last runs and health of every background job, under ``jobs``.

        Returns:
            ``jobs``, one dictionary a job.

        Raises:
            ForbiddenError: You do not have the ops role.

        Example:
            >>> for job in client.ops.get_job_status()["jobs"]:
            ...     if job["health_status"] == "unhealthy":
            ...         print(f"Job {job['name']} is unhealthy: {job['last_error']}")
        """
        status: Dict[str, Any] = self._http.get("/api/ops/jobs/status")["data"]
        return status

    def get_state(self) -> Dict[str, Any]:
        """Get the numbers of instances, snapshots and export jobs by status.

        Returns:
            ``instances``, ``snapshots`` and ``export_jobs``.

        Raises:
            ForbiddenError: You do not have the ops role.

        Example:
            >>> state = client.ops.get_state()
            >>> state["instances"]["by_status"]["running"] > 0
            True
        """
        state: Dict[str, Any] = self._http.get("/api/ops/state")["data"]
        return state

    def get_export_jobs(self, status: Optional[str] = None, limit: int = 100) -> Records:
        """List export jobs, newest first.

        Args:
            status: ``pending``, ``claimed``, ``submitted``, ``completed`` or ``failed``.
            limit: Largest number of jobs, at most 1000.

        Returns:
            One dictionary a job.

        Raises:
            ForbiddenError: You do not have the ops role.

        Example:
            >>> for job in client.ops.get_export_jobs(status="failed"):
            ...     print(f"Job {job['id']}: {job['error_message']}")
        """
        params = {"status": status, "limit": limit}
        shown = ("id", "snapshot_id", "entity_type", "entity_name", "status", "attempts", "created_at", "error_message")
        return Records(self._http.get("/api/ops/export-jobs", params)["data"], shown)

    def get_audit_log(
        self,
        username: Optional[str] = None,
        action: Optional[str] = None,
        resource_type: Optional[str] = None,
        resource_id: Optional[int] = None,
        resource_name: Optional[str] = None,
        result: Optional[str] = None,
        created_after: Optional[str] = None,
        created_before: Optional[str] = None,
        offset: int = 0,
        limit: int = 50,
    ) -> PaginatedList[AuditEntry]:
        """List who did what to which object, when, from where and with which result; newest first.

        Args:
            username: Only what this user did; ``system`` is the platform itself.
            action: ``created``, ``deleted``, ``configured``, ``triggered``, ...
            resource_type: ``mapping``, ``snapshot``, ``instance``, ``user``, ``job``, ``configuration``, ...
            resource_id: Number of the object.
            resource_name: Name of an object without a number, such as a user.
            result: ``success``, ``denied`` or ``failed``.
            created_after: Earliest time, ISO 8601.
            created_before: Latest time, ISO 8601.
            offset: Number of matches to skip.
            limit: Largest number of entries, at most 100.

        Returns:
            One page of entries.

        Raises:
            ForbiddenError: You do not have the ops role.
            ValidationError: A filter is wrong.

        Example:
            >>> for entry in client.ops.get_audit_log(resource_type="mapping", result="denied"):
            ...     print(entry.created_at, entry.username, entry.action, entry.resource_id, entry.source)
        """
        params = list_params(
            limit,
            offset=offset,
            username=username,
            action=action,
            resource_type=resource_type,
            resource_id=resource_id,
            resource_name=resource_name,
            result=result,
            created_after=created_after,
            created_before=created_before,
        )
        return PaginatedList.fetch(self._http, "/api/ops/audit", params, AuditEntry.from_dict)

    def get_metrics(self) -> str:
        """Get the platform's metrics in Prometheus text format.

        Returns:
            Prometheus text format.

        Raises:
            ForbiddenError: You do not have the ops role.

        Example:
            >>> "instances_by_status_total" in client.ops.get_metrics()
            True
        """
        return self._http.get_text("/metrics")
