"""Examples of the OpenAPI document: one per model, made with the model itself, so that none can miss a field.

The story is always the same: ada maps accounts and transfers (mapping 7), exports them (snapshot 9) and studies them in
instance 12. A reply's example is put together from those of the models that its schema names.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import graph_olap.models as models
from graph_olap.models import WireModel
from graph_olap.models.schema import Schema
from graph_olap.models.snapshot import Progress

from graph_olap_server.services.views import progress_fields, summary_fields

__all__ = ["DEFINITIONS", "EDGE", "LIFETIME", "MODELS", "REPLIES", "REQUEST_ID", "example_of"]

REQUEST_ID = "5f0c9d6e-4d1c-4a8e-9f63-7c2f6f1f4c11"
NODE = {
    "label": "Account",
    "sql": "SELECT acct_no, opened, balance FROM accounts",
    "primary_key": {"name": "acct_no", "type": "STRING"},
    "properties": [{"name": "opened", "type": "DATE"}, {"name": "balance", "type": "DOUBLE"}],
}
EDGE = {
    "type": "PAID",
    "from_node": "Account",
    "to_node": "Account",
    "sql": "SELECT src, dst, amount FROM transfers",
    "from_key": "src",
    "to_key": "dst",
    "properties": [{"name": "amount", "type": "DOUBLE"}],
}
DEFINITIONS = {"node_definitions": [NODE], "edge_definitions": [EDGE]}
LIFETIME = {"ttl": "P7D", "inactivity_timeout": "PT12H"}

_CREATED = datetime(2025, 3, 1, 8, 15, tzinfo=UTC)
_READY = datetime(2025, 3, 1, 8, 17, 10, 250000, tzinfo=UTC)
_EXPIRES = datetime(2025, 3, 8, 8, 15, tzinfo=UTC)
_MADE: dict[str, Any] = {"created_at": _CREATED, "updated_at": _READY}
_VERSION = models.MappingVersion(mapping_id=7, version=1, **DEFINITIONS, created_at=_CREATED, created_by="ada")
_STATUSES = {"waiting_for_snapshot": 0, "starting": 1, "running": 2, "stopping": 0, "failed": 0}
_INSTANCE_STATUSES = {**_STATUSES, "suspended": 0, "resuming": 0}
_TIMES = {"started_at": "2025-03-01T08:15:01Z", "completed_at": "2025-03-01T08:15:03Z"}
_CHANGED: dict[str, Any] = {"updated_at": _READY, "updated_by": "olga"}
_TABLE: dict[str, Any] = {"catalog_name": "bank", "schema_name": "main", "table_name": "accounts", "cached_at": _READY}
_LIFECYCLE = models.LifecycleConfig(
    mapping=models.ResourceLifecycleConfig(default_inactivity="P30D", max_ttl="P365D"),
    snapshot=models.ResourceLifecycleConfig(default_ttl="P7D", default_inactivity="P3D", max_ttl="P30D"),
    instance=models.ResourceLifecycleConfig(default_ttl="PT24H", default_inactivity="PT4H", max_ttl="P7D"),
)
_EXPORT_JOB = models.ExportJob(
    id=31, snapshot_id=9, entity_type="node", entity_name="Account", status="completed", attempts=1, poll_count=0,
    claimed_by="node-1:4711", claimed_at=_CREATED, completed_at=_READY, row_count=1200, size_bytes=48_213, **_MADE,
)  # fmt: skip
_JOB = models.JobStatus(
    name="reconciliation", schedule="every 300s", interval_seconds=300, next_run=_EXPIRES, last_started_at=_CREATED,
    last_success_at=_READY, last_duration_ms=41, health_status="healthy",
)  # fmt: skip
_STEP = {"name": "Account", "type": "node", "status": "completed", "row_count": 1200, **_TIMES}

_MAPPING = models.Mapping(
    id=7, owner_username="ada", name="Payments", description="Accounts and transfers", current_version=1,
    ttl="P90D", inactivity_timeout="P30D", expires_at=datetime(2025, 5, 30, 8, 15, tzinfo=UTC), snapshot_count=1,
    instance_count=1, node_count=1, edge_type_count=1, version_created_at=_CREATED, version_created_by="ada",
    version=_VERSION, **DEFINITIONS, **_MADE,
)  # fmt: skip
_EXAMPLES: tuple[WireModel, ...] = (
    _VERSION,
    _MAPPING,
    models.MappingDiff(
        mapping_id=7, from_version=1, to_version=2,
        summary={"nodes_added": 0, "nodes_removed": 0, "nodes_modified": 0, "edges_added": 0, "edges_removed": 1,
                 "edges_modified": 0},
        changes={"nodes": [], "edges": [
            {"type": "PAID", "change_type": "removed", "fields_changed": None, "from": EDGE, "to": None}
        ]},
    ),
    models.DryRun(
        valid=True, on_bad_rows="report", estimated_nodes=1200, estimated_edges=5000, estimated_bytes=96_000,
        estimated_load_seconds=0.8, elapsed_ms=138,
        definitions=[models.DefinitionCheck(name="Account", type="node", rows_read=1200, rows_loaded=1200,
                                            rows_rejected=0, estimated_bytes=48_213)],
    ),
    models.Snapshot(
        id=9, mapping_id=7, mapping_version=1, mapping_name="Payments", owner_username="ada", name="March",
        gcs_path="file:///data/snapshots/9", status="ready", size_bytes=96_000, node_counts={"Account": 1200},
        edge_counts={"PAID": 5000}, ready_at=_READY, expires_at=_EXPIRES, last_used_at=_READY, instance_count=1,
        **LIFETIME, **_MADE,
    ),
    models.SnapshotProgress(
        id=9, status="creating", phase="exporting", started_at=_CREATED, current_step="PAID", progress_percent=50,
        estimated_remaining_seconds=2, jobs_total=2, jobs_claimed=1, jobs_completed=1,
        steps=[{**_STEP, "size_bytes": 48_213, "attempts": 1, "error_message": None}],
        jobs=[{"name": "Account", "type": "node", "status": "completed", "row_count": 1200}],
    ),
    models.LoadReport(
        snapshot_id=9, on_bad_rows="report",
        definitions=[models.DefinitionReport(
            name="PAID", type="edge", rows_read=5003, rows_loaded=5000, rows_rejected=3,
            rejected=[models.RejectedRows(reason="dangling_to", rows=3, column="dst", sample_keys=["X9"])],
        )],
    ),
    models.Instance(
        id=12, mapping_id=7, mapping_version=1, snapshot_id=9, snapshot_name="March", owner_username="ada",
        wrapper_type="kuzu", name="Study", status="running", instance_url="https://graphs.example.org/instances/3f0c",
        started_at=_READY, expires_at=datetime(2025, 3, 2, 8, 15, tzinfo=UTC), ttl="PT24H", inactivity_timeout="PT4H",
        memory_usage_bytes=214_958_080, disk_usage_bytes=1_048_576, cpu_cores=2, memory_gb=2, **_MADE,
    ),
    models.InstanceProgress(
        id=12, status="starting", phase="loading_data", started_at=_CREATED, current_step="PAID", progress_percent=66,
        estimated_remaining_seconds=1, steps=[_STEP],
    ),
    models.InstanceEvent(id=3, event_type="cpu_updated", details={"from": 2, "to": 4}, created_at=_READY),
    models.InstanceSlots(active_instances=1, per_user_limit=5, available_slots=4),
    models.Favorite(
        resource_type="mapping", resource_id=7, resource_name="Payments", resource_owner="ada", created_at=_READY
    ),
    models.Catalog(catalog_name="bank", schema_count=1, cached_at=_READY),
    Schema(catalog_name="bank", schema_name="main", table_count=2, cached_at=_READY),
    models.Table(table_type="BASE TABLE", column_count=3, **_TABLE),
    models.Column(column_name="acct_no", data_type="VARCHAR", is_nullable=False, ordinal_position=1, **_TABLE),
    models.CacheStats(
        total_catalogs=1, total_schemas=1, total_tables=2, total_columns=6, last_refresh=_READY, index_size_bytes=74
    ),
    _LIFECYCLE,
    models.ConcurrencyConfig(per_analyst=5, cluster_total=50, **_CHANGED),
    models.MaintenanceMode(enabled=True, message="Back at noon.", **_CHANGED),
    models.ExportConfig(max_duration_seconds=3600, **_CHANGED),
    models.ClusterHealth(
        status="healthy", checked_at=_READY,
        components={name: models.ComponentHealth(status="connected", latency_ms=2)
                    for name in ("database", "kubernetes", "starburst", "storage")},
    ),
    models.ClusterInstances(
        total=3, by_status=_INSTANCE_STATUSES, by_owner=[models.OwnerCount(owner_username="ada", count=3)],
        limits=models.InstanceLimits(per_analyst=5, cluster_total=50, cluster_used=3, cluster_available=47),
    ),
    _JOB,
    _EXPORT_JOB,
    models.SystemState(
        instances=models.InstanceCounts(total=3, by_status=_INSTANCE_STATUSES, without_pod_name=0),
        snapshots=models.StatusCounts(
            total=1, by_status={"pending": 0, "creating": 0, "ready": 1, "failed": 0, "cancelled": 0}
        ),
        export_jobs=models.StatusCounts(
            total=2, by_status={"pending": 0, "claimed": 0, "submitted": 0, "completed": 2, "failed": 0}
        ),
    ),
    models.BulkDeleteResult(
        dry_run=False, matched_count=2, matched_ids=[12, 13], deleted_count=2, deleted_ids=[12, 13]
    ),
    models.AuditEntry(
        id=88, created_at=_READY, username="bob", action="delete_mapping", resource_type="mapping", resource_id=7,
        result="denied", source="10.0.0.7", details={"status": 403, "code": "PERMISSION_DENIED"}, request_id=REQUEST_ID,
    ),
    models.User(
        username="grace", email="grace@example.com", display_name="Grace", role="analyst", is_active=True,
        last_login_at=_READY, **_MADE,
    ),
)  # fmt: skip

MODELS: dict[str, Any] = {
    type(example).__name__: progress_fields(example) if isinstance(example, Progress) else example.to_dict()
    for example in _EXAMPLES
}
"""Example of each model, by the name of its schema."""

_TREE_SNAPSHOT = {
    "id": 9, "name": "March", "status": "ready", "created_at": "2025-03-01T08:15:00Z", "implicit": False,
    "instance_count": 1, "instances": [{"id": 12, "name": "Study", "status": "running"}],
}  # fmt: skip
REPLIES: dict[str, Any] = {
    "GET /api/mappings": [summary_fields(_MAPPING)],
    "GET /api/mappings/{}/tree": {
        "id": 7, "name": "Payments", "owner_username": "ada", "current_version": 1,
        "versions": [{
            "version": 1, "change_description": None, "created_at": "2025-03-01T08:15:00Z", "created_by": "ada",
            "snapshot_count": 1, "snapshots": [_TREE_SNAPSHOT],
        }],
        "totals": {"version_count": 1, "snapshot_count": 1, "instance_count": 1},
    },
    "DELETE /api/favorites/{}/{}": {"deleted": True},
    "POST /api/schema/admin/refresh": {"status": "refresh triggered"},
    "PUT /api/config/lifecycle": {
        "updated": True, "updated_at": "2025-03-01T08:17:10.250000Z", "lifecycle": _LIFECYCLE.to_dict(),
    },
    "POST /api/ops/jobs/trigger": {
        "job_name": "reconciliation", "status": "queued", "triggered_at": "2025-03-01T08:15:00Z",
        "triggered_by": "olga", "reason": "after the outage",
    },
}  # fmt: skip
"""``data`` of the replies that no model describes as they are, by operation."""

_PRIMITIVES = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "null": None, "object": {}}


def example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Return an example of a schema, put together from :data:`MODELS`; ``schemas`` are those that it may refer to."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return MODELS[name] if name in MODELS else example_of(schemas[name], schemas)
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], schemas)
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas)]
    if "properties" not in schema:
        return _PRIMITIVES[schema.get("type", "object")]
    known = {"request_id": REQUEST_ID, "total": 1, "offset": 0, "limit": 50}
    return {
        name: known[name] if name in known else example_of(part, schemas)
        for name, part in schema["properties"].items()
        if name in schema.get("required", ()) or name in MODELS
    }
