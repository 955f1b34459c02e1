"""The platform's metrics in Prometheus form; all series exist from the start, so that a change from zero is seen.

Counters are of this process. What is true for the whole deployment (rows by status, jobs) is read from the database
when the metrics are asked for, see :mod:`graph_olap_server.services.metrics`.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

__all__ = ["JOB_NAMES", "Metrics"]

# The time at which each series was made says nothing to anybody and doubles their number.
disable_created_metrics()

JOB_NAMES = (
    "export_reconciliation",
    "instance_orchestration",
    "lifecycle",
    "reconciliation",
    "resource_monitor",
    "schema_cache",
)
"""The background jobs of section 5, by name."""

_PASSES = ("export_reconciliation", "instance_orchestration", "lifecycle", "reconciliation", "resource_monitor")
_COUNTERS = {
    "orphaned_pods_detected_total": "Engines without a record that were found.",
    "orphaned_pods_cleaned_total": "Engines without a record that were stopped.",
    "orphaned_pods_cleanup_failures_total": "Engines without a record that could not be stopped.",
    "missing_pods_detected_total": "Records whose engine was gone.",
    "missing_pods_handled_total": "Records whose engine was gone and that were marked as failed.",
    "status_drift_detected_total": "Records that disagreed with their engine.",
    "status_drift_fixed_total": "Records that disagreed with their engine and were corrected.",
    "ttl_instances_terminated_total": "Instances terminated because their lifetime was over.",
    "ttl_snapshots_deleted_total": "Snapshots deleted because their lifetime was over or nobody used them.",
    "ttl_mappings_deleted_total": "Mappings deleted because their lifetime was over or nobody used them.",
    "inactive_instances_terminated_total": "Instances terminated because nobody used them.",
    "snapshot_gcs_cleanup_failures_total": "Stored files of removed snapshots that could not be deleted.",
    "stale_export_claims_detected_total": "Export jobs whose worker fell silent.",
    "stale_export_claims_reset_total": "Export jobs whose worker fell silent and that were queued again.",
    "snapshots_ready_to_finalize_total": "Snapshots whose exports were all done.",
    "snapshots_finalized_total": "Snapshots made ready.",
    "snapshots_finalization_failures_total": "Snapshots whose last step failed.",
    "schema_cache_stale_entries_deleted_total": "Entries that a refresh of the schema cache dropped.",
    "instances_transitioned_to_starting_total": "Waiting instances that began to start.",
    "instances_transitioned_to_failed_total": "Waiting instances that failed with their snapshot.",
    "resource_monitor_proactive_resizes_total": "Memory resizes above 80 percent.",
    "resource_monitor_urgent_resizes_total": "Memory resizes above 90 percent.",
    "resource_monitor_failures_total": "Memory resizes that failed.",
}


class Metrics:
    """The counters and histograms of one process.

    Example:
        >>> metrics = Metrics()
        >>> metrics.count("orphaned_pods_detected_total")
        >>> metrics.registry.get_sample_value("orphaned_pods_detected_total")
        1.0
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters = {name: Counter(name, text, registry=self.registry) for name, text in _COUNTERS.items()}
        self._passes = {
            name: Counter(f"{name}_passes_total", f"Passes of the job {name}.", registry=self.registry)
            for name in _PASSES
        }
        self._pass_seconds = {
            name: Histogram(f"{name}_pass_duration_seconds", f"Time of a pass of {name}.", registry=self.registry)
            for name in _PASSES
        }
        self._runs = Counter(
            "background_job_execution_total",
            "Runs of background jobs.",
            ("job_name", "status"),
            registry=self.registry,
        )
        self._run_seconds = Histogram(
            "background_job_execution_duration_seconds",
            "Time of a run of a background job.",
            ("job_name",),
            registry=self.registry,
        )
        self._refreshes = Counter(
            "schema_cache_refreshes_total", "Refreshes of the schema cache.", ("status",), registry=self.registry
        )
        self._refresh_seconds = Histogram(
            "schema_cache_refresh_duration_seconds", "Time of a refresh of the schema cache.", registry=self.registry
        )
        self._termination_failures = Counter(
            "lifecycle_termination_failures_total",
            "Objects whose time was over and that could not be removed.",
            ("resource_type",),
            registry=self.registry,
        )
        self._orphans = Gauge(
            "orphaned_pods_detected_current", "Engines without a record in the last pass.", registry=self.registry
        )
        self._requests = Histogram(
            "graph_olap_http_request_duration_seconds",
            "Time from the request to the end of the answer.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        for status in ("success", "failed"):
            self._refreshes.labels(status)
            for job in JOB_NAMES:
                self._runs.labels(job, status)
        for job in JOB_NAMES:
            self._run_seconds.labels(job)
        for kind in ("instance", "snapshot", "mapping"):
            self._termination_failures.labels(kind)

    def count(self, name: str, by: int = 1) -> None:
        """Raise a counter that has no labels."""
        self._counters[name].inc(by)

    def job_ran(self, name: str, seconds: float, *, ok: bool) -> None:
        """Note one run of a background job."""
        status = "success" if ok else "failed"
        self._runs.labels(name, status).inc()
        self._run_seconds.labels(name).observe(seconds)
        if name in self._passes:
            self._passes[name].inc()
            self._pass_seconds[name].observe(seconds)
        if name == "schema_cache":
            self._refreshes.labels(status).inc()
            self._refresh_seconds.observe(seconds)

    def removal_failed(self, resource_type: str) -> None:
        """Note that something whose time was over could not be removed."""
        self._termination_failures.labels(resource_type).inc()

    def orphans_seen(self, number: int) -> None:
        """Note how many engines without a record the last pass found."""
        self._orphans.set(number)

    def request_served(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note one request; ``route`` is the pattern, so that ids make no series of their own."""
        self._requests.labels(method, route, str(status)).observe(seconds)
