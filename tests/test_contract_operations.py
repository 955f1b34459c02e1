"""What users, admins and ops do through the real SDK against a real server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from graph_olap import GraphOLAPClient, GraphOLAPWarning
from graph_olap.exceptions import (
    AuthenticationError,
    ConflictError,
    ForbiddenError,
    InvalidStateError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServiceUnavailableError,
    ValidationError,
)
from platform_process import KNOWS, PERSON, Serve

Client = Callable[..., GraphOLAPClient]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("operations")
    warehouse: Path = folder / "people.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("CREATE TABLE people AS SELECT i AS id, 'p' || i AS name FROM range(3) t(i)")
        connection.execute("CREATE TABLE knows AS SELECT 0 AS a, 1 AS b, 1999 AS since")
    serve = Serve(folder / "data", "--port", "0", "--warehouse", f"duckdb:///{warehouse}")
    yield serve.wait_ready()
    serve.stop()


@pytest.fixture(scope="module")
def root(url: str) -> Iterator[GraphOLAPClient]:
    """The first user, made by bootstrap, before anybody else came."""
    with GraphOLAPClient(url, username="olga") as client:
        user = client.users.bootstrap("olga", email="Olga@Example.com", display_name="Olga")
        assert (user["role"], user["email"], user["is_active"]) == ("ops", "olga@example.com", True)
        yield client


@pytest.fixture(scope="module")
def client(url: str, root: GraphOLAPClient) -> Iterator[Client]:
    opened: list[GraphOLAPClient] = []

    def connect(username: str) -> GraphOLAPClient:
        opened.append(GraphOLAPClient(url, username=username))
        return opened[-1]

    yield connect
    for connected in opened:
        connected.close()


@pytest.fixture(scope="module")
def mapping(client: Client) -> Any:
    return client("ada").mappings.create("People", node_definitions=[PERSON], edge_definitions=[KNOWS])


def until(check: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)
    return found


def test_users(root: GraphOLAPClient, client: Client):
    with pytest.raises(ConflictError):
        root.users.bootstrap("mallory", email="m@example.com", display_name="Mallory")
    adam = root.users.create("adam", email="adam@example.com", display_name="Adam", role="admin")
    assert adam["role"] == "admin"
    assert adam["role_changed_at"] is None
    admin = client("adam")
    admin.users.create("bea", email="bea@example.com", display_name="Bea")
    for taken in ({"username": "bea", "email": "b2@example.com"}, {"username": "b2", "email": "BEA@example.com"}):
        with pytest.raises(ConflictError):
            admin.users.create(display_name="Bea", **taken)
    with pytest.raises(ValidationError) as wrong:
        admin.users.create("zoe", email="nowhere", display_name="Zoe", role="king")
    assert {problem["field"] for problem in wrong.value.details["errors"]} == {"email", "role"}
    assert [user["username"] for user in admin.users.list(limit=2)] == ["bea", "adam"]

    assert admin.users.update("bea", display_name="Beatrix")["display_name"] == "Beatrix"
    changed = admin.users.assign_role("bea", "admin")
    assert (changed["role"], changed["role_changed_by"]) == ("admin", "adam")
    # The stored role counts in every later request.
    assert client("bea").users.list() != []
    for forbidden in (
        lambda: admin.users.assign_role("bea", "ops"),
        lambda: admin.users.create("opal", email="o@example.com", display_name="Opal", role="ops"),
        lambda: admin.users.deactivate("olga"),
        lambda: client("ada").users.list(),
    ):
        with pytest.raises(ForbiddenError):
            forbidden()
    for own in (lambda: admin.users.deactivate("adam"), lambda: admin.users.assign_role("adam", "analyst")):
        with pytest.raises(PermissionDeniedError):
            own()
    seen = client("ada").users.get("bea")
    assert (seen["display_name"], seen["role"], seen["email"], seen["created_at"]) == ("Beatrix", "admin", None, None)
    with pytest.raises(NotFoundError):
        admin.users.get("nobody")

    assert admin.users.deactivate("bea")["is_active"] is False
    with pytest.raises(ForbiddenError):
        client("bea").mappings.list()
    assert [user["username"] for user in admin.users.list(is_active=False)] == ["bea"]
    assert admin.users.update("bea", is_active=True)["is_active"] is True


def test_favorites(client: Client, mapping: Any):
    ada, bob = client("ada"), client("bob")
    copy = ada.mappings.copy(mapping.id, "Copy")
    added = bob.favorites.add("mapping", copy.id)
    assert (added.resource_name, added.resource_owner, added.resource_exists) == ("Copy", "ada", True)
    bob.favorites.add("mapping", mapping.id)
    assert [item.resource_id for item in bob.favorites.list()] == [mapping.id, copy.id]
    assert bob.favorites.list("snapshot") == []
    assert ada.favorites.list() == []
    with pytest.raises(ConflictError):
        bob.favorites.add("mapping", copy.id)
    with pytest.raises(NotFoundError):
        bob.favorites.add("instance", 999)
    with pytest.raises(ValidationError):
        bob.favorites.list("user")
    bob.favorites.remove("mapping", mapping.id)
    with pytest.raises(NotFoundError):
        bob.favorites.remove("mapping", mapping.id)
    ada.mappings.delete(copy.id)
    assert bob.favorites.list() == []


def test_jobs_run_when_triggered_once_a_minute(root: GraphOLAPClient, client: Client):
    def job(name: str) -> dict[str, Any]:
        return next(job for job in root.ops.get_job_status()["jobs"] if job["name"] == name)

    names = [job["name"] for job in root.ops.get_job_status()["jobs"]]
    assert names == sorted(names)
    assert set(names) == {
        "reconciliation",
        "lifecycle",
        "export_reconciliation",
        "schema_cache",
        "instance_orchestration",
        "resource_monitor",
    }
    before = job("reconciliation")
    assert (before["schedule"], before["interval_seconds"]) == ("every 300s", 300)
    done = root.ops.trigger_job("reconciliation", reason="smoke test")
    assert (done["status"], done["triggered_by"], done["reason"]) == ("queued", "olga", "smoke test")
    after = until(lambda: (found := job("reconciliation"))["last_success_at"] and found)
    assert (after["health_status"], after["consecutive_failures"], after["last_error"]) == ("healthy", 0, None)
    with pytest.raises(RateLimitError) as again:
        root.ops.trigger_job("reconciliation")
    assert 50 < again.value.details["retry_after_seconds"] <= 60
    assert again.value.details["resource"] == "reconciliation"
    with pytest.raises(ValidationError):
        root.ops.trigger_job("cleaning")
    with pytest.raises(ValidationError):
        root.ops.trigger_job("lifecycle", reason="  ")
    with pytest.raises(ForbiddenError):
        client("ada").ops.trigger_job("lifecycle")
    assert 'background_job_execution_total{job_name="reconciliation",status="success"} 1.0' in root.ops.get_metrics()


def test_an_instance_gets_other_resources(root: GraphOLAPClient, client: Client, mapping: Any):
    ada = client("ada")
    instance = ada.instances.create_from_mapping_and_wait(mapping.id, name="Study", timeout=60)
    resized = ada.instances.update_cpu(instance.id, 1)
    assert (resized.cpu_cores, ada.instances.get(instance.id).cpu_cores) == (1, 1)
    with pytest.raises(ValidationError):
        ada.instances.update_cpu(instance.id, 9)
    with pytest.raises(PermissionDeniedError):
        client("bob").instances.update_cpu(instance.id, 2)
    with pytest.warns(GraphOLAPWarning, match="keeps the buffer"):
        assert ada.instances.update_memory(instance.id, 3).memory_gb == 3
    with pytest.raises(InvalidStateError):
        ada.instances.update_memory(instance.id, 2)
    with ada.instances.connect(instance.id) as graph:
        assert graph.query_scalar("MATCH (p:Person) RETURN count(p)") == 3
    ada.instances.terminate(instance.id)
    with pytest.raises(NotFoundError):
        ada.instances.update_cpu(instance.id, 2)
    assert root.ops.get_state()["instances"]["by_status"]["running"] == 0


def test_ops_see_and_set_everything(url: str, root: GraphOLAPClient, client: Client, mapping: Any):
    health = root.ops.get_cluster_health()
    assert health.status == "healthy"
    assert {name: part.status for name, part in health.components.items()} == dict.fromkeys(
        ("database", "kubernetes", "starburst", "storage"), "connected"
    )
    assert root.ops.get_cluster_instances().limits.per_analyst == 5
    assert root.ops.update_lifecycle_config(instance={"default_inactivity": "PT2H"}) is True
    assert root.ops.get_lifecycle_config().instance.default_inactivity == "PT2H"
    assert root.ops.get_lifecycle_config().instance.default_ttl == "PT24H"
    assert root.ops.update_concurrency_config(cluster_total=40).cluster_total == 40
    assert root.ops.update_export_config(120).max_duration_seconds == 120
    assert root.ops.get_export_config().updated_by == "olga"
    root.ops.set_maintenance_mode(True, "Back at noon.")
    try:
        with (
            GraphOLAPClient(url, username="ada", max_retries=0) as ada,
            pytest.raises(ServiceUnavailableError, match=r"Back at noon\."),
        ):
            ada.instances.create_from_mapping(mapping.id, name="No")
    finally:
        assert root.ops.set_maintenance_mode(False).enabled is False
    assert all(job["status"] == "completed" for job in root.ops.get_export_jobs())
    for forbidden in (
        client("ada").ops.get_state,
        client("ada").ops.get_metrics,
        client("ada").ops.get_cluster_health,
        client("ada").ops.get_export_config,
    ):
        with pytest.raises(ForbiddenError):
            forbidden()
    with GraphOLAPClient(url) as nobody, pytest.raises(AuthenticationError):
        nobody.ops.get_state()


def test_the_audit_log_says_who_did_what(root: GraphOLAPClient, client: Client, mapping: Any):
    with pytest.raises(PermissionDeniedError):
        client("bob").mappings.delete(mapping.id)
    (denied,) = root.ops.get_audit_log(resource_type="mapping", resource_id=mapping.id, result="denied")
    assert (denied.username, denied.action, denied.source) == ("bob", "delete_mapping", "127.0.0.1")
    assert denied.details["code"] == "PERMISSION_DENIED"
    (trigger,) = root.ops.get_audit_log(resource_type="job", result="success")
    assert (trigger.username, trigger.resource_name, trigger.details) == (
        "olga",
        "reconciliation",
        {"reason": "smoke test"},
    )
    assert "system" in {entry.username for entry in root.ops.get_audit_log(resource_type="instance", limit=100)}
    with pytest.raises(ForbiddenError):
        client("ada").ops.get_audit_log()


def test_bulk_delete(root: GraphOLAPClient, client: Client, mapping: Any):
    ids = [client("ada").mappings.copy(mapping.id, f"bulk-{number}").id for number in range(3)]
    filters = {"name_prefix": "bulk-", "created_by": "ada"}
    found = root.admin.bulk_delete("mapping", filters, reason="clean up", dry_run=True)
    assert (found["matched_ids"], found["deleted_count"]) == (ids, 0)
    done = root.admin.bulk_delete("mapping", filters, reason="clean up", expected_count=found["matched_count"])
    assert (done["deleted_ids"], done["failed_count"]) == (ids, 0)
    with pytest.raises(ValidationError):
        root.admin.bulk_delete("mapping", filters, reason="clean up", expected_count=1)
    with pytest.raises(ForbiddenError):
        client("ada").admin.bulk_delete("mapping", filters, reason="clean up")
