"""The answer of ``/metrics``: counters of this process, and what the database says about the whole deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from sqlalchemy import select

from graph_olap_server.metrics import JOB_NAMES
from graph_olap_server.services.catalog import get_stats
from graph_olap_server.services.cluster import system_state
from graph_olap_server.services.context import Context
from graph_olap_server.store.tables import JobRow

__all__ = ["render_metrics"]

_UNHEALTHY_FAILURES = 3


def render_metrics(context: Context, accept: str) -> tuple[bytes, str]:
    """Return all metrics and their content type: Prometheus text, or OpenMetrics where it is asked for."""
    encode, content_type = choose_encoder(accept)
    deployment = CollectorRegistry(auto_describe=False)
    deployment.register(_Deployment(context))
    if content_type.startswith("application/openmetrics-text"):
        end = b"# EOF\n"
        return encode(context.metrics.registry).removesuffix(end) + encode(deployment), content_type
    return encode(context.metrics.registry) + encode(deployment), content_type


class _Deployment(Collector):
    """Gauges that are read from the database when they are asked for."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def describe(self) -> list[Metric]:
        """Say nothing in advance, so that registering does not read the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the database."""
        state = system_state(self._context)
        yield _by("instances_by_status_total", "Instances by status.", "status", state.instances.by_status)
        yield _by("snapshots_by_status_total", "Snapshots by status.", "status", state.snapshots.by_status)
        jobs = state.export_jobs.by_status
        yield _by("export_jobs_by_status_total", "Export jobs by status.", "status", jobs)
        yield _one("graph_olap_export_queue_depth", "Export jobs that wait.", jobs["pending"])
        lost = state.instances.without_pod_name
        yield _one("instances_without_pod_name", "Live instances without an engine.", lost)
        pool = self._context.database.connections()
        yield _by("graph_olap_database_connections", "Connections of this process's pool.", "state", pool)
        stats = get_stats(self._context)
        entries = {
            "catalog": stats.total_catalogs,
            "schema": stats.total_schemas,
            "table": stats.total_tables,
            "column": stats.total_columns,
        }
        yield _by("schema_cache_entries_total", "Entries of the schema cache.", "entity_type", entries)
        yield from self._jobs()

    def _jobs(self) -> Iterator[Metric]:
        with self._context.database.read() as session:
            rows = {row.name: row for row in session.scalars(select(JobRow))}
        success, health = {}, {}
        for name in JOB_NAMES:
            row = rows.get(name)
            last = None if row is None else row.last_success_at
            success[name] = 0.0 if last is None else last.timestamp()
            health[name] = 1.0 if row is None or row.consecutive_failures < _UNHEALTHY_FAILURES else 0.0
        text = "Unix time of the last success; 0 before the first."
        yield _by("background_job_last_success_timestamp_seconds", text, "job_name", success)
        yield _by("background_job_health_status", "1 healthy, 0 after three failures in a row.", "job_name", health)


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
