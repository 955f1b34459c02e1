"""The HTTP contract as a stranger's client meets it: plain requests to a real server, every model in every state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from contract_shapes import MODELS, assert_shape
from platform_process import Serve

NODE = {
    "label": "Person",
    "sql": "SELECT id, name FROM people",
    "primary_key": {"name": "id", "type": "INT64"},
    "properties": [{"name": "name", "type": "STRING"}],
}
EDGE = {
    "type": "KNOWS",
    "from_node": "Person",
    "to_node": "Person",
    "sql": "SELECT a, b, since FROM knows",
    "from_key": "a",
    "to_key": "b",
    "properties": [{"name": "since", "type": "INT64"}],
}
PEOPLE = {"name": "People", "node_definitions": [NODE], "edge_definitions": [EDGE]}
NULL_KEYS = {"name": "Broken", "node_definitions": [{**NODE, "sql": "SELECT NULL::BIGINT AS id, 'x' AS name"}]}
JOBS = [
    "export_reconciliation",
    "instance_orchestration",
    "lifecycle",
    "reconciliation",
    "resource_monitor",
    "schema_cache",
]
INSTANCE_STATUSES = {"waiting_for_snapshot", "starting", "running", "stopping", "failed", "suspended", "resuming"}
Json = dict[str, Any]


class Api:
    """A client that checks the envelope of each answer and notes which models it has seen."""

    def __init__(self, url: str, username: str, role: str = "analyst") -> None:
        self.http = httpx.Client(
            base_url=url, headers={"X-Username": username, "X-User-Role": role}, trust_env=False, timeout=30
        )

    def send(self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str) -> httpx.Response:
        content = {} if body is None else {"json": body}
        reply = self.http.request(method, path, headers=headers, **content)
        assert reply.status_code == status, f"{method} {path}: {reply.status_code} {reply.text}"
        if status == 204:
            assert reply.content == b""
            return reply
        assert reply.headers["content-type"] == "application/json"
        return reply

    def one(self, method: str, path: str, model: str, body: Any = None, *, status: int = 200) -> Json:
        reply = self.send(method, path, body, status=status)
        assert reply.json()["meta"]["request_id"] == reply.headers["x-request-id"]
        data: Json = reply.json()["data"]
        saw(model, data, f"{method} {path}")
        return data

    def many(self, path: str, model: str, *, paged: bool = True) -> list[Json]:
        reply = self.send("GET", path).json()
        if paged:
            assert reply["meta"].keys() == {"request_id", "total", "offset", "limit"}
        for item in reply["data"]:
            saw(model, item, path)
        data: list[Json] = reply["data"]
        return data


SEEN: set[str] = set()


def saw(model: str, value: Any, where: str = "") -> None:
    assert_shape(model, value, where)
    SEEN.add(model)


def until(check: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("contract")
    warehouse: Path = folder / "people.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("CREATE TABLE people AS SELECT i AS id, 'p' || i AS name FROM range(3) t(i)")
        connection.execute("CREATE TABLE knows AS SELECT i % 3 AS a, i AS b, 1999 AS since FROM range(5) t(i)")
    serve = Serve(folder / "data", "--port", "0", "--warehouse", f"duckdb:///{warehouse}")
    yield serve.wait_ready()
    serve.stop()


@pytest.fixture(scope="module")
def api(url: str) -> Iterator[Callable[..., Api]]:
    opened: list[Api] = []

    def connect(username: str = "ada", role: str = "analyst") -> Api:
        opened.append(Api(url, username, role))
        return opened[-1]

    yield connect
    for connected in opened:
        connected.http.close()


@pytest.fixture(scope="module")
def ada(api: Callable[..., Api]) -> Api:
    return api()


@pytest.fixture(scope="module")
def ops(api: Callable[..., Api]) -> Api:
    return api("olga", "ops")


@pytest.fixture(scope="module")
def mapping(ada: Api) -> Json:
    """A mapping of two versions; the first has no edges."""
    made = ada.one("POST", "/api/mappings", "Mapping", {**PEOPLE, "edge_definitions": []}, status=201)
    return ada.one(
        "PUT",
        f"/api/mappings/{made['id']}",
        "Mapping",
        {"change_description": "edges", "edge_definitions": [EDGE]},
    )


@pytest.fixture(scope="module")
def snapshot(ada: Api, mapping: Json) -> Json:
    made = ada.one("POST", "/api/snapshots", "Snapshot", {"mapping_id": mapping["id"], "name": "march"}, status=201)
    assert (made["status"], made["implicit"], made["gcs_path"] is None) == ("pending", False, False)
    path = f"/api/snapshots/{made['id']}"

    def settled() -> Json | None:
        progress = ada.one("GET", f"{path}/progress", "SnapshotProgress")
        for step in progress["steps"]:
            saw("SnapshotStep", step)
        for job in progress["jobs"]:
            saw("SnapshotJob", job)
        found = ada.one("GET", path, "Snapshot")
        if found["progress"] is not None:
            saw("SnapshotProgressInside", found["progress"])
        return found if found["status"] in ("ready", "failed") else None

    ready: Json = until(settled)
    assert (ready["status"], ready["node_counts"], ready["edge_counts"]) == ("ready", {"Person": 3}, {"KNOWS": 3})
    return ready


@pytest.fixture(scope="module")
def instance(ada: Api, mapping: Json) -> Json:
    body = {"mapping_id": mapping["id"], "name": "study", "wrapper_type": "ryugraph"}
    made = ada.one("POST", "/api/instances/from-mapping", "Instance", body, status=201)
    assert (made["status"], made["instance_url"], made["pod_name"]) == ("waiting_for_snapshot", None, None)
    assert isinstance(made["snapshot_id"], int)
    path, percents, names = f"/api/instances/{made['id']}", [0], set()

    def settled() -> Json | None:
        progress = ada.one("GET", f"{path}/progress", "InstanceProgress")
        for step in progress["steps"]:
            saw("InstanceStep", step)
        percents.append(progress["progress_percent"])
        names.add(tuple(step["name"] for step in progress["steps"]))
        found = ada.one("GET", path, "Instance")
        if found["progress"] is not None:
            saw("InstanceProgress", found["progress"])
        return found if found["status"] in ("running", "failed") else None

    running: Json = until(settled, 60)
    assert running["status"] == "running", running
    assert percents == sorted(percents)
    assert names == {
        ("waiting_for_snapshot", "pod_scheduled", "downloading", "loading_schema", "Person", "KNOWS", "ready")
    }
    return running


def test_mappings(ada: Api, mapping: Json):
    path = f"/api/mappings/{mapping['id']}"
    saw("MappingVersion", mapping["version"])
    saw("NodeDefinition", mapping["node_definitions"][0])
    saw("EdgeDefinition", mapping["edge_definitions"][0])
    for prop in (mapping["node_definitions"][0]["primary_key"], mapping["edge_definitions"][0]["properties"][0]):
        saw("Property", prop)
    assert ada.one("GET", path, "Mapping") == mapping
    assert [found["id"] for found in ada.many("/api/mappings", "MappingSummary")] == [mapping["id"]]
    assert [found["version"] for found in ada.many(f"{path}/versions", "MappingVersion")] == [2, 1]
    assert ada.one("GET", f"{path}/versions/1", "MappingVersion")["change_description"] is None
    diff = ada.one("GET", f"{path}/versions/1/diff/2", "MappingDiff")
    saw("DiffSummary", diff["summary"])
    assert diff["changes"] == {
        "nodes": [],
        "edges": [{"type": "KNOWS", "change_type": "added", "fields_changed": None, "from": None, "to": EDGE}],
    }
    copied = ada.one("POST", f"{path}/copy", "Mapping", {"name": "Copy"}, status=201)
    assert ada.one("PUT", f"/api/mappings/{copied['id']}/lifecycle", "Mapping", {"ttl": "P1DT12H"})["expires_at"]
    ada.send("DELETE", f"/api/mappings/{copied['id']}", status=204)


def test_snapshots(ada: Api, mapping: Json, snapshot: Json):
    path = f"/api/snapshots/{snapshot['id']}"
    report = ada.one("GET", f"{path}/load-report", "LoadReport")
    for part in report["definitions"]:
        saw("LoadReportPart", part)
    (rejected,) = report["definitions"][1]["rejected"]
    saw("RejectedRows", rejected)
    assert (rejected["reason"], rejected["rows"], rejected["sample_keys"]) == ("dangling_to", 2, [3, 4])
    assert ada.one("PUT", path, "Snapshot", {"description": "d"})["description"] == "d"
    assert ada.one("PUT", f"{path}/lifecycle", "Snapshot", {"ttl": "P2D"})["ttl"] == "P2D"
    for place in ("/api/snapshots", f"/api/mappings/{mapping['id']}/snapshots"):
        assert snapshot["id"] in [found["id"] for found in ada.many(place, "Snapshot")]
    tree = ada.one("GET", f"/api/mappings/{mapping['id']}/tree", "MappingTree")
    saw("TreeTotals", tree["totals"])
    for version in tree["versions"]:
        saw("TreeVersion", version)
        for found in version["snapshots"]:
            saw("TreeSnapshot", found)


def test_a_snapshot_that_failed(ada: Api):
    broken = ada.one("POST", "/api/mappings", "Mapping", NULL_KEYS, status=201)
    body = {"mapping_id": broken["id"], "name": "broken"}
    waiting = ada.one("POST", "/api/instances", "Instance", body, status=201)
    path = f"/api/instances/{waiting['id']}"

    def failed() -> Json | None:
        found = ada.one("GET", path, "Instance")
        return found if found["status"] == "failed" else None

    ended = until(failed)
    snapshot = ada.one("GET", f"/api/snapshots/{ended['snapshot_id']}", "Snapshot")
    assert (ended["error_code"], ended["stack_trace"]) == ("SNAPSHOT_FAILED", None)
    assert snapshot["error_message"] in ended["error_message"]
    assert "null key in id" in snapshot["error_message"]
    again = ada.one("POST", f"/api/snapshots/{snapshot['id']}/retry", "Snapshot")
    assert (again["status"], again["error_message"], again["node_counts"]) == ("pending", None, None)
    until(lambda: ada.one("GET", f"/api/snapshots/{snapshot['id']}", "Snapshot")["status"] == "failed")
    # Neither the implicit snapshot nor the failed instance holds the mapping.
    ada.send("DELETE", f"/api/mappings/{broken['id']}", status=204)
    ada.send("GET", path, status=404)


def test_instances(ada: Api, api: Callable[..., Api], mapping: Json, instance: Json):
    path = f"/api/instances/{instance['id']}"
    assert instance["instance_url"].startswith("http")
    assert not instance["instance_url"].endswith("/")
    assert ada.one("PUT", path, "Instance")["name"] == "study", "an empty body changes nothing"
    assert ada.one("PUT", f"{path}/cpu", "Instance", {"cpu_cores": 1})["cpu_cores"] == 1
    assert ada.one("PUT", f"{path}/sharing", "Instance", {"users": ["bob"], "everyone": False})["id"] == instance["id"]
    assert ada.one("PUT", f"{path}/lifecycle", "Instance", {"ttl": "PT5H"})["ttl"] == "PT5H"
    assert ada.one("POST", f"{path}/extend", "Instance", {"hours": 2})["expires_at"] > instance["created_at"]
    (event,) = ada.many(f"{path}/events", "InstanceEvent")
    assert event["event_type"] == "cpu_updated"
    assert ada.one("GET", "/api/instances/user/status", "InstanceSlots")["active_instances"] == 1
    for place in ("/api/instances", f"/api/mappings/{mapping['id']}/instances"):
        assert [found["id"] for found in ada.many(place, "Instance")] == [instance["id"]]
    tree = ada.one("GET", f"/api/mappings/{mapping['id']}/tree", "MappingTree")
    (leaf,) = [leaf for version in tree["versions"] for one in version["snapshots"] for leaf in one["instances"]]
    saw("TreeInstance", leaf)
    for kind, number in (("mapping", mapping["id"]), ("instance", instance["id"])):
        body = {"resource_type": kind, "resource_id": number}
        ada.one("POST", "/api/favorites", "Favorite", body, status=201)
    kinds = [found["resource_type"] for found in ada.many("/api/favorites", "Favorite", paged=False)]
    assert kinds == ["instance", "mapping"]
    for kind, number in (("mapping", mapping["id"]), ("instance", instance["id"])):
        assert ada.send("DELETE", f"/api/favorites/{kind}/{number}").json()["data"] == {"deleted": True}


def test_schema(ada: Api, ops: Api):
    names = {"Catalog": "catalog_name", "CatalogSchema": "schema_name", "CatalogTable": "table_name"}
    path = "/api/schema/catalogs"
    for (model, name), below in zip(names.items(), ("schemas", "tables", "columns"), strict=True):
        found = ada.many(path, model, paged=False)
        path += f"/{found[-1][name].upper()}/{below}"
    columns = ada.many(path, "CatalogColumn", paged=False)
    assert [(column["column_name"], column["ordinal_position"]) for column in columns] == [("id", 1), ("name", 2)]
    assert len(ada.many("/api/schema/search/tables?q=PEO", "CatalogTable", paged=False)) == 1
    assert len(ada.many("/api/schema/search/columns?q=na&limit=1000", "CatalogColumn", paged=False)) == 1
    assert ops.send("POST", "/api/schema/admin/refresh").json()["data"] == {"status": "refresh triggered"}
    assert ops.one("GET", "/api/schema/stats", "CacheStats")["total_tables"] == 2


def test_configuration(ops: Api):
    lifecycle = ops.one("GET", "/api/config/lifecycle", "LifecycleConfig")
    for rule in lifecycle.values():
        saw("LifecycleRule", rule)
    updated = ops.one("PUT", "/api/config/lifecycle", "LifecycleUpdate", {"mapping": {"default_ttl": None}})
    assert (updated["updated"], updated["lifecycle"]) == (True, lifecycle)
    for path, model, body in (
        ("concurrency", "ConcurrencyConfig", {"per_analyst": 5}),
        ("maintenance", "MaintenanceMode", {"enabled": False}),
        ("export", "ExportConfig", {"max_duration_seconds": 3600}),
    ):
        before = ops.one("GET", f"/api/config/{path}", model)
        after = ops.one("PUT", f"/api/config/{path}", model, body)
        assert (before["updated_by"], after["updated_by"]) == (None, "olga")
        assert {key: before[key] for key in body} == body


def test_cluster_and_operations(ops: Api, instance: Json, snapshot: Json):
    health = ops.one("GET", "/api/cluster/health", "ClusterHealth")
    assert health["status"] == "healthy"
    assert health["components"].keys() >= {"database", "kubernetes", "starburst", "storage"}
    for component in health["components"].values():
        saw("Component", component)
    cluster = ops.one("GET", "/api/cluster/instances", "ClusterInstances")
    saw("ClusterLimits", cluster["limits"])
    saw("OwnerCount", cluster["by_owner"][0])
    assert cluster["by_status"].keys() == INSTANCE_STATUSES
    jobs = ops.send("GET", "/api/ops/jobs/status").json()["data"]["jobs"]
    assert [job["name"] for job in jobs] == JOBS
    for job in jobs:
        saw("JobStatus", job)
    trigger = {"job_name": "schema_cache", "reason": "new tables"}
    assert ops.one("POST", "/api/ops/jobs/trigger", "JobTrigger", trigger)["status"] == "queued"
    state = ops.one("GET", "/api/ops/state", "SystemState")
    assert state["instances"]["by_status"].keys() == INSTANCE_STATUSES
    assert state["snapshots"]["by_status"].keys() == {"pending", "creating", "ready", "failed", "cancelled"}
    assert state["export_jobs"]["by_status"].keys() == {"pending", "claimed", "submitted", "completed", "failed"}
    exports = ops.many("/api/ops/export-jobs", "ExportJob", paged=False)
    legacy = ops.send("GET", "/api/ops/export-jobs", **{"User-Agent": "graph-olap-sdk/0.1.0"}).json()["data"]
    assert legacy == {"jobs": exports}


def test_users_and_bulk_delete(ops: Api, ada: Api):
    body = {"username": "ulf", "email": "ulf@example.com", "display_name": "Ulf"}
    saw("User", ops.send("POST", "/api/users", body, status=201).json())
    for user in ops.many("/api/users", "User"):
        saw("User", ops.send("GET", f"/api/users/{user['username']}").json())
    ended = ops.send("DELETE", "/api/users/ulf").json()
    saw("User", ended)
    assert ended["is_active"] is False
    ada.one("POST", "/api/mappings", "Mapping", {**PEOPLE, "name": "bulk%"}, status=201)
    bulk = {"resource_type": "mapping", "filters": {"name_prefix": "bulk%"}, "reason": "tidy", "expected_count": 1}
    for dry_run in (True, False):
        body = {**bulk, "dry_run": dry_run}
        result = ops.one("DELETE", "/api/admin/resources/bulk", "BulkDeleteResult", body)
        assert (result["matched_count"], result["deleted_count"]) == (1, 0 if dry_run else 1)


def test_probes(ada: Api):
    for path, status, database in (("/health", "healthy", "unknown"), ("/ready", "ready", "connected")):
        found = ada.send("GET", path).json()
        saw("Health", found)
        assert (found["status"], found["database"]) == (status, database)


def test_every_model_was_seen(request: pytest.FixtureRequest):
    here = {item.name for item in request.session.items if item.path == request.path}
    if here != {name for name in globals() if name.startswith("test_")}:
        pytest.skip("only a part of these tests was asked for")
    assert set(MODELS) == SEEN
