from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import pytest
from graph_olap_server.services.context import Context
from graph_olap_server.store.tables import InstanceRow
from graph_olap_server.store.transitions import change_status

Json = dict[str, Any]


@pytest.fixture
def mapping_id(ada: httpx.Client, payments: Json) -> int:
    number: int = ada.post("/api/mappings", json=payments).json()["data"]["id"]
    return number


@pytest.fixture
def instance(ada: httpx.Client, mapping_id: int) -> Json:
    made = ada.post("/api/instances/from-mapping", json={"mapping_id": mapping_id, "name": "study"})
    assert made.status_code == 201
    data: Json = made.json()["data"]
    return data


def test_create_from_mapping_records_everything(ada: httpx.Client, instance: Json, mapping_id: int):
    assert instance["status"] == "waiting_for_snapshot"
    assert instance["wrapper_type"] == "kuzu"
    assert instance["instance_url"] is None
    assert instance["progress"]["phase"] == "waiting_for_snapshot"
    snapshot = ada.get(f"/api/snapshots/{instance['snapshot_id']}").json()["data"]
    assert (snapshot["status"], snapshot["implicit"], snapshot["name"]) == ("pending", True, "study")
    progress = ada.get(f"/api/snapshots/{snapshot['id']}/progress").json()["data"]
    assert [step["name"] for step in progress["steps"]] == ["Account", "PAID"]
    assert (progress["phase"], progress["total_steps"]) == ("queued", 2)
    steps = ada.get(f"/api/instances/{instance['id']}/progress").json()["data"]["steps"]
    assert [step["name"] for step in steps] == [
        "waiting_for_snapshot", "pod_scheduled", "downloading", "loading_schema", "Account", "PAID", "ready",
    ]  # fmt: skip
    assert ada.get(f"/api/mappings/{mapping_id}/instances").json()["meta"]["total"] == 1
    assert ada.get(f"/api/mappings/{mapping_id}").json()["data"]["instance_count"] == 1
    missing = ada.get(f"/api/snapshots/{snapshot['id']}/load-report")
    assert (missing.status_code, missing.json()["error"]["details"]["resource_type"]) == (404, "load_report")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x"}, "snapshot_id"),
        ({"name": "x", "mapping_id": 1, "snapshot_id": 1}, "snapshot_id"),
        ({"name": "x", "mapping_id": 1, "wrapper_type": "neo4j"}, "wrapper_type"),
        ({"name": "x", "mapping_id": 1, "cpu_cores": 9}, "cpu_cores"),
        ({"name": "x", "mapping_id": 1, "ttl": "P8D"}, "ttl"),
        ({"name": "\t", "mapping_id": 1}, "name"),
    ],
)
def test_wrong_bodies(ada: httpx.Client, body: Json, field: str):
    reply = ada.post("/api/instances", json=body)
    assert (reply.status_code, reply.json()["error"]["details"]["field"]) == (400, field)


def test_aliases_of_engines(ada: httpx.Client, mapping_id: int):
    for alias, engine in (("ryugraph", "kuzu"), ("falkordb", "kuzu"), ("LADYBUG", "ladybug")):
        body = {"name": "x", "mapping_id": mapping_id, "wrapper_type": alias}
        assert ada.post("/api/instances", json=body).json()["data"]["wrapper_type"] == engine


def test_a_snapshot_that_is_not_ready_starts_nothing(ada: httpx.Client, instance: Json):
    reply = ada.post("/api/instances", json={"name": "y", "snapshot_id": instance["snapshot_id"]})
    assert reply.status_code == 409
    assert reply.json()["error"]["details"].items() >= {"current_state": "pending", "required_state": "ready"}.items()
    assert ada.post("/api/instances", json={"name": "y", "snapshot_id": 99}).status_code == 404
    assert ada.post("/api/instances", json={"name": "y", "mapping_id": 99}).status_code == 404


def test_limits_hold_under_concurrency(as_user: Callable[..., httpx.Client], ada: httpx.Client, mapping_id: int):
    def create(number: int) -> int:
        return clients[number].post("/api/instances", json={"name": f"i{number}", "mapping_id": mapping_id}).status_code

    clients = [as_user("ada") for _ in range(12)]
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(create, range(12)))
    assert statuses == [201] * 5 + [409] * 7
    error = ada.post("/api/instances", json={"name": "x", "mapping_id": mapping_id}).json()["error"]
    assert error["details"] == {"limit_type": "per_analyst", "current_count": 5, "max_allowed": 5}


def test_terminated_means_gone(ada: httpx.Client, instance: Json):
    path = f"/api/instances/{instance['id']}"
    assert ada.get("/api/instances").json()["meta"]["total"] == 1
    assert ada.post(f"{path}/terminate").status_code == 204
    assert ada.get(path).status_code == 404
    assert ada.delete(path).status_code == 404
    assert ada.get("/api/instances").json()["meta"]["total"] == 0


def test_owner_rules(as_user: Callable[..., httpx.Client], instance: Json):
    path, bob = f"/api/instances/{instance['id']}", as_user("bob")
    for call in (
        bob.put(path, json={"name": "x"}),
        bob.put(f"{path}/sharing", json={"users": ["bob"]}),
        bob.post(f"{path}/extend"),
        bob.put(f"{path}/lifecycle", json={"ttl": "P1D"}),
        bob.post(f"{path}/terminate"),
        bob.delete(path),
    ):
        assert (call.status_code, call.json()["error"]["code"]) == (403, "PERMISSION_DENIED")
    assert bob.get(path).status_code == 200
    assert as_user("root", "admin").post(f"{path}/terminate").status_code == 204


def test_extending_adds_up_and_ends_after_a_week(ada: httpx.Client, instance: Json):
    path = f"/api/instances/{instance['id']}"
    before = datetime.fromisoformat(instance["expires_at"])
    assert ada.post(f"{path}/extend").status_code == 200
    after = ada.post(f"{path}/extend", json={"hours": 48}).json()["data"]["expires_at"]
    assert (datetime.fromisoformat(after) - before).total_seconds() == 72 * 3600
    refused = ada.post(f"{path}/extend", json={"hours": 168}).json()["error"]["details"]
    assert refused["field"] == "hours"
    assert refused["max_expires_at"].endswith("Z")


def test_rename_and_empty_body(ada: httpx.Client, instance: Json):
    path = f"/api/instances/{instance['id']}"
    assert ada.put(path, json={"name": "new"}).json()["data"]["name"] == "new"
    assert ada.put(path).json()["data"]["name"] == "new"


def test_unknown_status_is_refused(ada: httpx.Client):
    reply = ada.get("/api/instances", params={"status": "sleeping"})
    assert (reply.status_code, reply.json()["error"]["details"]["field"]) == (400, "status")
    assert ada.get("/api/snapshots", params={"status": "ready", "mapping_id": 3}).json()["data"] == []


class TestAuthorize:
    """What instances ask before they let somebody in."""

    @staticmethod
    def ask(client: httpx.Client, instance_id: int, headers: dict[str, str]):
        return client.post(f"/api/internal/instances/{instance_id}/authorize", json={"headers": headers})

    @pytest.fixture
    def service(self, as_user: Callable[..., httpx.Client]) -> httpx.Client:
        return as_user(None, **{"X-Internal-Api-Key": "internal-secret"})

    def test_owner_sharing_and_strangers(self, ada: httpx.Client, service: httpx.Client, instance: Json):
        def rights(username: str, role: str = "analyst") -> tuple[bool, bool]:
            headers = {"x-username": username, "x-user-role": role}
            data = self.ask(service, instance["id"], headers).json()["data"]
            assert data["username"] == username
            return data["can_read"], data["can_run"]

        assert rights("ada") == (True, True)
        assert rights("bob") == (False, False)
        assert rights("root", "ops") == (True, True)
        shared = ada.put(f"/api/instances/{instance['id']}/sharing", json={"users": ["bob"], "everyone": False})
        assert shared.status_code == 200
        assert rights("bob") == (True, False)
        assert rights("eve") == (False, False)
        ada.put(f"/api/instances/{instance['id']}/sharing", json={"everyone": True})
        assert rights("eve") == (True, False)

    def test_nobody_without_identity(self, service: httpx.Client, instance: Json):
        assert self.ask(service, instance["id"], {}).json()["error"]["code"] == "UNAUTHORIZED"
        wrong = self.ask(service, instance["id"], {"Authorization": "Bearer nonsense"})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "UNAUTHORIZED")
        assert self.ask(service, 99, {"x-username": "ada"}).status_code == 404

    def test_open_instances_take_readers_without_identity(self, make_context, client_of, payments: Json):
        context = make_context(instance_visibility="open")
        user = client_of(context, **{"X-Username": "ada"})
        mapping_id = user.post("/api/mappings", json=payments).json()["data"]["id"]
        number = user.post("/api/instances", json={"name": "x", "mapping_id": mapping_id}).json()["data"]["id"]
        service = client_of(context, **{"X-Internal-Api-Key": "internal-secret"})
        data = self.ask(service, number, {}).json()["data"]
        assert data == {"username": None, "role": "analyst", "can_read": True, "can_run": False}

    @pytest.mark.parametrize("key", [None, "wrong", "internal-secret2"])
    def test_only_services_may_ask(self, as_user: Callable[..., httpx.Client], instance: Json, key: str | None):
        client = as_user("ada", "ops", **({} if key is None else {"X-Internal-Api-Key": key}))
        assert self.ask(client, instance["id"], {"x-username": "ada"}).status_code == 401
        assert client.post(f"/api/internal/instances/{instance['id']}/activity").status_code == 401

    def test_activity_is_noted(self, ada: httpx.Client, service: httpx.Client, instance: Json):
        assert service.post(f"/api/internal/instances/{instance['id']}/activity").status_code == 204
        assert ada.get(f"/api/instances/{instance['id']}").json()["data"]["last_activity_at"] is not None


def test_the_url_is_shown_only_while_running(context: Context, ada: httpx.Client, instance: Json):
    now = context.clock()
    with context.database.write() as session:
        row = session.get_one(InstanceRow, instance["id"])
        change_status(session, row, "starting", now=now, starting_at=now)
        change_status(session, row, "running", now=now, instance_url="http://127.0.0.1:1", started_at=now)
    shown = ada.get(f"/api/instances/{instance['id']}").json()["data"]
    assert (shown["status"], shown["instance_url"], shown["progress"]) == ("running", "http://127.0.0.1:1", None)
    assert ada.get("/api/instances", params={"status": "running"}).json()["meta"]["total"] == 1
