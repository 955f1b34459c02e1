"""What ops and admins see and change, through HTTP on a real server."""

from __future__ import annotations

import pytest
from graph_olap_server.warehouse.base import WarehouseError
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture
def ops(as_user):
    return as_user("olga", "ops")


@pytest.fixture
def admin(as_user):
    return as_user("adam", "admin")


def code(reply):
    return reply.status_code, reply.json()["error"]["code"]


def test_metrics_have_all_names_from_the_start(ops, as_user, client_of, context):
    reply = ops.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(reply.text)}
    assert {sample.labels["status"] for sample in families["instances_by_status_total"].samples} >= {
        "running",
        "suspended",
    }
    for name in NAMES:
        assert f"\n{name}" in reply.text, name
    assert code(as_user("ada").get("/metrics")) == (403, "INSUFFICIENT_ROLE")
    assert client_of(context, **{"X-Internal-Api-Key": "internal-secret"}).get("/metrics").status_code == 200
    assert client_of(context, **{"X-Internal-Api-Key": "wrong"}).get("/metrics").status_code == 401
    assert client_of(context).get("/metrics").status_code == 401
    measured = ops.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}).text
    assert measured.endswith("# EOF\n")
    assert measured.count("# EOF") == 1
    assert 'route="/metrics"' in measured


def test_refused_changes_are_in_the_audit_log(ops, ada, as_user, payments):
    mapping = ada.post("/api/mappings", json=payments).json()["data"]
    bob = as_user("bob")
    assert bob.delete(f"/api/mappings/{mapping['id']}").status_code == 403
    assert ada.post("/api/mappings", json={**payments, "name": ""}).status_code == 400
    entries = ops.get("/api/ops/audit", params={"resource_type": "mapping"}).json()
    assert entries["meta"]["total"] == 3
    failed, denied, made = entries["data"]
    assert (denied["username"], denied["action"], denied["result"]) == ("bob", "delete_mapping", "denied")
    assert denied["resource_id"] == mapping["id"]
    assert denied["details"] == {"status": 403, "code": "PERMISSION_DENIED"}
    assert denied["source"] == "127.0.0.1"
    assert (failed["result"], failed["resource_id"]) == ("failed", None)
    assert (made["username"], made["action"], made["result"], made["source"]) == (
        "ada",
        "created",
        "success",
        "127.0.0.1",
    )
    for params, number in (
        ({"result": "denied"}, 1),
        ({"username": "ada"}, 2),
        ({"resource_id": mapping["id"]}, 2),
        ({"created_before": "2001-01-01"}, 0),
    ):
        assert ops.get("/api/ops/audit", params=params).json()["meta"]["total"] == number, params
    assert code(ops.get("/api/ops/audit", params={"created_after": "soon"})) == (400, "VALIDATION_FAILED")
    assert code(as_user("adam", "admin").get("/api/ops/audit")) == (403, "INSUFFICIENT_ROLE")


def test_maintenance_blocks_new_work_and_nothing_else(ops, ada, payments):
    mapping = ada.post("/api/mappings", json=payments).json()["data"]["id"]
    ops.put("/api/config/maintenance", json={"enabled": True, "message": "Back at noon."})
    for path, body in (
        ("/api/snapshots", {"mapping_id": mapping, "name": "s"}),
        ("/api/snapshots/1/retry", {}),
        ("/api/instances", {"mapping_id": mapping, "name": "i"}),
        ("/api/instances/from-mapping", {"mapping_id": mapping}),
    ):
        reply = ada.post(path, json=body)
        assert code(reply) == (503, "MAINTENANCE_MODE")
        assert reply.json()["error"]["message"] == "Back at noon."
        assert reply.json()["error"]["details"] == {"service": "maintenance", "enabled": True}
        assert int(reply.headers["Retry-After"]) > 0
    assert ada.get(f"/api/mappings/{mapping}").status_code == 200
    assert ada.post(f"/api/mappings/{mapping}/copy", json={"name": "c"}).status_code == 201
    assert ops.post("/api/instances", json={"mapping_id": mapping, "name": "i"}).status_code == 201
    ops.put("/api/config/maintenance", json={"enabled": False})
    assert ada.post("/api/snapshots", json={"mapping_id": mapping, "name": "s"}).status_code == 201


def test_lifetimes_follow_the_configuration(ops, ada, payments):
    def change(**body):
        return ops.put("/api/config/lifecycle", json=body)

    done = change(mapping={"default_ttl": "P1D", "max_ttl": None}, snapshot={"default_inactivity": ""}, instance=None)
    assert done.json()["data"]["updated"] is True
    assert done.json()["data"]["updated_at"].endswith("Z")
    assert done.json()["data"]["lifecycle"]["snapshot"] == {
        "default_ttl": "P7D",
        "default_inactivity": None,
        "max_ttl": "P30D",
    }
    mapping = ada.post("/api/mappings", json=payments).json()["data"]
    assert mapping["ttl"] == "P1D"
    assert mapping["expires_at"] is not None
    assert change(mapping={"max_ttl": "PT1H"}).json()["error"]["details"]["field"] == "mapping.default_ttl"
    assert code(change(mapping={"max_ttl": "1 day"})) == (400, "VALIDATION_FAILED")
    assert ops.get("/api/config/lifecycle").json()["data"]["mapping"]["max_ttl"] == "P365D"
    assert code(ada.get("/api/config/lifecycle")) == (403, "INSUFFICIENT_ROLE")


def test_limits_are_counted_as_configured(ops, ada, payments):
    mapping = ada.post("/api/mappings", json=payments).json()["data"]["id"]
    assert ops.put("/api/config/concurrency", json={"per_analyst": 1}).json()["data"]["updated_by"] == "olga"
    assert ada.post("/api/instances", json={"mapping_id": mapping, "name": "i"}).status_code == 201
    refused = ada.post("/api/instances", json={"mapping_id": mapping, "name": "j"})
    assert refused.json()["error"]["details"]["max_allowed"] == 1
    legacy = ada.post(
        "/api/instances", json={"mapping_id": mapping, "name": "j"}, headers={"User-Agent": "graph-olap-sdk/0.1.0"}
    ).json()["error"]
    assert legacy["code"] == "CONCURRENCY_LIMIT"
    assert legacy["details"]["canonical_code"] == "CONCURRENCY_LIMIT_EXCEEDED"
    assert ada.get("/api/instances/user/status").json()["data"] == {
        "active_instances": 1,
        "per_user_limit": 1,
        "available_slots": 0,
    }
    assert ops.get("/api/cluster/instances").json()["data"] == {
        "total": 1,
        "by_status": {
            "waiting_for_snapshot": 1,
            "starting": 0,
            "running": 0,
            "stopping": 0,
            "failed": 0,
            "suspended": 0,
            "resuming": 0,
        },
        "by_owner": [{"owner_username": "ada", "count": 1}],
        "limits": {"per_analyst": 1, "cluster_total": 50, "cluster_used": 1, "cluster_available": 49},
    }
    for body in ({}, {"per_analyst": 0}, {"per_analyst": 60}, {"cluster_total": 1001}):
        assert code(ops.put("/api/config/concurrency", json=body)) == (400, "VALIDATION_FAILED")
    assert ops.get("/api/config/concurrency").json()["data"]["per_analyst"] == 1


def test_the_export_limit_can_be_changed(ops):
    assert ops.get("/api/config/export").json()["data"] == {
        "max_duration_seconds": 3600,
        "updated_at": None,
        "updated_by": None,
    }
    assert ops.put("/api/config/export", json={"max_duration_seconds": 60}).json()["data"]["updated_by"] == "olga"
    assert code(ops.put("/api/config/export", json={"max_duration_seconds": 59})) == (400, "VALIDATION_FAILED")


def test_export_jobs_in_both_profiles(ops, ada, as_user, payments):
    mapping = ada.post("/api/mappings", json=payments).json()["data"]["id"]
    snapshot = ada.post("/api/snapshots", json={"mapping_id": mapping, "name": "s"}).json()["data"]["id"]
    jobs = ops.get("/api/ops/export-jobs").json()["data"]
    assert [(job["entity_type"], job["entity_name"], job["status"]) for job in jobs] == [
        ("edge", "PAID", "pending"),
        ("node", "Account", "pending"),
    ]
    assert jobs[0]["snapshot_id"] == snapshot
    older = ops.get("/api/ops/export-jobs", headers={"User-Agent": "graph-olap-sdk/0.1.0"}).json()["data"]
    assert older == {"jobs": jobs}
    assert ops.get("/api/ops/export-jobs", params={"status": "failed"}).json()["data"] == []
    assert code(ops.get("/api/ops/export-jobs", params={"status": "lost"})) == (400, "VALIDATION_FAILED")
    assert code(ops.get("/api/ops/export-jobs", params={"limit": 1001})) == (400, "VALIDATION_FAILED")
    assert ada.get("/api/export-jobs").json()["data"] == {"jobs": jobs}
    assert as_user("bob").get("/api/export-jobs").json()["data"] == {"jobs": []}
    state = ops.get("/api/ops/state").json()["data"]
    assert state["export_jobs"]["by_status"]["pending"] == 2
    assert state["snapshots"] == {
        "total": 1,
        "by_status": {"pending": 1, "creating": 0, "ready": 0, "failed": 0, "cancelled": 0},
    }
    assert state["instances"]["without_pod_name"] == 0


def test_cluster_health_probes_for_real(ops, context, monkeypatch):
    health = ops.get("/api/cluster/health").json()["data"]
    assert health["status"] == "healthy"
    assert health["components"]["starburst"]["status"] == "connected"
    assert health["components"]["kubernetes"] == {"status": "not_configured", "latency_ms": None, "error": None}
    assert isinstance(health["components"]["database"]["latency_ms"], int)

    def gone() -> None:
        raise WarehouseError("The warehouse is asleep.")

    monkeypatch.setattr(context.warehouse, "check", gone)
    health = ops.get("/api/cluster/health").json()["data"]
    assert health["status"] == "degraded"
    assert health["components"]["starburst"]["status"] == "unreachable"
    assert health["components"]["starburst"]["error"] == "The warehouse is asleep."


def test_explicit_snapshots_can_be_switched_off(make_context, client_of, payments):
    client = client_of(make_context(explicit_snapshots=False), **{"X-Username": "ada"})
    mapping = client.post("/api/mappings", json=payments).json()["data"]["id"]
    refused = client.post("/api/snapshots", json={"mapping_id": mapping, "name": "s"})
    assert code(refused) == (403, "FEATURE_DISABLED")
    assert client.post("/api/instances", json={"mapping_id": mapping, "name": "i"}).status_code == 201


def test_bulk_delete_is_careful(admin, ops, ada, as_user, payments):
    def delete(client=admin, **body):
        return client.request("DELETE", "/api/admin/resources/bulk", json={"reason": "clean up", **body})

    names = ("e2e-1", "e2e-2", "E2E-3", "e%e")
    ids = [ada.post("/api/mappings", json={**payments, "name": name}).json()["data"]["id"] for name in names]
    used = ada.post("/api/instances", json={"mapping_id": ids[0], "name": "i"}).json()["data"]["id"]
    asked = {"resource_type": "mapping", "filters": {"name_prefix": "e2e-"}}
    assert code(delete(ada, **asked)) == (403, "INSUFFICIENT_ROLE")
    assert delete(**asked, dry_run=True).json()["data"] == {
        "dry_run": True,
        "matched_count": 2,
        "matched_ids": ids[:2],
        "deleted_count": 0,
        "deleted_ids": [],
        "failed_count": 0,
        "failed_ids": [],
        "errors": {},
    }
    mismatch = delete(**asked, expected_count=3).json()["error"]["details"]
    assert (mismatch["field"], mismatch["matched_count"]) == ("expected_count", 2)
    for body in (
        {"resource_type": "mapping", "filters": {}},
        {"resource_type": "mapping", "filters": {"name_prefix": None}},
        {"resource_type": "mapping", "filters": {"status": "ready"}},
        {"resource_type": "snapshot", "filters": {"status": "lost"}},
        {"resource_type": "user", "filters": {"name_prefix": "e"}},
        {**asked, "reason": " "},
    ):
        assert code(delete(**body)) == (400, "VALIDATION_FAILED"), body
    done = delete(**asked, expected_count=2).json()["data"]
    assert (done["deleted_ids"], done["failed_ids"]) == ([ids[1]], [ids[0]])
    assert f"{ids[0]}" in done["errors"]
    assert delete(resource_type="instance", filters={"created_by": "ada", "status": "waiting_for_snapshot"}).json()[
        "data"
    ]["deleted_ids"] == [used]
    assert delete(resource_type="mapping", filters={"older_than_hours": 1}).json()["data"]["matched_count"] == 0
    entries = ops.get("/api/ops/audit", params={"action": "bulk_deleted"}).json()["data"]
    assert entries[1]["username"] == "adam"
    assert {entry["details"]["reason"] for entry in entries} == {"clean up"}
    assert entries[2]["result"] == "failed"


def test_bulk_delete_refuses_more_than_a_hundred(admin, context, payments, ada):
    for number in range(101):
        assert ada.post("/api/mappings", json={**payments, "name": f"m{number}"}).status_code == 201
    refused = admin.request(
        "DELETE",
        "/api/admin/resources/bulk",
        json={"resource_type": "mapping", "filters": {"created_by": "ada"}, "reason": "all"},
    ).json()["error"]["details"]
    assert (refused["field"], refused["matched_count"]) == ("filters", 101)


NAMES = [
    "background_job_execution_total",
    "background_job_execution_duration_seconds_bucket",
    "background_job_last_success_timestamp_seconds",
    "background_job_health_status",
    "reconciliation_passes_total",
    "reconciliation_pass_duration_seconds_count",
    "orphaned_pods_detected_total",
    "orphaned_pods_cleaned_total",
    "orphaned_pods_cleanup_failures_total",
    "orphaned_pods_detected_current",
    "missing_pods_detected_total",
    "missing_pods_handled_total",
    "status_drift_detected_total",
    "status_drift_fixed_total",
    "instances_without_pod_name",
    "instances_by_status_total",
    "snapshots_by_status_total",
    "export_jobs_by_status_total",
    "graph_olap_database_connections",
    "graph_olap_export_queue_depth",
    "lifecycle_passes_total",
    "lifecycle_pass_duration_seconds_sum",
    "ttl_instances_terminated_total",
    "ttl_snapshots_deleted_total",
    "ttl_mappings_deleted_total",
    "inactive_instances_terminated_total",
    "lifecycle_termination_failures_total",
    "snapshot_gcs_cleanup_failures_total",
    "export_reconciliation_passes_total",
    "export_reconciliation_pass_duration_seconds_count",
    "stale_export_claims_detected_total",
    "stale_export_claims_reset_total",
    "snapshots_ready_to_finalize_total",
    "snapshots_finalized_total",
    "snapshots_finalization_failures_total",
    "schema_cache_refreshes_total",
    "schema_cache_refresh_duration_seconds_count",
    "schema_cache_entries_total",
    "schema_cache_stale_entries_deleted_total",
    "instance_orchestration_passes_total",
    "instance_orchestration_pass_duration_seconds_count",
    "instances_transitioned_to_starting_total",
    "instances_transitioned_to_failed_total",
    "resource_monitor_passes_total",
    "resource_monitor_pass_duration_seconds_count",
    "resource_monitor_proactive_resizes_total",
    "resource_monitor_urgent_resizes_total",
    "resource_monitor_failures_total",
]
